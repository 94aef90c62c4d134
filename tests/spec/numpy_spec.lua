-- numpy_spec.lua - NPY and NPZ: what NumPy wrote, what we write, what is refused

local lfs = require "lfs"
local nn = require "nnlua"
local support = require "tests.spec.support"

local raises = support.raises
local recorded = support.fixture("numpy_files")
local path

before_each(function() path = os.tmpname() end)
after_each(function() os.remove(path) end)

local function write(bytes)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(bytes))
  return path
end

local function read(name)
  local file <close> = assert(io.open(name, "rb"))
  return file:read("a")
end

-- An NPY file of version 1 with this dictionary.
local function npy(dictionary, data)
  return "\x93NUMPY\1\0" .. ("<s2"):pack(dictionary .. "\n") .. (data or "")
end

local function dictionary(descr, shape)
  return ("{'descr': %s, 'fortran_order': False, 'shape': %s, }"):format(descr, shape)
end

-- One of each dtype, of odd shapes.
local function tensors()
  return {
    {"b", nn.tensor({true, false, true}, {dtype = "bool"})},
    {"1.weight", nn.tensor({{1.5, -2}, {0.25, 3}}):t()},
    {"größe", nn.tensor({math.mininteger, 7}, {dtype = "int64"})},
    {"scalar", nn.tensor(0.1, {dtype = "float64"})},
    {"bytes", nn.tensor({{0, 255}}, {dtype = "uint8"})},
    {"none", nn.zeros(0, 3)},
  }
end

describe("nn.io.load_npy", function()
  it("reads every file that NumPy wrote", function()
    local count = 0
    for name in lfs.dir(support.path("numpy")) do
      if name:find("%.npy$") then
        count = count + 1
        support.equal(nn.io.load_npy(support.path("numpy/" .. name)), recorded.files[name], name)
      end
    end
    assert.equal(49, count)
  end)

  it("returns nil and a message for a file that cannot be read", function()
    local x, message = nn.io.load_npy("/none/x.npy")
    assert.is_nil(x)
    assert.equal("cannot read '/none/x.npy': No such file or directory", message)
  end)

  it("takes spellings that other writers use", function()
    for _, text in ipairs {
      "{'shape':(2,),'fortran_order':False,'descr':'<i2'}",
      '{"descr": "<i2", "fortran_order": True, "shape": (2L,)}',
      "{'descr': '<i2', 'fortran_order': False, 'shape': (2, ), }",
    } do
      assert.same({1, -2}, nn.io.load_npy(write(npy(text, ("<i2i2"):pack(1, -2)))):totable())
    end
  end)

  it("refuses types that are no numbers, and says which", function()
    for _, descr in ipairs {
      "'<c8'", "'|O'", "'<U3'", "'|S4'", "'<M8[s]'", "'<f16'", "'|V8'", "'i3'", "''",
      "[('a', '<f4'), ('b', '<i8')]",
    } do
      raises({path, "type (descr) is " .. descr:sub(1, 6), "not supported"}, nn.io.load_npy,
             write(npy(dictionary(descr, "(2,)"), ("x"):rep(32))))
    end
  end)

  it("refuses what is no such dictionary, and says where", function()
    for text, expected in pairs {
      ["[1]"] = "byte 1: { expected, found '[1]",
      ["{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}"] = "byte 35: True or False expected",
      ["{'descr': '<f4', 'fortran_order': False, 'shape': 2}"] = "a tuple for 'shape' expected",
      ["{'descr': '<f4', 'fortran_order': False, 'shape': (2)}"] = "a comma expected",
      ["{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}"] = "a size expected",
      ["{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}"] =
        "a size that a file can have expected",
      ["{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}"] = "at most 8",
      ["{'descr': '<f4', 'fortran_order': False}"] = "'shape' before the end expected",
      ["{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}"] = "each once",
      ["{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}"] = "each once",
      ["{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} + 1"] = "nothing behind",
      ["{'descr': 2, 'fortran_order': False, 'shape': (2,)}"] = "a string for 'descr' expected",
      ["__import__('os')"] = "byte 1: { expected",
    } do
      raises({"load_npy", path, "NPY header", expected}, nn.io.load_npy, write(npy(text)))
    end
  end)

  it("refuses data of another size, and more than int64 holds", function()
    local good = npy(dictionary("'<f8'", "(2,)"), ("<dd"):pack(1, 2))
    assert.same({1, 2}, nn.io.load_npy(write(good)):totable())
    raises({"F64 [2] (16 bytes), the file has 15"}, nn.io.load_npy, write(good:sub(1, -2)))
    raises({"F64 [2] (16 bytes), the file has 17"}, nn.io.load_npy, write(good .. "x"))
    raises({"within the NPY header, after 30 bytes"}, nn.io.load_npy, write(good:sub(1, 30)))
    raises({"not an NPY file"}, nn.io.load_npy, write("hello, world"))
    raises({"version is 4.0"}, nn.io.load_npy, write("\x93NUMPY\4\0\1\0"))
    raises({"holds the value 9223372036854775808, more than int64"}, nn.io.load_npy,
           write(npy(dictionary("'<u8'", "(1,)"), ("<I8"):pack(math.mininteger))))
    raises({"BOOL and holds the value 2"}, nn.io.load_npy,
           write(npy(dictionary("'|b1'", "(1,)"), "\2")))
    raises({"(8000000000000 bytes), the file has 1"}, nn.io.load_npy,
           write(npy(dictionary("'<f8'", "(1000000,1000000)"), "x")))
  end)
end)

describe("nn.io.save_npy", function()
  it("writes what NumPy writes, to the byte", function()
    for _, name in ipairs {
      "bool_little", "i8_little", "u1_little", "f4_little", "f8_little", "scalar", "empty",
    } do
      local original = support.path("numpy/" .. name .. ".npy")
      assert.is_true(nn.io.save_npy(path, nn.io.load_npy(original)))
      assert.is_true(read(original) == read(path), name)
    end
  end)

  it("compresses a file whose name ends in .gz", function()
    local packed = path .. ".npy.gz"
    finally(function() os.remove(packed) end)
    assert.is_true(nn.io.save_npy(packed, nn.zeros(1000)))
    assert.is_true(#read(packed) < 200)
    assert.is_true(nn.io.load_npy(packed) == nn.zeros(1000))
  end)

  it("returns nil and a message where the system refuses, raises for what is no tensor", function()
    local ok, message = nn.io.save_npy("/none/x.npy", nn.zeros(1))
    assert.is_nil(ok)
    assert.is_truthy(message:find("No such file", 1, true))
    raises({"bad argument #2 to 'save_npy'"}, nn.io.save_npy, path, 3)
  end)
end)

describe("NPZ", function()
  it("of NumPy: stored, deflated, streamed, none", function()
    for name, arrays in pairs(recorded.archives) do
      local dict = nn.io.load_npz(support.path("numpy/" .. name))
      assert.equal(#recorded.order, #dict)
      for i, key in ipairs(recorded.order) do
        assert.equal(key, dict[i][1])
        support.equal(dict[key], arrays[key], name .. " " .. key)
      end
    end
    assert.same({}, nn.io.load_npz(support.path("numpy/none.npz")))
  end)

  it("brings back names, order, dtypes, shapes and values", function()
    for _, compress in ipairs {false, true} do
      local list = tensors()
      assert.is_true(nn.io.save_npz(path, list, {compress = compress}))
      local found = nn.io.load_npz(path)
      assert.equal(#list, #found)
      for i, pair in ipairs(found) do
        assert.equal(list[i][1], pair[1])
        support.equal(pair[2], list[i][2], pair[1])
      end
    end
    assert.is_true(nn.io.save_npz(path, {}))
    assert.equal(0, #nn.io.load_npz(path))
    assert.is_true(nn.io.save_npz(path, {b = nn.ones(2), a = nn.zeros(1)}))
    assert.equal("a", nn.io.load_npz(path)[1][1])
  end)

  it("is the same file each time, smaller if compressed", function()
    local list = {{"zeros", nn.zeros(10000)}}
    assert.is_true(nn.io.save_npz(path, list))
    local stored = read(path)
    assert.is_true(nn.io.save_npz(path, list))
    assert.is_true(stored == read(path))
    assert.is_true(nn.io.save_npz(path, list, {compress = true}))
    assert.is_true(#read(path) < #stored / 20)
  end)

  it("with a flipped bit in the data is refused by its CRC", function()
    assert.is_true(nn.io.save_npz(path, {{"x", nn.ones(100)}}))
    local bytes = read(path)
    local at = #bytes // 2
    raises({path .. ": entry 'x.npy'", "CRC error"}, nn.io.load_npz,
           write(bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 1) .. bytes:sub(at + 1)))
    raises({path}, nn.io.load_npz, write(bytes:sub(1, -10)))
    raises({"not an NPZ file"}, nn.io.load_npz, write("hello, world"))
    raises({"not an NPZ file"}, nn.io.load_npz, write(""))
    local dict, message = nn.io.load_npz("/none.npz")
    assert.is_nil(dict)
    assert.equal("cannot read '/none.npz': No such file or directory", message)
  end)

  it("raises for bad arguments, and the file is intact", function()
    write("old")
    local x = nn.zeros(1)
    raises({"'a' is there twice"}, nn.io.save_npz, path, {{"a", x}, {"a", x}})
    raises({"name '' is empty"}, nn.io.save_npz, path, {{"", x}})
    raises({"not UTF-8"}, nn.io.save_npz, path, {{"\xff", x}})
    raises({"a state dict expected"}, nn.io.save_npz, path, x)
    raises({"entry 1 ('a') has a number"}, nn.io.save_npz, path, {a = 3})
    raises({"compres", "did you mean 'compress'"}, nn.io.save_npz, path, {}, {compres = true})
    local ok, message = nn.io.save_npz("/none/x.npz", {a = x})
    assert.is_nil(ok)
    assert.is_truthy(message:find("No such file", 1, true))
    assert.equal("old", read(path))
  end)

  it("leaves nothing behind when memory is out", function()
    assert.is_true(nn.io.save_npz(path, tensors(), {compress = true}))
    for _, run in ipairs {
      function() nn.io.load_npz(path) end,
      function() nn.io.save_npz(path, tensors(), {compress = true}) end,
    } do
      assert.is_true(support.failing_allocations(run) > 10)
    end
  end)
end)

-- io_spec.lua - files from Lua: IDX, safetensors, JSON, atomic writing.

local core = require "nnlua.core"
local nn = require "nnlua"
local support = require "tests.spec.support"

local folder, paths

-- A path in this spec's own folder; the file is removed afterwards.
local function path(name)
  local full = folder .. "/" .. name
  paths[#paths + 1] = full
  return full
end

local function write(name, bytes)
  local full = path(name)
  local file = assert(io.open(full, "wb"))
  assert(file:write(bytes))
  assert(file:close())
  return full
end

local function read(full)
  local file = assert(io.open(full, "rb"))
  local bytes = file:read("a")
  file:close()
  return bytes
end

-- The message that f(...) raises; it must blame this file.
local function message(f, ...)
  local ok, text = pcall(f, ...)
  assert.is_false(ok)
  return text
end

local function assert_says(part, text)
  assert.is_string(text)
  assert.is_truthy(text:find(part, 1, true), ("%q does not say %q"):format(text, part))
  assert.is_nil(text:find("\n", 1, true))
end

setup(function()
  folder = os.tmpname()
  os.remove(folder)
  assert(nn.io.mkdir_p(folder))
  paths = {}
end)

after_each(function()
  for i = #paths, 1, -1 do os.remove(paths[i]) end
  paths = {}
end)

teardown(function() os.remove(folder) end)

describe("nn.io.write_file", function()
  it("writes and replaces bytes", function()
    local full = path("file")
    assert.is_true(nn.io.write_file(full, "a\0b\n"))
    assert.equal("a\0b\n", read(full))
    assert.is_true(nn.io.write_file(full, ""))
    assert.equal("", read(full))
  end)

  it("returns nil and a message where the system refuses", function()
    local ok, text = nn.io.write_file(folder .. "/none/file", "x")
    assert.is_nil(ok)
    assert_says("none/file': No such file or directory", text)
  end)

  it("raises for bad arguments", function()
    assert_says("bad argument #1 to 'write_file' (string expected, got nil)",
                message(nn.io.write_file, nil, "x"))
    assert_says("bad argument #2 to 'write_file' (string expected, got number)",
                message(nn.io.write_file, "x", 3))
    assert_says("zero byte", message(nn.io.write_file, "a\0b", "x"))
  end)
end)

describe("nn.io.mkdir_p", function()
  it("makes missing parents and accepts what is there", function()
    path("a")
    path("a/b")
    local full = path("a/b/c")
    assert.is_true(nn.io.mkdir_p(full))
    assert.is_true(nn.io.mkdir_p(full))
    assert.is_true(nn.io.write_file(path("a/b/c/file"), "x"))
    local ok, text = nn.io.mkdir_p(full .. "/file")
    assert.is_nil(ok)
    assert_says("cannot make directory", text)
  end)
end)

describe("nn.io.sha256", function()
  it("hashes a string", function()
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                 nn.io.sha256("abc"))
  end)
end)

describe("nn.io.read_idx", function()
  local cube = "\0\0\x08\x03" .. (">I4I4I4"):pack(3, 2, 2) .. string.char(table.unpack {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255,
  })

  it("reads all, or the first entries", function()
    local full = write("cube", cube)
    local x = nn.io.read_idx(full)
    assert.equal("uint8", x:dtype())
    assert.same({{{0, 1}, {2, 3}}, {{4, 5}, {6, 7}}, {{8, 9}, {10, 255}}}, x:totable())
    assert.same({{{0, 1}, {2, 3}}}, nn.io.read_idx(full, {limit = 1}):totable())
    assert.same({0, 2, 2}, nn.io.read_idx(full, {limit = 0}):shape())
  end)

  it("reads every number type as the dtype that holds it", function()
    for _, case in ipairs {
      {9, ">bbb", "int64", {-128, 0, 127}},
      {11, ">i2i2i2", "int64", {-32768, 1, 32767}},
      {12, ">i4i4i4", "int64", {-2147483648, 1, 2147483647}},
      {13, ">fff", "float32", {-0.5, 0, 1.25}},
      {14, ">ddd", "float64", {-0.1, 0, 1e300}},
    } do
      local bytes = "\0\0" .. string.char(case[1]) .. "\1\0\0\0\3" ..
        case[2]:pack(table.unpack(case[4]))
      local x = nn.io.read_idx(write("numbers", bytes))
      assert.equal(case[3], x:dtype())
      assert.same(case[4], x:totable())
    end
  end)

  it("reads gzip files, and notices that one is cut short", function()
    local full = write("packed", cube)
    path("packed.gz")
    assert(os.execute(("gzip -nf '%s'"):format(full)))
    assert.same({3, 2, 2}, nn.io.read_idx(full .. ".gz"):shape())
    local short = write("short.gz", read(full .. ".gz"):sub(1, -5))
    assert_says("gzip data is truncated", message(nn.io.read_idx, short))
  end)

  it("verifies the hash", function()
    local full = write("cube", cube)
    local hash = nn.io.sha256(cube)
    assert.same({2, 2, 2}, nn.io.read_idx(full, {limit = 2, sha256 = hash}):shape())
    local wrong = ("0"):rep(64)
    assert_says("SHA-256 is " .. hash .. ", expected " .. wrong,
                message(nn.io.read_idx, full, {sha256 = wrong}))
    assert_says("64 hexadecimal digits", message(nn.io.read_idx, full, {sha256 = "abc"}))
    assert_says("bad option 'sha256'", message(nn.io.read_idx, full, {sha256 = 3}))
  end)

  it("returns nil and a message for a file that cannot be read", function()
    local x, text = nn.io.read_idx(folder .. "/none")
    assert.is_nil(x)
    assert_says("none': No such file or directory", text)
    x, text = nn.io.read_idx(folder)
    assert.is_nil(x)
    assert_says("Is a directory", text)
  end)

  it("raises for content that is wrong", function()
    assert_says("IDX header says 3x2x2 (28 bytes), the file has 27",
                message(nn.io.read_idx, write("short", cube:sub(1, -2))))
    assert_says("the file has 29", message(nn.io.read_idx, write("long", cube .. "x")))
    assert_says("not an IDX file", message(nn.io.read_idx, write("text", "hello, world")))
    assert_says("4 entries asked for, the file has 3",
                message(nn.io.read_idx, write("cube", cube), {limit = 4}))
    assert_says("did you mean 'limit'?", message(nn.io.read_idx, "x", {limits = 4}))
    assert_says("bad option 'limit'", message(nn.io.read_idx, "x", {limit = -2}))
  end)

  it("blames the line that called it", function()
    local text = message(function() nn.io.read_idx(write("text", "hello, world")) end)
    assert_says("io_spec.lua:" .. debug.getinfo(1, "l").currentline - 1 .. ": read_idx: ", text)
  end)
end)

describe("safetensors", function()
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

  it("brings back names, order, dtypes, shapes, values and metadata", function()
    local full, list = path("model"), tensors()
    local metadata = {epoch = "17", text = "ü\n\"\\"}
    assert.is_true(nn.io.save_safetensors(full, list, metadata))
    local found, found_metadata = nn.io.load_safetensors(full)
    assert.same(metadata, found_metadata)
    assert.equal(#list, #found)
    for i, entry in ipairs(found) do
      assert.equal(list[i][1], entry[1])
      assert.equal(list[i][2]:dtype(), entry[2]:dtype())
      assert.same(list[i][2]:shape(), entry[2]:shape())
      assert.same(list[i][2]:totable(), entry[2]:totable())
    end
  end)

  it("writes the bytes that the format prescribes", function()
    local full = path("model")
    local x = nn.tensor({1, -2})
    assert.is_true(nn.io.save_safetensors(full, {{"x", x}}, {b = "2", a = "1"}))
    local header = [[{"__metadata__":{"a":"1","b":"2"},"x":{"dtype":"F32","shape":[2],]] ..
      [["data_offsets":[0,8]}}]]
    header = header .. (" "):rep(-#header % 8)
    assert.equal(("<s8ff"):pack(header, 1, -2), read(full))
    assert.is_true(nn.io.save_safetensors(full, {}))
    assert.equal(("<s8"):pack("{}      "), read(full))
  end)

  it("reads what Python wrote", function()
    local expected = support.fixture("python_safetensors")
    local list, metadata = nn.io.load_safetensors(support.path("python.safetensors"))
    local count = 0
    for _ in pairs(expected.tensors) do count = count + 1 end
    assert.equal(count, #list)
    assert.same(expected.metadata, metadata)
    for _, entry in ipairs(list) do
      local record = expected.tensors[entry[1]]
      assert.equal(record.dtype, entry[2]:dtype())
      assert.same(record.shape, entry[2]:shape())
      local data = entry[2]:reshape(#record.data):totable()
      for i, value in ipairs(record.data) do
        if record.dtype == "float32" then value = ("f"):unpack(("f"):pack(value)) end
        if value ~= value then
          assert.is_true(data[i] ~= data[i])
        else
          assert.equal(value, data[i])
        end
      end
    end
  end)

  it("returns nil and a message where the system refuses", function()
    local list, text = nn.io.load_safetensors(folder .. "/none")
    assert.is_nil(list)
    assert_says("No such file or directory", text)
    local ok
    ok, text = nn.io.save_safetensors(folder .. "/none/model", {})
    assert.is_nil(ok)
    assert_says("No such file or directory", text)
  end)

  it("raises for content that is wrong", function()
    local full = path("model")
    assert.is_true(nn.io.save_safetensors(full, tensors()))
    local bytes = read(full)
    assert_says("bytes of data, the file has",
                message(nn.io.load_safetensors, write("short", bytes:sub(1, -2))))
    assert_says("bytes of data, the file has",
                message(nn.io.load_safetensors, write("long", bytes .. "x")))
    assert_says("not a safetensors file",
                message(nn.io.load_safetensors, write("text", "hello, world")))
    assert_says("the safetensors header is not valid JSON",
                message(nn.io.load_safetensors, write("json", ("<s8"):pack("{\"a\":"))))
    assert_says("tensor 'x' has dtype 'C64', which is not supported",
                message(nn.io.load_safetensors, write("complex", ("<s8"):pack(
                  [[{"x":{"dtype":"C64","shape":[0],"data_offsets":[0,0]}}]]))))
  end)

  it("raises for bad arguments, and the file is intact", function()
    local full, x = write("model", "old"), nn.zeros(1)
    local function refused(list, metadata)
      return message(nn.io.save_safetensors, full, list, metadata)
    end
    assert_says("bad argument #2 to 'save_safetensors' (a state dict expected, got nil)",
                refused(nil))
    assert_says("pass its :state_dict()", refused(nn.Linear(1, 1)))
    assert_says("entry 2 is not a pair {name, tensor}", refused {{"a", x}, 3})
    assert_says("entry 1 is not a pair", refused {{1, x}})
    assert_says("entry 1 ('b') has a number for its tensor", refused {b = 3})
    assert_says("entry 1 ('a') has a nil for its tensor", refused {{"a"}})
    assert_says("tensor name 'a' is there twice", refused {{"a", x}, {"a", x}})
    assert_says("not UTF-8", refused {{"a\xff", x}})
    assert_says("metadata 'epoch' is a number", refused({}, {epoch = 3}))
    assert_says("metadata has a key", refused({}, {"x"}))
    assert_says("bad argument #3", refused({}, 3))
    assert.equal("old", read(full))
  end)

  it("takes tensors by name and gives them back by name", function()
    local full = path("named")
    assert.is_true(nn.io.save_safetensors(full, {b = nn.ones(2), a = nn.zeros(1)}))
    local dict = nn.io.load_safetensors(full)
    assert.equal("a", dict[1][1])
    assert.is_true(dict.b == nn.ones(2))
    dict.b = nn.zeros(2)
    dict.c, dict.a = nn.ones(1), nil
    assert.equal(2, #dict)
    assert.is_true(nn.io.save_safetensors(full, dict))
    local again = nn.io.load_safetensors(full)
    assert.is_true(again.b == nn.zeros(2) and again.c == nn.ones(1) and again.a == nil)
  end)

  it("leaves nothing behind when memory is out", function()
    local full = path("model")
    assert.is_true(nn.io.save_safetensors(full, tensors(), {a = "b"}))
    for _, run in ipairs {
      function() nn.io.load_safetensors(full) end,
      function() nn.io.save_safetensors(full, tensors(), {a = "c"}) end,
    } do
      collectgarbage()
      local before, failures = core.memory(), 0
      repeat
        failures = failures + 1
        core.fail_allocation(failures)
        local ok, text = pcall(run)
        core.fail_allocation(0)
        if not ok then assert_says("not enough memory", text) end
        collectgarbage()
        collectgarbage()
        assert.equal(before, (core.memory()))
      until ok
      assert.is_true(failures > 10)
    end
  end)
end)

describe("nn.io.json_encode", function()
  local encode = nn.io.json_encode

  it("writes plain values", function()
    assert.equal("null", encode(nn.io.null))
    assert.equal("true", encode(true))
    assert.equal("-3", encode(-3))
    assert.equal("9223372036854775807", encode(math.maxinteger))
    assert.equal([["a\"\\\b\f\n\r\t\u0001\u0000/ü"]], encode("a\"\\\b\f\n\r\t\1\0/ü"))
  end)

  it("writes floats short, and so that they come back the same", function()
    assert.equal("0.1", encode(0.1))
    assert.equal("2.0", encode(2.0))
    assert.equal("-0.0", encode(-0.0))
    assert.equal("1e+300", encode(1e300))
    for _, x in ipairs {1 / 3, 0.1 + 0.2, 5e-324, 0x1.fffffffffffffp1023, 2^53, 1e-7} do
      local back = nn.io.json_decode(encode(x))
      assert.equal(x, back)
      assert.equal("float", math.type(back))
    end
  end)

  it("sorts keys and tells arrays from objects", function()
    assert.equal([[{"a":[1,2,{"x":[]}],"b":{},"c":"d","ä":1}]],
                 encode {c = "d", ["ä"] = 1, b = {}, a = {1, 2, {x = nn.io.json_array {}}}})
    assert.equal("[]", encode(nn.io.json_array()))
    assert.equal("{}", encode {})
  end)

  it("indents", function()
    assert.equal('{\n  "a": [\n    1,\n    2\n  ],\n  "b": {}\n}', encode({a = {1, 2}, b = {}},
                                                                         {indent = 2}))
    assert_says("bad option 'indent'", message(encode, 1, {indent = 99}))
  end)

  it("names the place of what JSON does not have", function()
    assert_says("bad argument #1 to 'json_encode' (value is nan", message(encode, 0 / 0))
    assert_says("(value.a[2].b is infinite", message(encode, {a = {1, {b = 1 / 0}}}))
    assert_says("(value.f is a function, which", message(encode, {f = print}))
    assert_says("(value.s is not UTF-8)", message(encode, {s = "\xff"}))
    assert_says("(value.x has a key that is not UTF-8)", message(encode, {x = {["\xff"] = 1}}))
    assert_says("(value mixes the keys", message(encode, {1, 2, x = 3}))
    assert_says("(value has a key that is neither", message(encode, {[1.5] = 1}))
    assert_says("(value has a key that is neither", message(encode, {[7] = 1}))
    assert_says("(value is a nil", message(encode, nil))
    assert_says("(value is a nil", message(encode))
    assert_says("marked as an array", message(encode, nn.io.json_array {x = 1}))
    local cycle = {}
    cycle.self = cycle
    assert_says("nested too deeply", message(encode, cycle))
  end)

  it("does not depend on the locale", function()
    local before = os.setlocale(nil, "numeric")
    for _, name in ipairs {"de_DE.UTF-8", "fr_FR.UTF-8"} do
      if os.setlocale(name, "numeric") then
        assert.equal("[0.5,1e-07]", encode {0.5, 1e-7})
        assert.equal(0.5, nn.io.json_decode("0.5"))
      end
    end
    os.setlocale(before, "numeric")
  end)
end)

describe("nn.io.json_decode", function()
  local decode = nn.io.json_decode

  it("reads every kind of value", function()
    local value = decode [[ {"a": [1, 2.0, -3e2, true, false, null], "b": {"ü": "\u00fc\n"}} ]]
    assert.same({1, 2.0, -300.0, true, false, nn.io.null}, value.a)
    assert.equal("integer", math.type(value.a[1]))
    assert.equal("float", math.type(value.a[2]))
    assert.same({["ü"] = "ü\n"}, value.b)
    assert.equal("x", decode '"x"')
    assert.equal(math.mininteger, decode "-9223372036854775808")
  end)

  it("gives back what json_encode wrote, empty arrays too", function()
    local text = [[{"a":[],"b":{},"c":[[],{}],"d":[1,"x\u0000y",null]}]]
    assert.equal(text, nn.io.json_encode(decode(text)))
  end)

  it("raises with line and column", function()
    assert_says("bad argument #1 to 'json_decode' (line 2, column 6: ",
                message(decode, "{\n \"a\" 1}"))
    assert_says("line 1, column ", message(decode, ""))
    assert_says("duplicate object key", message(decode, [[{"a":1,"a":2}]]))
    assert_says("too big integer", message(decode, "99999999999999999999"))
    assert_says("maximum parsing depth", message(decode, ("["):rep(100000)))
    assert_says("line 1", message(decode, "\"\xff\""))
    assert_says("string expected, got no value", message(decode))
  end)

  it("reads deep nesting", function()
    local value = decode(("["):rep(2000) .. ("]"):rep(2000))
    local depth = 0
    while value do
      value, depth = value[1], depth + 1
    end
    assert.equal(2000, depth)
  end)
end)

describe("nn.io.json_array", function()
  it("marks a table once and for all, and no object of another kind", function()
    local list = nn.io.json_array {}
    assert.equal(list, nn.io.json_array(list))
    assert_says("has a metatable already", message(nn.io.json_array, setmetatable({}, {})))
    assert_says("table expected, got number", message(nn.io.json_array, 3))
  end)
end)

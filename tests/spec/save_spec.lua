-- nn.save and nn.load: what comes back, how it stands in the file, and what is refused.

local nn = require "nnlua"
local support = require "tests.spec.support"

local raises = support.raises

-- Equality to the bit and the type, tensors and state dicts too.
local function same(a, b)
  if type(a) ~= type(b) or math.type(a) ~= math.type(b) then return false end
  if type(a) == "userdata" then
    return a:dtype() == b:dtype() and table.concat(a:shape(), ",") == table.concat(b:shape(), ",")
           and (a:numel() == 0 or nn.io.sha256(nn.pretty(a:totable(), {items = 1e9}))
                == nn.io.sha256(nn.pretty(b:totable(), {items = 1e9})))
  elseif math.type(a) == "float" then
    return ("d"):pack(a) == ("d"):pack(b)
  elseif type(a) ~= "table" then
    return a == b
  end
  for key, value in next, a do
    if not same(value, rawget(b, key)) then return false end
  end
  for key in next, b do
    if rawget(a, key) == nil then return false end
  end
  return true
end

describe("nn.save and nn.load", function()
  local path
  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function returns(value)
    assert.is_true(nn.save(path, value))
    local back, metadata = nn.load(path)
    assert.is_true(same(value, back), nn.pretty(back))
    assert.same({}, metadata)
    return back
  end

  it("give back what is no table", function()
    for _, value in ipairs {true, false, 0, 1, -1, math.maxinteger, math.mininteger, 1.0, 0.1, -0.0,
                            5e-324, 1.7976931348623157e308, 1 / 0, -1 / 0, 0 / 0, -(0 / 0), "",
                            "ü\n\0\"\\", "\xff\0\xfe", nn.ones(2, 3)} do
      returns(value)
    end
    returns((("d"):unpack("\1\2\3\4\5\6\xf4\x7f"))) -- a NaN that carries bits
  end)

  it("give back tensors of every dtype and shape", function()
    local list = {}
    for _, dtype in ipairs {"float32", "float64", "int64", "uint8", "bool"} do
      list[#list + 1] = nn.tensor({{1, 0, 1}, {0, 0, 1}}, {dtype = dtype})
      list[#list + 1] = nn.tensor(1, {dtype = dtype})
      list[#list + 1] = nn.zeros(2, 0, 3, {dtype = dtype})
    end
    list[#list + 1] = nn.arange(12):reshape(3, 4):t()[{ {}, {1, 3, 2} }]
    list[#list + 1] = nn.tensor {1 / 0, -1 / 0, 0 / 0}
    returns(list)
  end)

  it("give back tables of all kinds", function()
    returns {}
    returns {{}, {{}}, 1, {2, {3, nn.ones(1)}}}
    returns {1, 2, nil, 4, x = 5, [2.5] = 6, [true] = 7, [-1] = 8, ["\xff"] = nn.ones(1),
             ["a\0b"] = 9, [""] = nn.zeros(1), ["1"] = nn.ones(3), [1 / 0] = 10}
    returns {tensor = "x", float64 = {bytes = "ff"}, items = {1}, fields = {2}, pairs = {3},
             state_dict = {4}}
    local deep = {}
    local at = deep
    for i = 1, 290 do
      at.x = {i}
      at = at.x
    end
    returns(deep)
  end)

  it("give back state dicts as state dicts", function()
    local model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    local back = returns {model = model:state_dict(), [2] = model:state_dict()}
    assert.equal(model[3].weight:detach(), back.model["3.weight"])
    model:load_state_dict(back[2])
  end)

  it("keep tensors whose paths are equal apart", function()
    returns {["a.b"] = nn.zeros(1), a = {b = nn.ones(2)}, ["__metadata__"] = nn.ones(3),
             ["a.b~2"] = nn.ones(4)}
  end)

  it("write tensors under their paths, for every reader of safetensors", function()
    local model = nn.Linear(2, 1)
    assert.is_true(nn.save(path, {model = model:state_dict(), epoch = 3, list = {nn.ones(1)}},
                           {metadata = {by = "me"}}))
    local dict, metadata = nn.io.load_safetensors(path)
    local names = {}
    for i, pair in ipairs(dict) do names[i] = pair[1] end
    assert.same({"list.1", "model.weight", "model.bias"}, names)
    assert.equal("me", metadata.by)
    assert.equal('{"fields":{"epoch":3,"list":[{"tensor":"list.1"}],"model":{"state_dict":'
                 .. '[["weight",{"tensor":"model.weight"}],["bias",{"tensor":"model.bias"}]]}}}',
                 metadata["nnlua.structure"])
    assert.same({by = "me"}, select(2, nn.load(path)))
  end)

  it("read other programs' safetensors files as state dicts", function()
    local dict, metadata = nn.load(support.path("python.safetensors"))
    assert.is_true(#dict > 0)
    assert.equal("table", type(metadata))
  end)

  it("say nil and why for files that cannot be opened or written", function()
    local value, message = nn.load(path .. ".none")
    assert.is_nil(value)
    assert.truthy(message:find(path .. ".none", 1, true))
    local ok, refused = nn.save(path .. "/x", 1)
    assert.is_nil(ok)
    assert.truthy(refused:find(path .. "/x", 1, true))
  end)

  it("refuse what a file cannot hold, and name its place", function()
    local loop = {1}
    loop.again = {loop}
    for place, value in pairs {
      ["value.a[2].f is a function"] = {a = {1, {f = print}}},
      ["value is a function"] = print,
      ["value[1] is a thread"] = {coroutine.create(print)},
      ["value.g is a nnlua.Generator"] = {g = nn.Generator()},
      ["value.m is a Linear; save its :state_dict()"] = {m = nn.Linear(1, 1)},
      ["value.again[1] is the table that contains it"] = loop,
      ["value.t is a table with a metatable"] = {t = setmetatable({}, {})},
      ["value[3] is a table with a table as key"] = {1, 2, {[{}] = 1}},
      ["value.null is a userdata"] = {null = nn.io.null},
    } do
      raises({"bad argument #2 to 'save'", place}, nn.save, path, value)
    end
    local deep = {}
    for _ = 1, 400 do deep = {deep} end
    raises({"nested in more than 300 tables"}, nn.save, path, deep)
    raises({"'metadata' to 'save'", "nnlua.x"}, nn.save, path, 1, {metadata = {["nnlua.x"] = ""}})
    raises({"'metadata' to 'save'", "'n' is a number"}, nn.save, path, 1, {metadata = {n = 1}})
  end)

  it("notice every changed byte and every length", function()
    assert.is_true(nn.save(path, {x = nn.tensor {1, 2, 3}, list = {1, 2.5, "text"}}))
    local file <close> = assert(io.open(path, "rb"))
    local bytes = file:read("a")
    for at = 1, #bytes do
      local flipped = string.char(bytes:byte(at) ~ 1 << at % 8)
      nn.io.write_file(path, bytes:sub(1, at - 1) .. flipped .. bytes:sub(at + 1))
      local ok, message = pcall(nn.load, path)
      assert.is_false(ok, ("byte %d"):format(at))
      assert.truthy(message:find(path, 1, true), message)
      nn.io.write_file(path, bytes:sub(1, at - 1))
      raises({path}, nn.load, path)
    end
  end)

  -- A file of nn.save's form with any structure and the digest that fits it.
  local function forge(structure, tensors)
    local metadata = {["nnlua.structure"] = structure}
    metadata["nnlua.sha256"] = require "nnlua.core".io.safetensors_digest(nil, tensors or {},
                                                                          metadata)
    assert(nn.io.save_safetensors(path, tensors or {}, metadata))
  end

  it("check every field of the structure", function()
    for _, structure in ipairs {
      "", "{", "null", "[null]", '{"tensor":"x"}', '{"tensor":1}', '{"float64":"1"}',
      '{"float64":7}', '{"bytes":"f"}', '{"bytes":"gg"}', '{"bytes":{}}', '{"state_dict":{}}',
      '{"state_dict":[1]}', '{"state_dict":[["a"]]}', '{"state_dict":[[1,2]]}', '{"items":1}',
      '{"items":{}}', '{"fields":[]}', '{"fields":1}', '{"pairs":[[1]]}', '{"pairs":1}',
      '{"pairs":[[{"fields":{}},1]]}', '{"pairs":[[{"float64":"7ff8000000000000"},1]]}',
      '{"other":1}', '{"fields":{},"tensor":"x"}',
    } do
      forge(structure)
      raises({"load: " .. path, "structure"}, nn.load, path)
    end
    forge('{"fields":{"a":[{"tensor":"x"},{"tensor":"x"}]}}', {{"x", nn.ones(2)}})
    assert.equal(nn.ones(2), nn.load(path).a[2])
  end)
end)

-- Tensors from the Lua side: indexing, assignment, views, in-place operations, errors. Numerical
-- results against PyTorch are in tensor_fixture_spec.lua.

local nn = require "nnlua"
local support = require "tests.spec.support"
local raises = support.raises

local function counting(...)
  local n = 1
  for _, size in ipairs {...} do n = n * size end
  return nn.arange(n):reshape(...)
end

describe("construction", function()
  it("is float32 unless said otherwise, and bool for booleans", function()
    assert.are.equal("float32", nn.tensor({1, 2}):dtype())
    assert.are.equal("bool", nn.tensor({true, false}):dtype())
    assert.are.equal("float64", nn.zeros(2, {dtype = "float64"}):dtype())
    assert.are.equal("int64", nn.arange(3):dtype())
  end)

  it("keeps int64 exact beyond 2^53", function()
    local big = (1 << 53) + 1
    assert.are.equal(big, nn.tensor({big}, {dtype = "int64"})[1]:item())
    assert.are.equal(big, nn.full({1}, big, {dtype = "int64"})[1]:item())
  end)

  it("allows sizes of zero and rank 0 to 8", function()
    assert.are.same({0, 3}, nn.zeros(0, 3):shape())
    assert.are.equal(0, nn.tensor({}):numel())
    assert.are.same({}, nn.tensor(3):shape())
    assert.are.equal("[float32 4294967295x0x9]", tostring(nn.zeros(4294967295, 0, 9)))
  end)

  it("names what is wrong", function()
    raises({"tensor", "ragged", "2 entries", "depth 2"}, nn.tensor, {{1, 2}, {3}})
    raises({"tensor", "element 2", "string"}, nn.tensor, {1, "x"})
    raises({"dtype", "float16", "ones"}, nn.ones, 2, {dtype = "float16"})
    raises({"'dtpe'", "ones", "did you mean 'dtype'"}, nn.ones, 2, {dtpe = "float32"})
    raises({"negative size -1", "[2,-1]"}, nn.zeros, 2, -1)
    raises({"too many elements"}, nn.zeros, 1 << 40, 1 << 40)
    raises({"too many elements"}, nn.zeros, 1 << 40, 0, 1 << 40)
    raises({"arange"}, nn.arange, 0, 5, 0)
    raises({"arange"}, nn.arange, 0, 5, 0.0)
    raises({"full", "list of sizes", "number"}, nn.full, 3, 1)
    raises({"#3 to 'view'", "string"}, nn.view, nn.ones(4), 4, "4")
  end)

  it("tells a table of options from a list of sizes", function()
    assert.are.equal("[float64 scalar]", tostring(nn.zeros {dtype = "float64"}):match("%[.*"))
    raises({"ones", "sizes and options"}, nn.ones, {2, dtype = "float64"})
    raises({"#2 to 'reshape'", "table"}, nn.reshape, nn.ones(1), {size = 1})
  end)

  it("reads tables raw, so that no metamethod runs between check and use", function()
    local made = setmetatable({}, {
      __len = function() return 50 end,
      __index = function() return nn.ones(500000) end,
    })
    raises({"cat", "no tensors"}, nn.cat, made)
    assert.are.equal("float32",
                     nn.ones(1, setmetatable({}, {__index = {dtype = "float64"}})):dtype())
  end)

  it("counts integers exactly", function()
    local big = (1 << 53) + 1
    assert.are.same({big, big + 1}, nn.arange(big, big + 2):totable())
    assert.are.same({3, 1}, nn.arange(3, -1, -2):totable())
    assert.are.same({0, 2, 4}, nn.arange(0, 5, 2, {dtype = "float32"}):totable())
  end)

  it("makes bytes of tensors and tensors of bytes", function()
    local x = nn.randn(3, 4, {dtype = "float64"})
    assert.is_true(x:t() == nn.from_bytes(x:t():tobytes(), {dtype = "float64", shape = {4, 3}}))
    raises({"from_bytes", "8 bytes", "got 7"}, nn.from_bytes, "1234567", {shape = {2}})
    raises({"from_bytes", "shape", "list of sizes"}, nn.from_bytes, "12345678", {shape = 2})
    raises({"from_bytes", "byte 2 is 7", "bool"}, nn.from_bytes, "\1\7", {dtype = "bool"})
  end)
end)

describe("indexing", function()
  local x = counting(2, 3, 4)

  it("reads rows, entries and ranges as views", function()
    assert.are.same({{12, 13, 14, 15}, {16, 17, 18, 19}, {20, 21, 22, 23}}, x[2]:totable())
    assert.is_true(x[-1] == x[2])
    assert.are.equal(6, x[{1, 2, 3}]:item())
    assert.are.same({{0, 4, 8}, {12, 16, 20}}, x[{ {}, {}, 1 }]:totable())
    assert.are.same({{{7, 5}}}, x[{ 1, {2, 2}, {4, 2, -2} }]:unsqueeze(1):totable())
    assert.are.same({1, 3, 4}, x[{ {2} }]:shape())
    local y = counting(2, 2)
    y[1]:fill_(9)
    assert.are.same({{9, 9}, {2, 3}}, y:totable())
  end)

  it("has empty ranges", function()
    local v = counting(5)
    assert.are.equal(0, v[{ {1, 0} }]:numel())
    assert.are.equal(0, v[{ {6, 5} }]:numel())
    assert.are.equal(0, v[{ {3, 2} }]:numel())
    assert.are.equal(0, nn.zeros(0)[{ {1, 0} }]:numel())
    assert.are.equal(0, v[{ {1, 3, -1} }]:numel())
    assert.are.equal(0, nn.zeros(1 << 44, 0):sum(1):numel())
  end)

  it("takes integers of any size", function()
    local v, least, most = counting(5), math.mininteger, math.maxinteger
    for _, range in ipairs {{6, least, -1}, {least, most}, {1, most}, {5, least, -1}, {most, 1}} do
      raises({"range", tostring(range[1]), tostring(range[2]), "1..5"}, function()
        return v[{range}]
      end)
    end
    assert.are.same({0}, v[{ {1, 1, most} }]:totable())
    assert.are.same({0}, v[{ {1, 5, most} }]:totable())
    assert.are.same({4}, v[{ {5, 1, least} }]:totable())
    raises({tostring(least), "1..5"}, function() return v[least] end)
    raises({"cat", "too large"}, nn.cat, {nn.zeros(1 << 62, 0), nn.zeros(1 << 62, 0)})
  end)

  it("knows a mask without dimensions", function()
    assert.are.same({1, 2}, nn.ones(2)[nn.tensor(true)]:shape())
    raises({"rank 9"}, function() return nn.ones(1, 1, 1, 1, 1, 1, 1, 1)[nn.tensor(true)] end)
  end)

  it("selects by mask and by list as copies", function()
    local v = nn.tensor {5, 6, 7, 8}
    assert.are.same({7, 8}, v[v:gt(6)]:totable())
    assert.are.same({8, 5, 8}, v[nn.tensor({4, 1, -1}, {dtype = "int64"})]:totable())
    local m = counting(3, 2)
    assert.are.same({{0, 1}, {4, 5}}, m[nn.tensor {true, false, true}]:totable())
    v[v:gt(6)][1] = 0
    assert.are.same({5, 6, 7, 8}, v:totable())
  end)

  it("assigns numbers, broadcast tensors, masks and lists", function()
    local y = nn.zeros(3, 3)
    y[2] = 5
    y[{ {}, 1 }] = nn.tensor {1, 2, 3}
    y[{3, 3}] = -1
    assert.are.same({{1, 0, 0}, {2, 5, 5}, {3, 0, -1}}, y:totable())
    y[y:eq(5)] = 7
    y[nn.tensor({1, 3}, {dtype = "int64"})] = nn.tensor {{8}, {9}}
    assert.are.same({{8, 8, 8}, {2, 7, 7}, {9, 9, 9}}, y:totable())
    local t = y:t()
    t[t:gt(8)] = 0
    assert.are.same({{8, 8, 8}, {2, 7, 7}, {0, 0, 0}}, y:totable())
  end)

  it("assigns numbers with all their digits", function()
    local y = nn.zeros(3, {dtype = "int64"})
    y[1] = 2 ^ 24 + 1
    y[nn.tensor {false, true, false}] = 2 ^ 40 + 1
    assert.are.same({(1 << 24) + 1, (1 << 40) + 1, 0}, y:totable())
    assert.are.equal((1 << 24) + 1, y:fill_(2 ^ 24 + 1)[3]:item())
  end)

  it("assigns overlapping parts as if the source had been copied first", function()
    local v = counting(6)
    v[{ {2, 6} }] = v[{ {1, 5} }]
    assert.are.same({0, 0, 1, 2, 3, 4}, v:totable())
    v:copy_(v[{ {6, 1, -1} }])
    assert.are.same({4, 3, 2, 1, 0, 0}, v:totable())
    local w = counting(4):to("float32")
    w[{ {2, 4} }]:add_(w[{ {1, 3} }])
    assert.are.same({0, 1, 3, 5}, w:totable())
  end)

  it("names index, range and shape", function()
    raises({"index 3", "1..2", "[2,3,4]"}, function() return x[3] end)
    raises({"index is 0", "count from 1"}, function() return x[0] end)
    raises({"1..3", "dimension 2"}, function() return x[{1, 4}] end)
    raises({"more indices"}, function() return x[{1, 1, 1, 1}] end)
    raises({"1.5", "integer"}, function() return x[1.5] end)
    raises({"mask", "[3]", "[2,3,4]"}, function() return x[nn.tensor {true, false, true}] end)
    raises({"position 2", "1..2"}, function()
      return x[nn.tensor({1, 5}, {dtype = "int64"})]
    end)
    raises({"#3", "[5]", "[2,3,4]"}, function() x[{ {} }] = nn.zeros(5) end)
    local list = nn.tensor({1}, {dtype = "int64"})
    raises({"#2 to 'index'", "index 1", "1..0"}, function() return nn.zeros(0)[list] end)
    raises({"#3 to 'index'", "[5]", "[1,3,4]"}, function() x[list] = nn.zeros(5) end)
    raises({"#3 to 'index'", "[5]"}, function() x[x:gt(3)] = nn.zeros(5) end)
    raises({"#4 to 'index_copy_'", "[5]"}, x.index_copy_, x, 1, list, nn.zeros(5))
    raises({"#3 to 'transpose'", "dimension 4"}, x.transpose, x, 1, 4)
    raises({"tensor expected"}, getmetatable(x).__index, 5, 1)
    assert.is_nil(getmetatable(x).__index(5, "grad"))
  end)

  it("blames the caller's line", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local _, message = pcall(function() return nn.ones(2, 3):matmul(nn.ones(4, 5)) end)
    assert.truthy(message:find("tensor_spec.lua:" .. line .. ":", 1, true))
    assert.truthy(message:find("bad argument #2 to 'matmul' (inner sizes 3 and 4 differ: "
                               .. "[2,3] x [4,5])", 1, true))
  end)
end)

describe("a view", function()
  it("keeps its storage alive", function()
    local v = nn.ones(1000, 100)[{ {}, 7 }]
    collectgarbage()
    collectgarbage()
    assert.are.equal(1000, v:sum():item())
  end)

  it("is refused where strides do not allow it; reshape copies", function()
    local t = counting(2, 3):t()
    raises({"view", "reshape"}, t.view, t, 6)
    assert.are.same({0, 3, 1, 4, 2, 5}, t:reshape(6):totable())
    assert.are.same({6}, t:reshape(-1):shape())
    raises({"6 elements", "[4,-1]"}, t.reshape, t, 4, -1)
  end)

  it("of an expanded tensor cannot be written to", function()
    local e = nn.zeros(1, 3):expand(2, 3)
    raises({"add_", "expanded"}, e.add_, e, 1)
  end)

  it("is closed once and then unusable", function()
    local kept
    do
      local x <close> = nn.ones(2)
      kept = x
    end
    raises({"closed"}, function() return kept:sum() end)
    assert.are.equal("[closed tensor]", tostring(kept))
  end)

  it("may be closed by a finalizer in the middle of a call", function()
    for _, x in ipairs {nn.ones(3), nn.tensor(1), nn.ones(2, 2):t()} do
      local close = getmetatable(x).__close
      setmetatable({}, {__gc = function() close(x) end})
      for _ = 1, 60 do
        nn.zeros(200000)
        pcall(function() return x + 1, nn.cat {x, x}, x:sum(), tostring(x) end)
      end
      collectgarbage()
      raises({"closed"}, function() return x + 1 end)
    end
  end)
end)

describe("operators", function()
  it("take numbers on either side", function()
    local x = nn.tensor {1, 2, 4}
    assert.are.same({0, -1, -3}, (1 - x):totable())
    assert.are.same({8, 4, 2}, (8 / x):totable())
    assert.are.same({2, 4, 16}, (2 ^ x):totable())
    assert.are.same({-1, -2, -4}, (-x):totable())
  end)

  it("give numbers the tensor's dtype where the kind allows", function()
    assert.are.equal("float64", (nn.ones(1, {dtype = "float64"}) * 2):dtype())
    assert.are.equal("int64", (nn.arange(3) + 1):dtype())
    assert.are.equal("float32", (nn.arange(3) + 1.5):dtype())
    assert.are.equal("float32", (nn.arange(3) / 2):dtype())
    assert.are.equal(0.1, (nn.zeros(1, {dtype = "float64"}) + 0.1)[1]:item())
  end)

  it("compare as one boolean", function()
    assert.is_true(nn.ones(2) == nn.ones(2))
    assert.is_false(nn.ones(2) == nn.ones(3))
    assert.is_false(nn.tensor {0 / 0} == nn.tensor {0 / 0})
    assert.is_true(nn.tensor(1) < nn.tensor(2))
    raises({"'<'", ":lt()"}, function() return nn.ones(2) < nn.ones(2) end)
  end)

  it("name the shapes that do not broadcast", function()
    raises({"add", "[2,3]", "[2]", "do not broadcast"}, function()
      return nn.ones(2, 3) + nn.ones(2)
    end)
    raises({"add", "tensor or number", "string"}, function() return nn.ones(2) + "x" end)
    raises({"logical_and", "got nil"}, nn.logical_and, nn.ones(2))
    raises({"sum", "dimension 2", "rank 0"}, nn.sum, nn.tensor(1), 2)
    assert.are.equal(1, nn.tensor(1):sum(-1):item())
    raises({"division by zero"}, function() return nn.arange(3) // 0 end)
    raises({"negative integer power"}, function() return nn.arange(3) ^ -1 end)
  end)

  it("in place keep shape and kind", function()
    local x = nn.ones(2, 2)
    assert.are.equal(x, x:add_(1):mul_(3):sub_(nn.ones(2)))
    assert.are.same({{5, 5}, {5, 5}}, x:totable())
    raises({"add_", "[3,2,2]", "[2,2]"}, x.add_, x, nn.ones(3, 2, 2))
    local i = nn.arange(3)
    raises({"add_", "float32", "int64"}, i.add_, i, 0.5)
    assert.are.same({0, 1, 2}, i:totable())
  end)
end)

describe("clamp", function()
  it("keeps integers between bounds of any kind and size", function()
    local u = nn.tensor({0, 7, 255}, {dtype = "uint8"})
    assert.are.same({0, 7, 255}, u:clamp(-5, 300):totable())
    assert.are.same({0, 0, 0}, u:clamp(-9, -5):totable())
    assert.are.same({255, 255, 255}, u:clamp(300):totable())
    assert.are.same({1, 6, 6}, u:clamp(0.5, 6.5):totable())
    local i = nn.tensor({math.mininteger, 0, math.maxinteger}, {dtype = "int64"})
    assert.is_true(i == i:clamp(-math.huge, math.huge))
    assert.is_true(i == i:clamp(math.mininteger, math.maxinteger))
    assert.are.equal(math.maxinteger, i:clamp(math.huge)[1]:item())
    raises({"#2 to 'clamp'", "NaN"}, u.clamp, u, 0 / 0)
    raises({"#3 to 'clamp'", "NaN"}, u.clamp, u, nil, 0 / 0)
  end)
end)

describe("division", function()
  it("rounds down beside infinity, too", function()
    local x = nn.tensor({-1, 1, 7, -7}, {dtype = "float64"})
    assert.are.same({-1, 0, 0, -1}, (x // math.huge):totable())
    assert.are.same({0, -1, -1, 0}, (x // -math.huge):totable())
    assert.are.same({-1, 0, 3, -4}, (x // 2):totable())
  end)
end)

describe("float32 sums", function()
  it("of a million elements are exact to rounding", function()
    local x = nn.full({1000000}, 0.1)
    local exact = nn.full({1}, 0.1):to("float64"):item() * 1e6
    assert.is_true(math.abs(x:sum():item() - exact) <= exact * 2 ^ -24)
    assert.is_true(math.abs(x:reshape(1000, 1000):sum(1):sum():item() - exact) <= exact * 2 ^ -22)
    assert.is_true(math.abs(x:mean():item() - 0.1) < 1e-8)
  end)
end)

describe("printing", function()
  it("shows shape and dtype and summarises", function()
    assert.are.equal("  1.5000  2.0000\n[float32 2]", tostring(nn.tensor {1.5, 2}))
    assert.are.equal("3\n[int64 scalar]", tostring(nn.tensor(3, {dtype = "int64"})))
    assert.are.equal("[float32 0x3]", tostring(nn.zeros(0, 3)))
    local text = tostring(nn.zeros(100, 100))
    assert.truthy(text:find("...", 1, true))
    assert.truthy(text:find("[float32 100x100]", 1, true))
    for line in text:gmatch("[^\n]+") do assert.is_true(#line <= 80) end
  end)
end)

describe("random numbers", function()
  it("leave the generator as it was when a call fails", function()
    nn.manual_seed(5)
    local expected = nn.rand(3)
    nn.manual_seed(5)
    pcall(nn.rand, -1)
    pcall(nn.rand, 3, {dtype = "int64"})
    pcall(nn.randint, 3, 3, 2)
    assert.is_true(expected == nn.rand(3))
  end)

  it("come back with a generator's state", function()
    local g = nn.Generator(9)
    nn.randn(3, {generator = g})
    local state = g:get_state()
    local first = nn.randn(5, {generator = g})
    g:set_state(state)
    assert.is_true(first == nn.randn(5, {generator = g}))
    raises({"set_state"}, g.set_state, g, nn.zeros(3))
    raises({"set_state"}, g.set_state, g, nn.zeros_like(state)) -- would draw zeros for ever
    raises({"seed -1", "0..4294967295"}, nn.manual_seed, -1)
  end)
end)

-- The tensors themselves, their storages and nothing else may be left of a failed call.
describe("when memory runs out", function()
  local operations = {
    add = function(x) return x + x:t() end,
    in_place = function(x) return x:add_(x:t()) end,
    sum = function(x) return x:sum(1) end,
    var = function(x) return x:var(2) end,
    norm = function(x) return x:norm(1, {p = 3}) end,
    matmul = function(x) return x:t():matmul(x[{ {}, {1, 8, 2} }]) end,
    index = function(x) return x[nn.tensor({1, 2}, {dtype = "int64"})] end,
    mask = function(x) x[x:gt(3)] = 1 end,
    cat = function(x) return nn.cat({x, x}, 2) end,
    reshape = function(x) return x:t():reshape(64) end,
    tostring = function(x) return tostring(x) end,
    assign = function(x) x[nn.tensor({1, 2}, {dtype = "int64"})] = x[{ {2, 3} }] end,
    cross_entropy = function(x)
      return nn.softmax_cross_entropy(x, nn.ones(8, {dtype = "int64"}))
    end,
    linear = function(x) return nn.linear(x, x, x[1]) end,
  }
  local names = {}
  for name in pairs(operations) do names[#names + 1] = name end
  table.sort(names)

  for _, name in ipairs(names) do
    it("at any allocation of " .. name .. ", raises and changes nothing", function()
      local core = require "nnlua.core"
      local failures = 0
      for n = 1, 100 do
        local x = counting(8, 8):to("float32")
        local before = x:clone()
        core.fail_allocation(n)
        local ok, message = pcall(operations[name], x)
        core.fail_allocation(0)
        if ok then break end
        failures = failures + 1
        assert.truthy(tostring(message):find("not enough memory", 1, true))
        assert.is_true(x == before)
      end
      assert.is_true(failures > 0 and failures < 100)
    end)
  end

  it("nothing leaks", function()
    local core = require "nnlua.core"
    collectgarbage()
    collectgarbage()
    local before = core.memory()
    for n = 1, 40 do
      core.fail_allocation(n)
      pcall(function() return (nn.randn(50, 50):t() + 1):matmul(nn.ones(50, 3)):std() end)
      core.fail_allocation(0)
    end
    collectgarbage()
    collectgarbage()
    assert.are.equal(before, (core.memory()))
  end)

  it("a cap is kept", function()
    local core = require "nnlua.core"
    core.set_memory_cap(core.memory() + 1000000)
    local ok, message = pcall(nn.zeros, 1000000)
    core.set_memory_cap(0)
    assert.is_false(ok)
    assert.truthy(message:find("cap", 1, true))
    assert.are.equal(1000000, nn.zeros(1000000):numel())
  end)

  it("under a cap, garbage gives way", function()
    local core = require "nnlua.core"
    collectgarbage()
    collectgarbage()
    core.set_memory_cap(core.memory() + 50000000)
    local ok, message = pcall(function()
      for _, size in ipairs {26000000, 17000000, 45000000} do
        for _ = 1, 5 do nn.zeros(size, {dtype = "uint8"}) end
      end
    end)
    core.set_memory_cap(0)
    assert(ok, message)
  end)
end)

describe("garbage", function()
  it("of tensors is collected although Lua cannot see its size", function()
    local core = require "nnlua.core"
    collectgarbage()
    local before = core.memory()
    local peak = 0
    for _ = 1, 200 do
      local _ = nn.zeros(1000, 1000) -- 4 MB each, 800 MB in all
      peak = math.max(peak, core.memory() - before)
    end
    assert.is_true(peak < 100e6)
  end)
end)

describe("likely mistakes", function()
  it("raise instead of giving something else", function()
    local x = nn.ones(2, 3)
    raises({"a tensor has no 'gard'", "did you mean 'grad'"}, function() return x.gard end)
    raises({"a tensor has no 'sumn'", "did you mean 'sum'"}, function() return x:sumn() end)
    raises({"a tensor has no 'frobnicate'"}, function() return x:frobnicate() end)
    raises({"bad argument #1 to 'randn'", "size 1 is nil"}, nn.randn, nil, 3)
    raises({"bad argument #2 to 'zeros'", "size 2 is nil"}, nn.zeros, 2, nil, 3)
    raises({"numbers and options in one table"}, nn.tensor, {1, 2, dtype = "float64"})
    raises({"element 1", "use stack"}, nn.tensor, {nn.ones(2), nn.ones(2)})
    raises({"bad argument #3 to 'add_'", "third argument"}, x.add_, x, nn.ones(2, 3), -0.1)
  end)

  it("a shape prints as one", function()
    assert.are.equal("[2,3]", tostring(nn.ones(2, 3):shape()))
    assert.are.same({2, 3}, nn.ones(2, 3):shape())
  end)
end)

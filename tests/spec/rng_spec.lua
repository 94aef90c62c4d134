-- rng_spec.lua - the random stream is NumPy's legacy stream, value for value.
--
-- Recorded by tests/fixtures/make_rng.py. Comparisons are exact: a generator that is only close is
-- another generator.

local nn = require "nnlua"
local support = require "tests.spec.support"

local recorded = support.fixture("rng")

local function sizes(draw, options)
  local arguments = table.move(draw.size, 1, #draw.size, 1, {})
  arguments[#arguments + 1] = options
  return table.unpack(arguments)
end

local function record(draw, dtype, values)
  return {shape = draw.size, dtype = dtype, data = values or draw.values}
end

-- Makes one recorded draw from g and compares it.
local draws = {
  rand = function(g, draw, label)
    support.equal(nn.rand(sizes(draw, {dtype = "float64", generator = g})),
      record(draw, "float64"), label)
  end,
  randn = function(g, draw, label)
    support.equal(nn.randn(sizes(draw, {dtype = "float64", generator = g})),
      record(draw, "float64"), label)
  end,
  randint = function(g, draw, label)
    local x = nn.randint(draw.low, draw.high, sizes(draw, {generator = g}))
    support.equal(x, record(draw, "int64"), label .. " " .. draw.low .. " to " .. draw.high)
  end,
  permutation = function(g, draw, label)
    local values = {}
    for i, value in ipairs(draw.values) do
      values[i] = value + 1
    end
    support.equal(nn.randperm(draw.n, {generator = g}),
      {shape = {draw.n}, dtype = "int64", data = values}, label)
  end,
  shuffle = function(g, draw, label)
    local x = nn.arange(1, #draw.values + 1, {dtype = "int64"}):reshape(draw.size)
    nn.shuffle_(x, {generator = g})
    support.equal(x, record(draw, "int64"), label)
  end,
}

describe("the random stream", function()
  for _, stream in ipairs(recorded.streams) do
    local name = string.format("yields NumPy's values for seed %d: %s", stream.seed, stream.name)

    it(name, function()
      local g = nn.Generator(stream.seed)
      for i, draw in ipairs(stream.draws) do
        if draw.draw ~= "state" then
          draws[draw.draw](g, draw, "draw " .. i .. ", " .. draw.draw)
        end
      end
    end)

    it(name .. ", also when the state moves to another generator before each draw", function()
      local g = nn.Generator(stream.seed)
      for i, draw in ipairs(stream.draws) do
        local other = nn.Generator(77)
        nn.randn(3, {generator = other})
        other:set_state(g:get_state())
        g = other
        if draw.draw ~= "state" then
          draws[draw.draw](g, draw, "draw " .. i .. ", " .. draw.draw)
        end
      end
    end)
  end

  for _, far in ipairs(recorded.far) do
    it("is still NumPy's after thousands of values, seed " .. far.seed, function()
      local g = nn.Generator(far.seed)
      local options = {dtype = "float64", generator = g}
      support.equal(nn.rand(5000, options)[{ {-3, -1} }], record({size = {3}}, "float64",
        far.uniform))
      support.equal(nn.randn(5001, options)[{ {-3, -1} }], record({size = {3}}, "float64",
        far.normal))
      support.equal(nn.cat({nn.rand(2, options), nn.randn(2, options)}, 1),
        record({size = {4}}, "float64", far.after))
    end)
  end

  it("is drawn from the default generator after manual_seed", function()
    for _, stream in ipairs(recorded.streams) do
      if stream.name == "Gaussian" then
        nn.manual_seed(stream.seed)
        local draw = stream.draws[1]
        support.equal(nn.randn(sizes(draw, {dtype = "float64"})), record(draw, "float64"))
      end
    end
  end)

  it("starts again with Generator:manual_seed, the cached Gaussian dropped", function()
    local g = nn.Generator(1)
    local first = nn.randn(3, {dtype = "float64", generator = g})
    g:manual_seed(1)
    support.equal(nn.randn(3, {dtype = "float64", generator = g}), first)
  end)

  it("is the same stream in float32, rounded", function()
    for _, make in ipairs({nn.rand, nn.randn}) do
      local double = make(33, {dtype = "float64", generator = nn.Generator(42)})
      local single = make(33, {generator = nn.Generator(42)})
      support.equal(single, double:to("float32"))
    end
  end)

  it("leaves generators independent of each other and of the default one", function()
    local a, b = nn.Generator(5), nn.Generator(5)
    local x = nn.randn(4, {generator = a})
    nn.randn(7)
    support.equal(nn.randn(4, {generator = b}), x)
  end)
end)

describe("get_state", function()
  it("gives a uint8 tensor that later draws do not change", function()
    local g = nn.Generator(3)
    local state = g:get_state()
    assert.are.equal("uint8", state:dtype())
    local before = state:clone()
    nn.rand(1000, {generator = g})
    support.equal(state, before)
    assert.is_false(g:get_state() == before)
  end)
end)

describe("shuffle_", function()
  it("moves rows whatever the dtype", function()
    local expected
    for _, dtype in ipairs({"int64", "float32", "float64", "uint8"}) do
      local x = nn.arange(1, 25, {dtype = dtype}):reshape(8, 3)
      nn.shuffle_(x, {generator = nn.Generator(9)})
      local values = x:to("int64")
      expected = expected or values
      support.equal(values, expected, dtype)
    end
  end)

  it("moves rows of views and nothing beside them", function()
    local plain = nn.arange(1, 13, {dtype = "int64"}):reshape(6, 2)
    local whole = nn.full({6, 4}, 99, {dtype = "int64"})
    local view = whole[{ {}, {1, 4, 2} }]
    view:copy_(plain)
    nn.shuffle_(plain, {generator = nn.Generator(9)})
    nn.shuffle_(view, {generator = nn.Generator(9)})
    support.equal(view, plain)
    support.equal(whole[{ {}, {2, 4, 2} }], nn.full({6, 2}, 99, {dtype = "int64"}))
  end)

  it("draws the same for a vector as randperm of its length", function()
    local x = nn.arange(1, 11, {dtype = "int64"})
    nn.shuffle_(x, {generator = nn.Generator(9)})
    support.equal(x, nn.randperm(10, {generator = nn.Generator(9)}))
  end)
end)

describe("a wrong argument of the random functions", function()
  it("is an error that names function and value", function()
    support.raises({"manual_seed", "-1"}, nn.manual_seed, -1)
    support.raises({"manual_seed", "4294967296"}, nn.manual_seed, 4294967296)
    support.raises({"manual_seed"}, nn.manual_seed, 1.5)
    support.raises({"Generator", "-5"}, nn.Generator, -5)
    support.raises({"randint", "3"}, nn.randint, 3, 3, 2)
    support.raises({"randint", "5", "4"}, nn.randint, 5, 4, 2)
    support.raises({"randperm", "-1"}, nn.randperm, -1)
    support.raises({"randn", "generator"}, nn.randn, 2, {generator = 7})
    support.raises({"rand", "generater", "generator"}, nn.rand, 2, {generater = nn.Generator(1)})
  end)

  it("leaves the generator as it was when a state is not one", function()
    local g = nn.Generator(8)
    nn.randn(1, {generator = g})
    local good = g:get_state()
    support.raises({"set_state"}, g.set_state, g, nn.zeros(3, {dtype = "uint8"}))
    support.raises({"set_state"}, g.set_state, g, nn.ones(good:numel()))
    local broken = nn.full_like(good, 255)
    support.raises({"set_state"}, g.set_state, g, broken)
    support.equal(g:get_state(), good)
  end)
end)

-- Initializers against their formulas, computed from the same stream.

local nn = require "nnlua"
local support = require "tests.spec.support"

local F64 = {dtype = "float64"}

local function filled(name, shape, options, dtype)
  local given = {generator = nn.Generator(42)}
  for _, key in ipairs {"gain", "mean", "std", "low", "high"} do
    given[key] = options and options[key]
  end
  return nn.init[name](nn.zeros(shape, {dtype = dtype or "float64"}), given)
end

local function randn(...)
  return nn.randn(..., {dtype = "float64", generator = nn.Generator(42)})
end

local function rand(...)
  return nn.rand(..., {dtype = "float64", generator = nn.Generator(42)})
end

describe("nn.init", function()
  it("he_normal_ is randn times sqrt(2 / fan_in), to the last bit", function()
    support.equal(filled("he_normal_", {3, 8}), randn({3, 8}) * math.sqrt(2 / 8))
    support.equal(filled("he_normal_", {3, 2, 5, 5}), randn({3, 2, 5, 5}) * math.sqrt(2 / 50))
    -- the first weight of the reference network: 0.4967... * sqrt(2 / 784)
    local first = filled("he_normal_", {25, 784})[1][1]:item()
    assert.equal(0.4967141530112327 * math.sqrt(2 / 784), first)
  end)

  it("xavier_uniform_ is rand * 2e - e, in this order", function()
    local e = math.sqrt(6 / (8 + 3))
    support.equal(filled("xavier_uniform_", {3, 8}), rand({3, 8}) * 2 * e - e)
    support.equal(filled("xavier_uniform_", {3, 8}, {gain = 2}), rand({3, 8}) * 2 * (2 * e) - 2 * e)
  end)

  it("has the bounds and widths of the papers for the others", function()
    support.close(filled("he_uniform_", {3, 8}), (rand({3, 8}) * 2 - 1) * math.sqrt(6 / 8))
    support.close(filled("xavier_normal_", {3, 8}, {gain = 3}),
                  randn({3, 8}) * (3 * math.sqrt(2 / 11)))
    support.close(filled("normal_", {7}, {mean = 5, std = 2}), randn({7}) * 2 + 5)
    support.close(filled("uniform_", {7}, {low = -1, high = 3}), rand({7}) * 4 - 1)
    support.equal(filled("normal_", {7}), randn({7}))
    support.equal(filled("uniform_", {7}), rand({7}))
  end)

  it("rounds float32 weights from the float64 ones", function()
    for _, name in ipairs {"he_normal_", "xavier_uniform_", "uniform_"} do
      support.equal(filled(name, {4, 5}, nil, "float32"), filled(name, {4, 5}):to("float32"), name)
    end
  end)

  it("sets constants", function()
    local W = nn.ones(2, 3)
    assert.is_true(rawequal(W, nn.init.constant_(W, 0.5)))
    support.equal(W, nn.full({2, 3}, 0.5))
    support.equal(nn.init.ones_(W), nn.ones(2, 3))
    support.equal(nn.init.zeros_(W), nn.zeros(2, 3))
  end)

  it("fills parameters and views", function()
    local layer = nn.Linear(4, 3)
    nn.init.zeros_(layer.weight)
    assert.is_true(layer.weight.requires_grad)
    assert.equal(0.0, layer.weight:detach():abs():max():item())
    local m = nn.zeros(8, 3, F64)
    nn.init.he_normal_(m:t(), {generator = nn.Generator(42)})
    support.equal(m:t():contiguous(), filled("he_normal_", {3, 8}))
  end)

  it("uses the default generator unless given one", function()
    nn.manual_seed(42)
    support.equal(nn.init.he_normal_(nn.zeros(3, 8, F64)), filled("he_normal_", {3, 8}))
  end)

  it("names function, argument and shape of a mistake, and draws nothing", function()
    nn.manual_seed(1)
    support.raises({"bad argument #1 to 'he_normal_'", "[5]", "init_spec"}, function()
      nn.init.he_normal_(nn.zeros(5))
    end)
    support.raises({"bad argument #1 to 'normal_'", "int64"}, function()
      nn.init.normal_(nn.zeros(5, {dtype = "int64"}))
    end)
    support.raises({"bad argument #1 to 'zeros_'", "number"}, function() nn.init.zeros_(1) end)
    support.raises({"bad argument #2 to 'constant_'", "nil"}, function()
      nn.init.constant_(nn.zeros(5))
    end)
    support.raises({"unknown option 'men'", "'mean'"}, function()
      nn.init.normal_(nn.zeros(5), {men = 1})
    end)
    local after = nn.rand(3)
    nn.manual_seed(1)
    support.equal(after, nn.rand(3))
  end)
end)

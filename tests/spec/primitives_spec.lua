-- primitives_spec.lua - every primitive and its gradient against recorded PyTorch values.
--
-- Recorded in float64 by tests/fixtures/make_primitives.py. Each case runs in float64 and float32,
-- and again on strided views; inputs are the same numbers in both dtypes, so the float32 results
-- may differ from the recorded ones only by their own rounding (support.lua states how much).

local nn = require "nnlua"
local support = require "tests.spec.support"

local cases = support.fixture("primitives")

-- Forward from x; the backward function takes x (activations) or y (sigmoid and its like).
local function from(source)
  return function(op, inputs, options)
    local output = nn[op](inputs.x, options)
    if not inputs.dy then
      return output, {}
    end
    local saved = source == "y" and output or inputs.x
    return output, {x = nn[op .. "_backward"](inputs.dy, saved, options)}
  end
end

local function loss(op, inputs, options)
  local value, grad = nn[op](inputs.x, inputs.y, options)
  return value, {x = grad}
end

local function penalty(op, inputs, options)
  local value, grad = nn[op](inputs.x, options.lambda)
  return value, {x = grad}
end

local runs = {
  linear = function(_, inputs)
    local output = nn.linear(inputs.x, inputs.W, inputs.b)
    local dx, dW, db = nn.linear_backward(inputs.dy, inputs.x, inputs.W)
    return output, {x = dx, W = dW, b = db}
  end,
  relu = from("x"), leaky_relu = from("x"), softplus = from("x"), gelu = from("x"),
  elu = from("x"), sigmoid = from("y"), tanh = from("y"), softmax = from("y"),
  log_softmax = from("y"),
  softmax_cross_entropy = loss, binary_cross_entropy = loss,
  binary_cross_entropy_with_logits = loss, summed_binary_cross_entropy = loss, mse_loss = loss,
  l1_loss = loss, huber_loss = loss, l2_penalty = penalty, l1_penalty = penalty,
}

local function check(case, dtype, change)
  local inputs = support.tensors(case.inputs, dtype)
  local options = support.tensors(case.options, dtype)
  if change then
    for name, x in pairs(inputs) do
      inputs[name] = change(x)
    end
  end
  local kept = {}
  for name, x in pairs(inputs) do
    kept[name] = x:clone()
  end
  local output, grads = runs[case.op](case.op, inputs, next(options) and options or nil)
  local closeness = {dtype = dtype, rtol = dtype == "float64" and case.rtol or nil}
  support.close(output, case.output, "output", closeness)
  for name, grad in pairs(case.grads) do
    support.close(grads[name], grad, "gradient of " .. name, closeness)
  end
  for name, x in pairs(inputs) do
    support.equal(x, kept[name], "input " .. name .. " was changed")
  end
end

describe("the primitive", function()
  for _, case in ipairs(cases) do
    for _, dtype in ipairs({"float64", "float32"}) do
      it(case.name .. ", " .. dtype, function()
        check(case, dtype)
      end)
    end
    it(case.name .. ", strided views", function()
      check(case, "float64", support.strided)
    end)
  end
end)

describe("linear", function()
  local x, W = nn.tensor({{1, 2, 3}, {4, 5, 6}}), nn.tensor({{1, 0, -1}, {0.5, 0.5, 0.5}})
  local b, dz = nn.tensor({10, 20}), nn.tensor({{1, 2}, {3, 4}})

  it("works without a bias", function()
    support.equal(nn.linear(x, W), nn.linear(x, W, b) - b)
    support.equal(nn.linear(x, W, nil), nn.linear(x, W))
  end)

  it("leaves out the gradients that are not asked for", function()
    local dx, dW, db = nn.linear_backward(dz, x, W)
    local none, only, gone = nn.linear_backward(dz, x, W, {input = false, bias = false})
    assert.is_nil(none)
    assert.is_nil(gone)
    support.equal(only, dW)
    local first, absent, last = nn.linear_backward(dz, x, W, {weight = false})
    support.equal(first, dx)
    assert.is_nil(absent)
    support.equal(last, db)
  end)

  it("names function and shapes when sizes do not fit", function()
    support.raises({"linear", "[2,3]", "[2,4]"}, nn.linear, x, nn.ones(2, 4))
    support.raises({"linear", "[3]"}, nn.linear, x, W, nn.ones(3))
    support.raises({"linear_backward", "[2,3]"}, nn.linear_backward, nn.ones(2, 3), x, W)
    support.raises({"linear", "int64"}, nn.linear, x:to("int64"), W:to("int64"))
    support.raises({"linear", "float64"}, nn.linear, x, W:to("float64"))
    support.raises({"linear_backward", "imput", "input"}, nn.linear_backward, dz, x, W,
      {imput = false})
  end)
end)

describe("dropout", function()
  local x = nn.arange(1, 2001, {dtype = "float64"}):reshape(50, 40)

  it("scales what it keeps by 1/(1-p), gives the mask, and its backward the same", function()
    for _, p in ipairs({0.25, 0.5, 0.9}) do
      local y, mask = nn.dropout(x, p, {generator = nn.Generator(1)})
      local keep = mask:to("float64")
      support.close(y, x * keep / (1 - p), "p = " .. p)
      support.close(nn.dropout_backward(x * 2, mask, p), x * 2 * keep / (1 - p))
      -- 2000 draws: five standard deviations.
      local kept = keep:mean():item()
      assert.is_true(math.abs(kept - (1 - p)) < 5 * math.sqrt(p * (1 - p) / 2000), "kept " .. kept)
    end
  end)

  it("drops where the stream's next uniform is below p", function()
    local _, mask = nn.dropout(x, 0.3, {generator = nn.Generator(6)})
    local u = nn.rand(50, 40, {dtype = "float64", generator = nn.Generator(6)})
    support.equal(mask:to("bool"), u:ge(0.3))
  end)

  it("is repeatable from its own generator and leaves the default one alone", function()
    nn.manual_seed(4)
    local before = nn.rand(3)
    nn.manual_seed(4)
    local a = nn.dropout(x, 0.5, {generator = nn.Generator(2)})
    support.equal(nn.rand(3), before)
    support.equal(nn.dropout(x, 0.5, {generator = nn.Generator(2)}), a)
    assert.is_false(nn.dropout(x, 0.5, {generator = nn.Generator(3)}) == a)
  end)

  it("keeps everything at p = 0 and outside training, nothing at p = 1", function()
    support.equal((nn.dropout(x, 0)), x)
    support.equal((nn.dropout(x, 0.5, {training = false})), x)
    local gone, none = nn.dropout(x, 1)
    support.equal(gone, nn.zeros_like(x))
    support.equal(nn.dropout_backward(x, none, 1), nn.zeros_like(x))
  end)

  it("refuses a p outside 0..1", function()
    support.raises({"dropout", "1.5"}, nn.dropout, x, 1.5)
    support.raises({"dropout", "-0.1"}, nn.dropout, x, -0.1)
  end)
end)

describe("summed_binary_cross_entropy", function()
  it("has the one-sided derivative where p is certain and right", function()
    local p = nn.tensor({{0, 1, 0}, {1, 0, 0}}, {dtype = "float64"})
    local y = nn.tensor({2, 1}, {dtype = "int64"})
    local value, dp = nn.summed_binary_cross_entropy(p, y)
    assert.are.equal(0, value:item())
    support.equal(dp, nn.tensor({{0.5, -0.5, 0.5}, {-0.5, 0.5, 0.5}}, {dtype = "float64"}))
  end)
end)

describe("a loss", function()
  local z = nn.tensor({{1, 2, 3}, {4, 5, 6}})

  it("names row, value and range of a label that is out of range", function()
    for _, label in ipairs({0, 4, -1}) do
      local y = nn.tensor({1, label}, {dtype = "int64"})
      support.raises({"softmax_cross_entropy", "2", tostring(label), "1", "3"},
        nn.softmax_cross_entropy, z, y)
      support.raises({"summed_binary_cross_entropy", tostring(label), "3"},
        nn.summed_binary_cross_entropy, nn.softmax(z), y)
    end
  end)

  it("names function and shapes when sizes do not fit", function()
    local y = nn.tensor({1, 2, 3}, {dtype = "int64"})
    support.raises({"softmax_cross_entropy", "[2,3]", "[3]"}, nn.softmax_cross_entropy, z, y)
    support.raises({"softmax_cross_entropy", "[2,3]", "[2,2]"}, nn.softmax_cross_entropy, z,
      nn.ones(2, 2))
    support.raises({"mse_loss", "[2,3]", "[3,2]"}, nn.mse_loss, z, nn.ones(3, 2))
    support.raises({"binary_cross_entropy", "[2,3]", "[2]"}, nn.binary_cross_entropy,
      nn.sigmoid(z), nn.ones(2))
    local two = nn.tensor({1, 2}, {dtype = "int64"})
    support.raises({"softmax_cross_entropy", "[4]"}, nn.softmax_cross_entropy, z, two,
      {weight = nn.ones(4)})
  end)

  it("refuses options that it does not know, with a suggestion", function()
    local y = nn.tensor({1, 2}, {dtype = "int64"})
    support.raises({"softmax_cross_entropy", "weigth", "weight"}, nn.softmax_cross_entropy, z, y,
      {weigth = nn.ones(3)})
    support.raises({"softmax_cross_entropy", "average"}, nn.softmax_cross_entropy, z, y,
      {reduction = "average"})
    support.raises({"huber_loss", "-1"}, nn.huber_loss, z, z, {delta = -1})
    support.raises({"softmax_cross_entropy", "1.5"}, nn.softmax_cross_entropy, z, y,
      {label_smoothing = 1.5})
    support.raises({"gelu", "tan"}, nn.gelu, z, {approximate = "tan"})
  end)

  it("refuses probabilities outside 0..1", function()
    support.raises({"binary_cross_entropy", "1.5"}, nn.binary_cross_entropy, nn.tensor({0.5, 1.5}),
      nn.tensor({0, 1}))
  end)
end)

-- The gradient check must pass right gradients, catch wrong ones, and tell kinks from both.

local nn = require "nnlua"
local support = require "tests.spec.support"

local F64 = {dtype = "float64"}

local function leaf(...)
  local x = nn.randn(..., {dtype = "float64", generator = nn.Generator(7)})
  return x:requires_grad_()
end

-- f with a gradient that `spoil` turns into a wrong one.
local function planted(forward, gradient)
  return nn.Function {
    name = "planted",
    forward = function(ctx, ...)
      ctx:save(...)
      return forward(...)
    end,
    backward = function(ctx, dy) return gradient(dy, table.unpack(ctx.saved, 1, ctx.saved.n)) end,
  }
end

local function model(...)
  return nn.Sequential(...):to("float64")
end

describe("nn.gradcheck", function()
  it("passes networks with each activation", function()
    local x = leaf({5, 4})
    for _, name in ipairs {"ReLU", "LeakyReLU", "Sigmoid", "Tanh", "Softplus", "GELU", "ELU",
                           "Softmax", "LogSoftmax"} do
      nn.manual_seed(3)
      local ok, report = nn.gradcheck(model(nn.Linear(4, 6), nn[name](), nn.Linear(6, 3)), {x})
      assert(ok, name .. ": " .. tostring(report))
      assert.is_true(report.relative_difference < 1e-7, name)
      assert.equal(4 * 6 + 6 + 6 * 3 + 3 + 20, report.checked)
    end
  end)

  it("passes each loss of a network, with an L2 term", function()
    nn.manual_seed(4)
    local net = model(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    local x = leaf({6, 4}):detach()
    local labels = nn.tensor({1, 3, 2, 2, 1, 3}, {dtype = "int64"})
    local targets = nn.softmax(leaf({6, 3}):detach())
    local cases = {
      {nn.CrossEntropyLoss(), labels}, {nn.BCEWithLogitsLoss(), targets},
      {nn.SummedBCELoss(), labels, nn.softmax}, {nn.BCELoss(), targets, nn.sigmoid},
      {nn.MSELoss(), targets}, {nn.L1Loss(), targets}, {nn.HuberLoss(), targets},
    }
    for _, case in ipairs(cases) do
      local criterion, y, last = table.unpack(case)
      local ok, report = nn.gradcheck(function(m, input)
        local z = m(input)
        return criterion(last and last(z) or z, y) + (nn.l2_penalty(m[1].weight, 0.1))
      end, {net, x})
      assert(ok, tostring(criterion) .. ": " .. tostring(report))
      assert.is_true(report.relative_difference < 1e-7, tostring(criterion))
    end
  end)

  it("names parameters and inputs", function()
    local net, x = model(nn.Linear(2, 2)), leaf({3, 2})
    local _, report = nn.gradcheck(net, {x})
    local names = {}
    for i, tensor in ipairs(report.tensors) do
      names[i] = tensor.name
    end
    assert.same({"1.weight", "1.bias", "input 1"}, names)
    _, report = nn.gradcheck(function(a) return a end, x)
    assert.equal("input 1", report.worst.name)
  end)

  describe("catches a planted", function()
    local function fails(f, inputs, at_least)
      local ok, report = nn.gradcheck(f, inputs)
      assert.is_false(ok)
      assert.is_false(report.ok)
      assert(report.relative_difference > at_least, tostring(report))
      assert.same({}, report.kinks)
      assert.matches("FAILED", tostring(report))
      return report
    end

    it("sign", function()
      local f = planted(nn.sin, function(dy, x) return dy * -x:cos() end)
      local report = fails(f, {leaf({5})}, 0.99)
      local worst = report.worst
      assert.is_true(math.abs(worst.analytic + worst.numeric) < 1e-8)
      assert.equal(1, #worst.index)
    end)

    it("factor of 2", function()
      -- |2g - g| / (|2g| + |g|) = 1/3
      local f = planted(nn.exp, function(dy, x) return dy * x:exp() * 2 end)
      fails(f, {leaf({5})}, 0.33)
    end)

    it("factor of 1 + 1e-4", function()
      local f = planted(nn.exp, function(dy, x) return dy * x:exp() * 1.0001 end)
      fails(f, {leaf({5})}, 4e-5)
    end)

    it("missing L2 term", function()
      local W, x = leaf({3, 4}), leaf({5, 4}):detach()
      local labels = nn.tensor({1, 2, 3, 1, 2}, {dtype = "int64"})
      local cost = planted(function(w)
        return (nn.softmax_cross_entropy(nn.linear(x, w), labels)) + (nn.l2_penalty(w, 0.2))
      end, function(dy, w)
        local _, dz = nn.softmax_cross_entropy(nn.linear(x, w), labels)
        local _, dW = nn.linear_backward(dz, x, w)
        return dW * dy
      end)
      fails(cost, {W}, 0.05)
    end)

    it("transposed weight gradient", function()
      local f = planted(nn.matmul, function(dy, a, b)
        return dy:matmul(b:t()), a:t():matmul(dy):t():contiguous()
      end)
      fails(f, {leaf({3, 3}), leaf({3, 3})}, 0.1)
    end)

    it("wrong gradient in one small tensor among large ones", function()
      local f = planted(function(a, b) return (a * 1000):sum() + b:sum() * 1e-3 end,
        function(dy, a, b)
          return nn.full_like(a, 1000) * dy, nn.full_like(b, 2e-3) * dy
        end)
      local ok, report = nn.gradcheck(f, {leaf({9, 9}), leaf({2})})
      assert.is_false(ok)
      assert.is_true(report.tensors[1].ok)
      assert.is_false(report.tensors[2].ok)
    end)

    it("gradient that is NaN", function()
      local f = planted(nn.exp, function(dy) return dy * (0 / 0) end)
      local ok, report = nn.gradcheck(f, {leaf({3})})
      assert.is_false(ok)
      assert.is_true(report.worst.analytic ~= report.worst.analytic)
    end)

    it("wrong gradient at a kink", function()
      -- the slopes of relu at 0 are 0 and 1: 2 and -0.5 are wrong whichever side is meant
      for _, wrong in ipairs {2, -0.5} do
        local f = planted(nn.relu, function(dy, x) return dy * wrong * nn.ones_like(x) end)
        local ok, report = nn.gradcheck(f, {nn.zeros(1, F64):requires_grad_()})
        assert.is_false(ok)
        assert.same({}, report.kinks)
      end
    end)

    it("wrong gradient beside a kink", function()
      -- 0.3 of a step away from the kink the slope is 1 and nothing else
      local f = planted(nn.relu, function(dy) return dy * 0.5 end)
      local ok = nn.gradcheck(f, {nn.full({1}, 3e-7, F64):requires_grad_()})
      assert.is_false(ok)
    end)
  end)

  describe("at a kink", function()
    it("reports it and excuses a one-sided derivative", function()
      local x = nn.tensor({-1, 0, 2, 0}, F64):requires_grad_()
      local ok, report = nn.gradcheck(function(v) return nn.relu(v):sum() end, {x})
      assert.is_true(ok)
      assert.equal(2, #report.kinks)
      assert.same({"input 1", 2}, {report.kinks[1].name, report.kinks[1].index[1]})
      assert.equal(0.0, report.kinks[1].analytic)
      assert.is_true(math.abs(report.kinks[1].numeric - 0.5) < 1e-6)
      assert.equal(4, report.checked)
      assert.is_true(report.relative_difference < 1e-9)
      assert.matches("kink: input 1%[2%]", tostring(report))
    end)

    it("notices one whose two slopes cancel", function()
      local ok, report = nn.gradcheck(function(v) return v:abs():sum() end,
                                      {nn.zeros(1, F64):requires_grad_()})
      assert.is_true(ok)
      assert.equal(1, #report.kinks)
    end)

    it("notices one anywhere between x-eps and x+eps", function()
      for _, at in ipairs {-0.9, -0.6, -0.3, -0.2, -0.1, 0.05, 0.2, 0.25, 0.5, 0.8} do
        local x = nn.full({1}, 0.0, F64):requires_grad_()
        local ok, report = nn.gradcheck(function(v) return nn.relu(v - at * 1e-6) + 3 * v end, {x})
        assert(ok, at .. ": " .. tostring(report))
        assert.equal(1, #report.kinks, "kink at " .. at)
      end
    end)

    it("does not take curvature for one", function()
      local x = nn.tensor({0, 1e-9, -3e-7, 2}, F64):requires_grad_()
      for _, f in ipairs {nn.square, nn.cos, function(v) return (v * 300):square() end} do
        local ok, report = nn.gradcheck(f, {x})
        assert(ok, tostring(report))
        assert.same({}, report.kinks)
      end
    end)
  end)

  it("gives 0 where both gradients are 0", function()
    local ok, report = nn.gradcheck(function(v) return v:sign():sum() end, {leaf({3})})
    assert.is_true(ok)
    assert.equal(0.0, report.relative_difference)
  end)

  it("checks a seeded sample of each tensor", function()
    local net, x = model(nn.Linear(10, 20), nn.Tanh()), leaf({3, 10})
    local function worst(seed)
      local ok, report = nn.gradcheck(net, {x}, {samples = 7, seed = seed})
      assert.is_true(ok)
      assert.equal(21, report.checked)
      assert.matches("over 7 of 200", tostring(report))
      return table.concat(report.worst.index, ",") .. report.worst.name
    end
    assert.equal(worst(1), worst(1))
    local seen = {}
    for seed = 1, 9 do
      seen[worst(seed)] = true
    end
    assert.is_not_nil(next(seen, next(seen)))
  end)

  it("leaves values, gradients and recording as they were, errors included", function()
    local x = leaf({4})
    local before, grad = x:detach():clone(), nn.ones(4, F64)
    x.grad = grad
    nn.gradcheck(nn.exp, {x})
    support.equal(x:detach(), before)
    assert.is_true(rawequal(grad, x.grad))
    local calls = 0
    assert.has_error(function()
      nn.gradcheck(function(v)
        calls = calls + 1
        if calls == 5 then
          error("stop", 0)
        end
        return v:exp()
      end, {x})
    end, "stop")
    support.equal(x:detach(), before)
    assert.is_true(rawequal(grad, x.grad))
    assert.is_true(nn.is_grad_enabled())
  end)

  it("checks views and 0-dim tensors", function()
    assert(nn.gradcheck(nn.exp, {nn.tensor(0.3, F64):requires_grad_()}))
    assert(nn.gradcheck(nn.exp, {leaf({3, 2}):detach():t():requires_grad_()}))
  end)

  it("wants float64", function()
    support.raises({"gradcheck", "'1.weight'", "float32", "gradcheck_spec"}, function()
      nn.gradcheck(nn.Sequential(nn.Linear(2, 2)), {nn.ones(1, 2)})
    end)
    support.raises({"returned float32"}, function()
      nn.gradcheck(function(x) return x:to("float32") end, {leaf({2})})
    end)
  end)

  it("wants something to check", function()
    support.raises({"requires a gradient"}, function() nn.gradcheck(nn.exp, {nn.ones(2, F64)}) end)
    support.raises({"does not depend"}, function()
      nn.gradcheck(function(x) return x:detach() end, {leaf({2})})
    end)
    support.raises({"returned a number"}, function()
      nn.gradcheck(function() return 1 end, {leaf({2})})
    end)
    support.raises({"bad argument #1 to 'gradcheck'"}, function() nn.gradcheck(1, {leaf({2})}) end)
    support.raises({"bad argument #2 to 'gradcheck'"}, function() nn.gradcheck(nn.exp, 1) end)
  end)

  it("wants the same value for the same input", function()
    support.raises({"different values", "dropout"}, function()
      nn.gradcheck(nn.Dropout(0.5), {leaf({20})})
    end)
    assert(nn.gradcheck(nn.Dropout(0.5):eval(), {leaf({20})}))
  end)

  it("checks its options", function()
    for name, value in pairs {eps = 0, rtol = -1, atol = 0 / 0, samples = 0} do
      support.raises({name, "gradcheck"}, function()
        nn.gradcheck(nn.exp, {leaf({2})}, {[name] = value})
      end)
    end
    support.raises({"unknown option 'sample'", "samples"}, function()
      nn.gradcheck(nn.exp, {leaf({2})}, {sample = 3})
    end)
  end)
end)

-- Every activation under every loss, with the L2 penalty, at the start and after 50 steps. 1e-7 is
-- the project's bound; rounding alone leaves about 1e-9 (2^-52 / eps relative to the gradient).
describe("training", function()
  local activations = {"ReLU", "LeakyReLU", "Sigmoid", "Tanh", "Softplus", "GELU", "ELU"}

  -- name -> function(scores, labels, rows) -> loss; rows: one-hot labels.
  local losses = {
    CrossEntropyLoss = function(z, labels) return nn.CrossEntropyLoss()(z, labels) end,
    BCEWithLogitsLoss = function(z, _, rows) return nn.BCEWithLogitsLoss()(z, rows) end,
    BCELoss = function(z, _, rows) return nn.BCELoss()(nn.sigmoid(z), rows) end,
    SummedBCELoss = function(z, labels) return nn.SummedBCELoss()(nn.softmax(z), labels) end,
    MSELoss = function(z, _, rows) return nn.MSELoss()(z, rows) end,
    L1Loss = function(z, _, rows) return nn.L1Loss()(z, rows) end,
    HuberLoss = function(z, _, rows) return nn.HuberLoss()(z, rows) end,
  }
  local names = {}
  for name in pairs(losses) do names[#names + 1] = name end
  table.sort(names)

  for _, activation in ipairs(activations) do
    it("keeps the gradients right, with " .. activation, function()
      for _, name in ipairs(names) do
        nn.manual_seed(11)
        local x, labels = nn.randn(20, 6, F64), nn.randint(1, 5, 20)
        local rows = nn.eye(4, F64)[labels]
        local net = nn.Sequential(nn.Linear(6, 5, F64), nn[activation](), nn.Linear(5, 4, F64),
                                    nn[activation](), nn.Linear(4, 4, F64))
        local function objective()
          local cost = losses[name](net(x), labels, rows)
          for i = 1, 5, 2 do cost = cost + nn.l2_penalty(net[i].weight, 0.05) end
          return cost
        end
        local optimizer = nn.optim.SGD(net:parameters(), {lr = 0.05})
        local function check(when)
          local ok, report = nn.gradcheck(objective, net:parameters())
          assert(ok and report.relative_difference < 1e-7,
                 ("%s %s: %s"):format(name, when, tostring(report)))
        end
        check("at the start")
        for _ = 1, 50 do
          optimizer:zero_grad()
          objective():backward()
          optimizer:step()
        end
        check("after 50 steps")
      end
    end)
  end
end)

-- nn.backprop and nn.evaluate: the fused pass against the tape, on ragged batches and networks.

local nn = require "nnlua"
local support = require "tests.spec.support"

local ACTIVATIONS = {
  nn.ReLU, nn.Tanh, nn.Sigmoid, nn.ELU, nn.GELU, nn.Softplus, nn.LeakyReLU,
  function() return nn.GELU {approximate = "tanh"} end,
}

-- A network with the given layer sizes, its activations taken in turn.
local function network(sizes, dtype, first)
  local model = nn.Sequential()
  for l = 1, #sizes - 1 do
    if l > 1 then model:add(ACTIVATIONS[(first + l) % #ACTIVATIONS + 1]()) end
    model:add(nn.Linear(sizes[l], sizes[l + 1], {dtype = dtype, bias = l ~= 2}))
  end
  return model
end

local function gradients(model)
  local list = {}
  for i, p in ipairs(model:parameters()) do list[i] = p.grad end
  model:zero_grad()
  return list
end

-- Relative to the whole tensor: sums over the batch in another order, a few hundred roundings.
local TOLERANCE = {float64 = 1e-13, float32 = 2e-5}

local function assert_close(actual, expected, tolerance, what)
  local difference = (actual - expected):to("float64"):norm():item()
  local size = expected:to("float64"):norm():item()
  assert(difference <= tolerance * (size + 1e-30), ("%s: %g of %g"):format(what, difference, size))
end

local function compare(model, criterion, x, y, path)
  local loss, correct, scores, taken = nn.backprop(model, criterion, x, y)
  assert.equal(path, taken)
  local got = gradients(model)
  local expected_scores = model(x)
  local expected = criterion(expected_scores, y)
  expected:backward()
  local tolerance = TOLERANCE[expected_scores:dtype()]
  assert_close(loss, expected:detach(), tolerance, "loss")
  assert_close(scores, expected_scores:detach(), tolerance, "scores")
  for i, gradient in ipairs(gradients(model)) do
    assert_close(got[i], gradient, tolerance, "gradient " .. i)
  end
  local labels = y:ndim() == 1 and y:dtype() == "int64"
  local accuracy = labels and nn.metrics.accuracy(scores, y) or nil
  assert.equal(accuracy, correct and correct / y:size(1))
  local evaluated, measured, forward, way = nn.evaluate(model, criterion, x, y)
  assert.equal(path, way)
  assert.equal(accuracy, measured)
  assert_close(evaluated, expected:detach(), tolerance, "evaluated loss")
  assert_close(forward, expected_scores:detach(), tolerance, "evaluated scores")
  assert.is_nil(model:parameters()[1].grad)
end

describe("nn.backprop, fused,", function()
  for _, dtype in ipairs {"float64", "float32"} do
    it("gives the tape's loss, scores and gradients in " .. dtype, function()
      for first, sizes in ipairs {{3, 2}, {70, 25, 10}, {1, 1, 1}, {9, 140, 5}, {80, 17, 13, 11, 7},
                                  {5, 4, 3, 2, 2}, {66, 129, 3}, {4, 3, 3}} do
        for _, n in ipairs {1, 31, 32, 257} do
          nn.manual_seed(n)
          local x, y = nn.randn(n, sizes[1], {dtype = dtype}), nn.randint(1, sizes[#sizes] + 1, n)
          compare(network(sizes, dtype, first), nn.CrossEntropyLoss(), x, y, "fused")
        end
      end
    end)
  end

  it("takes every option of the loss, and rows as targets", function()
    nn.manual_seed(1)
    local f64 = {dtype = "float64"}
    local model, x = network({20, 9, 6}, "float64", 1), nn.randn(100, 20, f64)
    local labels = nn.randint(1, 7, 100)
    local rows = nn.softmax(nn.randn(100, 6, f64))
    local weight = nn.rand(6, f64) + 0.5
    for _, given in ipairs {{reduction = "sum"}, {weight = weight}, {label_smoothing = 0.1},
                            {weight = weight, label_smoothing = 0.2, reduction = "sum"}} do
      compare(model, nn.CrossEntropyLoss(given), x, labels, "fused")
      compare(model, nn.CrossEntropyLoss(given), x, rows, "fused")
    end
  end)

  it("ends in MSE and BCE-with-logits, too", function()
    nn.manual_seed(2)
    local f64 = {dtype = "float64"}
    for _, n in ipairs {1, 100, 700} do
      local model, x = network({20, 9, 6}, "float64", n), nn.randn(n, 20, f64)
      for _, reduction in ipairs {"mean", "sum"} do
        compare(model, nn.MSELoss {reduction = reduction}, x, nn.randn(n, 6, f64), "fused")
        compare(model, nn.BCEWithLogitsLoss {reduction = reduction}, x, nn.rand(n, 6, f64), "fused")
      end
      compare(model, nn.BCEWithLogitsLoss {pos_weight = nn.rand(6, f64) + 0.5}, x,
              nn.rand(n, 6, f64):gt(0.5), "fused")
    end
    support.raises({"bad argument #4 to 'backprop'", "[5,3]", "[5,6]"}, nn.backprop,
                   network({4, 6}, "float32", 1), nn.MSELoss(), nn.randn(5, 4), nn.randn(5, 3))
  end)

  -- Zeros are left out of sums that go in the same order otherwise.
  it("gives the same bits for mostly zero rows whether it leaves the zeros out or not", function()
    for _, dtype in ipairs {"float64", "float32"} do
      for _, sizes in ipairs {{784, 25, 10}, {300, 140, 3}, {257, 5}, {3, 1}} do
        for _, n in ipairs {1, 97, 600} do
          nn.manual_seed(n)
          local model = network(sizes, dtype, 1)
          local y = nn.randint(1, sizes[#sizes] + 1, n)
          local x = nn.randn(n, sizes[1], {dtype = dtype})
          x = x * nn.rand(n, sizes[1]):lt(0.2):to(dtype)
          local function run()
            local loss, _, scores = nn.backprop(model, nn.CrossEntropyLoss(), x, y)
            local bytes = loss:tobytes() .. scores:tobytes()
            for _, gradient in ipairs(gradients(model)) do
              bytes = bytes .. (gradient + 0):tobytes() -- -0 + 0 is 0
            end
            return bytes
          end
          local once, kept = run(), run()
          assert.is_true(once == kept and run() == kept)
          -- One weight that is not finite makes the pass take the rows as they are.
          local _, _, scores = nn.evaluate(model, nn.CrossEntropyLoss(), x, y)
          nn.no_grad(function() model[1].weight[{1, 1}] = math.huge end)
          local _, _, spoilt = nn.evaluate(model, nn.CrossEntropyLoss(), x, y)
          if #sizes == 2 and sizes[2] > 1 then
            local others = { {}, {2, sizes[2]} }
            assert.is_true(spoilt[others] == scores[others])
            assert.is_true(spoilt[{ {}, 1 }]:sum():item() ~= scores[{ {}, 1 }]:sum():item())
          end
        end
      end
    end
  end)

  it("notices that rows it has kept were written to", function()
    local f64 = {dtype = "float64"}
    local x = nn.randn(50, 40, f64) * nn.rand(50, 40):lt(0.2):to("float64")
    local model, y = network({40, 5, 3}, "float64", 1), nn.randint(1, 4, 50)
    for _ = 1, 3 do compare(model, nn.CrossEntropyLoss(), x, y, "fused") end
    x[{2, 3}] = 7
    compare(model, nn.CrossEntropyLoss(), x, y, "fused")
    x:add_(1)
    compare(model, nn.CrossEntropyLoss(), x, y, "fused")
    x[{ {1, 20} }] = 0
    local part = {{5, 40}}
    for _ = 1, 3 do compare(model, nn.CrossEntropyLoss(), x[part], y[part], "fused") end
    compare(model, nn.CrossEntropyLoss(), x, y, "fused")
  end)

  it("takes bytes that the network rescales, sparse or not", function()
    nn.manual_seed(3)
    for _, dtype in ipairs {"float64", "float32"} do
      for _, given in ipairs {{scale = 1 / 255}, {scale = -0.5, offset = 3}} do
        for _, n in ipairs {1, 200, 600} do
          local model = network({60, 9, 4}, dtype, 2)
          local whole = nn.Sequential(nn.Rescaling(given.scale, {offset = given.offset}),
                                      nn.Flatten())
          for i = 1, #model do whole:add(model[i]) end
          whole:to(dtype)
          local dense = nn.randint(0, 256, n, 6, 10):to("uint8")
          local y = nn.randint(1, 5, n)
          for _, x in ipairs {dense, dense * nn.rand(n, 6, 10):lt(0.2):to("uint8")} do
            for _ = 1, 3 do compare(whole, nn.CrossEntropyLoss(), x, y, "fused") end
            local numbers = (x:to("float64") * given.scale + (given.offset or 0)):to("float32")
            local loss = nn.evaluate(model, nn.CrossEntropyLoss(), numbers:to(dtype):flatten(2), y)
            assert_close((nn.evaluate(whole, nn.CrossEntropyLoss(), x, y)), loss,
                         TOLERANCE[dtype], "loss of bytes")
          end
        end
      end
    end
  end)

  -- Dense bytes, in digits where the machine multiplies them: float64 only where the bytes stand
  -- for multiples of one number in float64, too.
  it("gives the same bits in digits for any number of threads, and the tape's results", function()
    local core, threads, isa = require "nnlua.core", nn.get_num_threads(), nn.build_info().isa
    for _, set in ipairs {isa, "avx512", "portable"} do
      for _, case in ipairs {{"float32", 1 / 255, 700}, {"float64", 1 / 256, 700},
                             {"float64", 1, 90}, {"float32", -1 / 3, 5000}} do
        if core.set_isa(set) then
          nn.manual_seed(9)
          local dtype, scale, n = table.unpack(case)
          local x, y = nn.randint(0, 256, n, 83):to("uint8"), nn.randint(1, 8, n)
          local model = nn.Sequential(nn.Rescaling(scale), nn.Linear(83, 19), nn.Tanh(),
                                      nn.Linear(19, 7)):to(dtype)
          local first
          for _, count in ipairs {1, 2, 3, 4} do
            nn.set_num_threads(count)
            local bytes = nn.backprop(model, nn.CrossEntropyLoss(), x, y):tobytes()
            for _, gradient in ipairs(gradients(model)) do bytes = bytes .. gradient:tobytes() end
            first = first or bytes
            assert.is_true(first == bytes)
          end
          nn.set_num_threads(threads)
          compare(model, nn.CrossEntropyLoss(), x, y, "fused")
          local one = nn.Sequential(nn.Rescaling(scale), nn.Linear(83, 7)):to(dtype)
          compare(one, nn.CrossEntropyLoss(), x, y, "fused")
          -- A unit that a weight of -infinity keeps at 0 is 0 in any form of the rows.
          model[3] = nn.ReLU()
          nn.no_grad(function() model[2].weight[{4, 5}] = scale > 0 and -math.huge or math.huge end)
          compare(model, nn.CrossEntropyLoss(), x:maximum(1), y, "fused")
        end
      end
    end
    core.set_isa(isa)
  end)

  -- Digits are as exact as the largest weight or delta of a unit allows.
  it("multiplies dense bytes as they are where one weight or delta dwarfs the others", function()
    nn.manual_seed(5)
    local x, y = nn.randint(0, 256, 300, 90):to("uint8"), nn.randn(300, 4)
    x[{ {}, 1 }], x[{1, {}}] = 0, 0
    local model = nn.Sequential(nn.Rescaling(1 / 255), nn.Linear(90, 4))
    compare(model, nn.MSELoss(), x, y, "fused")
    y[{1, {}}] = 1e6 -- a target far off, in a row of zeros
    nn.backprop(model, nn.MSELoss(), x, y)
    local fused = gradients(model)[1]
    nn.MSELoss()(model(x), y):backward()
    assert_close(fused, gradients(model)[1], TOLERANCE.float32, "gradient")
    nn.no_grad(function() model[2].weight[{1, 1}] = 1e5 end) -- for a pixel that is 0
    local _, _, scores = nn.evaluate(model, nn.MSELoss(), x, y)
    assert_close(scores, model(x):detach(), TOLERANCE.float32, "scores")
  end)

  it("raises as the tape does where there is nothing to train", function()
    local model, x, y = network({4, 3, 2}, "float32", 1), nn.randn(5, 4), nn.randint(1, 3, 5)
    support.raises({"backward", "no_grad"}, nn.no_grad, nn.backprop, model, nn.CrossEntropyLoss(),
                   x, y)
    for _, p in ipairs(model:parameters()) do p.requires_grad = false end
    support.raises({"backward"}, nn.backprop, model, nn.CrossEntropyLoss(), x, y)
  end)

  it("gives gradients of 0 for no rows, whose mean loss is NaN", function()
    local model = network({5, 4, 3}, "float64", 1)
    local loss, correct, scores, path = nn.backprop(model, nn.CrossEntropyLoss(),
                                                    nn.zeros(0, 5, {dtype = "float64"}),
                                                    nn.zeros(0, {dtype = "int64"}))
    assert.equal(0, correct)
    assert.equal("fused", path)
    assert.is_true(loss:item() ~= loss:item())
    assert.same({0, 3}, scores:shape())
    for _, gradient in ipairs(gradients(model)) do
      assert.is_true(gradient == nn.zeros_like(gradient))
    end
  end)

  it("takes layers without features or units", function()
    local f64 = {dtype = "float64"}
    for _, sizes in ipairs {{0, 3}, {0, 4, 2}, {3, 0, 2}, {0, 0, 2}} do
      for _, n in ipairs {1, 40, 200} do
        local model = nn.Sequential()
        for l = 1, #sizes - 1 do
          local layer = nn.Linear(1, 1, f64)
          layer.weight = nn.randn(sizes[l + 1], sizes[l], f64):requires_grad_()
          layer.bias = nn.randn(sizes[l + 1], f64):requires_grad_()
          layer.check = function() end -- it expects an input of 1 feature
          model:add(layer)
        end
        local x, y = nn.zeros(n, sizes[1], f64), nn.randint(1, sizes[#sizes] + 1, n)
        compare(model, nn.CrossEntropyLoss(), x, y, "fused")
        compare(model, nn.CrossEntropyLoss(), x, y, "fused")
      end
    end
  end)

  it("takes layers wider than the input, and many of them", function()
    local sizes = {3, 300, 1, 200, 2}
    for i = 6, 30 do sizes[i] = 2 + i % 3 end
    local x, y = nn.randn(77, 3, {dtype = "float64"}), nn.randint(1, sizes[#sizes] + 1, 77)
    compare(network(sizes, "float64", 3), nn.CrossEntropyLoss(), x, y, "fused")
  end)

  it("reads strided inputs", function()
    local x = nn.randn(20, 50, {dtype = "float64"}):t()
    compare(network({20, 5, 4}, "float64", 2), nn.CrossEntropyLoss(), x, nn.randint(1, 5, 50),
            "fused")
  end)

  it("adds to gradients that are there, and to a shared weight from both its places", function()
    local shared = nn.Linear(6, 6, {dtype = "float64"})
    local model = nn.Sequential(shared, nn.Tanh(), shared)
    local x, y = nn.randn(10, 6, {dtype = "float64"}), nn.randint(1, 7, 10)
    compare(model, nn.CrossEntropyLoss(), x, y, "fused")
    nn.backprop(model, nn.CrossEntropyLoss(), x, y)
    local once = shared.weight.grad:clone()
    nn.backprop(model, nn.CrossEntropyLoss(), x, y)
    support.close(shared.weight.grad, once * 2)
  end)

  it("leaves parameters without requires_grad alone", function()
    local model = network({4, 3, 2}, "float64", 1)
    model[1].weight.requires_grad = false
    nn.backprop(model, nn.CrossEntropyLoss(), nn.randn(5, 4, {dtype = "float64"}),
                nn.randint(1, 3, 5))
    assert.is_nil(model[1].weight.grad)
    assert.truthy(model[3].weight.grad)
  end)

  it("gives the same bits for any number of threads", function()
    local before, first = nn.get_num_threads(), nil
    nn.manual_seed(4)
    local model = network({200, 40, 10}, "float32", 1)
    local x, y = nn.randn(1000, 200), nn.randint(1, 11, 1000)
    for _, threads in ipairs {1, 2, 4} do
      nn.set_num_threads(threads)
      local loss, _, scores = nn.backprop(model, nn.CrossEntropyLoss(), x, y)
      local bytes = loss:tobytes() .. scores:tobytes()
      for _, gradient in ipairs(gradients(model)) do bytes = bytes .. gradient:tobytes() end
      first = first or bytes
      assert.is_true(first == bytes)
    end
    nn.set_num_threads(before)
  end)

  it("agrees with finite differences", function()
    local model = network({5, 4, 3}, "float64", 1)
    local x, y = nn.randn(7, 5, {dtype = "float64"}), nn.randint(1, 4, 7)
    local criterion = nn.CrossEntropyLoss()
    nn.backprop(model, criterion, x, y)
    local weight = model[1].weight
    local at, eps = weight:detach(), 1e-6
    local function loss_with(value)
      nn.no_grad(function() weight[{2, 3}] = value end)
      return (nn.evaluate(model, criterion, x, y)):item()
    end
    local middle = at[{2, 3}]:item()
    local numeric = (loss_with(middle + eps) - loss_with(middle - eps)) / (2 * eps)
    loss_with(middle)
    assert.is_true(math.abs(numeric - weight.grad[{2, 3}]:item()) < 1e-8)
  end)

  it("names what does not fit and changes nothing", function()
    local model, criterion = network({4, 3, 2}, "float32", 1), nn.CrossEntropyLoss()
    local x = nn.randn(5, 4)
    support.raises({"layer 1 (Linear 4→3)", "[5,9]", "[*,4]", "backprop_spec"}, function()
      nn.backprop(model, criterion, nn.randn(5, 9), nn.randint(1, 3, 5))
    end)
    support.raises({"bad argument #4 to 'backprop'", "label 3 in row 2"}, function()
      nn.backprop(model, criterion, x, nn.tensor({1, 3, 1, 1, 1}, {dtype = "int64"}))
    end)
    support.raises({"argument #4"}, nn.backprop, model, criterion, x, nn.randint(1, 3, 6))
    local core = require "nnlua.core"
    support.raises({"layer 1 has no weight"}, core.chain_backprop, {5}, x, x, "mse", {})
    assert.is_nil(model[1].weight.grad)
  end)

  it("leaves the target to a criterion of the user's own, and counts no labels there", function()
    local model, x = network({4, 3}, "float32", 1), nn.randn(5, 4)
    local function criterion(scores) return (scores * scores):sum() end
    for _, y in ipairs {false, {1, 2}, nn.tensor({0, 1, 2, 0, 1}, {dtype = "int64"}),
                        nn.randint(1, 4, 6), nn.randn(5)} do
      local _, correct, scores, path = nn.backprop(model, criterion, x, y)
      assert.is_nil(correct)
      assert.equal("tape", path)
      support.close(model[1].weight.grad, 2 * scores:t():matmul(x), {rtol = 1e-4, atol = 1e-5})
      model:zero_grad()
      assert.is_nil((select(2, nn.evaluate(model, criterion, x, y))))
    end
    local _, correct = nn.backprop(model, criterion, x, nn.ones(5, {dtype = "int64"}))
    assert.equal("integer", math.type(correct))
  end)

  it("loses no memory when memory runs out", function()
    local core = require "nnlua.core"
    local model, criterion = network({4, 3, 2}, "float32", 1), nn.CrossEntropyLoss()
    -- seen: the rows come a second time, so that what is worked out from them is kept.
    local function fail_everywhere(seen)
      collectgarbage()
      local before, failures = core.memory(), 0
      repeat
        local x, y = nn.randn(50, 4), nn.randint(1, 3, 50)
        x[{ {}, {2, 4} }] = 0 -- mostly zero rows
        if seen then nn.evaluate(model, criterion, x, y) end
        failures = failures + 1
        core.fail_allocation(failures)
        local ok = pcall(nn.backprop, model, criterion, x, y)
        core.fail_allocation(0)
        assert(ok or model[1].weight.grad == nil)
      until ok
      model:zero_grad()
      collectgarbage() -- what was worked out from x lives as long as x
      collectgarbage()
      assert.equal(before, (core.memory()))
      assert.is_true(failures > 5)
    end
    fail_everywhere(false)
    fail_everywhere(true)
    -- The rows are taken in another form, and memory a second time.
    nn.no_grad(function() model[1].weight[{1, 1}] = math.huge end)
    fail_everywhere(false)
  end)
end)

describe("nn.backprop on the tape", function()
  it("takes models and losses that the fused pass does not cover", function()
    local f64 = {dtype = "float64"}
    local x, y = nn.randn(12, 6, f64), nn.randint(1, 4, 12)
    for _, model in ipairs {
      nn.Sequential(nn.Linear(6, 3, f64), nn.Softmax()),
      nn.Sequential(nn.Tanh(), nn.Linear(6, 3, f64)),
      nn.Sequential(nn.Sequential(nn.Linear(6, 3, f64))),
      nn.Sequential(nn.Linear(6, 4, f64), nn.Tanh(), nn.ReLU(), nn.Linear(4, 3, f64)),
    } do
      compare(model, nn.CrossEntropyLoss(), x, y, "tape")
    end
    compare(nn.Sequential(nn.Linear(6, 1, f64)), nn.L1Loss(), x, nn.randn(12, 1, f64), "tape")
    compare(nn.Sequential(nn.Linear(6, 3, f64)), nn.MSELoss {reduction = "sum"}, x:unsqueeze(1),
            nn.randn(1, 12, 3, f64), "tape")
  end)

  it("respects a forward of an instance's own", function()
    local model = network({4, 3, 2}, "float64", 1)
    model[1].forward = function(_, x) return x[{ {}, {1, 3} }] end
    compare(model, nn.CrossEntropyLoss(), nn.randn(5, 4, {dtype = "float64"}),
            nn.randint(1, 3, 5), "tape")
  end)

  it("leaves the criterion its kind of target, and counts only where there are labels", function()
    local model, x = network({4, 3, 2}, "float64", 1), nn.randn(5, 4, {dtype = "float64"})
    local function squares(z, goal) return ((z - (goal or 0)) ^ 2):mean() end
    for _, target in ipairs {0.5, false} do
      local loss, correct, scores, path = nn.backprop(model, squares, x, target or nil)
      assert.is_nil(correct)
      assert.equal("tape", path)
      assert.is_false(scores.requires_grad)
      local evaluated, accuracy = nn.evaluate(model, squares, x, target or nil)
      assert.is_true(loss == evaluated)
      assert.is_nil(accuracy)
    end
  end)

  it("raises before a gradient changes", function()
    local model, x = network({4, 3, 2}, "float32", 1), nn.randn(5, 4)
    local y = nn.tensor({1, 2, 1, 2, 3}, {dtype = "int64"})
    local criterion = nn.CrossEntropyLoss()
    local function ignoring(z) return z:mean() end
    local function raises(patterns, ...)
      support.raises(patterns, nn.backprop, ...)
      assert.is_nil(model[1].weight.grad)
    end
    raises({"bad argument #1 to 'backprop' (it gives a table, expected a tensor)"},
           function(input) return {model(input)} end, ignoring, x, y)
    raises({"bad argument #2 to 'backprop' (it gives a number, expected a tensor)"}, model,
           function() return 1 end, x, y)
    raises({"bad argument #1 to 'backprop' (module expected, got nil)"}, nil, criterion, x, y)
    raises({"bad argument #2 to 'backprop' (criterion expected, got tensor)"}, model, x, y)
    support.raises({"bad argument #2 to 'evaluate' (criterion expected, got nil)"}, nn.evaluate,
                   model)
  end)

  it("names the layer whose dtype differs", function()
    local model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2, {dtype = "float64"}))
    for _, f in ipairs {nn.backprop, nn.evaluate} do
      support.raises({"layer 2 (Linear 3→2): input is float32, the weights are float64"}, f, model,
                     nn.CrossEntropyLoss(), nn.randn(5, 4), nn.randint(1, 3, 5))
    end
  end)

  it("gives a tracked input its gradient", function()
    local model = network({4, 3, 2}, "float64", 1)
    local x = nn.randn(5, 4, {dtype = "float64"}):requires_grad_()
    local _, _, _, path = nn.backprop(model, nn.CrossEntropyLoss(), x, nn.randint(1, 3, 5))
    assert.equal("tape", path)
    assert.same({5, 4}, x.grad:shape())
  end)
end)

-- Metrics by hand-counted examples, and by scikit-learn's values.

local core = require "nnlua.core"
local nn = require "nnlua"
local support = require "tests.spec.support"

local function int64(values)
  return nn.tensor(values, {dtype = "int64"})
end

describe("nn.metrics.accuracy", function()
  local scores = nn.tensor {{1, 5, 2}, {7, 0, 0}, {0, 1, 2}, {3, 3, 1}}

  it("is the share of rows whose largest score is at the label", function()
    assert.equal(1.0, nn.metrics.accuracy(scores, int64 {2, 1, 3, 1}))
    assert.equal(0.5, nn.metrics.accuracy(scores, int64 {2, 1, 1, 2}))
    assert.equal(0.0, nn.metrics.accuracy(scores, int64 {1, 2, 1, 3}))
  end)

  it("takes tracked and strided scores", function()
    assert.equal(1.0, nn.metrics.accuracy(scores:t():contiguous():t():requires_grad_(),
                                          int64 {2, 1, 3, 1}))
  end)

  it("is NaN for no rows", function()
    local value = nn.metrics.accuracy(nn.zeros(0, 3), nn.zeros(0, {dtype = "int64"}))
    assert.is_true(value ~= value)
  end)

  it("names what does not fit", function()
    support.raises({"label 0 in row 2 is outside 1..3"}, function()
      nn.metrics.accuracy(scores, int64 {1, 0, 3, 1})
    end)
    support.raises({"bad argument #2 to 'accuracy'", "[4]", "[3]", "metrics_spec"}, function()
      nn.metrics.accuracy(scores, int64 {1, 2, 3})
    end)
    support.raises({"bad argument #1 to 'accuracy'", "[3]"}, nn.metrics.accuracy, nn.ones(3),
                   int64 {1, 2, 3})
    support.raises({"bad argument #2 to 'accuracy'", "float32"}, nn.metrics.accuracy, scores,
                   nn.ones(4))
    support.raises({"bad argument #1 to 'accuracy'", "nil"}, nn.metrics.accuracy)
  end)
end)

describe("nn.metrics", function()
  local metrics = nn.metrics
  local recorded = support.fixture "metrics"
  local scores, labels = support.tensor(recorded.scores), support.tensor(recorded.labels)
  local binary, tied = support.tensor(recorded.binary), support.tensor(recorded.tied)
  local target, guess = support.tensor(recorded.target), support.tensor(recorded.guess)
  local far, near = support.tensor(recorded.far), support.tensor(recorded.near)

  -- {make, a, b, expected by scikit-learn}
  local CASES = {
    accuracy = {metrics.Accuracy, scores, labels, recorded.accuracy},
    auc = {metrics.AUC, tied, binary, recorded.auc},
    mae = {metrics.MeanAbsoluteError, guess, target, recorded.mae},
    mse = {metrics.MeanSquaredError, guess, target, recorded.mse},
    r2 = {metrics.R2, guess, target, recorded.r2},
    r2_of_a_vector = {metrics.R2, guess[{{}, 1}], target[{{}, 1}], recorded.r2_first},
    r2_far_from_zero = {metrics.R2, near, far, recorded.r2_far, 1e-11},
  }
  for k, value in ipairs(recorded.top_k) do
    CASES["top_" .. k] = {function() return metrics.TopK(k) end, scores, labels, value}
  end
  local NAMES = {}
  for name in pairs(CASES) do
    NAMES[#NAMES + 1] = name
  end
  table.sort(NAMES)

  -- The value over the rows cut into pieces of that size, the last one first.
  local function in_pieces(m, a, b, size)
    for first = (a:size(1) - 1) // size * size + 1, 1, -size do
      local last = math.min(first + size - 1, a:size(1))
      assert.equal(m, m:update(a[{{first, last}}], b[{{first, last}}]))
    end
    return m:value()
  end

  it("gives what scikit-learn gives", function()
    for _, name in ipairs(NAMES) do
      local make, a, b, expected, rtol = table.unpack(CASES[name])
      support.close(make():update(a, b):value(), expected, name, {rtol = rtol})
    end
  end)

  it("has the same bits however the rows are cut and ordered", function()
    for _, name in ipairs(NAMES) do
      local make, a, b = table.unpack(CASES[name])
      local whole = make():update(a, b):value()
      for _, size in ipairs {1, 7, 60} do
        assert.equal(whole, in_pieces(make(), a, b, size), name)
      end
      local order = nn.randperm(60, {generator = nn.Generator(4)})
      assert.equal(whole, in_pieces(make(), a[order], b[order], 9), name)
    end
  end)

  it("begins anew after reset, and is NaN for nothing", function()
    for _, name in ipairs(NAMES) do
      local make, a, b = table.unpack(CASES[name])
      local m = make()
      local nothing = m:value()
      assert.is_true(nothing ~= nothing, name)
      local whole = m:update(a, b):value()
      assert.equal(whole, m:update(a, b):reset():update(a, b):value(), name)
      assert.equal(m, m:reset())
    end
  end)

  it("takes tracked, strided and float32 tensors", function()
    for _, name in ipairs(NAMES) do
      local make, a, b, expected = table.unpack(CASES[name])
      local m = make():update(support.strided(a):requires_grad_(), support.strided(b))
      support.close(m:value(), expected, name, {rtol = 1e-11})
      make():update(a:to("float32"), b)
    end
  end)

  describe("TopK", function()
    it("takes the first of equal scores, and NaN for the largest, as accuracy does", function()
      local nan = 0 / 0
      local rows = nn.tensor {{2, 2, 1}, {2, 2, 1}, {nan, 5, 0}, {nan, nan, nan}, {0, nan, 3}}
      local function shares(k, y)
        return metrics.TopK(k):update(rows, int64(y)):value()
      end
      assert.equal(1, shares(1, {1, 1, 1, 1, 2}))
      assert.equal(0, shares(1, {2, 2, 2, 2, 3}))
      assert.equal(1, shares(2, {2, 2, 2, 2, 3}))
      assert.equal(0, shares(2, {3, 3, 3, 3, 1}))
      for _, y in ipairs {{1, 2, 3, 1, 2}, {2, 1, 1, 3, 3}, {3, 3, 2, 2, 1}} do
        assert.equal(metrics.accuracy(rows, int64(y)), shares(1, y))
      end
    end)
  end)

  describe("ConfusionMatrix", function()
    it("counts, and tells precision, recall and F1", function()
      local m = metrics.ConfusionMatrix(5)
      support.equal(m:update(scores, labels):value(), recorded.confusion)
      support.close(m:precision(), recorded.precision)
      support.close(m:recall(), recorded.recall)
      support.close(m:f1(), recorded.f1)
      assert.equal(recorded.accuracy, m:accuracy())
      local halves = metrics.ConfusionMatrix(5)
      halves:update(scores[{{31, 60}}]:argmax(2), labels[{{31, 60}}])
      halves:update(scores[{{1, 30}}], labels[{{1, 30}}])
      support.equal(halves:value(), m:value())
      assert.equal(0, m:reset():value():sum():item())
    end)

    it("prints as a table", function()
      local m = metrics.ConfusionMatrix {"cat", "dog", "Öre"}
      m:update(int64 {1, 2, 3, 3, 1}, int64 {1, 2, 3, 2, 2})
      assert.equal(table.concat({
        "is \\ predicted  cat  dog  Öre",
        "cat               1    0    0",
        "dog               1    1    1",
        "Öre               0    0    1",
        "",
        "      precision  recall      F1  rows",
        "cat      0.5000  1.0000  0.6667     1",
        "dog      1.0000  0.3333  0.5000     3",
        "Öre      0.5000  1.0000  0.6667     1",
        "mean     0.6667  0.7778  0.6111     5",
        "",
        "accuracy 0.6000"}, "\n"), tostring(m))
      assert.is_nil(tostring(metrics.ConfusionMatrix(21)):find("predicted", 1, true))
    end)
  end)

  describe("AUC", function()
    it("counts equal scores half, and takes bools and columns", function()
      local function auc(s, y)
        return metrics.AUC():update(s, y):value()
      end
      assert.equal(0.5, auc(nn.ones(4), nn.tensor {0, 1, 0, 1}))
      assert.equal(1, auc(nn.tensor {1, 2}, nn.tensor {false, true}))
      assert.equal(0, auc(nn.tensor {{2}, {1}}, nn.tensor {{0}, {1}}))
      local inf = math.huge
      assert.equal(0.625, auc(nn.tensor {-inf, inf, inf, 0}, nn.tensor {0, 0, 1, 1}))
      local one_kind = auc(nn.ones(2), nn.ones(2))
      assert.is_true(one_kind ~= one_kind)
    end)
  end)

  describe("R2", function()
    it("is 1 or 0 where the targets are constant", function()
      local ones = nn.ones(3)
      assert.equal(1, metrics.R2():update(ones, ones):value())
      assert.equal(0, metrics.R2():update(nn.zeros(3), ones):value())
    end)
  end)

  describe("Mean", function()
    it("weighs numbers, and counts each element of a tensor", function()
      assert.equal(2.75, metrics.Mean():update(2, 3):update(5):value())
      assert.equal(2, metrics.Mean():update(nn.tensor {1, 2, 3}):value())
      local m = metrics.Mean():update(1e16):update(1):update(-1e16)
      assert.equal(1 / 3, m:value())
      assert.is_true(m:reset():value() ~= 0)
    end)
  end)

  it("sums exactly", function()
    for i, case in ipairs(recorded.sums) do
      local values = nn.tensor(case.values, {dtype = "float64"})
      local sums, squares = core.exact_sums(1), core.exact_sums(1)
      assert.equal(case.sum, (core.exact_value(core.exact_add_(sums, values), 1)), i)
      assert.equal(case.squares, (core.exact_value(core.exact_add_(squares, values, true), 1)), i)
      -- the same bits in the other order, one by one
      local again = core.exact_sums(1)
      for k = #case.values, 1, -1 do
        core.exact_add_(again, values[{{k, k}}])
      end
      support.equal(again, sums)
    end
    for i, case in ipairs(recorded.tiny) do
      local sums = core.exact_add_(core.exact_sums(1), nn.tensor(case.values, {dtype = "float64"}))
      assert.equal(case.sum, (core.exact_value(sums, 1)), i)
    end
    local function sum(values)
      return (core.exact_value(core.exact_add_(core.exact_sums(1),
                                               nn.tensor(values, {dtype = "float64"})), 1))
    end
    local inf = math.huge
    assert.same({inf, -inf, inf}, {sum {1, inf}, sum {-inf, 1e308}, sum {1.7e308, 1.7e308}})
    assert.is_true(sum {inf, -inf} ~= sum {inf, -inf} and sum {0 / 0} ~= 0)
  end)

  it("stays as it was where memory runs out", function()
    for _, name in ipairs(NAMES) do
      local make, a, b = table.unpack(CASES[name])
      local m = make():update(a, b)
      local before, failures = m:value(), 0
      local a2, b2 = support.strided(a), support.strided(b)
      for n = 1, 100 do
        core.fail_allocation(n)
        local ok = pcall(m.update, m, a2, b2)
        core.fail_allocation(0)
        if ok then break end
        failures = failures + 1
        assert.equal(before, m:value(), name)
      end
      assert.is_true(failures > 0 and failures < 100, name)
    end
  end)

  it("names what does not fit, and stays as it was", function()
    local function refused(patterns, m, ...)
      local before = m:value()
      support.raises(patterns, m.update, m, ...)
      local after = m:value()
      assert.is_true(before == after or before ~= before and after ~= after)
    end
    local three = nn.ones(3)
    refused({"#2 to 'AUC:update'", "float32 [2]", "float32 [3]"}, metrics.AUC(), three, nn.ones(2))
    refused({"AUC:update", "other than 0 and 1"}, metrics.AUC(), three, nn.tensor {0, 1, 2})
    refused({"AUC:update", "row 2 is not a number"}, metrics.AUC(), nn.tensor {1, 0 / 0, 2}, three)
    refused({"AUC:update", "int64 [3]"}, metrics.AUC(), int64 {1, 2, 3}, three)
    refused({"TopK:update", "[N,C]", "float32 [3]"}, metrics.TopK(1), three, int64 {1, 1, 1})
    refused({"TopK:update", "label 9 in row 1 is outside 1..5"}, metrics.TopK(1), scores,
            labels * 0 + 9)
    refused({"#2 to 'R2:update'", "[2]", "[3]"}, metrics.R2():update(three, three), three,
            nn.ones(2))
    refused({"R2:update", "2 columns", "1"}, metrics.R2():update(three, three), nn.ones(3, 2),
            nn.ones(3, 2))
    refused({"#1 to 'MeanSquaredError:update'", "nil"}, metrics.MeanSquaredError(), nil, three)
    refused({"Mean:update", "-1"}, metrics.Mean(), 1, -1)
    local m = metrics.ConfusionMatrix(3)
    support.raises({"#1 to 'ConfusionMatrix:update'", "label 4 in row 2 is outside 1..3"}, m.update,
                   m, int64 {1, 4}, int64 {1, 1})
    support.raises({"#2", "int64 [3]"}, m.update, m, int64 {1, 2, 3}, int64 {1, 2})
    support.raises({"[N,3]", "float64 [60,5]"}, m.update, m, scores, labels)
    support.raises({"ConfusionMatrix", "0"}, metrics.ConfusionMatrix, 0)
    support.raises({"TopK", "1.5"}, metrics.TopK, 1.5)
    support.raises({"Acuracy", "Accuracy"}, function() return metrics.Acuracy end)
  end)
end)

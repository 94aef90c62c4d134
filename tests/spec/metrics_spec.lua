-- Metrics by hand-counted examples.

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

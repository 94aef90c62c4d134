-- nn.metrics: numbers that say how well a model does.
--
--   local accuracy = nn.metrics.Accuracy()
--   for x, y in loader() do accuracy:update(model(x), y) end
--   print(accuracy:value())
--
-- Every class has m:update(...) -> m, m:value() and m:reset() -> m; a value by itself is
-- nn.metrics.AUC():update(scores, y):value().
--
-- Invariant: a value does not depend, in any bit, on how the rows are cut into batches or in which
-- order these come. Counts are integers; sums of floats are kept exact (nn/exact_sum.h) and
-- rounded once, when the value is asked for; AUC keeps all scores and counts pairs.

local classification = require "nnlua.metrics.classification"
local core = require "nnlua.core"
local options = require "nnlua.options"
local regression = require "nnlua.metrics.regression"

local metrics = {
  Accuracy = classification.Accuracy,
  TopK = classification.TopK,
  AUC = classification.AUC,
  ConfusionMatrix = require "nnlua.metrics.confusion",
  MeanAbsoluteError = regression.MeanAbsoluteError,
  MeanSquaredError = regression.MeanSquaredError,
  R2 = regression.R2,
  Mean = regression.Mean,
}

--- nn.metrics.accuracy(scores [N,C], labels int64 [N]) -> the share, 0..1, of rows whose largest
--- score (the first of equal ones) is at the label; labels are 1..C. NaN for no rows.
function metrics.accuracy(scores, labels)
  return core.count_correct(scores, labels) / core.size(scores, 1)
end

return options.strict("nn.metrics", metrics)

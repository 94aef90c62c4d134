-- nn.metrics: numbers that say how well a model does.

local core = require "nnlua.core"

local metrics = {}

--- nn.metrics.accuracy(scores [N,C], labels int64 [N]) -> the share, 0..1, of rows whose largest
--- score (the first of equal ones) is at the label; labels are 1..C. NaN for no rows.
function metrics.accuracy(scores, labels)
  return core.count_correct(scores, labels) / core.size(scores, 1)
end

return metrics

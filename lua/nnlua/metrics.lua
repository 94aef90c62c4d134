-- nn.metrics: numbers that say how well a model does.

local core = require "nnlua.core"

local metrics = {}

local function shape_text(x)
  return core.is_tensor(x) and "[" .. table.concat(x:shape(), ",") .. "]" or type(x)
end

--- nn.metrics.accuracy(scores [N,C], labels int64 [N]) -> the share, 0..1, of rows whose largest
--- score (the first of equal ones) is at the label; labels are 1..C. NaN for no rows.
function metrics.accuracy(scores, labels)
  if not core.is_tensor(scores) or core.ndim(scores) ~= 2 then
    core.arg_error(1, "accuracy", ("matrix [N,C] expected, got %s"):format(shape_text(scores)))
  end
  local n = scores:size(1)
  if not core.is_tensor(labels) or core.ndim(labels) ~= 1 or labels:size(1) ~= n then
    core.arg_error(2, "accuracy", ("labels [%d] expected, got %s"):format(n, shape_text(labels)))
  elseif labels:dtype() ~= "int64" then
    core.arg_error(2, "accuracy", ("int64 labels expected, got %s"):format(labels:dtype()))
  end
  local outside = core.lt(labels, 1):logical_or(core.gt(labels, scores:size(2)))
  if core.any(outside):item() then
    local row = core.argmax(outside):item()
    core.arg_error(2, "accuracy", ("label %d in row %d is outside 1..%d"):format(
      labels[row]:item(), row, scores:size(2)))
  end
  local hits = core.eq(core.argmax(scores, 2), labels)
  return core.item(core.sum(hits)) / n
end

return metrics

-- Labels as rows that are 1 at the label and 0 elsewhere.

local core = require "nnlua.core"
local options = require "nnlua.options"

--- data.one_hot(labels, classes [, {dtype = "float32"}]) -> [N, classes].
--- labels: int64 or uint8 [N], each 1..classes. Raises for another label, naming its row.
return function(labels, classes, given)
  local opts = options.check("one_hot", given, {dtype = "float32"})
  local is_vector = core.is_tensor(labels) and core.ndim(labels) == 1
    and (core.dtype(labels) == "int64" or core.dtype(labels) == "uint8")
  if not is_vector then
    core.arg_error(1, "one_hot", "int64 vector of labels expected, got " .. (core.is_tensor(labels)
      and ("%s [%s]"):format(core.dtype(labels), table.concat(core.shape(labels), ","))
      or options.type_name(labels)))
  end
  local count = math.type(classes) and math.tointeger(classes)
  if not count or count < 1 then
    core.arg_error(2, "one_hot", "positive number of classes expected, got " .. tostring(classes))
  end
  labels = core.to(labels, "int64")
  local wrong = core.logical_or(core.lt(labels, 1), core.gt(labels, count))
  if core.item(core.any(wrong)) then
    local row = core.item(core.argmax(core.to(wrong, "uint8")))
    core.arg_error(1, "one_hot", ("label %d in row %d is outside 1..%d"):format(
      core.item(labels[row]), row, count))
  end
  local rows = core.unsqueeze(labels, 2)
  return core.scatter_add_(core.zeros(core.size(labels, 1), count, {dtype = opts.dtype}), 2, rows,
                           core.ones(core.size(labels, 1), 1, {dtype = opts.dtype}))
end

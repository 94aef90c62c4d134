-- Checks of class labels, for functions written in Lua.

local core = require "nnlua.core"
local options = require "nnlua.options"

local labels = {}

--- labels.describe(value) -> "int64 [3]" of a tensor, the type's name of anything else.
function labels.describe(value)
  if not core.is_tensor(value) then return options.type_name(value) end
  return ("%s [%s]"):format(core.dtype(value), table.concat(core.shape(value), ","))
end

--- labels.check(position, function_name, y, classes [, rows]) -> y as int64: a vector of labels
--- 1..classes, of that many rows. Raises for argument `position` of the function if it is not.
function labels.check(position, function_name, y, classes, rows)
  local is_vector = core.is_tensor(y) and core.ndim(y) == 1
    and (core.dtype(y) == "int64" or core.dtype(y) == "uint8")
  if not is_vector or rows and core.size(y, 1) ~= rows then
    core.arg_error(position, function_name, ("labels int64 [%s] expected, got %s"):format(
      rows or "N", labels.describe(y)))
  end
  y = core.to(y, "int64")
  local wrong = core.logical_or(core.lt(y, 1), core.gt(y, classes))
  if core.item(core.any(wrong)) then
    local row = core.item(core.argmax(core.to(wrong, "uint8")))
    core.arg_error(position, function_name, ("label %d in row %d is outside 1..%d"):format(
      core.item(core.index(y, row)), row, classes))
  end
  return y
end

--- labels.check_scores(position, function_name, scores [, classes]) -> number of rows, of classes.
--- Raises unless scores are a float matrix [N,C], C = classes if given.
function labels.check_scores(position, function_name, scores, classes)
  local dtype = core.is_tensor(scores) and core.dtype(scores)
  if not (dtype == "float32" or dtype == "float64") or core.ndim(scores) ~= 2
    or classes and core.size(scores, 2) ~= classes then
    core.arg_error(position, function_name, ("scores [N,%s] expected, got %s"):format(
      classes or "C", labels.describe(scores)))
  end
  return core.size(scores, 1), core.size(scores, 2)
end

return labels

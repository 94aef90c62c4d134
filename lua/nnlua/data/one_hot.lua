-- Labels as rows that are 1 at the label and 0 elsewhere.

local core = require "nnlua.core"
local labels = require "nnlua.labels"
local options = require "nnlua.options"

--- data.one_hot(labels, classes [, {dtype = "float32"}]) -> [N, classes].
--- labels: int64 or uint8 [N], each 1..classes. Raises for another label, naming its row.
return function(y, classes, given)
  local opts = options.check("one_hot", given, {dtype = "float32"})
  local count = math.type(classes) and math.tointeger(classes)
  if not count or count < 1 then
    core.arg_error(2, "one_hot", "positive number of classes expected, got " .. tostring(classes))
  end
  y = labels.check(1, "one_hot", y, count)
  local n = core.size(y, 1)
  return core.scatter_add_(core.zeros(n, count, {dtype = opts.dtype}), 2, core.unsqueeze(y, 2),
                           core.ones(n, 1, {dtype = opts.dtype}))
end

-- Tensors made longer, or shorter, at the two ends of a dimension.

local core = require "nnlua.core"
local functional = require "nnlua.functional"

local padding = {}

--- padding.SOURCES: which elements (0..n-1) stand at positions i, some of them outside; by mode.
padding.SOURCES = {
  edge = function(i, n) return core.clamp(i, 0, n - 1) end,
  reflect = function(i, n)
    local period = math.max(1, 2 * (n - 1))
    i = core.remainder(i, period)
    return core.minimum(i, core.sub(period, i))
  end,
}

--- padding.from(x, dim, before, after, source) -> x with so many elements more, taken from x.
function padding.from(x, dim, before, after, source)
  local n = x:size(dim)
  local indices = source(core.arange(-before, n + after), n)
  return functional.index_select(x, dim, core.add(indices, 1))
end

--- padding.constant(x, dim, before, after, value) -> x with so many elements of that value before
--- and after its own; negative numbers take away.
function padding.constant(x, dim, before, after, value)
  local key, n = {}, x:size(dim)
  for i = 1, x:ndim() do
    key[i] = {}
  end
  key[dim] = {1 + math.max(0, -before), n + math.min(0, after)}
  x = (before < 0 or after < 0) and functional.index(x, key) or x
  local shape = x:shape()
  local function block(size)
    shape[dim] = size
    return core.full(shape, value, {dtype = x:dtype()})
  end
  local parts = {before > 0 and block(before) or x, before > 0 and x or nil}
  parts[#parts + 1] = after > 0 and block(after) or nil
  return #parts == 1 and x or functional.cat(parts, dim)
end

return padding

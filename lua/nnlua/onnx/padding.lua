-- Tensors made longer, or shorter, at the two ends of a dimension.

local core = require "nnlua.core"
local functional = require "nnlua.functional"

local padding = {}

--- padding.SOURCES: which element (0..n-1) stands at position i, which may lie outside; by mode.
padding.SOURCES = {
  edge = function(i, n) return math.max(0, math.min(n - 1, i)) end,
  reflect = function(i, n)
    i = i % math.max(1, 2 * (n - 1))
    return i < n and i or 2 * (n - 1) - i
  end,
}

--- padding.from(x, dim, before, after, source) -> x with so many elements more, taken from x.
function padding.from(x, dim, before, after, source)
  local indices, n = {}, x:size(dim)
  for i = -before, n + after - 1 do
    indices[#indices + 1] = source(i, n) + 1
  end
  return functional.index_select(x, dim, core.tensor(indices, {dtype = "int64"}))
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

-- Gradient rules of views, copies, joining and picking: dy goes back to where an element came from.

local core = require "nnlua.core"

local function same(dy)
  return dy
end

-- dy in the shape of the argument.
local function reshape(dy, _, shape)
  return core.reshape(dy, shape)
end

local function zeros(shape, dy)
  return core.zeros(shape, {dtype = core.dtype(dy)})
end

local function inverse(dims)
  local back = {}
  for i, dim in ipairs(dims) do
    back[dim > 0 and dim or #dims + 1 + dim] = i
  end
  return back
end

-- A key is copied to its depth of two, because its owner may change it before the walk back.
local function copy_key(key)
  if type(key) ~= "table" then
    return key
  end
  local copy = {}
  for i, entry in ipairs(key) do
    copy[i] = type(entry) == "table" and table.move(entry, 1, #entry, 1, {}) or entry
  end
  return copy
end

return function(define, functional)
  for _, name in ipairs {"reshape", "view", "flatten", "squeeze", "unsqueeze"} do
    define(name, {forward = core[name], shapes = true, gradients = {reshape}})
  end
  define("transpose", {
    forward = core.transpose,
    gradients = {function(dy, _, _, a, b) return core.transpose(dy, a, b) end},
  })
  define("t", {forward = core.t, gradients = {function(dy) return core.t(dy) end}})
  define("permute", {
    forward = core.permute,
    gradients = {function(dy, _, _, first, ...)
      return core.permute(dy, inverse(type(first) == "table" and first or {first, ...}))
    end},
  })
  -- The sum over the new dimensions is what `broadcasts` does, the old dtype is what `casts` does.
  define("expand", {forward = core.expand, broadcasts = true, gradients = {same}})
  define("to", {forward = core.to, casts = true, gradients = {same}})
  define("contiguous", {forward = core.contiguous, gradients = {same}})
  define("clone", {forward = core.clone, gradients = {same}})

  define("cat", {
    forward = core.cat, list = true, casts = true,
    backward = function(needs, dy, _, shapes, dim)
      local pieces, from, key = {}, 1, {}
      dim = dim or 1
      dim = dim > 0 and dim or core.ndim(dy) + 1 + dim
      for d = 1, dim - 1 do
        key[d] = {}
      end
      for i, shape in ipairs(shapes) do
        local size = shape[dim]
        key[dim] = {from, from + size - 1}
        pieces[i] = needs[i] and core.index(dy, key)
        from = from + size
      end
      return pieces
    end,
  })
  define("stack", {
    forward = core.stack, list = true, casts = true,
    backward = function(needs, dy, _, shapes, dim)
      local pieces, key = {}, {}
      dim = dim or 1
      dim = dim > 0 and dim or core.ndim(dy) + 1 + dim
      for d = 1, dim - 1 do
        key[d] = {}
      end
      for i = 1, #shapes do
        key[dim] = i
        pieces[i] = needs[i] and core.index(dy, key)
      end
      return pieces
    end,
  })

  -- y = x[key]
  local index = define("index", {
    forward = core.index, keeps = {2}, shapes = true, fresh = true, hidden = true,
    gradients = {function(dy, _, shape, key)
      local dx = zeros(shape, dy)
      if core.is_tensor(key) and core.dtype(key) == "int64" then
        return core.index_add_(dx, 1, key, dy) -- an index may occur more than once
      end
      core.set_index(dx, key, dy)
      return dx
    end},
  })
  functional.index = function(x, key)
    return index(x, copy_key(key))
  end
  define("index_select", {
    forward = core.index_select, keeps = {3}, shapes = true, fresh = true,
    gradients = {function(dy, _, shape, dim, indices)
      return core.index_add_(zeros(shape, dy), dim, indices, dy)
    end},
  })
  define("gather", {
    forward = core.gather, keeps = {3}, shapes = true, fresh = true,
    gradients = {function(dy, _, shape, dim, indices)
      return core.scatter_add_(zeros(shape, dy), dim, indices, dy)
    end},
  })
  define("masked_select", {
    forward = core.masked_select, keeps = {2}, shapes = true, fresh = true,
    gradients = {function(dy, _, shape, mask)
      local dx = zeros(shape, dy)
      core.set_index(dx, mask, dy)
      return dx
    end},
  })
end

-- Gradient rules of sums, means, spreads and extremes, over one dimension or over everything.
--
-- Arguments as in the core: (x), (x, dim), (x, dim, options), (x, options). What flows back first
-- gets a shape that broadcasts against x (beside); then the rules are the textbook's.

local core = require "nnlua.core"

local mul, div, sub, where = core.mul, core.div, core.sub, core.where

-- The options of a reduction that was called as (x, dim, options) or (x, options).
local function split(dim, options)
  if type(dim) == "table" then
    return nil, dim
  end
  return dim, options or {}
end

-- t, which came from reducing, as a view that broadcasts against x.
local function beside(t, dim, options)
  dim, options = split(dim, options)
  if dim and not options.keepdim then
    return core.unsqueeze(t, dim)
  end
  return t
end

-- t, which came from reducing something of that shape, repeated over the reduced dimensions.
local function spread(t, shape, dim, options)
  return core.expand(beside(t, dim, options), shape)
end

-- How many elements went into each element of the result.
local function count(shape, dim)
  if type(dim) == "number" then
    return shape[dim > 0 and dim or #shape + 1 + dim]
  end
  local n = 1
  for _, size in ipairs(shape) do
    n = n * size
  end
  return n
end

-- With the dimension kept, whatever the caller chose; further options as they are.
local function kept(options)
  local new = {}
  for key, value in pairs(options) do
    new[key] = value
  end
  new.keepdim = true
  return new
end

-- f(x) over the same dimension as before, in a shape that broadcasts against x.
local function again(f, x, dim, options)
  dim, options = split(dim, options)
  if dim then
    return f(x, dim, kept(options))
  end
  options = kept(options)
  options.keepdim = nil
  return f(x, options)
end

-- (x - mean x) / (n - 1), or n without Bessel's correction.
local function deviation(x, dim, options)
  local d, o = split(dim, options)
  local n = count(core.shape(x), d)
  local centred = sub(x, again(core.mean, x, d, {}))
  return div(centred, o.unbiased == false and n or n - 1)
end

-- Evenly to all elements that equal the extreme.
local function to_ties(dy, y, x)
  local ties = core.to(core.eq(x, y), core.dtype(x))
  return div(mul(ties, dy), core.sum(ties))
end

-- To the element that the index names.
local function to_index(dy, index, shape, dim, options)
  local dx = core.zeros(shape, {dtype = core.dtype(dy)})
  local at = beside(index, dim, options)
  return core.scatter_add_(dx, dim, at, beside(dy, dim, options))
end

return function(define, functional)
  define("sum", {
    forward = core.sum, shapes = true,
    gradients = {function(dy, _, ...) return spread(dy, ...) end},
  })
  -- dx = dy / n
  define("mean", {
    forward = core.mean, shapes = true,
    gradients = {function(dy, _, shape, dim, options)
      return spread(div(dy, count(shape, dim)), shape, dim, options)
    end},
  })
  -- dx_i = dy times the product of all others: y / x_i, or of the others if x_i is the only zero
  define("prod", {
    forward = core.prod, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x, dim, options)
      local is_zero = core.eq(x, 0)
      local others = where(is_zero, 1.0, x)
      local zeros = again(core.sum, core.to(is_zero, core.dtype(x)), dim, options)
      local alone = core.logical_and(is_zero, core.eq(zeros, 1))
      local product = div(again(core.prod, others, dim, options), others)
      local used = core.logical_or(alone, core.eq(zeros, 0))
      return mul(where(used, product, 0.0), beside(dy, dim, options))
    end},
  })
  -- y = sum (x - mean)^2 / (n - 1):  dx = 2 dy (x - mean) / (n - 1)
  define("var", {
    forward = core.var, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x, dim, options)
      return mul(mul(deviation(x, dim, options), 2.0), beside(dy, dim, options))
    end},
  })
  -- dx = dy (x - mean) / ((n - 1) y), 0 where y = 0
  define("std", {
    forward = core.std, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x, dim, options)
      local y = again(core.std, x, dim, options)
      local scale = where(core.eq(y, 0), 0.0, div(beside(dy, dim, options), y))
      return mul(deviation(x, dim, options), scale)
    end},
  })
  -- y = (sum |x|^p)^(1/p):  dx = dy sign x (|x| / y)^(p-1), 0 where y = 0;
  -- p = infinity: dy sign x evenly to the elements with |x| = y
  define("norm", {
    forward = core.norm, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x, dim, options)
      local d, o = split(dim, options)
      local y = again(core.norm, x, dim, options)
      local direction, size = mul(core.sign(x), beside(dy, dim, options)), core.abs(x)
      if o.p == math.huge then
        local ties = core.to(core.eq(size, y), core.dtype(x))
        return mul(direction, div(ties, again(core.sum, ties, d, {})))
      end
      local ratio = div(size, where(core.eq(y, 0), 1.0, y))
      return mul(direction, core.pow(ratio, (o.p or 2) - 1))
    end},
  })

  for _, name in ipairs {"max", "min"} do
    local forward = core[name]
    local all = define(name .. "_all", {
      forward = forward, keeps = {1, "y"}, hidden = true, fresh = true,
      gradients = {to_ties},
    })
    local along = define(name .. "_dim", {
      forward = forward, keeps = {"second"}, shapes = true, hidden = true, fresh = true,
      gradients = {to_index},
    })
    functional[name] = function(x, dim, ...)
      if math.type(dim) then
        return along(x, dim, ...)
      end
      return all(x, dim, ...)
    end
  end
end

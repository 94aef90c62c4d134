-- ONNX operators that reduce along axes.

local core = require "nnlua.core"
local functional = require "nnlua.functional"

local KEPT = {keepdim = true}

-- f along each of the dimensions, which stay with size 1.
local function along(f, x, dims)
  for _, dim in ipairs(dims) do
    x = f(x, dim, KEPT) -- of max and min the values only: one result is assigned
  end
  return x
end

-- The sum of exponentials, the largest of which is taken out so that none overflows.
local function log_sum_exp(x, dims)
  local largest = along(core.max, x:detach(), dims)
  return functional.log(along(functional.sum, functional.exp(x - largest), dims)) + largest
end

-- What x becomes over the dimensions, by the operator's name behind "Reduce".
local REDUCTIONS = {
  Sum = function(x, dims) return along(functional.sum, x, dims) end,
  Mean = function(x, dims) return along(functional.mean, x, dims) end,
  Prod = function(x, dims) return along(functional.prod, x, dims) end,
  Max = function(x, dims) return along(functional.max, x, dims) end,
  Min = function(x, dims) return along(functional.min, x, dims) end,
  L1 = function(x, dims) return along(functional.sum, functional.abs(x), dims) end,
  L2 = function(x, dims)
    return functional.sqrt(along(functional.sum, functional.square(x), dims))
  end,
  SumSquare = function(x, dims) return along(functional.sum, functional.square(x), dims) end,
  LogSum = function(x, dims) return functional.log(along(functional.sum, x, dims)) end,
  LogSumExp = log_sum_exp,
}

-- Without the dimensions, all of size 1.
local function drop(x, dims)
  local dropped, shape = {}, {}
  for _, dim in ipairs(dims) do
    dropped[dim] = true
  end
  for dim, size in ipairs(x:shape()) do
    shape[#shape + 1] = not dropped[dim] and size or nil
  end
  return functional.reshape(x, shape)
end

local function all_dims(x)
  local dims = {}
  for dim = 1, x:ndim() do
    dims[dim] = dim
  end
  return dims
end

-- The last of several equal extremes: the first of the reversed ones.
local function last_index(f, x, dim)
  local key = all_dims(x)
  for i = 1, #key do
    key[i] = i == dim and {-1, 1, -1} or {}
  end
  return core.sub(core.size(x, dim), f(core.index(x, key), dim, KEPT))
end

return function(define, operators)
  for name, reduce in pairs(REDUCTIONS) do
    define("Reduce" .. name, {
      axes = operators.OPTIONAL, keepdims = 1, noop_with_empty_axes = 0,
    }, function(a, x, input)
      local dims = operators.axes(x, a, input)
      if not dims or #dims == 0 then
        if a.noop_with_empty_axes == 1 then return x end
        dims = all_dims(x)
      end
      local y = reduce(x, dims)
      return a.keepdims == 1 and y or drop(y, dims)
    end)
  end

  for name, f in pairs {ArgMax = core.argmax, ArgMin = core.argmin} do
    define(name, {axis = 0, keepdims = 1, select_last_index = 0}, function(a, x)
      local dim = operators.dim(x, a.axis)
      local y = a.select_last_index == 1 and last_index(f, x, dim)
        or core.sub(f(x, dim, KEPT), 1)
      return a.keepdims == 1 and y or core.squeeze(y, dim)
    end)
  end
end

-- leaves.lua - float64 tensors to check gradients at, for the case files beside this one.

local nn = require "nnlua"

local F64 = {dtype = "float64"}

local leaves = {}

--- leaf(size, ...): requires a gradient; values that no rule finds special: distinct, away from 0,
--- of both signs.
function leaves.leaf(...)
  local shape, n = {...}, 1
  for _, size in ipairs(shape) do
    n = n * size
  end
  local values = {}
  for i = 1, n do
    values[i] = (i * 0.37 % 1 + 0.25) * (i % 3 == 0 and -1 or 1) + i * 0.01
  end
  local x = #shape == 0 and nn.tensor(values[1], F64) or nn.tensor(values, F64):reshape(shape)
  return x:requires_grad_()
end

function leaves.positive(...)
  return leaves.leaf(...):detach():abs():add(0.1):requires_grad_()
end

--- In (0,1), away from both ends.
function leaves.probability(...)
  return leaves.leaf(...):detach():sigmoid():requires_grad_()
end

function leaves.f64(values)
  return nn.tensor(values, F64)
end

function leaves.int64(values)
  return nn.tensor(values, {dtype = "int64"})
end

return leaves

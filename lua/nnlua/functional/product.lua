-- Gradient rules of matrix products.

local core = require "nnlua.core"
local options = require "nnlua.options"

local matmul, unsqueeze, reshape = core.matmul, core.unsqueeze, core.reshape

-- A vector on the left is a row, on the right a column.
local function as_row(a)
  return core.ndim(a) == 1 and unsqueeze(a, 1) or a
end

local function as_column(b)
  return core.ndim(b) == 1 and unsqueeze(b, 2) or b
end

-- dy with the dimensions of size 1 that the product dropped for a vector a or b.
local function as_product(dy, a, b)
  if core.ndim(b) == 1 then
    dy = unsqueeze(dy, -1)
  end
  if core.ndim(a) == 1 then
    dy = unsqueeze(dy, -2)
  end
  return dy
end

-- (..., M, K) as (..M, K): one product instead of a batch of them that is summed afterwards.
local function as_matrix(a)
  return reshape(a, {-1, core.size(a, -1)})
end

-- Sums a batch of products down to the operand.
local function to_operand(gradient, operand, operand_as_matrix)
  return reshape(core.sum_to(gradient, operand_as_matrix), core.shape(operand))
end

local function da(dy, _, a, b)
  local row, column = as_row(a), as_column(b)
  local gradient = matmul(as_product(dy, a, b), core.transpose(column, -1, -2))
  return to_operand(gradient, a, row)
end

local function db(dy, _, a, b)
  local row, column = as_row(a), as_column(b)
  dy = as_product(dy, a, b)
  if core.ndim(column) == 2 and core.ndim(row) > 2 and core.numel(row) > 0 then
    row, dy = as_matrix(row), as_matrix(dy)
  end
  return to_operand(matmul(core.transpose(row, -1, -2), dy), b, column)
end

local function check_vectors(name, a, b)
  for i, v in ipairs {a, b} do
    if core.is_tensor(v) and core.ndim(v) ~= 1 then
      core.arg_error(i, name, ("vector expected, got shape [%s]")
        :format(table.concat(core.shape(v), ",")))
    elseif not core.is_tensor(v) then
      core.arg_error(i, name, "tensor expected, got " .. options.type_name(v))
    end
  end
end

return function(define, functional)
  -- y = a b:  da = dy b^T;  db = a^T dy
  local product = define("matmul", {
    forward = matmul, inputs = {1, 2}, keeps = {1, 2},
    gradients = {da, db},
  })

  --- nn.dot(a, b), a:dot(b) -> sum_i a_i b_i, 0-dim. a, b: (N).
  function functional.dot(a, b)
    check_vectors("dot", a, b)
    return product(a, b)
  end

  --- nn.outer(a, b), a:outer(b) -> y with y_ij = a_i b_j. a: (M), b: (N), y: (M,N).
  function functional.outer(a, b)
    check_vectors("outer", a, b)
    return functional.mul(functional.unsqueeze(a, 2), functional.unsqueeze(b, 1))
  end

  -- z = x W^T + b
  define("linear", {
    forward = core.linear, inputs = {1, 2, 3}, keeps = {1, 2}, fresh = true,
    backward = function(needs, dz, _, x, W)
      return core.linear_backward(dz, x, W, {
        input = needs[1] or false, weight = needs[2] or false, bias = needs[3] or false,
      })
    end,
  })
end

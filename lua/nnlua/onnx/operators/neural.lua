-- ONNX operators of layers: products, softmax, normalisation.

local functional = require "nnlua.functional"
local options = require "nnlua.options"

-- A vector with one entry per channel as something that broadcasts against [N, C, ...].
local function per_channel(v, x)
  local shape = {}
  for i = 1, x:ndim() do
    shape[i] = i == 2 and v:numel() or 1
  end
  return functional.reshape(v, shape)
end

-- (x - mean) / sqrt(var + epsilon) over dimensions first and on, with both of them.
local function standardised(x, first, epsilon)
  local shape = x:shape()
  local rows = table.move(shape, 1, first - 1, 1, {})
  rows[first] = -1
  local flat = functional.reshape(x, rows)
  local mean = functional.mean(flat, first, {keepdim = true})
  local centred = flat - mean
  local variance = functional.mean(functional.square(centred), first, {keepdim = true})
  local scale = functional.reciprocal(functional.sqrt(variance + epsilon))
  return functional.reshape(centred * scale, shape), mean, scale
end

-- Along one axis from opset 13 on; before, all axes from that one on are one.
local function softmax(f)
  return function(a, x)
    local axis = a.axis or a.version >= 13 and -1 or 1
    if a.version >= 13 then
      return f(x, {dim = axis >= 0 and axis + 1 or axis})
    end
    local shape, rows = x:shape(), 1
    for i = 1, axis < 0 and axis + #shape or axis do
      rows = rows * shape[i]
    end
    return functional.reshape(f(functional.reshape(x, {rows, -1})), shape)
  end
end

return function(define, operators)
  local OPTIONAL = operators.OPTIONAL

  -- alpha A' B' + beta C
  define("Gemm", {
    alpha = 1.0, beta = 1.0, transA = 0, transB = 0, broadcast = 1,
  }, function(a, A, B, C)
    A = a.transA == 1 and functional.t(A) or A
    if a.transB == 1 and a.alpha == 1 and (not C or a.beta == 1 and C:ndim() == 1
                                           and C:size(1) == B:size(1)) then
      return functional.linear(A, B, C)
    end
    local y = functional.matmul(A, a.transB == 1 and functional.t(B) or B)
    y = a.alpha == 1 and y or y * a.alpha
    return C and y + (a.beta == 1 and C or C * a.beta) or y
  end)
  define("MatMul", {}, function(_, a, b) return functional.matmul(a, b) end)

  define("Softmax", {axis = OPTIONAL}, softmax(functional.softmax))
  define("LogSoftmax", {axis = OPTIONAL}, softmax(functional.log_softmax))

  define("BatchNormalization", {
    epsilon = 1e-5, momentum = 0.9, training_mode = 0, spatial = 1, is_test = 1,
    consumed_inputs = OPTIONAL,
  }, function(a, x, scale, bias, mean, variance)
    if a.training_mode ~= 0 or a.is_test ~= 1 or a.outputs > 1 then
      options.raise("training_mode is not supported")
    elseif a.spatial ~= 1 then
      options.raise("spatial = 0 is not supported")
    end
    local factor = scale / functional.sqrt(variance + a.epsilon)
    return x * per_channel(factor, x) + per_channel(bias - mean * factor, x)
  end)
  define("LayerNormalization", {axis = -1, epsilon = 1e-5, stash_type = 1},
         function(a, x, scale, bias)
    local first = operators.dim(x, a.axis)
    local y, mean, deviation = standardised(x, first, a.epsilon)
    y = y * scale
    y = bias and y + bias or y
    if a.outputs == 1 then return y end
    local shape = x:shape()
    for i = first, #shape do
      shape[i] = 1
    end
    return y, functional.reshape(mean, shape), functional.reshape(deviation, shape)
  end)
  define("InstanceNormalization", {epsilon = 1e-5}, function(a, x, scale, bias)
    local y = standardised(x, 3, a.epsilon)
    return y * per_channel(scale, x) + per_channel(bias, x)
  end)
  for name, f in pairs {GlobalAveragePool = functional.mean, GlobalMaxPool = functional.max} do
    define(name, {}, function(_, x)
      for dim = 3, x:ndim() do
        x = f(x, dim, {keepdim = true})
      end
      return x
    end)
  end
end

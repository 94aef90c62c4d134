-- ONNX operators that work element by element; operands broadcast.

local core = require "nnlua.core"
local functional = require "nnlua.functional"
local options = require "nnlua.options"

local where = functional.where

local function is_float(x)
  return x:dtype() == "float32" or x:dtype() == "float64"
end

-- y with sizes of 1 behind its own, which are those of a tensor of that rank from axis on.
local function aligned(y, axis, ndim)
  local shape = y:shape()
  for _ = #shape + 1, ndim - (axis < 0 and axis + ndim or axis) do
    shape[#shape + 1] = 1
  end
  return functional.reshape(y, shape)
end

-- Of integers rounded toward zero, as C does.
local function divide(a, b)
  if is_float(a) then
    return functional.div(a, b)
  end
  local quotient = core.floor_divide(a, b)
  local inexact = core.ne(core.mul(quotient, b), a)
  return core.where(core.logical_and(inexact, core.lt(quotient, 0)), core.add(quotient, 1),
                    quotient)
end

-- The dtype is that of the base.
local function power(a, b)
  local y
  if is_float(a) then
    y = functional.pow(a, b:to(a:dtype()))
  elseif is_float(b) then
    y = core.pow(a:to("float64"), b:to("float64"))
  else
    y = core.pow(a, b)
  end
  return y:to(a:dtype())
end

-- fmod: the sign of a, as C's fmod; else that of b.
local function modulo(a, x, y)
  if a.fmod == 0 then
    return functional.remainder(x, y)
  end
  local size = functional.remainder(functional.abs(x), functional.abs(y))
  return functional.mul(size, core.sign(x))
end

-- f over any number of inputs.
local function fold(f)
  return function(_, first, ...)
    local y = first
    for _, x in ipairs {...} do
      y = f(y, x)
    end
    return y
  end
end

-- A bound of Clip: an attribute before opset 11, an input from then on.
local function bound(attribute, input)
  if input and input:numel() ~= 1 then
    options.raise("a bound has shape [%s]", table.concat(input:shape(), ","))
  end
  return input and input:item() or attribute
end

local function hard_sigmoid(x, alpha, beta)
  return functional.clamp(x * alpha + beta, 0, 1)
end

-- x where x > 0, else alpha (exp(x / alpha) - 1), all times gamma.
local function selu(x, alpha, gamma)
  return functional.elu(x, {alpha = alpha}) * gamma
end

return function(define, operators)
  local function unary(name, f)
    define(name, {}, function(_, x) return f(x) end)
  end
  -- Before opset 7 the second operand was broadcast from an axis of the first on, if at all.
  local function binary(name, f)
    define(name, {axis = operators.OPTIONAL, broadcast = 0}, function(a, x, y)
      return f(x, a.axis and aligned(y, a.axis, x:ndim()) or y)
    end)
  end

  binary("Add", functional.add)
  binary("Sub", functional.sub)
  binary("Mul", functional.mul)
  binary("Div", divide)
  binary("Pow", power)
  define("Mod", {fmod = 0}, modulo)
  define("Sum", {}, fold(functional.add))
  define("Max", {}, fold(functional.maximum))
  define("Min", {}, fold(functional.minimum))
  define("Mean", {}, function(_, ...)
    return fold(functional.add)(_, ...) / select("#", ...)
  end)

  binary("Equal", core.eq)
  binary("Less", core.lt)
  binary("LessOrEqual", core.le)
  binary("Greater", core.gt)
  binary("GreaterOrEqual", core.ge)
  binary("And", core.logical_and)
  binary("Or", core.logical_or)
  binary("Xor", core.ne)
  unary("Not", core.logical_not)
  define("Where", {}, function(_, c, a, b) return where(c, a, b) end)

  for name, f in pairs {
    Abs = "abs", Neg = "neg", Sign = "sign", Floor = "floor", Ceil = "ceil", Round = "round",
    Exp = "exp", Log = "log", Sqrt = "sqrt", Reciprocal = "reciprocal", Sin = "sin", Cos = "cos",
    Erf = "erf", Relu = "relu", Sigmoid = "sigmoid", Tanh = "tanh", Softplus = "softplus",
  } do
    unary(name, functional[f])
  end
  unary("Tan", function(x) return functional.sin(x) / functional.cos(x) end)
  unary("Sinh", function(x) return (functional.expm1(x) - functional.expm1(-x)) / 2 end)
  unary("Cosh", function(x) return (functional.exp(x) + functional.exp(-x)) / 2 end)
  unary("IsNaN", core.isnan)
  define("IsInf", {detect_negative = 1, detect_positive = 1}, function(a, x)
    local low = a.detect_negative == 1 and -math.huge or math.huge
    local high = a.detect_positive == 1 and math.huge or -math.huge
    return core.logical_and(core.isinf(x), core.logical_or(core.eq(x, low), core.eq(x, high)))
  end)

  define("LeakyRelu", {alpha = 0.01}, function(a, x)
    return functional.leaky_relu(x, {negative_slope = a.alpha})
  end)
  define("Elu", {alpha = 1.0}, function(a, x) return functional.elu(x, {alpha = a.alpha}) end)
  define("Selu", {alpha = 1.67326319217681884765625, gamma = 1.05070102214813232421875},
         function(a, x) return selu(x, a.alpha, a.gamma) end)
  define("Celu", {alpha = 1.0}, function(a, x)
    return selu(x / a.alpha, 1.0, a.alpha)
  end)
  -- Before opset 7 a vector of slopes was one per channel.
  define("PRelu", {}, function(a, x, slope)
    slope = a.version < 7 and slope:numel() > 1 and aligned(slope, 1, x:ndim()) or slope
    return functional.maximum(x, 0.0) + slope * functional.minimum(x, 0.0)
  end)
  define("ThresholdedRelu", {alpha = 1.0}, function(a, x)
    return where(core.gt(x, a.alpha), x, 0.0)
  end)
  define("HardSigmoid", {alpha = 0.2, beta = 0.5}, function(a, x)
    return hard_sigmoid(x, a.alpha, a.beta)
  end)
  unary("HardSwish", function(x) return x * hard_sigmoid(x, 1 / 6, 0.5) end)
  unary("Softsign", function(x) return x / (functional.abs(x) + 1) end)
  unary("Mish", function(x) return x * functional.tanh(functional.softplus(x)) end)
  define("Gelu", {approximate = "none"}, function(a, x)
    return functional.gelu(x, {approximate = a.approximate})
  end)
  define("Shrink", {bias = 0.0, lambd = 0.5}, function(a, x)
    return where(core.lt(x, -a.lambd), x + a.bias, where(core.gt(x, a.lambd), x - a.bias, 0.0))
      :to(x:dtype())
  end)
  define("Clip", {min = operators.OPTIONAL, max = operators.OPTIONAL}, function(a, x, low, high)
    return functional.clamp(x, bound(a.min, low), bound(a.max, high))
  end)
end

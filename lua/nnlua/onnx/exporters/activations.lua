-- Exporters of activations.

local activations = require "nnlua.layers.activations"

-- A dimension as ONNX counts axes: from 0.
local function axis(dim)
  return dim > 0 and dim - 1 or dim
end

return function(exporters)
  -- Activations that are one operator.
  for name, operator in pairs {ReLU = "Relu", Sigmoid = "Sigmoid", Tanh = "Tanh"} do
    exporters[activations[name]] = function(graph, _, x)
      return graph:node(operator, {x})
    end
  end

  for name, operator in pairs {Softmax = "Softmax", LogSoftmax = "LogSoftmax"} do
    exporters[activations[name]] = function(graph, module, x)
      return graph:node(operator, {x}, {axis = axis(module.options.dim)})
    end
  end

  exporters[activations.LeakyReLU] = function(graph, module, x)
    return graph:node("LeakyRelu", {x}, {alpha = 1.0 * module.options.negative_slope})
  end

  exporters[activations.ELU] = function(graph, module, x)
    return graph:node("Elu", {x}, {alpha = 1.0 * module.options.alpha})
  end

  -- log(1 + exp(beta x)) / beta. Where beta x > 20 float32 does not tell it from x.
  exporters[activations.Softplus] = function(graph, module, x)
    local o = module.options
    local scaled = o.beta == 1 and x or graph:node("Mul", {x, graph:constant(o.beta, "beta")})
    local y = graph:node("Softplus", {scaled})
    y = o.beta == 1 and y or graph:node("Div", {y, graph:constant(o.beta, "beta")})
    if o.threshold >= 20 then return y end
    local large = graph:node("Greater", {scaled, graph:constant(o.threshold, "threshold")})
    return graph:node("Where", {large, x, y})
  end

  -- x Phi(x) = x/2 (1 + erf(x / sqrt 2)), or x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
  exporters[activations.GELU] = function(graph, module, x)
    local inner
    if module.options.approximate == "tanh" then
      local cube = graph:node("Mul", {graph:node("Mul", {x, x}), x})
      cube = graph:node("Mul", {cube, graph:constant(0.044715)})
      inner = graph:node("Mul", {graph:node("Add", {x, cube}), graph:constant((2 / math.pi) ^ 0.5)})
      inner = graph:node("Tanh", {inner})
    else
      inner = graph:node("Erf", {graph:node("Div", {x, graph:constant(2 ^ 0.5)})})
    end
    local half = graph:node("Mul", {x, graph:constant(0.5)})
    return graph:node("Mul", {half, graph:node("Add", {inner, graph:constant(1)})})
  end
end

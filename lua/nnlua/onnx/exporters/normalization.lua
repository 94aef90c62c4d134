-- Exporters of normalisation, which uses running statistics as in eval mode.

local batch_norm = require "nnlua.layers.batch_norm"
local core = require "nnlua.core"
local LayerNorm = require "nnlua.layers.layer_norm"
local options = require "nnlua.options"

local function batch_normalization(graph, module, x)
  if not module.track_running_stats then
    options.raise("%s: without running statistics a row's result depends on its batch",
                  graph:place(module))
  end
  local C = module.num_features
  return graph:node("BatchNormalization", {
    x,
    module.weight and graph:parameter("weight", module.weight) or graph:constant(core.ones(C)),
    module.bias and graph:parameter("bias", module.bias) or graph:constant(core.zeros(C)),
    graph:parameter("running_mean", module.running_mean),
    graph:parameter("running_var", module.running_var),
  }, {epsilon = 1.0 * module.eps})
end

return function(exporters)
  exporters[batch_norm.BatchNorm1d] = batch_normalization
  exporters[batch_norm.BatchNorm2d] = batch_normalization

  -- (x - mean) / sqrt(var + eps) weight + bias; opset 13 has no operator for it.
  exporters[LayerNorm] = function(graph, module, x)
    local axes = {}
    for i = 1, #module.normalized_shape do
      axes[i] = i - 1 - #module.normalized_shape
    end
    local centred = graph:node("Sub", {x, graph:node("ReduceMean", {x}, {axes = axes})})
    local square = graph:node("Mul", {centred, centred})
    local variance = graph:node("ReduceMean", {square}, {axes = axes})
    variance = graph:node("Add", {variance, graph:constant(module.eps, "eps")})
    local y = graph:node("Div", {centred, graph:node("Sqrt", {variance})})
    if module.weight then
      y = graph:node("Mul", {y, graph:parameter("weight", module.weight)})
    end
    return module.bias and graph:node("Add", {y, graph:parameter("bias", module.bias)}) or y
  end
end

-- Exporters of containers, linear layers and what only moves elements.

local Concat = require "nnlua.layers.concat"
local Dropout = require "nnlua.layers.dropout"
local Dropout2d = require "nnlua.layers.dropout2d"
local Flatten = require "nnlua.layers.flatten"
local Identity = require "nnlua.layers.identity"
local Linear = require "nnlua.layers.linear"
local options = require "nnlua.options"
local Rescaling = require "nnlua.layers.rescaling"
local Residual = require "nnlua.layers.residual"
local Sequential = require "nnlua.layers.sequential"
local Unflatten = require "nnlua.layers.unflatten"

-- Of layers that do nothing, which dropout is in eval mode.
local function same(_, _, x)
  return x
end

return function(exporters)
  exporters[Sequential] = function(graph, module, x)
    for i = 1, #module do
      x = graph:emit(module[i], i, x)
    end
    return x
  end

  exporters[Residual] = function(graph, module, x)
    local beside = module.shortcut and graph:emit(module.shortcut, "shortcut", x) or x
    return graph:node("Add", {beside, graph:emit(module.body, "body", x)})
  end

  exporters[Concat] = function(graph, module, x)
    local results = {}
    for i = 1, #module do
      results[i] = graph:emit(module[i], i, x)
    end
    return graph:node("Concat", results, {axis = module.dim > 0 and module.dim - 1 or module.dim})
  end

  -- y = x W^T + b
  exporters[Linear] = function(graph, module, x)
    local W = graph:parameter("weight", module.weight)
    local b = module.bias and graph:parameter("bias", module.bias)
    if x.example:ndim() == 2 then
      return graph:node("Gemm", {x, W, b or nil}, {transB = 1})
    end
    local y = graph:node("MatMul", {x, graph:node("Transpose", {W}, {perm = {1, 0}})})
    return b and graph:node("Add", {y, b}) or y
  end

  exporters[Dropout] = same
  exporters[Dropout2d] = same
  exporters[Identity] = same

  -- A size of 0 stays what it is: that of the batch.
  exporters[Unflatten] = function(graph, module, x)
    local sizes = module:output_shape(x.example:shape())
    if module.dim == 1 or module.dim == -x.example:ndim() then
      options.raise("%s: the rows of a batch cannot be divided", graph:place(module))
    end
    return graph:node("Reshape", {x, graph:ints(0, table.unpack(sizes, 2))})
  end

  exporters[Flatten] = function(graph, _, x)
    return graph:node("Flatten", {x}, {axis = 1})
  end

  exporters[Rescaling] = function(graph, module, x)
    local y = graph:node("Cast", {x}, {to = 1})
    y = graph:node("Mul", {y, graph:constant(module.scale, "scale")})
    if module.offset ~= 0 then
      y = graph:node("Add", {y, graph:constant(module.offset, "offset")})
    end
    return y
  end
end

-- Exporters of embeddings and recurrent layers.

local core = require "nnlua.core"
local Embedding = require "nnlua.layers.embedding"
local gates = require "nnlua.onnx.gates"
local options = require "nnlua.options"
local recurrent = require "nnlua.layers.recurrent"

-- The tensors of a layer (counted from 0) in all directions, as ONNX's [directions, gates*H, ...].
local function stacked(operator, module, kind, layer)
  local parts = {}
  for i, ending in ipairs {"", module.bidirectional and "_reverse" or nil} do
    local t = module[("%s_l%d%s"):format(kind, layer, ending)]
    parts[i] = gates.to_onnx(operator, t:detach())
  end
  return core.stack(parts)
end

-- x [T,N,in] -> y [T,N,directions*H]: layers one after the other; ONNX's give [T,directions,N,H].
local function layers(operator, graph, module, x)
  for layer = 0, module.num_layers - 1 do
    local function constant(kind)
      return graph:constant(stacked(operator, module, kind, layer), kind .. "_l" .. layer)
    end
    local bias = module.bias and graph:constant(core.cat({
      stacked(operator, module, "bias_ih", layer), stacked(operator, module, "bias_hh", layer),
    }, 2), "bias_l" .. layer)
    local attributes = {
      hidden_size = module.hidden_size,
      direction = module.bidirectional and "bidirectional" or "forward",
      linear_before_reset = operator == "GRU" and 1 or nil,
    }
    if module.cell == "relu" then
      attributes.activations = module.bidirectional and {"Relu", "Relu"} or {"Relu"}
    end
    local y = graph:node(operator, {x, constant("weight_ih"), constant("weight_hh"), bias or nil},
                         attributes)
    y = graph:node("Transpose", {y}, {perm = {0, 2, 1, 3}})
    x = graph:node("Reshape", {y, graph:ints(0, 0, -1)})
  end
  return x
end

return function(exporters)
  -- Indices stay those of nnlua, from 1 on.
  exporters[Embedding] = function(graph, module, x)
    if x.example:dtype() ~= "int64" then
      x = graph:node("Cast", {x}, {to = 7})
    end
    local index = graph:node("Sub", {x, graph:constant(core.tensor(1, {dtype = "int64"}), "first")})
    return graph:node("Gather", {graph:parameter("weight", module.weight), index}, {axis = 0})
  end

  for _, operator in ipairs {"RNN", "GRU", "LSTM"} do
    exporters[recurrent[operator]] = function(graph, module, x)
      if x.example:ndim() ~= 3 then
        options.raise("%s: sequences are exported in batches only, its input is [%s]",
                      graph:place(module), table.concat(x.example:shape(), ","))
      elseif not module.batch_first then
        return layers(operator, graph, module, x)
      end
      local y = layers(operator, graph, module, graph:node("Transpose", {x}, {perm = {1, 0, 2}}))
      return graph:node("Transpose", {y}, {perm = {1, 0, 2}})
    end
  end
end

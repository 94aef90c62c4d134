-- Exporters of convolutions and pooling.

local convolution = require "nnlua.layers.convolution"
local options = require "nnlua.options"
local pooling = require "nnlua.layers.pooling"

-- ONNX has the padding of all beginnings, then of all ends.
local function both_ends(list)
  local pads = table.move(list, 1, #list, 1, {})
  return table.move(list, 1, #list, #list + 1, pads)
end

return function(exporters)
  for name, operator in pairs {
    Conv1d = "Conv", Conv2d = "Conv", ConvTranspose2d = "ConvTranspose",
  } do
    exporters[convolution[name]] = function(graph, module, x)
      local o = module.options
      local W = graph:parameter("weight", module.weight)
      local b = module.bias and graph:parameter("bias", module.bias)
      return graph:node(operator, {x, W, b or nil}, {
        kernel_shape = module.kernel_size, strides = o.stride, pads = both_ends(o.padding),
        dilations = o.dilation, group = o.groups, output_padding = o.output_padding,
      })
    end
  end

  local function pool(module)
    local o = module.options
    return {kernel_shape = module.kernel_size, strides = o.stride, pads = both_ends(o.padding),
            dilations = o.dilation, ceil_mode = o.ceil_mode and 1 or 0,
            count_include_pad = o.count_include_pad ~= nil and (o.count_include_pad and 1 or 0)
                                or nil}
  end

  exporters[pooling.MaxPool2d] = function(graph, module, x)
    return graph:node("MaxPool", {x}, pool(module))
  end

  exporters[pooling.AvgPool2d] = function(graph, module, x)
    return graph:node("AveragePool", {x}, pool(module))
  end

  -- Parts of equal size are windows side by side; ONNX has no others.
  exporters[pooling.AdaptiveAvgPool2d] = function(graph, module, x)
    local h, w = x.example:size(-2), x.example:size(-1)
    local rows, columns = table.unpack(module.output_size)
    if rows == 1 and columns == 1 then
      return graph:node("GlobalAveragePool", {x})
    elseif h % rows ~= 0 or w % columns ~= 0 then
      options.raise("%s: ONNX cannot divide images of %dx%d into %dx%d unequal parts",
                    graph:place(module), h, w, rows, columns)
    end
    local kernel = {h // rows, w // columns}
    return graph:node("AveragePool", {x}, {kernel_shape = kernel, strides = kernel})
  end
end

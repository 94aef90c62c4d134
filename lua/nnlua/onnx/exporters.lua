-- How module classes become ONNX nodes (opset 13): class -> function (graph, module, x) -> y.
--
-- x and y are values, graph is a Builder. The entries stand in exporters/*.lua; each says no more
-- than which operators a module is: formulas stand with the modules.

local exporters = {}

for _, part in ipairs {"basic", "activations", "spatial", "normalization", "sequences"} do
  require("nnlua.onnx.exporters." .. part)(exporters)
end

return exporters

-- Models into .onnx files: ONNX IR version 7, opset 13, float32, any number of rows in a batch.

local autograd = require "nnlua.autograd"
local Builder = require "nnlua.onnx.builder"
local core = require "nnlua.core"
local exporters = require "nnlua.onnx.exporters"
local options = require "nnlua.options"
local probe = require "nnlua.export.probe"
local protobuf = require "nnlua.protobuf"
local schema = require "nnlua.onnx.schema"

local write = {}

local IR_VERSION, OPSET = 7, 13 -- what every runtime since 2020 reads

--- nn.onnx.register(class, exporter): modules of that class are exported by exporter(graph, module,
--- x) -> y, where x and y are values of the graph. It calls
---   graph:node(op, inputs [, attributes]) -> value     op: an ONNX operator of opset 13
---   graph:parameter(name, tensor) -> value             a tensor of the module
---   graph:constant(tensor or number) -> value
---   graph:emit(child, key, x) -> value                 what the module's field `key` makes of x
--- x.example is what x is in a small batch; attributes are integers (1), floats (1.0), strings or
--- lists. Subclasses that do not define forward are exported the same way.
function write.register(class, exporter)
  if type(class) ~= "table" or type(rawget(class, "class_name")) ~= "string" then
    core.arg_error(1, "register", "class expected, got " .. options.type_name(class))
  elseif type(exporter) ~= "function" then
    core.arg_error(2, "register", "function expected, got " .. options.type_name(exporter))
  end
  exporters[class] = exporter
end

--- nn.onnx.save(path, model, {input_shape, example, name = "model"}), nn.export.onnx(path, model,
--- {input_shape, example, name = "model"}) -> true, or nil and a message if the system refuses.
--- Writes the model in eval mode. One of input_shape and example must be given.
--- input_shape: the sizes of one row, without the batch's: {784} or {3, 32, 32}. example: a batch
--- instead, whose dtype is then the input's; else that is uint8 before Rescaling, int64 before
--- Embedding, float32. Floats, also float64 parameters, are written as float32. The input is called
--- "input" and the output "output"; weights have their names in the state dict.
--- Raises, naming layer and class, for a module without exporter (see register), and where a layer
--- does not take its input. The file is written whole or not at all.
function write.save(path, model, given)
  local o = options.check("export.onnx", given, {
    input_shape = options.optional, example = options.optional, name = "model",
  })
  if type(path) ~= "string" then
    core.arg_error(1, "export.onnx", "path expected, got " .. options.type_name(path))
  end
  probe.check_model(2, "export.onnx", model)
  local graph = Builder(exporters)
  local pause <close> = autograd.pause() -- luacheck: ignore pause
  local mode <close> = probe.eval(model) -- luacheck: ignore mode
  graph.input.example = probe.input("export.onnx", model, o)
  local output = graph:emit(model, nil, graph.input)
  return core.io.write_file(path, protobuf.encode({
    ir_version = IR_VERSION, producer_name = "nnlua", producer_version = core.build_info().version,
    graph = graph:encode(output, o.name), opset_import = {{domain = "", version = OPSET}},
  }, schema.layouts.ModelProto))
end

return write

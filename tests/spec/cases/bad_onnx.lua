-- Damaged and unsupported .onnx files, and models that cannot be exported, for bad_inputs_spec.lua.

local nn = require "nnlua"
local protobuf = require "nnlua.protobuf"
local schema = require "nnlua.onnx.schema"

-- A file with one node, which reads `x` and the initializer `w`; `change` may spoil it.
local function file(folder, change)
  local tensor_type = {elem_type = 1, shape = {dim = {{dim_param = "N"}, {dim_value = 2}}}}
  local model = {
    ir_version = 7, opset_import = {{version = 13}},
    graph = {
      name = "g", node = {{op_type = "Add", name = "sum", input = {"x", "w"}, output = {"y"}}},
      initializer = {{name = "w", dims = {2}, data_type = 1, float_data = {1, 2}}},
      input = {{name = "x", type = {tensor_type = tensor_type}}}, output = {{name = "y"}},
    },
  }
  if change then change(model, model.graph) end
  local path = folder .. "/model.onnx"
  assert(nn.io.write_file(path, protobuf.encode(model, schema.layouts.ModelProto)))
  return path
end

-- A case that spoils the file and loads it.
local function load(change, ...)
  return {function(folder) nn.onnx.load(file(folder, change)) end, "model.onnx: ", ...}
end

local Odd = nn.class("Odd", nn.Module)
function Odd.forward(_, x) return x end

return {
  ["an .onnx file that is cut off"] = {function(folder)
    local path = file(folder)
    local input <close> = assert(io.open(path, "rb"))
    nn.io.write_file(path, input:read("a"):sub(1, -4))
    nn.onnx.load(path)
  end, "model.onnx: byte ", "a number is cut off"},
  ["a picture for an .onnx file"] = {function(folder)
    nn.io.write_file(folder .. "/model.onnx", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    nn.onnx.load(folder .. "/model.onnx")
  end, "model.onnx: byte ", "ModelProto"},
  ["an ONNX operator that does not exist"] = load(function(_, graph)
    graph.node[1].op_type = "Adds"
  end, "node 1 (Adds 'sum')", "operator 'Adds' is not supported"),
  ["an ONNX attribute that is not known"] = load(function(_, graph)
    graph.node[1].attribute = {{name = "alpha", type = 1, f = 1.0}}
  end, "node 1 (Add 'sum')", "attribute 'alpha' is not supported"),
  ["an ONNX tensor in a file of its own"] = load(function(_, graph)
    graph.initializer[1].float_data = nil
    graph.initializer[1].data_location = 1
    graph.initializer[1].external_data = {{key = "location", value = "weights.bin"}}
  end, "tensor 'w' has its data in another file ('weights.bin')"),
  ["an ONNX tensor of too few elements"] = load(function(_, graph)
    graph.initializer[1].dims = {3}
  end, "tensor 'w' has 2 elements in float_data, its dims say 3"),
  ["an opset from the future"] = load(function(model)
    model.opset_import[1].version = 99
  end, "opset 99, supported are 1 to 21"),
  ["an ONNX node that reads what is not there"] = load(function(_, graph)
    graph.node[1].input[2] = "v"
  end, "node 1 (Add 'sum')", "its input 'v' is given by nothing before it"),
  ["an input that an ONNX graph does not take"] = {function(folder)
    nn.onnx.load(file(folder))(nn.zeros(4, 3))
  end, "Graph of 1 node:", "input 'x' is [4,3], expected [*,2]"},
  ["a module that ONNX export does not know"] = {function(folder)
    nn.export.onnx(folder .. "/model.onnx", nn.Sequential(nn.ReLU(), nn.Sequential(Odd())),
                   {input_shape = {2}})
  end, "layer 2.1 (Odd)", "class 'Odd' cannot be exported"},
  ["a module that C export does not know"] = {function()
    nn.export.c_source(nn.Sequential(nn.Linear(2, 2), Odd()), {input_shape = {2}})
  end, "layer 2 (Odd)", "class 'Odd' cannot be exported as C"},
  ["a shape that an exported model does not take"] = {function(folder)
    nn.export.onnx(folder .. "/model.onnx", nn.Sequential(nn.Linear(3, 2)), {input_shape = {4}})
  end, "layer 1 (Linear 3→2)", "input is [2,4], expected [*,3]"},
}

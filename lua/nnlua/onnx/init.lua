-- nn.onnx: models in the format of https://onnx.ai, written and read.

local core = require "nnlua.core"
local Graph = require "nnlua.onnx.graph"
local options = require "nnlua.options"
local read = require "nnlua.onnx.read"
local write = require "nnlua.onnx.write"

local onnx = {Graph = Graph, save = write.save, register = write.register}

--- nn.onnx.load(path) -> module (nn.onnx.Graph), or nil and a message if the file is missing or
--- unreadable. Raises, naming file and place, where it is damaged or uses what is not supported.
function onnx.load(path)
  if type(path) ~= "string" then
    core.arg_error(1, "load", "path expected, got " .. options.type_name(path))
  end
  local file, problem = io.open(path, "rb")
  if not file then
    return nil, problem
  end
  local bytes
  bytes, problem = file:read("a")
  file:close()
  if not bytes then
    return nil, ("%s: %s"):format(path, problem)
  end
  return Graph(read(bytes, path))
end

return options.strict("nn.onnx", onnx)

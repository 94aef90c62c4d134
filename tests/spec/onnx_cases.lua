-- onnx_cases.lua - runs the cases with which the ONNX project tests backends
--
-- A case is a folder: model.onnx, and test_data_set_0/ with input_0.pb, ..., output_0.pb, ...
-- (TensorProto each). Debian has them in libonnx-testdata.

local lfs = require "lfs"
local nn = require "nnlua"
local operators = require "nnlua.onnx.operators"
local protobuf = require "nnlua.protobuf"
local schema = require "nnlua.onnx.schema"
local tensor = require "nnlua.onnx.tensor"

local cases = {}

--- Where the cases are, in folders by kind.
cases.FOLDER = "/usr/lib/python3/dist-packages/onnx/backend/test/data"

-- The tolerances of ONNX's own runner (onnx/backend/test/loader, runner).
local RTOL, ATOL = 1e-3, 1e-7

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local bytes = file:read("a")
  file:close()
  return bytes
end

--- cases.names(kind) -> sorted names of the cases in FOLDER/kind.
function cases.names(kind)
  local names = {}
  for name in lfs.dir(cases.FOLDER .. "/" .. kind) do
    if name:match("^test_") then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- cases.unknown_operator(path) -> the first operator in the model that is not imported, or nil.
function cases.unknown_operator(path)
  local bytes = assert(read(path .. "/model.onnx"))
  local model = protobuf.decode(bytes, schema.layouts.ModelProto, path)
  for _, node in ipairs(model.graph.node or {}) do
    local name = (node.domain or "") == "" and node.op_type or node.domain .. "." .. node.op_type
    if not operators.known[name] then return name end
  end
end

-- The tensors PREFIX_0.pb, PREFIX_1.pb, ... of a data set.
local function read_tensors(path, prefix)
  local list = {}
  while true do
    local bytes = read(("%s/%s_%d.pb"):format(path, prefix, #list))
    if not bytes then return list end
    local proto = protobuf.decode(bytes, schema.layouts.TensorProto, path)
    list[#list + 1] = assert(tensor.decode(proto))
  end
end

-- What is wrong with y where `expected` should be, or nil.
local function difference(y, expected)
  local shape, wanted = table.concat(y:shape(), ","), table.concat(expected:shape(), ",")
  if y:dtype() ~= expected:dtype() then
    return ("%s, expected %s"):format(y:dtype(), expected:dtype())
  elseif shape ~= wanted then
    return ("[%s], expected [%s]"):format(shape, wanted)
  end
  local flat, right = y:detach():reshape({-1}):totable(), expected:reshape({-1}):totable()
  for i, a in ipairs(flat) do
    local b = right[i]
    local same = a == b or a ~= a and b ~= b
    if not same and not (type(a) == "number" and math.abs(a - b) <= ATOL + RTOL * math.abs(b)) then
      return ("element %d is %s, expected %s"):format(i, a, b)
    end
  end
end

--- cases.run(path) -> why the case does not pass, or nil.
function cases.run(path)
  local ok, problem = pcall(function()
    local graph = nn.onnx.load(path .. "/model.onnx")
    for _, set in ipairs {"test_data_set_0", "test_data_set_1", "test_data_set_2"} do
      if lfs.attributes(path .. "/" .. set) then
        local outputs = {graph(table.unpack(read_tensors(path .. "/" .. set, "input")))}
        for i, expected in ipairs(read_tensors(path .. "/" .. set, "output")) do
          local wrong = difference(outputs[i], expected)
          if wrong then return wrong end
        end
      end
    end
  end)
  return not ok and tostring(problem) or problem
end

return cases

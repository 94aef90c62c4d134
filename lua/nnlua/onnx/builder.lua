-- A graph on its way into an .onnx file: what exporters add nodes to.
--
-- A value is {name =, example =}; see nnlua.export.walker.
--
-- Invariant: nodes stand in the order in which they were added, each behind those it reads.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"
local schema = require "nnlua.onnx.schema"
local tensor = require "nnlua.onnx.tensor"
local Walker = require "nnlua.export.walker"

local Builder = class("Builder", Walker)

--- Builder(exporters): class -> function (graph, module, x) -> value
function Builder:init(exporters)
  Walker.init(self, exporters, "; nn.onnx.register says how to")
  self.nodes, self.initializers, self.input = {}, {}, {name = "input"}
  self.taken = {input = true, output = true}
  self.known = {} -- parameter -> its value
end

-- The name, with a number behind it if it is taken.
function Builder:unique(name)
  local free, i = name, 1
  while self.taken[free] do
    i = i + 1
    free = ("%s_%d"):format(name, i)
  end
  self.taken[free] = true
  return free
end

--- graph:node(op, inputs [, attributes]) -> the value of a new node's output. op: ONNX's name of
--- an operator of opset 13; inputs: list of values, false where an optional one is left out.
--- attributes: integers, floats, strings, lists of one of these by name; 1 is an integer and
--- 1.0 a float.
function Builder:node(op, inputs, attributes)
  local value = {name = self:unique(self.path .. op)}
  self.nodes[#self.nodes + 1] = {
    op_type = op, inputs = inputs, outputs = {value}, attributes = attributes or {},
    name = value.name,
  }
  return value
end

--- graph:constant(t [, name = "constant"]) -> the value of a new initializer: t is a tensor, floats
--- of which become float32, or a number, which becomes a float32 of shape [].
function Builder:constant(t, name)
  t = type(t) == "number" and core.tensor(t) or t
  t = core.dtype(t) == "float64" and core.to(t, "float32") or t
  local value = {name = self:unique(self.path .. (name or "constant")), example = t}
  self.initializers[#self.initializers + 1] = {value = value, tensor = t}
  return value
end

--- graph:parameter(name, t) -> the value of a module's tensor, named by the module's path as in
--- the state dict; the same value for the same tensor.
function Builder:parameter(name, t)
  self.known[t] = self.known[t] or self:constant(t, name)
  return self.known[t]
end

--- graph:ints(...) -> the value of an int64 vector, as Reshape and its like take one.
function Builder:ints(...)
  return self:constant(core.tensor({...}, {dtype = "int64"}), "sizes")
end

-- Encoding ----------------------------------------------------------------------------------------

local function attribute(name, value)
  local field
  if type(value) == "string" then
    field = "s"
  elseif type(value) == "table" then
    field = type(value[1]) == "string" and "strings"
      or math.type(value[1]) == "float" and "floats" or "ints"
  elseif core.is_tensor(value) then
    field, value = "t", tensor.encode(value)
  else
    field = math.type(value) == "float" and "f" or "i"
  end
  return {name = name, type = schema.attribute_types[field], [field] = value}
end

local function names(values)
  local list = {}
  for i, value in ipairs(values) do
    list[i] = value and value.name or ""
  end
  return list
end

-- The shape of a batch, whose number of rows is left open.
local function value_info(value, rows)
  local dims = {}
  for i, size in ipairs(value.example:shape()) do
    dims[i] = i == 1 and size == rows and {dim_param = "N"} or {dim_value = size}
  end
  local dtype = value.example:dtype()
  dtype = dtype == "float64" and "float32" or dtype
  return {name = value.name, type = {
    tensor_type = {elem_type = tensor.type_number(dtype), shape = {dim = dims}},
  }}
end

--- graph:encode(output, name) -> GraphProto with that output value, which is named "output".
function Builder:encode(output, name)
  local nodes, initializers = {}, {}
  if not self:is_computed(output) then
    local copy = self:node("Identity", {output})
    copy.example, output = output.example, copy
  end
  output.name = "output"
  for i, node in ipairs(self.nodes) do
    local attributes = {}
    for j, key in ipairs(options.sorted_keys(node.attributes)) do
      attributes[j] = attribute(key, node.attributes[key])
    end
    nodes[i] = {input = names(node.inputs), output = names(node.outputs), name = node.name,
                op_type = node.op_type, attribute = attributes}
  end
  for i, entry in ipairs(self.initializers) do
    initializers[i] = tensor.encode(entry.tensor, entry.value.name)
  end
  local rows = self.input.example:size(1)
  return {node = nodes, name = name, initializer = initializers,
          input = {value_info(self.input, rows)}, output = {value_info(output, rows)}}
end

-- Whether a node gives the value, not the graph's input or an initializer.
function Builder:is_computed(value)
  for _, node in ipairs(self.nodes) do
    if node.outputs[1] == value then return true end
  end
  return false
end

return Builder

-- An .onnx file's bytes to a description of its graph, checked in every field that it has.
--
--   {inputs = {value, ...}, outputs = {value, ...}, initializers = {{name, tensor}, ...},
--    nodes = {node, ...}, version = of the operator set}
--   value = {name =, dtype =, shape = list of sizes (false: any) or nil}
--   node = {op =, title = "node 3 (Gemm 'fc1')", inputs = {name or false, ...},
--           outputs = {name or false, ...}, attributes = with a.version and a.outputs, run =}
--
-- Invariants: every operator and attribute is known to operators.lua; a node reads inputs,
-- initializers and outputs of nodes before it; every name is given once. What is wrong raises,
-- naming the file and the place.

local operators = require "nnlua.onnx.operators"
local options = require "nnlua.options"
local protobuf = require "nnlua.protobuf"
local schema = require "nnlua.onnx.schema"
local tensor = require "nnlua.onnx.tensor"

-- What is being read: file, its name for messages; names, those of values seen so far.
local Reading = {}
Reading.__index = Reading

function Reading:fail(format, ...)
  options.raise("%s: %s", self.file, format:format(...))
end

function Reading:tensor(proto, what)
  local t, problem = tensor.decode(proto)
  if not t then
    self:fail("%s has %s", what, problem)
  end
  return t
end

-- A new name for a value.
function Reading:take(name, what)
  if name == "" then
    self:fail("%s has no name", what)
  elseif self.names[name] then
    self:fail("%s: the name '%s' is there twice", what, name)
  end
  self.names[name] = true
  return name
end

-- The value of an attribute; those of a file by proto3 leave out what is 0.
local EMPTY = {f = 0.0, i = 0, s = "", floats = {}, ints = {}, strings = {}}

function Reading:attribute(proto, title)
  local name = proto.name or ""
  local field = schema.attribute_fields[proto.type or 0]
  if proto.ref_attr_name and proto.ref_attr_name ~= "" then
    self:fail("%s: attribute '%s' refers to one of a function, which is not supported", title, name)
  end
  if not proto.type then -- files before IR version 2
    for _, candidate in ipairs {"f", "i", "s", "t", "floats", "ints", "strings"} do
      field = field or proto[candidate] ~= nil and candidate or nil
    end
  end
  if not field then
    self:fail("%s: attribute '%s' is of type %d, which is not supported", title, name,
              proto.type or 0)
  end
  local value = proto[field]
  if value == nil then value = EMPTY[field] end
  if value == nil then
    self:fail("%s: attribute '%s' has no value", title, name)
  end
  return field == "t" and self:tensor(value, ("%s: attribute '%s'"):format(title, name)) or value
end

-- Whether a value may stand where the default does.
local function fits(value, default)
  if default == operators.OPTIONAL then return true end
  return math.type(value) == math.type(default) and type(value) == type(default)
end

function Reading:attributes(proto, operator, title)
  local attributes, known = {}, options.sorted_keys(operator.attributes)
  for _, name in ipairs(known) do
    local default = operator.attributes[name]
    if default ~= operators.OPTIONAL then attributes[name] = default end
  end
  for _, entry in ipairs(proto.attribute or {}) do
    local name, value = entry.name or "", self:attribute(entry, title)
    local default = operator.attributes[name]
    if default == nil then
      self:fail("%s: attribute '%s' is not supported", title, name)
    elseif not fits(value, default) then
      self:fail("%s: attribute '%s' is a %s, expected a %s", title, name, options.type_name(value),
                math.type(default) or type(default))
    end
    attributes[name] = value
  end
  attributes.version, attributes.outputs = self.version, #(proto.output or {})
  return attributes
end

function Reading:node(proto, i)
  local op = proto.op_type or ""
  local label = (proto.name or "") ~= "" and proto.name or proto.output and proto.output[1] or ""
  local title = ("node %d (%s '%s')"):format(i, op, label)
  local domain = proto.domain or ""
  local operator = operators.known[op]
  if domain ~= "" and domain ~= "ai.onnx" then
    self:fail("%s: operators of the domain '%s' are not supported", title, domain)
  elseif not operator then
    self:fail("%s: operator '%s' is not supported", title, op)
  end
  local node = {op = op, title = title, inputs = {}, outputs = {}, run = operator.run,
                attributes = self:attributes(proto, operator, title)}
  for j, name in ipairs(proto.input or {}) do
    if name ~= "" and not self.names[name] then
      self:fail("%s: its input '%s' is given by nothing before it", title, name)
    end
    node.inputs[j] = name ~= "" and name
  end
  for j, name in ipairs(proto.output or {}) do
    node.outputs[j] = name ~= "" and self:take(name, title)
  end
  return node
end

-- A value that the graph takes or gives. Its type may be missing for outputs.
function Reading:value(proto, what)
  local type = proto.type and proto.type.tensor_type
  local value = {name = proto.name or ""}
  what = ("%s '%s'"):format(what, value.name)
  if proto.type and not type then
    self:fail("%s is no tensor, which is not supported", what)
  elseif not type then
    return value
  end
  value.dtype = tensor.dtype_of(type.elem_type or 0)
  if not value.dtype then
    self:fail("%s has elements of type %s, which is not supported", what,
              tensor.type_name(type.elem_type or 0))
  end
  if type.shape then
    value.shape = {}
    for i, dim in ipairs(type.shape.dim or {}) do
      value.shape[i] = dim.dim_value or false
    end
  end
  return value
end

function Reading:graph(proto)
  local graph = {inputs = {}, outputs = {}, initializers = {}, nodes = {}, version = self.version}
  local initialized = {}
  if proto.sparse_initializer then
    self:fail("sparse initializers are not supported")
  end
  for i, entry in ipairs(proto.initializer or {}) do
    local name = self:take(entry.name or "", ("initializer %d"):format(i))
    initialized[name] = true
    graph.initializers[i] = {name, self:tensor(entry, ("tensor '%s'"):format(name))}
  end
  -- Before IR version 4 initializers were inputs, too.
  for _, entry in ipairs(proto.input or {}) do
    if not initialized[entry.name or ""] then
      local value = self:value(entry, "input")
      self:take(value.name, "an input")
      graph.inputs[#graph.inputs + 1] = value
    end
  end
  for i, entry in ipairs(proto.node or {}) do
    graph.nodes[i] = self:node(entry, i)
  end
  for i, entry in ipairs(proto.output or {}) do
    graph.outputs[i] = self:value(entry, "output")
    if not self.names[graph.outputs[i].name] then
      self:fail("output '%s' is given by no node", graph.outputs[i].name)
    end
  end
  if #graph.outputs == 0 then
    self:fail("the graph has no output")
  end
  return graph
end

-- The version of the default domain's operators.
function Reading:opset(imports)
  for _, import in ipairs(imports or {}) do
    local domain = import.domain or ""
    if domain == "" or domain == "ai.onnx" then
      local version = import.version or 0
      if version < operators.FIRST_OPSET or version > operators.LAST_OPSET then
        self:fail("it uses opset %d, supported are %d to %d", version, operators.FIRST_OPSET,
                  operators.LAST_OPSET)
      end
      return version
    end
  end
  self:fail("it names no opset of the default domain")
end

--- read(bytes, file) -> the graph's description, as above. file: the name that stands in errors.
return function(bytes, file)
  local reading = setmetatable({file = file, names = {}}, Reading)
  local model = protobuf.decode(bytes, schema.layouts.ModelProto, file)
  if not model.graph then
    reading:fail("it holds no graph: this is no ONNX model")
  end
  reading.version = reading:opset(model.opset_import)
  return reading:graph(model.graph)
end

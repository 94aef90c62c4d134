-- A loaded ONNX graph as a module: callable, differentiable, its weights trainable.
--
-- Float initializers with at least one dimension are parameters; statistics of BatchNormalization,
-- 0-dim floats and integers are buffers. All bear their names in the file, in the state dict, too.
--
-- Invariant: a value is dropped behind the last node that reads it.

local class = require "nnlua.class"
local core = require "nnlua.core"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.onnx.Graph: what nn.onnx.load returns. graph(x, ...) takes the file's inputs in their order
--- and gives its outputs. Evaluates in inference mode, whatever graph.training is.
local Graph = class("Graph", Module)

local PLAN = {} -- the key under which a graph keeps what it evaluates: no name of a tensor

-- A field for a tensor of that name, which must not hide a method.
local function field_for(graph, name)
  while Graph[name] ~= nil or rawget(graph, name) ~= nil do
    name = name .. "_"
  end
  return name
end

-- Names of tensors that are not to be trained: running means and variances.
local function statistics_of(nodes)
  local statistics = {}
  for _, node in ipairs(nodes) do
    if node.op == "BatchNormalization" then
      statistics[node.inputs[4] or ""], statistics[node.inputs[5] or ""] = true, true
    end
  end
  return statistics
end

-- node.done: the values that no later node reads.
local function note_last_uses(description)
  local seen = {}
  for _, value in ipairs(description.outputs) do
    seen[value.name] = true
  end
  for i = #description.nodes, 1, -1 do
    local node = description.nodes[i]
    node.done = {}
    for _, names in ipairs {node.inputs, node.outputs} do
      for _, name in ipairs(names) do
        if name and not seen[name] then
          seen[name] = true
          node.done[#node.done + 1] = name
        end
      end
    end
  end
end

function Graph:init(description)
  local statistics = statistics_of(description.nodes)
  local fields = {} -- name of an initializer -> the field that holds it
  for _, entry in ipairs(description.initializers) do
    local name, tensor = entry[1], entry[2]
    local is_float = tensor:dtype() == "float32" or tensor:dtype() == "float64"
    fields[name] = field_for(self, name)
    self:register(fields[name], tensor, {
      parameter = is_float and tensor:ndim() > 0 and not statistics[name],
    })
  end
  note_last_uses(description)
  rawset(self, PLAN, {description = description, fields = fields, dtype = "float32"})
end

-- Whether x's sizes are those that the file declares; false stands for any.
local function fits(x, shape)
  local sizes = x:shape()
  if #sizes ~= #shape then return false end
  for i, size in ipairs(shape) do
    if size and size ~= sizes[i] then return false end
  end
  return true
end

local function shape_text(shape)
  local sizes = {}
  for i, size in ipairs(shape) do
    sizes[i] = size and tostring(size) or "*"
  end
  return table.concat(sizes, ",")
end

function Graph:check(...)
  local plan = self[PLAN]
  local inputs, count = plan.description.inputs, select("#", ...)
  if count ~= #inputs then
    return ("%d inputs, expected %d"):format(count, #inputs)
  end
  for i, value in ipairs(inputs) do
    local x = select(i, ...)
    local dtype = value.dtype == "float32" and plan.dtype or value.dtype
    if not core.is_tensor(x) then
      return ("input '%s' is a %s, expected a tensor"):format(value.name, options.type_name(x))
    elseif dtype and x:dtype() ~= dtype then
      return ("input '%s' is %s, expected %s"):format(value.name, x:dtype(), dtype)
    elseif value.shape and not fits(x, value.shape) then
      return ("input '%s' is [%s], expected [%s]"):format(value.name, shape_text(x:shape()),
                                                          shape_text(value.shape))
    end
  end
end

-- Runs one node on the values by name.
local function evaluate(node, values)
  local inputs = {}
  for i, name in ipairs(node.inputs) do
    inputs[i] = name and values[name] or nil
  end
  local results = {node.run(node.attributes, table.unpack(inputs, 1, #node.inputs))}
  for i, name in ipairs(node.outputs) do
    if name and not results[i] then
      options.raise("it has no output %d", i)
    elseif name then
      values[name] = results[i]
    end
  end
  for _, name in ipairs(node.done) do
    values[name] = nil
  end
end

function Graph:forward(...)
  local plan = self[PLAN]
  local description, values, at = plan.description, {}, nil
  for name, field in pairs(plan.fields) do
    values[name] = self[field]
  end
  for i, value in ipairs(description.inputs) do
    values[value.name] = select(i, ...)
  end
  local ok, problem = pcall(function()
    for _, node in ipairs(description.nodes) do
      at = node
      node.attributes.dtype = plan.dtype
      evaluate(node, values)
    end
  end)
  if not ok and type(problem) == "string" then
    options.raise("%s: %s", at.title, (problem:gsub("^[^\n]-:%d+: ", "", 1)))
  elseif not ok then
    error(problem, 0)
  end
  local outputs = {}
  for i, value in ipairs(description.outputs) do
    outputs[i] = values[value.name]
  end
  return table.unpack(outputs, 1, #description.outputs)
end

--- graph:set_dtype(dtype): what module:to calls; float32 inputs and casts are of that dtype then.
function Graph:set_dtype(dtype)
  self[PLAN].dtype = dtype
end

function Graph:__tostring()
  local n = #self[PLAN].description.nodes
  return ("Graph of %d node%s"):format(n, n == 1 and "" or "s")
end

return Graph

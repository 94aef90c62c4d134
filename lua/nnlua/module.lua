-- nn.Module: what layers and models have in common.
--
--   local Net = nn.class("Net", nn.Module)
--   function Net:init()
--     self.hidden = nn.Linear(2, 8)
--     self.output = nn.Linear(8, 1)
--   end
--   function Net:forward(x) return self.output(self.hidden(x):relu()) end
--
-- A field that holds a module is a child; a field that held a tensor with requires_grad when it was
-- first assigned, or was registered, is a parameter. The order of everything (parameters(),
-- state_dict(), summary()) is the order in which the fields were first assigned, children in place.
-- (Lua may carry out the parts of one multiple assignment in any order: give each field its own.)
--
-- Invariants: no method here depends on the order of pairs; a module reached through itself is
-- visited once; load_state_dict changes all or nothing.

local autograd = require "nnlua.autograd"
local class = require "nnlua.class"
local core = require "nnlua.core"
local hooks = require "nnlua.hooks"
local options = require "nnlua.options"
local state_dict = require "nnlua.state_dict"
local summary = require "nnlua.summary"

--- nn.Module: the parent of all layers and models, for nn.class("Net", nn.Module): a method init
--- assigns layers and parameters to fields, a method forward computes the result.
local Module = class("Module")

--- Whether the module is in training mode (see train); layers such as Dropout behave accordingly.
Module.training = true

-- Lists of field names, per module: order = {name, ...}, kind = {[name] = "parameter" | "buffer"}.
local registry = setmetatable({}, {__mode = "k"})

local function fields_of(module)
  local fields = registry[module]
  if not fields then
    fields = {order = {}, kind = {}, known = {}}
    registry[module] = fields
  end
  return fields
end

local function note(module, name)
  local fields = fields_of(module)
  if not fields.known[name] then
    fields.known[name] = true
    fields.order[#fields.order + 1] = name
  end
  return fields
end

-- Runs at the first assignment to a field.
function Module:__newindex(name, value)
  local fields = note(self, name)
  if core.is_tensor(value) and value.requires_grad then
    fields.kind[name] = "parameter"
  end
  rawset(self, name, value)
end

--- nn.Module.is_module(v) -> whether v is a module.
local function is_module(value)
  local metatable = type(value) == "table" and getmetatable(value)
  return type(metatable) == "table" and rawget(metatable, "is") == Module.is and value:is(Module)
end

Module.is_module = is_module

--- module:register(name, tensor [, {parameter = true}]) -> tensor, now the field `name`: a
--- parameter, which requires a gradient, or else state that is saved but not trained.
function Module:register(name, tensor, given)
  local o = options.check("register", given, {parameter = true})
  if type(name) ~= "string" then
    core.arg_error(1, "register", "name expected, got " .. options.type_name(name))
  end
  if not core.is_tensor(tensor) then
    core.arg_error(2, "register", "tensor expected, got " .. options.type_name(tensor))
  end
  if o.parameter then
    tensor:requires_grad_()
  end
  local fields = note(self, name)
  fields.kind[name] = o.parameter and "parameter" or "buffer"
  rawset(self, name, tensor)
  return tensor
end

--- module:forward(...) computes the result; subclasses define it. Call the module itself instead:
--- that checks the input first.
function Module:forward()
  options.raise("%s has no method 'forward'", tostring(self))
end

--- module:check(...) -> what is wrong with these inputs, as "input is ..., expected ...", or nil.
--- Subclasses that can tell define it; calling the module raises what it says.
function Module.check(_)
  return nil
end

-- What forward returned, which must be something.
local function returned(module, ...)
  if select("#", ...) == 0 then
    options.raise("%s: forward returned nothing", tostring(module))
  end
  return ...
end

local function invoke(module, ...)
  local problem = module:check(...)
  if problem then
    options.raise("%s: %s", tostring(module), problem)
  end
  return returned(module, module:forward(...))
end

--- module(...) -> module:forward(...), after module:check(...), with the module's hooks around it.
function Module:__call(...)
  if hooks.on(self) then
    return hooks.call(self, invoke, ...)
  end
  return invoke(self, ...)
end

--- module:register_forward_pre_hook(f) -> handle. Before every call f(module, inputs) gets the list
--- of arguments, {n = number, ...}; what it returns, if anything, takes its place: a list, or a
--- value for a single argument. handle:remove() takes the hook away.
function Module:register_forward_pre_hook(f)
  return hooks.add(self, "pre", f, "register_forward_pre_hook")
end

--- module:register_forward_hook(f) -> handle. After every call f(module, inputs, output) gets what
--- forward returned, as a list if it returned several values; what f returns, if anything, takes
--- its place.
function Module:register_forward_hook(f)
  return hooks.add(self, "forward", f, "register_forward_hook")
end

--- module:register_full_backward_hook(f) -> handle. On the way back through a call f(module,
--- grad_inputs, grad_outputs) gets the gradients of its arguments and results by position (nil for
--- what is not tracked); a list that it returns takes the place of grad_inputs.
function Module:register_full_backward_hook(f)
  return hooks.add(self, "backward", f, "register_full_backward_hook")
end

-- Calls visit(kind, name, value, owner, key) for every parameter, buffer and child below module, in
-- order; a child before what is in it. `path` holds the modules that are being visited.
local function walk(module, prefix, visit, path)
  path[module] = true
  local fields = fields_of(module)
  for _, key in ipairs(fields.order) do
    local value, name = rawget(module, key), prefix .. tostring(key)
    if is_module(value) then
      if not path[value] then
        visit("module", name, value, module, key)
        walk(value, name .. ".", visit, path)
      end
    elseif core.is_tensor(value) and fields.kind[key] then
      visit(fields.kind[key], name, value, module, key)
    end
  end
  path[module] = nil
end

-- The entries of the given kinds: {name=, value=, owner=, key=, kind=} in order.
local function entries(module, ...)
  local wanted, list = {}, {}
  for _, kind in ipairs {...} do
    wanted[kind] = true
  end
  walk(module, "", function(kind, name, value, owner, key)
    if wanted[kind] then
      list[#list + 1] = {name = name, value = value, owner = owner, key = key, kind = kind}
    end
  end, {})
  return list
end

-- The entries whose value did not occur before: shared weights count once.
local function distinct(list)
  local seen, result = {}, {}
  for _, entry in ipairs(list) do
    if not seen[entry.value] then
      seen[entry.value] = true
      result[#result + 1] = entry
    end
  end
  return result
end

--- module:named_parameters() -> iterator over name, tensor, in order: "1.weight", "1.bias", ...
--- A tensor that several modules share comes once, under its first name.
function Module:named_parameters()
  local list, i = distinct(entries(self, "parameter")), 0
  return function()
    i = i + 1
    if list[i] then
      return list[i].name, list[i].value
    end
  end
end

--- module:parameters() -> list of the tensors of named_parameters().
function Module:parameters()
  local list = {}
  for _, tensor in self:named_parameters() do
    list[#list + 1] = tensor
  end
  return list
end

--- module:named_modules() -> iterator over name, module: the module itself, named "", and all that
--- are in it, in order: "1", "2", "2.inner", ... A module that several share comes once, under its
--- first name.
function Module:named_modules()
  local list, i = entries(self, "module"), 0
  table.insert(list, 1, {name = "", value = self})
  list = distinct(list)
  return function()
    i = i + 1
    if list[i] then
      return list[i].name, list[i].value
    end
  end
end

--- module:children() -> list of the modules directly in this one.
function Module:children()
  local list = {}
  for _, key in ipairs(fields_of(self).order) do
    local value = rawget(self, key)
    if is_module(value) then
      list[#list + 1] = value
    end
  end
  return list
end

--- module:train([on = true]) -> module, it and everything in it now in training mode or not.
function Module:train(on)
  on = on ~= false
  rawset(self, "training", on)
  for _, entry in ipairs(entries(self, "module")) do
    rawset(entry.value, "training", on)
  end
  return self
end

--- module:eval() -> module:train(false).
function Module:eval()
  return self:train(false)
end

--- module:zero_grad() drops the gradients of all parameters (grad becomes nil).
function Module:zero_grad()
  for _, tensor in self:named_parameters() do
    tensor.grad = nil
  end
end

--- module:to(dtype) -> module, its parameters and float buffers converted to that dtype ("float32"
--- or "float64"), without gradients. The tensors stay the same objects, so optimizers keep working
--- as long as they have no state of the old dtype. Modules whose results have a dtype of their own,
--- such as Rescaling, have a method set_dtype(dtype), which is called.
function Module:to(dtype)
  if dtype ~= "float32" and dtype ~= "float64" then
    core.arg_error(1, "to", ("float32 or float64 expected, got %s"):format(tostring(dtype)))
  end
  local converted = {}
  for _, entry in ipairs(distinct(entries(self, "parameter", "buffer"))) do
    local old = entry.value:dtype()
    if old ~= dtype and (old == "float32" or old == "float64") then
      converted[#converted + 1] = {entry.value, core.to(entry.value, dtype)}
    end
  end
  for _, pair in ipairs(converted) do
    pair[1].grad = nil
    core.set_data(pair[1], pair[2])
  end
  local modules = entries(self, "module")
  table.insert(modules, 1, {value = self})
  for _, entry in ipairs(modules) do
    if entry.value.set_dtype then entry.value:set_dtype(dtype) end
  end
  return self
end

-- State -------------------------------------------------------------------------------------------

--- module:state_dict([{clone = false}]) -> list of {name, tensor} in order: all parameters and
--- registered state. dict["1.weight"] works too; nn.io.save_safetensors takes it as it is.
--- The tensors share the module's memory: clone to keep a snapshot.
function Module:state_dict(given)
  local o = options.check("state_dict", given, {clone = false})
  local dict = {}
  for i, entry in ipairs(entries(self, "parameter", "buffer")) do
    dict[i] = {entry.name, o.clone and core.clone(entry.value) or autograd.detach(entry.value)}
  end
  return state_dict.named(dict)
end

local function shape_text(tensor)
  return "[" .. table.concat(tensor:shape(), ",") .. "]"
end

--- module:load_state_dict(dict [, {strict = true}]) -> module, its parameters and state now with
--- the values in dict: a state_dict() or a table name -> tensor. Values are converted to the
--- module's dtypes. Raises one error that lists every missing and unexpected name (unless not
--- strict) and every wrong shape; the module is unchanged then.
function Module:load_state_dict(dict, given)
  local o = options.check("load_state_dict", given, {strict = true})
  local list = state_dict.read(1, "load_state_dict", dict)
  local by_name, problems, known, copies = {}, {}, {}, {}
  for _, pair in ipairs(list) do
    by_name[pair[1]] = pair[2]
  end
  for _, entry in ipairs(entries(self, "parameter", "buffer")) do
    local value = by_name[entry.name]
    known[entry.name] = true
    if value == nil then
      if o.strict then
        problems[#problems + 1] = ("'%s' is missing"):format(entry.name)
      end
    elseif not core.is_tensor(value) then
      problems[#problems + 1] = ("'%s' is a %s, not a tensor"):format(entry.name, type(value))
    elseif shape_text(value) ~= shape_text(entry.value) then
      problems[#problems + 1] = ("'%s' is %s, expected %s")
        :format(entry.name, shape_text(value), shape_text(entry.value))
    else
      -- A value may be a parameter of this module that is itself about to be written.
      copies[#copies + 1] = {entry.value, core.clone(value)}
    end
  end
  for _, pair in ipairs(list) do
    if o.strict and not known[pair[1]] then
      problems[#problems + 1] = ("'%s' is unexpected"):format(pair[1])
    end
  end
  if #problems > 0 then
    options.raise("load_state_dict: %s", table.concat(problems, "; "))
  end
  for _, pair in ipairs(copies) do
    core.copy_(pair[1], pair[2])
  end
  return self
end

-- Description -------------------------------------------------------------------------------------

local function check_sizes(name, sizes)
  if type(sizes) ~= "table" then
    core.arg_error(1, name, "list of sizes expected, got " .. options.type_name(sizes))
  end
  for i = 1, #sizes do
    if math.type(sizes[i]) ~= "integer" or sizes[i] < 0 then
      core.arg_error(1, name, ("list of sizes expected, entry %d is %s"):format(
        i, math.type(sizes[i]) and tostring(sizes[i]) or "a " .. options.type_name(sizes[i])))
    end
  end
end

--- module:output_shape(input_shape) -> the list of sizes of the result for an input of these sizes;
--- nil where that is not known. Subclasses that can tell define it. Containers are given a second
--- argument and ask their modules by trace_shape(sizes, that argument).
function Module.output_shape(_)
  return nil
end

--- module:trace_shape(input_shape [, noted]) -> module:output_shape(input_shape), which
--- noted(module, input_shape, output_shape) is told, too. nil for nil.
function Module:trace_shape(input_shape, noted)
  if input_shape ~= nil then
    check_sizes("trace_shape", input_shape)
  end
  local output = input_shape and self:output_shape(input_shape, noted)
  if noted then
    noted(self, input_shape, output)
  end
  return output
end

--- module:multiply_adds(input_shape) -> how many products are added up in one forward pass over an
--- input of these sizes, without those of the modules inside. 0 unless a subclass knows better.
function Module.multiply_adds(_)
  return 0
end

--- module:summary([input]) -> a table as text: every layer with its parameters and their memory
--- and, given the input's sizes (or an input), the sizes of its result, its multiply-adds and the
--- memory of both; last the totals. input: {64, 784}, or a tensor. Modules that do not say their
--- output_shape are run once, in eval mode, on that tensor or on zeros of the model's dtype.
function Module:summary(input)
  return summary(self, entries(self, "module"), entries(self, "parameter"),
                 entries(self, "buffer"), input)
end

return Module

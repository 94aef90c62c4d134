-- What exporters send through a model to learn its shapes: a small batch, in eval mode.

local core = require "nnlua.core"
local Embedding = require "nnlua.layers.embedding"
local Module = require "nnlua.module"
local options = require "nnlua.options"
local Rescaling = require "nnlua.layers.rescaling"
local Sequential = require "nnlua.layers.sequential"

local probe = {}

local ROWS = 2 -- of the batch that input_shape stands for

-- The first module that sees the input, as far as containers tell.
local function first_layer(module)
  while getmetatable(module) == Sequential and module[1] do
    module = module[1]
  end
  return module
end

local function input_dtype(model)
  local first = first_layer(model)
  if first:is(Rescaling) or first:is(Embedding) then
    return first:is(Rescaling) and "uint8" or "int64"
  end
  local parameter = model:parameters()[1]
  return parameter and parameter:dtype() or "float32"
end

--- probe.check_model(position, function_name, model) raises if that argument is no module.
function probe.check_model(position, function_name, model)
  if not Module.is_module(model) then
    core.arg_error(position, function_name, "module expected, got " .. options.type_name(model))
  end
end

local function is_shape(shape)
  for _, size in ipairs(type(shape) == "table" and shape or {0}) do
    if math.type(size) ~= "integer" or size < 1 then return false end
  end
  return true
end

--- probe.input(function_name, model, {input_shape | example}) -> tensor: the example, or ones in
--- the dtype that the model takes, of that shape behind the number of rows.
function probe.input(function_name, model, o)
  if o.example ~= nil then
    if not core.is_tensor(o.example) or o.example:ndim() == 0 or o.example:numel() == 0 then
      options.raise("bad option 'example' to '%s' (a batch of at least one row expected, got %s)",
                    function_name, core.is_tensor(o.example)
                      and ("shape [%s]"):format(table.concat(o.example:shape(), ","))
                      or options.type_name(o.example))
    end
    return o.example
  elseif o.input_shape == nil then
    options.raise("'%s' needs the option 'input_shape' or 'example'", function_name)
  elseif not is_shape(o.input_shape) then
    options.raise("bad option 'input_shape' to '%s' (list of positive sizes without the batch's "
                  .. "expected)", function_name)
  end
  -- Ones are indices, too.
  return core.ones({ROWS, table.unpack(o.input_shape)}, {dtype = input_dtype(model)})
end

local Mode = {
  __close = function(mode)
    for _, entry in ipairs(mode) do
      rawset(entry.module, "training", entry.training)
    end
  end,
}

local function note_modes(list, module, seen)
  if seen[module] then return end
  seen[module] = true
  list[#list + 1] = {module = module, training = rawget(module, "training")}
  for _, child in ipairs(module:children()) do
    note_modes(list, child, seen)
  end
end

--- probe.eval(model) -> a value to be closed: the model is in eval mode while it is in scope.
function probe.eval(model)
  local modes = {}
  note_modes(modes, model, {})
  model:eval()
  return setmetatable(modes, Mode)
end

return probe

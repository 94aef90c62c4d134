-- module:summary(): a model's layers, their shapes, their cost, as a table of text.
--
-- Shapes come from output_shape where every module on the way knows its own; otherwise from a
-- forward pass on zeros that is watched by hooks and leaves no trace: eval mode, no_grad, and
-- afterwards the modes, the buffers and the default generator as they were.
--
-- Invariant: what is used in several places, a module or a tensor, is counted once; what it costs
-- to run is counted at every use.

local autograd = require "nnlua.autograd"
local core = require "nnlua.core"
local options = require "nnlua.options"
local text_table = require "nnlua.text_table"
local untouched = require "nnlua.untouched"

local BYTES = {float32 = 4, float64 = 8, int64 = 8, uint8 = 1, bool = 1}

-- 19885 as "19,885".
local function grouped(n)
  local text = tostring(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

local function byte_text(n)
  if n < 1024 then return ("%d B"):format(n) end
  local units, i = {"KiB", "MiB", "GiB", "TiB"}, 0
  repeat
    n, i = n / 1024, i + 1
  until n < 1024 or i == #units
  return ("%.1f %s"):format(n, units[i])
end

local function shape_text(shape)
  return "[" .. table.concat(shape, ",") .. "]"
end

local function count(shape)
  local n = 1
  for _, size in ipairs(shape) do n = n * size end
  return n
end

-- Shapes ------------------------------------------------------------------------------------------

-- The sizes to assume for the input, and the tensor if an example was given.
local function input_of(given)
  if core.is_tensor(given) then return given:shape(), given end
  local is_shape = type(given) == "table"
  for i = 1, is_shape and #given or 0 do
    is_shape = is_shape and math.type(given[i]) == "integer" and given[i] >= 0
  end
  if not is_shape then
    core.arg_error(1, "summary", "a list of sizes or a tensor expected, got "
      .. (type(given) == "table" and "another table" or options.type_name(given)))
  end
  return given, nil
end

-- The shapes of each module's uses, {[module] = {{input =, output =}, ...}}, from what the modules
-- say; nil if one of them does not know.
local function said(module, shape)
  local uses, complete = {}, true
  local output = module:trace_shape(shape, function(part, input, result)
    complete = complete and result ~= nil
    uses[part] = uses[part] or {}
    table.insert(uses[part], {input = input, output = result})
  end)
  return output and complete and uses or nil
end

local function dtype_of(parameters)
  return parameters[1] and core.dtype(parameters[1].value) or "float32"
end

local function first_tensor(value)
  while type(value) == "table" and value[1] ~= nil do value = value[1] end
  return core.is_tensor(value) and value or nil
end

local function remove_all(handles)
  for _, handle in ipairs(handles) do handle:remove() end
end

local function values_of(entries)
  local values = {}
  for i, entry in ipairs(entries) do values[i] = entry.value end
  return values
end

-- The same from a forward pass on x.
local function seen(module, modules, buffers, x)
  local handles <close> = setmetatable({}, {__close = remove_all})
  local kept <close> = untouched(modules, values_of(buffers)) -- luacheck: ignore kept
  local pause <close> = autograd.pause() -- luacheck: ignore pause
  local uses = {}
  for i, part in ipairs(modules) do
    handles[i] = part:register_forward_hook(function(_, inputs, output)
      local input, result = first_tensor(inputs), first_tensor(output)
      if input and result then
        uses[part] = uses[part] or {}
        table.insert(uses[part], {input = input:shape(), output = result:shape()})
      end
    end)
  end
  module:eval()
  module(x)
  return uses
end

-- Rows --------------------------------------------------------------------------------------------

-- Number and bytes of the module's own parameters that were not counted before.
local function own(module, parameters, counted)
  local numbers, bytes = 0, 0
  for _, entry in ipairs(parameters) do
    local tensor = entry.value
    if entry.owner == module and not counted[tensor] then
      counted[tensor] = true
      numbers = numbers + tensor:numel()
      bytes = bytes + tensor:numel() * BYTES[core.dtype(tensor)]
    end
  end
  return numbers, bytes
end

-- What the uses of a module cost: its last output, multiply-adds, bytes of all outputs.
local function cost(module, uses, dtype)
  local output, multiply_adds, bytes = "", 0, 0
  for _, use in ipairs(uses or {}) do
    output = shape_text(use.output)
    multiply_adds = multiply_adds + module:multiply_adds(use.input)
    bytes = bytes + count(use.output) * BYTES[dtype]
  end
  return output, multiply_adds, bytes
end

-- One line for a module that prints as several.
local function title(module)
  return (tostring(module):match("^[^\n]*"):gsub("%($", ""))
end

-- The modules that get a row, as {name, module}: those without children, and those with parameters
-- of their own.
local function shown(module, modules, parameters)
  local owns, list = {}, {}
  for _, entry in ipairs(parameters) do owns[entry.owner] = true end
  if #modules == 0 or owns[module] then list[1] = {"", module} end
  for _, entry in ipairs(modules) do
    if #entry.value:children() == 0 or owns[entry.value] then
      list[#list + 1] = {entry.name, entry.value}
    end
  end
  return list
end

-- The shapes of all uses (see `said`) for the input that was given.
local function uses_of(module, modules, buffers, dtype, given)
  local shape, example = input_of(given)
  local uses = said(module, shape)
  if uses then return uses end
  local all, known = {module}, {[module] = true}
  for _, entry in ipairs(modules) do
    if not known[entry.value] then all[#all + 1], known[entry.value] = entry.value, true end
  end
  return seen(module, all, buffers, example or core.zeros(shape, {dtype = dtype}))
end

--- summary(module, modules, parameters, buffers [, given]) -> text; modules, parameters, buffers:
--- the entries (module.lua) below and in module; given: sizes of the input, or an example of it.
return function(module, modules, parameters, buffers, given)
  local dtype = dtype_of(parameters)
  local uses = given ~= nil and uses_of(module, modules, buffers, dtype, given)
  local rows = {uses and {"layer", "", "output", "parameters", "multiply-adds", "memory"}
                or {"layer", "", "parameters", "memory"}}
  local counted, first = {}, {}
  local parameters_total, parameter_bytes, multiply_adds_total, activation_bytes = 0, 0, 0, 0
  for i, item in ipairs(shown(module, modules, parameters)) do
    local name, part = item[1], item[2]
    if first[part] then
      rows[i + 1] = {name, "is " .. first[part]}
    else
      first[part] = name
      local numbers, bytes = own(part, parameters, counted)
      local output, multiply_adds, activation = cost(part, uses and uses[part], dtype)
      parameters_total, parameter_bytes = parameters_total + numbers, parameter_bytes + bytes
      multiply_adds_total = multiply_adds_total + multiply_adds
      activation_bytes = activation_bytes + activation
      rows[i + 1] = uses and {name, title(part), output, grouped(numbers), grouped(multiply_adds),
                              byte_text(bytes + activation)}
                    or {name, title(part), grouped(numbers), byte_text(bytes)}
    end
  end
  local lines = text_table.lines(rows, 2)
  lines[#lines + 1] = ("%s parameters (%s)"):format(grouped(parameters_total),
                                                    byte_text(parameter_bytes))
  if uses then
    lines[#lines + 1] = ("%s multiply-adds, activations %s"):format(
      grouped(multiply_adds_total), byte_text(activation_bytes))
  end
  return table.concat(lines, "\n")
end

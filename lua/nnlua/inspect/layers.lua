-- What comes out of each layer and what the loss asks of it, seen through hooks.

local core = require "nnlua.core"

local layers = {}

-- An activation is saturated where its slope is below this part of its largest.
local FLAT = 0.05

-- Where the largest slope is looked for.
local REACH, POINTS = 10, 2001

function layers.shape_text(tensor)
  return "[" .. table.concat(tensor:shape(), ",") .. "]"
end

local function float64(tensor)
  return tensor:detach():to("float64")
end

-- The part of the elements of a bool tensor that are true.
local function fraction(marks)
  return marks:to("float64"):mean():item()
end

-- |f'(x)| of an elementwise activation; forward rather than a call: its hooks have seen enough.
local function slope(activation, x)
  local input = float64(x):requires_grad_()
  activation:forward(input):sum():backward()
  return input.grad:abs()
end

local function saturated(activation, x)
  local everywhere = core.linspace(-REACH, REACH, POINTS, {dtype = "float64"})
  local largest = slope(activation, everywhere):max():item()
  return fraction(slope(activation, x):lt(FLAT * largest))
end

-- Values with one column per unit: the channels of images, else the last axis.
local function by_unit(values)
  if values:ndim() == 4 then values = values:transpose(2, 4) end
  local units = values:size(values:ndim())
  return values:reshape(values:numel() // math.max(units, 1), units)
end

local function dead_units(values)
  local largest, dead = by_unit(values:abs()):max(1):totable(), {}
  for unit, value in ipairs(largest) do
    if value == 0 then dead[#dead + 1] = unit end
  end
  return dead, #largest
end

local function describe(layer, input)
  local values = float64(layer.values)
  layer.shape, layer.mean = values:shape(), values:mean():item()
  layer.std = math.sqrt(((values - layer.mean) ^ 2):mean():item())
  layer.min, layer.max = values:min():item(), values:max():item()
  layer.zeros = fraction(values:eq(0))
  layer.dead, layer.units = dead_units(values)
  if layer.module.elementwise then layer.saturated = saturated(layer.module, input) end
end

local function remove_all(handles)
  for _, handle in ipairs(handles) do handle:remove() end
end

-- One line for a module that prints as several.
local function title(module)
  return (tostring(module):match("^[^\n]*"):gsub("%($", ""))
end

--- layers.watch(model, pass) -> list of the layers that pass() went through, what it returned.
--- A layer is a module without modules in it; one that is called twice comes twice. Looked at are
--- results that are one tensor of floats, or, of several results, the first.
function layers.watch(model, pass)
  local list, handles <close> = {}, setmetatable({}, {__close = remove_all})
  for name, module in model:named_modules() do
    if #module:children() == 0 then
      handles[#handles + 1] = module:register_forward_hook(function(_, inputs, output)
        local result = type(output) == "table" and output[1] or output
        if not core.is_tensor(result) or result:numel() == 0 then return end
        local layer = {name = name, title = title(module), module = module,
                       values = result:detach():clone(), input = inputs[1]}
        list[#list + 1] = layer
        if result.requires_grad then
          handles[#handles + 1] = result:register_hook(function(gradient)
            layer.gradient = gradient:detach():clone()
          end)
        end
      end)
    end
  end
  local results = table.pack(pass())
  remove_all(handles)
  for _, layer in ipairs(list) do
    describe(layer, layer.input)
    layer.input = nil
    if layer.gradient then
      layer.gradient_norm = math.sqrt((float64(layer.gradient) ^ 2):sum():item())
    end
  end
  return list, table.unpack(results, 1, results.n)
end

return layers

-- nn.Sequential: modules applied one after the other.
--
-- Invariant: a layer's complaint about its input names the layer: "layer 3 (Linear 25→10): ...";
-- inside nested containers by its path, "layer 2.1 (...)".

local class = require "nnlua.class"
local core = require "nnlua.core"
local hooks = require "nnlua.hooks"
local ModuleList = require "nnlua.layers.module_list"
local options = require "nnlua.options"

--- nn.Sequential(module, ...) ; model[i] is layer i, #model their number.
local Sequential = class("Sequential", ModuleList)

local run

-- Applies layer i of the container at the path prefix, "" or "2."
local function apply(layer, x, prefix, i)
  if layer.forward == Sequential.forward then
    return run(layer, x, prefix .. i .. ".")
  end
  local problem = layer:check(x)
  if problem then
    options.raise("layer %s%d (%s): %s", prefix, i, tostring(layer), problem)
  end
  return layer:forward(x)
end

function run(self, x, prefix)
  for i = 1, #self do
    local layer = self[i]
    if hooks.on(layer) then
      x = hooks.call(layer, function(_, ...) return apply(layer, (...), prefix, i) end, x)
    else
      x = apply(layer, x, prefix, i)
    end
  end
  return x
end

function Sequential:forward(x)
  return run(self, x, "")
end

function Sequential:output_shape(shape, noted)
  for i = 1, #self do
    shape = self[i]:trace_shape(shape, noted)
  end
  return shape
end

--- model:slice(first [, last = #model]) -> a new Sequential of these layers themselves, not copies;
--- negative positions count from the end.
function Sequential:slice(first, last)
  local n, part = #self, Sequential()
  last = last == nil and n or last
  for position, at in ipairs {first or false, last} do
    if math.type(at) ~= "integer" or at == 0 or at < -n or at > n then
      core.arg_error(position, "slice", ("a position in 1..%d expected, got %s"):format(
        n, tostring(at)))
    end
  end
  for i = first > 0 and first or n + 1 + first, last > 0 and last or n + 1 + last do
    part[#part + 1] = self[i]
  end
  return part
end

return Sequential

-- nn.Sequential: modules applied one after the other.
--
-- Invariant: a layer's complaint about its input names the layer: "layer 3 (Linear 25→10): ...";
-- inside nested containers by its path, "layer 2.1 (...)".

local class = require "nnlua.class"
local core = require "nnlua.core"
local hooks = require "nnlua.hooks"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.Sequential(module, ...) ; model[i] is layer i, #model their number.
local Sequential = class("Sequential", Module)

local function check_module(position, function_name, value)
  if not Module.is_module(value) then
    core.arg_error(position, function_name, "module expected, got " .. options.type_name(value))
  end
end

function Sequential:init(...)
  for i = 1, select("#", ...) do
    local module = select(i, ...)
    check_module(i, "Sequential", module)
    self[i] = module
  end
end

--- model:add(module) -> model, with module as its new last layer.
function Sequential:add(module)
  check_module(1, "add", module)
  if module == self then core.arg_error(1, "add", "a container cannot hold itself") end
  self[#self + 1] = module
  return self
end

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

function Sequential:__tostring()
  local lines = {}
  for i = 1, #self do
    lines[i] = ("  (%d): %s"):format(i, tostring(self[i]):gsub("\n", "\n  "))
  end
  return ("Sequential(\n%s\n)"):format(table.concat(lines, "\n"))
end

return Sequential

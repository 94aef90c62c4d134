-- What exporters share: a walk through a model's modules, each handed to the exporter of its class.
--
-- A value is a table with what flows along an edge; its `example` is what the engine computes there
-- for a small batch, so that shapes are known without a rule for each module.

local class = require "nnlua.class"
local hooks = require "nnlua.hooks"
local options = require "nnlua.options"

local Walker = class("Walker")

--- Walker(exporters, hint): exporters: class -> function (walker, module, x) -> value; hint: what
--- to do about a class that is not among them, for the message.
function Walker:init(exporters, hint)
  self.exporters, self.hint = exporters, hint
  self.path = "" -- of the module that is being exported, as in the state dict: "2.1."
end

-- The exporter of a class: its own, or an ancestor's as long as forward is the ancestor's, too.
local function find(exporters, of)
  local forward = of.forward
  while of do
    if exporters[of] and of.forward == forward then
      return exporters[of]
    end
    of = of.parent
  end
end

--- walker:place(module) -> "layer 2.1 (Net)" or "model (Net)", for messages
function Walker:place(module)
  local path = self.path:gsub("%.$", "")
  local name = tostring(module):gsub("\n.*", "")
  return path == "" and ("model (%s)"):format(name) or ("layer %s (%s)"):format(path, name)
end

--- walker:emit(module, key, x) -> the value of module(x). key: the field of the module being
--- exported that holds it; nil for the model. Raises if the module's class has no exporter, x is
--- not its input, or it has hooks, which may change what it computes.
function Walker:emit(module, key, x)
  local outer = self.path
  self.path = key == nil and outer or outer .. key .. "."
  local problem, exporter = module:check(x.example), find(self.exporters, getmetatable(module))
  if problem then
    options.raise("%s: %s", self:place(module), problem)
  elseif hooks.on(module) then
    options.raise("%s: a module with hooks cannot be exported; remove them first",
                  self:place(module))
  elseif not exporter then
    options.raise("%s: class '%s' cannot be exported%s", self:place(module), module.class_name,
                  self.hint)
  end
  local y = exporter(self, module, x)
  if type(y) ~= "table" or type(y.name) ~= "string" then
    options.raise("%s: its exporter gave a %s, expected a value of the graph", self:place(module),
                  options.type_name(y))
  end
  y.example = y.example or module:forward(x.example)
  self.path = outer
  return y
end

return Walker

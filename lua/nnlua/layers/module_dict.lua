-- nn.ModuleDict: modules by name, for a model that chooses among them itself.
--
-- Invariant: the modules are fields of their names, in the order in which they were added; those of
-- the constructor's table in alphabetical order.

local branches = require "nnlua.layers.branches"
local class = require "nnlua.class"
local core = require "nnlua.core"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.ModuleDict([modules]) ; modules: a table of them by name. dict[name] or dict.name is one.
local ModuleDict = class("ModuleDict", Module)

function ModuleDict:init(modules)
  if modules ~= nil and type(modules) ~= "table" then
    core.arg_error(1, "ModuleDict", "a table of modules expected, got "
      .. options.type_name(modules))
  end
  rawset(self, "names", {})
  for _, name in ipairs(options.sorted_keys(modules or {})) do
    self:set(name, modules[name])
  end
end

--- dict:set(name, module) -> dict, which has the module under that name now. Raises for names that
--- mean something else to a module, such as "forward".
function ModuleDict:set(name, module)
  if type(name) ~= "string" or rawget(self, name) == nil and self[name] ~= nil
     or name == "names" then
    core.arg_error(1, "set", ("a free name expected, got %s"):format(tostring(name)))
  end
  branches.check(self, 2, "set", module)
  if rawget(self, name) == nil then self.names[#self.names + 1] = name end
  self[name] = module
  return self
end

--- dict:items() -> iterator over name, module, in order.
function ModuleDict:items()
  local i = 0
  return function()
    i = i + 1
    local name = self.names[i]
    if name then return name, self[name] end
  end
end

function ModuleDict:forward()
  options.raise("a %s cannot be called; call the modules in it", self.class_name)
end

function ModuleDict:__tostring()
  local lines = {"ModuleDict("}
  for name, module in self:items() do
    lines[#lines + 1] = ("  (%s): %s"):format(name, (tostring(module):gsub("\n", "\n  ")))
  end
  return table.concat(lines, "\n") .. "\n)"
end

return ModuleDict

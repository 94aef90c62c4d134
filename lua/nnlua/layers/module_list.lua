-- nn.ModuleList: a list of modules that a model goes through itself; the parent of containers.
--
-- Invariant: the modules are fields 1..n, so ipairs, # and indexing work, and their parameters are
-- named "1.weight", ... in order.

local branches = require "nnlua.layers.branches"
local class = require "nnlua.class"
local core = require "nnlua.core"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.ModuleList(module, ...) ; list[i] is module i, #list their number.
local ModuleList = class("ModuleList", Module)

function ModuleList:init(...)
  branches.fill(self, 1, ...)
end

--- list:add(module) -> list, with module as its new last one.
function ModuleList:add(module)
  branches.check(self, 1, "add", module)
  self[#self + 1] = module
  return self
end

--- list:extend(modules) -> list, with the modules of a table or another list behind its own.
function ModuleList:extend(modules)
  if type(modules) ~= "table" then
    core.arg_error(1, "extend", "a list of modules expected, got " .. options.type_name(modules))
  end
  local count = #modules -- it may be this very list
  for i = 1, count do
    branches.check(self, 1, "extend", modules[i])
  end
  for i = 1, count do
    self[#self + 1] = modules[i]
  end
  return self
end

local function check_position(function_name, position, most)
  if math.type(position) ~= "integer" or position < 1 or position > most then
    core.arg_error(1, function_name, ("a position in 1..%d expected, got %s"):format(
      most, tostring(position)))
  end
end

--- list:insert(position, module) -> list, with module at position, 1..#list+1.
function ModuleList:insert(position, module)
  check_position("insert", position, #self + 1)
  branches.check(self, 2, "insert", module)
  self[#self + 1] = module -- the new last field gets its place in the order
  table.move(self, position, #self - 1, position + 1)
  self[position] = module
  return self
end

--- list:remove([position = #list]) -> the module that was there.
function ModuleList:remove(position)
  position = position == nil and #self or position
  check_position("remove", position, #self)
  return table.remove(self, position)
end

function ModuleList:forward()
  options.raise("a %s cannot be called; call the modules in it", self.class_name)
end

ModuleList.__tostring = branches.text

return ModuleList

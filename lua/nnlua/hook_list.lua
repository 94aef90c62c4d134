-- Lists of hooks: functions that somebody wants called, each with a handle that takes it out again.
--
-- Invariant: a hook may remove itself or others, or add some, while the list is being run; who is
-- called is settled when the run begins.

local core = require "nnlua.core"
local options = require "nnlua.options"

local hook_list = {}

local Handle = {__name = "hook handle"}
Handle.__index = Handle

--- handle:remove() takes the hook out; again does nothing.
function Handle:remove()
  local list = self.list
  for i = 1, list and #list or 0 do
    if list[i] == self then
      table.remove(list, i)
      break
    end
  end
  self.list = nil
end

--- hook_list.add(list, f, function_name) -> handle; f is the first argument of that function.
function hook_list.add(list, f, function_name)
  local metatable = getmetatable(f)
  if type(f) ~= "function" and not (type(metatable) == "table" and metatable.__call) then
    core.arg_error(1, function_name, "function expected, got " .. options.type_name(f))
  end
  local handle = setmetatable({list = list, hook = f}, Handle)
  list[#list + 1] = handle
  return handle
end

--- hook_list.each(list) -> iterator over i, f.
function hook_list.each(list)
  local handles = table.move(list, 1, #list, 1, {})
  return function(_, i)
    local handle = handles[i + 1]
    if handle then
      return i + 1, handle.hook
    end
  end, nil, 0
end

return hook_list

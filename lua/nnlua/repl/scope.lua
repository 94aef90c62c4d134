-- scope.lua - the table that inputs see as _ENV: the session's variables, strictly
--
-- Reading a variable that does not exist raises and names the nearest one; setting a variable
-- to nil makes it one that may be read. Only inputs, and functions written in them, see this
-- table: files and the library read their globals as ever. `_` is the last result, unless the
-- user has a variable of that name.

local options = require "nnlua.options"

-- Kept here, so that a session survives its own `error = nil`.
local error, next, pairs, setmetatable = error, next, pairs, setmetatable
local table, type = table, type

local scope = {}

--- scope.sorted(set) -> the keys of a set of strings, sorted
function scope.sorted(set)
  local keys = {}
  for key in next, set do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

--- scope.names(env) -> the names of its variables, sorted; pairs(env) is asked for them.
function scope.names(env)
  local found = {}
  for name in pairs(env) do
    if type(name) == "string" then found[name] = true end
  end
  return scope.sorted(found)
end

--- scope.new(session) -> the strict table over session.env; session.last is `_`,
--- session.defined(name), where it is given, says whether a variable exists although it is nil.
function scope.new(session)
  local env, declared = session.env, {}
  local strict = {}

  function strict.__index(_, name)
    local value = env[name]
    if value ~= nil then return value end
    if name == "_" then return session.last end
    if type(name) ~= "string" or declared[name] then return nil end
    if session.defined and session.defined(name) then return nil end
    -- Every other name of one letter is near to one.
    local near = #name > 1 and options.suggest(name, scope.names(env)) or ""
    error(("undefined variable '%s'%s"):format(name, near), 2)
  end

  function strict.__newindex(_, name, value)
    if value == nil then declared[name] = true end
    env[name] = value
  end

  function strict.__pairs()
    return pairs(env)
  end

  return setmetatable({}, strict)
end

return scope

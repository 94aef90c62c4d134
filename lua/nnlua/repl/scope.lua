-- scope.lua - the table that inputs see as _ENV: the session's variables, strictly
--
-- Reading a variable that does not exist raises and names the nearest one; setting a variable
-- to nil makes it one that may be read. Only inputs, and functions written in them, see this
-- table: files and the library read their globals as ever. `_` is the last result, unless the
-- user has a variable of that name.

local options = require "nnlua.options"

-- Kept here, so that a session survives its own `error = nil`.
local error, pairs, setmetatable, type = error, pairs, setmetatable, type

local scope = {}

--- scope.names(env) -> the names of its variables, sorted; pairs(env) is asked for them.
function scope.names(env)
  local found = {}
  for name in pairs(env) do
    if type(name) == "string" then found[name] = true end
  end
  return options.sorted_keys(found)
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
    error(("undefined variable '%s'%s"):format(
      name, options.suggest(name, scope.names(env))), 2)
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

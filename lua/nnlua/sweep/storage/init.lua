-- Where studies are kept: a file of SQLite, or a database of PostgreSQL.

local postgres = require "nnlua.postgres"
local Store = require "nnlua.sweep.storage.store"

local storage = {}

--- storage.open(location [, {create = true, patience = 60, notify}]) -> store | nil, message.
--- location: a path, or a URL postgresql://USER@HOST:PORT/DATABASE. create: whether to make what is
--- missing; without it, what holds no studies is refused. patience: seconds to wait for a database
--- that is away. notify(text): see connection.lua.
function storage.open(location, given)
  local rest, create = {}, true
  for name, value in pairs(given or {}) do
    if name == "create" then create = value else rest[name] = value end
  end
  local connection, message
  if postgres.is_url(location) then
    connection, message = require("nnlua.sweep.storage.postgres")(location, rest)
  elseif location:find("^%a[%w+.-]*://") then
    return nil, ("'%s://...' is no study: a file or a URL postgresql://USER@HOST/DATABASE expected")
      :format(location:match("^(.-)://"))
  else
    rest.create = create
    connection, message = require("nnlua.sweep.storage.sqlite")(location, rest)
  end
  if not connection then return nil, message end
  local store
  if create or connection:format() then
    store, message = connection:attempt(Store, connection)
  else
    message = ("'%s' holds no studies"):format(connection.described)
  end
  if not store then connection:close() end
  return store, message
end

--- storage.describe(location) -> what may be shown of it: a URL without its password.
function storage.describe(location)
  if not postgres.is_url(location) then return location end
  return postgres.describe(location) or "postgresql://..."
end

return storage

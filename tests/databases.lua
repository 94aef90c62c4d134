-- databases.lua - the databases that studies are kept in, made for tests and removed after them
--
--   local database = databases.start("PostgreSQL")
--   local store = database:open() ... store:close(); database:empty(); database:remove()

local postgres = require "tests.postgres"
local storage = require "nnlua.sweep.storage"

local databases = {}

--- databases.KINDS: the names that start knows.
databases.KINDS = {"SQLite", "PostgreSQL"}

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  pipe:close()
  return (text:gsub("\n$", ""))
end

local Database = {}
Database.__index = Database

--- databases.start(kind) -> database: with the fields kind and location.
function databases.start(kind)
  local self = setmetatable({kind = kind}, Database)
  if kind == "PostgreSQL" then
    self.server = postgres.start()
    self.location = self.server.url
  else
    self.folder = output("mktemp -d")
    self.location = self.folder .. "/study.sqlite"
  end
  return self
end

--- database:open([options]) -> store: see storage.open.
function Database:open(given)
  return assert(storage.open(self.location, given))
end

--- database:query(sql) -> what the database's own shell prints, columns separated by "|".
function Database:query(sql)
  if self.server then return self.server:psql("SET search_path TO nnlua; " .. sql) end
  return output(("sqlite3 -batch %s \"%s\" 2>&1"):format(self.location, sql))
end

--- database:empty() takes all studies away.
function Database:empty()
  if self.server then
    self.server:psql("DROP SCHEMA IF EXISTS nnlua CASCADE")
  else
    for _, suffix in ipairs {"", "-wal", "-shm"} do os.remove(self.location .. suffix) end
  end
end

function Database:remove()
  if self.server then self.server:remove() else os.execute("rm -rf " .. self.folder) end
end

return databases

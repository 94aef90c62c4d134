-- Studies in a file of SQLite, in the journal mode WAL: readers never wait, writers one for the
-- other. All processes must be on the machine whose disk holds the file: WAL keeps a part of the
-- database in shared memory.

local Connection = require "nnlua.sweep.storage.connection"
local network = require "nnlua.sweep.storage.network"
local sqlite = require "nnlua.sqlite"

local Driver = {serial = "INTEGER PRIMARY KEY", claim_clause = "", lock_clause = "",
                now = "((julianday('now') - 2440587.5) * 86400.0)"}
Driver.__index = Driver

-- Seconds that a statement waits for other processes before it fails, to be tried again.
local TIMEOUT = 5

function Driver:exec(sql, ...) return self.db:exec(sql, ...) end
function Driver:row(sql, ...) return self.db:row(sql, ...) end
function Driver:rows(sql, ...) return self.db:rows(sql, ...) end
function Driver:transaction(f) return self.db:transaction(f) end
function Driver:close() self.db:close() end

function Driver.absent(_, err)
  local code = sqlite.code(err)
  return code == "busy" or code == "locked"
end

function Driver.recover() return true end

function Driver:heartbeat(seconds, sql, ...)
  return sqlite.heartbeat(self.file, seconds, sql, ...)
end

-- Settings of the connection, once the database can be read.
local function prepare(self)
  if self.file then return end
  if self.db:row("PRAGMA journal_mode").journal_mode ~= "wal" then
    self.db:exec("PRAGMA journal_mode = WAL")
  end
  self.db:exec("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON")
  self.file = self.db:row("PRAGMA database_list").file
end

-- In one statement: another process may be making the tables.
function Driver:format()
  local found = self.db:row([[SELECT (SELECT user_version FROM pragma_user_version) AS format,
    (SELECT COUNT(*) FROM sqlite_master) AS tables]])
  if found.format == 0 and found.tables > 0 then return 0 end
  prepare(self)
  return found.format > 0 and found.format or nil
end

function Driver:set_format(format)
  self.db:exec(("PRAGMA user_version = %d"):format(format))
end

function Driver.lock_format() end -- the transaction has the only lock

--- open(path [, {patience = 60, notify, create = true}]) -> connection | nil, message. create:
--- whether to make the file if it is missing. The rest: see connection.lua.
return function(path, given)
  local rest, create = {}, true
  for name, value in pairs(given or {}) do
    if name == "create" then create = value else rest[name] = value end
  end
  local mount = path ~= ":memory:" and network.mount_of(path)
  if mount then
    return nil, ("'%s' lies on a network file system (%s at %s), where SQLite damages databases "
                 .. "that several machines write: use a local disk, or PostgreSQL for several "
                 .. "machines (--study postgresql://USER@HOST/DATABASE)")
      :format(path, mount.type, mount.at)
  end
  local db, message = sqlite.open(path, {timeout = TIMEOUT, mode = create and "create" or "write"})
  if not db then return nil, message end
  return Connection.open(setmetatable({db = db, described = path}, Driver), rest)
end

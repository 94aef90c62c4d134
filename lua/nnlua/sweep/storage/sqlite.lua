-- Studies in a file of SQLite, in the journal mode WAL: readers never wait, writers one for the
-- other.

local sqlite = require "nnlua.sqlite"

local Connection = {serial = "INTEGER PRIMARY KEY", claim_clause = "", lock_clause = "",
                    now = "((julianday('now') - 2440587.5) * 86400.0)"}
Connection.__index = Connection

-- Seconds that a statement waits for other processes.
local PATIENCE = 60

function Connection:exec(sql, ...) return self.db:exec(sql, ...) end
function Connection:row(sql, ...) return self.db:row(sql, ...) end
function Connection:rows(sql, ...) return self.db:rows(sql, ...) end
function Connection:transaction(f) return self.db:transaction(f) end
function Connection:close() self.db:close() end

--- open(path) -> connection | nil, message
return function(path)
  local db, message = sqlite.open(path, {timeout = PATIENCE})
  if not db then return nil, message end
  db:exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON")
  return setmetatable({db = db}, Connection)
end

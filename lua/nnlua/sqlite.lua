-- Databases of SQLite, for what the library keeps: the binding in src/bind/sqlite.c, transactions.
--
--   local db <close> = assert(sqlite.open("runs/index.sqlite", {mode = "create", timeout = 5}))
--   db:transaction(function()
--     db:exec("INSERT INTO runs VALUES (?, ?)", id, name)
--   end)
--   for row in db:rows("SELECT * FROM runs WHERE name = :name", {name = name}) do print(row.id) end
--
-- Invariants: what a transaction's function began is whole or undone; values reach SQLite as bound
-- parameters only. What SQLite refuses raises {code=, message=}: sqlite.code tells "busy" (another
-- process), "constraint", "corrupt", ... from other errors.

local core = require "nnlua.core"

--- sqlite.heartbeat(path, seconds, sql, ...) -> an object whose thread runs the statement every so
--- many seconds, on a connection of its own: src/bind/heartbeat.h.
local sqlite = {open = core.sqlite.open, blob = core.sqlite.blob, heartbeat = core.sqlite.heartbeat}

--- sqlite.code(err) -> "busy", "constraint", "corrupt", "readonly", "full", ... of a raised error,
--- or nil if it is not SQLite's.
function sqlite.code(err)
  local metatable = getmetatable(err)
  local is_ours = type(metatable) == "table" and metatable.__name == "nnlua.sqlite.Error"
  return is_ours and err.code or nil
end

--- db:transaction(f, ...) -> what f(...) returns. What f did is committed when it returns, and
--- rolled back when it raises, the error going on. The outermost takes the write lock at once, so
--- that the wait for other processes comes before any work; one within another is undone alone.
function core.sqlite.Database:transaction(f, ...)
  local nested = self:in_transaction()
  self:exec(nested and "SAVEPOINT nested" or "BEGIN IMMEDIATE")
  local done = false
  local guard <close> = setmetatable({}, {__close = function() -- luacheck: ignore 211
    -- A full disk, say, has rolled all of it back already.
    if done or not self:in_transaction() then return end
    self:exec(nested and "ROLLBACK TO nested; RELEASE nested" or "ROLLBACK")
  end})
  local results = table.pack(f(...))
  self:exec(nested and "RELEASE nested" or "COMMIT")
  done = true
  return table.unpack(results, 1, results.n)
end

return sqlite

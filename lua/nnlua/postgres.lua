-- Databases of PostgreSQL: the binding in src/bind/pq.c, with the methods that nnlua.sqlite's have.
--
--   local db <close> = assert(postgres.open("postgresql://user@host/name"))
--   db:transaction(function()
--     db:exec("INSERT INTO runs VALUES (?, ?)", id, name)
--   end)
--   for row in db:rows("SELECT * FROM runs WHERE name = ?", name) do print(row.id) end
--
-- Invariants: what a transaction's function began is whole or undone; values reach the server as
-- parameters only, one for each ?. What the server or the network refuses raises {code=, message=}:
-- postgres.code gives the SQLSTATE. No message holds the password.

local postgres = {}

local Error = {__name = "nnlua.postgres.Error"}
function Error:__tostring() return self.message end

--- postgres.code(err) -> the SQLSTATE of a raised error ("08006": the connection is gone), or nil
--- if it is not PostgreSQL's.
function postgres.code(err)
  return getmetatable(err) == Error and err.code or nil
end

-- The binding, which only a build with libpq has. -> module | nil, message
local function load_binding()
  local ok, pq = pcall(require, "nnlua.pq")
  if ok then return pq end
  return nil, "PostgreSQL needs libpq and the module nnlua.pq: " .. tostring(pq):match("[^\n]*")
end

-- One line, without the indented ones that guess at reasons.
local function flat(message)
  return (message:gsub("\n\t[^\n]*", ""):gsub("%s*\n%s*", "; "))
end

-- What libpq says about a place that it cannot read may quote a piece of it: that is left out.
local function explain(message)
  return (flat(message):gsub('(: )".*"', "%1..."))
end

--- postgres.is_url(text) -> whether it is the URL of a database of PostgreSQL.
function postgres.is_url(text)
  return text:find("^postgres://") ~= nil or text:find("^postgresql://") ~= nil
end

-- "postgresql://user@host:port/name" of what pq.parse gave.
local function describe(parts)
  local host = parts.host or parts.hostaddr or ""
  if host:find("/", 1, true) then host = "" end -- the folder of a socket
  return ("postgresql://%s%s%s/%s"):format(parts.user and parts.user .. "@" or "", host,
                                           parts.port and ":" .. parts.port or "",
                                           parts.dbname or "")
end

--- postgres.describe(url) -> the URL as it may be shown, without password or options | nil, message
function postgres.describe(url)
  local pq, message = load_binding()
  if not pq then return nil, message end
  local parts
  parts, message = pq.parse(url)
  if not parts then return nil, explain(message) end
  return describe(parts)
end

-- keyword = 'value' ..., as libpq reads it.
local function connection_string(parts)
  local keywords, list = {}, {}
  for keyword in pairs(parts) do keywords[#keywords + 1] = keyword end
  table.sort(keywords)
  for i, keyword in ipairs(keywords) do
    list[i] = ("%s = '%s'"):format(keyword, (parts[keyword]:gsub("[\\']", "\\%0")))
  end
  return table.concat(list, " ")
end

-- The text with $1, $2, ... for its question marks, those in quotes left alone. Where there are
-- some, no comment may hold quotes.
local numbered = {}
local function number(sql)
  if not sql:find("?", 1, true) then return sql end
  if not numbered[sql] then
    local count = 0
    local function next_number()
      count = count + 1
      return "$" .. count
    end
    local parts = {}
    for plain, quoted in (sql .. "''"):gmatch("([^'\"]*)((['\"]).-%3)") do
      parts[#parts + 1] = plain:gsub("?", next_number) .. quoted
    end
    numbered[sql] = table.concat(parts):sub(1, -3)
  end
  return numbered[sql]
end

local Database = {}
Database.__index = Database

--- postgres.open(url, {settings, connect_timeout = 10, timeout = 60}) -> db | nil, message.
--- settings: {name = value} of the server's parameters, as search_path. Seconds: how long to wait
--- for a connection, and for the answer to a statement.
function postgres.open(url, given)
  local pq, message = load_binding()
  if not pq then return nil, message end
  local parts
  parts, message = pq.parse(url)
  if not parts then return nil, explain(message) end
  given = given or {}
  local names, options = {}, {parts.options}
  for name in pairs(given.settings or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    options[#options + 1] = ("-c %s=%s"):format(name, given.settings[name])
  end
  local described = describe(parts)
  if #options > 0 then parts.options = table.concat(options, " ") end
  local db = setmetatable({
    pq = pq, place = connection_string(parts), described = described,
    connect_timeout = given.connect_timeout or 10, timeout = given.timeout or 60,
  }, Database)
  local ok
  ok, message = db:reconnect()
  if not ok then return nil, message end
  return db
end

--- db:reconnect() -> true | nil, message. What was not committed is rolled back.
function Database:reconnect()
  if self.connection then self.connection:close() end
  local connection, message = self.pq.connect(self.place, self.connect_timeout)
  if connection then
    self.connection = connection
    return true
  end
  return nil, ("cannot open '%s': %s"):format(self.described, flat(message))
end

--- db:status() -> "idle", "transaction", "failed" (to be rolled back), "broken" (reconnect).
function Database:status()
  return self.connection and self.connection:status() or "broken"
end

--- db:close(); closing again does nothing.
function Database:close()
  if self.connection then self.connection:close() end
  self.connection = nil
end
Database.__close = Database.close

-- -> list of rows, rows changed
local function query(self, sql, ...)
  local rows, changed, code
  if self:status() == "broken" then
    changed, code = "the connection is gone", "08006"
  else
    rows, changed, code = self.connection:query(self.timeout, number(sql), ...)
  end
  if rows then return rows, changed end
  error(setmetatable({code = code, message = flat(changed)}, Error), 0)
end

--- db:exec(sql, ...) -> rows changed. One statement.
function Database:exec(sql, ...)
  local _, changed = query(self, sql, ...)
  return changed
end

--- db:row(sql, ...) -> the first row, {column name = value} | nil
function Database:row(sql, ...)
  return query(self, sql, ...)[1]
end

--- db:rows(sql, ...) -> iterator of rows, for a generic for
function Database:rows(sql, ...)
  local rows, i = query(self, sql, ...), 0
  return function()
    i = i + 1
    return rows[i]
  end
end

--- db:in_transaction() -> whether one is open
function Database:in_transaction()
  local status = self:status()
  return status == "transaction" or status == "failed"
end

--- db:transaction(f, ...) -> what f(...) returns. What f did is committed when it returns, and
--- rolled back when it raises, the error going on. One within another is undone alone.
function Database:transaction(f, ...)
  local nested = self:in_transaction()
  self:exec(nested and "SAVEPOINT nested" or "BEGIN")
  local done = false
  local guard <close> = setmetatable({}, {__close = function() -- luacheck: ignore 211
    if done or not self:in_transaction() then return end -- a lost connection rolls back itself
    if nested then
      self:exec("ROLLBACK TO nested")
      self:exec("RELEASE nested")
    else
      self:exec("ROLLBACK")
    end
  end})
  local results = table.pack(f(...))
  self:exec(nested and "RELEASE nested" or "COMMIT")
  done = true
  return table.unpack(results, 1, results.n)
end

--- db:heartbeat(seconds, sql, ...) -> heartbeat: see src/bind/heartbeat.h.
function Database:heartbeat(seconds, sql, ...)
  return self.pq.heartbeat(self.place, seconds, number(sql), ...)
end

return postgres

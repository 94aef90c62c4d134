-- A connection to the database of studies that waits where the database is away for a while.
--
-- What fails because the database is locked, restarts or cannot be reached is tried again until it
-- succeeds, or patience is over; a transaction is tried again as a whole. An answer may get lost
-- after the work was done: what is done through this connection must be harmless when repeated.
-- What the database refuses raises a Connection.Failure, whose tostring is the message.
--
-- A driver (sqlite.lua, postgres.lua) brings: exec, row, rows, transaction, close as nnlua.sqlite's
-- database; heartbeat(seconds, sql, ...); `described`, its place for messages; absent(err) ->
-- whether it cannot be reached now, or others were faster; recover() -> true | nil, message, after
-- such an error; format() -> the number that set_format(n) left, nil in an empty database, 0 in one
-- of somebody else's; lock_format(), which lets one process at a time make tables while the
-- transaction lasts; the SQL that differs: `now`, `serial`, `claim_clause`, `lock_clause`. Errors
-- of the database are tables with a code.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"

local Connection = class("Connection")

--- Connection.FORMAT: the version of the tables that this library reads and writes.
Connection.FORMAT = 1

local QUIET = 1 -- seconds of waiting of which nothing is said
local SHORTEST, LONGEST = 0.02, 0.25 -- seconds between two tries

local function say(text)
  io.stderr:write("nnlua: ", text, "\n")
end

--- Connection.Failure: the metatable of what is raised when the database refuses something, or
--- stays away.
Connection.Failure = {__name = "nnlua.sweep.Failure"}
function Connection.Failure:__tostring() return self.message end

local function fail(format, ...)
  error(setmetatable({message = format:format(...)}, Connection.Failure), 0)
end

local DEFAULTS = {patience = 60, notify = say}

--- Connection(driver, {patience = 60, notify}): patience: seconds of waiting after which an
--- operation fails. notify(text) is called once when it begins to wait, and when it goes on; the
--- default writes a line to stderr.
function Connection:init(driver, given)
  local o = options.check("Connection", given, DEFAULTS)
  self.driver, self.patience, self.notify = driver, o.patience, o.notify
  self.within = false -- a transaction
  for _, name in ipairs {"now", "serial", "claim_clause", "lock_clause", "described"} do
    self[name] = driver[name]
  end
end

-- Waits after an error of a database that is not there. state: of one call of patiently.
local function wait(self, state, err)
  local now = core.clock()
  state.began = state.began or now
  local waited = now - state.began
  if waited >= self.patience then
    fail("it has been away for %.0f seconds: %s", waited, tostring(err))
  elseif not state.said and waited >= QUIET then
    state.said = true
    self.notify(("waiting for the study '%s': %s"):format(self.described, tostring(err)))
  end
  state.pause = math.min((state.pause or SHORTEST / 2) * 2, LONGEST)
  core.sleep(state.pause * (0.5 + 0.5 * (now * 997 % 1))) -- not all workers at once
end

local function succeeded(self, state, ...)
  if state.said then
    self.notify(("the study '%s' is back, after %.0f seconds"):format(
      self.described, core.clock() - state.began))
  end
  return ...
end

-- f(driver, ...), tried again while the database is away.
local function patiently(self, f, ...)
  if self.within then return f(self.driver, ...) end
  local state = {}
  while true do
    local results = table.pack(pcall(f, self.driver, ...))
    if results[1] then return succeeded(self, state, table.unpack(results, 2, results.n)) end
    local err = results[2]
    if not self.driver:absent(err) then
      if type(err) ~= "table" or not err.code then error(err, 0) end
      fail("%s", tostring(err))
    end
    repeat
      wait(self, state, err)
      local ok, message = self.driver:recover()
      err = message or err
    until ok
  end
end

function Connection:exec(sql, ...)
  return patiently(self, self.driver.exec, sql, ...)
end

function Connection:row(sql, ...)
  return patiently(self, self.driver.row, sql, ...)
end

--- connection:rows(sql, ...) -> iterator of rows. All are read before the first is given.
function Connection:rows(sql, ...)
  local list = patiently(self, function(driver, ...)
    local rows = {}
    for row in driver:rows(sql, ...) do rows[#rows + 1] = row end
    return rows
  end, ...)
  local i = 0
  return function()
    i = i + 1
    return list[i]
  end
end

--- connection:transaction(f) -> what f() returns. f may run several times: all that it does must be
--- in the database.
function Connection:transaction(f)
  if self.within then return f() end
  return patiently(self, function(driver)
    local guard <close> = setmetatable({}, {__close = function() -- luacheck: ignore 211
      self.within = false
    end})
    return driver:transaction(function()
      self.within = true
      return f()
    end)
  end)
end

--- connection:heartbeat(seconds, sql, ...) -> an object whose thread runs the statement every so
--- many seconds, until close() or until it changes nothing: lost().
function Connection:heartbeat(seconds, sql, ...)
  return self.driver:heartbeat(seconds, sql, ...)
end

--- connection:format() -> the version of the tables that are there; nil: none.
function Connection:format()
  return patiently(self, self.driver.format)
end

--- connection:create(f): calls f, which makes the tables, if there are none.
function Connection:create(f)
  if self:format() then return end
  self:transaction(function()
    self.driver:lock_format()
    if self.driver:format() then return end
    f()
    self.driver:set_format(Connection.FORMAT)
  end)
end

function Connection:close() self.driver:close() end

--- connection:attempt(f, ...) -> what f(...) returns | nil, message, if it raises a Failure.
function Connection:attempt(f, ...)
  local results = table.pack(pcall(f, ...))
  if results[1] then return table.unpack(results, 2, results.n) end
  if getmetatable(results[2]) ~= Connection.Failure then error(results[2], 0) end
  return nil, ("cannot use the study '%s': %s"):format(self.described, tostring(results[2]))
end

local function check_format(self)
  local format = self:format()
  if format == 0 then fail("it is a database, but not one of sweeps") end
  if format and format ~= Connection.FORMAT then
    fail("it has format %d, this nnlua reads and writes format %d: use the nnlua that made it",
         format, Connection.FORMAT)
  end
  return true
end

--- Connection.open(driver, given) -> connection | nil, message: that it is of another version, or
--- holds something else.
function Connection.open(driver, given)
  local self = Connection(driver, given)
  local ok, message = self:attempt(check_format, self)
  if ok then return self end
  driver:close()
  return nil, message
end

return Connection

-- The studies of sweeps in an SQL database: trials that workers claim, report on and finish.
--
-- A study is the record of one sweep. Its configurations are numbered from 1; each has as many
-- trials as the sweep has seeds. A trial is
--
--   waiting -> running -> complete | pruned | failed
--
-- A worker that claims one owns attempt 1 of it, for as long as it renews its lease. A lease that
-- runs out puts the trial back; whoever claims it then owns the next attempt. The last one that is
-- allowed fails when its lease runs out.
--
-- Invariants: every change is one transaction; what a worker says counts only while it owns the
-- current attempt (owner and attempt match and the trial runs), so a worker that comes back from
-- the dead changes nothing; a report is there once per step, in the order of the steps; `finished`
-- numbers the trials in the order of their ends, without gaps, so that others can read on from
-- where they were. Every operation may be repeated by who does not know whether it was done
-- (connection.lua): the second time changes nothing and says the same. A worker has one trial at a
-- time. Transactions lock the study before its trials, and trials in the order of their numbers, so
-- that none waits for one that waits for it.
--
-- A connection (connection.lua) has exec, row, rows as nnlua.sqlite's database, with ? for
-- parameters; transaction(f); create(f); `now`, the seconds since 1970 as an SQL expression of the
-- database's own clock; `serial`, the type of a primary key that counts; `claim_clause` and
-- `lock_clause`, what a SELECT ends in that takes a row other workers have not, or waits for it.

local class = require "nnlua.class"
local core = require "nnlua.core"
local History = require "nnlua.sweep.storage.history"

local Store = class("Store")

local SCHEMA = {
  [[CREATE TABLE studies (
    id $SERIAL, name TEXT NOT NULL UNIQUE, created DOUBLE PRECISION NOT NULL,
    definition TEXT NOT NULL,           -- JSON: what the sweep is
    finished BIGINT NOT NULL)           -- trials that ended so far]],
  [[CREATE TABLE trials (
    id $SERIAL, study BIGINT NOT NULL REFERENCES studies (id),
    number BIGINT NOT NULL,             -- in the study, from 1
    configuration BIGINT NOT NULL, repetition BIGINT NOT NULL,
    key TEXT NOT NULL,                  -- the same only for the same configuration
    internal TEXT NOT NULL,             -- JSON: {name: internal value}
    params TEXT NOT NULL,               -- JSON: {name: value}
    state TEXT NOT NULL, value DOUBLE PRECISION, message TEXT,
    attempt BIGINT NOT NULL, owner TEXT, lease DOUBLE PRECISION,
    started DOUBLE PRECISION, ended DOUBLE PRECISION, finished BIGINT,
    UNIQUE (study, number), UNIQUE (study, key, repetition))]],
  "CREATE INDEX trials_state ON trials (study, state, number)",
  "CREATE INDEX trials_finished ON trials (study, finished)",
  [[CREATE TABLE reports (
    trial BIGINT NOT NULL REFERENCES trials (id), step BIGINT NOT NULL,
    value DOUBLE PRECISION,             -- of the sweep's metric; NULL: not a number
    metrics TEXT NOT NULL,              -- JSON: {name: value}
    time DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (trial, step))]],
}

--- Store(connection): makes the tables where they are missing. See storage.open.
function Store:init(connection)
  self.db, self.histories = connection, {}
  connection:create(function()
    for _, statement in ipairs(SCHEMA) do
      connection:exec((statement:gsub("%$SERIAL", connection.serial)))
    end
  end)
end

function Store:close() self.db:close() end
Store.__close = Store.close

-- SQL with the clock of the database.
local function timed(self, sql)
  return (sql:gsub("%$now", self.db.now))
end

-- Studies -----------------------------------------------------------------------------------------

--- store:study(name) -> {id, name, definition (a table), finished}, or nil.
function Store:study(name)
  local row = self.db:row("SELECT * FROM studies WHERE name = ?", name)
  if row then row.definition = core.io.json_decode(row.definition) end
  return row
end

--- store:studies() -> list of the names, in order.
function Store:studies()
  local names = {}
  for row in self.db:rows("SELECT name FROM studies ORDER BY name") do
    names[#names + 1] = row.name
  end
  return names
end

--- store:create_study(name, definition) -> the study, made or found.
function Store:create_study(name, definition)
  return self.db:transaction(function()
    self.db:exec(timed(self, [[INSERT INTO studies (name, created, definition, finished)
      VALUES (?, $now, ?, 0) ON CONFLICT (name) DO NOTHING]]), name,
      core.io.json_encode(definition))
    return self:study(name)
  end)
end

-- Trials ------------------------------------------------------------------------------------------

local function read_trial(row)
  row.internal = core.io.json_decode(row.internal)
  row.params = core.io.json_decode(row.params)
  return row
end

-- Ends a trial for good, if it is still what `where` says. -> whether it was. Locks the study.
local function conclude(self, study, state, value, message, where, ...)
  local count = self.db:row("SELECT finished FROM studies WHERE id = ?" .. self.db.lock_clause,
                            study).finished + 1
  local changed = self.db:exec(timed(self, [[UPDATE trials SET state = ?, value = ?, message = ?,
    ended = $now, finished = ?, lease = NULL WHERE ]] .. where), state, value, message, count, ...)
  if changed == 0 then return false end
  self.db:exec("UPDATE studies SET finished = ? WHERE id = ?", count, study)
  return true
end

-- Puts back the trials whose leases ran out, or fails them after their last attempt.
local function recover(self, study, attempts)
  local overdue = {}
  for row in self.db:rows(timed(self, [[SELECT id, attempt FROM trials
      WHERE study = ? AND state = 'running' AND lease < $now ORDER BY number]]), study) do
    overdue[#overdue + 1] = row
  end
  local still = "id = ? AND attempt = ? AND state = 'running' AND lease < $now"
  for _, row in ipairs(overdue) do
    if row.attempt >= attempts then
      conclude(self, study, "failed", nil, ("its worker vanished, %d times"):format(row.attempt),
               still, row.id, row.attempt)
    end
  end
  for _, row in ipairs(overdue) do
    if row.attempt < attempts then
      self.db:exec(timed(self, [[UPDATE trials SET state = 'waiting', owner = NULL, lease = NULL
        WHERE ]] .. still), row.id, row.attempt)
    end
  end
end

-- The trial that a worker claimed before without hearing of it.
local function claimed(self, study, owner, lease)
  local row = self.db:row([[SELECT * FROM trials WHERE study = ? AND owner = ?
    AND state = 'running']], study, owner)
  return row and self:renew(row, lease) and read_trial(row) or nil
end

--- store:claim(study, owner, {lease, attempts}) -> the first waiting trial, now running in its next
--- attempt with this owner; or the one that this owner has already; or nil. lease: seconds.
--- attempts: how many a trial has.
function Store:claim(study, owner, options)
  return self.db:transaction(function()
    recover(self, study, options.attempts)
    local again = claimed(self, study, owner, options.lease)
    if again then return again end
    local row = self.db:row([[SELECT * FROM trials WHERE study = ? AND state = 'waiting'
      ORDER BY number LIMIT 1]] .. self.db.claim_clause, study)
    if not row then return nil end
    self.db:exec(timed(self, [[UPDATE trials SET state = 'running', owner = ?, attempt = ?,
      lease = $now + ?, started = COALESCE(started, $now) WHERE id = ?]]), owner, row.attempt + 1,
      options.lease, row.id)
    row.owner, row.attempt, row.state = owner, row.attempt + 1, "running"
    return read_trial(row)
  end)
end

--- store:add(study, configuration, {internal, params, key}, seeds) -> whether the configuration
--- and its trials, one for each seed, are there now, waiting; false if number or key was taken.
function Store:add(study, configuration, given, seeds)
  return self.db:transaction(function()
    for repetition = 1, seeds do
      local added = self.db:exec([[INSERT INTO trials (study, number, configuration, repetition,
        key, internal, params, state, attempt) VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', 0)
        ON CONFLICT DO NOTHING]], study, (configuration - 1) * seeds + repetition, configuration,
        repetition, given.key, core.io.json_encode(given.internal),
        core.io.json_encode(given.params))
      if added == 0 then return false end
    end
    return true
  end)
end

local MINE = "id = ? AND owner = ? AND attempt = ? AND state = 'running'"

--- store:renew(trial, lease) -> whether the trial is still its owner's, for `lease` more seconds.
function Store:renew(trial, lease)
  return self.db:exec(timed(self, "UPDATE trials SET lease = $now + ? WHERE ") .. MINE, lease,
                      trial.id, trial.owner, trial.attempt) == 1
end

--- store:heartbeat(trial, lease) -> an object whose thread renews the lease every third of it, till
--- close(): a process that is stopped or dead renews nothing. lost(): the trial is another's.
function Store:heartbeat(trial, lease)
  return self.db:heartbeat(lease / 3, timed(self, "UPDATE trials SET lease = $now + ? WHERE ")
                           .. MINE, lease + 0.0, trial.id, trial.owner, trial.attempt)
end

--- store:report(trial, step, value, metrics, lease) -> whether it was recorded: false if the trial
--- is another's by now. A report of that step takes the place of an earlier attempt's.
function Store:report(trial, step, value, metrics, lease)
  return self.db:transaction(function()
    if not self:renew(trial, lease) then return false end
    self.db:exec(timed(self, [[INSERT INTO reports (trial, step, value, metrics, time)
      VALUES (?, ?, ?, ?, $now) ON CONFLICT (trial, step) DO UPDATE
      SET value = excluded.value, metrics = excluded.metrics, time = excluded.time]]), trial.id,
      step, value == value and value or nil, core.io.json_encode(metrics))
    return true
  end)
end

--- store:suggested(trial) records trial.internal and trial.params anew. -> as report.
function Store:suggested(trial)
  return self.db:exec("UPDATE trials SET internal = ?, params = ? WHERE " .. MINE,
                      core.io.json_encode(trial.internal), core.io.json_encode(trial.params),
                      trial.id, trial.owner, trial.attempt) == 1
end

-- What the trial is if it still bears this owner and attempt, or nil.
local function last_of(self, trial, attempt)
  return self.db:row("SELECT state, value FROM trials WHERE id = ? AND owner = ? AND attempt = ?",
                     trial.id, trial.owner, attempt)
end

--- store:finish(trial, state, value, message) -> as report. state: complete, pruned or failed.
function Store:finish(trial, state, value, message)
  return self.db:transaction(function()
    if conclude(self, trial.study, state, value, message, MINE, trial.id, trial.owner,
                trial.attempt) then
      return true
    end
    local found = last_of(self, trial, trial.attempt)
    return found ~= nil and found.state == state and found.value == value
  end)
end

--- store:release(trial) puts it back as if this attempt had not been. -> as report.
function Store:release(trial)
  return self.db:transaction(function()
    local changed = self.db:exec([[UPDATE trials SET state = 'waiting', lease = NULL,
      attempt = attempt - 1 WHERE ]] .. MINE, trial.id, trial.owner, trial.attempt)
    if changed == 1 then return true end
    local found = last_of(self, trial, trial.attempt - 1)
    return found ~= nil and found.state == "waiting"
  end)
end

-- What there is -----------------------------------------------------------------------------------

--- store:counts(study) -> {waiting =, running =, complete =, pruned =, failed =, configurations =}.
function Store:counts(study)
  local counts = {waiting = 0, running = 0, complete = 0, pruned = 0, failed = 0}
  for row in self.db:rows([[SELECT state, COUNT(*) AS n FROM trials WHERE study = ?
      GROUP BY state]], study) do
    counts[row.state] = row.n
  end
  counts.configurations = self:last_configuration(study)
  return counts
end

--- store:last_configuration(study) -> the number of the newest configuration; 0: there is none.
function Store:last_configuration(study)
  local row = self.db:row([[SELECT configuration FROM trials WHERE study = ?
    ORDER BY number DESC LIMIT 1]], study)
  return row and row.configuration or 0
end

--- store:finished(study, after) -> list of the trials that ended after the first `after` ones.
function Store:finished(study, after)
  local list = {}
  for row in self.db:rows([[SELECT t.*, (SELECT MAX(step) FROM reports r WHERE r.trial = t.id)
      AS step FROM trials t WHERE study = ? AND finished > ? ORDER BY finished]], study, after) do
    list[#list + 1] = read_trial(row)
  end
  return list
end

--- store:trials(study [, state]) -> list of the trials, in the order of their numbers.
function Store:trials(study, state)
  local sql, list = "SELECT * FROM trials WHERE study = ?", {}
  local function collect(...)
    for row in self.db:rows(...) do list[#list + 1] = read_trial(row) end
  end
  if state then
    collect(sql .. " AND state = ? ORDER BY number", study, state)
  else
    collect(sql .. " ORDER BY number", study)
  end
  return list
end

--- store:has_key(study, key) -> whether there is such a configuration.
function Store:has_key(study, key)
  return self.db:row("SELECT 1 AS yes FROM trials WHERE study = ? AND key = ? LIMIT 1", study, key)
         ~= nil
end

--- store:reports(trial_id) -> list of {step, value (NaN if it was none), metrics, time}.
function Store:reports(trial_id)
  local list = {}
  for row in self.db:rows("SELECT * FROM reports WHERE trial = ? ORDER BY step", trial_id) do
    list[#list + 1] = {step = row.step, value = row.value or 0 / 0, time = row.time,
                       metrics = core.io.json_decode(row.metrics)}
  end
  return list
end

--- store:last_report(trial_id) -> the last of these, or nil.
function Store:last_report(trial_id)
  local row = self.db:row("SELECT * FROM reports WHERE trial = ? ORDER BY step DESC LIMIT 1",
                          trial_id)
  return row and {step = row.step, value = row.value or 0 / 0, time = row.time,
                  metrics = core.io.json_decode(row.metrics)}
end

--- store:live(study) -> list of the running trials whose leases have not run out.
function Store:live(study)
  local list = {}
  for row in self.db:rows(timed(self, [[SELECT * FROM trials WHERE study = ? AND state = 'running'
      AND lease >= $now ORDER BY number]]), study) do
    list[#list + 1] = read_trial(row)
  end
  return list
end

-- What a trial's pruner asks: the history of its study, seen from this trial.
local View = {}
View.__index = View

--- store:history(trial) -> what pruners ask about the other trials of its study: number, of the
--- trial; rank, complete and values_at as in history.lua.
function Store:history(trial)
  local history = self.histories[trial.study] or History(self.db, trial.study)
  self.histories[trial.study] = history
  return setmetatable({all = history, trial = trial.id, number = trial.number}, View)
end

function View:rank(...) return self.all:rank(self.trial, ...) end
function View:complete() return self.all:complete() end
function View:values_at(step) return self.all:values_at(step) end

--- store:each_report(study) -> iterator over {number (of the trial), step, value (NaN if it was
--- none)} of all trials, by trial and step.
function Store:each_report(study)
  local next_row, state, start, closing = self.db:rows([[SELECT t.number, r.step, r.value
    FROM trials t JOIN reports r ON r.trial = t.id WHERE t.study = ?
    ORDER BY t.number, r.step]], study)
  return function(...)
    local row = next_row(...)
    if row then row.value = row.value or 0 / 0 end
    return row
  end, state, start, closing
end

return Store

-- A worker claims trials of a study one after the other, runs them and records what they come to.
--
-- Invariants: whatever a trial does, it ends as complete, pruned, failed or put back, or it belongs
-- to another worker; an error in one trial ends that trial and no other. While it runs, a thread
-- renews its lease.

local class = require "nnlua.class"
local core = require "nnlua.core"
local Ledger = require "nnlua.sweep.ledger"
local options = require "nnlua.options"
local proposal = require "nnlua.sweep.proposal"
local Trial = require "nnlua.sweep.trial"

local Worker = class("Worker")

local DEFAULTS = {
  owner = options.required, lease = 30, stop = options.optional, trial_ended = options.optional,
  dir = options.optional,
}

--- Worker(sweep, store, study, {owner, lease = 30, stop, trial_ended, dir}): study: of
--- store:create_study. owner: a text that no other worker has. lease: seconds without a sign of
--- life after which a trial goes to another worker. stop() -> whether to put the trial back and
--- end. trial_ended(trial, state, message) is called after each. dir: the folder in which trials
--- have theirs, 0001, 0002, ...
function Worker:init(sweep, store, study, given)
  local o = options.check("Worker", given, DEFAULTS)
  self.sweep, self.store, self.study = sweep, store, study.id
  self.owner, self.lease, self.stop = o.owner, o.lease, o.stop
  self.trial_ended, self.dir = o.trial_ended or function() end, o.dir
  self.ledger = Ledger(store, study.id, sweep.sign)
end

-- Adds the next configuration to the study. -> whether there is one, of this or another worker.
local function add_configuration(self)
  local sweep, store = self.sweep, self.store
  local number = store:last_configuration(self.study) + 1
  if sweep.trials and number > sweep.trials then return false end
  local internal, key = proposal.next(sweep, number, self.ledger:refresh(), function(key)
    return store:has_key(self.study, key)
  end)
  if not internal then return false end
  if sweep.repeats then key = ("%s #%d"):format(key, number) end
  local given = {internal = internal, params = sweep:values(internal), key = key}
  store:add(self.study, number, given, sweep.seeds) -- or another worker was first: as good
  return true
end

-- The next trial, claimed; nil, whether others still run some.
local function next_trial(self)
  local limits = {lease = self.lease, attempts = self.sweep.attempts}
  while true do
    local row = self.store:claim(self.study, self.owner, limits)
    if row then return row end
    if not add_configuration(self) then
      local counts = self.store:counts(self.study)
      if counts.waiting == 0 then return nil, counts.running > 0 end
    end
  end
end

-- The error with the functions of the script that it came through, but for those of the library
-- that called them.
local function with_traceback(message)
  if type(message) ~= "string" or message == "interrupted" then return message end
  local trace = debug.traceback(message, 2)
  return (trace:gsub("\n\t%[C%]: in function 'xpcall'\n[^\n]*worker%.lua:.*", ""))
end

-- Runs the trial. -> state, value, message: state also "released" or "lost".
local function run(self, trial)
  core.manual_seed(trial.seed)
  local ok, result = xpcall(self.sweep.run, with_traceback, trial, trial.params)
  trial:close()
  local signal = trial.raised or not ok and result
  if signal == Trial.LOST then
    return "lost"
  elseif signal == Trial.BROKEN then
    pcall(self.store.release, self.store, trial.row) -- else its lease runs out
    error(trial.problem, 0)
  elseif signal == Trial.STOPPED or signal == "interrupted" then
    return "released"
  elseif signal == Trial.PRUNED then
    return "pruned", trial:value()
  elseif not ok then
    return "failed", nil, tostring(result)
  elseif result ~= nil and math.type(result) == nil then
    return "failed", nil, ("run returned a %s, expected a number or nothing"):format(
      options.type_name(result))
  end
  local value = result and result + 0.0 or trial:value()
  if value == nil then
    return "failed", nil, ("the metric '%s' was never reported"):format(self.sweep.metric)
  end
  return "complete", value
end

local function record(self, row, state, value, message)
  if state == "lost" then return "lost" end
  local kept
  if state == "released" then
    kept = self.store:release(row)
  else
    kept = self.store:finish(row, state, value == value and value or nil, message)
  end
  return kept and state or "lost"
end

--- worker:step() -> the state in which a trial ended ("complete", "pruned", "failed", "released",
--- "lost"); or nil, whether other workers still run trials.
function Worker:step()
  local row, others = next_trial(self)
  if not row then return nil, others end
  local trial = Trial(self.sweep, self.store, row, {
    dir = self.dir and ("%s/%04d"):format(self.dir, row.number),
    lease = self.lease, stop = self.stop, tpe = function() return self.ledger:refresh() end,
  })
  local state, value, message
  do
    local heartbeat <close> = self.store:heartbeat(row, self.lease) -- luacheck: ignore 211
    state, value, message = run(self, trial)
    state = record(self, row, state, value, message)
  end
  self.trial_ended(trial, state, message)
  return state
end

--- worker:run() -> runs trials until none is left, or stop() says so; waits for those of others,
--- which come back if their workers die.
function Worker:run()
  while not (self.stop and self.stop()) do
    local state, others = self:step()
    if state == "released" or not state and not others then return end
    if not state then core.sleep(0.2) end
  end
end

return Worker

-- A worker of a sweep of short trials:
--
--   nnlua tests/stress/sweep_worker.lua LOCATION LOG TRIALS LEASE
--
-- Each line of LOG is what the worker was told about the end of a trial: number, attempt, state.
-- The metric of a trial is number + step / 8, so that every report can be checked. Every second
-- trial goes on from its last report, the others begin again.

local core = require "nnlua.core"
local storage = require "nnlua.sweep.storage"
local Sweep = require "nnlua.sweep.definition"
local Worker = require "nnlua.sweep.worker"

local location, log_path, trials, lease = table.unpack(arg)
local STEPS, SECONDS = 5, 0.01

local sweep = Sweep {
  name = "stress", metric = "loss", method = "random", trials = math.tointeger(trials), seed = 1,
  attempts = 1000000, parameters = {x = {min = 0.0, max = 1.0}},
  run = function(trial)
    for step = trial.number % 2 == 0 and trial:last_step() + 1 or 1, STEPS do
      core.sleep(SECONDS)
      trial:report(step, {loss = trial.number + step / 8, attempt = trial.attempt})
    end
  end,
}

local log = assert(io.open(log_path, "a"))
log:setvbuf("full")
local store = assert(storage.open(location))
Worker(sweep, store, store:create_study(sweep.name, sweep:describe()), {
  owner = ("%s:%d:%.6f"):format(core.host().name, core.process(), core.now()),
  lease = tonumber(lease),
  trial_ended = function(trial, state)
    log:write(("%d %d %s\n"):format(trial.number, trial.attempt, state))
    log:flush() -- one write
  end,
}):run()
store:close()

-- Trials of nn.sweep on a test function: what optuna_peer.py prints of Optuna.
--
--   ./nnlua bench/sweep/search.lua FUNCTION METHOD TRIALS SEEDS
--
-- A line for each seed: after each trial the epochs spent so far and the best value so far.

local functions = dofile("bench/sweep/functions.lua")
local Store = require "nnlua.sweep.storage.store"
local Sweep = require "nnlua.sweep.definition"
local Worker = require "nnlua.sweep.worker"
local open_sqlite = require "nnlua.sweep.storage.sqlite"

local name, method, trials, seeds = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local case = functions[name]

for seed = 1, seeds do
  local store <close> = Store(assert(open_sqlite(":memory:")))
  local sweep = Sweep {
    name = name, metric = "loss", method = method, trials = trials, seed = seed, repeats = true,
    parameters = case.parameters, run = case.run,
    pruner = method == "tpe" and case.pruner or nil,
  }
  local study = store:create_study(name, sweep:describe())
  local epochs, best, line = 0, math.huge, {}
  Worker(sweep, store, study, {owner = "bench", trial_ended = function(trial, state, message)
    assert(state == "complete" or state == "pruned", message)
    epochs = epochs + math.max(trial:last_step(), 1)
    if state == "complete" then
      local row = store.db:row("SELECT value FROM trials WHERE number = ?", trial.number)
      best = math.min(best, row.value)
    end
    line[#line + 1] = ("%d:%.17g"):format(epochs, best)
  end}):run()
  print(table.concat(line, " "))
end

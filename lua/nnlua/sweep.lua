-- nn.sweep: many trials of one experiment, with parameters that are searched.
--
--   return nn.sweep {
--     name = "mnist_l2", metric = "test_accuracy", goal = "maximize", trials = 60, seed = 1,
--     parameters = {lambda = {min = 0.01, max = 100, log = true}, epochs = 300},
--     run = function(trial, p)
--       ...
--       trial:report(epoch, {test_accuracy = accuracy})
--     end,
--   }
--
-- `nnlua sweep FILE` runs the trials. The file alone, `nnlua FILE`, runs one of them: nn.sweep then
-- runs it when it is called from the main script, and returns the sweep all the same.

local Sweep = require "nnlua.sweep.definition"

-- Whether the caller is the main script: the only Lua function on the stack is its chunk, or none
-- where the chunk returns nn.sweep{...}, which is a tail call.
local function is_called_by_script()
  local line = rawget(_G, "arg")
  local script = type(line) == "table" and line[0]
  if type(script) ~= "string" or line[-1] == nil then return false end
  local level, callers = 3, 0
  while true do
    local frame = debug.getinfo(level, "S")
    if not frame then break end
    if frame.what ~= "C" then
      if frame.what ~= "main" or frame.source ~= "@" .. script then return false end
      callers = callers + 1
    end
    level = level + 1
  end
  return callers <= 1
end

--- nn.sweep{name, metric, parameters, run [, goal = "minimize", method = "tpe", trials, seed = 0,
--- seeds = 1, pruner, points, constraint, repeats = false, attempts = 3, finished]} -> sweep.
---
--- parameters: by name, {min, max [, log, step, integer, points]}, {values = list}, or a constant.
--- run(trial, p) runs one trial with the parameters p; it reports the metric through
--- trial:report, or returns it. goal: minimize or maximize the metric. method: grid, random, sobol
--- or tpe. trials: how many configurations; a grid may leave it out. seeds: trials of each
--- configuration, which differ in trial.seed alone. pruner: {"asha" | "hyperband" | "median" |
--- "plateau", options}. points: a list of parameters to begin with. constraint(p) -> whether to try
--- them. repeats: a configuration may come twice. attempts: of a trial whose workers die.
--- finished(results) is called when all trials have ended (sweep/results.lua).
--- Raises, with its name, for whatever is wrong with an option.
local function sweep(given)
  local definition = Sweep(given)
  if is_called_by_script() then require("nnlua.sweep.alone")(definition) end
  return definition
end

return sweep

-- sweep_studies.lua - studies for the tests of their report
--
--   nnlua tests/cli/sweep_studies.lua FOLDER   writes the pages study.html, seeds.html, empty.html
--                                              and the trials of each as JSON
--
-- The trials follow from their parameters, so a test can compute what a page must show. One study
-- tries to break out of its page with names, values and messages.

local core = require "nnlua.core"
local open_sqlite = require "nnlua.sweep.storage.sqlite"
local report = require "nnlua.sweep.report"
local Store = require "nnlua.sweep.storage.store"
local Sweep = require "nnlua.sweep.definition"
local Worker = require "nnlua.sweep.worker"

local studies = {}

studies.HOSTILE = "</script><script>document.title='broken'</script><img src=x onerror=alert(1)>"

--- studies.mixed(changes) -> a sweep with everything: log and integer parameters, choices, one that
--- only some trials have, pruned and failed trials.
function studies.mixed(changes)
  local given = {
    name = "mixed", metric = "loss", method = "random", trials = 60, seed = 5,
    pruner = {"asha", factor = 2, min_epochs = 4},
    parameters = {lr = {min = 1e-4, max = 1.0, log = true}, layers = {min = 1, max = 5},
                  kind = {values = {"plain", studies.HOSTILE}}, epochs = 8},
    run = function(trial, p)
      local momentum = p.kind == "plain" and trial:suggest_float("momentum", 0.0, 0.9) or 0.0
      if trial.number % 20 == 7 then error("it broke: " .. studies.HOSTILE) end
      local loss = 0.1 + 0.05 * (math.log(p.lr, 10) + 2) ^ 2 + 0.02 * p.layers + 0.01 * momentum
      for epoch = 1, p.epochs do trial:report(epoch, {loss = loss + 1 / epoch}) end
    end,
  }
  for name, value in pairs(changes or {}) do given[name] = value end
  return Sweep(given)
end

--- studies.seeds() -> a sweep with three seeds for each of five values.
function studies.seeds()
  return Sweep {
    name = "seeds", metric = "accuracy", goal = "maximize", method = "grid", seeds = 3,
    parameters = {lambda = {min = 0.01, max = 100.0, log = true, points = 5}},
    run = function(trial, p)
      return 0.9 - 0.01 * math.log(p.lambda, 10) ^ 2 + 0.001 * trial.repetition
    end,
  }
end

--- studies.run(sweep, path [, trials = true]) -> store, study: in a new file of SQLite.
function studies.run(sweep, path, trials)
  local store = Store(assert(open_sqlite(path)))
  local study = store:create_study(sweep.name, sweep:describe())
  if trials ~= false then Worker(sweep, store, study, {owner = "w"}):run() end
  return store, store:study(sweep.name)
end

local function write(folder, name, sweep, trials)
  local store <close>, study = studies.run(sweep, ("%s/%s.sqlite"):format(folder, name), trials)
  assert(report.write(("%s/%s.html"):format(folder, name), store, study))
  local list = core.io.json_array {}
  for i, trial in ipairs(store:trials(study.id)) do
    list[i] = {number = trial.number, state = trial.state, value = trial.value,
               params = trial.params}
  end
  assert(core.io.write_file(("%s/%s.json"):format(folder, name), core.io.json_encode(list)))
end

if arg and arg[0] and arg[0]:find("sweep_studies%.lua$") then
  write(arg[1], "study", studies.mixed())
  write(arg[1], "seeds", studies.seeds())
  write(arg[1], "empty", studies.mixed {name = "empty"}, false)
end

return studies

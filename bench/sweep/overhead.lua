-- What a sweep itself takes per trial, beside the trials, when many are recorded already.
--
--   ./nnlua bench/sweep/overhead.lua [TRIALS [PRUNER]]      10000; none, asha, hyperband or median
--
-- Processor time, all threads, of everything but the user's function: reading what has ended, the
-- proposal, claim, result; SQLite in a file in the temporary directory. `report`: one of up to 30.

local nn = require "nnlua"
local random = require "nnlua.sweep.sampler.random"
local Store = require "nnlua.sweep.storage.store"
local streams = require "nnlua.sweep.streams"
local Sweep = require "nnlua.sweep.definition"
local Worker = require "nnlua.sweep.worker"
local open_sqlite = require "nnlua.sweep.storage.sqlite"

local RECORDED, PRUNER = tonumber(arg[1] or 10000), arg[2]
local MEASURED, STEPS = 100, 30

local PRUNERS = {
  asha = {"asha"}, median = {"median"}, hyperband = {"hyperband", max_epochs = STEPS},
}

local function curve(p, step)
  return (p.x - 1) ^ 2 + math.abs(math.log(p.rate, 10) + 2) + math.abs(p.units - 100) / 100
         + (p.kind == "relu" and 0 or 0.5) + 1 / step
end

local inside, reporting, reports = 0, 0, 0
local function clocks() return os.clock(), nn.clock() end

local function new_sweep(trials, run)
  return Sweep {
    name = "overhead", metric = "loss", trials = trials, seed = 1,
    pruner = PRUNER and PRUNERS[PRUNER],
    parameters = {
      x = {min = -5.0, max = 5.0}, rate = {min = 1e-4, max = 1.0, log = true},
      units = {min = 8, max = 512}, kind = {values = {"relu", "tanh", "elu"}},
    },
    run = run,
  }
end

-- Records trials as a random search would, a third of them to the end.
local function fill(store, study, sweep)
  store.db:transaction(function()
    for number = 1, RECORDED do
      local draw = streams.draw("fill", number)
      local internal = random.propose {distributions = sweep.distributions, draw = draw}
      local params = sweep:values(internal)
      store:add(study, number, {internal = internal, params = params, key = tostring(number)}, 1)
      local row = store:claim(study, "fill", {lease = 60, attempts = 3})
      local last = draw() < 1 / 3 and STEPS or 1 + math.floor(draw() * STEPS)
      for step = 1, PRUNER and last or 1 do
        store:report(row, step, curve(params, step) + draw(), {loss = 0}, 60)
      end
      store:finish(row, last == STEPS and "complete" or "pruned", curve(params, last))
    end
  end)
end

local path = os.tmpname()
local store = Store(assert(open_sqlite(path)))
local sweep = new_sweep(RECORDED + MEASURED + 20, function(trial, p)
  local began = os.clock()
  for step = 1, STEPS do
    local value = curve(p, step)
    local before = os.clock()
    local ok, signal = pcall(trial.report, trial, step, {loss = value})
    reporting, reports = reporting + (os.clock() - before), reports + 1
    if not ok then
      inside = inside + (os.clock() - began)
      error(signal, 0)
    end
  end
  inside = inside + (os.clock() - began)
end)
local study = store:create_study(sweep.name, sweep:describe())
fill(store, study.id, sweep)

local worker = Worker(sweep, store, study, {owner = "bench"})
local began = nn.clock()
worker:step()
print(("first trial (reads all) %.0f ms"):format((nn.clock() - began) * 1e3))
for _ = 1, 19 do worker:step() end
inside, reporting, reports = 0, 0, 0
local cpu, wall = clocks()
for _ = 1, MEASURED do worker:step() end
local cpu_after, wall_after = clocks()
print(("%d recorded trials, pruner %s: trial %.2f ms, report %.3f ms; with %.1f reports %.2f ms "
       .. "(wall clock %.2f ms)"):format(
  RECORDED, PRUNER or "none", (cpu_after - cpu - inside) / MEASURED * 1e3,
  reporting / reports * 1e3, reports / MEASURED, (cpu_after - cpu) / MEASURED * 1e3,
  (wall_after - wall) / MEASURED * 1e3))
store:close()
for _, suffix in ipairs {"", "-wal", "-shm"} do os.remove(path .. suffix) end

-- Trials of a sweep in one process: what is proposed, run, recorded; who owns what. On SQLite and
-- on PostgreSQL.

local databases = require "tests.databases"
local Sweep = require "nnlua.sweep.definition"
local Worker = require "nnlua.sweep.worker"

local function sweep(changes)
  local given = {
    name = "parabola", metric = "loss", method = "random", trials = 5, seed = 3,
    parameters = {x = {min = -1.0, max = 1.0}, kind = {values = {"a", "b"}}, scale = 2},
    run = function(trial, p) trial:report(1, {loss = p.scale * p.x ^ 2}) end,
  }
  for name, value in pairs(changes or {}) do given[name] = value end
  return Sweep(given)
end

for _, kind in ipairs(databases.KINDS) do describe("a sweep's worker on " .. kind, function()
  local database, store

  setup(function() database = databases.start(kind) end)
  teardown(function() database:remove() end)
  before_each(function() store = database:open() end)
  after_each(function()
    store:close()
    database:empty()
  end)

  -- Runs the sweep to its end with one worker. -> its trials, {number = reports}.
  local function run_all(definition, given)
    local study = store:create_study(definition.name, definition:describe())
    local options = {owner = "w"}
    for name, value in pairs(given or {}) do options[name] = value end
    Worker(definition, store, study, options):run()
    local trials, reports = store:trials(study.id), {}
    for i, trial in ipairs(trials) do reports[i] = store:reports(trial.id) end
    return trials, reports, study
  end

  it("runs every trial once and records what it came to", function()
    local seen = {}
    local trials, reports = run_all(sweep {run = function(trial, p)
      seen[#seen + 1] = p.x
      for step = 1, 3 do trial:report(step, {loss = p.scale * p.x ^ 2 / step, other = step}) end
    end})
    assert.equal(5, #trials)
    for i, trial in ipairs(trials) do
      assert.equal(i, trial.number)
      assert.equal("complete", trial.state)
      assert.equal(seen[i], trial.params.x)
      assert.equal(2, trial.params.scale)
      assert.equal(1, trial.attempt)
      assert.equal(2 * seen[i] ^ 2 / 3, trial.value)
      assert.equal(3, #reports[i])
      assert.same({loss = 2 * seen[i] ^ 2 / 2, other = 2}, reports[i][2].metrics)
      assert.equal(i, trial.finished)
    end
  end)

  it("proposes the same for the same seed, also after a break", function()
    local function params(list)
      local texts = {}
      for i, trial in ipairs(list) do
        texts[i] = ("%.17g %s %.17g"):format(trial.params.x, trial.params.kind, trial.value)
      end
      return texts
    end
    local definition = sweep {method = "tpe", trials = 30}
    local first = params(run_all(definition))
    store:close()
    database:empty()
    store = database:open()
    local left = 17
    local trials = run_all(definition, {stop = function()
      left = left - 1
      return left < 0
    end})
    assert.is_true(#trials < 30)
    assert.same(first, params(run_all(definition)))
  end)

  it("comes to less with TPE than by chance", function()
    local function best(method)
      local trials = run_all(sweep {name = method, method = method, trials = 40, seed = 5})
      local least = math.huge
      for _, trial in ipairs(trials) do least = math.min(least, trial.value) end
      return least
    end
    assert.is_true(best("tpe") < best("random"))
  end)

  it("keeps the traceback of a trial that raises, and goes on", function()
    local trials = run_all(sweep {run = function(trial, p)
      if trial.number == 2 then error("a bug") end
      if trial.number == 3 then return end
      if trial.number == 4 then return "text" end
      if trial.number == 5 then trial:report(1, {lsos = 1}) end
      return p.x
    end})
    assert.equal("complete", trials[1].state)
    assert.equal("failed", trials[2].state)
    assert.matches("sweep_worker_spec.lua:%d+: a bug\nstack traceback:", trials[2].message)
    assert.equal("the metric 'loss' was never reported", trials[3].message)
    assert.matches("run returned a string", trials[4].message)
    assert.matches("the sweep's metric 'loss' is missing %(did you mean 'lsos'", trials[5].message)
  end)

  it("stops trials early where the pruner says so, even if the script swallows it", function()
    local trials, reports = run_all(sweep {
      trials = 12, pruner = {"asha", factor = 2, min_epochs = 2},
      run = function(trial, p)
        for step = 1, 8 do
          pcall(trial.report, trial, step, {loss = p.x ^ 2 + 1 / step})
        end
      end})
    local pruned = 0
    for i, trial in ipairs(trials) do
      local last = reports[i][#reports[i]]
      assert.equal(last.value, trial.value)
      if trial.state == "pruned" then
        pruned = pruned + 1
        assert.is_true(#reports[i] < 8)
      else
        assert.equal(8, #reports[i])
      end
    end
    assert.is_true(pruned >= 4)
  end)

  it("ranks a trial among the others, those that ended and those that run", function()
    local study = store:create_study("ranks", {}).id
    local rows, draw = {}, math.random
    for number = 1, 12 do
      store:add(study, number, {internal = {}, params = {}, key = tostring(number)}, 1)
      rows[number] = store:claim(study, "w" .. number, {lease = 60, attempts = 1})
    end
    for step = 1, 8 do store:report(rows[12], step, 0.9, {}, 60) end -- its own do not count
    local history, reports = store:history(rows[12]), {}
    local function check()
      for epoch = 1, 8 do
        for _, group in ipairs {false, {name = 1, has = function(n) return n % 2 == 1 end}} do
          local others, better, at = 0, 0, {}
          for number = 1, 11 do
            local list = reports[number] or {}
            for _, report in ipairs((not group or group.has(number)) and list or {}) do
              if report.step >= epoch then
                others = others + 1
                if -report.value < -0.5 then better = better + 1 end
                break
              end
            end
            for _, report in ipairs(list.complete and list or {}) do
              if report.step == epoch then at[#at + 1] = report.value end
            end
          end
          table.sort(at)
          assert.same({others, better}, {history:rank(epoch, 0.5, -1, group or nil)})
          assert.same(at, history:values_at(epoch))
        end
      end
    end
    for number = 1, 11 do
      reports[number] = {}
      for step = 1 + number % 3, 7, 2 do
        local value = draw()
        store:report(rows[number], step, value, {}, 60)
        table.insert(reports[number], {step = step, value = value})
        if step == 4 then check() end
      end
      local state = ({"complete", "pruned", "failed"})[number % 4] -- or it goes on
      if state then store:finish(rows[number], state, 0.5) end
      reports[number].complete = state == "complete"
      check()
    end
    assert.equal(3, history:complete())
  end)

  it("gives a trial to another when the lease runs out, and hears its owner only", function()
    local definition = sweep()
    local study = store:create_study(definition.name, definition:describe())
    store:add(study.id, 1, {internal = {x = 0.5}, params = {x = 0.5}, key = "k"}, 1)
    local dead = store:claim(study.id, "dead", {lease = -1, attempts = 2})
    assert.equal(1, dead.attempt)
    local alive = store:claim(study.id, "alive", {lease = 60, attempts = 2})
    assert.equal(dead.id, alive.id)
    assert.equal(2, alive.attempt)
    assert.is_nil(store:claim(study.id, "third", {lease = 60, attempts = 2}))
    assert.is_false(store:report(dead, 1, 0.1, {loss = 0.1}, 60))
    assert.is_false(store:finish(dead, "complete", 0.1))
    assert.is_false(store:renew(dead, 60))
    assert.is_true(store:report(alive, 1, 0.2, {loss = 0.2}, 60))
    assert.is_true(store:finish(alive, "complete", 0.2))
    assert.is_false(store:finish(alive, "complete", 0.3))
    assert.equal(0.2, store:trials(study.id)[1].value)
    assert.equal(1, #store:reports(alive.id))
  end)

  it("fails a trial whose workers vanish again and again", function()
    local definition = sweep()
    local study = store:create_study(definition.name, definition:describe())
    store:add(study.id, 1, {internal = {x = 0.5}, params = {x = 0.5}, key = "k"}, 1)
    for _ = 1, 2 do
      assert.is_truthy(store:claim(study.id, "dead", {lease = -1, attempts = 2}))
    end
    assert.is_nil(store:claim(study.id, "dead", {lease = -1, attempts = 2}))
    local trial = store:trials(study.id)[1]
    assert.equal("failed", trial.state)
    assert.equal("its worker vanished, 2 times", trial.message)
  end)

  it("puts a trial back when it is stopped, and goes on with its reports", function()
    local stopping, starts = true, {}
    local definition = sweep {trials = 1, run = function(trial, p)
      local from = trial:last_step() + 1
      starts[#starts + 1] = from
      for step = from, 4 do trial:report(step, {loss = p.x + step}) end
    end}
    local asked = 0
    local trials = run_all(definition, {stop = function()
      asked = asked + 1
      return stopping and asked > 2
    end})
    assert.equal("waiting", trials[1].state)
    assert.equal(0, trials[1].attempt)
    stopping = false
    local reports
    trials, reports = run_all(definition)
    assert.equal("complete", trials[1].state)
    assert.equal(1, trials[1].attempt)
    assert.equal(4, #reports[1])
    assert.same({1, 3}, starts)
  end)

  it("runs each configuration with several seeds", function()
    local seeds = {}
    local trials = run_all(sweep {trials = 3, seeds = 2, run = function(trial, p)
      seeds[trial.number] = trial.seed
      return p.x + trial.repetition
    end})
    assert.equal(6, #trials)
    for i = 1, 6, 2 do
      assert.equal((i + 1) // 2, trials[i].configuration)
      assert.equal(trials[i].params.x, trials[i + 1].params.x)
      assert.are_not.equal(seeds[i], seeds[i + 1])
      assert.equal(seeds[1], seeds[i])
    end
  end)

  it("starts with the points it is given, keeps to the constraint, repeats nothing", function()
    local trials = run_all(sweep {
      trials = 20, points = {{x = 0.25, kind = "b"}, {x = -0.25}},
      parameters = {x = {min = -1.0, max = 1.0}, kind = {values = {"a", "b"}}, scale = 2},
      constraint = function(p) return p.x < 0.5 end})
    assert.same({x = 0.25, kind = "b", scale = 2}, trials[1].params)
    assert.equal(-0.25, trials[2].params.x)
    for _, trial in ipairs(trials) do assert.is_true(trial.params.x < 0.5) end
    local few = run_all(sweep {
      name = "few", trials = 50, parameters = {k = {values = {1, 2, 3}}},
      run = function(_, p) return p.k end})
    assert.equal(3, #few)
  end)

  it("lets a trial ask for further parameters, which depend on others", function()
    local asked = {}
    local definition = sweep {method = "tpe", trials = 30, run = function(trial, p)
      local value
      if p.kind == "a" then
        value = trial:suggest_float("rate", 1e-3, 1, {log = true})
      else
        value = trial:suggest_int("units", 1, 9) / 9
        assert.equal("z", trial:suggest_categorical("w", {"z"}))
      end
      asked[trial.number] = value
      assert.has_error(function() trial:suggest_float("x", 0, 1) end)
      return (value - 0.3) ^ 2 + p.x ^ 2
    end}
    local trials = run_all(definition)
    for i, trial in ipairs(trials) do
      assert.equal("complete", trial.state, trial.message)
      if trial.params.kind == "a" then
        assert.equal(asked[i], trial.params.rate)
        assert.is_nil(trial.params.units)
      else
        assert.equal("integer", math.type(trial.params.units))
        assert.equal(asked[i], trial.params.units / 9)
      end
    end
  end)

  it("names what is wrong in a definition", function()
    for _, case in ipairs {
      {{metirc = "loss"}, "unknown option 'metirc' to 'sweep' %(did you mean 'metric'"},
      {{goal = "max"}, "bad option 'goal' to 'sweep' %(maximize|minimize expected, got 'max'"},
      {{method = "tpo"}, "grid|random|sobol|tpe expected, got 'tpo' %(did you mean 'tpe'"},
      {{trials = 0}, "bad option 'trials' to 'sweep' %(an integer of at least 1 expected, got 0"},
      {{parameters = {}}, "a table of parameters by name expected"},
      {{parameters = {x = {min = 2, max = 1}}}, "parameter 'x': impossible range"},
      {{parameters = {x = print}}, "'x' is a function"},
      {{points = {{y = 1}}}, "point 1: no parameter 'y' varies"},
      {{points = {{x = 7}}}, "point 1: 'x' cannot be 7"},
      {{method = "grid"}, "parameter 'x': a grid needs 'values', 'step' or 'points'"},
      {{run = 1}, "bad option 'run' to 'sweep'"},
      {{pruner = {"asha", fator = 1}}, "unknown option 'fator' to 'asha'"},
    } do
      local ok, message = pcall(sweep, case[1])
      assert.is_false(ok)
      assert.matches(case[2], message)
    end
  end)
end) end

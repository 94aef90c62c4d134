-- Distributions, grid and Sobol points, and where pruners stop trials: against Optuna and SciPy.

local nn = require "nnlua"
local Distribution = require "nnlua.sweep.distribution"
local grid = require "nnlua.sweep.sampler.grid"
local pruners = require "nnlua.sweep.pruner"
local sobol = require "nnlua.sweep.sampler.sobol"

local recorded = require "tests.fixtures.sweep"

describe("a parameter of a sweep", function()
  local function values(spec, draws)
    local distribution, generator, seen = Distribution("p", spec), nn.Generator(1), {}
    for _ = 1, draws or 200 do
      local value = distribution:external(distribution:uniform(function()
        return nn.rand(1, {generator = generator, dtype = "float64"}):item()
      end))
      assert.equal(value, distribution:external(distribution:internal(value)))
      seen[value] = (seen[value] or 0) + 1
    end
    return seen
  end

  it("is an integer, a float, a step, a choice, all of them with the same chance", function()
    for value, count in pairs(values({min = 3, max = 6}, 4000)) do
      assert.equal("integer", math.type(value))
      assert.is_true(value >= 3 and value <= 6)
      assert.near(1000, count, 5 * math.sqrt(1000)) -- five standard deviations
    end
    for value in pairs(values {min = 8, max = 30, step = 8}) do
      assert.is_true(value == 8 or value == 16 or value == 24)
    end
    for value in pairs(values {min = 0, max = 1, integer = false}) do
      assert.equal("float", math.type(value))
    end
    local below = 0
    for value, count in pairs(values({min = 1e-4, max = 1.0, log = true}, 2000)) do
      assert.is_true(value >= 1e-4 and value <= 1)
      if value < 1e-2 then below = below + count end
    end
    assert.near(1000, below, 5 * math.sqrt(500))
    assert.same({[true] = 1}, {[next(values {values = {"only"}}) == "only"] = 1})
  end)

  it("that is impossible is refused by name", function()
    for _, case in ipairs {
      {{min = 2, max = 1}, "parameter 'p': impossible range: min 2 is above max 1"},
      {{min = 0, max = 1, log = true}, "min 0 has no logarithm"},
      {{min = 1}, "'max' is a finite number, got nil"},
      {{min = 0 / 0, max = 1}, "'min' is a finite number"},
      {{min = 1, max = 3, step = 0.5}, "the step of an integer is an integer, got 0.5"},
      {{min = 1, max = 3, step = 1, log = true}, "'log' and 'step' exclude each other"},
      {{min = 1.5, max = 3, integer = true}, "the bounds of an integer are integers"},
      {{values = {}}, "'values' is a list of at least one value, got an empty one"},
      {{values = {1, 2, 1}}, "values 1 and 3 are the same"},
      {{values = {print}}, "value 1 is a function"},
      {{values = {1}, min = 2}, "'values' and 'min' exclude each other"},
      {{min = 1, max = 2, setp = 1}, "unknown option 'setp' to 'parameter p'"},
    } do
      local ok, message = pcall(Distribution, "p", case[1])
      assert.is_false(ok)
      assert.matches(case[2], message)
    end
  end)
end)

describe("grid search", function()
  it("goes through all combinations, the last parameter fastest", function()
    local distributions = {Distribution("a", {values = {"x", "y"}}),
                           Distribution("b", {min = 1e-3, max = 1.0, log = true, points = 4}),
                           Distribution("c", {min = 2, max = 6, step = 2})}
    assert.equal(24, grid.size(distributions))
    local seen = {}
    for number = 1, 24 do
      local p = grid.propose {distributions = distributions, number = number}
      seen[number] = ("%s %.6g %d"):format(distributions[1]:external(p.a), p.b, p.c)
    end
    assert.equal("x 0.001 2", seen[1])
    assert.equal("x 0.001 4", seen[2])
    assert.equal("x 0.01 2", seen[4])
    assert.equal("y 1 6", seen[24])
    assert.is_nil(grid.propose {distributions = distributions, number = 25})
    assert.has_error(function() grid.size {Distribution("d", {min = 0.0, max = 1.0})} end,
                     "parameter 'd': a grid needs 'values', 'step' or 'points'")
  end)
end)

describe("Sobol points", function()
  it("are SciPy's", function()
    for n, point in ipairs(recorded.sobol) do
      for i, dimension in ipairs {1, 2, 3, 7, 13, 21, 32} do
        assert.equal(point[i], sobol.point(dimension, n - 1) / 2.0 ^ 32)
      end
    end
  end)

  it("fill every part of the range equally, whatever the shift", function()
    local distributions = {Distribution("a", {min = 1, max = 8}),
                           Distribution("b", {values = {"x", "y", "z", "w"}})}
    local counts = {}
    for number = 1, 64 do
      local generator = nn.Generator(9)
      local function draw()
        return nn.rand(1, {generator = generator, dtype = "float64"}):item()
      end
      local p = sobol.propose {distributions = distributions, number = number, sweep_draw = draw}
      local key = ("%d %d"):format(p.a, p.b)
      counts[key] = (counts[key] or 0) + 1
    end
    local cells = 0
    for _, count in pairs(counts) do
      cells = cells + 1
      assert.equal(2, count)
    end
    assert.equal(32, cells)
  end)
end)

describe("pruning", function()
  -- Runs the recorded curves one after the other; -> where each was stopped, 0: it was not.
  local function stops(pruner, sign)
    local done, complete, ends = {}, 0, {}
    for number, curve in ipairs(recorded.curves) do
      local reports = {}
      local history = {number = number, complete = function() return complete end}
      function history.rank(_, epoch, value, direction, group)
        local others, better = 0, 0
        for i, trial in ipairs(done) do
          for _, report in ipairs((not group or group.has(i)) and trial.reports or {}) do
            if report.step >= epoch then
              if report.value == report.value then others = others + 1 end
              if direction * report.value < direction * value then better = better + 1 end
              break
            end
          end
        end
        return others, better
      end
      function history.values_at(_, step)
        local list = {}
        for _, trial in ipairs(done) do
          local value = trial.complete and trial.reports[step].value
          if value and value == value then list[#list + 1] = value end
        end
        table.sort(list)
        return list
      end
      ends[number] = 0
      for step, value in ipairs(curve) do
        reports[step] = {step = step, value = sign * value}
        if pruner:stops(reports, history, sign) then
          ends[number] = step
          break
        end
      end
      if ends[number] == 0 then complete = complete + 1 end
      done[number] = {reports = reports, complete = ends[number] == 0}
    end
    return ends
  end

  it("stops the trials that Optuna stops, at the same steps", function()
    for name, case in pairs {
      asha = {{"asha", factor = 3, min_epochs = 2}, 1},
      asha_2 = {{"asha", factor = 2, first_rung = 1}, 1},
      asha_up = {{"asha", factor = 3, min_epochs = 2}, -1},
      median = {{"median"}, 1},
      median_late = {{"median", startup = 3, warmup = 4, interval = 5}, 1},
      median_up = {{"median"}, -1},
    } do
      assert.same(recorded.stops[name], stops(pruners.new(case[1]), case[2]), name)
    end
  end)

  it("by Hyperband spreads trials over brackets and halves within each", function()
    local pruner = pruners.new {"hyperband", factor = 3, min_epochs = 1, max_epochs = 27}
    -- Optuna's HyperbandPruner: 4 brackets with budgets of 27, 12, 6 and 4 trials
    assert.same({27, 12, 6, 4}, pruner.shares)
    local counts = {0, 0, 0, 0}
    for number = 1, 490 do
      local b = pruner:bracket(number)
      counts[b] = counts[b] + 1
    end
    for b, share in ipairs {270, 120, 60, 40} do assert.near(share, counts[b], 3) end
    local ends = stops(pruner, 1)
    for number, step in ipairs(ends) do
      -- bracket b has its first rung at 3^(b-1) epochs
      assert.is_true(step == 0 or step >= 3 ^ (pruner:bracket(number) - 1))
    end
  end)

  it("by plateau stops what has not improved", function()
    local pruner = pruners.new {"plateau", patience = 2, min_delta = 0.1}
    local function stops_at(values, sign)
      local reports = {}
      for step, value in ipairs(values) do
        reports[step] = {step = step, value = value}
        if pruner:stops(reports, nil, sign) then return step end
      end
    end
    assert.equal(5, stops_at({3, 2, 1, 0.95, 0.9, 0.1}, 1))
    assert.is_nil(stops_at({3, 2, 1, 0.95, 0.8}, 1))
    assert.equal(4, stops_at({1, 2, 1, 0 / 0}, -1))
  end)

  it("names a wrong pruner or option", function()
    for _, case in ipairs {
      {{"ahsa"}, "unknown pruner 'ahsa' %(did you mean 'asha'"},
      {{"asha", fcator = 2}, "unknown option 'fcator' to 'asha' %(did you mean 'factor'"},
      {{"asha", factor = 1}, "bad option 'factor' to 'asha' %(a number above 1 expected, got 1"},
      {{"hyperband"}, "'hyperband' needs the option 'max_epochs'"},
      {{"plateau", patience = 0}, "bad option 'patience'"},
      {{"median", interval = 0}, "bad option 'interval'"},
      {{}, "a pruner is a list with its name first"},
      {"asha", "a pruner is a list with its name first"},
    } do
      local ok, message = pcall(pruners.new, case[1])
      assert.is_false(ok)
      assert.matches(case[2], message)
    end
  end)
end)

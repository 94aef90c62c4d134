-- The importance of parameters: against variances known by hand and what Optuna finds.

local nn = require "nnlua"
local Distribution = require "nnlua.sweep.distribution"
local importance = require "nnlua.sweep.importance"

local recorded = require("tests.fixtures.sweep").importance

local function drawer(seed)
  local generator = nn.Generator(seed)
  return function() return nn.rand(1, {dtype = "float64", generator = generator}):item() end
end

-- n random trials of f(p).
local function trials_of(distributions, n, f)
  local trials, draw = {}, drawer(4)
  for i = 1, n do
    local internal = {}
    for _, d in ipairs(distributions) do internal[d.name] = d:uniform(draw) end
    trials[i] = {number = i, state = "complete", value = f(internal), internal = internal}
  end
  return trials
end

local function by_name(list)
  local found, sum = {}, 0.0
  for _, entry in ipairs(list) do
    found[entry.name] = entry.importance
    sum = sum + entry.importance
  end
  assert.near(1, sum, 1e-12)
  return found
end

describe("the importance of parameters", function()
  it("is the part of the variance that each explains", function()
    local distributions = {
      Distribution("c", {values = {"a", "b", "c"}}), Distribution("fixed", {min = 3, max = 3}),
      Distribution("rate", {min = 1e-4, max = 1.0, log = true}),
      Distribution("x", {min = 0.0, max = 1.0}),
    }
    -- Variances: of c 2/3; of log10(rate), uniform over 4, 16/12; of 4 x 16/12.
    local found = by_name(importance.of(distributions, trials_of(distributions, 500, function(p)
      return p.c + math.log(p.rate, 10) + 4 * p.x
    end)))
    -- A forest of 500 points misses about 0.02 of such shares (standard deviation over samples).
    assert.near(0.2, found.c, 0.06)
    assert.near(0.4, found.rate, 0.06)
    assert.near(0.4, found.x, 0.06)
    assert.equal(0, found.fixed)
  end)

  it("is what Optuna finds for the same trials", function()
    local distributions, trials = {
      Distribution("x", {min = -5.0, max = 10.0}), Distribution("y", {min = 0.0, max = 1.0}),
      Distribution("k", {min = 1, max = 40}),
    }, {}
    for i, row in ipairs(recorded.trials) do
      trials[i] = {state = "complete", value = row[4],
                   internal = {x = row[1], y = row[2], k = row[3] + 0.0}}
    end
    local found = by_name(importance.of(distributions, trials))
    for i, d in ipairs(distributions) do
      -- Two forests differ by their spread; an integer's outer values have half the room there.
      assert.near(recorded.mean[i], found[d.name], 4 * recorded.spread[i] + 0.015)
    end
  end)

  it("is the same for the same seed, leaves out what is no result, says when there is none",
     function()
    local distributions = {Distribution("x", {min = 0.0, max = 1.0}),
                           Distribution("y", {min = 0.0, max = 1.0})}
    local trials = trials_of(distributions, 60, function(p) return p.x + 2 * p.y end)
    local first = importance.of(distributions, trials, {seed = 7})
    assert.equal("y", first[1].name)
    for _, odd in ipairs {{state = "pruned", value = 1e9, internal = {x = 0.5, y = 0.5}},
                          {state = "complete", value = 0 / 0, internal = {x = 0.5, y = 0.5}},
                          {state = "complete", value = -1 / 0, internal = {x = 0.5, y = 0.5}},
                          {state = "complete", value = 1e9, internal = {x = 0.5}}} do
      trials[#trials + 1] = odd
    end
    assert.same(first, importance.of(distributions, trials, {seed = 7}))
    assert.are_not.same(first, importance.of(distributions, trials, {seed = 8}))
    local none, message = importance.of(distributions, {trials[1]})
    assert.is_nil(none)
    assert.matches("at least two complete trials", message)
    for _, trial in ipairs(trials) do trial.value = 1 end
    none, message = importance.of(distributions, trials)
    assert.is_nil(none)
    assert.matches("differ in value", message)
  end)
end)

-- The tree-structured Parzen estimator against the trials that Optuna proposed, draw for draw.

local nn = require "nnlua"
local Crowd = require "nnlua.sweep.crowd"
local Distribution = require "nnlua.sweep.distribution"
local Parzen = require "nnlua.sweep.parzen"
local normal = require "nnlua.sweep.normal"
local Tpe = require "nnlua.sweep.sampler.tpe"

local recorded = require "tests.fixtures.sweep"

local function drawer(seed)
  local generator = nn.Generator(seed)
  return function() return nn.rand(1, {dtype = "float64", generator = generator}):item() end
end

local MIXED = {
  Distribution("x", {min = -5.0, max = 10.0}),
  Distribution("rate", {min = 1e-4, max = 1.0, log = true}),
  Distribution("units", {min = 8, max = 128, step = 8}),
  Distribution("depth", {min = 1, max = 64, log = true}),
  Distribution("drop", {min = 0.0, max = 0.5, step = 0.1}),
  Distribution("kind", {values = {"relu", "tanh", "elu"}}),
}

local function sorted(distributions)
  local list = {table.unpack(distributions)}
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

-- Inverting the normal distribution is the least precise step on either side: about 1e-8 there.
local function check(expected, distribution, internal, number)
  local value = distribution:external(internal)
  if type(expected) == "number" and math.type(value) == "float" then
    local off = math.abs(value - expected) / math.max(math.abs(expected), 1e-3)
    assert.is_true(off < 1e-7, ("trial %d, %s: %.17g, expected %.17g"):format(
      number, distribution.name, value, expected))
  else
    assert.equal(expected, value, ("trial %d, %s"):format(number, distribution.name))
  end
end

describe("nn.sweep's TPE", function()
  for name, sign in pairs {mixed = 1, maximized = -1} do
    it("proposes what Optuna proposes: " .. name, function()
      local case, tpe = recorded[name], Tpe(sign)
      local random, draw = drawer(case.seed), drawer(case.seed)
      for number, expected in ipairs(case.trials) do
        local proposal = {}
        if tpe:is_ready() then
          proposal = tpe:propose(sorted(MIXED), draw)
        else
          for _, d in ipairs(MIXED) do proposal[d.name] = d:uniform(random) end
        end
        for _, d in ipairs(MIXED) do check(expected[d.name], d, proposal[d.name], number) end
        tpe:set {number = number, state = "complete", value = expected.value, internal = proposal}
      end
    end)
  end

  it("proposes what Optuna proposes where parameters depend on others", function()
    local kind = Distribution("kind", {values = {"a", "b"}})
    local x = Distribution("x", {min = 0.0, max = 1.0})
    local further = {a = Distribution("y", {min = -1.0, max = 1.0}),
                     b = Distribution("k", {min = 1, max = 9})}
    local case, tpe = recorded.conditional, Tpe(1)
    local random, draw = drawer(case.seed), drawer(case.seed)
    for number, expected in ipairs(case.trials) do
      local ready = tpe:is_ready()
      local proposal
      if ready then
        proposal = tpe:propose({kind, x}, draw)
      else
        proposal = {kind = kind:uniform(random), x = x:uniform(random)}
      end
      local other = further[kind:external(proposal.kind)]
      if ready then
        proposal[other.name] = tpe:propose({other}, draw)[other.name]
      else
        proposal[other.name] = other:uniform(random)
      end
      for _, d in ipairs {kind, x, other} do
        check(expected[d.name], d, proposal[d.name], number)
      end
      tpe:set {number = number, state = "complete", value = expected.value, internal = proposal}
    end
  end)

  -- Points of MIXED, some equal, come and go; -> the crowd and where the points are, by number.
  local WIDE = {Distribution("width", {min = 1, max = 1000}), table.unpack(MIXED)}
  local function points_at_random(steps, draw)
    local crowd, points = Crowd(WIDE), {}
    return crowd, points, function()
      for _ = 1, steps do
        local number = 1 + math.floor(draw() * 300)
        points[number] = nil
        if draw() < 0.8 then
          points[number] = {}
          for _, d in ipairs(WIDE) do points[number][d.name] = d:uniform(draw) end
          if draw() < 0.3 then points[number].x = 2.5 end
        end
        crowd:set(number, points[number])
      end
    end
  end

  it("keeps the density of many points that a sum over all of them gives", function()
    local draw = drawer(8)
    for steps, rounds in pairs {[1] = 40, [60] = 6} do -- from no point and one on
      local crowd, points, change = points_at_random(steps, draw)
      for _ = 1, rounds do
        local lists, samples = {}, {}
        for d, distribution in ipairs(WIDE) do
          lists[d], samples[d] = {}, {}
          for number = 1, 300 do
            local point = points[number]
            if point then table.insert(lists[d], point[distribution.name]) end
          end
          for i = 1, 24 do samples[d][i] = distribution:uniform(draw) end
        end
        local expected = Parzen.new(WIDE, lists):log_density(samples)
        -- log of sums of products of 7 densities, rounded: 1e-12 is 1e4 epsilons
        assert.is_true((crowd:log_density(samples) - expected):abs():max():item() < 1e-11)
        change()
      end
    end
  end)

  it("proposes the same whatever the order in which trials became known", function()
    local draw, trials = drawer(2), {}
    for number = 1, 120 do
      local internal = {}
      for _, d in ipairs(MIXED) do internal[d.name] = d:uniform(draw) end
      trials[number] = {number = number, internal = internal, step = number % 7,
                        state = number % 3 == 0 and "pruned" or "complete",
                        value = math.floor(draw() * 20)} -- many are equal
    end
    local forward, backward = Tpe(1), Tpe(1)
    for number = 1, 120 do
      forward:set {number = number, state = "running", internal = trials[number].internal}
      forward:set(trials[number])
      if number > 20 and number % 20 == 0 then forward:propose(MIXED, drawer(1)) end
    end
    for number = 120, 1, -1 do backward:set(trials[number]) end
    backward:set {number = 121, state = "running", internal = trials[1].internal}
    backward:forget(121)
    for seed = 1, 5 do
      assert.same(forward:propose(MIXED, drawer(seed)), backward:propose(MIXED, drawer(seed)))
    end
  end)

  it("leaves alone what has one value, and trials outside a range that has changed", function()
    local tpe, draw = Tpe(-1), drawer(3)
    local wide, narrow = Distribution("x", {min = -1.0, max = 1.0}),
                         Distribution("x", {min = 0.5, max = 1.0})
    for number = 1, 40 do
      local x = wide:uniform(draw)
      tpe:set {number = number, state = "complete", value = x, internal = {x = x, one = 2.0}}
    end
    local one = Distribution("one", {min = 2.0, max = 2.0})
    local proposal = tpe:propose({one, narrow}, draw)
    assert.equal(2, proposal.one)
    assert.is_true(narrow:contains(proposal.x))
    assert.same({one = 2.0}, tpe:propose({one}, draw))
  end)

  it("inverts the normal distribution", function()
    -- Python's statistics.NormalDist().inv_cdf
    for p, x in pairs {[1e-300] = -37.0470962993612, [1e-9] = -5.9978070150076865,
                       [0.01] = -2.3263478740408408, [0.075] = -1.4395314709384557,
                       [0.7] = 0.5244005127080407, [0.999999] = 4.753424308817089} do
      assert.near(x, normal.quantile(p), 1e-14 * math.abs(x))
      assert.near(-x, normal.quantile(p, true), 1e-14 * math.abs(x))
    end
  end)
end)

-- Tree-structured Parzen estimator: proposes what is likely among the good and unlikely among the
-- others. Candidates are drawn from l, the density of the best tenth of the trials, and the one
-- with the largest l(x)/g(x) is taken, g being the density of the rest. The defaults are those of
-- Optuna 5's TPESampler: multivariate, ten random trials first, 24 candidates, trials that still
-- run count among the others ("constant liar").
--
-- Invariants: what is proposed depends on the trials and on what draw() gives alone, not on the
-- order in which the trials became known; a trial counts for parameters of which it has all, each
-- in its range.

local class = require "nnlua.class"
local core = require "nnlua.core"
local Crowd = require "nnlua.sweep.crowd"
local Parzen = require "nnlua.sweep.parzen"

local Tpe = class("Tpe")

local STARTUP, CANDIDATES = 10, 24
local BEST_PART, BEST_MOST = 0.1, 25
local MOST_CROWDS = 32 -- of parameters whose range depends on others there may be any number

--- Tpe(sign): without trials. sign: 1 to minimize, -1 to maximize.
function Tpe:init(sign)
  self.sign = sign
  self.trials = {}  -- by number
  self.ranked = {}  -- those that ended, the best one first
  self.best = {}    -- by number: among the best, as the crowds know it
  self.changed = {} -- numbers of trials that the crowds do not know yet
  self.crowds = {}  -- {key, distributions, crowd}, the one used last at the end
end

-- First come complete trials by their value, then pruned ones, the longest first.
local function is_before(a, b)
  if a.state ~= b.state then return a.state == "complete" end
  if a.state == "pruned" and a.step ~= b.step then return a.step > b.step end
  if a.loss ~= b.loss then return a.loss < b.loss end
  return a.number < b.number
end

-- Where a trial is in the ranks, or belongs.
local function place_of(ranked, trial)
  local lo, hi = 1, #ranked + 1
  while lo < hi do
    local middle = (lo + hi) // 2
    if is_before(ranked[middle], trial) then lo = middle + 1 else hi = middle end
  end
  return lo
end

--- tpe:forget(number): of a trial that came to nothing.
function Tpe:forget(number)
  local trial = self.trials[number]
  if not trial then return end
  if trial.state ~= "running" then
    table.remove(self.ranked, place_of(self.ranked, trial))
  end
  self.trials[number] = nil
  self.changed[#self.changed + 1] = number
end

--- tpe:set(trial): what is known of trial.number by now: {number, from 1, state = "complete" |
--- "pruned" | "running", value (nil or NaN: the worst), step (the last reported),
--- internal = {name = internal value}}.
function Tpe:set(trial)
  self:forget(trial.number)
  local value = trial.value
  local known = {
    number = trial.number, state = trial.state, step = trial.step or -1, internal = trial.internal,
    loss = (value == nil or value ~= value) and math.huge or self.sign * value,
  }
  if known.state ~= "running" then
    table.insert(self.ranked, place_of(self.ranked, known), known)
  end
  self.trials[known.number] = known
  self.changed[#self.changed + 1] = known.number
end

--- tpe:is_ready() -> whether there are enough trials that ended.
function Tpe:is_ready()
  return #self.ranked >= STARTUP
end

local function has_all(trial, distributions)
  for _, distribution in ipairs(distributions) do
    local x = trial.internal[distribution.name]
    if x == nil or not distribution:contains(x) then return false end
  end
  return true
end

-- Tells a crowd where the trial `number` is, if it is among the others and has all parameters.
local function tell(self, crowd, distributions, number)
  local trial = self.trials[number]
  local counts = trial and not self.best[number] and has_all(trial, distributions)
  crowd:set(number, counts and trial.internal or nil)
end

-- Tells all crowds what has changed.
local function settle(self)
  local best = {}
  for i = 1, math.min(math.ceil(BEST_PART * #self.ranked), BEST_MOST) do
    best[self.ranked[i].number] = true
  end
  local changed = self.changed
  for number in pairs(best) do
    if not self.best[number] then changed[#changed + 1] = number end
  end
  for number in pairs(self.best) do
    if not best[number] then changed[#changed + 1] = number end
  end
  self.best, self.changed = best, {}
  -- In any order, a number twice: the crowd comes out the same.
  for _, entry in ipairs(self.crowds) do
    for _, number in ipairs(changed) do tell(self, entry.crowd, entry.distributions, number) end
  end
end

local function key_of(distributions)
  local parts = {}
  for i, d in ipairs(distributions) do
    parts[i] = ("%q %s %a %a %s %s"):format(d.name, d.kind, d.low, d.high, d.step, d.log)
  end
  return table.concat(parts, "\n")
end

-- The crowd of the others in the space of these parameters.
local function crowd_of(self, distributions)
  local key = key_of(distributions)
  for i, entry in ipairs(self.crowds) do
    if entry.key == key then
      table.insert(self.crowds, table.remove(self.crowds, i))
      return entry.crowd
    end
  end
  local crowd, numbers = Crowd(distributions), {}
  for number in pairs(self.trials) do numbers[#numbers + 1] = number end
  table.sort(numbers)
  for _, number in ipairs(numbers) do tell(self, crowd, distributions, number) end
  self.crowds[#self.crowds + 1] = {key = key, distributions = distributions, crowd = crowd}
  if #self.crowds > MOST_CROWDS then table.remove(self.crowds, 1) end
  return crowd
end

-- The estimator of the best ones in the space of these parameters.
local function estimator_of_best(self, distributions)
  local numbers, points = {}, {}
  for number in pairs(self.best) do numbers[#numbers + 1] = number end
  table.sort(numbers)
  for d in ipairs(distributions) do points[d] = {} end
  for _, number in ipairs(numbers) do
    local trial = self.trials[number]
    for d, distribution in ipairs(has_all(trial, distributions) and distributions or {}) do
      table.insert(points[d], trial.internal[distribution.name])
    end
  end
  return Parzen.new(distributions, points)
end

--- tpe:propose(distributions, draw) -> {name = internal value}. draw() -> uniform numbers in [0,1).
function Tpe:propose(distributions, draw)
  local varying, proposal = {}, {}
  for _, distribution in ipairs(distributions) do
    if distribution:is_single() then
      proposal[distribution.name] = distribution.low
    else
      varying[#varying + 1] = distribution
    end
  end
  if #varying == 0 then return proposal end
  settle(self)
  local good, others = estimator_of_best(self, varying), crowd_of(self, varying)
  local samples = good:sample(CANDIDATES, draw)
  local gain = core.sub(good:log_density(samples), others:log_density(samples)):totable()
  local chosen = 1
  for i, value in ipairs(gain) do
    if value > gain[chosen] then chosen = i end
  end
  for d, distribution in ipairs(varying) do proposal[distribution.name] = samples[d][chosen] end
  return proposal
end

return Tpe

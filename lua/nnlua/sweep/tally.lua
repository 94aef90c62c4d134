-- What the configurations of a study have come to: means over their seeds, the best one.
--
-- Invariant: the best is the first, by number, of those with the best mean among the
-- configurations all of whose trials have ended; while there are none, among all.

local class = require "nnlua.class"
local student = require "nnlua.student"

local Tally = class("Tally")

--- Tally(definition): of a study: goal, seeds.
function Tally:init(definition)
  self.sign = definition.goal == "maximize" and -1 or 1
  self.seeds = definition.seeds
  self.by_number, self.numbers, self.sorted = {}, {}, true
  self.whole, self.partial = nil, nil -- the best ones
end

local function is_better(self, one, other)
  if one.mean ~= one.mean then return false end
  if not other or one.number == other.number then return true end
  local a, b = self.sign * one.mean, self.sign * other.mean
  return a < b or a == b and one.number < other.number
end

--- tally:add(trial): one that has ended, as store:finished gives it. -> its configuration: number,
--- params, trials, values (of those that are complete), mean, half (of the 95% interval; nil for
--- fewer than two).
function Tally:add(trial)
  local number = trial.configuration
  local one = self.by_number[number]
  if not one then
    one = {number = number, params = trial.params, trials = {}, values = {}}
    self.by_number[number] = one
    self.numbers[#self.numbers + 1], self.sorted = number, false
  end
  one.trials[#one.trials + 1] = trial
  if trial.state == "complete" and trial.value then
    one.values[#one.values + 1] = trial.value
    one.mean, one.half = student.interval(one.values)
  end
  if one.mean then
    if #one.trials >= self.seeds and is_better(self, one, self.whole) then self.whole = one end
    if is_better(self, one, self.partial) then self.partial = one end
  end
  return one
end

--- tally:best() -> the best configuration, or nil.
function Tally:best()
  return self.whole or self.partial
end

--- tally:configurations() -> list of those with trials that ended, by number.
function Tally:configurations()
  if not self.sorted then table.sort(self.numbers) end
  self.sorted = true
  local list = {}
  for i, number in ipairs(self.numbers) do list[i] = self.by_number[number] end
  return list
end

return Tally

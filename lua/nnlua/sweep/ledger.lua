-- What samplers know of a study: what its configurations came to, those of all workers.
--
-- Invariant: trials that have ended are read once; refresh() reads on from there.

local class = require "nnlua.class"
local Tpe = require "nnlua.sweep.sampler.tpe"

local Ledger = class("Ledger")

--- Ledger(store, study, sign): study: its id. sign: 1 to minimize, -1 to maximize.
function Ledger:init(store, study, sign)
  self.store, self.study, self.seen = store, study, 0
  self.tpe = Tpe(sign)
  self.ended = {}   -- by configuration: the trials that ended
  self.running = {} -- by configuration: the internal values, while none of its trials has ended
end

-- How a configuration stands: complete if one of its trials is, its value their mean; else pruned,
-- where the longest one was; nil if all failed.
local function standing(number, trials)
  local sum, count, longest = 0.0, 0, nil
  for _, trial in ipairs(trials) do
    if trial.state == "complete" then
      sum, count = sum + (trial.value or 0 / 0), count + 1
    elseif trial.state == "pruned" and (not longest or (trial.step or 0) > (longest.step or 0)) then
      longest = trial
    end
  end
  local internal = trials[1].internal
  if count > 0 then
    return {number = number, state = "complete", value = sum / count, internal = internal}
  elseif longest then
    return {number = number, state = "pruned", value = longest.value, step = longest.step,
            internal = internal}
  end
end

local function is_same(a, b)
  for name, x in pairs(a) do
    if b[name] ~= x then return false end
  end
  for name in pairs(b) do
    if a[name] == nil then return false end
  end
  return true
end

--- ledger:refresh() -> the Tpe that knows all configurations that have come to something, and as
--- running those that have not yet.
function Ledger:refresh()
  local changed = {}
  for _, trial in ipairs(self.store:finished(self.study, self.seen)) do
    local number = trial.configuration
    local trials = self.ended[number] or {}
    trials[#trials + 1] = {state = trial.state, value = trial.value, step = trial.step,
                           internal = trial.internal}
    self.ended[number], self.running[number] = trials, nil
    changed[#changed + 1] = number
    self.seen = trial.finished
  end
  for _, number in ipairs(changed) do
    local known = standing(number, self.ended[number])
    if known then self.tpe:set(known) else self.tpe:forget(number) end
  end
  for _, state in ipairs {"running", "waiting"} do
    for _, trial in ipairs(self.store:trials(self.study, state)) do
      local number, before = trial.configuration, self.running[trial.configuration]
      if not self.ended[number] and not (before and is_same(before, trial.internal)) then
        self.running[number] = trial.internal
        self.tpe:set {number = number, state = "running", internal = trial.internal}
      end
    end
  end
  return self.tpe
end

return Ledger

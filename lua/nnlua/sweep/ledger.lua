-- What a sampler knows of a study: its configurations, with what their trials came to.
--
-- Invariant: trials that have ended are read once; refresh() reads on from there.

local class = require "nnlua.class"

local Ledger = class("Ledger")

--- Ledger(store, study): study: its id.
function Ledger:init(store, study)
  self.store, self.study, self.seen = store, study, 0
  self.ended = {} -- by configuration: the trials that ended
  self.order = {} -- the configurations with such trials
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

--- ledger:refresh() -> list of configurations as tpe.propose wants them, in the order of their
--- numbers: those that have come to something, and as running those that have not yet.
function Ledger:refresh()
  for _, trial in ipairs(self.store:finished(self.study, self.seen)) do
    local number = trial.configuration
    if not self.ended[number] then
      self.ended[number] = {}
      self.order[#self.order + 1] = number
    end
    table.insert(self.ended[number], trial)
    self.seen = trial.finished
  end
  table.sort(self.order)
  local list, listed = {}, {}
  for _, number in ipairs(self.order) do
    list[#list + 1] = standing(number, self.ended[number])
    listed[number] = true
  end
  for _, state in ipairs {"running", "waiting"} do
    for _, trial in ipairs(self.store:trials(self.study, state)) do
      if not listed[trial.configuration] then
        listed[trial.configuration] = true
        list[#list + 1] = {number = trial.configuration, state = "running",
                           internal = trial.internal}
      end
    end
  end
  return list
end

return Ledger

-- Asynchronous successive halving: of the trials that reach a rung only the best go on.
--
-- Rungs stand at min_epochs * factor^r epochs. A trial that reaches one is stopped unless its value
-- there is among the best 1/factor of all that have been there so far (the best one alone while
-- they are fewer). L. Li et al. (2020), "A System for Massively Parallel Hyperparameter Tuning";
-- decisions as those of Optuna's SuccessiveHalvingPruner.

local class = require "nnlua.class"
local options = require "nnlua.options"

local Asha = class("Asha")

--- Asha{factor = 3, min_epochs = 1, first_rung = 0}: first_rung: how many rungs are left out.
function Asha:init(given)
  local o = options.check("asha", given, {factor = 3, min_epochs = 1, first_rung = 0})
  if not (o.factor > 1 and o.factor < math.huge) then
    options.raise("bad option 'factor' to 'asha' (a number above 1 expected, got %s)", o.factor)
  elseif not (o.min_epochs > 0 and o.min_epochs < math.huge) then
    options.raise("bad option 'min_epochs' to 'asha' (a number above 0 expected, got %s)",
                  o.min_epochs)
  end
  self.factor, self.min_epochs, self.first_rung = o.factor, o.min_epochs, o.first_rung
end

-- The epoch of rung r, counted from 0.
local function epoch_of(self, r)
  return self.min_epochs * self.factor ^ (self.first_rung + r)
end

-- The value of the first report at or after an epoch.
local function value_at(reports, epoch)
  for _, report in ipairs(reports) do
    if report.step >= epoch then return report.value end
  end
end

-- Whether fewer of the others are better than go on, this one included.
local function is_promoted(self, others, better)
  return better < math.max((others + 1) // self.factor, 1)
end

--- asha:stops(reports, history, sign) -> whether to stop the trial with these reports: {step,
--- value} in the order of their steps, the last one new. history:rank(epoch, value, sign, group) ->
--- how many other trials have a value at or after the epoch, and how many a better one; group: see
--- storage/history.lua. sign: 1 if small values are good, -1 if large ones are.
function Asha:stops(reports, history, sign, group)
  local last, before = reports[#reports], reports[#reports - 1]
  local r = 0
  -- Rungs that the report before had reached were decided then.
  while before and before.step >= epoch_of(self, r) do r = r + 1 end
  while last.step >= epoch_of(self, r) do
    local value = value_at(reports, epoch_of(self, r))
    if value ~= value then return true end
    if not is_promoted(self, history:rank(epoch_of(self, r), value, sign, group)) then
      return true
    end
    r = r + 1
  end
  return false
end

return Asha

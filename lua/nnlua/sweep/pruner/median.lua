-- Median rule: a trial is stopped if its best value so far is worse than the median of the values
-- that complete trials had at the same step. D. Golovin et al. (2017), "Google Vizier"; decisions
-- as those of Optuna's MedianPruner.

local class = require "nnlua.class"
local options = require "nnlua.options"

local Median = class("Median")

--- Median{startup = 5, warmup = 0, interval = 1}: startup: complete trials before any is stopped;
--- warmup: steps of a trial before it is; interval: steps between two looks.
function Median:init(given)
  local o = options.check("median", given, {startup = 5, warmup = 0, interval = 1})
  for _, name in ipairs {"startup", "warmup", "interval"} do
    local least = name == "interval" and 1 or 0
    if not (o[name] >= least and o[name] < math.huge) then
      options.raise("bad option '%s' to 'median' (a number of at least %d expected, got %s)", name,
                    least, o[name])
    end
  end
  self.startup, self.warmup, self.interval = o.startup, o.warmup, o.interval
end

local function median(values)
  local n = #values
  if n % 2 == 1 then return values[n // 2 + 1] end
  return (values[n // 2] + values[n // 2 + 1]) / 2
end

-- Whether no look was taken yet since the interval of this step began.
local function is_due(self, reports)
  local last, before = reports[#reports].step, reports[#reports - 1]
  if last < self.warmup then return false end
  local begun = (last - self.warmup) // self.interval * self.interval + self.warmup
  return not before or before.step < begun
end

--- median:stops(reports, history, sign): see asha.lua. history:complete() -> how many trials are
--- complete; history:values_at(step) -> the values that those had at this step, sorted.
function Median:stops(reports, history, sign)
  if history:complete() < math.max(self.startup, 1) or not is_due(self, reports) then
    return false
  end
  local best
  for _, report in ipairs(reports) do
    local loss = sign * report.value
    if loss == loss and (not best or loss < best) then best = loss end
  end
  if not best then return true end
  local values = history:values_at(reports[#reports].step)
  return #values > 0 and best > sign * median(values)
end

return Median

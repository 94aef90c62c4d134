-- Hyperband: several successive halvings side by side, which differ in how early they begin to stop
-- trials. L. Li et al. (2018), "Hyperband"; a trial belongs to a bracket by its number, in the
-- proportions of Optuna's HyperbandPruner.

local class = require "nnlua.class"
local Asha = require "nnlua.sweep.pruner.asha"
local options = require "nnlua.options"

local Hyperband = class("Hyperband")

--- Hyperband{max_epochs, factor = 3, min_epochs = 1}.
function Hyperband:init(given)
  local o = options.check("hyperband", given, {
    max_epochs = options.required, factor = 3, min_epochs = 1,
  })
  if type(o.max_epochs) ~= "number" or not (o.max_epochs >= o.min_epochs
                                            and o.max_epochs < math.huge) then
    options.raise("bad option 'max_epochs' to 'hyperband' (a number of at least min_epochs "
                  .. "expected, got %s)", tostring(o.max_epochs))
  end
  local first = Asha {factor = o.factor, min_epochs = o.min_epochs} -- checks them
  local count = 1
  while o.min_epochs * o.factor ^ count <= o.max_epochs * (1 + 1e-9) do count = count + 1 end
  self.brackets, self.shares, self.total = {first}, {}, 0
  for b = 0, count - 1 do
    local s = count - 1 - b
    self.brackets[b + 1] = Asha {factor = o.factor, min_epochs = o.min_epochs, first_rung = b}
    self.shares[b + 1] = math.ceil(count * o.factor ^ s / (s + 1) - 1e-9)
    self.total = self.total + self.shares[b + 1]
  end
end

--- hyperband:bracket(number) -> which bracket trial `number` belongs to, from 1. Consecutive trials
--- are spread over all of them.
function Hyperband:bracket(number)
  -- Fibonacci hashing: multiples of the golden ratio, modulo 1, fill the interval evenly.
  local place = (number * 0x9E3779B97F4A7C15 >> 32) * self.total >> 32
  for b, share in ipairs(self.shares) do
    if place < share then return b end
    place = place - share
  end
end

--- hyperband:stops(reports, history, sign): see asha.lua; history.number: of the trial.
function Hyperband:stops(reports, history, sign)
  local mine = self:bracket(history.number)
  return self.brackets[mine]:stops(reports, history, sign, {
    name = mine, has = function(number) return self:bracket(number) == mine end,
  })
end

return Hyperband

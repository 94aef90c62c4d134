-- Schedules that start lower or end lower than the initial learning rate, over total_iters epochs.

local class = require "nnlua.class"
local Schedule = require "nnlua.optim.schedule.schedule"
local options = require "nnlua.options"

-- Options in self, after checks.
local function take(self, optimizer, given, defaults)
  local name = self.class_name
  Schedule.check_optimizer(name, optimizer)
  for key, value in pairs(options.check(name, given, defaults)) do
    self[key] = value
  end
  Schedule.check(name, "option 'total_iters'", self.total_iters, Schedule.is_count,
                 "a positive integer")
end

--- nn.optim.lr_scheduler.ConstantLR(optimizer [, {factor = 1/3, total_iters = 5}]): times factor
--- during the first total_iters epochs.
local ConstantLR = class("ConstantLR", Schedule)

local function is_divisor(v) return v > 0 and v <= 1 end

function ConstantLR:init(optimizer, given)
  take(self, optimizer, given, {factor = 1 / 3, total_iters = 5})
  Schedule.check("ConstantLR", "option 'factor'", self.factor, is_divisor, "a number in (0,1]")
  Schedule.init(self, optimizer)
end

function ConstantLR:next_lr(current, _, epoch)
  if epoch == 0 then
    return current * self.factor
  end
  return epoch == self.total_iters and current * (1 / self.factor) or current
end

--- nn.optim.lr_scheduler.LinearLR(optimizer [, {start_factor = 1/3, end_factor = 1, total_iters =
--- 5}]): times a factor that goes from start_factor to end_factor evenly, as in a warm-up.
local LinearLR = class("LinearLR", Schedule)

function LinearLR:init(optimizer, given)
  take(self, optimizer, given, {start_factor = 1 / 3, end_factor = 1, total_iters = 5})
  Schedule.check("LinearLR", "option 'start_factor'", self.start_factor, is_divisor,
                 "a number in (0,1]")
  Schedule.check("LinearLR", "option 'end_factor'", self.end_factor, Schedule.is_part,
                 "a number in [0,1]")
  Schedule.init(self, optimizer)
end

function LinearLR:next_lr(current, _, epoch)
  local n, start, change = self.total_iters, self.start_factor, self.end_factor - self.start_factor
  if epoch == 0 then
    return current * start
  end
  return epoch > n and current or current * (1 + change / (n * start + (epoch - 1) * change))
end

--- nn.optim.lr_scheduler.PolynomialLR(optimizer [, {total_iters = 5, power = 1}]): times
--- (1 - epoch/total_iters)^power, 0 from total_iters on.
local PolynomialLR = class("PolynomialLR", Schedule)

function PolynomialLR:init(optimizer, given)
  take(self, optimizer, given, {total_iters = 5, power = 1})
  Schedule.check("PolynomialLR", "option 'power'", self.power, Schedule.is_factor, "a number >= 0")
  Schedule.init(self, optimizer)
end

function PolynomialLR:next_lr(current, _, epoch)
  local n = self.total_iters
  if epoch == 0 or epoch > n then
    return current
  end
  return current * ((1 - epoch / n) / (1 - (epoch - 1) / n)) ^ self.power
end

return {ConstantLR = ConstantLR, LinearLR = LinearLR, PolynomialLR = PolynomialLR}

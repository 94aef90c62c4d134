-- Schedules that multiply the learning rate now and then, or by any function of the epoch.

local class = require "nnlua.class"
local core = require "nnlua.core"
local Schedule = require "nnlua.optim.schedule.schedule"
local options = require "nnlua.options"

--- nn.optim.lr_scheduler.StepLR(optimizer, step_size [, {gamma = 0.1}]): times gamma every
--- step_size epochs.
local StepLR = class("StepLR", Schedule)

function StepLR:init(optimizer, step_size, given)
  Schedule.check_optimizer("StepLR", optimizer)
  Schedule.check("StepLR", "argument #2", step_size, Schedule.is_count, "a positive integer")
  self.gamma = options.check("StepLR", given, {gamma = 0.1}).gamma
  Schedule.check("StepLR", "option 'gamma'", self.gamma, Schedule.is_factor, "a number >= 0")
  self.step_size = step_size
  Schedule.init(self, optimizer)
end

function StepLR:next_lr(current, _, epoch)
  return (epoch == 0 or epoch % self.step_size ~= 0) and current or current * self.gamma
end

--- nn.optim.lr_scheduler.MultiStepLR(optimizer, milestones [, {gamma = 0.1}]): times gamma in each
--- epoch of the list milestones; twice where one stands there twice.
local MultiStepLR = class("MultiStepLR", Schedule)

function MultiStepLR:init(optimizer, milestones, given)
  Schedule.check_optimizer("MultiStepLR", optimizer)
  if type(milestones) ~= "table" then
    core.arg_error(2, "MultiStepLR", "a list of epochs expected, got "
      .. options.type_name(milestones))
  end
  self.gamma = options.check("MultiStepLR", given, {gamma = 0.1}).gamma
  Schedule.check("MultiStepLR", "option 'gamma'", self.gamma, Schedule.is_factor, "a number >= 0")
  self.times = {}
  for i, epoch in ipairs(milestones) do
    Schedule.check("MultiStepLR", ("argument #2[%d]"):format(i), epoch, Schedule.is_count,
                   "a positive integer")
    self.times[epoch] = (self.times[epoch] or 0) + 1
  end
  Schedule.init(self, optimizer)
end

function MultiStepLR:next_lr(current, _, epoch)
  return self.times[epoch] and current * self.gamma ^ self.times[epoch] or current
end

--- nn.optim.lr_scheduler.ExponentialLR(optimizer, gamma): times gamma every epoch.
local ExponentialLR = class("ExponentialLR", Schedule)

function ExponentialLR:init(optimizer, gamma)
  Schedule.check_optimizer("ExponentialLR", optimizer)
  Schedule.check("ExponentialLR", "argument #2", gamma, Schedule.is_factor, "a number >= 0")
  self.gamma = gamma
  Schedule.init(self, optimizer)
end

function ExponentialLR:next_lr(current, _, epoch)
  return epoch == 0 and current or current * self.gamma
end

--- nn.optim.lr_scheduler.LambdaLR(optimizer, f): the initial rate times f(epoch), epoch from 0; f
--- may be a list of functions, one per group. What f keeps for itself is not in state_dict().
local LambdaLR = class("LambdaLR", Schedule)

function LambdaLR:init(optimizer, f)
  Schedule.check_optimizer("LambdaLR", optimizer)
  self.functions = {}
  if type(f) == "table" and #f ~= #optimizer.groups then
    core.arg_error(2, "LambdaLR", ("%d functions for %d groups"):format(#f, #optimizer.groups))
  end
  for i = 1, #optimizer.groups do
    self.functions[i] = type(f) == "table" and f[i] or f
    if type(self.functions[i]) ~= "function" then
      core.arg_error(2, "LambdaLR", "a function or a list of functions expected, got "
        .. options.type_name(self.functions[i]))
    end
  end
  Schedule.init(self, optimizer)
end

function LambdaLR:next_lr(_, base, epoch, i)
  local factor = self.functions[i](epoch)
  if type(factor) ~= "number" then
    options.raise("LambdaLR: the function returned a %s in epoch %d, expected a number",
                  options.type_name(factor), epoch)
  end
  return base * factor
end

return {StepLR = StepLR, MultiStepLR = MultiStepLR, ExponentialLR = ExponentialLR,
        LambdaLR = LambdaLR}

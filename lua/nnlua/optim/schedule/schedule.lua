-- What the schedules share: counting epochs, setting the groups' learning rates, saving progress.
--
--   local schedule = nn.optim.lr_scheduler.StepLR(optimizer, 30, {gamma = 0.1})
--   for epoch = 1, 90 do ...; optimizer:step(); ...; schedule:step() end
--
-- Making a schedule sets the rates of epoch 0; each step() those of the next one. Formulas, names
-- and defaults are PyTorch's. As there, a rate follows from the group's rate before ("chainable"),
-- so that schedules can be combined, and a group notes in `initial_lr` where its first one started.
--
-- Subclasses call Schedule.init and define next_lr(current, base, epoch, i): the rate of group i.
-- `progress` has rules (optim/saved.lua) for the fields that change as they go.
--
-- Invariants: a step or a load that fails has changed nothing; groups that are added to the
-- optimizer later are left alone.

local class = require "nnlua.class"
local core = require "nnlua.core"
local Optimizer = require "nnlua.optim.optimizer"
local options = require "nnlua.options"
local saved = require "nnlua.optim.saved"

local Schedule = class("Schedule")

Schedule.progress = {}

-- Arguments ---------------------------------------------------------------------------------------

--- Schedule.check_optimizer(name, optimizer) raises unless it is an optimizer.
function Schedule.check_optimizer(name, optimizer)
  local metatable = type(optimizer) == "table" and getmetatable(optimizer)
  if not metatable or rawget(metatable, "is") ~= Optimizer.is or not optimizer:is(Optimizer) then
    core.arg_error(1, name, "optimizer expected, got " .. options.type_name(optimizer))
  end
end

--- Schedule.check(name, what, value, holds, allowed) raises unless value is a number for which
--- holds(value) is true; `what` is "argument #2" or "option 'gamma'".
function Schedule.check(name, what, value, holds, allowed)
  if type(value) ~= "number" or not holds(value) then
    options.raise("bad %s to '%s' (%s expected, got %s)", what, name, allowed,
                  math.type(value) and tostring(value) or options.type_name(value))
  end
end

function Schedule.is_count(v) return math.type(v) == "integer" and v >= 1 end
function Schedule.is_factor(v) return v >= 0 and v < math.huge end
function Schedule.is_part(v) return v >= 0 and v <= 1 end

--- Schedule.per_group(name, what, value, optimizer, holds, allowed) -> list with a number for each
--- group, from one number for all or a list.
function Schedule.per_group(name, what, value, optimizer, holds, allowed)
  local list = {}
  if type(value) == "table" and #value ~= #optimizer.groups then
    options.raise("bad %s to '%s' (%d values for %d groups)", what, name, #value,
                  #optimizer.groups)
  end
  for i = 1, #optimizer.groups do
    list[i] = type(value) == "table" and value[i] or value
    Schedule.check(name, what, list[i], holds, allowed)
  end
  return list
end

-- Going on ----------------------------------------------------------------------------------------

-- Attaches to the optimizer and sets the rates of epoch 0.
function Schedule:init(optimizer)
  self.optimizer, self.last_epoch, self.base_lrs, self.last_lr = optimizer, 0, {}, {}
  for i, group in ipairs(optimizer.groups) do
    group.initial_lr = group.initial_lr or group.lr
    self.base_lrs[i] = group.initial_lr
  end
  self:go_to(0)
end

-- Sets last_epoch and the rates of that epoch; start_over: from the base rates, not the current.
function Schedule:go_to(epoch, start_over)
  local rates = {}
  for i, base in ipairs(self.base_lrs) do
    local current = start_over and base or self.optimizer.groups[i].lr
    rates[i] = self:next_lr(current, base, epoch, i)
    if type(rates[i]) ~= "number" or not Schedule.is_factor(rates[i]) then
      options.raise("%s: the learning rate of group %d in epoch %d would be %s", self.class_name, i,
                    epoch, tostring(rates[i]))
    end
  end
  self.last_epoch, self.last_lr = epoch, rates
  self:restore()
end

-- Hands the current rates to the optimizer.
function Schedule:restore()
  for i, rate in ipairs(self.last_lr) do
    self.optimizer.groups[i].lr = rate
  end
end

-- Begins at epoch 0 again, from the base rates or, chained, from those that are set.
function Schedule:start_over(chained)
  self:go_to(0, not chained)
end

--- schedule:step() sets the learning rates of the next epoch (or batch: whatever is counted).
function Schedule:step()
  self:go_to(self.last_epoch + 1)
end

--- schedule:get_last_lr() -> list of the groups' learning rates as the schedule set them.
function Schedule:get_last_lr()
  return table.move(self.last_lr, 1, #self.last_lr, 1, {})
end

-- State -------------------------------------------------------------------------------------------

-- The rules of everything that is saved but the class's name.
local function rules_of(self)
  local rates = saved.list(saved.number, #self.base_lrs)
  local rules = {last_epoch = saved.count, base_lrs = rates, last_lr = rates}
  for name, rule in pairs(self.progress) do
    rules[name] = rule
  end
  return rules
end

--- schedule:state_dict() -> how far it has come, as plain values: {scheduler = "StepLR",
--- last_epoch =, base_lrs =, last_lr =, ...}. Its options are not in it.
function Schedule:state_dict()
  local dict = {scheduler = self.class_name}
  for name in pairs(rules_of(self)) do
    dict[name] = saved.copy(self[name])
  end
  return dict
end

-- What is wrong with a saved state, or nil.
function Schedule:state_problem(dict)
  local rules = rules_of(self)
  rules.scheduler = function(name)
    return name ~= self.class_name and "is " .. tostring(name) or nil
  end
  return saved.problem(dict, rules)
end

-- Takes over a sound state, without telling the optimizer.
function Schedule:adopt(dict)
  for name in pairs(rules_of(self)) do
    self[name] = saved.copy(dict[name])
  end
end

--- schedule:load_state_dict(dict) -> schedule, which goes on from the state_dict() of one that was
--- made with the same arguments; the optimizer has the learning rates of that time. Raises, and
--- changes nothing, if dict is anything else.
function Schedule:load_state_dict(dict)
  local problem = self:state_problem(dict)
  if problem then
    options.raise("bad argument #1 to 'load_state_dict' (%s: the state %s)", self.class_name,
                  problem)
  end
  self:adopt(dict)
  self:restore()
  return self
end

return Schedule

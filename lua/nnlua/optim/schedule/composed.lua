-- Schedules made of schedules: one after the other, or all at once.

local class = require "nnlua.class"
local core = require "nnlua.core"
local Schedule = require "nnlua.optim.schedule.schedule"
local options = require "nnlua.options"

-- Both kinds have a list `schedules`, whose states make up theirs.
local Composed = class("Composed", Schedule)

local function check_schedules(self, position, schedules, optimizer)
  local function refuse(format, ...)
    core.arg_error(position, self.class_name, format:format(...))
  end
  if type(schedules) ~= "table" or #schedules == 0 then
    refuse("a list of schedules expected, got %s",
           type(schedules) == "table" and "an empty one" or options.type_name(schedules))
  end
  for i, schedule in ipairs(schedules) do
    local metatable = type(schedule) == "table" and getmetatable(schedule)
    if not metatable or rawget(metatable, "is") ~= Schedule.is or not schedule:is(Schedule) then
      refuse("schedule %d is a %s", i, options.type_name(schedule))
    elseif schedule.optimizer ~= (optimizer or schedules[1].optimizer) then
      refuse("schedule %d is another optimizer's", i)
    end
  end
end

local function set_up(self, schedules, optimizer)
  self.schedules = table.move(schedules, 1, #schedules, 1, {})
  self.optimizer, self.last_epoch, self.base_lrs = optimizer, 0, schedules[1].base_lrs
end

local function note_rates(self)
  self.last_lr = {}
  for i = 1, #self.base_lrs do
    self.last_lr[i] = self.optimizer.groups[i].lr
  end
end

--- The state of a composed schedule also has `schedules`, the list of the states of its parts.
function Composed:state_dict()
  local dict = Schedule.state_dict(self)
  dict.schedules = {}
  for i, schedule in ipairs(self.schedules) do
    dict.schedules[i] = schedule:state_dict()
  end
  return dict
end

function Composed:state_problem(dict)
  local parts = type(dict) == "table" and dict.schedules
  if type(parts) ~= "table" or #parts ~= #self.schedules then
    return ("has no list of %d 'schedules'"):format(#self.schedules)
  end
  local own = {}
  for key, value in pairs(dict) do
    if key ~= "schedules" then own[key] = value end
  end
  local problem = Schedule.state_problem(self, own)
  for i, schedule in ipairs(self.schedules) do
    local its = schedule:state_problem(parts[i])
    problem = problem or its and ("of schedule %d %s"):format(i, its)
  end
  return problem
end

-- Calls move(); if that raises, puts back what the parts had already done.
local function all_or_nothing(self, move)
  local before = self:state_dict()
  local ok, message = pcall(move)
  if not ok then
    self:adopt(before)
    self:restore()
    error(message, 0)
  end
  note_rates(self)
end

function Composed:adopt(dict)
  Schedule.adopt(self, dict)
  for i, schedule in ipairs(self.schedules) do
    schedule:adopt(dict.schedules[i])
  end
end

--- nn.optim.lr_scheduler.SequentialLR(optimizer, schedules, milestones): the first of the list
--- until epoch milestones[1], then the second from its beginning until milestones[2], and so on.
local SequentialLR = class("SequentialLR", Composed)

function SequentialLR:init(optimizer, schedules, milestones)
  Schedule.check_optimizer("SequentialLR", optimizer)
  check_schedules(self, 2, schedules, optimizer)
  if type(milestones) ~= "table" or #milestones ~= #schedules - 1 then
    core.arg_error(3, "SequentialLR", ("a list of %d epochs expected, got %s"):format(
      #schedules - 1, type(milestones) == "table" and #milestones or options.type_name(milestones)))
  end
  for i, epoch in ipairs(milestones) do
    Schedule.check("SequentialLR", ("argument #3[%d]"):format(i), epoch, function(v)
      return Schedule.is_count(v) and v > (milestones[i - 1] or 0)
    end, "an integer above 0 and those before")
  end
  set_up(self, schedules, optimizer)
  self.milestones = table.move(milestones, 1, #milestones, 1, {})
  self:start_over()
end

-- Which schedule is at work in the current epoch.
local function active(self)
  local i = 1
  while self.milestones[i] and self.milestones[i] <= self.last_epoch do i = i + 1 end
  return i
end

function SequentialLR:start_over(chained)
  self.last_epoch = 0
  self.schedules[1]:start_over(chained)
  note_rates(self)
end

--- schedule:step([metric]): the metric is for a ReduceLROnPlateau among the parts.
function SequentialLR:step(metric)
  all_or_nothing(self, function()
    self.last_epoch = self.last_epoch + 1
    local i = active(self)
    if self.milestones[i - 1] == self.last_epoch then
      self.schedules[i]:start_over()
    else
      self.schedules[i]:step(metric)
    end
  end)
end

function SequentialLR:restore()
  self.schedules[active(self)]:restore()
end

--- nn.optim.lr_scheduler.ChainedScheduler(schedules): every step is a step of each, in their order,
--- each starting from the rate that the one before it has set.
local ChainedScheduler = class("ChainedScheduler", Composed)

function ChainedScheduler:init(schedules)
  check_schedules(self, 1, schedules)
  set_up(self, schedules, schedules[1].optimizer)
  note_rates(self)
end

function ChainedScheduler:start_over(chained)
  self.last_epoch = 0
  for i, schedule in ipairs(self.schedules) do
    schedule:start_over(chained or i > 1)
  end
  note_rates(self)
end

function ChainedScheduler:step(metric)
  all_or_nothing(self, function()
    for _, schedule in ipairs(self.schedules) do
      schedule:step(metric)
    end
    self.last_epoch = self.last_epoch + 1
  end)
end

function ChainedScheduler:restore()
  for _, schedule in ipairs(self.schedules) do
    schedule:restore()
  end
end

return {SequentialLR = SequentialLR, ChainedScheduler = ChainedScheduler}

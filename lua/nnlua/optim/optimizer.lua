-- What the optimizers share: groups of parameters with options, state per parameter, the step.
--
--   opt.groups[i].lr = 0.001       options may be changed at any time, per group
--   opt.state[p]                   what the optimizer remembers of parameter p: numbers and tensors
--
-- An elementwise optimizer is a subclass with the fields
--
--   defaults     its options
--   kernel       the name of its step in the core (src/nn/optimizer.c, formulas in kernel/step.h)
--   buffers      the names of its tensors in the state, in the kernel's order; the first `needed`
--                of them are there in every state
--   scalars      {name = initial value} of its numbers in the state
--
-- and the methods
--
--   check_group(group)                 raises if an option is wrong
--   fill(buffer, group)                what a buffer starts with, nil: the group goes without it
--   coefficients(group, state, fresh)  the kernel's coefficients by name, but for sign, and for
--                                      decay where that is group.weight_decay; moves the numbers in
--                                      state, a copy, on. fresh: the buffers that are new, by name
--
-- One with another kind of step (L-BFGS) has methods step and check_state instead.
--
-- Invariants: parameters are visited in the order of the groups and within them; a parameter
-- without a gradient is left alone, state included; options are checked when they are given and
-- before each step; a step or a load that fails has changed nothing.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"
local saved = require "nnlua.optim.saved"

local Optimizer = class("Optimizer")


-- Options -----------------------------------------------------------------------------------------

-- Raises unless value fits a numeric option's rule; `allowed` puts the rule in words.
local function check_number(optimizer, name, value, holds, allowed)
  if type(value) ~= "number" or not holds(value) then
    options.raise("bad option '%s' to '%s' (%s expected, got %s)", name, optimizer, allowed,
                  tostring(value))
  end
end

--- Optimizer.check_not_negative(name, group, ...) raises unless the options named ... are >= 0.
function Optimizer.check_not_negative(name, group, ...)
  for _, option in ipairs {...} do
    check_number(name, option, group[option], function(v) return v >= 0 and v < math.huge end,
                 "a number >= 0")
  end
end

--- Optimizer.check_pair(name, group, option, allowed, holds) raises unless the option is a list of
--- two numbers for which holds(value, i) is true; `allowed` puts that in words.
function Optimizer.check_pair(name, group, option, allowed, holds)
  local pair = group[option]
  if type(pair) ~= "table" or #pair ~= 2 then
    options.raise("bad option '%s' to '%s' (two numbers expected, got %s)", option, name,
                  type(pair) == "table" and #pair or options.type_name(pair))
  end
  for i = 1, 2 do -- pair[1] may be missing, which ipairs would not see
    local value = pair[i]
    if type(value) ~= "number" or not holds(value, i) then
      options.raise("bad option '%s' to '%s' (%s expected, %s[%d] is %s)", option, name, allowed,
                    option, i, tostring(value))
    end
  end
end

--- Optimizer.check_betas(name, group) raises unless group.betas is two numbers in [0,1).
function Optimizer.check_betas(name, group)
  Optimizer.check_pair(name, group, "betas", "numbers in [0,1)", function(beta)
    return beta >= 0 and beta < 1
  end)
end

local function check_parameter(name, position, p, seen)
  if not core.is_tensor(p) then
    options.raise("%s: parameter %d is a %s, expected a tensor", name, position,
                  options.type_name(p))
  elseif not p.requires_grad then
    options.raise("%s: parameter %d does not require a gradient", name, position)
  elseif seen[p] then
    options.raise("%s: parameter %d is the same tensor as parameter %d", name, position, seen[p])
  end
  seen[p] = position
end

-- What a group may hold besides `params`: the options, and the learning rate that schedules start
-- from, which they note there.
local function defaults_of(self)
  local all = {initial_lr = options.optional}
  for name, default in pairs(self.defaults) do
    all[name] = default
  end
  return all
end

-- The options for all groups. What is required may also be given per group: it stays required.
local function common_options(self, given)
  local defaults = defaults_of(self)
  local relaxed, names = {}, options.sorted_keys(defaults)
  for _, name in ipairs(names) do
    local default = defaults[name]
    relaxed[name] = default == options.required and options.optional or default
  end
  local filled = options.check(self.class_name, given, relaxed)
  for _, name in ipairs(names) do
    if filled[name] == nil then
      filled[name] = defaults[name]
    end
  end
  return filled
end

-- The options of a group: its own, else the common ones. Lists are copied, so that changing one
-- group's betas changes no other's.
local function fill_group(self, group, common)
  local own = {}
  for key, value in pairs(group) do
    if key ~= "params" then
      own[key] = value
    end
  end
  local filled = options.check(self.class_name, own, common)
  for key, value in pairs(filled) do
    filled[key] = type(value) == "table" and {table.unpack(value)} or value
  end
  filled.params = table.move(group.params, 1, #group.params, 1, {})
  self:check_group(filled)
  return filled
end

-- opt.lr = x would be heard by nobody.
function Optimizer:__newindex(name, value)
  if self.defaults[name] ~= nil then
    options.raise("%s: '%s' is an option of each group: set optimizer.groups[1].%s",
                  self.class_name, name, name)
  end
  rawset(self, name, value)
end

-- Checks and appends groups, which follow those that are there: all of them or none.
local function append_groups(self, groups, function_name)
  local seen, position, filled = {}, 0, {}
  for _, group in ipairs(self.groups) do
    for _, p in ipairs(group.params) do
      position = position + 1
      seen[p] = position
    end
  end
  for i, group in ipairs(groups) do
    if type(group) ~= "table" or type(group.params) ~= "table" then
      core.arg_error(1, function_name,
                     ("group %d has no list 'params'"):format(#self.groups + i))
    end
    for _, p in ipairs(group.params) do
      position = position + 1
      check_parameter(self.class_name, position, p, seen)
    end
    filled[i] = fill_group(self, group, self.common)
  end
  table.move(filled, 1, #filled, #self.groups + 1, self.groups)
end

-- params: a list of tensors, or of groups {params = list, option = value, ...}.
function Optimizer:init(params, given)
  local name = self.class_name
  if type(params) == "table" and type(params.parameters) == "function" then
    core.arg_error(1, name, "a list of parameters expected, got a module: pass its :parameters()")
  elseif type(params) ~= "table" or #params == 0 then
    core.arg_error(1, name, "a list of parameters or groups expected, got "
      .. (type(params) == "table" and "an empty one" or options.type_name(params)))
  end
  self.groups, self.state = {}, {}
  self.common = common_options(self, given)
  append_groups(self, type(params[1]) == "table" and params or {{params = params}}, name)
end

--- opt:add_group({params, ...}) adds a list of parameters with options of their own; those that are
--- not given are as the optimizer was made with.
function Optimizer:add_group(group)
  append_groups(self, {group}, "add_group")
end

-- The step ----------------------------------------------------------------------------------------

--- opt:fill(buffer, group) -> the number that a buffer starts with, or nil if a parameter of this
--- group goes without it.
function Optimizer.fill()
  return 0
end

-- The kernel's item for parameter p, whose gradient is there, and its state after the step: a new
-- table with the buffers that are there and those that it starts with.
local function item_of(self, p, grad, group, number)
  local before, after, fresh, buffers = self.state[p], {}, {}, {}
  for name, initial in pairs(self.scalars) do
    after[name] = before and before[name] or initial
  end
  for i, name in ipairs(self.buffers) do
    local fill, buffer = self:fill(name, group), before and before[name]
    if fill and not buffer then
      buffer, fresh[name] = core.full(p:shape(), fill, {dtype = p:dtype()}), true
    end
    after[name], buffers[i] = buffer, fill and buffer or false
  end
  local item = self:coefficients(group, after, fresh)
  item[1], item[2], item.number = p, grad, number
  item.sign = group.maximize and -1 or 1
  item.decay = item.decay or group.weight_decay or 0
  table.move(buffers, 1, #buffers, 3, item)
  return item, after
end

--- opt:step([closure]) -> what closure returned. Updates every parameter that has a gradient, after
--- calling closure() if it is given: it computes the loss and the gradients. Raises, and changes
--- nothing, if an option has been set to a wrong value or a parameter does not fit its state.
function Optimizer:step(closure)
  if closure ~= nil and not options.is_callable(closure) then
    core.arg_error(1, "step", ("function that computes the loss expected, got %s"):format(
      options.type_name(closure)))
  end
  for _, group in ipairs(self.groups) do
    self:check_group(group)
  end
  local loss
  if closure ~= nil then loss = closure() end
  local items, states, number = {}, {}, 0
  for _, group in ipairs(self.groups) do
    for _, p in ipairs(group.params) do
      number = number + 1
      local grad = p.grad
      if grad then
        items[#items + 1], states[#states + 1] = item_of(self, p, grad, group, number)
      end
    end
  end
  core.optimizer_step(self.class_name, self.kernel, items)
  for i, item in ipairs(items) do
    self.state[item[1]] = next(states[i]) and states[i] or nil
  end
  return loss
end

--- opt:zero_grad() drops the gradients of all parameters (grad becomes nil).
function Optimizer:zero_grad()
  for _, group in ipairs(self.groups) do
    for _, p in ipairs(group.params) do
      p.grad = nil
    end
  end
end

-- State -------------------------------------------------------------------------------------------

--- opt:state_dict() -> {optimizer = "Adam", groups = {{params = {1, 2}, lr =, ...}, ...},
--- state = {{step =, ...}, ...}}: a snapshot of tensors, numbers, strings, booleans and tables of
--- these, whose keys are strings or 1..n; parameters are numbered through all groups, state[i] is
--- false where there is none.
function Optimizer:state_dict()
  local dict, n = {optimizer = self.class_name, groups = {}, state = {}}, 0
  for i, group in ipairs(self.groups) do
    local copy, numbers = {}, {}
    for key, value in pairs(group) do
      copy[key] = key ~= "params" and saved.copy(value) or value
    end
    for j, p in ipairs(group.params) do
      n = n + 1
      numbers[j] = n
      dict.state[n] = self.state[p] and saved.copy(self.state[p]) or false
    end
    copy.params = numbers
    dict.groups[i] = copy
  end
  return dict
end

--- opt:check_state(state, p) -> what is wrong with a saved state of parameter p, or nil.
function Optimizer:check_state(state, p)
  local rules = {}
  for name in pairs(self.scalars) do
    rules[name] = saved.number
  end
  for i, name in ipairs(self.buffers) do
    local rule = saved.tensor_like(p)
    -- The others may be missing: an option that was set later makes the optimizer start them.
    rules[name] = i <= self.needed and rule or saved.optional(rule)
  end
  return saved.problem(state, rules)
end

--- opt:load_state_dict(dict) -> opt, now with the options and the state of a state_dict() of an
--- optimizer of the same kind on parameters of the same shapes. Float tensors are converted to
--- their parameter's dtype. Raises, and changes nothing, if dict is anything else.
function Optimizer:load_state_dict(dict)
  local name = self.class_name
  local function refuse(format, ...)
    options.raise("bad argument #1 to 'load_state_dict' (%s: %s)", name, format:format(...))
  end
  if type(dict) ~= "table" or type(dict.groups) ~= "table" or type(dict.state) ~= "table" then
    refuse("not the state of an optimizer")
  elseif dict.optimizer ~= name then
    refuse("the state is of %s", dict.optimizer and tostring(dict.optimizer) or "no optimizer")
  elseif #dict.groups ~= #self.groups then
    refuse("the state has %d groups, the optimizer %d", #dict.groups, #self.groups)
  end
  local groups, state, n = {}, {}, 0
  for i, group in ipairs(self.groups) do
    local given = dict.groups[i]
    if type(given) ~= "table" or type(given.params) ~= "table" then
      refuse("group %d has no list 'params'", i)
    elseif #given.params ~= #group.params then
      refuse("group %d of the state has %d parameters, the optimizer's %d", i, #given.params,
             #group.params)
    end
    groups[i] = fill_group(self, given, defaults_of(self))
    groups[i].params = group.params
    for j, p in ipairs(group.params) do
      n = n + 1
      local its = dict.state[n]
      if given.params[j] ~= n then
        refuse("params[%d] of group %d is %s, expected %d", j, i, tostring(given.params[j]), n)
      elseif its == nil then
        refuse("the state of parameter %d is missing", n)
      end
      local problem = its and self:check_state(its, p)
      if problem then
        refuse("the state of parameter %d %s", n, problem)
      end
      state[p] = its and saved.copy(its, p:dtype()) or nil
    end
  end
  if #dict.state > n then
    refuse("the state has %d parameters, the optimizer %d", #dict.state, n)
  end
  self.groups, self.state = groups, state
  return self
end

return Optimizer

-- What the optimizers share: groups of parameters with options, state per parameter, saving both.
--
--   opt.groups[i].lr = 0.001       options may be changed at any time, per group
--   opt.state[p]                   what the optimizer remembers of parameter p
--
-- Subclasses have the field `defaults` (their options) and the methods check_group(group) and
-- update(params, grads, group), which steps a list of parameters that have gradients.
--
-- Invariants: parameters are visited in the order of the groups and within them; a parameter
-- without a gradient is left alone, state included; options are checked when they are given.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"

local Optimizer = class("Optimizer")

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

-- The options for all groups. What is required may also be given per group: it stays required.
local function common_options(self, given)
  local relaxed, names = {}, options.sorted_keys(self.defaults)
  for _, name in ipairs(names) do
    local default = self.defaults[name]
    relaxed[name] = default == options.required and options.optional or default
  end
  local filled = options.check(self.class_name, given, relaxed)
  for _, name in ipairs(names) do
    if filled[name] == nil then
      filled[name] = self.defaults[name]
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

-- params: a list of tensors, or of groups {params = list, option = value, ...}.
function Optimizer:init(params, given)
  local name = self.class_name
  if type(params) == "table" and type(params.parameters) == "function" then
    core.arg_error(1, name, "a list of parameters expected, got a module: pass its :parameters()")
  elseif type(params) ~= "table" or #params == 0 then
    core.arg_error(1, name, "a list of parameters or groups expected, got "
      .. (type(params) == "table" and "an empty one" or options.type_name(params)))
  end
  local groups = type(params[1]) == "table" and params or {{params = params}}
  local common = common_options(self, given)
  local seen, position = {}, 0
  self.groups, self.state = {}, {}
  for i, group in ipairs(groups) do
    if type(group) ~= "table" or type(group.params) ~= "table" then
      core.arg_error(1, name, ("group %d has no list 'params'"):format(i))
    end
    for _, p in ipairs(group.params) do
      position = position + 1
      check_parameter(name, position, p, seen)
    end
    self.groups[i] = fill_group(self, group, common)
  end
end

--- opt:step() updates every parameter that has a gradient.
function Optimizer:step()
  for _, group in ipairs(self.groups) do
    self:check_group(group)
  end
  for _, group in ipairs(self.groups) do
    local params, grads = {}, {}
    for _, p in ipairs(group.params) do
      local grad = p.grad
      if grad then
        params[#params + 1], grads[#grads + 1] = p, grad
      end
    end
    self:update(params, grads, group)
  end
end

--- opt:zero_grad() drops the gradients of all parameters (grad becomes nil).
function Optimizer:zero_grad()
  for _, group in ipairs(self.groups) do
    for _, p in ipairs(group.params) do
      p.grad = nil
    end
  end
end

-- A flat table with its tensors cloned.
local function snapshot(state)
  local copy = {}
  for key, value in pairs(state) do
    copy[key] = core.is_tensor(value) and core.clone(value) or value
  end
  return copy
end

--- opt:state_dict() -> {groups = {{params = {1, 2}, lr =, ...}, ...}, state = {[1] = {...}, ...}}:
--- a snapshot; parameters are numbered through all groups, state[i] is false where there is none.
function Optimizer:state_dict()
  local dict, n = {groups = {}, state = {}}, 0
  for i, group in ipairs(self.groups) do
    local copy, numbers = {}, {}
    for key, value in pairs(group) do
      copy[key] = type(value) == "table" and {table.unpack(value)} or value
    end
    for j, p in ipairs(group.params) do
      n = n + 1
      numbers[j] = n
      dict.state[n] = self.state[p] and snapshot(self.state[p]) or false
    end
    copy.params = numbers
    dict.groups[i] = copy
  end
  return dict
end

-- What is wrong with a parameter's saved state, or nil.
local function state_problem(state, p)
  if state == nil or state ~= false and type(state) ~= "table" then
    return "has no entry"
  end
  for _, key in ipairs(options.sorted_keys(state or {})) do
    local value = state[key]
    if core.is_tensor(value) and table.concat(value:shape(), ",") ~= table.concat(p:shape(), ",")
    then
      return ("has '%s' of shape [%s], the parameter is [%s]"):format(key,
        table.concat(value:shape(), ","), table.concat(p:shape(), ","))
    end
  end
end

--- opt:load_state_dict(dict) -> opt, now with the options and the state of a state_dict() of an
--- optimizer of the same kind on parameters of the same shapes. Raises, and changes nothing, if the
--- groups, their sizes or shapes differ.
function Optimizer:load_state_dict(dict)
  local name = self.class_name
  if type(dict) ~= "table" or type(dict.groups) ~= "table" or type(dict.state) ~= "table" then
    core.arg_error(1, "load_state_dict", "not the state of an optimizer")
  elseif #dict.groups ~= #self.groups then
    options.raise("%s: the state has %d groups, the optimizer %d", name, #dict.groups, #self.groups)
  end
  local groups, state, n = {}, {}, 0
  for i, group in ipairs(self.groups) do
    local saved = dict.groups[i]
    if #saved.params ~= #group.params then
      options.raise("%s: group %d of the state has %d parameters, the optimizer's %d", name, i,
                    #saved.params, #group.params)
    end
    groups[i] = fill_group(self, saved, self.defaults)
    groups[i].params = group.params
    for _, p in ipairs(group.params) do
      n = n + 1
      local problem = state_problem(dict.state[n], p)
      if problem then
        options.raise("%s: the state of parameter %d %s", name, n, problem)
      end
      state[p] = dict.state[n] and snapshot(dict.state[n]) or nil
    end
  end
  self.groups, self.state = groups, state
  return self
end

return Optimizer

-- Saved state as plain values: copies of it, and rules that tell whether a given one is sound.
--
-- A rule is a function rule(value) -> nil, or what is wrong with it ("is a string, expected ...").

local core = require "nnlua.core"
local options = require "nnlua.options"

local saved = {}

local FLOATS = {float32 = true, float64 = true}

--- saved.copy(value [, dtype]) -> the same with tables copied and tensors cloned, float tensors in
--- that dtype.
function saved.copy(value, dtype)
  if core.is_tensor(value) then
    return dtype and FLOATS[value:dtype()] and value:dtype() ~= dtype and core.to(value, dtype)
      or core.clone(value)
  elseif type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, item in pairs(value) do
    copy[key] = saved.copy(item, dtype)
  end
  return copy
end

local function got(value, expected)
  return ("is %s, expected %s"):format(
    math.type(value) and tostring(value) or "a " .. options.type_name(value), expected)
end

--- saved.number: a number that is not NaN.
function saved.number(value)
  if type(value) ~= "number" or value ~= value then
    return got(value, "a number")
  end
end

--- saved.count: an integer >= 0.
function saved.count(value)
  if math.type(value) ~= "integer" or value < 0 then
    return got(value, "an integer >= 0")
  end
end

--- saved.boolean: true or false.
function saved.boolean(value)
  if type(value) ~= "boolean" then
    return got(value, "a boolean")
  end
end

local function shape_text(shape)
  return "[" .. table.concat(shape, ",") .. "]"
end

--- saved.tensor(shape) -> the rule of a float tensor of that shape (a list).
function saved.tensor(shape)
  return function(value)
    if not core.is_tensor(value) then
      return got(value, "a tensor")
    elseif not FLOATS[value:dtype()] then
      return ("is %s, expected float32 or float64"):format(value:dtype())
    elseif shape_text(value:shape()) ~= shape_text(shape) then
      return ("is %s, expected %s"):format(shape_text(value:shape()), shape_text(shape))
    end
  end
end

--- saved.tensor_like(p) -> the rule of a float tensor of p's shape.
function saved.tensor_like(p)
  return saved.tensor(p:shape())
end

--- saved.list(rule [, n]) -> the rule of a list, of n values if n is given, that each fit a rule.
function saved.list(rule, n)
  return function(value)
    if type(value) ~= "table" then
      return got(value, "a list")
    end
    local keys = 0
    for _ in pairs(value) do keys = keys + 1 end
    if keys ~= #value or n and keys ~= n then
      return ("has %d values, expected %s"):format(keys, n and "a list of " .. n or "a list")
    end
    for i, item in ipairs(value) do
      local problem = rule(item)
      if problem then return ("[%d] %s"):format(i, problem) end
    end
  end
end

--- saved.optional(rule) -> the same rule, which nil fits, too.
function saved.optional(rule)
  return function(value)
    return value ~= nil and rule(value) or nil
  end
end

--- saved.problem(state, rules) -> what is wrong with a table that should have a value for each of
--- rules = {name = rule} and no other, as "has 'step' that is a string, expected a number",
--- or nil.
function saved.problem(state, rules)
  if type(state) ~= "table" then
    return got(state, "a table")
  end
  local names = {}
  for name in pairs(state) do
    names[#names + 1] = tostring(name)
  end
  table.sort(names)
  for _, name in ipairs(names) do
    if rules[name] == nil then return ("has an unknown '%s'"):format(name) end
  end
  for _, name in ipairs(options.sorted_keys(rules)) do
    local problem = rules[name](state[name])
    if problem then
      return state[name] == nil and ("has no '%s'"):format(name)
        or ("has '%s' that %s"):format(name, problem)
    end
  end
end

return saved

-- What values a parameter of a sweep may take.
--
--   lambda = {min = 0.01, max = 100, log = true}      a number, its logarithm uniform
--   units  = {min = 16, max = 256, step = 16}         an integer: both bounds are integers
--   hidden = {values = {{25, 25}, {50}}}              one of a list
--   rate   = {min = 1e-3, max = 1.0, log = true, points = 4}      in a grid: 0.001, 0.01, 0.1, 1
--   epochs = 300                                      a constant, no distribution
--
-- Samplers work on internal values, floats: the number itself, or the position, from 0, in the list
-- of values. Rounding to steps and integers is that of Optuna, so that sequences can be compared.
--
-- Invariant: external(internal) is one of the parameter's values for any float from the range of
-- uniform(), its bounds included.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"

local Distribution = class("Distribution")

local FIELDS = {
  min = options.optional, max = options.optional, step = options.optional, log = false,
  values = options.optional, integer = options.optional, points = options.optional,
}

local function refuse(name, format, ...)
  options.raise("parameter '%s': %s", name, format:format(...))
end

local function is_number(value)
  return type(value) == "number" and value == value and math.abs(value) < math.huge
end

local function check_values(name, spec)
  for _, field in ipairs {"min", "max", "step", "integer", "points"} do
    if spec[field] ~= nil then refuse(name, "'values' and '%s' exclude each other", field) end
  end
  if spec.log then refuse(name, "'values' and 'log' exclude each other") end
  if type(spec.values) ~= "table" or #spec.values == 0 then
    refuse(name, "'values' is a list of at least one value, got %s",
           type(spec.values) == "table" and "an empty one" or options.type_name(spec.values))
  end
  local seen = {}
  for i, value in ipairs(spec.values) do
    local encoded, text = pcall(core.io.json_encode, value)
    if not encoded then
      refuse(name, "value %d is a %s; numbers, strings, booleans, tables of these are possible",
             i, options.type_name(value))
    elseif seen[text] then
      refuse(name, "values %d and %d are the same", seen[text], i)
    end
    seen[text] = i
  end
end

local function check_range(name, spec)
  for _, field in ipairs {"min", "max"} do
    if not is_number(spec[field]) then
      refuse(name, "'%s' is a finite number, got %s", field, tostring(spec[field]))
    end
  end
  if spec.min > spec.max then
    refuse(name, "impossible range: min %s is above max %s", spec.min, spec.max)
  elseif spec.log and spec.min <= 0 then
    refuse(name, "min %s has no logarithm", spec.min)
  elseif spec.step ~= nil and not (is_number(spec.step) and spec.step > 0) then
    refuse(name, "'step' is a number above 0, got %s", tostring(spec.step))
  elseif spec.log and spec.step ~= nil then
    refuse(name, "'log' and 'step' exclude each other")
  end
  if spec.points ~= nil and (math.type(spec.points) ~= "integer" or spec.points < 2) then
    refuse(name, "'points' is an integer of at least 2, got %s", tostring(spec.points))
  elseif spec.points and spec.step then
    refuse(name, "'points' and 'step' exclude each other")
  end
  local both = math.type(spec.min) == "integer" and math.type(spec.max) == "integer"
  if spec.integer and not both then
    refuse(name, "the bounds of an integer are integers, got %s and %s", spec.min, spec.max)
  end
  local integer = both and spec.integer ~= false
  if integer and spec.step ~= nil and math.type(spec.step) ~= "integer" then
    refuse(name, "the step of an integer is an integer, got %s", spec.step)
  end
  return integer
end

--- Distribution(name, spec): of the parameter `name`. spec: {min =, max =} with log = true or
--- step =, integer = false for floats between bounds that are integers, points = how many of them a
--- grid takes, evenly spaced; or {values =}.
--- Raises, with the parameter's name, if no value is possible.
function Distribution:init(name, spec)
  spec = options.check("parameter " .. name, spec, FIELDS)
  self.name = name
  if spec.values ~= nil then
    check_values(name, spec)
    self.kind, self.values = "choice", spec.values
    self.low, self.high = 0.0, #spec.values - 1.0
    return
  end
  local integer = check_range(name, spec)
  self.kind, self.log = integer and "integer" or "float", spec.log
  self.points = spec.points
  self.step = spec.step and spec.step + 0.0 or integer and 1.0 or nil
  self.low, self.high = spec.min + 0.0, spec.max + 0.0
  if self.step then -- the last step inside
    self.high = self.low + math.floor((self.high - self.low) / self.step + 1e-8) * self.step
  end
end

--- Distribution.is_spec(value) -> whether it describes values rather than being one.
function Distribution.is_spec(value)
  return type(value) == "table" and (value.min ~= nil or value.max ~= nil or value.values ~= nil)
end

--- distribution:is_single() -> whether only one value is possible.
function Distribution:is_single()
  return self.low == self.high
end

--- distribution:contains(x) -> whether the internal value x lies in its range.
function Distribution:contains(x)
  return x >= self.low and x <= self.high
end

--- distribution:external(x) -> the parameter's value for the internal value x.
function Distribution:external(x)
  if self.kind == "choice" then return self.values[math.tointeger(x) + 1] end
  if self.kind == "integer" then return math.tointeger(x) end
  return x
end

--- distribution:internal(value) -> its internal value, or nil if it is not one of the parameter's.
function Distribution:internal(value)
  if self.kind == "choice" then
    local text = core.io.json_encode(value)
    for i, choice in ipairs(self.values) do
      if core.io.json_encode(choice) == text then return i - 1.0 end
    end
    return nil
  end
  if not is_number(value) or value < self.low or value > self.high then return nil end
  value = value + 0.0
  if self.kind == "integer" and math.tointeger(value) == nil then return nil end
  return value
end

local function clamp(x, low, high)
  return math.min(math.max(x, low), high)
end

-- To the nearest integer, halves to the even one: NumPy's round.
local function round_half_even(x)
  local low = math.floor(x)
  local rest = x - low
  if rest < 0.5 or rest == 0.5 and low % 2 == 0 then return low + 0.0 end
  return low + 1.0
end

--- distribution:bounds() -> low, high: what is sampled uniformly; logarithms if log, and half a
--- step further on both sides where there are steps, so that all values have the same chance.
function Distribution:bounds()
  local low, high = self.low, self.high
  if self.kind ~= "choice" and self.step then
    low, high = low - self.step / 2, high + self.step / 2
  end
  if self.log then low, high = math.log(low), math.log(high) end
  return low, high
end

--- distribution:from_bounds(t) -> the internal value of a number between the bounds.
function Distribution:from_bounds(t)
  if self.log then t = math.exp(t) end
  if not self.step then return clamp(t, self.low, self.high) end
  local steps = round_half_even((t - self.low) / self.step)
  return clamp(self.low + steps * self.step, self.low, self.high)
end

--- distribution:from_unit(u) -> the internal value at the part u in [0,1) of the range.
function Distribution:from_unit(u)
  if self.kind == "choice" then return math.floor(u * #self.values) + 0.0 end
  local low, high = self:bounds()
  return self:from_bounds(low + (high - low) * u)
end

--- distribution:count() -> how many values a grid takes, or nil if that is not settled.
function Distribution:count()
  if self.kind == "choice" then return #self.values end
  if self.points then return self.points end
  return self.step and not self.log and math.floor((self.high - self.low) / self.step + 0.5) + 1
         or self:is_single() and 1 or nil
end

--- distribution:nth(i) -> the internal value of place i = 0, 1, ... of a grid.
function Distribution:nth(i)
  if self.kind == "choice" then return i + 0.0 end
  if not self.points then return self.low + i * (self.step or 0) end
  local low, high, part = self.low, self.high, i / (self.points - 1)
  if part == 1 then return high end -- exactly
  local x = self.log and low * (high / low) ^ part or low + (high - low) * part
  if self.step then return self:from_bounds(self.log and math.log(x) or x) end
  return tonumber(("%.12g"):format(x)) + 0.0 -- 10, not 9.9999999999999982
end

--- distribution:middle() -> the internal value in the middle of the range; of a choice, the first.
function Distribution:middle()
  if self.kind == "choice" then return 0.0 end
  return self:from_unit(0.5)
end

--- distribution:uniform(draw) -> an internal value; draw() -> uniform numbers in [0,1). Of a choice
--- the position of the largest of one number for each value, as in Optuna.
function Distribution:uniform(draw)
  if self.kind == "choice" then
    local best, at = -1, 0
    for i = 1, #self.values do
      local x = draw()
      if x > best then best, at = x, i end
    end
    return at - 1.0
  end
  return self:from_unit(draw())
end

return Distribution

-- data.standardize: columns with mean 0 and standard deviation 1, by what the training part says.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"
local state_dict = require "nnlua.state_dict"

local Standardizer = class("Standardizer")

local function shape_text(t)
  return "[" .. table.concat(core.shape(t), ",") .. "]"
end

local function check_tensor(position, function_name, value)
  if not core.is_tensor(value) then
    core.arg_error(position, function_name, "tensor expected, got " .. options.type_name(value))
  end
end

--- data.Standardizer(mean, std): what data.standardize returns, from saved values: float64 tensors
--- of the shape of a row; std has no zeros. Fields: mean, std.
function Standardizer:init(mean, std)
  check_tensor(1, "Standardizer", mean)
  check_tensor(2, "Standardizer", std)
  if shape_text(mean) ~= shape_text(std) then
    core.arg_error(2, "Standardizer", ("std is %s but mean is %s"):format(shape_text(std),
                                                                       shape_text(mean)))
  elseif not core.item(core.all(core.gt(std, 0))) then
    core.arg_error(2, "Standardizer", "std holds values that are not positive")
  end
  self.mean, self.std = core.to(mean, "float64"), core.to(std, "float64")
end

-- x with rows of the mean's shape, in float64; its dtype, or float32 if it is no float.
local function check_input(self, position, function_name, x)
  check_tensor(position, function_name, x)
  local rows = core.shape(x)
  table.remove(rows, 1)
  if core.ndim(x) == 0 or "[" .. table.concat(rows, ",") .. "]" ~= shape_text(self.mean) then
    core.arg_error(position, function_name, ("x is %s, expected rows of %s"):format(
      shape_text(x), shape_text(self.mean)))
  end
  return core.to(x, "float64"), core.dtype(x) == "float64" and "float64" or "float32"
end

local function apply(self, position, function_name, x)
  local wide, dtype = check_input(self, position, function_name, x)
  return core.to(core.div(core.sub(wide, self.mean), self.std), dtype)
end

--- standardizer:apply(x) -> (x - mean) / std, worked out in float64; float64 if x is, else float32.
function Standardizer:apply(x)
  return apply(self, 1, "apply", x)
end

--- standardizer:inverse(z) -> z std + mean: what apply was given.
function Standardizer:inverse(z)
  local wide, dtype = check_input(self, 1, "inverse", z)
  return core.to(core.add(core.mul(wide, self.std), self.mean), dtype)
end

--- standardizer:state_dict() -> state dict with mean and std.
function Standardizer:state_dict()
  return state_dict.named {{"mean", core.clone(self.mean)}, {"std", core.clone(self.std)}}
end

--- standardizer:load_state_dict(dict) -> standardizer, with the dict's mean and std.
function Standardizer:load_state_dict(dict)
  local named = state_dict.named(state_dict.read(1, "load_state_dict", dict))
  for _, name in ipairs {"mean", "std"} do
    if not core.is_tensor(named[name]) then
      core.arg_error(1, "load_state_dict", ("the state dict has no tensor '%s'"):format(name))
    end
  end
  local loaded = Standardizer(named.mean, named.std)
  self.mean, self.std = core.clone(loaded.mean), core.clone(loaded.std)
  return self
end

-- Raises for the first column of x that has a NaN or an infinity.
local function check_finite(x)
  local finite = core.all(core.reshape(core.isfinite(x), core.size(x, 1), -1), 1)
  for column, good in ipairs(core.totable(finite)) do
    if not good then
      core.arg_error(1, "standardize", ("column %d has values that are not finite"):format(column))
    end
  end
end

--- data.standardize(train [, other, ...]) -> standardizer, train, other, ...: all standardised by
--- the means and standard deviations (dividing by N) of the columns of train alone.
---
--- train: [N, ...], N > 0, any dtype; others: rows of the same shape. A column that is constant in
--- train becomes 0 there: its std counts as 1. Raises for values in train that are not finite.
return {
  Standardizer = Standardizer,
  standardize = function(train, ...)
    check_tensor(1, "standardize", train)
    if core.ndim(train) == 0 or core.numel(train) == 0 then
      core.arg_error(1, "standardize", ("rows expected, got %s"):format(shape_text(train)))
    end
    local x = core.to(train, "float64")
    check_finite(x)
    local mean = core.mean(x, 1)
    local std = core.std(x, 1, {unbiased = false})
    local constant = core.eq(core.max(x, 1), (core.min(x, 1)))
    local self = Standardizer(mean, core.where(constant, 1, std))
    local results = {apply(self, 1, "standardize", train)}
    for i = 1, select("#", ...) do
      results[i + 1] = apply(self, i + 1, "standardize", (select(i, ...)))
    end
    return self, table.unpack(results)
  end,
}

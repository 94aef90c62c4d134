-- Errors of predicted numbers, R^2 and averages, by exact sums.

local class = require "nnlua.class"
local core = require "nnlua.core"
local labels = require "nnlua.labels"
local options = require "nnlua.options"

-- x and y in float64, contiguous, so that adding them cannot fail; raises unless they are tensors
-- of numbers and one shape.
local function check_pair(function_name, x, y)
  for position, t in ipairs {x or false, y or false} do
    if not core.is_tensor(t) or core.dtype(t) == "bool" then
      core.arg_error(position, function_name, "tensor of numbers expected, got "
        .. (t and labels.describe(t) or "nil"))
    end
  end
  if table.concat(core.shape(x), ",") ~= table.concat(core.shape(y), ",") then
    core.arg_error(2, function_name, ("y is [%s] but x is [%s]"):format(
      table.concat(core.shape(y), ","), table.concat(core.shape(x), ",")))
  end
  return core.contiguous(core.to(x, "float64")), core.contiguous(core.to(y, "float64"))
end

--- metrics.MeanAbsoluteError(): m:update(x, y) -> the mean of |x - y| over all elements seen so
--- far; x, y: any shape, alike. NaN for none.
local MeanAbsoluteError = class("MeanAbsoluteError")

function MeanAbsoluteError:init()
  self:reset()
end

--- metric:reset() -> metric, as if it had seen nothing.
function MeanAbsoluteError:reset()
  self.sum, self.count = core.exact_sums(1), 0
  return self
end

--- metric:update(x, y) -> metric, having seen these, too: see nn.metrics.MeanAbsoluteError.
function MeanAbsoluteError:update(x, y)
  x, y = check_pair("MeanAbsoluteError:update", x, y)
  core.exact_add_(self.sum, core.abs(core.sub(x, y)), false)
  self.count = self.count + core.numel(x)
  return self
end

--- metric:value() -> what nn.metrics.MeanAbsoluteError says of all that was seen so far.
function MeanAbsoluteError:value()
  return core.exact_value(self.sum, 1) / self.count
end

--- metrics.MeanSquaredError(): m:update(x, y) -> the mean of (x - y)^2; as MeanAbsoluteError.
local MeanSquaredError = class("MeanSquaredError", MeanAbsoluteError)

--- metric:update(x, y) -> metric, having seen these, too: see nn.metrics.MeanSquaredError.
function MeanSquaredError:update(x, y)
  x, y = check_pair("MeanSquaredError:update", x, y)
  core.exact_add_(self.sum, core.sub(x, y), true)
  self.count = self.count + core.numel(x)
  return self
end

-- Numbers of 106 bits: a nearest double and a rest -----------------------------------------------

-- a + b, exactly.
local function two_sum(a, b)
  local s = a + b
  local part = s - a
  return s, (a - (s - part)) + (b - part)
end

-- a * b, exactly (Dekker, 1971), for factors below 2^996.
local function two_product(a, b)
  local p = a * b
  local ca, cb = 134217729 * a, 134217729 * b -- 2^27 + 1 splits the 53 bits
  local ah, bh = ca - (ca - a), cb - (cb - b)
  local al, bl = a - ah, b - bh
  return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl
end

-- squares - sum^2 / n, where squares and sum have 106 bits: what cancels is in the first 53.
local function variation(squares, squares_rest, sum, sum_rest, n)
  local mean = sum / n
  local p, p_rest = two_product(mean, n)
  local mean_rest = ((sum - p) - p_rest + sum_rest) / n
  -- sum^2 / n = sum * mean
  local q, q_rest = two_product(sum, mean)
  q_rest = q_rest + (sum * mean_rest + sum_rest * mean)
  local d, d_rest = two_sum(squares, -q)
  return d + (d_rest + (squares_rest - q_rest))
end

--- metrics.R2(): m:update(x, y) -> 1 - sum (x - y)^2 / sum (y - mean y)^2, x what was predicted.
---
--- x, y: [N] or [N,1]; of [N,K] the mean of the columns' values. NaN for less than two rows; where
--- y is constant 1 if x equals it, else 0: as scikit-learn's r2_score.
local R2 = class("R2")

function R2:init()
  self:reset()
end

--- metric:reset() -> metric, as if it had seen nothing.
function R2:reset()
  self.columns, self.rows = nil, 0
  return self
end

--- metric:update(x, y) -> metric, having seen these, too: see nn.metrics.R2.
function R2:update(x, y)
  x, y = check_pair("R2:update", x, y)
  local shape = core.shape(x)
  local columns = #shape == 1 and 1 or shape[2]
  if #shape < 1 or #shape > 2 or columns == 0 then
    core.arg_error(1, "R2:update", ("x is [%s], expected [N] or [N,K]"):format(
      table.concat(shape, ",")))
  elseif self.columns and self.columns ~= columns then
    core.arg_error(1, "R2:update", ("x has %d columns, the rows before had %d"):format(
      columns, self.columns))
  end
  if not self.columns then
    self.columns = columns
    self.errors, self.sums, self.squares = core.exact_sums(columns), core.exact_sums(columns),
                                           core.exact_sums(columns)
  end
  core.exact_add_(self.errors, core.sub(x, y), true)
  core.exact_add_(self.sums, y, false)
  core.exact_add_(self.squares, y, true)
  self.rows = self.rows + shape[1]
  return self
end

--- metric:value() -> what nn.metrics.R2 says of all that was seen so far.
function R2:value()
  if self.rows < 2 then return 0 / 0 end
  local total = 0
  for column = 1, self.columns do
    local residual = core.exact_value(self.errors, column)
    local squares, squares_rest = core.exact_value(self.squares, column)
    local sum, sum_rest = core.exact_value(self.sums, column)
    local all = variation(squares, squares_rest, sum, sum_rest, self.rows)
    if all <= 0 then
      total = total + (residual == 0 and 1 or 0)
    else
      total = total + (1 - residual / all)
    end
  end
  return total / self.columns
end

--- metrics.Mean(): m:update(value [, weight = 1]) -> the weighted mean of what was seen so far,
--- such as losses of batches by their rows. value: a number, or a tensor whose elements count each.
--- NaN for nothing.
local Mean = class("Mean")

function Mean:init()
  self:reset()
end

--- metric:reset() -> metric, as if it had seen nothing.
function Mean:reset()
  self.sum, self.weight = core.exact_sums(1), core.exact_sums(1)
  return self
end

--- metric:update(value [, weight = 1]) -> metric, having seen these, too: see nn.metrics.Mean.
function Mean:update(value, weight)
  weight = weight == nil and 1 or weight
  if not (math.type(weight) and weight >= 0 and weight < math.huge) then
    core.arg_error(2, "Mean:update", "weight not negative expected, got "
      .. (math.type(weight) and tostring(weight) or options.type_name(weight)))
  end
  if math.type(value) then
    value = core.tensor(value, {dtype = "float64"})
  elseif not core.is_tensor(value) then
    core.arg_error(1, "Mean:update", "number or tensor expected, got " .. options.type_name(value))
  end
  value = core.mul(core.to(value, "float64"), weight)
  local weights = core.full_like(value, weight)
  core.exact_add_(self.sum, value, false)
  core.exact_add_(self.weight, weights, false)
  return self
end

--- metric:value() -> what nn.metrics.Mean says of all that was seen so far.
function Mean:value()
  local sum, weight = core.exact_value(self.sum, 1), core.exact_value(self.weight, 1)
  return sum / weight
end

return {
  MeanAbsoluteError = MeanAbsoluteError, MeanSquaredError = MeanSquaredError, R2 = R2, Mean = Mean,
}

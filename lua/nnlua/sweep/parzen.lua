-- A Parzen estimator: the density of points in a product of ranges, a kernel around each point.
--
--   p(x) = sum_k w_k prod_d K_kd(x_d)
--
-- Of a number (or its logarithm) the kernel is a normal distribution cut off at the range, its
-- width the larger distance to a neighbour; with steps, the part of it in the step around x. Of a
-- choice it is almost all weight on the value seen. One more kernel, the prior, is as wide as the
-- range.
-- J. Bergstra et al. (2011), "Algorithms for Hyper-Parameter Optimization"; S. Watanabe (2023),
-- arXiv:2304.11127. Widths and weights are those of Optuna 5's TPESampler.
--
-- Invariant: a kernel's row belongs to the same point in every dimension; the prior is the last.

local core = require "nnlua.core"
local normal = require "nnlua.sweep.normal"

local Parzen = {}
Parzen.__index = Parzen

Parzen.PRIOR_WEIGHT = 1.0
Parzen.NARROWEST = 100.0 -- widths in a range, at most
local RECENT = 25        -- points that have full weight

local HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)

local function vector(list)
  return core.tensor(list, {dtype = "float64"})
end

--- Parzen.ramp(n) -> first, slope, total: the older of n points, the less it counts: point i, from
--- 1, has the weight first + slope * (i - 1), but at most 1, which all but the oldest have. total:
--- of all weights.
function Parzen.ramp(n)
  local ramp = n - RECENT
  if ramp <= 0 then return 1.0, 0.0, n end
  local first = 1.0 / n
  return first, (1 - first) / math.max(ramp - 1, 1),
         RECENT + (ramp == 1 and first or ramp * (first + 1) / 2)
end

local function point_weights(n)
  local weights = {}
  local first, slope = Parzen.ramp(n)
  for i = 1, n do weights[i] = math.min(first + slope * (i - 1), 1.0) end
  return weights
end

--- Parzen.width(x, before, after, low, high, narrowest) -> the width of the kernel at x: the larger
--- distance to a neighbour, before and after (nil: there is none); at the ends of the range only
--- the inner one counts.
function Parzen.width(x, before, after, low, high, narrowest)
  local sigma
  if before and after then
    sigma = math.max(x - before, after - x)
  elseif before or after then
    sigma = before and x - before or after - x
  else
    sigma = math.max(x - low, high - x)
  end
  return math.min(math.max(sigma, narrowest), high - low)
end

-- By point.
local function widths(points, low, high)
  local order, sigmas, n = {}, {}, #points
  for i = 1, n do order[i] = i end
  table.sort(order, function(a, b)
    if points[a] ~= points[b] then return points[a] < points[b] end
    return a < b
  end)
  local narrowest = (high - low) / math.min(Parzen.NARROWEST, 2.0 + n)
  for rank, i in ipairs(order) do
    sigmas[i] = Parzen.width(points[i], points[order[rank - 1]], points[order[rank + 1]], low, high,
                             narrowest)
  end
  return sigmas
end

-- A dimension of numbers: centres and widths by kernel, in the units of the bounds.
local Numbers = {}
Numbers.__index = Numbers

local function numbers(distribution, points)
  local low, high = distribution:bounds()
  local centres = {}
  for i, x in ipairs(points) do centres[i] = distribution.log and math.log(x) or x end
  local sigmas = widths(centres, low, high)
  centres[#centres + 1], sigmas[#sigmas + 1] = 0.5 * (low + high), high - low
  local mu, sigma = vector(centres), vector(sigmas)
  return setmetatable({
    distribution = distribution, low = low, high = high, centres = centres, sigmas = sigmas,
    mu = mu, sigma = sigma,
    log_mass = core.log(normal.mass(core.div(core.sub(low, mu), sigma),
                                    core.div(core.sub(high, mu), sigma))),
  }, Numbers)
end

-- Internal values drawn from the given kernels.
function Numbers:sample(kernels, draw)
  local a, b, values = {}, {}, {}
  for i, k in ipairs(kernels) do
    a[i] = (self.low - self.centres[k]) / self.sigmas[k]
    b[i] = (self.high - self.centres[k]) / self.sigmas[k]
  end
  local below, mass = normal.cdf(vector(a)):totable(), normal.mass(vector(a), vector(b)):totable()
  for i, k in ipairs(kernels) do
    local u = draw()
    local p = below[i] + u * mass[i]
    local x
    if p <= 0.5 then
      x = normal.quantile(p)
    else
      x = normal.quantile(1 - below[i] - mass[i] + (1 - u) * mass[i], true)
    end
    x = math.min(math.max(x * self.sigmas[k] + self.centres[k], self.low), self.high)
    values[i] = self.distribution:from_bounds(x)
  end
  return values
end

-- log K(x) by sample and kernel, [n,k].
function Numbers:log_density(values)
  local distribution, step = self.distribution, self.distribution.step
  local function column(shift)
    local list = {}
    for i, x in ipairs(values) do
      list[i] = distribution.log and math.log(x + shift) or x + shift
    end
    return vector(list):unsqueeze(2)
  end
  local function standard(t) return core.div(core.sub(t, self.mu), self.sigma) end
  if step then
    local mass = normal.mass(standard(column(-step / 2)), standard(column(step / 2)))
    return core.sub(core.log(mass), self.log_mass)
  end
  local z = standard(column(0))
  local constant = core.add(core.add(core.log(self.sigma), self.log_mass), HALF_LOG_2PI)
  return core.sub(core.mul(core.mul(z, z), -0.5), constant)
end

-- A dimension of choices: the chance of each by kernel.
local Choices = {}
Choices.__index = Choices

--- Parzen.chances(count, n) -> hit, miss: the chance, in the kernel of one of n points, of the
--- value it has and of each other one, of `count`.
function Parzen.chances(count, n)
  local background = Parzen.PRIOR_WEIGHT / (n + 1)
  local sum = background * count + 1
  return (background + 1) / sum, background / sum
end

local function choices(distribution, points)
  local count, chances = #distribution.values, {}
  local hit, miss = Parzen.chances(count, #points)
  for k = 1, #points + 1 do
    local row, seen = {}, points[k] and points[k] + 1
    for c = 1, count do
      row[c] = not seen and 1.0 / count or c == seen and hit or miss
    end
    chances[k] = row
  end
  return setmetatable({chances = chances, logs = core.log(vector(chances)):t()}, Choices)
end

function Choices:sample(kernels, draw)
  local values = {}
  for i, k in ipairs(kernels) do
    local row, u, sum, at = self.chances[k], draw(), 0.0, 0
    for c = 1, #row - 1 do
      sum = sum + row[c]
      if sum < u then at = c end
    end
    values[i] = at + 0.0
  end
  return values
end

function Choices:log_density(values)
  local rows = {}
  for i, x in ipairs(values) do rows[i] = math.tointeger(x) + 1 end
  return core.index(self.logs, core.tensor(rows, {dtype = "int64"}))
end

--- Parzen.new(distributions, points) -> the estimator. points: a list of lists of internal values,
--- one for each distribution, of the same length, the newest last.
function Parzen.new(distributions, points)
  local self = setmetatable({dimensions = {}}, Parzen)
  local n = #points[1]
  local weights, sum = point_weights(n), 0.0
  weights[n + 1] = n == 0 and 1.0 or Parzen.PRIOR_WEIGHT
  for _, w in ipairs(weights) do sum = sum + w end
  for i, w in ipairs(weights) do weights[i] = w / sum end
  self.weights, self.log_weights = weights, core.log(vector(weights))
  for d, distribution in ipairs(distributions) do
    local make = distribution.kind == "choice" and choices or numbers
    self.dimensions[d] = make(distribution, points[d])
  end
  return self
end

-- n kernels, drawn by their weights.
local function draw_kernels(weights, n, draw)
  local cumulative, sum, kernels = {}, 0.0, {}
  for k, w in ipairs(weights) do
    sum = sum + w
    cumulative[k] = sum
  end
  for i = 1, n do
    local u = draw()
    local lo, hi = 1, #weights -- the first whose cumulative weight, relative to all, is above u
    while lo < hi do
      local middle = (lo + hi) // 2
      if cumulative[middle] / sum > u then hi = middle else lo = middle + 1 end
    end
    kernels[i] = lo
  end
  return kernels
end

--- estimator:sample(n, draw) -> a list of n internal values for each distribution; draw() ->
--- uniform numbers in [0,1): first one per sample for the kernels, then those of the choices, then
--- those of the numbers, dimension by dimension.
function Parzen:sample(n, draw)
  local kernels, samples = draw_kernels(self.weights, n, draw), {}
  for _, class in ipairs {Choices, Numbers} do
    for d, dimension in ipairs(self.dimensions) do
      if getmetatable(dimension) == class then samples[d] = dimension:sample(kernels, draw) end
    end
  end
  return samples
end

--- estimator:log_density(samples) -> log p of each sample, a tensor [n]; samples as of sample().
function Parzen:log_density(samples)
  local sum
  for d, dimension in ipairs(self.dimensions) do
    local part = dimension:log_density(samples[d])
    sum = sum and core.add(sum, part) or part
  end
  sum = core.add(sum, self.log_weights)
  local largest = core.max(sum, 2, {keepdim = true})
  local total = core.sum(core.exp(core.sub(sum, largest)), 2)
  return core.add(core.log(total), largest:reshape(#largest))
end

return Parzen

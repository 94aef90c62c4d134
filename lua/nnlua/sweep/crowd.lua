-- A Parzen estimator of thousands of points that come and go one by one: the same density as that
-- of parzen.lua, which is its naive twin.
--
-- Tensors hold, a column for each point, what does not change until a neighbour does:
--
--   floats    -(u - m)^2 / 2s^2 - log(s * mass) as (1, u, u^2) . terms: one product for all of them
--   steps     the log of the part that lies in the step around a value: a row for each value asked
--   choices   the point's value
--
-- Invariants: the column is the point's number; columns without a point weigh nothing and hold
-- finite numbers; columns in a dimension's `stale` are computed anew before they are used.

local class = require "nnlua.class"
local core = require "nnlua.core"
local normal = require "nnlua.sweep.normal"
local Parzen = require "nnlua.sweep.parzen"

local Crowd = class("Crowd")

local NOTHING = -1e300   -- the logarithm of no weight; finite, since it is a term of a product
local LEAST = 1e-300     -- of the part of a kernel in a step
local FIRST_CAPACITY = 256
local MOST_ROWS = 128    -- of a dimension with steps: 10 MB at 10,000 points

local HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)

local function vector(list)
  return core.tensor(list, {dtype = "float64"})
end

local function full(columns, value)
  return core.full({columns}, value, {dtype = "float64"})
end

-- A longer vector: what is new has this value.
local function widened(old, capacity, value)
  local new = full(capacity, value)
  core.copy_(new[{{1, old:size(1)}}], old)
  return new
end

local function standard(x, mu, sigma) return core.div(core.sub(x, mu), sigma) end

-- Numbers: centres in the order of their size, and widths, the same for floats and steps ----------

local function init_numbers(self, distribution)
  self.distribution = distribution
  self.low, self.high = distribution:bounds()
  self.centres, self.order, self.stale = {}, {}, {}
  return self
end

-- The place of a point in the order; for one that is not there, where it would go.
local function place_of(self, number, centre)
  local order, centres = self.order, self.centres
  local lo, hi = 1, #order + 1
  while lo < hi do
    local middle = (lo + hi) // 2
    local x = centres[order[middle]]
    if x < centre or x == centre and order[middle] < number then
      lo = middle + 1
    else
      hi = middle
    end
  end
  return lo
end

local function add_number(self, number, x)
  local centre = self.distribution.log and math.log(x) or x
  local place = place_of(self, number, centre)
  self.centres[number] = centre
  table.insert(self.order, place, number)
  for p = place - 1, place + 1 do self.stale[#self.stale + 1] = self.order[p] end
end

local function remove_number(self, number)
  local place = place_of(self, number, self.centres[number])
  table.remove(self.order, place)
  self.centres[number] = nil
  for p = place - 1, place do self.stale[#self.stale + 1] = self.order[p] end
end

-- Empties `stale`. -> its columns as a tensor of indices, their centres and widths as tensors; or
-- nil if there are none.
local function take_stale(self)
  local order, centres = self.order, self.centres
  local n, stale = #order, self.stale
  local narrowest = (self.high - self.low) / math.min(Parzen.NARROWEST, 2.0 + n)
  if narrowest ~= self.narrowest then stale = order end
  self.stale, self.narrowest = {}, narrowest
  local numbers, mu, sigma = {}, {}, {}
  for _, number in ipairs(stale) do
    local centre = centres[number]
    if centre then -- not taken away since
      local place = place_of(self, number, centre)
      local before, after = centres[order[place - 1]], centres[order[place + 1]]
      local m = #numbers + 1
      numbers[m], mu[m] = number, centre
      sigma[m] = Parzen.width(centre, before, after, self.low, self.high, narrowest)
    end
  end
  if #numbers == 0 then return nil end
  return core.tensor(numbers, {dtype = "int64"}), vector(mu), vector(sigma)
end

local function log_mass(self, mu, sigma)
  return core.log(normal.mass(standard(self.low, mu, sigma), standard(self.high, mu, sigma)))
end

-- Floats ------------------------------------------------------------------------------------------

local Floats = {add = add_number, remove = remove_number}
Floats.__index = Floats

function Floats.new(distribution)
  return init_numbers(setmetatable({rows = {full(0, 0), full(0, 0), full(0, 0)}}, Floats),
                      distribution)
end

function Floats:grow(capacity)
  for i, row in ipairs(self.rows) do self.rows[i] = widened(row, capacity, 0) end
end

-- Centres and widths are measured in ranges, so that squares of large numbers keep their digits.
function Floats:update()
  local numbers, mu, sigma = take_stale(self)
  if not numbers then return end
  local range = self.high - self.low
  local m, s = core.div(core.sub(mu, self.low), range), core.div(sigma, range)
  local curvature = core.div(-0.5, core.mul(s, s))
  local constant = core.add(core.add(core.log(sigma), log_mass(self, mu, sigma)), HALF_LOG_2PI)
  local rows = self.rows
  rows[1][numbers] = core.sub(core.mul(core.mul(m, m), curvature), constant)
  rows[2][numbers] = core.mul(core.mul(m, curvature), -2)
  rows[3][numbers] = curvature
end

-- The factors of the rows for each of these internal values.
function Floats:factors(values)
  local distribution, low, range = self.distribution, self.low, self.high - self.low
  local u, squares = {}, {}
  for i, x in ipairs(values) do
    u[i] = ((distribution.log and math.log(x) or x) - low) / range
    squares[i] = u[i] * u[i]
  end
  return {full(#values, 1), vector(u), vector(squares)}
end

-- Steps -------------------------------------------------------------------------------------------

local Steps = {add = add_number, remove = remove_number}
Steps.__index = Steps

-- values: those that have rows, the one that was used last at the end.
function Steps.new(distribution)
  return init_numbers(setmetatable({mu = full(0, 0), sigma = full(0, 1), mass = full(0, 0),
                                    rows = {}, values = {}}, Steps), distribution)
end

function Steps:grow(capacity)
  self.mu, self.sigma = widened(self.mu, capacity, self.low), widened(self.sigma, capacity, 1)
  self.mass = widened(self.mass, capacity, 0)
  for _, x in ipairs(self.values) do self.rows[x] = widened(self.rows[x], capacity, 0) end
end

-- By value and kernel, [n,k], the log of the part of the kernel in the step around the value.
local function log_parts(self, values, mu, sigma, mass)
  local distribution, below, above = self.distribution, {}, {}
  for i, x in ipairs(values) do
    below[i], above[i] = x - distribution.step / 2, x + distribution.step / 2
    if distribution.log then below[i], above[i] = math.log(below[i]), math.log(above[i]) end
  end
  local part = normal.mass(standard(vector(below):unsqueeze(2), mu, sigma),
                           standard(vector(above):unsqueeze(2), mu, sigma))
  return core.sub(core.log(core.clamp(part, LEAST)), mass)
end

function Steps:update()
  local numbers, mu, sigma = take_stale(self)
  if not numbers then return end
  local mass = log_mass(self, mu, sigma)
  self.mu[numbers], self.sigma[numbers], self.mass[numbers] = mu, sigma, mass
  if #self.values == 0 then return end
  local parts = log_parts(self, self.values, mu, sigma, mass)
  for i, x in ipairs(self.values) do self.rows[x][numbers] = parts[i] end
end

-- Adds the values' rows to those of sum, [n,columns].
function Steps:add_to(sum, values)
  local columns = sum:size(2)
  local missing, wanted = {}, {}
  for _, x in ipairs(values) do
    if not self.rows[x] and not wanted[x] then missing[#missing + 1] = x end
    wanted[x] = true
  end
  if #missing > 0 then
    local here = {{1, columns}}
    local parts = log_parts(self, missing, self.mu[here], self.sigma[here], self.mass[here])
    for i, x in ipairs(missing) do self.rows[x] = widened(parts[i], self.mu:size(1), 0) end
  end
  for i, x in ipairs(values) do core.add_(sum[i], self.rows[x][{{1, columns}}]) end
  local kept = {}
  for _, x in ipairs(self.values) do
    if not wanted[x] then kept[#kept + 1] = x end
  end
  for _, x in ipairs(values) do
    if wanted[x] then kept[#kept + 1], wanted[x] = x, nil end
  end
  for i = 1, #kept - MOST_ROWS do self.rows[kept[i]] = nil end
  self.values = table.move(kept, math.max(#kept - MOST_ROWS, 0) + 1, #kept, 1, {})
end

-- Choices -----------------------------------------------------------------------------------------

local Choices = {}
Choices.__index = Choices

function Choices.new(distribution)
  return setmetatable({values = #distribution.values, seen = full(0, -1), count = 0}, Choices)
end

function Choices:grow(capacity)
  self.seen = widened(self.seen, capacity, -1)
end

function Choices:add(number, x)
  self.seen[number] = x
  self.count = self.count + 1
end

function Choices:remove(number)
  self.seen[number] = -1
  self.count = self.count - 1
end

function Choices:update() end

-- Adds the values' log chances to the rows of sum, [n,columns].
function Choices:add_to(sum, values)
  local hit, miss = Parzen.chances(self.values, self.count)
  local log_hit, log_miss = vector(math.log(hit)), vector(math.log(miss))
  local seen, rows = self.seen[{{1, sum:size(2)}}], {}
  for i, x in ipairs(values) do
    rows[x] = rows[x] or core.where(core.eq(seen, x), log_hit, log_miss)
    core.add_(sum[i], rows[x])
  end
end

-- The crowd ---------------------------------------------------------------------------------------

--- Crowd(distributions): without points.
function Crowd:init(distributions)
  self.distributions, self.dimensions = distributions, {}
  local none = {}
  for d, distribution in ipairs(distributions) do
    local kind = distribution.kind == "choice" and Choices or distribution.step and Steps or Floats
    self.dimensions[d], none[d] = kind.new(distribution), {}
  end
  self.prior = Parzen.new(distributions, none)
  self.count, self.columns, self.capacity = 0, 0, 0
  self.present = {}        -- by number
  self.rank = full(0, 0)   -- by column: how many points have numbers up to it
  self.weight = full(0, 0) -- by column: 0, or NOTHING where no point is
end

local function grow(self, columns)
  local capacity = math.max(self.capacity, FIRST_CAPACITY)
  while capacity < columns do capacity = 2 * capacity end
  self.rank = widened(self.rank, capacity, self.count)
  self.weight = widened(self.weight, capacity, NOTHING)
  for _, dimension in ipairs(self.dimensions) do dimension:grow(capacity) end
  self.capacity = capacity
end

-- One point more or less.
local function count(self, number, change)
  self.count = self.count + change
  core.add_(self.rank[{{number, self.capacity}}], change)
  self.weight[number] = change == 1 and 0 or NOTHING
end

--- crowd:set(number, internal): the point `number` is at these internal values, {name = value}, or
--- nowhere (nil).
function Crowd:set(number, internal)
  if self.present[number] then
    for _, dimension in ipairs(self.dimensions) do dimension:remove(number) end
    count(self, number, -1)
    self.present[number] = nil
  end
  if not internal then return end
  if number > self.capacity then grow(self, number) end
  self.columns = math.max(self.columns, number)
  for d, dimension in ipairs(self.dimensions) do
    dimension:add(number, internal[self.distributions[d].name])
  end
  count(self, number, 1)
  self.present[number] = true
end

-- The logarithms of the weights by column, and the sum of the weights.
local function weights(self)
  local n, here = self.count, {{1, self.columns}}
  local first, slope = Parzen.ramp(n)
  local weight = core.clamp(core.add(core.mul(core.sub(self.rank[here], 1), slope), first), first, 1)
  local total = core.item(core.sum(core.mul(weight, core.eq(self.weight[here], 0))))
  return core.add(core.log(weight), self.weight[here]), total
end

--- crowd:log_density(samples) -> log p of each sample, a tensor [n]: a list of n internal values for
--- each distribution.
function Crowd:log_density(samples)
  local prior = self.prior:log_density(samples)
  if self.count == 0 then return prior end
  local n, here = #samples[1], {{1, self.columns}}
  local log_weights, total = weights(self)
  local rows, factors = {log_weights}, {full(n, 1)}
  for d, dimension in ipairs(self.dimensions) do
    dimension:update()
    if dimension.factors then
      for i, factor in ipairs(dimension:factors(samples[d])) do
        rows[#rows + 1], factors[#factors + 1] = dimension.rows[i][here], factor
      end
    end
  end
  local sum = core.matmul(core.stack(factors):t(), core.stack(rows))
  for d, dimension in ipairs(self.dimensions) do
    if dimension.add_to then dimension:add_to(sum, samples[d]) end
  end
  local largest = core.maximum(core.max(sum, 2), prior)
  local crowd = core.sum(core.exp_(core.sub_(sum, largest:unsqueeze(2))), 2)
  local both = core.add(crowd, core.mul(core.exp(core.sub(prior, largest)), Parzen.PRIOR_WEIGHT))
  return core.add(core.log(both), core.sub(largest, math.log(total + Parzen.PRIOR_WEIGHT)))
end

return Crowd

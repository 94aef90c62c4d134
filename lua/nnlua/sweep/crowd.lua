-- A Parzen estimator of thousands of points that come and go one by one: the same density as that
-- of parzen.lua, which is its naive twin.
--
-- Tensors hold, a row for each point, what does not change until a neighbour does:
--
--   floats            log kernel = -(u - m)^2 / 2s^2 - log(s * mass) as terms . (1, u, u^2): one
--                     product for all of them
--   steps, choices    which kind of kernel it has; many points share one, and the log kernels of
--                     all kinds are a small table
--
-- All is computed in blocks of rows that stay in the cache, relative to the density of the prior,
-- which is never far below the largest kernel. Tensors of this size are closed where they are done
-- with: the collector would look through all trials to find them.
--
-- Invariants: the row is the point's number; rows without a point weigh nothing and hold finite
-- numbers; points in a dimension's `stale` are computed anew before they are used.

local class = require "nnlua.class"
local core = require "nnlua.core"
local normal = require "nnlua.sweep.normal"
local Parzen = require "nnlua.sweep.parzen"

local Crowd = class("Crowd")

local NOTHING = -1e300   -- the logarithm of no weight; finite, since it is a term of a product
local LEAST = 1e-300     -- of the part of a kernel in a step
local MOST = 690         -- of the log of a kernel relative to the prior, so that sums are finite
local FIRST_CAPACITY = 256
local BLOCK = 1024

local HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)

local function vector(list)
  return core.tensor(list, {dtype = "float64"})
end

local function indices(list)
  return core.tensor(list, {dtype = "int64"})
end

-- A tensor with more rows: what is new has this value.
local function lengthened(old, rows, value)
  local size, shape = core.size(old, 1), {rows}
  for d = 2, core.ndim(old) do shape[d] = core.size(old, d) end
  local new = core.full(shape, value, {dtype = core.dtype(old)})
  if size > 0 then core.copy_(new[{{1, size}}], old) end
  return new
end

local function close(tensor)
  local _ <close> = tensor
end

local function standard(x, mu, sigma) return core.div_(core.sub(x, mu), sigma) end

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

-- Empties `stale`. -> its points, their centres and widths, as lists.
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
  return numbers, mu, sigma
end

local function log_mass(self, mu, sigma)
  return core.log_(normal.mass(standard(self.low, mu, sigma), standard(self.high, mu, sigma)))
end

-- Floats ------------------------------------------------------------------------------------------

local Floats = {add = add_number, remove = remove_number}
Floats.__index = Floats

function Floats.new(distribution)
  return init_numbers(setmetatable({}, Floats), distribution)
end

-- Writes the terms of stale points. terms: [rows,3]. Centres and widths are measured in ranges, so
-- that squares of large numbers keep their digits.
function Floats:update(terms)
  local numbers, centres, widths = take_stale(self)
  if #numbers == 0 then return end
  local mu, sigma, range = vector(centres), vector(widths), self.high - self.low
  local m, s = core.div(core.sub(mu, self.low), range), core.div(sigma, range)
  local curvature = core.div(-0.5, core.mul(s, s))
  local constant = core.add(core.add(core.log(sigma), log_mass(self, mu, sigma)), HALF_LOG_2PI)
  terms[indices(numbers)] = core.stack({
    core.sub(core.mul(core.mul(m, m), curvature), constant),
    core.mul(core.mul(m, curvature), -2), curvature}, 2)
end

-- Appends what the terms are multiplied with for each of these internal values.
function Floats:append_factors(factors, values)
  local distribution, low, range = self.distribution, self.low, self.high - self.low
  local ones, u, squares = {}, {}, {}
  for i, x in ipairs(values) do
    ones[i], u[i] = 1.0, ((distribution.log and math.log(x) or x) - low) / range
    squares[i] = u[i] * u[i]
  end
  table.move({ones, u, squares}, 1, 3, #factors + 1, factors)
end

-- Steps -------------------------------------------------------------------------------------------

local Steps = {add = add_number}
Steps.__index = Steps

-- The kinds of kernels: kinds[centre][width] = kind; by kind centre, width and how many points have
-- it; kinds that none has any more. kind: by row.
function Steps.new(distribution)
  return init_numbers(setmetatable({
    kinds = {}, centre = {}, width = {}, users = {}, free = {}, kind_of = {},
    kind = core.ones(0, {dtype = "int64"}),
  }, Steps), distribution)
end

local function release(self, number)
  local kind = self.kind_of[number]
  if not kind then return end
  self.kind_of[number] = nil
  self.users[kind] = self.users[kind] - 1
  if self.users[kind] == 0 then
    self.kinds[self.centre[kind]][self.width[kind]] = nil
    self.free[#self.free + 1] = kind
  end
end

local function assign(self, number, centre, width)
  self.kinds[centre] = self.kinds[centre] or {}
  local kind = self.kinds[centre][width]
  if not kind then
    kind = table.remove(self.free) or #self.centre + 1
    self.centre[kind], self.width[kind], self.users[kind] = centre, width, 0
    self.kinds[centre][width] = kind
  end
  self.users[kind] = self.users[kind] + 1
  self.kind_of[number] = kind
  return kind
end

function Steps:remove(number)
  remove_number(self, number)
  release(self, number)
end

function Steps:update()
  local numbers, centres, widths = take_stale(self)
  if #numbers == 0 then return end
  local kinds = {}
  for i, number in ipairs(numbers) do
    release(self, number)
    kinds[i] = assign(self, number, centres[i], widths[i])
  end
  self.kind[indices(numbers)] = indices(kinds)
end

-- [kinds,n]: the log of the part of each kind of kernel in the steps around n internal values.
function Steps:table(values)
  local distribution, below, above = self.distribution, {}, {}
  for i, x in ipairs(values) do
    below[i], above[i] = x - distribution.step / 2, x + distribution.step / 2
    if distribution.log then below[i], above[i] = math.log(below[i]), math.log(above[i]) end
  end
  local mu, sigma = vector(self.centre):unsqueeze(2), vector(self.width):unsqueeze(2)
  local from <close> = standard(vector(below), mu, sigma)
  local to <close> = standard(vector(above), mu, sigma)
  local parts = core.log_(core.clamp_(normal.mass(from, to), LEAST))
  return core.sub_(parts, log_mass(self, mu, sigma))
end

-- Choices -----------------------------------------------------------------------------------------

local Choices = {}
Choices.__index = Choices

-- A kernel's kind is the place of its value in the list.
function Choices.new(distribution)
  local values = core.arange(0, #distribution.values, {dtype = "float64"}):unsqueeze(2)
  return setmetatable({values = values, kind = core.ones(0, {dtype = "int64"}), points = 0},
                      Choices)
end

function Choices:add(number, x)
  self.kind[number] = math.tointeger(x) + 1
  self.points = self.points + 1
end

function Choices:remove()
  self.points = self.points - 1
end

function Choices.update() end

function Choices:table(values)
  local hit, miss = Parzen.chances(self.values:size(1), self.points)
  local log_miss = math.log(miss)
  local is_hit <close> = core.eq(self.values, vector(values))
  return core.add_(core.mul(is_hit, vector(math.log(hit) - log_miss)), log_miss)
end

-- The crowd ---------------------------------------------------------------------------------------

local LOG_WEIGHT, ONE = 1, 2 -- the first two terms

--- Crowd(distributions): without points.
function Crowd:init(distributions)
  self.distributions, self.dimensions = distributions, {}
  local none, width = {}, 2
  for d, distribution in ipairs(distributions) do
    local kind = distribution.kind == "choice" and Choices or distribution.step and Steps or Floats
    local dimension = kind.new(distribution)
    if kind == Floats then
      dimension.columns = {{}, {width + 1, width + 3}}
      width = width + 3
    end
    self.dimensions[d], none[d] = dimension, {}
  end
  self.prior = Parzen.new(distributions, none)
  self.points, self.rows, self.capacity = 0, 0, 0
  self.present = {} -- by number
  local float64 = {dtype = "float64"}
  self.terms = core.zeros(0, width, float64) -- by row
  self.rank = core.zeros(0, float64)         -- by row: how many points have numbers up to it
  self.absence = core.zeros(0, float64)      -- by row: 0, or NOTHING where no point is
end

local function grow(self, rows)
  local capacity = math.max(self.capacity, FIRST_CAPACITY)
  while capacity < rows do capacity = 2 * capacity end
  self.terms = lengthened(self.terms, capacity, 0)
  self.terms[{{}, ONE}] = 1
  self.rank = lengthened(self.rank, capacity, self.points)
  self.absence = lengthened(self.absence, capacity, NOTHING)
  for _, dimension in ipairs(self.dimensions) do
    if dimension.kind then dimension.kind = lengthened(dimension.kind, capacity, 1) end
  end
  self.capacity = capacity
end

-- One point more or less.
local function count(self, number, change)
  self.points = self.points + change
  core.add_(self.rank[{{number, self.capacity}}], change)
  self.absence[number] = change == 1 and 0 or NOTHING
end

--- crowd:set(number, internal): the point `number` is at these internal values, {name = value}, or
--- nowhere (nil).
function Crowd:set(number, internal)
  if number > self.capacity then grow(self, number) end
  self.rows = math.max(self.rows, number)
  if self.present[number] then
    for _, dimension in ipairs(self.dimensions) do dimension:remove(number) end
    count(self, number, -1)
    self.present[number] = nil
  end
  if not internal then return end
  for d, dimension in ipairs(self.dimensions) do
    dimension:add(number, internal[self.distributions[d].name])
  end
  count(self, number, 1)
  self.present[number] = true
end

-- Writes the logarithms of the weights. -> the sum of the weights.
local function weigh(self)
  local here = {{1, self.rows}}
  local first, slope, total = Parzen.ramp(self.points)
  local weight <close> = core.add_(core.mul_(core.sub(self.rank[here], 1), slope), first)
  core.add_(core.log_(core.clamp_(weight, first, 1)), self.absence[here])
  core.copy_(self.terms[{{1, self.rows}, LOG_WEIGHT}], weight)
  return total
end

-- The sum over the kernels first..last of their densities, relative to the prior's, by sample.
local function sum_of_block(self, first, last, factors, tables)
  local here = {{first, last}}
  local logs <close> = core.matmul(self.terms[here], factors)
  for d, dimension in ipairs(self.dimensions) do
    if tables[d] then
      local part <close> = core.index(tables[d], dimension.kind[here])
      core.add_(logs, part)
    end
  end
  return core.sum(core.exp_(core.clamp_(logs, nil, MOST)), 1)
end

--- crowd:log_density(samples) -> log p of each sample, a tensor [n]. samples: a list of n internal
--- values for each distribution.
function Crowd:log_density(samples)
  local prior = self.prior:log_density(samples)
  if self.points == 0 then return prior end
  local weight = weigh(self)
  local ones = {}
  for i = 1, #samples[1] do ones[i] = 1.0 end
  local factors, tables = {[LOG_WEIGHT] = ones, [ONE] = core.neg(prior):totable()}, {}
  for d, dimension in ipairs(self.dimensions) do
    dimension:update(dimension.columns and self.terms[dimension.columns])
    if dimension.columns then
      dimension:append_factors(factors, samples[d])
    else
      tables[d] = dimension:table(samples[d])
    end
  end
  factors = vector(factors)
  local total = Parzen.PRIOR_WEIGHT
  for first = 1, self.rows, BLOCK do
    local last = math.min(first + BLOCK - 1, self.rows)
    total = core.add(sum_of_block(self, first, last, factors, tables), total)
  end
  for _, part in pairs(tables) do close(part) end
  return core.add(core.log(total), core.sub(prior, math.log(weight + Parzen.PRIOR_WEIGHT)))
end

return Crowd

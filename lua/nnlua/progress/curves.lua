-- Curves of a growing history, as a picture of text that is cheap to draw again and again.
--
--   local curves = Curves {history = run.history, x = "epoch", y = {"train_cost", "test_cost"}}
--   curves:text(width, height, colour, utf8)   nil until there are two points
--
-- Invariants: drawing takes the same time however long the history is: the rows are gathered into
-- at most 2 * BUCKETS groups, of which the smallest and the largest value of each curve are drawn,
-- so a spike stays visible; every row is looked at once.

local options = require "nnlua.options"
local scale = require "nnlua.plot.scale"
local terminal = require "nnlua.plot.terminal"

local Curves = {}
Curves.__index = Curves

local BUCKETS = 256

local DEFAULTS = {history = options.required, x = options.required, y = options.required,
                  title = options.optional, log_y = false}

-- A bucket is, for each curve, {lowest y, its x, highest y, its x}, or {} where there is nothing to
-- draw.
local function extend(group, x, y)
  if not scale.drawable(y) then return end
  if not group[1] or y < group[1] then group[1], group[2] = y, x end
  if not group[3] or y > group[3] then group[3], group[4] = y, x end
end

-- Makes half as many buckets, of twice as many rows, out of an even number of full ones.
local function merge(self)
  local merged = {}
  for i = 1, #self.buckets, 2 do
    local a, b = self.buckets[i], self.buckets[i + 1]
    for k, group in ipairs(b) do
      if group[1] then
        extend(a[k], group[2], group[1])
        extend(a[k], group[4], group[3])
      end
    end
    merged[#merged + 1] = a
  end
  self.buckets = merged
  self.span = 2 * self.span
end

local function restart(self)
  self.buckets, self.span = {}, 1 -- rows of a bucket
  self.rows, self.seen = 0, 0     -- rows in the last bucket; in all
end

-- Takes up the rows that the history has got since the last call.
local function gather(self)
  local history, xs = self.history, self.history[self.x] or {}
  if #xs < self.seen then restart(self) end
  for i = self.seen + 1, #xs do
    if self.rows == self.span or i == 1 then
      if #self.buckets == 2 * BUCKETS then merge(self) end
      local bucket = {}
      for k = 1, #self.y do bucket[k] = {} end
      self.buckets[#self.buckets + 1] = bucket
      self.rows = 0
    end
    local bucket = self.buckets[#self.buckets]
    for k, name in ipairs(self.y) do
      local y = (history[name] or {})[i]
      if math.type(y) and math.type(xs[i]) then extend(bucket[k], xs[i] + 0.0, y + 0.0) end
    end
    self.rows, self.seen = self.rows + 1, i
  end
end

-- The k-th curve as a series of a line chart.
local function series(self, k)
  local xs, ys = {}, {}
  local function add(x, y)
    xs[#xs + 1], ys[#ys + 1] = x, y
  end
  for _, bucket in ipairs(self.buckets) do
    local low, low_x, high, high_x = table.unpack(bucket[k])
    if low and low_x == high_x then
      add(low_x, low)
    elseif low and low_x < high_x then
      add(low_x, low)
      add(high_x, high)
    elseif low then
      add(high_x, high)
      add(low_x, low)
    end
  end
  return {name = self.y[k]:gsub("_", " "), x = xs, y = ys}
end

--- curves:text(width, height, colour, utf8) -> the picture, or nil while there is nothing to see.
function Curves:text(width, height, colour, utf8_wanted)
  gather(self)
  if self.seen < 2 then return nil end
  local list = {}
  for k = 1, #self.y do list[k] = series(self, k) end
  return terminal.lines({series = list, title = self.title, xlabel = self.x, log_y = self.log_y},
                        {width = width, height = height, colour = colour, utf8 = utf8_wanted})
end

--- Curves{history, x, y [, title, log_y = false]} -> curves. history: lists of numbers by name,
--- which grow (run.history); x, y: the name of one and a list of the names of others.
return function(fname, given)
  local o = options.check(fname, given, DEFAULTS)
  if type(o.history) ~= "table" then
    options.raise("bad option 'history' to '%s' (lists by name expected, got %s)", fname,
                  options.type_name(o.history))
  elseif type(o.x) ~= "string" or type(o.y) ~= "table" or #o.y == 0 then
    options.raise("bad option '%s' to '%s' (%s expected)", type(o.x) ~= "string" and "x" or "y",
                  fname, type(o.x) ~= "string" and "a name" or "a list of names")
  end
  restart(o)
  return setmetatable(o, Curves)
end

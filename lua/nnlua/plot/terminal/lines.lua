-- Line charts in the terminal.
--
-- Invariants: what is drawn is the polyline through all points, so a single high one among 100,000
-- is seen; the time it takes grows with the number of points, not with the length of the line.
-- Series are told apart by their colours and by marks upon them. Bands are sparse dots behind all
-- lines.

local chart = require "nnlua.plot.terminal.chart"
local scale = require "nnlua.plot.scale"
local style = require "nnlua.plot.terminal.style"

-- Columns from one mark on a curve to its next.
local MARK_EVERY = 16

-- A series of at most this many values has a mark at each.
local FEW = 12

-- Calls f(i, x, y) with the dot of each drawable value, and gap() for one that is not.
local function each_dot(self, one, f, gap)
  local log_x, log_y = self.axes.x.log, self.axes.y.log
  local drawable = scale.drawable
  for i, x in ipairs(one.x) do
    local y = one.y[i]
    if drawable(x, log_x) and drawable(y, log_y) then
      f(i, self:dot_x(x), self:dot_y(y))
    elseif gap then
      gap()
    end
  end
end

-- The polyline. Points in one column of dots become one upright stroke, between them go lines from
-- the last point of one column to the first of the next.
local function draw_line(self, one, code, letter)
  local column, lowest, highest, last
  local function stroke()
    if column then self:line(column, lowest, column, highest, code, letter) end
  end
  each_dot(self, one, function(_, x, y)
    if x == column then
      lowest, highest = math.min(lowest, y), math.max(highest, y)
    else
      stroke()
      if column then self:line(column, last, x, y, code, letter) end
      column, lowest, highest = x, y, y
    end
    last = y
  end, function()
    stroke()
    column = nil
  end)
  stroke()
end

-- The lists of a series' lower and upper bounds: of its band, or of its error bars; nil, nil if it
-- has none. Nothing is below `lowest`, where a logarithmic axis begins.
local function bounds_of(one, lowest)
  if not one.lower and not one.errors then return nil, nil end
  local lower, upper = {}, {}
  for i, y in ipairs(one.y) do
    local error = one.errors and math.abs(one.errors[i])
    lower[i], upper[i] = error and y - error or one.lower[i], error and y + error or one.upper[i]
    if lowest and lower[i] < lowest then lower[i] = lowest end
  end
  return lower, upper
end

-- Every other dot between the two bounds, in every other column of dots.
local function draw_band(self, one, code)
  local x0, low0, high0
  local last = self.rows * self.grid.down - 1
  local bounds = {x = one.x, y = one.low}
  local highs = {}
  each_dot(self, {x = one.x, y = one.high}, function(i, _, y) highs[i] = y end)
  each_dot(self, bounds, function(i, x, low)
    local high = highs[i]
    if not high then
      x0 = nil
      return
    end
    local from = x0 and math.min(x0 + 1, x) or x
    for column = math.max(from, 0), math.min(x, self.columns * self.grid.across - 1) do
      local share = x0 and x > x0 and (column - x0) / (x - x0) or 1
      local top = math.floor((high0 or high) + (high - (high0 or high)) * share + 0.5)
      local bottom = math.floor((low0 or low) + (low - (low0 or low)) * share + 0.5)
      for row = math.max(top, 0), math.min(bottom, last) do
        if column % 2 == 0 and (row + column // 2) % 2 == 0 then
          self:dot(column, row, code, ".")
        end
      end
    end
    x0, low0, high0 = x, low, high
  end, function() x0, low0, high0 = nil, nil, nil end)
end

local function draw_errors(self, one, code)
  local highs = {}
  each_dot(self, {x = one.x, y = one.high}, function(i, _, y) highs[i] = y end)
  each_dot(self, {x = one.x, y = one.low}, function(i, x, low)
    if highs[i] then self:line(x, low, x, highs[i], code, "|") end
  end)
end

-- Marks at every value of a short series, else at equal distances, those of the series beside
-- each other.
local function draw_marks(self, one, i, count, code, mark)
  local across = self.grid.across
  local step = math.max(MARK_EVERY, 3 * count) * across
  local next_x = (i - 0.5) / count * step
  each_dot(self, one, function(_, x, y)
    if one.points or #one.x <= FEW then
      self:mark(x, y, code, mark)
    elseif count > 1 and x >= next_x then
      self:mark(x, y, code, mark)
      next_x = next_x + step * math.max(1, math.ceil((x - next_x) / step))
    end
  end)
end

--- terminal.lines(description, options): see nnlua.plot.terminal.
return function(given, wanted)
  local look = style.look("lines", wanted)
  local xs, ys, bounds, entries = {}, {}, {}, {}
  for i, one in ipairs(given.series) do
    xs[i], ys[i] = one.x, one.y
    entries[i] = {name = one.name or "", mark = style.mark(look, i), style = style.series(look, i)}
  end
  local lowest = given.log_y and scale.extent(ys, true)
  for i, one in ipairs(given.series) do
    local low, high = bounds_of(one, lowest and lowest / 10)
    bounds[i] = {x = one.x, low = low, high = high}
    ys[#ys + 1] = low
    ys[#ys + 1] = high
  end
  local self = chart.new(look, given, {
    x = {lists = xs, range = given.x_range, log = given.log_x},
    y = {lists = ys, range = given.y_range, log = given.log_y},
  }, entries)
  for i, one in ipairs(given.series) do
    local draw = one.lower and draw_band or one.errors and draw_errors
    if draw then draw(self, bounds[i], entries[i].style) end
  end
  for i, one in ipairs(given.series) do
    if not one.points then draw_line(self, one, entries[i].style, entries[i].mark) end
  end
  for i, one in ipairs(given.series) do
    draw_marks(self, one, i, #given.series, entries[i].style, entries[i].mark)
  end
  return self:text()
end

-- Line charts in the terminal.
--
-- Invariants: what is drawn is the polyline through all points, so a single high one among 100,000
-- is seen; the time it takes grows with the number of points, not with the length of the line.
-- Series are told apart by their colours and by marks upon them.

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

-- Marks at every value of a short series, else at equal distances, those of the series beside
-- each other.
local function draw_marks(self, one, i, count, code, mark)
  local across = self.grid.across
  local step = math.max(MARK_EVERY, 3 * count) * across
  local next_x = (i - 0.5) / count * step
  each_dot(self, one, function(_, x, y)
    if one.points or #one.x <= FEW then
      self:mark(x, y, mark, code)
    elseif count > 1 and x >= next_x then
      self:mark(x, y, mark, code)
      next_x = next_x + step * math.max(1, math.ceil((x - next_x) / step))
    end
  end)
end

--- terminal.lines(description, options): see nnlua.plot.terminal.
return function(given, wanted)
  local look = style.look("plot.lines", wanted)
  local xs, ys, entries = {}, {}, {}
  for i, one in ipairs(given.series) do
    xs[i], ys[i] = one.x, one.y
    entries[i] = {name = one.name or "", mark = style.mark(look, i), style = style.series(look, i)}
  end
  local self = chart.new(look, given, {
    x = {lists = xs, range = given.x_range, log = given.log_x},
    y = {lists = ys, range = given.y_range, log = given.log_y},
  }, entries)
  for i, one in ipairs(given.series) do
    if not one.points then draw_line(self, one, entries[i].style, entries[i].mark) end
  end
  for i, one in ipairs(given.series) do
    draw_marks(self, one, i, #given.series, entries[i].style, entries[i].mark)
  end
  return self:text()
end

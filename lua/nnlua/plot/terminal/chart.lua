-- The frame of a chart in the terminal: title, legend, axes with their labels, and the area between
-- them that is drawn into.
--
-- Invariants: every text is inside the given width; no two labels of an axis touch; in a small
-- terminal titles go before labels, labels before axes, and the area keeps at least one cell.

local display = require "nnlua.display"
local Grid = require "nnlua.plot.terminal.grid"
local heading = require "nnlua.plot.terminal.heading"
local scale = require "nnlua.plot.scale"
local style = require "nnlua.plot.terminal.style"

local Chart = {}
Chart.__index = Chart

local chart = {}

-- Cells between two marks of an axis, at least about.
local PITCH_X, PITCH_Y = 6, 3

-- Pieces of the axes: line and mark to the left, line and mark below, the corner.
local LINES = {[true] = {"│", "┤", "─", "┬", "└"}, [false] = {"|", "+", "-", "+", "+"}}

local function all_whole(lists)
  for _, list in ipairs(lists) do
    for _, v in ipairs(list) do
      if v % 1 ~= 0 then return false end
    end
  end
  return true
end

-- The marks of an axis: {lo, hi}, and a list of {value, text}. spec: {lists=, range=, log=}.
local function marks_of(look, spec, count, is_x)
  local given = spec.range and spec.range[1] and spec.range
  local lo, hi
  if given then
    lo, hi = given[1], given[2]
  else
    lo, hi = scale.extent(spec.lists, spec.log)
  end
  local limits, marks
  if spec.log then
    limits, marks = scale.logarithmic(lo, hi, given ~= nil)
  else
    local fixed = given and "exact" or (is_x and lo ~= hi and "near")
    local least = is_x and spec.lists and all_whole(spec.lists) and 1
    limits, marks = scale.linear(lo, hi, count, fixed, least)
  end
  if not look.utf8 then
    for _, mark in ipairs(marks) do mark[2] = ("%.4g"):format(mark[1]) end
  end
  return limits, marks
end

-- Where v lies on an axis: 0 at its low end, 1 at its high one.
local function place(v, limits, log)
  if log then
    return math.log(v / limits[1]) / math.log(limits[2] / limits[1])
  end
  return (v - limits[1]) / (limits[2] - limits[1])
end

local function draw_y_axis(self, marks, gutter)
  local grid, pieces = self.grid, LINES[self.look.utf8]
  for y = self.top, self.top + self.rows - 1 do
    grid:put(gutter, y, pieces[1], self.faint)
  end
  local taken
  for _, mark in ipairs(marks) do
    local y = self.top + self:dot_y(mark[1]) // grid.down
    if not taken or y < taken - 1 then -- marks go upwards
      grid:put(gutter, y, pieces[2], self.faint)
      grid:text(gutter - display.width(mark[2]), y, mark[2])
      taken = y
    end
  end
end

-- The labels of the x axis as {column of the mark, column of the label, text}; nil if two of them
-- would touch and `strict`, else without the later one.
local function x_labels(self, marks, strict)
  local width, labels = self.look.width, {}
  local free = 0 -- the first column that no label has
  for _, mark in ipairs(marks) do
    local at = self.left + self:dot_x(mark[1]) // self.grid.across
    local needed = display.width(mark[2])
    local x = math.max(0, math.min(at - needed // 2, width - needed))
    if x >= free and needed <= width then
      labels[#labels + 1] = {at, x, mark[2]}
      free = x + needed + 2
    elseif strict then
      return nil
    end
  end
  return labels
end

-- Sets the range of the x axis; its labels, as many as fit.
local function scale_x(self)
  local count = math.max(2, self.columns // PITCH_X)
  for wanted = count, 2, -1 do
    local marks
    self.x_limits, marks = marks_of(self.look, self.axes.x, wanted, true)
    local labels = x_labels(self, marks, wanted > 2)
    if labels then return labels end
  end
end

local function draw_x_axis(self, labels, title)
  local grid, look, pieces = self.grid, self.look, LINES[self.look.utf8]
  local y = self.top + self.rows
  grid:put(self.left - 1, y, pieces[5], self.faint)
  for x = self.left, look.width - 1 do grid:put(x, y, pieces[3], self.faint) end
  for _, label in ipairs(labels) do
    grid:put(label[1], y, pieces[4], self.faint)
    grid:text(label[2], y + 1, label[3])
  end
  if title then
    local middle = self.left + self.columns // 2 - display.width(title) // 2
    grid:text(math.max(0, math.min(middle, look.width - display.width(title))), y + 2, title,
              self.faint)
  end
end

--- chart.new(look, given, axes, entries) -> chart, its frame drawn.
-- given: {title=, note=, xlabel=, ylabel=}; axes: {x = {lists=, range=, log=}, y = ...} where range
-- is {lo, hi}, {} or nil; entries: of the legend, {name=, mark=, style=} each.
function chart.new(look, given, axes, entries)
  local self = setmetatable({look = look, grid = Grid(look.width, look.height, look.utf8),
                             faint = style.faint(look), axes = axes}, Chart)
  -- the chart keeps three rows with its axes
  local has_axis = look.height >= 3 and look.width >= 12
  local xlabel = display.clip(display.clean(given.xlabel or "", look.utf8), look.width, look.utf8)
  xlabel = look.height >= 8 and xlabel:find("%S") and xlabel or nil
  local head = heading(look, given, entries, look.height - 5 - (xlabel and 1 or 0))
  head.draw(self.grid)
  self.top = #head
  self.rows = math.max(1, look.height - self.top - (has_axis and 2 or 0) - (xlabel and 1 or 0))
  local y_marks
  self.y_limits, y_marks = marks_of(look, axes.y, math.max(2, self.rows // PITCH_Y), false)
  local gutter = 0
  for _, mark in ipairs(y_marks) do gutter = math.max(gutter, display.width(mark[2])) end
  if not has_axis then
    gutter = -1
  elseif gutter > look.width // 3 then
    gutter, y_marks = 0, {}
  end
  self.left = gutter + 1
  self.columns = math.max(1, look.width - self.left)
  local labels = scale_x(self)
  if has_axis then
    draw_y_axis(self, y_marks, gutter)
    draw_x_axis(self, labels, xlabel)
  end
  return self
end

-- The dot of a value, counted from the area's left, or top; it may lie outside.
function Chart:dot_x(v)
  return math.floor(place(v, self.x_limits, self.axes.x.log)
                    * (self.columns * self.grid.across - 1) + 0.5)
end

function Chart:dot_y(v)
  return math.floor((1 - place(v, self.y_limits, self.axes.y.log))
                    * (self.rows * self.grid.down - 1) + 0.5)
end

-- Whether a dot is in the area.
function Chart:holds(x, y)
  return x >= 0 and x < self.columns * self.grid.across and y >= 0
         and y < self.rows * self.grid.down
end

--- chart:dot(x, y, style, letter): one dot of the area.
function Chart:dot(x, y, code, letter)
  if self:holds(x, y) then
    self.grid:dot(self.left * self.grid.across + x, self.top * self.grid.down + y, code, letter)
  end
end

-- Cuts the part from a to b where v stays in 0..last out of a segment's share t0..t1; nil: none.
local function cut(t0, t1, a, b, last)
  if a == b then
    if a < 0 or a > last then return nil end
    return t0, t1
  end
  local enter, leave = (0 - a) / (b - a), (last - a) / (b - a)
  if enter > leave then enter, leave = leave, enter end
  t0, t1 = math.max(t0, enter), math.min(t1, leave)
  if t0 > t1 then return nil end
  return t0, t1
end

--- chart:line(x0, y0, x1, y1, style, letter): a straight line between two dots, as much of it as is
--- in the area.
function Chart:line(x0, y0, x1, y1, code, letter)
  local last_x, last_y = self.columns * self.grid.across - 1, self.rows * self.grid.down - 1
  local t0, t1 = cut(0, 1, x0, x1, last_x)
  if t0 then t0, t1 = cut(t0, t1, y0, y1, last_y) end
  if not t0 then return end
  local left, top = self.left * self.grid.across, self.top * self.grid.down
  local function at(a, b, t)
    return math.floor(a + (b - a) * t + 0.5)
  end
  self.grid:line(left + at(x0, x1, t0), top + at(y0, y1, t0), left + at(x0, x1, t1),
                 top + at(y0, y1, t1), code, letter)
end

--- chart:mark(x, y, style, char): a character over the dot.
function Chart:mark(x, y, code, char)
  if self:holds(x, y) then
    self.grid:put(self.left + x // self.grid.across, self.top + y // self.grid.down, char, code)
  end
end

local BLOCKS = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}

--- chart:column(x, share, style): fills the x-th column of cells from the axis up, to that share of
--- the area's height.
function Chart:column(x, share, code)
  if x < 0 or x >= self.columns or share <= 0 then return end
  local eighths = math.floor(math.min(share, 1) * self.rows * 8 + 0.5)
  if not self.look.utf8 then eighths = eighths + 4 - (eighths + 4) % 8 end
  local y = self.top + self.rows - 1
  while eighths > 0 do
    self.grid:put(self.left + x, y, self.look.utf8 and BLOCKS[math.min(eighths, 8)] or "#", code)
    eighths, y = eighths - 8, y - 1
  end
end

--- chart:share(v) -> where v lies on the y axis, from 0 to 1.
function Chart:share(v)
  return place(v, self.y_limits, self.axes.y.log)
end

--- chart:text() -> the picture, every line ended by a newline; empty lines at the end are left out.
function Chart:text()
  return self.grid:picture()
end

return chart

-- Histograms in the terminal: columns for one series, outlines for several.
--
-- Invariants: a column of characters is as high as the highest of the bins in it; outlines have the
-- marks of their series.

local chart = require "nnlua.plot.terminal.chart"
local scale = require "nnlua.plot.scale"
local style = require "nnlua.plot.terminal.style"

-- Columns of cells of the bins, those of one series.
local function fill(self, edges, heights, code)
  local lo, hi = self.x_limits[1], self.x_limits[2]
  for x = 0, self.columns - 1 do
    local from, to = lo + (hi - lo) * x / self.columns, lo + (hi - lo) * (x + 1) / self.columns
    local highest
    for i, h in ipairs(heights) do
      local middle = (from + to) / 2
      local inside = edges[i] >= from and edges[i + 1] <= to -- a bin narrower than a column
      if inside or edges[i] <= middle and middle < edges[i + 1] then
        highest = math.max(highest or h, h)
      end
    end
    if highest then self:column(x, self:share(math.max(highest, self.y_limits[1])), code) end
  end
end

local function outline(self, edges, heights, entry)
  local x0, y0 = self:dot_x(edges[1]), self:dot_y(self.y_limits[1])
  local function to(x, y)
    self:line(x0, y0, x, y, entry.style, entry.mark)
    x0, y0 = x, y
  end
  for i, h in ipairs(heights) do
    local y = self:dot_y(math.max(h, self.y_limits[1]))
    to(self:dot_x(edges[i]), y)
    to(self:dot_x(edges[i + 1]), y)
  end
  to(x0, self:dot_y(self.y_limits[1]))
end

--- terminal.histogram(description, options): see nnlua.plot.terminal.
return function(given, wanted)
  local look = style.look("histogram", wanted)
  local edges, entries, lists = given.edges, {}, {}
  for k, one in ipairs(given.series) do
    lists[k] = one.heights
    entries[k] = {name = one.name or "", mark = style.mark(look, k), style = style.series(look, k)}
  end
  local lo, hi = scale.extent(lists, given.log_y)
  local y_range
  if given.log_y then
    y_range = {(lo or 1) / 2, (hi or 1) * 1.2}
  else
    lists[#lists + 1] = {0.0, hi and hi > 0 and hi or 1.0}
  end
  local self = chart.new(look, given, {
    x = {lists = {edges}, range = {edges[1], edges[#edges]}},
    y = {lists = lists, range = y_range, log = given.log_y},
  }, entries)
  for k, one in ipairs(given.series) do
    if #given.series == 1 then
      fill(self, edges, one.heights, entries[1].style)
    else
      outline(self, edges, one.heights, entries[k])
    end
  end
  for k, one in ipairs(#given.series > 1 and given.series or {}) do
    local every = math.max(1, #one.heights // 6)
    for i = 1 + (k * every // (#given.series + 1)), #one.heights, every do
      if one.heights[i] > self.y_limits[1] then
        self:mark(self:dot_x((edges[i] + edges[i + 1]) / 2), self:dot_y(one.heights[i]),
                  entries[k].style, entries[k].mark)
      end
    end
  end
  return self:text()
end

-- Points in a plane, by class or by value, in the terminal; behind them where a model decides.
--
-- Invariants: without colours every class has its own character; with them, many points are dots
-- finer than a character, and the last point drawn gives a cell its colour. The line at which a
-- model's most probable class changes is drawn without colours, too.

local chart = require "nnlua.plot.terminal.chart"
local scale = require "nnlua.plot.scale"
local style = require "nnlua.plot.terminal.style"

-- Up to so many points are characters, which are easier to see than dots.
local FEW = 200

-- The most probable class at each of n by n places, row after row from below.
local function winners(probabilities)
  local best = {}
  for i, row in ipairs(probabilities) do
    best[i] = 1
    for k = 2, #row do
      if row[k] > row[best[i]] then best[i] = k end
    end
  end
  return best
end

-- The regions of the classes: colours behind the cells, and dots along the lines between them.
local function draw_regions(self, best, n)
  local grid = self.grid
  local width, height = self.columns * grid.across, self.rows * grid.down
  local function at(x, y) -- of the dot
    local column = math.min(n - 1, (2 * x + 1) * n // (2 * width))
    return best[(n - 1 - math.min(n - 1, (2 * y + 1) * n // (2 * height))) * n + column + 1]
  end
  for y = 0, self.rows - 1 do
    for x = 0, self.columns - 1 do
      local k = at(x * grid.across + grid.across // 2, y * grid.down + grid.down // 2)
      grid:back(self.left + x, self.top + y, style.background(self.look, k))
    end
  end
  if self.look.colour >= 256 then return end
  for y = 0, height - 1 do
    for x = 0, width - 1 do
      local k = at(x, y)
      if x + 1 < width and at(x + 1, y) ~= k or y + 1 < height and at(x, y + 1) ~= k then
        self:dot(x, y, nil, ".")
      end
    end
  end
end

-- The k-th class. classes: {name=, xs=, ys=, values = {} or numbers for the colours} each.
local function draw_class(self, given, class, entry, as_dots)
  local look, lo, hi = self.look, table.unpack(given.range or {})
  local map = given.values and scale.colormap(given.colormap)
  for i, x in ipairs(class.xs) do
    local y, code = class.ys[i], entry.style
    if map then code = style.rgb(look, map(class.values[i], lo, hi)) end
    if code and given.probabilities then code = look.colour >= 256 and "1;97" or code end
    if scale.drawable(x) and scale.drawable(y) then
      local draw = as_dots and self.dot or self.mark
      draw(self, self:dot_x(x), self:dot_y(y), code, entry.mark)
    end
  end
end

--- terminal.points(description, options), terminal.decision_boundary(description, options): see
--- nnlua.plot.terminal.
return function(given, wanted)
  local look = style.look("points", wanted)
  local entries, count = {}, 0
  for k, class in ipairs(given.classes) do
    count = count + #class.xs
    entries[k] = {name = class.name or "", mark = style.mark(look, k),
                  style = style.series(look, k)}
    if given.probabilities and look.colour >= 256 then
      entries[k].style = "1;97;" .. style.background(look, k)
    end
  end
  local self = chart.new(look, given, {x = {range = given.x_range}, y = {range = given.y_range}},
                         entries)
  if given.probabilities then
    draw_regions(self, winners(given.probabilities), given.resolution)
  end
  local as_dots = count > FEW and not given.probabilities
                  and (look.colour > 0 or #given.classes == 1)
  for k, class in ipairs(given.classes) do draw_class(self, given, class, entries[k], as_dots) end
  return self:text()
end

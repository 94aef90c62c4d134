-- A sheet to lay pixels, frames and texts on; what the charts are made of that have no axes.
--
-- Invariants: coordinates are units from the top left corner, y downwards; colours are computed
-- here in Lua (three bytes a pixel), so that several colour maps fit on one sheet; a pixel of an
-- image stays a sharp rectangle at any size.

local gnuplot = require "nnlua.plot.gnuplot"
local scale = require "nnlua.plot.scale"

local Canvas = {}
Canvas.__index = Canvas

-- canvas.EDGE: margin around a sheet; canvas.TITLE_LINE: height of a line of its title;
-- canvas.NARROWEST: width of a sheet, so that its title has room.
local canvas = {EDGE = 16, TITLE_LINE = 28, NARROWEST = 280}

local SMALL, NAME_SIZE = 10, 11 -- fonts of a colour bar's marks and of its name

-- Units a character of a title takes, on the safe side of the fonts' average.
local TITLE_LETTER = 12.5

--- Average width of a character of the given font size, in units, on the safe side.
function canvas.text_width(text, size)
  return (utf8.len(text) or #text) * size * 0.78
end

--- canvas.title(text, width) -> list of lines, broken to fit a sheet of that width.
function canvas.title(text, width)
  return gnuplot.wrap(text, width // TITLE_LETTER)
end

-- How often each of `count` pixels in a row is written, to fill `length` units.
local function repeats(length, count)
  return math.max(count == 1 and 2 or 1, math.ceil(gnuplot.DOTS * length / count))
end

--- canvas.new(width, height) -> an empty white sheet.
function canvas.new(width, height)
  local self = setmetatable({
    width = width, height = height,
    figure = gnuplot.figure(width, height),
    elements = {}, -- images, for the one plot command at the end
  }, Canvas)
  local figure = self.figure
  for _, side in ipairs {"l", "r", "t", "b"} do
    figure:add("set %smargin at screen %d", side, (side == "r" or side == "t") and 1 or 0)
  end
  figure:add("set xrange [0:%d]", width)
  figure:add("set yrange [0:%d]", height)
  figure:add("unset border")
  figure:add("unset tics")
  figure:add("unset key")
  return self
end

--- canvas:text(x, y, text [, style]): y is the middle of the line. style: align ("left", "center"
--- or "right"; default left), size (default 12), rotate (degrees), colour ("#rrggbb").
function Canvas:text(x, y, text, style)
  style = style or {}
  self.figure:add("set label %s at %.3f,%.3f %s front font ',%g' textcolor rgb '%s' %s",
                  gnuplot.quote(text), x, self.height - y, style.align or "left",
                  style.size or 12, style.colour or "#000000",
                  style.rotate and ("rotate by %d"):format(style.rotate) or "norotate")
end

--- canvas:title(lines): from the top left corner down.
function Canvas:title(lines)
  for i, line in ipairs(lines) do
    self:text(canvas.EDGE, canvas.EDGE + (i - 0.65) * canvas.TITLE_LINE, line, {size = 15})
  end
end

--- canvas:frame(x, y, width, height [, colour [, line_width]]): an empty rectangle.
function Canvas:frame(x, y, width, height, colour, line_width)
  self.figure:add("set object rectangle from %.3f,%.3f to %.3f,%.3f front fillstyle empty "
                  .. "border lc rgb '%s' lw %g", x, self.height - y - height, x + width,
                  self.height - y, colour or "#888888", line_width or 0.5)
end

--- canvas:pixels(x, y, width, height, rows): rows of three-byte colours, first row on top, shown
--- as equal rectangles that fill the given one.
function Canvas:pixels(x, y, width, height, rows)
  local n_rows, n_columns = #rows, #rows[1]
  -- Each pixel is repeated up to a PNG's resolution: viewers of an SVG smooth an image that they
  -- enlarge. (gnuplot itself refuses an image of one row or one column.)
  local across, down = repeats(width, n_columns), repeats(height, n_rows)
  local lines = {}
  for r = n_rows, 1, -1 do
    local row = rows[r]
    if across > 1 then
      local wide = {}
      for c, colour in ipairs(row) do
        wide[c] = colour:rep(across)
      end
      row = wide
    end
    lines[#lines + 1] = table.concat(row):rep(down)
  end
  local dx, dy = width / (n_columns * across), height / (n_rows * down)
  self.elements[#self.elements + 1] =
    ("%s array=(%d,%d) dx=%.9g dy=%.9g origin=(%.9g,%.9g) format='%%3uchar' with rgbimage"):format(
      self.figure:data(table.concat(lines)), n_columns * across, n_rows * down, dx, dy,
      x + dx / 2, self.height - y - height + dy / 2)
end

--- canvas:bar(x, y, width, height, colour, marks, vertical): a colour scale with its marks, a list
--- of {place in 0..1, text}; low end at the bottom, or left.
function Canvas:bar(x, y, width, height, colour, marks, vertical)
  local rows, steps = {}, 128
  if vertical then
    for i = 1, steps do
      rows[i] = {colour(steps - i + 0.5, 0, steps)}
    end
  else
    rows[1] = {}
    for i = 1, steps do
      rows[1][i] = colour(i - 0.5, 0, steps)
    end
  end
  self:pixels(x, y, width, height, rows)
  self:frame(x, y, width, height)
  for _, mark in ipairs(marks) do
    if vertical then
      self:text(x + width + 6, y + height * (1 - mark[1]), mark[2], {size = SMALL})
    else
      self:text(x + width * mark[1], y + height + 10, mark[2], {align = "center", size = SMALL})
    end
  end
end

-- Units of a colour bar that stands right of a picture: gap, bar, mark's gap, its name.
local BAR_GAP, BAR_WIDTH, MARK_GAP, BAR_NAME = 20, 14, 6, 22

-- Its marks and the units of their texts.
local function bar_marks(lo, hi, height)
  local marks, widest = scale.marks(lo, hi, height / 45), 0
  for _, mark in ipairs(marks) do
    widest = math.max(widest, canvas.text_width(mark[2], SMALL))
  end
  return marks, widest
end

--- canvas.side_bar_width(lo, hi, height, label) -> units that canvas:side_bar takes.
function canvas.side_bar_width(lo, hi, height, label)
  local _, widest = bar_marks(lo, hi, height)
  return BAR_GAP + BAR_WIDTH + MARK_GAP + widest + (label ~= "" and BAR_NAME or 0)
end

--- canvas:side_bar(x, y, height, colour, lo, hi, label): the colour scale from lo to hi beside a
--- picture that ends at x, with its marks and, unless it is "", what its values are.
function Canvas:side_bar(x, y, height, colour, lo, hi, label)
  local marks, widest = bar_marks(lo, hi, height)
  x = x + BAR_GAP
  self:bar(x, y, BAR_WIDTH, height, colour, marks, true)
  self:text(x + BAR_WIDTH + MARK_GAP + widest + BAR_NAME / 2, y + height / 2,
            gnuplot.cut(label, height // canvas.text_width("m", NAME_SIZE)),
            {align = "center", rotate = 90, size = NAME_SIZE})
end

--- canvas:save(fname, path): as figure:save. The sheet holds at least one image.
function Canvas:save(fname, path)
  self.figure:add("plot %s", table.concat(self.elements, ", "))
  return self.figure:save(fname, path)
end

return canvas

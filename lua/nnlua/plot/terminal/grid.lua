-- A sheet of character cells: texts, and dots finer than a cell, with colours.
--
-- Invariants: cells count from 0, y downwards; what lies outside is not drawn; a line that comes
-- out is never wider than the sheet, ends in no spaces and in no colour. With UTF-8 a cell has 2 by
-- 4 dots, the ones of braille (U+2800 and up); without, a dot is a cell and shows a letter. A style
-- is the inside of an SGR sequence, "38;5;32", or nil.

local core = require "nnlua.core"
local display = require "nnlua.display"

local Grid = {}
Grid.__index = Grid

-- The bit of the dot at column x, row y of a cell: BITS[2 * y + x + 1].
local BITS = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80}

local BRAILLE = {}
for bits = 0, 255 do BRAILLE[bits] = utf8.char(0x2800 + bits) end

local function new(width, height, utf8_wanted)
  return setmetatable({
    width = width, height = height,
    utf8 = utf8_wanted,
    across = utf8_wanted and 2 or 1, -- dots of a cell, each way
    down = utf8_wanted and 4 or 1,
    dots = {},   -- by cell (y * width + x): bits of the dots
    chars = {},  -- by cell: a text one column wide, or two and "" behind it
    styles = {}, -- by cell
    backs = {},  -- by cell: the style of what is behind
  }, Grid)
end

--- grid:put(x, y, char [, style]): a character one column wide, over dots too.
function Grid:put(x, y, char, style)
  if x < 0 or x >= self.width or y < 0 or y >= self.height then return end
  local cell = y * self.width + x
  self.chars[cell], self.styles[cell] = char, style
end

--- grid:back(x, y, style): what is behind the cell's character, "48;5;32".
function Grid:back(x, y, style)
  if x < 0 or x >= self.width or y < 0 or y >= self.height then return end
  self.backs[y * self.width + x] = style
end

--- grid:text(x, y, text [, style]) -> the column behind it. What does not fit is cut.
function Grid:text(x, y, text, style)
  for _, code in utf8.codes(display.clean(text, self.utf8)) do
    local char = utf8.char(code)
    local width = core.display_width(char)
    if width == 0 then -- belongs to the character before
      local cell = y * self.width + x - 1
      if self.chars[cell] and x > 0 and x <= self.width then
        self.chars[cell] = self.chars[cell] .. char
      end
    elseif x + width <= self.width then
      self:put(x, y, char, style)
      if width == 2 then self:put(x + 1, y, "", style) end
    end
    x = x + width
  end
  return x
end

--- grid:dot(x, y, style, letter): one dot, in dots from the top left; the letter stands for it
--- where there is no braille.
function Grid:dot(x, y, style, letter)
  local cx, cy = x // self.across, y // self.down
  if cx < 0 or cx >= self.width or cy < 0 or cy >= self.height then return end
  local cell = cy * self.width + cx
  if self.utf8 then
    self.dots[cell] = (self.dots[cell] or 0) | BITS[2 * (y % 4) + x % 2 + 1]
  else
    self.chars[cell] = letter
  end
  self.styles[cell] = style
end

--- grid:line(x0, y0, x1, y1, style, letter): the dots of a straight line; integers.
function Grid:line(x0, y0, x1, y1, style, letter)
  local dx, dy = math.abs(x1 - x0), -math.abs(y1 - y0)
  local step_x, step_y = x0 < x1 and 1 or -1, y0 < y1 and 1 or -1
  local err = dx + dy
  while true do
    self:dot(x0, y0, style, letter)
    if x0 == x1 and y0 == y1 then return end
    local twice = 2 * err
    if twice >= dy then
      err, x0 = err + dy, x0 + step_x
    end
    if twice <= dx then
      err, y0 = err + dx, y0 + step_y
    end
  end
end

-- One row of cells as text, and the number of cells up to the last that shows something.
local function row_text(self, y)
  local first, last = y * self.width, -1
  for x = self.width - 1, 0, -1 do
    local cell = first + x
    if self.dots[cell] or self.backs[cell] or (self.chars[cell] or " ") ~= " " then
      last = x
      break
    end
  end
  local parts, current = {}, nil
  for x = 0, last do
    local cell = first + x
    local char = self.chars[cell] or self.dots[cell] and BRAILLE[self.dots[cell]] or " "
    local style, back = self.styles[cell], self.backs[cell]
    if back then style = style and style .. ";" .. back or back end
    if style ~= current then
      parts[#parts + 1] = style and "\27[0;" .. style .. "m" or "\27[0m"
      current = style
    end
    parts[#parts + 1] = char
  end
  if current then parts[#parts + 1] = "\27[0m" end
  return table.concat(parts)
end

--- grid:lines() -> list of `height` texts.
function Grid:lines()
  local list = {}
  for y = 0, self.height - 1 do list[y + 1] = row_text(self, y) end
  return list
end

--- grid:picture() -> the lines as one text, each ended by a newline, without empty ones at the end.
function Grid:picture()
  local lines = self:lines()
  while #lines > 1 and lines[#lines] == "" do lines[#lines] = nil end
  return table.concat(lines, "\n") .. "\n"
end

return new

-- Matrices as coloured cells: two pixels in each character, one above the other.
--
-- Invariants: a pixel of the screen that covers several values shows their mean; without 256
-- colours characters of more or less ink stand for the values, from the low end to the high one.

local display = require "nnlua.display"
local scale = require "nnlua.plot.scale"
local style = require "nnlua.plot.terminal.style"

local pixels = {}

-- The mean of the drawable values in a part of a matrix, NaN if there is none. The bounds are
-- fractions of rows and columns from 0.
local function mean(rows, top, bottom, left, right)
  local sum, count = 0, 0
  for r = math.floor(top) + 1, math.max(math.floor(top) + 1, math.ceil(bottom - 1e-9)) do
    for c = math.floor(left) + 1, math.max(math.floor(left) + 1, math.ceil(right - 1e-9)) do
      local v = rows[r] and rows[r][c]
      if v and scale.drawable(v) then
        sum, count = sum + v, count + 1
      end
    end
  end
  return sum / count
end

-- The matrix at another size, as rows of values: nearest values, or means where it is smaller.
local function resized(rows, width, height)
  if #rows == height and #rows[1] == width then return rows end
  local result, h, w = {}, #rows / height, #rows[1] / width
  for y = 1, height do
    result[y] = {}
    for x = 1, width do
      local top = h < 1 and math.floor((y - 0.5) * h) or (y - 1) * h
      local left = w < 1 and math.floor((x - 0.5) * w) or (x - 1) * w
      result[y][x] = mean(rows, top, h < 1 and top + 1 or y * h, left, w < 1 and left + 1 or x * w)
    end
  end
  return result
end

--- pixels.draw(grid, look, x, y, width, height, rows, colours): the matrix on width by height
--- pixels with its corner at that cell; (height + 1) // 2 rows of cells. colours: {map, lo, hi}.
function pixels.draw(grid, look, x, y, width, height, rows, colours)
  local map, lo, hi = colours.map, colours.lo, colours.hi
  local values = resized(rows, width, height)
  for row = 1, height, 2 do
    local upper, lower = values[row], values[row + 1]
    for c = 1, width do
      local at_x, at_y = x + c - 1, y + row // 2
      if look.colour >= 256 and look.utf8 then
        grid:put(at_x, at_y, "▀", style.rgb(look, map(upper[c], lo, hi)))
        if lower then grid:back(at_x, at_y, style.rgb(look, map(lower[c], lo, hi), true)) end
      else
        local v = lower and mean({{upper[c], lower[c]}}, 0, 1, 0, 2) or upper[c]
        local share = scale.drawable(v) and (v - lo) / (hi - lo)
        grid:put(at_x, at_y, share and style.shade(look, share) or "?")
      end
    end
  end
end

local BAR = 24 -- columns of the scale

--- pixels.bar(grid, look, y, colours, label): the colours' scale on one row: its ends, what is
--- between them, the label.
function pixels.bar(grid, look, y, colours, label)
  local lo, hi = colours.lo, colours.hi
  local function number(v) return ("%.3g"):format(v) end
  local x = grid:text(0, y, number(lo) .. " ")
  local columns = math.min(BAR, look.width - x - display.width(number(hi)) - 1)
  for i = 1, columns do
    local v = lo + (hi - lo) * (i - 0.5) / columns
    if look.colour >= 256 then
      grid:put(x + i - 1, y, " ")
      grid:back(x + i - 1, y, style.rgb(look, colours.map(v, lo, hi), true))
    else
      grid:put(x + i - 1, y, style.shade(look, (v - lo) / (hi - lo)))
    end
  end
  x = grid:text(x + math.max(columns, 0), y, " " .. number(hi) .. "  ")
  grid:text(x, y, display.clip(display.clean(label or "", look.utf8), look.width - x, look.utf8),
            style.faint(look))
end

return pixels

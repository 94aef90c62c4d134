-- Heat maps and confusion matrices in the terminal.
--
-- Invariants: the first row is on top; where the numbers fit, each cell has its own and a row of
-- characters; where they do not, cells are pixels, and of a matrix wider than the terminal a pixel
-- is the mean of several. Labels never touch; what does not fit is left out.

local display = require "nnlua.display"
local Grid = require "nnlua.plot.terminal.grid"
local heading = require "nnlua.plot.terminal.heading"
local pixels = require "nnlua.plot.terminal.pixels"
local scale = require "nnlua.plot.scale"
local style = require "nnlua.plot.terminal.style"

local HIGHEST = 40 -- rows of characters that a matrix of pixels may take
local LARGEST = 6  -- pixels of a value, each way

local function widest(texts)
  local width = 0
  for _, text in ipairs(texts) do width = math.max(width, display.width(text)) end
  return width
end

-- The labels, clipped; numbers where there are none.
local function labels_of(look, given, count, room)
  local labels = {}
  for i = 1, count do
    labels[i] = display.clip(display.clean(given and given[i] or tostring(i), look.utf8), room,
                             look.utf8)
  end
  return labels
end

-- Black or white, whichever is told better from a colour of three bytes.
local function ink(colour)
  local r, g, b = colour:byte(1, 3)
  return 0.299 * r + 0.587 * g + 0.114 * b > 128 and "38;5;16" or "38;5;231"
end

local function draw_numbers(grid, look, x, y, cell, given, colours)
  for i, row in ipairs(given.texts) do
    for j, text in ipairs(row) do
      local colour = colours.map(given.values[i][j], colours.lo, colours.hi)
      local back = style.rgb(look, colour, true)
      local left = x + (j - 1) * cell
      for c = 0, cell - 1 do
        grid:put(left + c, y + i - 1, " ")
        grid:back(left + c, y + i - 1, back)
      end
      grid:text(left + cell - display.width(text) - (cell > display.width(text) and 1 or 0),
                y + i - 1, display.clean(text, look.utf8), back and ink(colour))
    end
  end
end

-- Pixels of the whole matrix, each way, for a room of so many columns.
local function pixel_size(rows, columns, room)
  if columns > room then
    return room, math.max(1, math.min(2 * HIGHEST, math.floor(rows * room / columns + 0.5)))
  end
  local size = math.max(1, math.min(LARGEST, room // columns, 2 * HIGHEST // rows))
  return columns * size, math.min(rows * size, 2 * HIGHEST)
end

--- terminal.heatmap(description, options): see nnlua.plot.terminal.
return function(given, wanted)
  local look = style.look("heatmap", wanted)
  local values, n, m = given.values, #given.values, #given.values[1]
  local beside = labels_of(look, given.row_labels, n, look.width // 4)
  local below = labels_of(look, given.column_labels, m, look.width)
  local x = widest(beside) + 1
  local room = math.max(1, look.width - x)
  local colours = {map = scale.colormap(given.colormap), lo = given.range[1], hi = given.range[2]}
  local number = 0
  for _, row in ipairs(given.texts or {}) do number = math.max(number, widest(row)) end
  local cell = math.max(number + 1, math.min(widest(below) + 1, number + 5))
  if cell * m > room then cell = number + 1 end
  local with_numbers = given.texts and cell * m <= room
  local width, height = m * cell, 2 * n
  if not with_numbers then width, height = pixel_size(n, m, room) end
  local rows = (height + 1) // 2

  local head = heading(look, given)
  local grid = Grid(look.width, #head + rows + 3, look.utf8)
  head.draw(grid)
  local y = #head
  if with_numbers then
    draw_numbers(grid, look, x, y, cell, given, colours)
  else
    pixels.draw(grid, look, x, y, width, height, values, colours)
  end
  local free = 0
  for i, label in ipairs(beside) do
    local row = math.floor((i - 0.5) / n * rows)
    if row >= free then
      grid:text(x - 1 - display.width(label), y + row, label)
      free = row + 1
    end
  end
  free = 0
  for j, label in ipairs(below) do
    local middle = x + (j - 0.5) / m * width
    local at = math.floor(middle - display.width(label) / 2 + (with_numbers and 0.5 or 0))
    if at >= free and at + display.width(label) <= look.width then
      grid:text(at, y + rows, label)
      free = at + display.width(label) + 1
    end
  end
  local xlabel = display.clip(display.clean(given.xlabel or "", look.utf8), look.width, look.utf8)
  grid:text(math.max(0, math.min(x + (width - display.width(xlabel)) // 2,
                                 look.width - display.width(xlabel))), y + rows + 1, xlabel,
            style.faint(look))
  pixels.bar(grid, look, y + rows + (xlabel ~= "" and 2 or 1), colours, given.value_label)
  return grid:picture()
end

-- What a network does with a few inputs, in the terminal: for each layer a strip per sample.
--
-- Invariants: a sample has one row in every layer; a layer wider than the terminal is shown by
-- means of neighbouring units. The inputs themselves are not shown.

local display = require "nnlua.display"
local Grid = require "nnlua.plot.terminal.grid"
local heading = require "nnlua.plot.terminal.heading"
local pixels = require "nnlua.plot.terminal.pixels"
local style = require "nnlua.plot.terminal.style"

local LARGEST = 6 -- columns of a unit

local function clean(look, text, room)
  return display.clip(display.clean(text, look.utf8), room, look.utf8)
end

-- The cells behind a sample's label: "7" or, where it has a note, "7 -> 1".
local function names_of(look, given, count)
  local names, width = {}, 0
  for i = 1, count do
    local label, note = (given.labels or {})[i] or tostring(i), (given.notes or {})[i]
    local text = note and label .. (look.utf8 and " → " or " > ") .. note or label
    names[i] = clean(look, text, look.width // 3)
    width = math.max(width, display.width(names[i]))
  end
  return names, width
end

--- terminal.activations(description, options): see nnlua.plot.terminal.
return function(given, wanted)
  local look = style.look("activations", wanted)
  local count = #given.images
  local names, gutter = names_of(look, given, count)
  local room = math.max(1, look.width - gutter - 1)
  local head = heading(look, given)
  local grid = Grid(look.width, #head + #given.layers * (count + 3), look.utf8)
  head.draw(grid)
  local y = #head
  for _, layer in ipairs(given.layers) do
    local units = #layer.values[1]
    local width = units > room and room or units * math.min(LARGEST, room // units)
    grid:text(0, y, clean(look, ("%s (%d)"):format(layer.name, units), look.width),
              style.bold(look))
    for i, name in ipairs(names) do grid:text(gutter - display.width(name), y + i, name) end
    local colours = {map = layer.colour, lo = layer.lo, hi = layer.hi}
    pixels.draw(grid, look, gutter + 1, y + 1, width, 2 * count, layer.values, colours)
    pixels.bar(grid, look, y + count + 1, colours)
    y = y + count + 3
  end
  return grid:picture()
end

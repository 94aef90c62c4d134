-- A labelled grid of images in the terminal.
--
-- Invariants: pixels are squares, two to a character; all images have one size, the largest that
-- fits side by side, reduced if need be; of images that would still be too small fewer stand in a
-- row.

local display = require "nnlua.display"
local Grid = require "nnlua.plot.terminal.grid"
local heading = require "nnlua.plot.terminal.heading"
local pixels = require "nnlua.plot.terminal.pixels"
local scale = require "nnlua.plot.scale"
local style = require "nnlua.plot.terminal.style"

local SMALLEST = 8 -- columns of a reduced image
local LARGEST = 4  -- columns of a pixel

-- Colour maps of pictures, whose values are told without a scale.
local UNSCALED = {gray = true, ink = true}

--- terminal.images(description, options): see nnlua.plot.terminal.
return function(given, wanted)
  local look = style.look("images", wanted)
  local list, labels = given.images, given.labels
  local h, w = #list[1], #list[1][1]
  local most = math.max(1, (look.width + 1) // (math.min(w, SMALLEST) + 1))
  local columns = math.max(1, math.min(given.columns or #list, most, #list))
  local room = math.max(1, (look.width - columns + 1) // columns)
  local width = room >= w and w * math.min(LARGEST, room // w) or room
  local height = math.max(1, math.floor(h * width / w + 0.5))
  local colours = {map = scale.colormap(given.colormap), lo = given.range[1], hi = given.range[2]}
  local with_bar = (given.value_label or "") ~= "" or not UNSCALED[given.colormap]
  local head = heading(look, given)
  local pitch = (height + 1) // 2 + (labels and 1 or 0) + 1
  local lines = math.ceil(#list / columns)
  local grid = Grid(look.width, #head + lines * pitch + 1, look.utf8)
  head.draw(grid)
  for i, image in ipairs(list) do
    local x = (i - 1) % columns * (width + 1)
    local y = #head + (i - 1) // columns * pitch
    if labels then
      local text = display.clip(display.clean(labels[i], look.utf8), width, look.utf8)
      grid:text(x + (width - display.width(text)) // 2, y, text)
      y = y + 1
    end
    pixels.draw(grid, look, x, y, width, height, image, colours)
  end
  if with_bar then
    pixels.bar(grid, look, #head + lines * pitch, colours, given.value_label)
  end
  return grid:picture()
end

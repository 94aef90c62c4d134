-- A labelled grid of images that share one colour scale: weights, or samples of a data set.
--
-- Invariants: all images have one size and one scale; a diverging scale is symmetrical, so zero is
-- white; a pixel is a square of whole dots, or with `smooth` blends into its neighbours
-- between their centres.

local canvas = require "nnlua.plot.canvas"
local gnuplot = require "nnlua.plot.gnuplot"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"
local scale = require "nnlua.plot.scale"
local screen = require "nnlua.plot.screen"

local DEFAULTS = {
  images = options.optional, columns = options.optional, labels = options.optional,
  title = options.optional, colormap = "gray", range = options.optional,
  value_label = options.optional, smooth = false,
}

-- Colour maps of pictures, whose values are told without a scale beside them.
local UNSCALED = {gray = true, ink = true}

-- Interpolated pixels a side of a pixel: enough that no steps are seen.
local FINER = 4

-- Units. The grid grows to about FULL; a pixel to at most LARGEST.
local FULL, LARGEST = 440, 20
local EDGE, TITLE_LINE, LABEL_LINE, LABEL_SIZE = canvas.EDGE, canvas.TITLE_LINE, 18, 11
local BAR_SHORTEST = 120

-- Units between images, and units a side of a pixel: as large as fits, wide enough for the labels
-- unless they are very long, in whole dots of a PNG.
local function sizes(columns, image, labels)
  local width, needed, dots = #image[1], 0, gnuplot.DOTS
  for _, label in ipairs(labels or {}) do
    needed = math.max(needed, canvas.text_width(label, LABEL_SIZE))
  end
  local gap = math.max(3, math.min(10, FULL // (14 * columns)))
  local fit = math.min(LARGEST, (FULL - (columns - 1) * gap) / (columns * width))
  local wider = math.min(math.ceil(dots * needed / width), math.floor(2 * dots * fit))
  return gap, math.max(1, math.floor(dots * fit), wider) / dots
end

-- The matrix at FINER times its resolution, linear between the centres of the pixels; what lies
-- outside the outer centres takes their values.
local function interpolated(image)
  local h, w = #image, #image[1]
  local function place(i, count)
    local at = math.max(1, math.min(count, (i - 0.5) / FINER + 0.5))
    local before = math.min(math.floor(at), math.max(1, count - 1))
    return before, math.min(before + 1, count), at - before
  end
  local rows = {}
  for r = 1, FINER * h do
    local above, below, down = place(r, h)
    local a, b, row = image[above], image[below], {}
    for c = 1, FINER * w do
      local left, right, across = place(c, w)
      local upper = a[left] + (a[right] - a[left]) * across
      local lower = b[left] + (b[right] - b[left]) * across
      row[c] = upper + (lower - upper) * down
    end
    rows[r] = row
  end
  return rows
end

-- Three bytes for every value.
local function coloured(image, colour, lo, hi)
  local rows = {}
  for r, values in ipairs(image) do
    local row = {}
    for c, v in ipairs(values) do
      row[c] = colour(v, lo, hi)
    end
    rows[r] = row
  end
  return rows
end

local images = {}

--- images.describe(fname, given) -> the options checked: images as a list of matrices, labels as
--- strings, columns, and range as {lo, hi} of the colours.
function images.describe(fname, given)
  local description = options.check(fname, given, DEFAULTS)
  local list = input.images(fname, description.images)
  description.images = list
  description.labels = input.texts(fname, "labels", description.labels, #list)
  description.columns = math.min(#list, input.count(fname, "columns", description.columns,
                                                    math.ceil(math.sqrt(#list))))
  description.title = input.text(fname, "title", description.title)
  description.value_label = input.text(fname, "value_label", description.value_label)
  input.colormap(fname, description.colormap)
  local rows = {}
  for _, image in ipairs(list) do
    table.move(image, 1, #image, #rows + 1, rows)
  end
  description.range = {input.colour_range(fname, description.range, description.colormap, rows)}
  return description
end

--- images.draw(fname, path, description) -> true | nil, message.
function images.draw(fname, path, description)
  local list, labels, columns = description.images, description.labels, description.columns
  local colour, value_label = scale.colormap(description.colormap), description.value_label
  local lo, hi = description.range[1], description.range[2]
  local lines = math.ceil(#list / columns)
  local gap, pixel = sizes(columns, list[1], labels)
  local w, h = #list[1][1] * pixel, #list[1] * pixel
  local label_line = labels and LABEL_LINE or 0
  local pitch_x, pitch_y = w + gap, h + gap + label_line
  local grid_width, grid_height = columns * pitch_x - gap, lines * pitch_y - gap
  local with_bar = value_label ~= "" or not UNSCALED[description.colormap]
  local width, height = grid_width + 2 * EDGE, grid_height
  if with_bar then
    height = math.max(height, BAR_SHORTEST + label_line)
    width = width + canvas.side_bar_width(lo, hi, height - label_line, value_label)
  end
  width = math.max(width, canvas.NARROWEST)
  local title = canvas.title(description.title, width)
  local top = EDGE + #title * TITLE_LINE

  local sheet = canvas.new(math.ceil(width), math.ceil(height + top + EDGE))
  sheet:title(title)
  for i, image in ipairs(list) do
    local x = EDGE + (i - 1) % columns * pitch_x
    local y = top + (i - 1) // columns * pitch_y
    if labels then
      local text = gnuplot.cut(labels[i], pitch_x // canvas.text_width("m", LABEL_SIZE))
      sheet:text(x + w / 2, y + LABEL_LINE / 2, text, {align = "center", size = LABEL_SIZE})
    end
    if description.smooth then
      image = interpolated(image)
    end
    sheet:pixels(x, y + label_line, w, h, coloured(image, colour, lo, hi))
    sheet:frame(x, y + label_line, w, h)
  end
  if with_bar then
    sheet:side_bar(EDGE + grid_width, top + label_line, height - label_line, colour, lo, hi,
                   value_label)
  end
  return sheet:save(fname, path)
end

--- images.images(path, {images=, ...}): see nnlua.plot.
function images.images(path, given)
  local format = gnuplot.format("plot.images", path)
  local description = images.describe("plot.images", given)
  if format == "terminal" then
    return screen.show("images", description)
  end
  return images.draw("plot.images", path, description)
end

return images

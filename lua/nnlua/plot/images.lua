-- A labelled grid of images that share one colour scale: weights, or samples of a data set.
--
-- Invariants: all images have one size and one scale; a diverging scale is symmetrical, so zero is
-- white; a pixel is a square of whole dots, or with `smooth` blends into its neighbours
-- between their centres.

local canvas = require "nnlua.plot.canvas"
local gnuplot = require "nnlua.plot.gnuplot"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"

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

-- Units between images, and units a side of a pixel: as large as fits, wide enough for the labels,
-- in whole dots of a PNG.
local function sizes(columns, image, labels)
  local width, needed = #image[1], 0
  for _, label in ipairs(labels or {}) do
    needed = math.max(needed, canvas.text_width(label, LABEL_SIZE))
  end
  local gap = math.max(3, math.min(10, FULL // (14 * columns)))
  local fit = math.min(LARGEST, (FULL - (columns - 1) * gap) / (columns * width))
  fit = math.max(fit, math.min(needed / width, 4 * fit))
  return gap, math.max(1, math.floor(gnuplot.DOTS * fit)) / gnuplot.DOTS
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

--- plot.images(path, {images=, ...}): see nnlua.plot.
return function(path, given)
  local fname = "plot.images"
  gnuplot.format(fname, path)
  given = options.check(fname, given, DEFAULTS)
  local images = input.images(fname, given.images)
  local labels = input.texts(fname, "labels", given.labels, #images)
  local columns = input.count(fname, "columns", given.columns, math.ceil(math.sqrt(#images)))
  local colour = input.colormap(fname, given.colormap)
  local all = {}
  for _, image in ipairs(images) do
    table.move(image, 1, #image, #all + 1, all)
  end
  local lo, hi = input.colour_range(fname, given.range, given.colormap, all)
  local value_label = input.text(fname, "value_label", given.value_label)

  columns = math.min(columns, #images)
  local lines = math.ceil(#images / columns)
  local gap, pixel = sizes(columns, images[1], labels)
  local w, h = #images[1][1] * pixel, #images[1] * pixel
  local label_line = labels and LABEL_LINE or 0
  local pitch_x, pitch_y = w + gap, h + gap + label_line
  local grid_width, grid_height = columns * pitch_x - gap, lines * pitch_y - gap
  local with_bar = value_label ~= "" or not UNSCALED[given.colormap]
  local width, height = grid_width + 2 * EDGE, grid_height
  if with_bar then
    height = math.max(height, BAR_SHORTEST + label_line)
    width = width + canvas.side_bar_width(lo, hi, height - label_line, value_label)
  end
  local title = canvas.title(input.text(fname, "title", given.title), width)
  local top = EDGE + #title * TITLE_LINE

  local sheet = canvas.new(math.ceil(width), math.ceil(height + top + EDGE))
  sheet:title(title)
  for i, image in ipairs(images) do
    local x = EDGE + (i - 1) % columns * pitch_x
    local y = top + (i - 1) // columns * pitch_y
    if labels then
      sheet:text(x + w / 2, y + LABEL_LINE / 2, labels[i], {align = "center", size = LABEL_SIZE})
    end
    if given.smooth then
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

-- What each layer does with sample inputs: one row per sample, its image at the left, then for each
-- layer a strip with one cell per unit.
--
-- Invariants: rows and columns line up over the whole sheet; each layer has one colour scale for
-- all samples, printed below it: white is zero; layers with negative values get a symmetrical one.

local canvas = require "nnlua.plot.canvas"
local gnuplot = require "nnlua.plot.gnuplot"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"
local scale = require "nnlua.plot.scale"
local screen = require "nnlua.plot.screen"

local DEFAULTS = {
  images = options.optional, layers = options.optional, labels = options.optional,
  notes = options.optional, title = options.optional, labels_title = options.optional,
  notes_title = options.optional,
}
local LAYER = {name = options.optional, values = options.optional, units = options.optional}

-- Units.
local EDGE, TITLE_LINE, HEAD_LINE, TICK_LINE = canvas.EDGE, canvas.TITLE_LINE, 20, 20
local ROW, ROW_GAP, COLUMN_GAP = 42, 6, 26
local LAYER_WIDTH, CELL_LEAST, CELL_MOST = 280, 1.5, 26
local BAR_HEIGHT, BAR_TEXT, BAR_LONGEST = 10, 20, 180
local SIZE, SMALL, AXIS_NAMES = 11, 10, 60

-- Units that the widest of these texts takes.
local function widest(texts)
  local width = 0
  for _, text in ipairs(texts) do
    width = math.max(width, canvas.text_width(text, SIZE))
  end
  return width
end

-- The checked layers: list of {name, values (samples by units), units, colour, lo, hi, cell}.
local function read_layers(fname, given, samples)
  if type(given) ~= "table" or #given == 0 then
    input.raise(fname, "layers", "a list of at least one {name=, values=} expected, got %s",
                type(given) == "table" and "an empty table" or type(given))
  end
  local result = {}
  for i, one in ipairs(given) do
    local what = ("layers[%d]"):format(i)
    if type(one) ~= "table" then
      input.raise(fname, what, "{name=, values=} expected, got %s", type(one))
    end
    one = options.check(fname, one, LAYER)
    local values = input.matrix(fname, what .. ".values", one.values)
    if #values ~= samples then
      input.raise(fname, what .. ".values", "%d rows for %d images", #values, samples)
    end
    local lo, hi = scale.extent(values)
    local signed = lo and lo < 0
    hi = math.max(math.abs(lo or 0), math.abs(hi or 0))
    hi = scale.linear(0.0, hi > 0 and hi or 1.0, 5, "near")[2]
    local units = input.texts(fname, what .. ".units", one.units, #values[1])
    local cell = math.max(CELL_LEAST, math.min(CELL_MOST, LAYER_WIDTH / #values[1]))
    result[i] = {
      name = input.text(fname, what .. ".name", one.name),
      values = values,
      units = units,
      colour = scale.colormap(signed and "diverging" or "sequential"),
      lo = signed and -hi or 0.0,
      hi = hi,
      -- wider where that gives all names room
      cell = math.max(cell, math.min(widest(units or {}) + 4, LAYER_WIDTH / #values[1])),
    }
  end
  return result
end

local function draw_images(sheet, images, x, y, width)
  local all = {}
  for _, image in ipairs(images) do
    table.move(image, 1, #image, #all + 1, all)
  end
  local lo, hi = scale.extent(all)
  lo, hi = math.min(lo or 0, 0), hi or 1
  local ink = scale.colormap("ink")
  for i, image in ipairs(images) do
    local rows = {}
    for r, values in ipairs(image) do
      rows[r] = {}
      for c, v in ipairs(values) do
        rows[r][c] = ink(v, lo, hi > lo and hi or lo + 1)
      end
    end
    local top = y + (i - 1) * (ROW + ROW_GAP)
    sheet:pixels(x, top, width, ROW, rows)
    sheet:frame(x, top, width, ROW, "#bbbbbb")
  end
end

-- What stands below a layer's cells: the names of its units, or a round selection of numbers; of
-- many names only every second, third, ... so that they do not overlap.
local function draw_units(sheet, layer, x, y)
  local marks = {}
  if layer.units then
    local every = math.ceil((widest(layer.units) + 4) / layer.cell)
    for u = 1, #layer.units, every do
      marks[#marks + 1] = {u, layer.units[u]}
    end
  else
    marks = select(2, scale.linear(1.0, #layer.values[1] + 0.0, 6, "exact", 1))
    if marks[1][1] ~= 1 then
      table.insert(marks, 1, {1, "1"})
    end
  end
  for _, mark in ipairs(marks) do
    sheet:text(x + (mark[1] - 0.5) * layer.cell, y, mark[2], {align = "center", size = SMALL})
  end
end

local function draw_layer(sheet, layer, x, y)
  local width = layer.cell * #layer.values[1]
  for i, values in ipairs(layer.values) do
    local row = {}
    for u, v in ipairs(values) do
      row[u] = layer.colour(v, layer.lo, layer.hi)
    end
    local top = y + (i - 1) * (ROW + ROW_GAP)
    sheet:pixels(x, top, width, ROW, {row})
    sheet:frame(x, top, width, ROW, "#bbbbbb")
  end
  local bottom = y + #layer.values * (ROW + ROW_GAP) - ROW_GAP
  draw_units(sheet, layer, x, bottom + TICK_LINE / 2)
  local length = math.min(width, BAR_LONGEST)
  sheet:bar(x + (width - length) / 2, bottom + TICK_LINE + 8, length, BAR_HEIGHT, layer.colour,
            scale.marks(layer.lo, layer.hi, length / 50))
end

--- plot.activations(path, {images=, layers=, ...}): see nnlua.plot.
return function(path, given)
  local fname = "plot.activations"
  local format = gnuplot.format(fname, path)
  given = options.check(fname, given, DEFAULTS)
  local images = input.images(fname, given.images)
  local layers = read_layers(fname, given.layers, #images)
  local labels = input.texts(fname, "labels", given.labels, #images) or {}
  local notes = input.texts(fname, "notes", given.notes, #images) or {}
  local labels_title = input.text(fname, "labels_title", given.labels_title)
  local notes_title = input.text(fname, "notes_title", given.notes_title)
  if format == "terminal" then
    given.images, given.layers, given.labels, given.notes = images, layers, labels, notes
    return screen.show("activations", given)
  end

  -- columns from left to right: label, image, layers, note
  local image_width = ROW * #images[1][1] / #images[1]
  local label_width = math.max(widest(labels), widest {labels_title})
  local note_width = math.max(widest(notes), widest {notes_title})
  local image_x = math.max(EDGE + label_width + (label_width > 0 and 10 or 0), AXIS_NAMES)
  local x = image_x + image_width
  for _, layer in ipairs(layers) do
    layer.x = x + COLUMN_GAP
    layer.width = layer.cell * #layer.values[1]
    layer.heading = gnuplot.wrap(layer.name, math.max(16, layer.width // (SIZE * 0.78)))
    x = layer.x + math.max(layer.width, widest(layer.heading))
  end
  local note_x = x + COLUMN_GAP
  local width = note_width > 0 and note_x + note_width + EDGE or x + EDGE
  local title = canvas.title(input.text(fname, "title", given.title), width)
  local head_lines = 1
  for _, layer in ipairs(layers) do
    head_lines = math.max(head_lines, #layer.heading)
  end
  local head = EDGE + #title * TITLE_LINE
  local top = head + head_lines * HEAD_LINE + 4
  local height = top + #images * (ROW + ROW_GAP) - ROW_GAP + TICK_LINE + 8 + BAR_HEIGHT + BAR_TEXT
                 + EDGE

  local sheet = canvas.new(math.ceil(width), math.ceil(height))
  sheet:title(title)
  local head_y = top - 4 - HEAD_LINE / 2
  sheet:text(EDGE, head_y, labels_title, {size = SIZE})
  sheet:text(note_x, head_y, notes_title, {size = SIZE})
  for i = 1, #images do
    local y = top + (i - 1) * (ROW + ROW_GAP) + ROW / 2
    sheet:text(image_x - 10, y, labels[i] or "", {size = SIZE, align = "right"})
    sheet:text(note_x, y, notes[i] or "", {size = SIZE})
  end
  draw_images(sheet, images, image_x, top, image_width)
  for _, layer in ipairs(layers) do
    for i, line in ipairs(layer.heading) do
      sheet:text(layer.x, head_y + (i - #layer.heading) * HEAD_LINE, line, {size = SIZE})
    end
    draw_layer(sheet, layer, layer.x, top)
  end
  local under = top + #images * (ROW + ROW_GAP) - ROW_GAP + TICK_LINE / 2
  local axis = {align = "right", size = SMALL, colour = "#444444"}
  sheet:text(layers[1].x - 10, under, "unit", axis)
  sheet:text(layers[1].x - 10, under + TICK_LINE / 2 + 8 + BAR_HEIGHT / 2, "activation", axis)
  return sheet:save(fname, path)
end

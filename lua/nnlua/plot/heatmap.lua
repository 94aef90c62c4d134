-- Heat maps: a matrix as coloured cells, with names of its rows and columns and the colours' scale.
--
-- Invariants: the first row is on top; a number in a cell is black or white, whichever is told
-- better from the cell's colour; names never meet: those below are turned where they are wider than
-- their column, and of many only every second, third, ... is shown.

local canvas = require "nnlua.plot.canvas"
local chart = require "nnlua.plot.chart"
local gnuplot = require "nnlua.plot.gnuplot"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"
local scale = require "nnlua.plot.scale"
local screen = require "nnlua.plot.screen"

local DEFAULTS = chart.options {
  values = options.optional, row_labels = options.optional, column_labels = options.optional,
  colormap = options.optional, range = options.optional, numbers = options.optional,
  value_label = options.optional,
}

-- Units. The cells grow to about FULL, each to at most LARGEST, or to FEW where there are few: the
-- matrix takes LEAST; NARROW: no narrower than this are cells made to be squares.
local FULL, LARGEST, FEW, LEAST, NARROW = 400, 44, 65, 130, 6
local EDGE, TITLE_LINE, NAME_LINE = canvas.EDGE, canvas.TITLE_LINE, 22
local LABEL_SIZE, NUMBER_SIZE, NAME_SIZE = 11, 10, 13
local LABEL_LINE, NUMBER_LINE, DIGIT, GAP = 16, 15, 8.6, 6
local LONGEST = 24 -- characters of a row's or a column's name
local SHORTEST = 100 -- units of the colour bar

-- The relative luminance of a colour of three bytes, by "Web Content Accessibility Guidelines 2.1".
local function luminance(colour)
  local sum = 0
  for c, weight in ipairs {0.2126, 0.7152, 0.0722} do
    local v = colour:byte(c) / 255
    sum = sum + weight * (v <= 0.03928 and v / 12.92 or ((v + 0.055) / 1.055) ^ 2.4)
  end
  return sum
end

local heatmap = {}

--- heatmap.ink(colour) -> "#000000" or "#ffffff": what has more contrast with the colour's three
--- bytes, at least 4.5 to 1.
function heatmap.ink(colour)
  local l = luminance(colour)
  return (l + 0.05) / 0.05 >= 1.05 / (l + 0.05) and "#000000" or "#ffffff"
end

-- The texts in the cells: rows of strings.
local function number_texts(fname, numbers, rows)
  local format = numbers
  if numbers == true then
    local whole, largest = true, 0
    for _, row in ipairs(rows) do
      for _, v in ipairs(row) do
        whole = whole and (v % 1 == 0 or not scale.drawable(v))
        largest = scale.drawable(v) and math.max(largest, math.abs(v)) or largest
      end
    end
    format = (largest >= 1e6 or largest > 0 and largest < 1e-3) and "%.2g" or whole and "%.0f"
             or largest >= 100 and "%.1f" or largest < 0.1 and "%.4f" or "%.2f"
  end
  local texts = {}
  for i, row in ipairs(rows) do
    texts[i] = {}
    for j, v in ipairs(row) do
      local ok, text = pcall(string.format, format, v)
      if not ok then
        input.raise(fname, "numbers", "true or a format such as '%%.2f' expected, got '%s'", format)
      end
      texts[i][j] = v ~= v and "nan" or gnuplot.cut(text:gsub("^%-", "−"), 12)
    end
  end
  return texts
end

-- Units of the widest of these texts of the given font size.
local function widest(texts, size)
  local width = 0
  for _, text in ipairs(texts) do
    width = math.max(width, canvas.text_width(text, size))
  end
  return width
end

-- Which of `count` rows or columns of `pitch` units are named, and how: list of {number, text}. A
-- name needs `least` units.
local function marks_of(labels, count, pitch, least)
  local marks = {}
  if labels then
    for i = 1, count, math.max(1, math.ceil(least / pitch)) do
      marks[#marks + 1] = {i, gnuplot.cut(labels[i], LONGEST)}
    end
    return marks
  end
  local most = math.max(2, math.min(8, count * pitch // 50))
  marks = select(2, scale.linear(1.0, count + 0.0, most, "exact", 1))
  if count == 1 then
    marks = {{1, "1"}}
  elseif marks[1][1] ~= 1 then
    table.insert(marks, 1, {1, "1"})
  end
  return marks
end

local function texts_of(marks)
  local texts = {}
  for i, mark in ipairs(marks) do texts[i] = mark[2] end
  return texts
end

-- Units of a cell, each way: squares where that leaves room, whole dots of a PNG, wide enough for
-- the texts in them.
local function cell_size(rows, columns, texts)
  local w, h = math.min(LARGEST, FULL / columns), math.min(LARGEST, FULL / rows)
  if math.min(w, h) >= NARROW or math.max(w, h) < 3 * math.min(w, h) then
    w, h = math.min(w, h), math.min(w, h)
  end
  for _, row in ipairs(texts or {}) do
    for _, text in ipairs(row) do
      local lines, longest = 0, 0
      for line in (text .. "\n"):gmatch("(.-)\n") do
        lines, longest = lines + 1, math.max(longest, utf8.len(line))
      end
      w, h = math.max(w, longest * DIGIT + 8), math.max(h, lines * NUMBER_LINE + 6)
    end
  end
  w, h = math.max(w, math.min(FEW, LEAST / columns)), math.max(h, math.min(FEW, LEAST / rows))
  local function whole(v) return math.max(1, math.floor(gnuplot.DOTS * v)) / gnuplot.DOTS end
  return whole(w), whole(h)
end

local function draw_numbers(sheet, x, y, w, h, colours, texts)
  for i, row in ipairs(texts) do
    for j, text in ipairs(row) do
      local ink, lines = heatmap.ink(colours[i][j]), {}
      for line in (text .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
      for k, line in ipairs(lines) do
        local middle = y + (i - 0.5) * h + (k - (#lines + 1) / 2) * NUMBER_LINE
        sheet:text(x + (j - 0.5) * w, middle, line,
                   {align = "center", size = NUMBER_SIZE, colour = ink})
      end
    end
  end
end

--- heatmap.draw(fname, path, spec) -> true | nil, message. spec: values (rows of numbers),
--- colormap, range {lo, hi}, row_labels, column_labels (or nil: numbers), texts (rows of strings,
--- or nil), title, xlabel, ylabel, value_label.
function heatmap.draw(fname, path, spec)
  local rows, columns = #spec.values, #spec.values[1]
  local colour, lo, hi = scale.colormap(spec.colormap), spec.range[1], spec.range[2]
  local w, h = cell_size(rows, columns, spec.texts)
  local beside = marks_of(spec.row_labels, rows, h, LABEL_LINE)
  local below = marks_of(spec.column_labels, columns, w, LABEL_LINE)
  local below_width = widest(texts_of(below), LABEL_SIZE)
  local turned = spec.column_labels ~= nil and below_width > w - 4
  local width, height = columns * w, rows * h

  local left = EDGE + (spec.ylabel ~= "" and NAME_LINE or 0) + widest(texts_of(beside), LABEL_SIZE)
               + GAP
  local bar_height = math.max(height, SHORTEST)
  local right = left + width + canvas.side_bar_width(lo, hi, bar_height, spec.value_label) + EDGE
  right = math.max(right, canvas.NARROWEST)
  local title = canvas.title(spec.title, right)
  local top = EDGE + #title * TITLE_LINE
  local names_height = turned and below_width or LABEL_LINE
  local under = top + GAP + math.max(height + names_height, bar_height)
  local bottom = under + (spec.xlabel ~= "" and NAME_LINE + 2 or 0) + EDGE

  local sheet = canvas.new(math.ceil(right), math.ceil(bottom))
  sheet:title(title)
  local colours = {}
  for i, row in ipairs(spec.values) do
    colours[i] = {}
    for j, v in ipairs(row) do colours[i][j] = colour(v, lo, hi) end
  end
  sheet:pixels(left, top, width, height, colours)
  sheet:frame(left, top, width, height)
  for _, mark in ipairs(beside) do
    sheet:text(left - GAP, top + (mark[1] - 0.5) * h, mark[2], {align = "right", size = LABEL_SIZE})
  end
  for _, mark in ipairs(below) do
    local x = left + (mark[1] - 0.5) * w
    if turned then
      sheet:text(x, top + height + GAP, mark[2], {align = "right", size = LABEL_SIZE, rotate = 90})
    else
      sheet:text(x, top + height + GAP + LABEL_LINE / 2, mark[2],
                 {align = "center", size = LABEL_SIZE})
    end
  end
  -- over the middle of the matrix, but within the sheet
  local letter = canvas.text_width("m", NAME_SIZE)
  local xlabel = gnuplot.cut(spec.xlabel, (right - 2 * EDGE) // letter)
  local ylabel = gnuplot.cut(spec.ylabel, (under - top) // letter)
  local function middle(at, text, from, to)
    local half = utf8.len(text) * letter / 2
    return math.max(from + half, math.min(to - half, at))
  end
  sheet:text(middle(left + width / 2, xlabel, EDGE, right - EDGE), under + NAME_LINE / 2 + 2,
             xlabel, {align = "center", size = NAME_SIZE})
  sheet:text(EDGE + NAME_LINE / 2 - 4, middle(top + height / 2, ylabel, top, under), ylabel,
             {align = "center", size = NAME_SIZE, rotate = 90})
  if spec.texts then
    draw_numbers(sheet, left, top, w, h, colours, spec.texts)
  end
  sheet:side_bar(left + width, top, bar_height, colour, lo, hi, spec.value_label)
  return sheet:save(fname, path)
end

local function describe(fname, given)
  local description = chart.describe(fname, given, DEFAULTS)
  local values = input.matrix(fname, "values", description.values)
  description.values = values
  description.row_labels = input.texts(fname, "row_labels", description.row_labels, #values)
  description.column_labels = input.texts(fname, "column_labels", description.column_labels,
                                          #values[1])
  description.value_label = input.text(fname, "value_label", description.value_label)
  local least = scale.extent(values)
  description.colormap = description.colormap
    or (least or 0) < 0 and "diverging" or "sequential"
  input.colormap(fname, description.colormap)
  local numbers = description.numbers
  if numbers ~= nil and type(numbers) ~= "boolean" and type(numbers) ~= "string" then
    input.raise(fname, "numbers", "true or a format such as '%%.2f' expected, got %s",
                options.type_name(numbers))
  end
  description.texts = numbers and number_texts(fname, numbers, values) or nil
  description.range = {input.colour_range(fname, description.range, description.colormap, values)}
  return description
end

--- heatmap.heatmap(path, {values=, ...}): see nnlua.plot.
function heatmap.heatmap(path, given)
  local fname = "plot.heatmap"
  local format = gnuplot.format(fname, path)
  local description = describe(fname, given)
  if format == "terminal" then
    return screen.show("heatmap", description)
  end
  return heatmap.draw(fname, path, description)
end

return heatmap

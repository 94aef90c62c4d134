-- Points in a plane, coloured by class or by a value and, if wanted, sized by another; behind them,
-- if wanted, what a model makes of the plane.
--
-- Invariants: a class keeps its colour and its mark whatever else is drawn; where the model is
-- undecided its colours fade into each other, by its probabilities; a point's area, not its
-- diameter, is in proportion to its size.

local autograd = require "nnlua.autograd"
local chart = require "nnlua.plot.chart"
local core = require "nnlua.core"
local gnuplot = require "nnlua.plot.gnuplot"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"
local palette = require "nnlua.plot.palette"
local scale = require "nnlua.plot.scale"
local screen = require "nnlua.plot.screen"

-- Units: between the axes, and right of them for a colour bar without its texts.
local HEIGHT, BAR_GAP, BAR_WIDTH, BAR_STEPS = 400, 14, 14, 64

-- Point sizes: of few points, of many, of the largest where they differ.
local FEW, MANY, LARGEST = 0.7, 0.35, 2.5

local DEFAULTS = chart.options {
  points = options.optional, labels = options.optional, classes = options.optional,
  values = options.optional, value_label = options.optional, colormap = options.optional,
  range = options.optional, sizes = options.optional, size_label = options.optional,
  x_range = options.optional, y_range = options.optional,
}

local function extend(classes, count)
  for k = #classes + 1, count do
    classes[k] = {name = "", xs = {}, ys = {}, values = {}, sizes = {}}
  end
end

-- The list `name` of one number per point, or nil.
local function read_column(fname, description, name)
  local list = description[name]
  if list == nil then
    return nil
  end
  list = input.flat(fname, name, list)
  if #list ~= #description.points then
    input.raise(fname, name, "%d %s of %d points", #list, name, #description.points)
  end
  return list
end

-- The classes with their points: list of {name, xs, ys, values, sizes}.
local function by_class(description)
  local classes = {}
  for k, name in ipairs(description.classes or {}) do
    extend(classes, k)
    classes[k].name = name
  end
  for i, row in ipairs(description.points) do
    local label = description.labels and description.labels[i] or 1
    extend(classes, label)
    local class = classes[label]
    local n = #class.xs + 1
    class.xs[n], class.ys[n] = row[1], row[2]
    class.values[n] = description.values and description.values[i]
    class.sizes[n] = description.sizes and description.sizes[i]
  end
  return classes
end

-- The class labels as integers, and how many classes there are.
local function read_labels(fname, description)
  local labels, most = read_column(fname, description, "labels"), 1
  for i, v in ipairs(labels or {}) do
    local label = math.tointeger(v)
    if not label or label < 1 or label > 1000 then
      input.raise(fname, "labels", "label %s in row %d is no class: 1, 2, ... expected", v, i)
    end
    labels[i], most = label, math.max(most, label)
  end
  return labels, most
end

-- {lo, hi} of one axis, a little wider than the data unless given.
local function range_of(fname, name, given, lists)
  local lo, hi = input.range(fname, name, given[name])
  if lo then return {lo, hi} end
  lo, hi = scale.extent(lists)
  lo, hi = lo or 0.0, hi or 1.0
  local room = hi > lo and 0.05 * (hi - lo) or hi ~= 0 and math.abs(hi) / 2 or 1.0
  return {lo - room, hi + room}
end

-- The centres of n by n cells over the ranges, row after row from below: [n n, 2].
local function grid(x_range, y_range, n, dtype)
  local function centres(range)
    local half = (range[2] - range[1]) / n / 2
    return core.linspace(range[1] + half, range[2] - half, n, {dtype = dtype})
  end
  local x = core.expand(core.unsqueeze(centres(x_range), 1), {n, n})
  local y = core.expand(core.unsqueeze(centres(y_range), 2), {n, n})
  return core.stack({core.reshape(x, {-1}), core.reshape(y, {-1})}, 2)
end

-- The model's probabilities at the points as nested tables, whatever kind of scores it gives.
local function probabilities(fname, model, at)
  local pause <close> = autograd.pause() -- luacheck: ignore pause
  local scores = model(at)
  local shape = core.is_tensor(scores) and core.shape(scores) or {}
  local rows = core.size(at, 1)
  if shape[1] ~= rows or #shape > 2 or shape[2] == 0 then
    core.arg_error(2, fname, ("it gives %s, expected scores [%d,C]"):format(
      core.is_tensor(scores) and "[" .. table.concat(shape, ",") .. "]"
      or "a " .. options.type_name(scores), rows))
  end
  if #shape == 1 or shape[2] == 1 then -- of the second class
    local second = core.sigmoid(core.reshape(scores, {rows}))
    return core.stack({core.sub(1, second), second}, 2):totable()
  end
  return core.softmax(scores):totable()
end

-- Three bytes of each cell: the classes' colours, pale, mixed by their probabilities.
local function pale(rows)
  local bytes = {}
  for i, row in ipairs(rows) do
    local mixed = {0, 0, 0}
    for k, p in ipairs(row) do
      local colour = {palette.rgb(k)}
      for c = 1, 3 do mixed[c] = mixed[c] + p * (255 - 0.45 * (255 - colour[c])) end
    end
    for c = 1, 3 do
      local v = mixed[c] == mixed[c] and mixed[c] or 255 -- a NaN stays white
      mixed[c] = math.floor(math.max(0, math.min(255, v)) + 0.5)
    end
    bytes[i] = string.char(table.unpack(mixed))
  end
  return table.concat(bytes)
end

-- Adds the element that plots a class. colour: of a value, or nil; largest: of all sizes.
local function scatter(frame, k, class, colour, largest)
  local parts, columns = {}, 2
  if colour or largest then columns = 4 end
  for i, x in ipairs(class.xs) do
    local size, value = class.sizes[i] or largest, class.values[i]
    if scale.drawable(x) and scale.drawable(class.ys[i])
       and (not largest or scale.drawable(size) and size > 0) then
      if columns == 2 then
        parts[#parts + 1] = ("<dd"):pack(x, class.ys[i])
      else
        local ps = largest and LARGEST * math.sqrt(size / largest) or FEW
        local rgb = colour and colour(value) or string.char(palette.rgb(k))
        parts[#parts + 1] = ("<dddd"):pack(x, class.ys[i], ps, (">I3"):unpack(rgb) + 0.0)
      end
    end
  end
  local source = frame:records(columns, #parts, table.concat(parts))
  local look = ("ps %g lc rgb '%s'"):format(#class.xs > 400 and MANY or FEW, palette.colour(k))
  if columns == 4 and #parts > 0 then
    look = "ps variable lc rgb variable"
  end
  frame:add("%s title %s with points pt %d %s", source, gnuplot.quote(frame.names[k]),
            palette.mark(k), look)
end

-- The colour bar right of the chart, from stacked rectangles, with its marks and its name.
local function colour_bar(frame, colour, lo, hi, label)
  local figure = frame.figure
  local left = 1 - (frame.right - BAR_GAP) / chart.WIDTH
  local right = left + BAR_WIDTH / chart.WIDTH
  for i = 1, BAR_STEPS do
    local red, green, blue = colour(lo + (hi - lo) * (i - 0.5) / BAR_STEPS):byte(1, 3)
    figure:add("set object rectangle from screen %.6f, graph %.6f to screen %.6f, graph %.6f "
               .. "fc rgb '#%02x%02x%02x' fs solid noborder", left, (i - 1) / BAR_STEPS, right,
               i / BAR_STEPS, red, green, blue)
  end
  for _, mark in ipairs(scale.marks(lo, hi, 6)) do
    figure:add("set label %s at screen %.6f, graph %.6f left font ',11.5'", gnuplot.quote(mark[2]),
               right + 6 / chart.WIDTH, mark[1])
  end
  figure:add("set label %s at screen %.6f, graph 0.5 center rotate by 90 font ',12'",
             gnuplot.quote(gnuplot.cut(label, 36)), 1 - 14 / chart.WIDTH)
end

-- Units that the colour bar takes.
local function bar_width(description)
  if not description.values then
    return 0
  end
  local widest = 0
  for _, mark in ipairs(scale.marks(description.range[1], description.range[2], 6)) do
    widest = math.max(widest, utf8.len(mark[2]))
  end
  return BAR_GAP + BAR_WIDTH + widest * chart.DIGIT + (description.value_label ~= "" and 22 or 0)
end

-- The options checked; x_range and y_range are {lo, hi}, and classes is what by_class gives.
local function describe(fname, given, defaults)
  local description = chart.describe(fname, given, defaults)
  local rows = input.matrix(fname, "points", description.points)
  if #rows[1] ~= 2 then
    input.raise(fname, "points", "[n,2] expected, got [%d,%d]", #rows, #rows[1])
  end
  description.points = rows
  local most
  description.labels, most = read_labels(fname, description)
  if description.classes ~= nil then
    local named = type(description.classes) == "table" and #description.classes or 0
    description.classes = input.texts(fname, "classes", description.classes, math.max(most, named))
  end
  for _, name in ipairs {"values", "sizes"} do
    description[name] = read_column(fname, description, name)
  end
  if description.values and description.labels then
    input.raise(fname, "values", "colours stand for the labels already")
  end
  for _, name in ipairs {"value_label", "size_label"} do
    description[name] = input.text(fname, name, description[name])
  end
  if description.values then
    description.colormap = description.colormap or "viridis"
    input.colormap(fname, description.colormap)
    description.range = {input.colour_range(fname, description.range, description.colormap,
                                            {description.values})}
  end
  local xs, ys = {}, {}
  for i, row in ipairs(rows) do xs[i], ys[i] = row[1], row[2] end
  description.classes = by_class(description)
  description.x_range = range_of(fname, "x_range", description, {xs})
  description.y_range = range_of(fname, "y_range", description, {ys})
  return description
end

-- The note that says what a size is, and the largest drawable size, or "" and nil.
local function sizes_of(description)
  local _, largest = scale.extent {description.sizes or {}}
  if not largest or largest <= 0 then
    return "", nil
  end
  local label = description.size_label
  return ("area: %sup to %s"):format(label ~= "" and label .. ", " or "", scale.text(largest)),
         largest
end

local function draw(fname, kind, path, given, defaults, model)
  local format = gnuplot.format(fname, path)
  local description = describe(fname, given, defaults)
  local x_range, y_range = description.x_range, description.y_range
  local n, rows
  if model then
    n = input.count(fname, "resolution", given.resolution, 200)
    local dtype = core.is_tensor(given.points) and core.dtype(given.points) or "float32"
    rows = probabilities(fname, model, grid(x_range, y_range, n, dtype))
  end
  if format == "terminal" then
    description.probabilities, description.resolution = rows, n
    return screen.show(kind, description)
  end
  local classes, names = description.classes, {}
  for k, class in ipairs(classes) do names[k] = class.name end
  local note, largest = sizes_of(description)
  local frame = chart.new {title = description.title, xlabel = description.xlabel, note = note,
                           ylabel = description.ylabel, names = names, height = HEIGHT,
                           right = bar_width(description)}
  frame:axis("x", scale.linear(x_range[1], x_range[2], 6, "exact"))
  frame:axis("y", scale.linear(y_range[1], y_range[2], 7, "exact"))
  local colour
  if description.values then
    local lo, hi = description.range[1], description.range[2]
    local map = scale.colormap(description.colormap)
    colour = function(v) return map(v, lo, hi) end
    colour_bar(frame, colour, lo, hi, description.value_label)
  end
  if rows then
    local dx, dy = (x_range[2] - x_range[1]) / n, (y_range[2] - y_range[1]) / n
    frame:add("%s array=(%d,%d) dx=%.17g dy=%.17g origin=(%.17g,%.17g) format='%%3uchar' "
              .. "with rgbimage notitle", frame.figure:data(pale(rows)), n, n, dx, dy,
              x_range[1] + dx / 2, y_range[1] + dy / 2)
  end
  for k, class in ipairs(classes) do scatter(frame, k, class, colour, largest) end
  return frame:save(fname, path)
end

local points = {}

--- points.points(path, {points=, ...}): see nnlua.plot.
function points.points(path, given)
  return draw("plot.points", "points", path, given, DEFAULTS)
end

local WITH_MODEL = chart.options {
  points = options.optional, labels = options.optional, classes = options.optional,
  x_range = options.optional, y_range = options.optional, resolution = options.optional,
}

--- points.decision_boundary(path, model, {points=, ...}): see nnlua.plot.
function points.decision_boundary(path, model, given)
  local metatable = getmetatable(model)
  if type(model) ~= "function" and not (type(metatable) == "table" and metatable.__call) then
    core.arg_error(2, "plot.decision_boundary", "model expected, got " .. options.type_name(model))
  end
  return draw("plot.decision_boundary", "decision_boundary", path, given, WITH_MODEL, model)
end

return points

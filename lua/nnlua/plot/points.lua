-- Points in a plane, coloured by class; behind them, if wanted, what a model makes of the plane.
--
-- Invariants: a class keeps its colour and its mark whatever else is drawn; where the model is
-- undecided its colours fade into each other, by its probabilities.

local autograd = require "nnlua.autograd"
local core = require "nnlua.core"
local gnuplot = require "nnlua.plot.gnuplot"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"
local scale = require "nnlua.plot.scale"

local quote = gnuplot.quote

-- Units.
local WIDTH, CHART, EDGE, TITLE_LINE, LEGEND = 720, 600, 12, 28, 120
local TITLE_LETTERS, NAME_LETTERS = 56, 14

-- Okabe and Ito's colours, then darker ones of Tol's; each neighbour has another mark, too.
local COLOURS = {
  {0, 114, 178}, {213, 94, 0}, {0, 158, 115}, {204, 121, 167}, {86, 180, 233}, {230, 159, 0},
  {90, 90, 90}, {136, 34, 85}, {51, 34, 136}, {130, 125, 30},
}
local MARKS = {7, 5, 9, 13, 11, 15} -- circle, square, triangle, diamond, triangle down, pentagon

local DEFAULTS = {
  points = options.optional, labels = options.optional, classes = options.optional,
  title = options.optional, xlabel = options.optional, ylabel = options.optional,
  x_range = options.optional, y_range = options.optional,
}

local function extend(classes, count)
  for k = #classes + 1, count do classes[k] = {name = "", xs = {}, ys = {}} end
end

-- The checked points by class: list of {name, xs, ys}.
local function read_classes(fname, given)
  local rows = input.matrix(fname, "points", given.points)
  if #rows[1] ~= 2 then
    input.raise(fname, "points", "[n,2] expected, got [%d,%d]", #rows, #rows[1])
  end
  local labels = given.labels and input.numbers(fname, "labels", given.labels)
  if labels and #labels ~= #rows then
    input.raise(fname, "labels", "%d labels of %d points", #labels, #rows)
  end
  local classes = {}
  for i, row in ipairs(rows) do
    local label = labels and math.tointeger(labels[i]) or not labels and 1
    if not label or label < 1 or label > 1000 then
      input.raise(fname, "labels", "label %s in row %d is no class: 1, 2, ... expected",
                  labels[i], i)
    end
    extend(classes, label)
    local class = classes[label]
    class.xs[#class.xs + 1], class.ys[#class.ys + 1] = row[1], row[2]
  end
  if given.classes ~= nil then
    extend(classes, type(given.classes) == "table" and #given.classes or 0) -- some may be empty
    for k, name in ipairs(input.texts(fname, "classes", given.classes, #classes)) do
      classes[k].name = gnuplot.wrap(name, NAME_LETTERS)[1] or ""
    end
  end
  return classes
end

-- {lo, hi} of one axis, a little wider than the data unless given.
local function range_of(fname, name, given, lists)
  local lo, hi = input.range(fname, name, given[name])
  if lo then return {lo, hi} end
  lo, hi = scale.extent(lists)
  lo, hi = lo or 0.0, hi or 1.0
  local room = math.max(0.05 * (hi - lo), math.abs(hi) * 1e-6, 1e-12)
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
      local colour = COLOURS[(k - 1) % #COLOURS + 1]
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

-- The element that plots a class, and whether it has any point.
local function scatter(figure, k, class)
  local parts = {}
  for i, x in ipairs(class.xs) do
    if scale.drawable(x) and scale.drawable(class.ys[i]) then
      parts[#parts + 1] = string.pack("<dd", x, class.ys[i])
    end
  end
  local source = "NaN"
  if #parts > 0 then
    source = ("%s record=%d format='%%2float64' endian=little using 1:2"):format(
      figure:data(table.concat(parts)), #parts)
  end
  local c = COLOURS[(k - 1) % #COLOURS + 1]
  return ("%s title %s with points pt %d ps %g lc rgb '#%02x%02x%02x'"):format(
    source, quote(class.name), MARKS[(k - 1) % #MARKS + 1], #class.xs > 400 and 0.35 or 0.7,
    c[1], c[2], c[3])
end

local function draw(fname, path, given, defaults, model)
  gnuplot.format(fname, path)
  given = options.check(fname, given, defaults)
  local classes, elements = read_classes(fname, given), {}
  local xs, ys = {}, {}
  for k, class in ipairs(classes) do xs[k], ys[k] = class.xs, class.ys end
  local x_range = range_of(fname, "x_range", given, xs)
  local y_range = range_of(fname, "y_range", given, ys)

  local title = gnuplot.wrap(input.text(fname, "title", given.title), TITLE_LETTERS)
  local head = EDGE + #title * TITLE_LINE
  local with_key = given.classes ~= nil
  local width, height = with_key and WIDTH + LEGEND or WIDTH, CHART + head
  local figure = gnuplot.figure(width, height)
  figure:add("set tmargin at screen %.6f", 1 - head / height)
  figure:add("set rmargin at screen %.6f", with_key and 1 - LEGEND / width or 0.97)
  figure:add("set border 3 lc rgb '#444444' lw 0.8")
  figure:add("set tics nomirror out scale 0.6 font ',12' textcolor rgb '#222222'")
  for i, line in ipairs(title) do
    figure:add("set label %s at graph 0, screen %.6f left font ',15'", quote(line),
               1 - (EDGE + (i - 0.5) * TITLE_LINE) / height)
  end
  for _, name in ipairs {"x", "y"} do
    local range = name == "x" and x_range or y_range
    local limits, marks = scale.linear(range[1], range[2], 6, "exact")
    figure:add("set %srange [%.17g:%.17g]", name, limits[1], limits[2])
    figure:add("set %stics %s", name, gnuplot.tics(marks))
    figure:add("set %slabel %s font ',13'", name, quote(input.text(fname, name .. "label",
                                                                  given[name .. "label"])))
  end
  figure:add(with_key and "set key at screen 0.99, graph 1 right top Left reverse samplen 1 "
             .. "font ',12'" or "unset key")

  if model then
    local n = input.count(fname, "resolution", given.resolution, 200)
    local dtype = core.is_tensor(given.points) and core.dtype(given.points) or "float32"
    local dx, dy = (x_range[2] - x_range[1]) / n, (y_range[2] - y_range[1]) / n
    elements[1] = ("%s array=(%d,%d) dx=%.17g dy=%.17g origin=(%.17g,%.17g) format='%%3uchar' "
                   .. "with rgbimage notitle"):format(
      figure:data(pale(probabilities(fname, model, grid(x_range, y_range, n, dtype)))), n, n, dx,
      dy, x_range[1] + dx / 2, y_range[1] + dy / 2)
  end
  for k, class in ipairs(classes) do elements[#elements + 1] = scatter(figure, k, class) end
  figure:add("plot %s", table.concat(elements, ", "))
  return figure:save(fname, path)
end

local points = {}

--- points.points(path, {points=, ...}): see nnlua.plot.
function points.points(path, given)
  return draw("plot.points", path, given, DEFAULTS)
end

local WITH_MODEL = {resolution = options.optional}
for name, default in pairs(DEFAULTS) do WITH_MODEL[name] = default end

--- points.decision_boundary(path, model, {points=, ...}): see nnlua.plot.
function points.decision_boundary(path, model, given)
  local metatable = getmetatable(model)
  if type(model) ~= "function" and not (type(metatable) == "table" and metatable.__call) then
    core.arg_error(2, "plot.decision_boundary", "model expected, got " .. options.type_name(model))
  end
  return draw("plot.decision_boundary", path, given, WITH_MODEL, model)
end

return points

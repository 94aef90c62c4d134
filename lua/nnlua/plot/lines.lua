-- Line charts: learning curves, or a quantity against a hyperparameter.
--
-- Invariants: the legend stands above the chart, never on the data; a series is told apart by
-- colour and by dashes, so the chart survives any colour vision and a black-and-white printer.

local gnuplot = require "nnlua.plot.gnuplot"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"
local scale = require "nnlua.plot.scale"

local quote = gnuplot.quote

-- The figure, in units: chart with its axes, and the lines of text above it. LETTER is the width
-- of a character of the legend, on the safe side of the fonts' average.
local WIDTH, CHART_HEIGHT = 800, 440
local EDGE, TITLE_LINE, LEGEND_LINE = 12, 28, 20
local LETTER, SAMPLE, PLOT_WIDTH, TITLE_LETTERS = 8.8, 75, 690, 64

-- Okabe and Ito's palette for every colour vision, without its black and its pale yellow.
local COLOURS = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"}
local DASHES = {"solid", "(14,5)", "(3,4)", "(14,5,3,5)"}
local POINTS = {7, 5, 9, 13, 11, 15} -- circle, square, triangle, diamond, triangle down, pentagon

-- A series of at most this many values shows them as points too.
local FEW = 40

local DEFAULTS = {
  series = options.optional, x = options.optional, title = options.optional,
  xlabel = options.optional, ylabel = options.optional, log_x = false, log_y = false,
  x_range = options.optional, y_range = options.optional,
}
local SERIES = {name = options.optional, x = options.optional, y = options.optional,
                points = false}

local function counting(n)
  local list = {}
  for i = 1, n do
    list[i] = i + 0.0
  end
  return list
end

-- The checked series: list of {name, x, y} with #x == #y.
local function read_series(fname, given)
  if type(given.series) ~= "table" or #given.series == 0 then
    input.raise(fname, "series", "a list of at least one {name=, y=} expected, got %s",
                type(given.series) == "table" and "an empty table" or type(given.series))
  end
  local shared = given.x ~= nil and input.numbers(fname, "x", given.x) or nil
  local result = {}
  for i, one in ipairs(given.series) do
    local what = ("series[%d]"):format(i)
    if type(one) ~= "table" then
      input.raise(fname, what, "{name=, y=} expected, got %s", type(one))
    end
    one = options.check(fname, one, SERIES)
    local y = input.numbers(fname, what .. ".y", one.y)
    local x = one.x ~= nil and input.numbers(fname, what .. ".x", one.x) or shared
              or counting(#y)
    if #x ~= #y then
      input.raise(fname, what, "%d x values, %d y values", #x, #y)
    end
    result[i] = {name = input.text(fname, what .. ".name", one.name), x = x, y = y,
                 points = one.points}
  end
  return result
end

-- What gnuplot gets: pairs of doubles, NaN where there is nothing to draw. The number of points
-- that are drawn, and the bytes.
local function encode(series, log_x, log_y)
  local parts, drawn = {}, 0
  for i, x in ipairs(series.x) do
    local y = series.y[i]
    if scale.drawable(x, log_x) and scale.drawable(y, log_y) then
      drawn = drawn + 1
    else
      x, y = 0 / 0, 0 / 0
    end
    parts[i] = string.pack("<dd", x, y)
  end
  return drawn, table.concat(parts)
end

local function all_whole(lists)
  for _, list in ipairs(lists) do
    for _, v in ipairs(list) do
      if v % 1 ~= 0 then
        return false
      end
    end
  end
  return true
end

-- Declares one axis: "x" or "y", its lists of values, the options' range, log and label.
local function axis(figure, name, lists, range, log, label, tics)
  local lo, hi = range[1], range[2]
  if not lo then
    lo, hi = scale.extent(lists, log)
  end
  local limits, marks
  if log then
    limits, marks = scale.logarithmic(lo, hi, range[1] ~= nil)
  else
    -- the x axis ends where the data does: a curve of 4,321 epochs is not drawn on 5,000
    local fixed = range[1] and "exact" or (name == "x" and lo ~= hi and "near")
    limits, marks = scale.linear(lo, hi, tics, fixed, name == "x" and all_whole(lists) and 1)
  end
  figure:add("set %srange [%.17g:%.17g]", name, limits[1], limits[2])
  figure:add("set %stics %s", name, gnuplot.tics(marks))
  if log then
    figure:add("set logscale %s", name)
  end
  figure:add("set %slabel %s font ',13'", name, quote(label))
end

local function style(i, count, few, points)
  local colour = COLOURS[(i - 1) % #COLOURS + 1]
  if points then
    return ("with points lc rgb '%s' pt %d ps 0.5"):format(colour, POINTS[(i - 1) % #POINTS + 1])
  end
  -- 6 colours and 4 dashes go round to 12 different lines; a single one needs no dashes
  local dash = count == 1 and "solid" or DASHES[(i - 1) % #DASHES + 1]
  local line = ("lc rgb '%s' lw 1.8 dt %s"):format(colour, dash)
  if few then
    return ("with linespoints %s pt %d ps 0.7"):format(line, POINTS[(i - 1) % #POINTS + 1])
  end
  return "with lines " .. line
end

-- Columns and rows of the legend, 0 rows where no series has a name; cuts names that are longer
-- than the chart is wide.
local function legend(series)
  local longest, named = 0, 0
  for _, one in ipairs(series) do
    one.name = gnuplot.wrap(one.name:gsub("%s+", " "), PLOT_WIDTH // LETTER - 9)[1] or ""
    longest = math.max(longest, utf8.len(one.name))
    named = named + (one.name ~= "" and 1 or 0)
  end
  local columns = math.min(named, math.max(1, PLOT_WIDTH // (longest * LETTER + SAMPLE)))
  return columns, named > 0 and math.ceil(named / columns) or 0
end

--- plot.lines(path, {series=, ...}): see nnlua.plot.
return function(path, given)
  local fname = "plot.lines"
  gnuplot.format(fname, path)
  given = options.check(fname, given, DEFAULTS)
  local series = read_series(fname, given)
  local xs, ys = {}, {}
  for i, one in ipairs(series) do
    xs[i], ys[i] = one.x, one.y
  end

  local title = gnuplot.wrap(input.text(fname, "title", given.title), TITLE_LETTERS)
  local columns, rows = legend(series)
  local head = EDGE + #title * TITLE_LINE + rows * LEGEND_LINE + (#title + rows > 0 and 8 or 0)
  local height = CHART_HEIGHT + head
  local figure = gnuplot.figure(WIDTH, height)
  local function from_top(units)
    return 1 - units / height
  end
  figure:add("set border 3 lc rgb '#444444' lw 0.8")
  figure:add("set tics nomirror out scale 0.6 font ',12' textcolor rgb '#222222'")
  figure:add("set grid xtics ytics back lt 1 lc rgb '#e0e0e0' lw 0.6")
  figure:add("set rmargin 3.5")
  figure:add("set tmargin at screen %.6f", from_top(head))
  for i, line in ipairs(title) do
    figure:add("set label %s at graph 0, screen %.6f left font ',15'", quote(line),
               from_top(EDGE + (i - 0.5) * TITLE_LINE))
  end
  axis(figure, "x", xs, {input.range(fname, "x_range", given.x_range, given.log_x)}, given.log_x,
       input.text(fname, "xlabel", given.xlabel), 8)
  axis(figure, "y", ys, {input.range(fname, "y_range", given.y_range, given.log_y)}, given.log_y,
       input.text(fname, "ylabel", given.ylabel), 6)
  if rows > 0 then
    figure:add("set key at graph 0, screen %.6f left top Left reverse samplen 3.5 font ',12' %s",
               from_top(EDGE + #title * TITLE_LINE),
               ("horizontal maxcols %d maxrows %d"):format(columns, rows))
  else
    figure:add("unset key")
  end

  local elements = {}
  for i, one in ipairs(series) do
    local drawn, bytes = encode(one, given.log_x, given.log_y)
    local source = "NaN" -- nothing to draw, but it keeps its line in the legend
    if drawn > 0 then
      source = ("%s record=%d format='%%2float64' endian=little using 1:2"):format(
        figure:data(bytes), #one.x)
    end
    elements[i] = ("%s title %s %s"):format(source, quote(one.name),
                                            style(i, #series, drawn <= FEW, one.points))
  end
  figure:add("plot %s", table.concat(elements, ", "))
  return figure:save(fname, path)
end

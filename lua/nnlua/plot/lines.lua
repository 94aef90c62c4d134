-- Line charts: learning curves, or a quantity against a hyperparameter.
--
-- Invariants: a series is told apart by colour and by dashes, so the chart survives any colour
-- vision and a black-and-white printer; bands lie behind all lines.

local chart = require "nnlua.plot.chart"
local gnuplot = require "nnlua.plot.gnuplot"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"
local palette = require "nnlua.plot.palette"
local scale = require "nnlua.plot.scale"
local screen = require "nnlua.plot.screen"
local thinned = require "nnlua.plot.thinned"

-- A series of at most this many values shows them as points too.
local FEW = 40

local BAND = 0.2 -- of its series' colour

local DEFAULTS = chart.options {
  series = options.optional, x = options.optional, log_x = false, log_y = false,
  x_range = options.optional, y_range = options.optional,
}
local SERIES = {name = options.optional, x = options.optional, y = options.optional,
                points = false, lower = options.optional, upper = options.optional,
                errors = options.optional}

local function counting(n)
  local list = {}
  for i = 1, n do
    list[i] = i + 0.0
  end
  return list
end

-- Adds the checked bounds of a series' band or error bars: lower and upper, or nil.
local function read_bounds(fname, what, one, series)
  if (one.lower == nil) ~= (one.upper == nil) then
    input.raise(fname, what, "a band needs both 'lower' and 'upper'")
  elseif one.errors ~= nil and one.lower ~= nil then
    input.raise(fname, what, "either 'errors', or 'lower' and 'upper'")
  end
  for _, name in ipairs {"lower", "upper", "errors"} do
    if one[name] ~= nil then
      series[name] = input.numbers(fname, what .. "." .. name, one[name])
      if #series[name] ~= #series.y then
        input.raise(fname, what .. "." .. name, "%d values, %d y values", #series[name], #series.y)
      end
    end
  end
end

-- The checked series: list of {name, x, y, points, lower, upper, errors} with #x == #y.
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
    read_bounds(fname, what, one, result[i])
  end
  return result
end

-- What gnuplot gets: records of doubles, one of each column, NaN where a column has nothing to draw
-- at. Gives the number of records that are drawn, and the bytes.
local function encode(columns, log)
  local parts, drawn = {}, 0
  local format = "<" .. ("d"):rep(#columns)
  local record = {}
  for i = 1, #columns[1] do
    local whole = true
    for c, column in ipairs(columns) do
      record[c] = column[i]
      whole = whole and scale.drawable(column[i], log[c])
    end
    if whole then
      drawn = drawn + 1
    else
      for c = 1, #columns do record[c] = 0 / 0 end
    end
    parts[i] = format:pack(table.unpack(record, 1, #columns))
  end
  return drawn, table.concat(parts)
end

-- y plus sign times the errors.
local function shifted(series, sign)
  local list = {}
  for i, y in ipairs(series.y) do
    list[i] = y + sign * math.abs(series.errors[i])
  end
  return list
end

local function style(i, count, few, points)
  if points then
    return ("with points lc rgb '%s' pt %d ps 0.5"):format(palette.colour(i), palette.mark(i))
  end
  -- a single line needs no dashes
  local dash = count == 1 and "solid" or palette.dash(i)
  local line = ("lc rgb '%s' lw 1.8 dt %s"):format(palette.colour(i), dash)
  if few then
    return ("with linespoints %s pt %d ps 0.7"):format(line, palette.mark(i))
  end
  return "with lines " .. line
end

-- The list with nothing below `lowest`, if there is a lowest. A band or a bar that goes to 0 or
-- beyond would take a logarithmic axis down to nowhere.
local function at_least(lowest, list)
  local result = {}
  for i, v in ipairs(list) do
    result[i] = lowest and v < lowest and lowest or v
  end
  return result
end

-- The x and y of a series that make its line between these limits of the x axis.
local function shortened(series, limits, log_x, log_y)
  local function at(x) return log_x and math.log(x) or x end
  local lo, hi = at(limits[1]), at(limits[2])
  return thinned(series.x, series.y, function(i)
    return scale.drawable(series.x[i], log_x) and scale.drawable(series.y[i], log_y)
  end, function(x) return (at(x) - lo) / (hi - lo) end)
end

local lines = {}

--- lines.describe(fname, given) -> the description of a line chart.
function lines.describe(fname, given)
  local description = chart.describe(fname, given, DEFAULTS)
  description.series = read_series(fname, description)
  for _, name in ipairs {"x", "y"} do
    local range = name .. "_range"
    description[range] = {input.range(fname, range, description[range],
                                      description["log_" .. name])}
  end
  return description
end

--- lines.draw(fname, path, description) -> true | nil, message.
function lines.draw(fname, path, description)
  local series, log_x, log_y = description.series, description.log_x, description.log_y
  local xs, ys, names = {}, {}, {}
  for i, one in ipairs(series) do
    xs[i], ys[i], names[i] = one.x, one.y, one.name
  end
  local lowest = log_y and scale.extent(ys, true)
  lowest = lowest and lowest / 10
  for _, one in ipairs(series) do
    one.low, one.high = one.lower, one.upper
    if one.errors then
      one.low, one.high = shifted(one, -1), shifted(one, 1)
    end
    if one.low then
      one.low = at_least(lowest, one.low)
      table.move({one.low, one.high}, 1, 2, #ys + 1, ys)
    end
  end
  local frame = chart.new {title = description.title, xlabel = description.xlabel,
                           ylabel = description.ylabel, names = names, note = description.note}
  local limits = frame:fit("x", xs, description.x_range, log_x)
  frame:fit("y", ys, description.y_range, log_y)

  for i, one in ipairs(series) do
    if one.lower then
      local log = {log_x, log_y, log_y}
      local _, bytes = encode({one.x, one.low, one.high}, log)
      frame:add("%s notitle with filledcurves fc rgb '%s' fs solid noborder",
                frame:records(3, #one.x, bytes), palette.clear(i, BAND))
    end
  end
  for i, one in ipairs(series) do
    if one.errors then
      local none, span = {}, {}
      for k, low in ipairs(one.low) do none[k], span[k] = 0.0, one.high[k] - low end
      local drawn, bytes = encode({one.x, one.low, none, span}, {log_x, log_y})
      frame:add("%s notitle %s lc rgb '%s' lw 1.5",
                frame:records(4, drawn > 0 and #one.x or 0, bytes), chart.WHISKERS,
                palette.colour(i))
    end
    local x, y = one.x, one.y
    if not one.points then x, y = shortened(one, limits, log_x, log_y) end
    local drawn, bytes = encode({x, y}, {log_x, log_y})
    frame:add("%s title %s %s", frame:records(2, drawn > 0 and #x or 0, bytes),
              gnuplot.quote(frame.names[i]), style(i, #series, drawn <= FEW, one.points))
  end
  return frame:save(fname, path)
end

--- lines.lines(path, {series=, ...}): see nnlua.plot.
function lines.lines(path, given)
  local format = gnuplot.format("plot.lines", path)
  local description = lines.describe("plot.lines", given)
  if format == "terminal" then
    return screen.show("lines", description)
  end
  return lines.draw("plot.lines", path, description)
end

return lines

-- Learning curves of several runs: the mean over the runs, and a band that says how they differ.
--
-- Invariants: a curve's mean at a place is that of the runs that have a finite value there, so runs
-- of different lengths all count as far as they go; the picture says what the band is.

local chart = require "nnlua.plot.chart"
local gnuplot = require "nnlua.plot.gnuplot"
local input = require "nnlua.plot.input"
local lines = require "nnlua.plot.lines"
local options = require "nnlua.options"
local scale = require "nnlua.plot.scale"
local screen = require "nnlua.plot.screen"
local student = require "nnlua.student"

local DEFAULTS = chart.options {
  series = options.optional, x = options.optional, band = "std", log_x = false, log_y = false,
  x_range = options.optional, y_range = options.optional,
}
local SERIES = {name = options.optional, runs = options.optional, x = options.optional}

local MEANING = {
  std = "band: one standard deviation either way",
  range = "band: from the least to the largest",
  ci = "band: 95% confidence interval of the mean",
}

local curves = {}

-- Mean of the values, and the ends of the band of the given kind.
local function summary(values, band)
  local n, sum, lo, hi = #values, 0.0, math.huge, -math.huge
  if n == 0 then
    return 0 / 0, 0 / 0, 0 / 0
  end
  for _, v in ipairs(values) do
    sum, lo, hi = sum + v, math.min(lo, v), math.max(hi, v)
  end
  local mean = sum / n
  if band == "range" then
    return mean, lo, hi
  end
  local squares = 0.0
  for _, v in ipairs(values) do squares = squares + (v - mean) ^ 2 end
  local half = n > 1 and math.sqrt(squares / (n - 1)) or 0.0
  if band == "ci" and n > 1 then
    half = student.quantile(n - 1) * half / math.sqrt(n)
  end
  return mean, mean - half, mean + half
end

--- curves.combine(runs, band) -> lists of the mean and of the band's lower and upper ends, as long
--- as the longest of the runs (lists of floats). "std" and "ci" take the deviation with n - 1.
function curves.combine(runs, band)
  local longest = 0
  for _, run in ipairs(runs) do longest = math.max(longest, #run) end
  local mean, lower, upper = {}, {}, {}
  for i = 1, longest do
    local values = {}
    for _, run in ipairs(runs) do
      if run[i] and scale.drawable(run[i]) then values[#values + 1] = run[i] end
    end
    mean[i], lower[i], upper[i] = summary(values, band)
  end
  return mean, lower, upper
end

-- The checked runs of one series: list of lists of floats.
local function read_runs(fname, what, value)
  if type(value) ~= "table" or #value == 0 then
    input.raise(fname, what, "a list of at least one run's values expected, got %s",
                type(value) == "table" and "an empty table" or options.type_name(value))
  end
  local runs = {}
  for r, run in ipairs(value) do
    runs[r] = input.numbers(fname, ("%s[%d]"):format(what, r), run)
  end
  return runs
end

-- The first n elements.
local function first(list, n)
  return table.move(list, 1, n, 1, {})
end

-- The description of the line chart that these curves are.
local function describe(fname, given)
  given = options.check(fname, given, DEFAULTS)
  if not MEANING[given.band] then
    input.raise(fname, "band", "'std', 'range' or 'ci' expected, got '%s'", given.band)
  end
  if type(given.series) ~= "table" or #given.series == 0 then
    input.raise(fname, "series", "a list of at least one {name=, runs=} expected, got %s",
                type(given.series) == "table" and "an empty table" or type(given.series))
  end
  local series, most, fewest = {}, 0, math.huge
  for i, one in ipairs(given.series) do
    local what = ("series[%d]"):format(i)
    if type(one) ~= "table" then
      input.raise(fname, what, "{name=, runs=} expected, got %s", type(one))
    end
    one = options.check(fname, one, SERIES)
    local runs = read_runs(fname, what .. ".runs", one.runs)
    most, fewest = math.max(most, #runs), math.min(fewest, #runs)
    local mean, lower, upper = curves.combine(runs, given.band)
    local positions = one.x ~= nil and input.numbers(fname, what .. ".x", one.x)
                      or given.x ~= nil and input.numbers(fname, "x", given.x) or nil
    if positions and #positions < #mean then
      input.raise(fname, what, "%d x values, %d values of the longest run", #positions, #mean)
    end
    series[i] = {name = one.name, x = positions and first(positions, #mean), y = mean,
                 lower = #runs > 1 and lower or nil, upper = #runs > 1 and upper or nil}
  end
  local description = lines.describe(fname, {
    series = series, title = given.title, xlabel = given.xlabel or "epoch", ylabel = given.ylabel,
    log_x = given.log_x, log_y = given.log_y, x_range = given.x_range, y_range = given.y_range})
  description.note = most > 1 and ("mean of %s runs; %s"):format(
    fewest == most and most or ("%d to %d"):format(fewest, most), MEANING[given.band]) or ""
  return description
end

--- curves.curves(path, {series=, ...}): see nnlua.plot.
function curves.curves(path, given)
  local fname = "plot.curves"
  local format = gnuplot.format(fname, path)
  local description = describe(fname, given)
  if format == "terminal" then
    return screen.show("lines", description)
  end
  return lines.draw(fname, path, description)
end

return curves

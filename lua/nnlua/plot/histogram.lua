-- Histograms: how the values of one or several lists are distributed.
--
-- Invariants: all series have the same bins; one is filled, several are outlines over pale areas,
-- none of which hides another; a value that no bin counts is told of in the picture.

local bins = require "nnlua.plot.bins"
local chart = require "nnlua.plot.chart"
local gnuplot = require "nnlua.plot.gnuplot"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"
local palette = require "nnlua.plot.palette"
local scale = require "nnlua.plot.scale"
local screen = require "nnlua.plot.screen"

local DEFAULTS = chart.options {
  values = options.optional, series = options.optional, bins = options.optional,
  edges = options.optional, range = options.optional, density = false, log_y = false,
}
local SERIES = {name = options.optional, values = options.optional}

local ONE, SEVERAL = 0.85, 0.18 -- how much of its colour fills the bars

-- The checked series: list of {name, values}.
local function read_series(fname, given)
  local list = given.series
  if list == nil then
    list = {{values = given.values}}
  elseif given.values ~= nil then
    input.raise(fname, "values", "either 'values' or 'series'")
  elseif type(list) ~= "table" or #list == 0 then
    input.raise(fname, "series", "a list of at least one {name=, values=} expected, got %s",
                type(list) == "table" and "an empty table" or type(list))
  end
  local result = {}
  for i, one in ipairs(list) do
    local what = given.series and ("series[%d]"):format(i) or ""
    if type(one) ~= "table" then
      input.raise(fname, what, "{name=, values=} expected, got %s", type(one))
    end
    one = options.check(fname, one, SERIES)
    what = what ~= "" and what .. "." or what
    result[i] = {name = input.text(fname, what .. "name", one.name),
                 values = input.flat(fname, what .. "values", one.values)}
  end
  return result
end

-- The checked edges, as given or computed.
local function read_edges(fname, given, series)
  if given.edges ~= nil then
    for _, other in ipairs {"bins", "range"} do
      if given[other] ~= nil then input.raise(fname, other, "the edges say it already") end
    end
    local edges = input.numbers(fname, "edges", given.edges)
    for i, v in ipairs(edges) do
      if not scale.drawable(v) or i > 1 and v <= edges[i - 1] then
        input.raise(fname, "edges", "ascending numbers expected, element %d is %s", i, v)
      end
    end
    if #edges < 2 then input.raise(fname, "edges", "at least two expected, got %d", #edges) end
    return edges
  end
  local count = given.bins == nil and "auto" or given.bins
  if count ~= "auto" then
    count = input.count(fname, "bins", count)
    if count > 10000 then
      input.raise(fname, "bins", "\"auto\" or a number up to 10000 expected, got %d", count)
    end
  end
  local lists = {}
  for i, one in ipairs(series) do lists[i] = one.values end
  return bins.edges(bins.sorted(lists), count, input.range(fname, "range", given.range))
end

-- The description: the options with series = list of {name, values, heights}, edges and note.
local function describe(fname, given)
  local description = chart.describe(fname, given, DEFAULTS)
  local series = read_series(fname, description)
  local edges = read_edges(fname, description, series)
  local outside, all = 0, 0
  for _, one in ipairs(series) do
    local counts, left_out = bins.count(one.values, edges)
    outside, all = outside + left_out, all + #one.values
    local heights, counted = {}, #one.values - left_out
    for i, n in ipairs(counts) do
      heights[i] = description.density and (counted > 0 and n / counted / (edges[i + 1] - edges[i])
                   or 0.0) or n + 0.0
    end
    one.heights = heights
  end
  description.series, description.edges, description.values = series, edges, nil
  description.note = outside > 0
    and ("%d of %d values are outside, or no numbers"):format(outside, all) or ""
  if description.ylabel == "" then
    description.ylabel = description.density and "density" or "count"
  end
  return description
end

-- The outline of the bars, from the axis up and back to it.
local function outline(edges, heights, base)
  local parts = {("<dd"):pack(edges[1], base)}
  for i, h in ipairs(heights) do
    h = math.max(h, base)
    parts[#parts + 1] = ("<dddd"):pack(edges[i], h, edges[i + 1], h)
  end
  parts[#parts + 1] = ("<dd"):pack(edges[#edges], base)
  return 2 * #heights + 2, table.concat(parts)
end

--- plot.histogram(path, {values= or series=, ...}): see nnlua.plot.
return function(path, given)
  local fname = "plot.histogram"
  local format = gnuplot.format(fname, path)
  local description = describe(fname, given)
  if format == "terminal" then
    return screen.show("histogram", description)
  end
  local series, edges, names, lists = description.series, description.edges, {}, {{0.0}}
  for k, one in ipairs(series) do names[k], lists[k + 1] = one.name, one.heights end
  local frame = chart.new {title = description.title, xlabel = description.xlabel, names = names,
                           ylabel = description.ylabel, note = description.note}
  frame:axis("x", scale.linear(edges[1], edges[#edges], 6, "near"))
  local base = 0.0
  if description.log_y then
    local lo, hi = scale.extent(lists, true)
    base = (lo or 1) / 2 -- so that the lowest bar is seen
    local limits, marks, minor = scale.logarithmic(base, hi and hi * 1.2 or 1.0, true)
    frame:axis("y", limits, marks, true, minor)
  else
    local _, hi = scale.extent(lists)
    frame:axis("y", scale.linear(0.0, hi > 0 and hi or 1.0, 5))
  end
  local line = "lc rgb '%s' lw 1.6 dt %s"
  for k, one in ipairs(series) do
    local count, bytes = outline(edges, one.heights, base)
    local source = frame:records(2, count, bytes)
    frame:add("%s notitle with filledcurves closed fc rgb '%s' fs solid noborder", source,
              palette.clear(k, #series == 1 and ONE or SEVERAL))
    one.source = source
  end
  for k, one in ipairs(series) do
    frame:add("%s title %s with lines " .. line, one.source, gnuplot.quote(frame.names[k]),
              palette.colour(k), #series == 1 and "solid" or palette.dash(k))
  end
  return frame:save(fname, path)
end

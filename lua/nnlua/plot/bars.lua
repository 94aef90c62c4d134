-- Bar charts: a quantity per category, for one series or for several side by side.
--
-- Invariants: bars start at zero, which is on the axis unless a range leaves it out; categories'
-- names never meet: they are broken into lines where they stand below their bars, turned where that
-- does not suffice, and where there are too many for that the bars lie, each name beside its own,
-- and the chart grows.

local chart = require "nnlua.plot.chart"
local gnuplot = require "nnlua.plot.gnuplot"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"
local palette = require "nnlua.plot.palette"
local scale = require "nnlua.plot.scale"
local screen = require "nnlua.plot.screen"

local DEFAULTS = chart.options {
  values = options.optional, series = options.optional, labels = options.optional,
  errors = options.optional, horizontal = options.optional, range = options.optional,
}
local SERIES = {name = options.optional, values = options.optional, errors = options.optional}

-- Units. LETTER: a character of a category's name, on the safe side; PITCH: a line of them.
local LETTER, PITCH, MOST_LINES, GAP = 8.6, 17, 3, 8
local LONGEST = 24    -- characters of a name beside or, turned, below its bars
local SHARE = 0.8     -- of the room of its category that bars take
local BAR_LEAST, BAR_MOST = 5, 90 -- units of a bar's thickness

-- The checked series: list of {name, values, errors or nil}, all of one length.
local function read_series(fname, given)
  local list = given.series
  if list == nil then
    list = {{values = given.values, errors = given.errors}}
  elseif given.values ~= nil or given.errors ~= nil then
    input.raise(fname, given.values ~= nil and "values" or "errors",
                "it belongs into the series, where there are some")
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
    local values = input.numbers(fname, what .. "values", one.values)
    local errors = one.errors ~= nil and input.numbers(fname, what .. "errors", one.errors) or nil
    local first = result[1] and result[1].values or values
    if #values ~= #first then
      input.raise(fname, what .. "values", "%d values, the first series has %d", #values, #first)
    elseif errors and #errors ~= #values then
      input.raise(fname, what .. "errors", "%d errors of %d values", #errors, #values)
    end
    result[i] = {name = input.text(fname, what .. "name", one.name), values = values,
                 errors = errors}
  end
  return result
end

local function describe(fname, given)
  local description = chart.describe(fname, given, DEFAULTS)
  description.series = read_series(fname, description)
  description.values, description.errors = nil, nil
  local count = #description.series[1].values
  if description.labels ~= nil then
    description.labels = input.texts(fname, "labels", description.labels, count)
  else
    description.labels = {}
    for i = 1, count do description.labels[i] = tostring(i) end
  end
  if description.horizontal ~= nil and type(description.horizontal) ~= "boolean" then
    input.raise(fname, "horizontal", "a boolean expected, got %s",
                options.type_name(description.horizontal))
  end
  description.range = {input.range(fname, "range", description.range)}
  return description
end

-- How the names stand below `width` units of bars: a list of their lines and the number of
-- characters their longest line has, or nil if they would meet.
local function broken(labels, width)
  local letters = math.floor((width / math.max(1, #labels) - GAP) / LETTER)
  local lines, longest = {}, 0
  for i, label in ipairs(labels) do
    for word in label:gmatch("%S+") do
      if (utf8.len(word) or #word) > letters then return nil end
    end
    lines[i] = letters > 0 and gnuplot.wrap(label, letters) or {}
    if #lines[i] > MOST_LINES then return nil end
    longest = math.max(longest, #lines[i])
  end
  return lines, longest
end

-- How the categories' names are shown: "below" (with the lines), "turned" or "beside".
local function layout(description)
  local labels, width = description.labels, chart.INNER
  if description.horizontal then
    return "beside"
  end
  local lines, most = broken(labels, width)
  if lines then
    return "below", lines, most
  elseif #labels * PITCH <= width or description.horizontal == false then
    return "turned"
  end
  return "beside"
end

-- The extent of bars and errors, with zero.
local function extent(series)
  local lists = {{0.0}}
  for _, one in ipairs(series) do
    lists[#lists + 1] = one.values
    for _, sign in ipairs(one.errors and {-1, 1} or {}) do
      local ends = {}
      for i, v in ipairs(one.values) do ends[i] = v + sign * math.abs(one.errors[i]) end
      lists[#lists + 1] = ends
    end
  end
  local lo, hi = scale.extent(lists)
  return lo, hi > lo and hi or lo + 1
end

-- Adds the bars of the k-th of several series; gives the element that draws their errors, or nil.
local function add_series(frame, one, k, count, lying)
  local thick = SHARE / count
  if not lying then
    thick = math.min(thick, BAR_MOST * #one.values / chart.INNER)
  end
  local bars, lines, drawn, with_errors = {}, {}, 0, 0
  for i, v in ipairs(one.values) do
    if scale.drawable(v) then
      local place = i + (k - (count + 1) / 2) * thick
      local from, to = place - thick * 0.47, place + thick * 0.47
      drawn = drawn + 1
      -- x, y and the ends of the box in x and in y
      bars[drawn] = lying and ("<dddddd"):pack(v, place, math.min(v, 0), math.max(v, 0), from, to)
                    or ("<dddddd"):pack(place, v, from, to, math.min(v, 0), math.max(v, 0))
      local e = one.errors and math.abs(one.errors[i])
      if e and scale.drawable(e) then
        with_errors = with_errors + 1
        lines[with_errors] = lying and ("<dddd"):pack(v - e, place, 2 * e, 0)
                             or ("<dddd"):pack(place, v - e, 0, 2 * e)
      end
    end
  end
  frame:add("%s title %s with boxxyerror fc rgb '%s' fs solid noborder",
            frame:records(6, drawn, table.concat(bars)), gnuplot.quote(frame.names[k]),
            palette.colour(k))
  return with_errors > 0 and ("%s notitle %s lc rgb '#222222' lw 1.4"):format(
      frame:records(4, with_errors, table.concat(lines)), chart.WHISKERS)
end

-- The chart with the axis of the categories declared, and whether the bars lie.
local function frame_of(description, names)
  local labels, count = description.labels, #description.labels
  local how, lines, most = layout(description)
  local spec = {title = description.title, names = names, xlabel = description.xlabel,
                ylabel = description.ylabel, named = true}
  local marks, longest = {}, 0
  for i, label in ipairs(labels) do
    local text = how == "below" and table.concat(lines[i], "\n") or gnuplot.cut(label, LONGEST)
    marks[i] = {i, text}
    longest = math.max(longest, utf8.len(text))
  end
  local lying = how == "beside"
  if lying then
    spec.xlabel, spec.ylabel, spec.named = spec.ylabel, spec.xlabel, false
    spec.left = longest * LETTER + 18
    spec.height = math.max(80, count * math.max(PITCH + 2, #names * BAR_LEAST + 6))
  else
    spec.under = 20 + (how == "below" and most * PITCH or longest * LETTER)
  end
  local frame = chart.new(spec)
  local across = lying and "y" or "x"
  frame:axis(across, lying and {count + 0.5, 0.5} or {0.5, math.max(1, count) + 0.5}, marks)
  if count > 0 then
    frame.figure:add("set %stics scale 0 %s", across,
                     how == "turned" and "rotate by 90 right" or "norotate")
  end
  frame.figure:add("set grid no%stics", across)
  return frame, lying
end

--- plot.bars(path, {values= or series=, ...}): see nnlua.plot.
return function(path, given)
  local fname = "plot.bars"
  local format = gnuplot.format(fname, path)
  local description = describe(fname, given)
  if format == "terminal" then
    return screen.show("bars", description)
  end
  local series, names = description.series, {}
  for k, one in ipairs(series) do names[k] = one.name end
  local frame, lying = frame_of(description, names)
  local lo, hi = extent(series)
  local range = description.range
  frame:axis(lying and "x" or "y", scale.linear(range[1] or lo, range[2] or hi, 5,
                                                range[1] and "exact"))
  local errors = {}
  for k, one in ipairs(series) do
    errors[#errors + 1] = add_series(frame, one, k, #series, lying) or nil
  end
  for _, element in ipairs(errors) do
    frame:add("%s", element)
  end
  frame.figure:add("set arrow from %s nohead front lc rgb '#444444' lw 0.8",
                   lying and "0, graph 0 to 0, graph 1" or "graph 0, first 0 to graph 1, first 0")
  return frame:save(fname, path)
end

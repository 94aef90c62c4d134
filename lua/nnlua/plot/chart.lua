-- The frame of a chart with axes: title, legend and note above it, tics, names of the axes.
--
-- Invariants: what explains the data stands above them, never on them; no text leaves the figure or
-- meets another: long ones are broken, longer ones cut; a chart is as wide as a column of a paper,
-- where its smallest letters are 6 points high.

local gnuplot = require "nnlua.plot.gnuplot"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"
local scale = require "nnlua.plot.scale"

local quote = gnuplot.quote

-- Units. chart.WIDTH: of every chart; chart.INNER: between the axes, about; chart.DIGIT: a digit at
-- an axis.
local chart = {WIDTH = 560, INNER = 440, DIGIT = 10.2}

-- LETTER, NAME_LETTER: a character of the legend, of an axis' name, on the safe side of the fonts'
-- average; LEGEND: its width; SAMPLE: the line or mark before a name with its gaps; UNDER: tics and
-- their gap below the chart.
local HEIGHT, EDGE, TITLE_LINE, LEGEND_LINE, NOTE_LINE, NAME_LINE = 320, 10, 26, 20, 18, 20
local UNDER, RIGHT = 38, 30
local LETTER, NAME_LETTER, LEGEND, SAMPLE = 8.8, 9.7, 520, 75

-- Characters that fit: of the title, the note, the two axes' names.
local TITLE_LETTERS, NOTE_LETTERS, X_LETTERS, Y_LETTERS, NAME_LINES = 44, 56, 46, 32, 3

--- chart.OPTIONS: the options of every chart.
chart.OPTIONS = {title = options.optional, xlabel = options.optional, ylabel = options.optional}

--- chart.options(more) -> the defaults of a chart's options: OPTIONS and more.
function chart.options(more)
  local all = {}
  for _, defaults in ipairs {chart.OPTIONS, more} do
    for _, name in ipairs(options.sorted_keys(defaults)) do
      all[name] = defaults[name]
    end
  end
  return all
end

--- chart.describe(fname, given, defaults) -> the options checked, with title, xlabel and ylabel as
--- strings.
function chart.describe(fname, given, defaults)
  local description = options.check(fname, given, defaults)
  for _, name in ipairs(options.sorted_keys(chart.OPTIONS)) do
    description[name] = input.text(fname, name, description[name])
  end
  return description
end

-- At most NAME_LINES lines of an axis' name.
local function name_lines(text, letters)
  local lines = gnuplot.wrap(text, letters)
  if #lines > NAME_LINES then
    lines[NAME_LINES] = lines[NAME_LINES] .. " …"
  end
  return table.move(lines, 1, NAME_LINES, 1, {})
end

-- The names as the legend shows them, its columns and its rows: 0 where no series has a name.
local function legend(names)
  local shown, longest, named = {}, 0, 0
  for i, name in ipairs(names) do
    shown[i] = gnuplot.cut(name:gsub("%s+", " "), LEGEND // LETTER - 9)
    longest = math.max(longest, utf8.len(shown[i]))
    named = named + (shown[i] ~= "" and 1 or 0)
  end
  local columns = math.min(named, math.max(1, LEGEND // (longest * LETTER + SAMPLE)))
  return shown, columns, named > 0 and math.ceil(named / columns) or 0
end

local Chart = {}
Chart.__index = Chart

--- chart.new(spec) -> an empty chart. spec, all optional but the texts of chart.describe:
--- title, xlabel, ylabel; names (of the series, "" for none); note (small, below the legend);
--- height (of the part between the axes; default 320); named (true: the marks of x are texts that
--- fit, not numbers of which some are enough); right (units kept free there); left and
--- under (units for what stands beside the axes; default: what tics of numbers need).
function chart.new(spec)
  local title = gnuplot.wrap(spec.title, TITLE_LETTERS)
  local note = gnuplot.wrap(spec.note or "", NOTE_LETTERS)
  local names, columns, rows = legend(spec.names or {})
  local head = EDGE + #title * TITLE_LINE + rows * LEGEND_LINE + #note * NOTE_LINE
  head = head + (head > EDGE and 12 or 4)
  local labels = {x = name_lines(spec.xlabel, X_LETTERS), y = name_lines(spec.ylabel, Y_LETTERS)}
  local foot = (spec.under or UNDER) + #labels.x * NAME_LINE + EDGE
  local height = math.ceil((spec.height or HEIGHT) + head + foot)
  local figure, edge = gnuplot.figure(chart.WIDTH, height), EDGE / chart.WIDTH
  local self = setmetatable({
    figure = figure,
    height = height,
    head = head,   -- units above the chart
    names = names, -- of the series, as the legend shows them
    elements = {}, -- of the plot command, in order
    labels = labels, -- lines of the axes' names
    right = (spec.right or 0) + RIGHT, -- units right of the axes
    named = spec.named, -- the marks of x are names that somebody has made fit
    beside = spec.left, -- units of the texts beside the y axis, if its marks do not tell
    left = 0, -- units left of the axes, once there is a y axis
  }, Chart)
  figure:add("set border 3 lc rgb '#444444' lw 0.8")
  figure:add("set tics nomirror out scale 0.6 font ',12' textcolor rgb '#222222'")
  figure:add("set grid xtics ytics back lt 1 lc rgb '#e0e0e0' lw 0.6")
  figure:add("set tmargin at screen %.6f", self:from_top(head))
  figure:add("set bmargin at screen %.6f", foot / height)
  for i, line in ipairs(title) do
    figure:add("set label %s at screen %.6f, screen %.6f left font ',15'", quote(line), edge,
               self:from_top(EDGE + (i - 0.5) * TITLE_LINE))
  end
  local y = EDGE + #title * TITLE_LINE
  if rows > 0 then
    figure:add("set key at screen %.6f, screen %.6f left top Left reverse samplen 3.5 "
               .. "font ',12' horizontal maxcols %d maxrows %d", edge, self:from_top(y), columns,
               rows)
  else
    figure:add("unset key")
  end
  for i, line in ipairs(note) do
    figure:add("set label %s at screen %.6f, screen %.6f left font ',11.5' textcolor rgb '#555555'",
               quote(line), edge, self:from_top(y + rows * LEGEND_LINE + (i - 0.4) * NOTE_LINE))
  end
  return self
end

--- c:from_top(units) -> a place below the figure's upper edge, as gnuplot's screen coordinate.
function Chart:from_top(units)
  return 1 - units / self.height
end

-- Every, every second, third, ... of the marks of an x axis, so that they do not meet.
local function thinned(marks, room)
  local every = math.max(1, math.ceil(#marks * room / chart.INNER))
  local result = {}
  for i = 1, #marks, every do result[#result + 1] = marks[i] end
  return result
end

--- c:axis(name, limits, marks [, log [, minor]]): declares the axis "x" or "y": {lo, hi}, its marks
--- {value, text}, and for a logarithmic one the places of the marks without text.
function Chart:axis(name, limits, marks, log, minor)
  local figure = self.figure
  local widest = 0
  for _, mark in ipairs(marks) do widest = math.max(widest, utf8.len(mark[2])) end
  widest = widest * chart.DIGIT
  if name == "x" and not self.named then
    marks = thinned(marks, widest + 12)
    self.right = math.max(self.right, widest / 2 + 4) -- the last may stand at the end
  end
  figure:add("set %srange [%.17g:%.17g]", name, limits[1], limits[2])
  if #marks > 0 then
    figure:add("set %stics %s", name, gnuplot.tics(marks, minor))
  else -- an empty list would mean gnuplot's own choice
    figure:add("unset %stics", name)
  end
  if log then
    figure:add("set logscale %s", name)
  end
  if name == "y" then
    self:place_left(self.beside or widest + 22)
  else
    figure:add("set rmargin at screen %.6f", 1 - self.right / chart.WIDTH)
  end
end

-- Sets the left margin: the y axis' name, then `units` for the texts of its tics.
function Chart:place_left(units)
  local lines = self.labels.y
  self.left = EDGE + #lines * NAME_LINE + units
  self.figure:add("set lmargin at screen %.6f", self.left / chart.WIDTH)
  for i, line in ipairs(lines) do
    self.figure:add("set label %s at screen %.6f, graph 0.5 center rotate by 90 font ',13'",
                    quote(line), (EDGE + (i - 0.5) * NAME_LINE) / chart.WIDTH)
  end
end

--- c:add(format, ...) appends an element of the plot command.
function Chart:add(format, ...)
  self.elements[#self.elements + 1] = format:format(...)
end

--- c:records(columns, count, bytes) -> the source of an element: that many records of doubles, or
--- what draws nothing, where there are none, but keeps its line in the legend.
function Chart:records(columns, count, bytes)
  if count == 0 then
    return "NaN"
  end
  local using = {}
  for i = 1, columns do using[i] = i end
  return ("%s record=%d format='%%%dfloat64' endian=little using %s"):format(
    self.figure:data(bytes), count, columns, table.concat(using, ":"))
end

--- chart.WHISKERS: how error bars are drawn, of records x, y, dx, dy from their low ends. (Those of
--- gnuplot have a white hole at the value.)
chart.WHISKERS = "with vectors heads size screen 0.008,90 nofilled"

--- c:save(fname, path): as figure:save.
function Chart:save(fname, path)
  -- the x axis' name: below its middle, but within the figure
  local lines, middle = self.labels.x, (self.left + chart.WIDTH - self.right) / 2
  for i, line in ipairs(lines) do
    local half = utf8.len(line) * NAME_LETTER / 2 + EDGE
    self.figure:add("set label %s at screen %.6f, screen %.6f center font ',13'", quote(line),
                    math.max(half, math.min(chart.WIDTH - half, middle)) / chart.WIDTH,
                    (EDGE + (#lines - i + 0.5) * NAME_LINE) / self.height)
  end
  self.figure:add("plot %s", table.concat(self.elements, ", "))
  return self.figure:save(fname, path)
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

--- c:fit(name, lists, range, log): declares the axis "x" or "y" for lists of values; range:
--- {lo, hi}, or {} for what the data need. Gives the limits.
function Chart:fit(name, lists, range, log)
  local lo, hi = range[1], range[2]
  if not lo then
    lo, hi = scale.extent(lists, log)
  end
  if log then
    local limits, marks, minor = scale.logarithmic(lo, hi, range[1] ~= nil,
                                                       name == "x" and 6 or 9)
    self:axis(name, limits, marks, true, minor)
    return limits
  end
  -- the x axis ends where the data does: a curve of 4,321 epochs is not drawn on 5,000
  local fixed = range[1] and "exact" or (name == "x" and lo ~= hi and "near")
  local limits, marks = scale.linear(lo, hi, name == "x" and 6 or 7, fixed,
                                     name == "x" and all_whole(lists) and 1)
  self:axis(name, limits, marks)
  return limits
end

return chart

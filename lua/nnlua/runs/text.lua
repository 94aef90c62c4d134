-- Runs as texts for people: short numbers, ages, aligned tables, colours where they are wanted.
--
-- Invariant: what comes from a run (names, messages) is shown without its control characters.

local core = require "nnlua.core"
local progress = require "nnlua.progress"

local text = {}

local NONE <const> = "-"

local format, math_type = string.format, math.type

--- text.plain(s) -> s on one line, without control characters.
function text.plain(s)
  return (tostring(s):gsub("%c", "?"))
end

--- text.value(v) -> a number in four digits, or as it is if it is an integer; a text; "-" for nil.
function text.value(v)
  if v == nil then return NONE end
  if math_type(v) ~= "float" then return math_type(v) and ("%d"):format(v) or text.plain(v) end
  if v ~= v then return "nan" end
  if v == v // 1 and v > -100000 and v < 100000 then return ("%d"):format(v) end
  return format("%.4g", v)
end

--- text.duration(seconds) -> "0.25s", "42s", "3m 05s"; "-" for nil.
function text.duration(seconds)
  if not seconds then return NONE end
  if seconds < 10 then return ("%.3gs"):format(seconds) end
  return progress.duration(seconds)
end

--- text.age(then, now) -> how long ago: "12s", "5m", "3h", "2d", or the date after four weeks.
function text.age(before, now)
  if not before then return NONE end
  local s = math.max(0, math.floor(now - before))
  if s < 60 then return s .. "s" end
  if s < 3600 then return s // 60 .. "m" end
  if s < 86400 then return s // 3600 .. "h" end
  if s < 28 * 86400 then return s // 86400 .. "d" end
  return os.date("%Y-%m-%d", math.floor(before))
end

--- text.date(seconds) -> "2026-08-01 12:00:00", local time; "-" for nil.
function text.date(seconds)
  return seconds and os.date("%Y-%m-%d %H:%M:%S", math.floor(seconds)) or NONE
end

--- text.width(s) -> the columns that it takes on a terminal.
text.width = core.display_width

--- text.clip(s, width) -> s, or as much of its beginning as fits before "…".
function text.clip(s, width)
  if text.width(s) <= width then return s end
  return core.display_clip(s, width - 1) .. "…"
end

-- Colours ---------------------------------------------------------------------------------------

local COLOURS <const> = {bold = 1, dim = 2, red = 31, green = 32, yellow = 33, magenta = 35,
                         cyan = 36}

local STATES <const> = {running = "cyan", failed = "red", killed = "magenta", finished = "green",
                        interrupted = "yellow"}

--- text.coloured(): whether standard output is a terminal that may be written to in colour.
function text.coloured()
  local no_color = os.getenv("NO_COLOR")
  return core.isatty("stdout") and (no_color == nil or no_color == "")
         and os.getenv("TERM") ~= "dumb"
end

--- text.colour(s, name, coloured) -> s between the codes of the colour, if `coloured`.
function text.colour(s, name, coloured)
  if not coloured or not name then return s end
  return ("\27[%dm%s\27[0m"):format(COLOURS[name], s)
end

--- text.state_colour(state) -> the name of its colour.
function text.state_colour(state)
  return STATES[state]
end

-- Tables ----------------------------------------------------------------------------------------

local FEW <const> = 64

--- text.measure(column) fills in column.cells and column.width of the widest. A column is {title=,
--- values= (list with holes), n=, format= (value -> text)}; numbers stand at the right.
function text.measure(column)
  local show, cells, values = column.format or text.value, {}, column.values
  local widest, numbers = text.width(column.title), true
  local known, few = {}, 0 -- parameters and states have few different values
  for i = 1, column.n do
    local value = values[i]
    local cell = value ~= nil and known[value]
    if not cell then
      cell = show(value)
      if few < FEW and value == value and value ~= nil then known[value], few = cell, few + 1 end
      if numbers and value ~= nil then numbers = math_type(value) ~= nil end
      if #cell > widest then
        widest = math.max(widest, text.width(cell))
      end
    end
    cells[i] = cell
  end
  column.cells, column.width = cells, widest
  if column.right == nil then column.right = numbers end
  return column
end

-- Cells in the column's width. %s counts bytes: of a cell with others than ASCII's that is wrong.
local function pad(cell, column)
  local space = (" "):rep(column.width - text.width(cell))
  return column.right and space .. cell or cell .. space
end

local function padded(column, last, coloured)
  if last and not column.right then return column.cells end
  local list, cells, known, few = {}, column.cells, {}, 0
  local colour = coloured and column.colour
  local pattern = ("%%%s%ds"):format(column.right and "" or "-", column.width)
  for i = 1, column.n do
    local cell = cells[i]
    local shown = known[cell]
    if not shown then
      shown = column.width < 100 and not cell:find("[\128-\255]") and format(pattern, cell)
              or pad(cell, column)
      if colour then shown = text.colour(shown, colour(column.values[i]), true) end
      if few < FEW then known[cell], few = shown, few + 1 end
    end
    list[i] = shown
  end
  return list
end

--- text.table(columns, coloured) -> the lines of a table of measured columns, the titles first.
function text.table(columns, coloured)
  local titles, lists, row = {}, {}, {}
  for j, column in ipairs(columns) do
    titles[j] = pad(column.title, column)
    lists[j] = padded(column, j == #columns, coloured)
  end
  local lines = {text.colour((table.concat(titles, "  "):gsub("%s+$", "")), "bold", coloured)}
  local count, concat = #columns, table.concat
  for i = 1, columns[1].n do
    for j = 1, count do row[j] = lists[j][i] end
    lines[i + 1] = concat(row, "  ")
  end
  return lines
end

--- text.total(columns) -> the width of a table of measured columns.
function text.total(columns)
  local total = 2 * (#columns - 1)
  for _, column in ipairs(columns) do total = total + column.width end
  return total
end

return text

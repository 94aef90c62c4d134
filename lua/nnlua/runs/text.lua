-- Runs as texts for people: short numbers, ages, aligned tables, colours where they are wanted.
--
-- Invariant: what comes from a run (names, messages) is shown without its control characters.

local core = require "nnlua.core"
local progress = require "nnlua.progress"

local text = {}

local NONE <const> = "-"

--- text.plain(s) -> s on one line, without control characters.
function text.plain(s)
  return (tostring(s):gsub("%c", "?"))
end

--- text.value(v) -> a number in four digits, or as it is if it is an integer; a text; "-" for nil.
function text.value(v)
  if v == nil then return NONE end
  if v ~= v then return "nan" end
  if math.type(v) == "float" then
    local whole = math.tointeger(v)
    if whole and math.abs(whole) < 100000 then return ("%d"):format(whole) end
    return ("%.4g"):format(v)
  end
  return text.plain(v)
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
  if s < 60 then return ("%ds"):format(s) end
  if s < 3600 then return ("%dm"):format(s // 60) end
  if s < 86400 then return ("%dh"):format(s // 3600) end
  if s < 28 * 86400 then return ("%dd"):format(s // 86400) end
  return os.date("%Y-%m-%d", math.floor(before))
end

--- text.date(seconds) -> "2026-08-01 12:00:00", local time; "-" for nil.
function text.date(seconds)
  return seconds and os.date("%Y-%m-%d %H:%M:%S", math.floor(seconds)) or NONE
end

--- text.width(s) -> its characters.
function text.width(s)
  return utf8.len(s) or #s
end

--- text.clip(s, width) -> s, or its beginning and "…".
function text.clip(s, width)
  if text.width(s) <= width then return s end
  if not utf8.len(s) then return s:sub(1, width) end
  return s:sub(1, utf8.offset(s, width) - 1) .. "…"
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

--- text.measure(column) fills in column.cells, column.widths of these and column.width of all. A
--- column is {title=, values= (list with holes), n=, format= (value -> text)}; numbers stand at the
--- right.
function text.measure(column)
  local format, cells, widths = column.format or text.value, {}, {}
  local widest, numbers = text.width(column.title), true
  local values, known = column.values, {} -- parameters have few different values
  for i = 1, column.n do
    local value = values[i]
    if value == nil or value ~= value then value = value == nil and NONE or "nan" end
    local cell = known[value]
    if not cell then
      cell = values[i] == nil and format(nil) or format(values[i])
      known[value] = cell
      numbers = numbers and (values[i] == nil or type(values[i]) == "number")
    end
    local width = #cell
    if width > widest then
      width = utf8.len(cell) or width
      if width > widest then widest = width end
    end
    cells[i], widths[i] = cell, width
  end
  column.cells, column.widths, column.width = cells, widths, widest
  if column.right == nil then column.right = numbers end
  return column
end

local spaces = setmetatable({}, {__index = function(t, n)
  t[n] = (" "):rep(n)
  return t[n]
end})

-- The padding of a cell whose width in bytes or characters is `own`.
local function padding(column, cell, own)
  if own == #cell then own = utf8.len(cell) or own end
  return spaces[column.width - own]
end

--- text.table(columns, coloured) -> the lines of a table of measured columns, the titles first.
function text.table(columns, coloured)
  local titles, pieces, lines = {}, {}, {}
  for j, column in ipairs(columns) do
    local space = padding(column, column.title, text.width(column.title))
    titles[j] = column.right and space .. column.title or column.title .. space
  end
  lines[1] = text.colour((table.concat(titles, "  "):gsub("%s+$", "")), "bold", coloured)
  for i = 1, columns[1].n do
    local at = 0
    for j, column in ipairs(columns) do
      local cell = column.cells[i]
      local space = padding(column, cell, column.widths[i])
      if coloured and column.colour then
        cell = text.colour(cell, column.colour(column.values[i]), true)
      end
      if column.right then cell, space = space, cell end
      pieces[at + 1], pieces[at + 2], pieces[at + 3] = cell, space, "  "
      at = j == #columns and (column.right and at + 2 or at + 1) or at + 3
    end
    lines[i + 1] = table.concat(pieces, "", 1, at)
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

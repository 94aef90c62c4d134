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

--- text.measure(column) fills in column.cells and column.width. A column is {title=, values=
--- (list with holes), n=, format= (value -> text)}; numbers stand at the right.
function text.measure(column)
  local format, cells = column.format or text.value, {}
  local widest, numbers = text.width(column.title), true
  local values = column.values
  for i = 1, column.n do
    local value = values[i]
    local cell = format(value)
    cells[i] = cell
    local width = utf8.len(cell) or #cell
    if width > widest then widest = width end
    if value ~= nil and type(value) ~= "number" then numbers = false end
  end
  column.cells, column.width = cells, widest
  if column.right == nil then column.right = numbers end
  return column
end

local function pad(cell, width, right)
  local space = (" "):rep(width - text.width(cell))
  return right and space .. cell or cell .. space
end

--- text.table(columns, coloured) -> the lines of a table of measured columns, the titles first.
function text.table(columns, coloured)
  local n = columns[1].n
  local padded = {}
  for j, column in ipairs(columns) do
    local list, width, right = {}, column.width, column.right
    local last = j == #columns and not right
    for i = 1, n do
      local cell = column.cells[i]
      local shown = last and cell or pad(cell, width, right)
      list[i] = column.colour and text.colour(shown, column.colour(column.values[i]), coloured)
                or shown
    end
    padded[j] = list
  end
  local titles = {}
  for j, column in ipairs(columns) do titles[j] = pad(column.title, column.width, column.right) end
  local lines = {text.colour((table.concat(titles, "  "):gsub("%s+$", "")), "bold", coloured)}
  local row = {}
  for i = 1, n do
    for j = 1, #columns do row[j] = padded[j][i] end
    lines[i + 1] = table.concat(row, "  ")
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

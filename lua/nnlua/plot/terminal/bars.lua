-- Bar charts in the terminal: a row for each bar, its number behind it.
--
-- Invariants: bars start at zero; the longest one fills the width; the picture has as many rows as
-- there are bars.

local display = require "nnlua.display"
local Grid = require "nnlua.plot.terminal.grid"
local heading = require "nnlua.plot.terminal.heading"
local scale = require "nnlua.plot.scale"
local style = require "nnlua.plot.terminal.style"

-- What bars of several series are made of where there are no colours.
local FILLS = {"█", "▒", "░", "▓"}

local EIGHTHS = {[0] = "", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

-- The number behind a bar, with its error.
local function value_text(look, v, error)
  local text = scale.drawable(v) and ("%.4g"):format(v) or tostring(v):gsub("^-?nan$", "nan")
  if not error then return text end
  return ("%s %s %.2g"):format(text, look.utf8 and "±" or "+-", math.abs(error))
end

-- The bars as rows: list of {label, value, text, series}; label = nil in a category's later rows.
local function rows_of(look, given)
  local rows = {}
  for i, label in ipairs(given.labels) do
    if i > 1 and #given.series > 1 then rows[#rows + 1] = {} end
    for k, one in ipairs(given.series) do
      local v = one.values[i]
      rows[#rows + 1] = {label = k == 1 and label or nil, value = v, series = k,
                         text = value_text(look, v, one.errors and one.errors[i])}
    end
  end
  return rows
end

-- Where v lies on an axis, in cells from its beginning; beyond its ends, at them. A number that
-- cannot be drawn lies at zero.
local function place(axis, v)
  v = scale.drawable(v) and v or 0
  return (math.max(axis.lo, math.min(axis.hi, v)) - axis.lo) / (axis.hi - axis.lo) * axis.columns
end

-- A bar from zero to v; gives the cell behind it.
local function draw_bar(grid, y, axis, v, code, mark)
  local x, zero, stop = axis.x, place(axis, 0), place(axis, v)
  local first, last = math.min(zero, stop), math.max(zero, stop)
  local cell = math.floor(first + 0.5)
  while cell < math.floor(last) do
    grid:put(x + cell, y, mark, code)
    cell = cell + 1
  end
  local rest = math.floor((last - math.floor(last)) * 8)
  if mark == FILLS[1] and stop > zero and rest > 0 then
    grid:put(x + cell, y, EIGHTHS[rest], code)
  end
  return x + math.ceil(last)
end

--- terminal.bars(description, options): see nnlua.plot.terminal.
return function(given, wanted)
  local look = style.look("bars", wanted)
  local rows, labels, texts, lists, entries = rows_of(look, given), 0, 0, {{0.0}}, {}
  for _, row in ipairs(rows) do
    row.label = row.label and display.clip(display.clean(row.label, look.utf8), look.width // 3,
                                           look.utf8)
    labels = math.max(labels, display.width(row.label or ""))
    texts = math.max(texts, display.width(row.text or ""))
  end
  for k, one in ipairs(given.series) do
    lists[k + 1] = one.values
    local fill = FILLS[look.colour > 0 and 1 or (k - 1) % #FILLS + 1]
    entries[k] = {name = one.name or "", mark = look.utf8 and fill or style.mark(look, k),
                  style = style.series(look, k)}
  end
  local lo, hi = scale.extent(lists)
  if given.range and given.range[1] then lo, hi = given.range[1], given.range[2] end
  if hi <= lo then hi = lo + 1 end
  local x = labels > 0 and labels + 1 or 0
  local columns = look.width - x - texts - 1
  if columns < 4 then -- no room for the numbers
    columns, texts = math.max(1, look.width - x), nil
  end
  local axis = {lo = lo, hi = hi, x = x, columns = columns}
  local head = heading(look, given, entries)
  local grid = Grid(look.width, #head + #rows + 1, look.utf8)
  head.draw(grid)
  for i, row in ipairs(rows) do
    local y = #head + i - 1
    if row.label then grid:text(labels - display.width(row.label), y, row.label) end
    if row.series then
      local entry = entries[row.series]
      local behind = draw_bar(grid, y, axis, row.value, entry.style, entry.mark)
      if texts then grid:text(behind + 1, y, row.text, style.faint(look)) end
    end
  end
  return grid:picture()
end

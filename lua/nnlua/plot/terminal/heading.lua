-- What stands above a picture in the terminal: title, legend, note, the y axis' name.
--
-- Invariant: every row fits into the width.

local display = require "nnlua.display"
local style = require "nnlua.plot.terminal.style"

local function legend_rows(look, entries)
  local rows, x = {}, nil
  for _, entry in ipairs(entries) do
    local mark = display.width(entry.mark)
    local name = display.clip(display.clean(entry.name, look.utf8):gsub("%s+", " "),
                              look.width - mark - 1, look.utf8)
    if name:find("%S") then
      local needed = mark + 1 + display.width(name)
      if not x or x + needed > look.width then
        rows[#rows + 1], x = {}, 0
      end
      local row, from = rows[#rows], x
      row[#row + 1] = function(grid, y)
        grid:text(grid:text(from, y, entry.mark, entry.style) + 1, y, name)
      end
      x = x + needed + 3
    end
  end
  return rows
end

--- heading(look, given, entries [, most]) -> list of rows, at most so many; `draw(grid)` puts them
--- onto the first rows of a grid. given: {title=, note=, ylabel=}; entries of the legend: list of
--- {name=, mark=, style=}. Where there is little room the title goes first.
return function(look, given, entries, most)
  local groups = {}
  local function add(texts, centred, code)
    local rows = {}
    for i, text in ipairs(texts) do
      rows[i] = {function(grid, y)
        local x = centred and (look.width - display.width(text)) // 2 or 0
        grid:text(math.max(0, x), y, text, code)
      end}
    end
    groups[#groups + 1] = rows
  end
  add(display.wrap(given.title or "", look.width, look.utf8), true, style.bold(look))
  groups[2] = legend_rows(look, entries or {})
  add(display.wrap(given.note or "", look.width, look.utf8), false, style.faint(look))
  add(display.wrap(given.ylabel or "", look.width, look.utf8), false, style.faint(look))
  local room, kept = most or math.huge, {}
  for _, i in ipairs {2, 4, 3, 1} do
    kept[i] = #groups[i] <= room
    if kept[i] then room = room - #groups[i] end
  end
  local rows = {}
  for i, group in ipairs(groups) do
    for _, row in ipairs(kept[i] and group or {}) do rows[#rows + 1] = row end
  end
  function rows.draw(grid)
    for i, row in ipairs(rows) do
      for _, draw in ipairs(row) do draw(grid, i - 1) end
    end
  end
  return rows
end

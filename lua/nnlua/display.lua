-- What the terminal can show: its size, its colours, its characters; texts made to fit it.
--
-- Invariants: a text that comes out holds no control character and takes no more columns than it
-- may, counted as terminals count (CJK 2, combining marks 0); nothing here writes anything.

local core = require "nnlua.core"

local display = {}

local COLUMNS, ROWS = 80, 24 -- of a terminal that does not say

--- display.size() -> columns, rows of the terminal; 80, 24 where there is none.
function display.size()
  local columns, rows = core.terminal_size()
  return columns or COLUMNS, rows or ROWS
end

--- display.utf8() -> whether the locale's characters are UTF-8. An environment that names no locale
--- at all counts as UTF-8.
function display.utf8()
  for _, name in ipairs {"LC_ALL", "LC_CTYPE", "LANG"} do
    local value = os.getenv(name)
    if value and value ~= "" then return value:lower():find("utf%-?8") ~= nil end
  end
  return true
end

--- display.colours(stream) -> how many colours may be used on "stdout" or "stderr": 0 (no terminal,
--- a terminal without colours, or NO_COLOR), 8, 256 or 2^24.
function display.colours(stream)
  local none, term = os.getenv("NO_COLOR"), os.getenv("TERM") or "dumb"
  if none and none ~= "" or term == "dumb" or term:find("^vt%d") or not core.isatty(stream) then
    return 0
  end
  local more = os.getenv("COLORTERM") or ""
  if more:find("truecolor", 1, true) or more:find("24bit", 1, true) then return 2 ^ 24 end
  return (more ~= "" or term:find("256color", 1, true)) and 256 or 8
end

--- display.clean(text [, utf8 = true]) -> one line: control characters become spaces, bytes that
--- are no UTF-8 U+FFFD. Without utf8 what is not ASCII becomes "?".
function display.clean(text, utf8_wanted)
  local length, bad = utf8.len(text)
  while not length do
    text = text:sub(1, bad - 1) .. "\u{FFFD}" .. text:sub(bad + 1)
    length, bad = utf8.len(text, bad)
  end
  -- U+0080 to U+009F are control characters too
  text = text:gsub("[\0-\31\127]", " "):gsub("\xC2[\x80-\x9F]", " ")
  if utf8_wanted == false then text = text:gsub("[\xC2-\xF4][\x80-\xBF]+", "?") end
  return text
end

--- display.width(text) -> columns that it takes.
display.width = core.display_width

--- display.clip(text, columns [, utf8 = true]) -> text, cut to that many columns and then ending
--- in "…" ("~" without utf8).
function display.clip(text, columns, utf8_wanted)
  if display.width(text) <= columns then return text end
  if columns < 1 then return "" end
  return core.display_clip(text, columns - 1) .. (utf8_wanted == false and "~" or "…")
end

--- display.wrap(text, columns [, utf8 = true]) -> list of lines, broken at newlines and spaces; a
--- longer word is cut.
function display.wrap(text, columns, utf8_wanted)
  local lines = {}
  for paragraph in (text .. "\n"):gmatch("(.-)\n") do
    local line
    for word in display.clean(paragraph, utf8_wanted):gmatch("%S+") do
      word = display.clip(word, columns, utf8_wanted)
      if line and display.width(line) + 1 + display.width(word) <= columns then
        line = line .. " " .. word
      else
        lines[#lines + 1] = line
        line = word
      end
    end
    lines[#lines + 1] = line
  end
  return lines
end

--- display.pad(text, columns [, right]) -> text with spaces behind it (or before, if `right`).
function display.pad(text, columns, right)
  local spaces = (" "):rep(columns - display.width(text))
  return right and spaces .. text or text .. spaces
end

return display

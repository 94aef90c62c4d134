-- Lays out the text of comments for the terminal: paragraphs filled, examples and lists kept.

-- Kept here, so that a session survives its own `table = 5`.
local ipairs, table, utf8 = ipairs, table, utf8

local text = {}

local FILLED = 86 -- columns that a line of a paragraph in the sources has at least

-- A line and what further lines of the same paragraph begin with.
local function fill(words, width, first, further)
  local lines, line = {}, first
  local empty = true
  for _, word in ipairs(words) do
    if not empty and utf8.len(line .. " " .. word, 1, -1, true) > width then
      lines[#lines + 1], line, empty = line, further, true
    end
    line, empty = empty and line .. word or line .. " " .. word, false
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

local function words_of(part)
  local words = {}
  for word in part:gmatch("%S+") do words[#words + 1] = word end
  return words
end

-- A line that is kept as it is: indented, an entry of a list ("title   default: none"), or empty.
local function is_kept(line)
  return line:find("^%s%s") ~= nil or line:find("%S%s%s%s+%S") ~= nil or not line:find("%S")
end

-- Whether a line of so many columns was ended on purpose: the first word of the next one would have
-- fitted behind it.
local function is_short(columns, next_line)
  return columns + 1 + #(next_line:match("^%S+") or "") < FILLED
end

--- text.body(comment, width [, column = 0]) -> the comment indented by two, its paragraphs filled
--- to that width. column: how many columns its first line had in front of it.
function text.body(comment, width, column)
  local blocks, paragraph, lines = {}, {}, {}
  local function finish()
    if #paragraph > 0 then
      blocks[#blocks + 1] = fill(words_of(table.concat(paragraph, " ")), width, "  ", "  ")
      paragraph = {}
    end
  end
  for line in (comment .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  for i, line in ipairs(lines) do
    if is_kept(line) then
      finish()
      blocks[#blocks + 1] = line:find("%S") and "  " .. line:gsub("%s+$", "") or ""
    else
      paragraph[#paragraph + 1] = line
      local columns = #line + (i == 1 and column or 0)
      if is_short(columns, lines[i + 1] or "") then finish() end
    end
  end
  finish()
  return table.concat(blocks, "\n")
end

--- text.signature(signature, width) -> its lines; further ones are indented by four. An option
--- stays on one line with its default.
function text.signature(signature, width)
  local words = words_of((signature:gsub(" = ", "\1=\1")))
  return (fill(words, width, "", "    "):gsub("\1", " "))
end

--- text.list(title, names, width) -> "  title: a, b, ..." in lines.
function text.list(title, names, width)
  return fill(words_of(title .. ": " .. table.concat(names, ", ")), width, "  ", "    ")
end

return text

-- style.lua - colour, where it is wanted
--
-- Only on a terminal that is not "dumb", and not where the user has set NO_COLOR; anywhere else
-- texts stay as they are, without any control code.

local core = require "nnlua.core"

local style = {}

local CODES = {error = "31", where = "36", dim = "2", bold = "1"}

local term, no_color = os.getenv("TERM") or "", os.getenv("NO_COLOR") or ""
local wanted = no_color == "" and term ~= "" and term ~= "dumb"
local coloured = {
  stdout = wanted and core.isatty("stdout"),
  stderr = wanted and core.isatty("stderr"),
}

--- style.plain: whether not even standard output is coloured.
style.plain = not coloured.stdout

--- style.paint(kind, text [, stream = "stdout"]) -> text, with colour if the stream shows it
--- kind: "error", "where" (a position), "dim", "bold".
function style.paint(kind, text, stream)
  if not coloured[stream or "stdout"] or text == "" then return text end
  return "\27[" .. CODES[kind] .. "m" .. text .. "\27[0m"
end

--- style.prompt(text) -> the text for readline, which is told which bytes take no room.
function style.prompt(text)
  if style.plain then return text end
  local mark, space = text:match("^(.-)(%s*)$")
  return "\1\27[" .. CODES.where .. "m\2" .. mark .. "\1\27[0m\2" .. space
end

--- style.clip(text, width) -> at most so many characters; what is cut shows as "...".
function style.clip(text, width)
  local length = utf8.len(text)
  if (length or #text) <= width then return text end
  if width < 4 then return ("."):rep(width) end
  local stop = length and utf8.offset(text, width - 2) - 1 or width - 3
  return text:sub(1, stop) .. "..."
end

return style

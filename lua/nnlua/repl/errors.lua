-- errors.lua - what a session shows of an error
--
-- The message; below it the user's functions that were running, innermost first, each with its
-- line of source; then how many of the library's were. The whole traceback is kept for
-- %traceback.

local core = require "nnlua.core"
local inputs = require "nnlua.repl.inputs"
local line = require "nnlua.line"
local pretty = require "nnlua.pretty"
local style = require "nnlua.repl.style"

-- Kept here, so that a session survives its own `type = 5`.
local debug, getmetatable, io, ipairs = debug, getmetatable, io, ipairs
local math, pcall = math, pcall
local table, tonumber, tostring, type, utf8 = table, tonumber, tostring, type, utf8

local errors = {}

local REPL = debug.getinfo(1, "S").source:match("^(.*)errors%.lua$")
local LIBRARY = REPL:match("^(.*)repl/$")
local SESSION = REPL .. "session.lua"

local LEVELS = 60 -- of the stack that are looked at
local SHOWN = 10  -- frames

local function starts_with(text, prefix)
  return text:sub(1, #prefix) == prefix
end

local function paint(kind, text)
  return style.paint(kind, text, "stderr")
end

-- On a terminal, below the "^C" that it shows.
local INTERRUPTED = (line.interactive() and "\n" or "") .. "interrupted"

local function message_of(value)
  if type(value) == "string" then return value end
  local meta = getmetatable(value)
  if type(meta) == "table" and meta.__tostring then
    local ok, text = pcall(tostring, value)
    if ok then return text end
  end
  return "error object: " .. pretty(value, {width = core.terminal_width() or 80})
end

-- The line of an input, or of a file as it is now.
local function source_line(source, short_src, number)
  if source:sub(1, 1) ~= "@" then return inputs.source_line(short_src, number) end
  local file = io.open(source:sub(2))
  if not file then return nil end
  local found
  for _ = 1, number do
    found = file:read("l")
    if not found then break end
  end
  file:close()
  return found
end

-- The user's frames of the present call, innermost first; how many of the library's there are.
local function collect_frames()
  local frames, library = {}, 0
  for level = 4, LEVELS do -- 1 to 3: this, describe, the message handler
    local frame = debug.getinfo(level, "Sln")
    if not frame or frame.source == SESSION then break end
    if starts_with(frame.source, LIBRARY) then
      if not starts_with(frame.source, REPL) then library = library + 1 end
    elseif frame.what ~= "C" then
      local name = frame.what ~= "main" and frame.name and (" in '%s'"):format(frame.name) or ""
      local where = ("%s:%d"):format(frame.short_src, frame.currentline)
      local last = frames[#frames]
      if last and last.where == where and last.name == name then -- a recursion
        last.again = true
      else
        frames[#frames + 1] = {
          where = where,
          name = name,
          source = source_line(frame.source, frame.short_src, frame.currentline),
        }
      end
    end
  end
  return frames, library
end

local function length(text)
  return utf8.len(text) or #text
end

-- "  In[2]:1 in 'f'  error('boom')", the sources below one another and cut at the width; behind a
-- long position the source is on a line of its own.
local function frame_lines(frames)
  local width = (core.terminal_width() or 80) - 1
  local column, most = 0, width * 2 // 5
  for _, frame in ipairs(frames) do
    local used = length(frame.where .. frame.name)
    if used <= most then column = math.max(column, used) end
  end
  local lines = {}
  for i = 1, math.min(#frames, SHOWN) do
    local frame = frames[i]
    local used = length(frame.where .. frame.name)
    local source = (frame.source or ""):gsub("^%s+", ""):gsub("%s+$", ""):gsub("%c", " ")
    local position = "  " .. paint("where", frame.where) .. frame.name
    if source == "" then
      lines[i] = position
    elseif used > most then
      lines[i] = position .. "\n    " .. style.clip(source, width - 4)
    else
      local gap = (" "):rep(column - used + 2)
      lines[i] = position .. gap .. style.clip(source, width - column - 4)
    end
    if frame.again then lines[i] = lines[i] .. "\n" .. paint("dim", "  ... again and again") end
  end
  if #frames > SHOWN then lines[#lines + 1] = paint("dim", "  ...") end
  return lines
end

-- The whole traceback down to the session, without the session's own functions.
local function traceback(text)
  local lines = {}
  for found in (debug.traceback(text, 4) .. "\n"):gmatch("(.-)\n") do
    if found:find("repl/session.lua:", 1, true) then break end
    -- The session calls an input by way of a variable of this name.
    lines[#lines + 1] = found:gsub("^(\tIn%[.*: in )%a+ 'chunk'$", "%1main chunk")
  end
  while lines[#lines]:find("^\t%[C%]: in ") do lines[#lines] = nil end -- xpcall
  return table.concat(lines, "\n")
end

--- errors.describe(value, input) -> text; traceback. To be called by a message handler.
--- input: what runs, the text of the last input.
function errors.describe(value, input)
  if value == "interrupted" then return INTERRUPTED end
  local text = message_of(value)
  local frames, library = collect_frames()
  local lines = {paint("error", text)}
  -- A single line that was just typed needs no showing.
  if #frames > 1 or #frames == 1 and (frames[1].source or input) ~= input then
    table.move(frame_lines(frames), 1, SHOWN + 1, 2, lines)
    if library > 0 then
      lines[#lines + 1] = paint("dim", ("  (and %d function%s of the library: %%traceback)"):format(
        library, library == 1 and "" or "s"))
    end
  end
  return table.concat(lines, "\n"), traceback(text)
end

--- errors.syntax(message) -> the message of an input that does not compile, with the line that it
--- is about if there are several.
function errors.syntax(message, input)
  local text = paint("error", message)
  local short_src, number = message:match("^(In%[%d+%]):(%d+):")
  local source = short_src and inputs.source_line(short_src, tonumber(number))
  if not source or source == input then return text end
  return text .. "\n" .. frame_lines({{
    where = short_src .. ":" .. number, name = "", source = source,
  }})[1]
end

return errors

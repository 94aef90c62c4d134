-- errors.lua - what a session shows of an error
--
-- The message, and below it only what a user of the REPL can act on: the user's functions that
-- were running, not the library's.

local core = require "nnlua.core"
local line = require "nnlua.line"
local pretty = require "nnlua.pretty"

-- Kept here, so that a session survives its own `type = 5`.
local debug, getmetatable, table, tostring, type = debug, getmetatable, table, tostring, type

local errors = {}

local REPL = debug.getinfo(1, "S").source:match("^(.*)errors%.lua$")
local LIBRARY = REPL:match("^(.*)repl/$")

local function starts_with(text, prefix)
  return text:sub(1, #prefix) == prefix
end

-- On a terminal, below the "^C" that it shows.
local INTERRUPTED = (line.interactive() and "\n" or "") .. "interrupted"

local function message_of(value)
  if type(value) == "string" then return value end
  local meta = getmetatable(value)
  if type(meta) == "table" and meta.__tostring then return tostring(value) end
  return "error object: " .. pretty(value, {width = core.terminal_width() or 80})
end

--- errors.describe(value) -> text; a message handler for xpcall
function errors.describe(value)
  if value == "interrupted" then return INTERRUPTED end
  local text = message_of(value)
  local frames = {}
  for level = 2, 50 do
    local frame = debug.getinfo(level, "Sln")
    if not frame or frame.source == REPL .. "session.lua" then break end
    if frame.what == "Lua" and not starts_with(frame.source, LIBRARY) then
      local name = frame.name and ("in '%s'"):format(frame.name) or "in a function"
      frames[#frames + 1] = ("  %s:%d: %s"):format(frame.short_src, frame.currentline, name)
    end
  end
  -- One frame says no more than the position in front of the message.
  if #frames > 1 then text = text .. "\n" .. table.concat(frames, "\n") end
  return text
end

return errors

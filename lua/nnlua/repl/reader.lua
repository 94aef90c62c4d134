-- reader.lua - where the lines of a session come from: readline on a terminal, else a pipe
--
-- A reader has read(prompt) -> line | nil (end) | nil, "interrupted"; keep(text), which puts an
-- input into the history; interactive. There is one for the whole process: a session inside
-- another one goes on where the outer one stopped.

local line = require "nnlua.line"
local style = require "nnlua.repl.style"

-- Kept here, so that a session survives its own `io = nil`.
local getenv, io = os.getenv, io

local reader = {}

local function history_path()
  local state = getenv("XDG_STATE_HOME")
  if not state or state:sub(1, 1) ~= "/" then
    local home = getenv("HOME")
    if not home or home == "" then return nil end
    state = home .. "/.local/state"
  end
  return state .. "/nnlua/history"
end

local function terminal_reader()
  if style.plain then line.plain() end
  local path = history_path()
  if path then line.load(path) end
  return {
    interactive = true,
    read = line.readline,
    keep = function(text)
      line.add(text)
      if path then line.save(path) end
    end,
  }
end

local function pipe_reader()
  return {
    interactive = false,
    read = function()
      line.clear()
      return io.read("l")
    end,
    keep = function() end,
  }
end

local opened

--- reader.open() -> the reader of standard input
function reader.open()
  opened = opened or (line.interactive() and terminal_reader() or pipe_reader())
  return opened
end

return reader

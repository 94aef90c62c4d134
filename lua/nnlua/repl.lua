-- repl.lua - the interactive session: read, run, show
--
-- Runs only inside the nnlua executable, which provides "nnlua.line". An input is tried as an
-- expression first, so results show without `return` or `=`; while it is incomplete, further
-- lines are asked for. Errors and Ctrl-C end the input, never the session. Without a terminal
-- there is no prompt, banner or history: input is read from a pipe, results are printed.

local core = require "nnlua.core"
local line = require "nnlua.line"
local pretty = require "nnlua.pretty"

-- Kept here, so that a session survives its own `load = 5` or `print = nil`.
local debug, io, load, print, rawget, rawset = debug, io, load, print, rawget, rawset
local getmetatable, pcall, select, tostring = getmetatable, pcall, select, tostring
local type, xpcall = type, xpcall

local repl = {}

local SELF = debug.getinfo(1, "S").source
local LIBRARY = SELF:match("^(.*)repl%.lua$")

local PROMPT, MORE = "> ", ">> "

local HELP = [[
Type an expression to see its value, or any Lua statement. Input continues on the next line
while it is incomplete. Ctrl-C stops a computation or drops the line; Ctrl-D leaves.

  x = nn.randn(2, 3)             a tensor; nn is require "nnlua"
  x[1]   x[{ {}, {1, 2} }]       a row; a slice (indices start at 1)
  (x * 2 + 1):relu():sum()       operators broadcast; methods chain
  nn                             everything that the library offers
  dofile "script.lua"            run a script, keep its globals

A `local` lives only in its own input; assign without `local` to keep a value.]]

local NOTE_LOCAL = "note: a local lives only in its own input; assign without `local` to keep it"

local function history_path()
  local state = os.getenv("XDG_STATE_HOME")
  if not state or state:sub(1, 1) ~= "/" then
    local home = os.getenv("HOME")
    if not home or home == "" then return nil end
    state = home .. "/.local/state"
  end
  return state .. "/nnlua/history"
end

local function terminal_width()
  return core.terminal_width() or 80
end

--- repl.compile(text) -> chunk | nil, message, incomplete
-- `incomplete` is true when more lines could make the text a valid chunk.
function repl.compile(text)
  local expression, expression_error = load("return " .. text:gsub("^=", ""), "=stdin", "t")
  if expression then return expression end
  local statement, statement_error = load(text, "=stdin", "t")
  if statement then return statement end
  if statement_error:find("<eof>$") then return nil, statement_error, true end
  if expression_error:find("<eof>$") then return nil, expression_error, true end
  return nil, statement_error, false
end

-- On a terminal, below the "^C" that it shows.
local INTERRUPTED = (line.interactive() and "\n" or "") .. "interrupted"

-- The message, and below it only what a user of the REPL can act on: the user's functions that
-- were running, not the library's.
local function describe_error(value)
  if value == "interrupted" then return INTERRUPTED end
  local text
  if type(value) == "string" then
    text = value
  else
    local meta = getmetatable(value)
    if type(meta) == "table" and meta.__tostring then
      text = tostring(value)
    else
      text = "error object: " .. pretty(value, {width = terminal_width()})
    end
  end
  local frames = {}
  for level = 2, 50 do
    local frame = debug.getinfo(level, "Sln")
    if not frame or frame.source == SELF then break end
    if frame.what == "Lua" and frame.source:sub(1, #LIBRARY) ~= LIBRARY then
      local name = frame.name and ("in '%s'"):format(frame.name) or "in a function"
      frames[#frames + 1] = ("  %s:%d: %s"):format(frame.short_src, frame.currentline, name)
    end
  end
  -- One frame says no more than the position in front of the message.
  if #frames > 1 then text = text .. "\n" .. table.concat(frames, "\n") end
  return text
end

local function show(...)
  local texts, separator = {}, "\t"
  local options = {width = terminal_width()}
  for i = 1, select("#", ...) do
    texts[i] = pretty((select(i, ...)), options)
    if texts[i]:find("\n", 1, true) then separator = "\n" end
  end
  if #texts > 0 then print(table.concat(texts, separator)) end
end

-- Where lines come from: readline on a terminal, else standard input as it is.
local function terminal_reader(path)
  return {
    read = line.readline,
    keep = function(text)
      line.add(text)
      if path then line.save(path) end
    end,
  }
end

local function pipe_reader()
  return {
    read = function()
      line.clear()
      return io.read("l")
    end,
    keep = function() end,
  }
end

-- Reads one input, of one or more lines. Returns chunk, text; or nil, message to print (which
-- may be nil), end_of_input.
local function read_chunk(reader)
  local text, stopped = reader.read(PROMPT)
  if not text then return nil, nil, stopped == nil end
  if not text:find("%S") then return nil end
  local chunk, message, incomplete = repl.compile(text)
  while incomplete do
    local more, interrupted = reader.read(MORE)
    if not more then
      if interrupted then return nil end
      break -- Ctrl-D: the incomplete input is an error; the next read decides about leaving
    end
    text = text .. "\n" .. more
    chunk, message, incomplete = repl.compile(text)
  end
  reader.keep(text)
  if not chunk then return nil, message end
  return chunk, text
end

--- repl.run()
-- Reads and runs inputs until the end of standard input. Sets the globals `nn` and `help`
-- where they are not taken.
function repl.run()
  local interactive = line.interactive()
  local loaded, nn = pcall(require, "nnlua")
  if loaded and rawget(_G, "nn") == nil then rawset(_G, "nn", nn) end
  if rawget(_G, "help") == nil then
    rawset(_G, "help", setmetatable({}, {__tostring = function() return HELP end}))
  end

  local reader = pipe_reader()
  if interactive then
    local path = history_path()
    if path then line.load(path) end
    reader = terminal_reader(path)
    print(("nnlua %s (%s). Type help for help; Ctrl-D leaves."):format(
      loaded and nn.version or "", _VERSION))
  end

  local function complain(message)
    io.stdout:flush()
    io.stderr:write(message, "\n")
  end
  if not loaded then complain(tostring(nn)) end
  local noted, finished = not interactive, false
  local function step()
    local chunk, text, ended = read_chunk(reader)
    if not chunk then
      finished = ended
      if text then complain(text) end
      return
    end
    if not noted and text:find("^%s*local%s") then
      noted = true
      print(NOTE_LOCAL)
    end
    show(chunk())
  end
  repeat
    -- Everything is inside, so that a Ctrl-C at any moment leads back to the prompt.
    local ok, message = xpcall(step, describe_error)
    if not ok then complain(tostring(message)) end
  until finished
end

return repl

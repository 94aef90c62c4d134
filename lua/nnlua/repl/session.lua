-- session.lua - reads, runs and shows inputs until its end
--
--   local session = require "nnlua.repl.session"
--   local answer = session.new {env = _G}:run()
--
-- Errors and Ctrl-C end the input, never the session. Without a terminal there is no prompt,
-- banner or history: input is read from a pipe, results are printed. Lines that are not Lua:
-- %name runs a command, ? and ?? ask for help. Sessions may be opened inside one another.

local core = require "nnlua.core"
local errors = require "nnlua.repl.errors"
local inputs = require "nnlua.repl.inputs"
local line = require "nnlua.line"
local options = require "nnlua.options"
local pretty = require "nnlua.pretty"
local reader = require "nnlua.repl.reader"

-- Kept here, so that a session survives its own `print = nil`.
local io, pairs, pcall, print, require, select = io, pairs, pcall, print, require, select
local setmetatable, table, tostring, xpcall = setmetatable, table, tostring, xpcall

local Session = {}
Session.__index = Session

local session = {}

--- session.commands[name] = function(session, rest): what the line "%name rest" runs. It may print,
--- raise, and call session:leave.
session.commands = {}

local NOTE_LOCAL = "note: a local lives only in its own input; assign without `local` to keep it"

--- session.new {env = _G, prompt = "> ", more = ">> ", banner, commands = {}} -> session
--- env: the table that holds the variables of the inputs; pairs(env) gives them.
--- banner: printed first on a terminal. commands: of this session only, which run without the "%"
--- as well, `continue`.
function session.new(given)
  local self = options.check("session.new", given, {
    env = _G, prompt = "> ", more = ">> ", banner = options.optional, commands = {},
  })
  self.words = self.commands
  self.commands = setmetatable({}, {__index = function(_, name)
    return self.words[name] or session.commands[name]
  end})
  self.reader = reader.open()
  self.interactive = self.reader.interactive
  self.noted = not self.interactive
  return setmetatable(self, Session)
end

--- s:leave(answer) ends the session after the present input; run() returns the answer.
function Session:leave(answer)
  self.left = true
  self.answer = answer
end

--- s:complain(message) writes to standard error.
function Session.complain(_, message)
  io.stdout:flush()
  io.stderr:write(tostring(message), "\n")
end

--- s:show(...) prints the values of an expression.
function Session.show(_, ...)
  local texts, separator = {}, "\t"
  local how = {width = core.terminal_width() or 80}
  for i = 1, select("#", ...) do
    texts[i] = pretty((select(i, ...)), how)
    if texts[i]:find("\n", 1, true) then separator = "\n" end
  end
  if #texts > 0 then print(table.concat(texts, separator)) end
end

--- s:compile(text) -> chunk | nil, message, incomplete; as inputs.compile, with this session's env
function Session:compile(text)
  return inputs.compile(text, self.env)
end

-- Reads the rest of an input that starts with `text`. Returns the chunk, or nil and the message;
-- then the whole text. Nothing when Ctrl-C drops it.
function Session:_continue(text)
  local chunk, message, incomplete = self:compile(text)
  while incomplete do
    local more, interrupted = self.reader.read(self.more)
    if not more then
      if interrupted then return end
      break -- Ctrl-D: the incomplete input is an error; the next read decides about leaving
    end
    text = text .. "\n" .. more
    chunk, message, incomplete = self:compile(text)
  end
  return chunk, message, text
end

-- "?name" and "??name", where the module for them exists.
function Session:_help(text)
  local found, help = pcall(require, "nnlua.repl.help")
  if not found then return self:complain("there is no help") end
  local marks, name = text:match("^%s*(%?%??)%s*(.-)%s*$")
  local answer, message = help[marks == "??" and "source" or "describe"](self.env, name)
  if answer then print(answer) else self:complain(message) end
end

-- Runs a line that is not Lua; false when it is.
function Session:_special(text)
  local name, rest = text:match("^%s*%%%s*(%S*)%s*(.-)%s*$")
  if not name then
    name, rest = text:match("^%s*(%a[%w_]*)%s*(.-)%s*$")
    if not (name and self.words[name] and (rest == "" or not self:compile(text))) then
      name = nil
    end
  end
  if name then
    self.reader.keep(text)
    local command = self.commands[name]
    if command then
      command(self, rest)
    else
      self:complain(("there is no command '%%%s'%s"):format(
        name, options.suggest(name, self:command_names())))
    end
  elseif text:find("^%s*%?") then
    self.reader.keep(text)
    self:_help(text)
  else
    return false
  end
  return true
end

--- s:command_names() -> the names of this session's commands, sorted
function Session:command_names()
  local all = {}
  for name in pairs(session.commands) do all[name] = true end
  for name in pairs(self.words) do all[name] = true end
  return options.sorted_keys(all)
end

function Session:_step()
  local text, stopped = self.reader.read(self.prompt)
  if not text then
    self.left = stopped == nil
    return
  end
  if not text:find("%S") or self:_special(text) then return end
  local chunk, message
  chunk, message, text = self:_continue(text)
  if not text then return end
  self.reader.keep(text)
  inputs.add(text)
  if not chunk then return self:complain(message) end
  if not self.noted and text:find("^%s*local%s") then
    self.noted = true
    print(NOTE_LOCAL)
  end
  self:show(chunk())
end

--- s:run() -> what s:leave was given, or nil at the end of the input
function Session:run()
  if self.banner and self.interactive then print(self.banner) end
  local outer = session.current
  session.current = self
  line.set_completer(function(text, cursor)
    local found, complete = pcall(require, "nnlua.repl.complete")
    if not found then return {}, cursor + 1 end
    return complete.candidates(text, cursor, self.env)
  end)
  local function step() self:_step() end
  repeat
    -- Everything is inside, so that a Ctrl-C at any moment leads back to the prompt.
    local ok, message = xpcall(step, errors.describe)
    if not ok then self:complain(message) end
  until self.left
  session.current = outer
  return self.answer
end

return session

-- session.lua - reads, runs and shows inputs until its end
--
--   local session = require "nnlua.repl.session"
--   local answer = session.new {env = _G}:run()
--
-- Errors and Ctrl-C end the input, never the session. Without a terminal there is no prompt,
-- banner or history: input is read from a pipe, results are printed. Lines that are not Lua:
-- %name runs a command, !line a shell, ? and ?? ask for help. Sessions may be opened inside one
-- another.

local core = require "nnlua.core"
local errors = require "nnlua.repl.errors"
local inputs = require "nnlua.repl.inputs"
local line = require "nnlua.line"
local options = require "nnlua.options"
local paste = require "nnlua.repl.paste"
local pretty = require "nnlua.pretty"
local reader = require "nnlua.repl.reader"
local scope = require "nnlua.repl.scope"
local style = require "nnlua.repl.style"

-- Kept here, so that a session survives its own `print = nil`.
local io, ipairs, pairs, print = io, ipairs, pairs, print
local require, select = require, select
local setmetatable, table, tostring, xpcall = setmetatable, table, tostring, xpcall

local Session = {}
Session.__index = Session

local session = {}

--- session.commands[name] = function(session, rest): what the line "%name rest" runs. It may
--- print, raise, and call session:leave.
session.commands = {}

--- session.usage[name] = {arguments, text}: what %help says of the command.
session.usage = {}

--- session.takes_code[name] = true: the rest of the line is Lua, which may go on over further
--- lines. The command is called with it and the input that inputs.compile makes of it.
session.takes_code = {}

local NOTE_LOCAL = "note: a local lives only in its own input; assign without `local` to keep it"
local PROMPT, MORE = "> ", ">> "

--- session.new {env = _G, prompt = "> ", more = ">> ", banner, commands = {}, defined} -> session
--- env: the table that holds the variables of the inputs; pairs(env) gives their names. banner:
--- printed first on a terminal. commands: of this session only, which run without the "%" as
--- well, as `continue`. defined(name): whether a variable of env exists although it is nil.
function session.new(given)
  local self = options.check("session.new", given, {
    env = _G, prompt = PROMPT, more = MORE, banner = options.optional, commands = {},
    defined = options.optional,
  })
  self.words = self.commands
  self.commands = setmetatable({}, {__index = function(_, name)
    return self.words[name] or session.commands[name]
  end})
  self.reader = reader.open()
  self.interactive = self.reader.interactive
  self.noted = not self.interactive
  self.prompts = {{PROMPT, MORE}, {self.prompt, self.more}}
  self.pending = {} -- inputs that were pasted at once and have not run yet
  self.log = {}     -- {number, text, input, failed, script}: what was entered, in order
  self.scope = scope.new(self)
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

--- s:fail(message) complains in the colour of errors.
function Session:fail(message)
  self:complain(style.paint("error", tostring(message), "stderr"))
end

--- s:show(results) prints the values of an expression, packed by table.pack.
function Session.show(_, results)
  local texts, separator = {}, "\t"
  local how = {width = core.terminal_width() or 80}
  for i = 1, results.n do
    texts[i] = pretty(results[i], how)
    if texts[i]:find("\n", 1, true) then separator = "\n" end
  end
  if #texts > 0 then print(table.concat(texts, separator)) end
end

--- s:compile(text) -> input | nil, message, incomplete: inputs.compile with this session's scope
function Session:compile(text)
  return inputs.compile(text, self.scope)
end

--- s:keep_result(input, results): the first of the results, if any, becomes `_`.
function Session:keep_result(input, results)
  input.values = results.n
  if results[1] ~= nil then self.last = results[1] end
end

--- s:command_names() -> the names of this session's commands, sorted
function Session:command_names()
  local all = {}
  for name in pairs(session.commands) do all[name] = true end
  for name in pairs(self.words) do all[name] = true end
  return scope.sorted(all)
end

-- The next input, as far as it is there; nil when there is none, and the session may have ended.
function Session:_next()
  if #self.pending == 0 then
    local text, stopped = self.reader.read(style.prompt(self.prompt))
    if not text then
      self.left = stopped == nil
      return nil
    end
    self.pending = paste.split(text, self.prompts, function(part)
      return (select(3, self:compile(part)))
    end)
  end
  return table.remove(self.pending, 1)
end

-- Reads on while the code that starts with `text` is incomplete. Returns the input, or nil and
-- the message; then the whole text. Nothing when Ctrl-C drops it.
function Session:_continue(text)
  local input, message, incomplete = self:compile(text)
  while incomplete do
    self.earlier = text -- for completion
    local more, interrupted = self.reader.read(style.prompt(self.more))
    self.earlier = nil
    if not more then
      if interrupted then return end
      break -- Ctrl-D: the incomplete input is an error; the next read decides about leaving
    end
    local longer = text .. "\n" .. more
    input, message, incomplete = self:compile(longer)
    local behind = not (input or incomplete) and paste.continued(more, self.prompts)
    if behind then
      longer = text .. "\n" .. behind
      input, message, incomplete = self:compile(longer)
    end
    text = longer
  end
  return input, message, text
end

-- Enters a text into history and log; returns its entry in the log.
function Session:_enter(text, input)
  self.reader.keep(text)
  self.running = text
  local entry = {number = inputs.add(text), text = text, input = input, failed = true}
  self.log[#self.log + 1] = entry
  return entry
end

-- "?name" and "??name". What they need is loaded when it is first asked for.
function Session:_help(text)
  local help = require "nnlua.repl.help"
  local marks, name = text:match("^%s*(%?%??)%s*(.-)%s*$")
  local answer, message = help[marks == "??" and "source" or "describe"](self.env, name)
  if answer then print(answer) else self:fail(message) end
end

-- The command that a line names, and what follows it; nil when the line is Lua.
function Session:_command(text)
  local name, rest = text:match("^%s*%%%s*(%S*)%s*(.-)%s*$")
  if name then return name == "" and "help" or name, rest end
  rest = text:match("^%s*!%s*(.-)%s*$")
  if rest then return "!", rest end
  name, rest = text:match("^%s*(%a[%w_]*)%s*(.-)%s*$")
  if name and self.words[name] and (rest == "" or not self:compile(text)) then return name, rest end
end

function Session:_run_command(name, rest, text)
  local input, message
  if session.takes_code[name] and rest ~= "" then
    local code
    input, message, code = self:_continue(rest)
    if not code then return end
    text, rest = text .. code:sub(#rest + 1), code
  end
  local entry, command = self:_enter(text, input), self.commands[name]
  if not command then
    local known = {}
    for _, other in ipairs(self:command_names()) do
      if other ~= "!" then known[#known + 1] = "%" .. other end
    end
    return self:fail(("there is no command '%%%s'%s"):format(
      name, options.suggest("%" .. name, known)))
  end
  if message then return self:complain(errors.syntax(message, text)) end
  command(self, rest, input, entry)
  entry.failed = false
end

function Session:_run_code(text)
  local input, message
  input, message, text = self:_continue(text)
  if not text then return end
  local entry = self:_enter(text, input)
  if not input then return self:complain(errors.syntax(message, text)) end
  if not self.noted and input.kind == "statement" and text:find("^%s*local%s[^\n]*$") then
    self.noted = true
    print(style.paint("dim", NOTE_LOCAL))
  end
  local results = table.pack(input.chunk())
  self:keep_result(input, results)
  entry.failed = false
  if not input.quiet then self:show(results) end
end

function Session:_step()
  local text = self:_next()
  if not text then return end
  local before = #self.log
  local name, rest = self:_command(text)
  if name then
    self:_run_command(name, rest, text)
  elseif text:find("^%s*%?") then
    self:_enter(text).failed = false
    self:_help(text)
  else
    self:_run_code(text)
  end
  local entry = #self.log > before and self.log[#self.log]
  if entry and entry.failed then self:_drop_pending() end
end

-- What was pasted behind an input that failed does not run.
function Session:_drop_pending()
  local count = #self.pending
  if count == 0 then return end
  self.pending = {}
  self:complain(style.paint("dim", ("(%d more pasted input%s not run)"):format(
    count, count == 1 and "" or "s"), "stderr"))
end

--- s:run() -> what s:leave was given, or nil at the end of the input
function Session:run()
  if self.banner and self.interactive then print(self.banner) end
  local outer = session.current
  session.current = self
  line.set_completer(function(text, cursor)
    local complete = require "nnlua.repl.complete"
    return complete.candidates(text, cursor, session.current.env, session.current.earlier)
  end)
  local function step() self:_step() end
  local function describe(value)
    local text
    text, self.trace = errors.describe(value, self.running)
    return text
  end
  repeat
    -- Everything is inside, so that a Ctrl-C at any moment leads back to the prompt.
    local ok, message = xpcall(step, describe)
    if not ok then
      session.current = self
      self:complain(message)
      self:_drop_pending()
    end
  until self.left
  session.current = outer
  return self.answer
end

return session

-- commands.lua - the lines that begin with % or !
--
-- Loading this file adds the commands to session.commands, and their texts to session.usage.

local core = require "nnlua.core"
local inputs = require "nnlua.repl.inputs"
local options = require "nnlua.options"
local session = require "nnlua.repl.session"
local style = require "nnlua.repl.style"
local timing = require "nnlua.repl.timing"
local who = require "nnlua.repl.who"

-- Kept here, so that a session survives its own `print = nil`.
local collectgarbage, io, ipairs, loadfile = collectgarbage, io, ipairs, loadfile
local math, os = math, os
local print, table, tonumber, utf8 = print, table, tonumber, utf8

local commands, usage = session.commands, session.usage

local function define(name, arguments, text, run)
  commands[name] = run
  usage[name] = {arguments, text}
end

local function need(name, rest)
  if rest == "" then
    options.raise("%%%s needs %s: %%%s %s", name, usage[name][1], name, usage[name][1])
  end
end

local function note(text, ...)
  print(style.paint("dim", text:format(...)))
end

-- ---- Time --------------------------------------------------------------------------------------

session.takes_code.time = true
define("time", "INPUT", "run it once, show its result and the time it took",
  function(self, rest, input)
    need("time", rest)
    local results, wall, processors = timing.once(input.chunk)
    self:keep_result(input, results)
    if not input.quiet then self:show(results) end
    note("%s (%s of processor time)", timing.duration(wall), timing.duration(processors))
  end)

local function grouped(count)
  local text = ("%d"):format(count):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

session.takes_code.timeit = true
define("timeit", "INPUT", "run it as often as it takes to know its time",
  function(_, rest, input, entry)
    need("timeit", rest)
    entry.input = nil -- no script wants it
    input.chunk() -- the first call may find cold caches
    local took = timing.often(input.chunk)
    print(("best %s, mean %s ± %s"):format(
      timing.duration(took.best), timing.duration(took.mean), timing.duration(took.deviation)))
    note("%d runs of %s call%s each", took.runs, grouped(took.loops), took.loops == 1 and "" or "s")
  end)

-- ---- Variables ---------------------------------------------------------------------------------

define("who", "", "the variables with their sizes and memory, as who()", function(self)
  who.show(self.env)
end)

define("reset", "", "forget all variables", function(self)
  local names, before = who.names(self.env), core.memory()
  for _, name in ipairs(names) do self.env[name] = nil end
  self.last, self.trace = nil, nil
  collectgarbage()
  collectgarbage()
  note("%d variable%s forgotten, %s of tensors freed", #names, #names == 1 and "" or "s",
       who.memory_text(math.max(before - core.memory(), 0)))
end)

-- ---- Inputs ------------------------------------------------------------------------------------

-- "3-7", "3" or "" -> first, last
local function range(name, text)
  if text == "" then return 1, math.huge end
  local first, last = text:match("^(%d+)%s*%-%s*(%d+)$")
  first = first or text:match("^%d+$")
  if not first then
    options.raise("%%%s: a number or a range like 3-7 expected, got '%s'", name, text)
  end
  return tonumber(first), tonumber(last or first)
end

define("history", "[N-M]", "what was entered in this session, numbered", function(self, rest)
  local first, last = range("history", rest)
  for _, entry in ipairs(self.log) do
    if entry.number >= first and entry.number <= last then
      print(("%4d  %s"):format(entry.number, (entry.text:gsub("\n", "\n      "))))
    end
  end
end)

-- The file that a user names: quotes around it, and ~ for the home folder, are understood.
local function path_of(text)
  local path = text:match('^"(.*)"$') or text:match("^'(.*)'$") or text
  return (path:gsub("^~/", function() return (os.getenv("HOME") or "~") .. "/" end))
end

local function exists(path)
  local file = io.open(path, "r")
  return file and file:close()
end

-- Whether an entry means something to a script: who() and help do not.
local function is_saved(entry)
  if entry.script then return true end
  local text = entry.input and entry.text
  return text and not (text:find("^%s*who%s*[%(%);%s]*$") or text:find("^%s*help%s*;?%s*$"))
end

-- The entries as a script; how many of them it holds.
local function as_script(log, first, last)
  local chosen, uses_last = {}, false
  for _, entry in ipairs(log) do
    if entry.number >= first and entry.number <= last and is_saved(entry) then
      chosen[#chosen + 1] = entry
      uses_last = uses_last or entry.input and entry.input.body:find("%f[%w_]_%f[^%w_]") ~= nil
    end
  end
  local parts = {('-- Inputs of a session, saved %s\n\nlocal nn = require "nnlua"\n'):format(
    os.date("%Y-%m-%d %H:%M"))}
  for _, entry in ipairs(chosen) do
    if entry.failed then
      parts[#parts + 1] = "-- failed: " .. entry.text:gsub("\n", "\n-- ")
    else
      parts[#parts + 1] = entry.script or inputs.as_script(entry.input, uses_last)
    end
  end
  return table.concat(parts, "\n") .. "\n", #chosen
end

local SAVE = "write the inputs as a script; -f replaces a file"
define("save", "FILE [N-M]", SAVE, function(self, rest)
  need("save", rest)
  local path, numbers = rest:match("^(.-)%s+(%d+%s*%-?%s*%d*)$")
  path = path or rest
  local force = path:match("^%-f%s+(.*)$")
  path = path_of(force or path)
  if not force and exists(path) then
    options.raise("%%save: '%s' exists; replace it with %%save -f %s", path, rest)
  end
  local first, last = range("save", numbers or "")
  local text, count = as_script(self.log, first, last)
  if count == 0 then options.raise("%%save: there is no such input; %%history shows them") end
  local ok, message = core.io.write_file(path, text)
  if not ok then options.raise("%%save: %s", message) end
  note("%d input%s in %s", count, count == 1 and "" or "s", path)
end)

define("load", "FILE", "run a script; its globals become variables", function(self, rest, _, entry)
  need("load", rest)
  local path = path_of(rest)
  local chunk, message = loadfile(path, "t", self.env)
  if not chunk then options.raise("%s", message) end
  entry.script = ("dofile(%q)"):format(path)
  chunk()
end)

-- ---- The rest ----------------------------------------------------------------------------------

define("traceback", "", "the whole call stack of the last error", function(self)
  print(self.trace or "there was no error")
end)

define("!", "COMMAND", "run a line of your shell", function(_, rest)
  local shell = os.getenv("SHELL")
  if not shell or shell == "" then shell = "/bin/sh" end
  io.stdout:flush()
  local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end
  local _, how, code = os.execute("exec " .. quoted(shell) .. " -c " .. quoted(rest))
  if how == "signal" then
    note("ended by signal %d", code)
  elseif code ~= 0 then
    note("exit status %d", code)
  end
end)

define("help", "", "this list", function(self)
  local rows, width = {}, 0
  for _, name in ipairs(self:command_names()) do
    local about = usage[name] or {"", ""}
    local mark = self.words[name] and "" or name == "!" and "" or "%"
    local call = (mark .. name .. (name == "!" and "" or " ") .. about[1]):gsub("%s+$", "")
    rows[#rows + 1] = {call, about[2]}
    width = math.max(width, utf8.len(call) or #call)
  end
  for _, row in ipairs(rows) do
    print(row[1] .. (" "):rep(width - #row[1] + 2) .. row[2])
  end
end)

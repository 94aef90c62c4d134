-- repl.lua - a REPL on a terminal, for the specs: typed at, and read up to its next prompt

local support = require "tests.cli.support"

local Repl = {PROMPT = "> ", MORE = ">> "}
Repl.__index = Repl

--- Repl.start(folder [, arguments] [, {columns = 80, environment = "NAME=VALUE ..."}]) -> repl
function Repl.start(folder, arguments, options)
  options = options or {}
  local command = ("sh -c %s"):format(support.quote(("stty cols %d; exec env %s %s %s"):format(
    options.columns or 80, options.environment or "TERM=vt100", support.nnlua, arguments or "")))
  return setmetatable({terminal = support.terminal(command, folder)}, Repl)
end

function Repl:expect(text) return self.terminal:expect(text) end
function Repl:send(keys) self.terminal:send(keys) end

--- repl:enter(input) types one line at the prompt and waits until it stands there.
function Repl:enter(input)
  self:expect(Repl.PROMPT)
  self:send(input .. "\r")
  self:expect(input .. "\n")
end

--- repl:ask(input) -> what is shown until the next prompt
function Repl:ask(input)
  local terminal = self.terminal
  self:enter(input)
  terminal.seen = terminal.seen - 1 -- nothing may be shown: the newline is the input's own
  local shown = self:expect("\n" .. Repl.PROMPT)
  terminal.seen = terminal.seen - #Repl.PROMPT
  return shown:sub(2)
end

--- repl:paste(text) sends it as a terminal does that marks pasted text.
function Repl:paste(text)
  self:send("\27[200~" .. text:gsub("\n", "\r") .. "\27[201~")
end

--- repl:raw() -> all bytes so far, escape sequences too
function Repl:raw()
  return support.read_file(self.terminal.screen)
end

--- repl:leave() -> exit status, everything that was on the screen
function Repl:leave()
  self:expect(Repl.PROMPT)
  self:send("\4")
  self:expect("\n") -- script(1) takes its time when its input ends before the program
  return self:close()
end

function Repl:close()
  if not self.terminal then return end
  local terminal = self.terminal
  self.terminal = nil
  return terminal:close()
end

return Repl

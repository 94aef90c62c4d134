-- repl.lua - the interactive session that the executable opens
--
-- Runs only inside the nnlua executable, which provides "nnlua.line".

local session = require "nnlua.repl.session"
local who = require "nnlua.repl.who"

require "nnlua.repl.commands"

-- Kept here, so that a session survives its own `pcall = nil`.
local pcall, rawget, rawset, setmetatable = pcall, rawget, rawset, setmetatable

local repl = {}

local HELP = [[
Type an expression to see its value, or any Lua statement. Input continues on the next line
while it is incomplete. Ctrl-C stops a computation or drops the line; Ctrl-D leaves.

  x = nn.randn(2, 3)             a tensor; nn is require "nnlua"
  x[1]   x[{ {}, {1, 2} }]       a row; a slice (indices start at 1)
  (x * 2 + 1):relu():sum()       operators broadcast; methods chain
  y = f(x);   _                  a semicolon at the end: no output; the last result
  nn                             everything that the library offers
  who()                          your variables with sizes and memory
  ?nn.Linear   ??nn.Linear       its documentation; its source. Tab completes names
  %time f(x)   %timeit f(x)      how long it takes
  %help                          all commands: load, save, reset, ...
  !ls                            a line of your shell

A `local` lives only in its own input; assign without `local` to keep a value.]]

-- Sets a global that is not taken, and is none of the user's variables.
local function set_global(name, value)
  if rawget(_G, name) ~= nil then return end
  rawset(_G, name, value)
  who.standard(name, value)
end

--- repl.run()
-- Reads and runs inputs until the end of standard input. Sets the globals `nn`, `help` and `who`
-- where they are not taken.
function repl.run()
  local loaded, nn = pcall(require, "nnlua")
  if loaded then set_global("nn", nn) end
  set_global("help", setmetatable({}, {__tostring = function() return HELP end}))
  --- who(): shows your variables with their shapes and memory.
  local function show_variables() who.show(session.current.env) end
  set_global("who", setmetatable({}, {
    __call = show_variables,
    __tostring = function() return who.text(session.current.env) end,
  }))
  local top = session.new {
    banner = ("nnlua %s (%s). Type help for help; Ctrl-D leaves."):format(
      loaded and nn.version or "", _VERSION),
  }
  if not loaded then top:fail(nn) end
  top:run()
end

return repl

-- repl.lua - the interactive session that the executable opens
--
-- Runs only inside the nnlua executable, which provides "nnlua.line".

local session = require "nnlua.repl.session"

-- Kept here, so that a session survives its own `pcall = nil`.
local pcall, rawget, rawset, setmetatable, tostring = pcall, rawget, rawset, setmetatable, tostring

local repl = {}

local HELP = [[
Type an expression to see its value, or any Lua statement. Input continues on the next line
while it is incomplete. Ctrl-C stops a computation or drops the line; Ctrl-D leaves.

  x = nn.randn(2, 3)             a tensor; nn is require "nnlua"
  x[1]   x[{ {}, {1, 2} }]       a row; a slice (indices start at 1)
  (x * 2 + 1):relu():sum()       operators broadcast; methods chain
  nn                             everything that the library offers
  dofile "script.lua"            run a script, keep its globals

A `local` lives only in its own input; assign without `local` to keep a value.]]

local function set_global(name, value)
  if rawget(_G, name) == nil then rawset(_G, name, value) end
end

--- repl.run()
-- Reads and runs inputs until the end of standard input. Sets the globals `nn` and `help`
-- where they are not taken.
function repl.run()
  local loaded, nn = pcall(require, "nnlua")
  if loaded then set_global("nn", nn) end
  set_global("help", setmetatable({}, {__tostring = function() return HELP end}))
  local top = session.new {
    banner = ("nnlua %s (%s). Type help for help; Ctrl-D leaves."):format(
      loaded and nn.version or "", _VERSION),
  }
  if not loaded then top:complain(tostring(nn)) end
  top:run()
end

return repl

-- killed.lua - runs a script and sends it a signal at the Nth call of one of nnlua's functions
--
--   nnlua tests/cli/killed.lua SIGNAL FUNCTION N SCRIPT ARGUMENTS
--   nnlua tests/cli/killed.lua KILL checkpoint.save 3 experiments/xor.lua --checkpoint-every 10
--
-- The signal comes before the function does anything: above, two checkpoints are there, and work
-- that is in neither of them.

local nn = require "nnlua"

local signal, path, calls, script = arg[1], arg[2], tonumber(arg[3]), arg[4]

local function kill()
  local stat <close> = assert(io.open("/proc/self/stat"))
  io.popen(("kill -%s %d"):format(signal, stat:read("n"))):close() -- os.execute would block SIGINT
end

local owner, name = nn, path:match("[^.]+$")
for part in path:gmatch("([^.]+)%.") do owner = owner[part] end
local f = owner[name]
owner[name] = function(...)
  calls = calls - 1
  if calls == 0 then kill() end
  return f(...)
end

arg = table.move(arg, 5, #arg, 1, {[0] = script}) -- luacheck: globals arg
dofile(script)

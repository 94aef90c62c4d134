-- breakpoint.lua - nn.breakpoint, which works wherever there is someone to answer

-- Why there can be no session, or nil.
local function obstacle()
  local executable, line = pcall(require, "nnlua.line")
  if not executable then return "needs the nnlua executable" end
  if not (line.interactive() or line.breaks()) then return "there is no terminal" end
end

-- "FILE:LINE" of the function that called nn.breakpoint.
local function place()
  local caller = debug.getinfo(3, "Sl")
  return ("%s:%d"):format(caller.short_src, caller.currentline)
end

--- nn.breakpoint([condition]) opens a session inside the running code: its locals and upvalues are
--- there, and can be assigned. `continue` (or Ctrl-D) goes on, `abort` stops the script as Ctrl-C
--- does; `where`, `up`, `down` and `locals` show where one is. condition: goes on at once if it is
--- given and false or nil. Without a terminal commands are read from standard input under
--- `nnlua -i`; else, and in lua5.4, one line on standard error says so and the code goes on.
return function(...)
  if select("#", ...) > 0 and not (...) then return end
  local why = obstacle()
  if why then
    io.stdout:flush()
    io.stderr:write(place(), ": nn.breakpoint: ", why, "; going on\n")
    return
  end
  require("nnlua.repl.breakpoint").open(coroutine.running())
end

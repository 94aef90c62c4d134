-- The runs of this process that are open, and how they end when the script does not close them.
--
-- A run that is not closed by the script ends with it: when os.exit is called, when the executable
-- reports that the script failed or is done (src/app/main.c), or when Lua closes. While a run is
-- open os.exit is a function that ends it first.
--
-- Invariant: none of these raises; the end of one run never keeps another from ending.

local replace = require "nnlua.run.replace"

local open = {}

local runs = {}    -- in the order in which they were opened
local finish = setmetatable({}, {__mode = "k"}) -- run -> the function that ends it
local restore_exit -- while os.exit is ours

local function exit_state(code)
  if code == nil or code == true or code == 0 then return "finished" end
  return "failed", "exit status " .. (code == false and "1" or tostring(code))
end

local function unwatch_exit()
  if restore_exit and #runs == 0 then
    restore_exit()
    restore_exit = nil
  end
end

--- open.finish_all(state, message): ends every run that is open, the newest first: "finished",
--- "failed" or "interrupted".
function open.finish_all(state, message)
  while #runs > 0 do
    local run = table.remove(runs)
    local ok, problem = pcall(finish[run], run, state, message)
    if not ok then io.stderr:write("run: ", tostring(problem), "\n") end
  end
  unwatch_exit()
end

--- open.failed(message): ends every open run as the error does that ended the script.
function open.failed(message)
  open.finish_all(open.state_of(message))
end

--- open.state_of(error) -> "finished" without an error, "interrupted" after Ctrl-C, else "failed"
--- and the error as a text.
function open.state_of(err)
  if err == nil then return "finished" end
  local message = tostring(err)
  local first = message:match("^[^\n]*")
  if first == "interrupted" or first:find("interrupted!$") then return "interrupted" end
  return "failed", message
end

local function watch_exit()
  restore_exit = restore_exit or replace(os, "exit", function(exit)
    return function(code, ...)
      open.finish_all(exit_state(code))
      return exit(code, ...)
    end
  end)
end

--- open.add(run, end_run): the run is open; end_run(run, state, message) ends it.
function open.add(run, end_run)
  runs[#runs + 1], finish[run] = run, end_run
  watch_exit()
  -- Lua finalizes the newest object first: before the files of the run.
  run.sentinel = setmetatable({}, {__gc = function()
    if not run.closed then open.finish_all("finished") end
  end})
end

--- open.remove(run)
function open.remove(run)
  for i = #runs, 1, -1 do
    if runs[i] == run then table.remove(runs, i) end
  end
  unwatch_exit()
end

return open

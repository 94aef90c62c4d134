-- processes.lua - processes that tests start, send signals to, and end
--
--   local crew = processes.crew()
--   local worker = crew:start("nnlua script.lua");  worker:signal("STOP");  worker:running()
--   crew:wait(60);  crew:remove()

local sleep = require("system").sleep

local processes = {}

local LONGEST_WAIT = 60 -- seconds; only reached when a test fails

local function read(path)
  local file = io.open(path)
  if not file then return "" end
  local text = file:read("a")
  file:close()
  return text
end

local function folder_of_its_own()
  local pipe = assert(io.popen("mktemp -d"))
  local path = pipe:read("l")
  pipe:close()
  return path
end

local Process = {}
Process.__index = Process

--- process:running() -> whether it has not ended; process.status is its exit status then, as a
--- shell has it.
function Process:running()
  self.status = self.status or tonumber(read(self.base .. ".status"):match("^(%d+)\n"))
  return self.status == nil
end

--- process:signal(name): "KILL", "STOP", ...; nothing if it has ended.
function Process:signal(name)
  if self:running() then os.execute(("kill -%s %d 2>/dev/null"):format(name, self.pid)) end
end

--- process:output() -> what it has written so far, to stdout and stderr.
function Process:output()
  return read(self.base .. ".output")
end

local Crew = {}
Crew.__index = Crew

function processes.crew()
  return setmetatable({workers = {}, folder = folder_of_its_own()}, Crew)
end

--- crew:start(command) -> process. A shell waits for it, so that its number stays its own.
function Crew:start(command)
  local base = ("%s/%d"):format(self.folder, #self.workers + 1)
  os.execute(([[{ %s >%s.output 2>&1 </dev/null & pid=$!; echo $pid >%s.pid; wait $pid
    echo $? >%s.status; } >/dev/null 2>&1 &]]):format(command, base, base, base))
  local waited = 0
  while not read(base .. ".pid"):find("\n") do
    assert(waited < LONGEST_WAIT, "the process does not start")
    sleep(0.001)
    waited = waited + 0.001
  end
  local process = setmetatable({base = base, pid = tonumber(read(base .. ".pid"))}, Process)
  self.workers[#self.workers + 1] = process
  return process
end

--- crew:running() -> list of those that have not ended.
function Crew:running()
  local list = {}
  for _, process in ipairs(self.workers) do
    if process:running() then list[#list + 1] = process end
  end
  return list
end

--- crew:wait(seconds) until all have ended; raises if they have not by then.
function Crew:wait(seconds)
  local waited = 0
  while #self:running() > 0 do
    assert(waited < seconds, "processes do not end")
    sleep(0.01)
    waited = waited + 0.01
  end
end

--- crew:remove() kills those that have not ended.
function Crew:remove()
  for _, process in ipairs(self:running()) do process:signal("KILL") end
  self:wait(LONGEST_WAIT)
  os.execute("rm -rf " .. self.folder)
end

return processes

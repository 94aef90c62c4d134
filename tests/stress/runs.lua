-- runs.lua - kills runs that are being written with SIGKILL at random moments
--
--   lua5.4 tests/stress/runs.lua [KILLS]     from the top folder; $NNLUA is the executable
--
-- Afterwards every row whose run:log returned is in metrics.csv, whole and right; TensorBoard reads
-- as many from the event file; nobody holds the lock; the index is intact, says sqlite3, and has
-- what the folders have after a listing. Moments come from fixed seeds; every second one is counted
-- from the first row on, the others from the start of the process.

local lfs = require "lfs"
local folders = require "tests.stress.index"
local support = require "tests.cli.support"

local runs = {}

local LATEST = 0.15 -- seconds
local KILLED = 137

-- What differs between the file and the rows 1..n that were logged, or nil; how many there are.
local function problem_with_rows(path, n)
  local text = support.read_file(path)
  local lines = {}
  for line in text:gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  local wide = lines[1] == "step,text,value,late"
  if not wide and lines[1] ~= "step,text,value" and (n > 0 or #lines > 0) then
    return "header: " .. tostring(lines[1])
  end
  for i = 1, #lines - 1 do
    local expected = ('%d,"row %d, whole",%.15g'):format(i, i, i / 7)
    if wide then expected = expected .. "," .. (i > 40 and i or "") end
    if lines[i + 1] ~= expected then return ("row %d: %s"):format(i, lines[i + 1]) end
  end
  local rows = math.max(#lines - 1, 0) -- there is no header before the first row
  if rows < n then return ("%d rows, but %d were logged"):format(rows, n) end
  return nil, rows
end

--- runs.kill(root, seconds, begun) -> the run's folder, how many rows were logged, how many are
--- there; or nil and what is wrong; or false if it died before it had begun. begun: the seconds
--- count from the first row.
function runs.kill(root, seconds, begun)
  local progress = root .. "/progress"
  local result = support.shell(([[
NNLUA_RUNS=%s %s tests/stress/writer.lua >%s 2>&1 & pid=$!
while %s && kill -0 $pid && ! grep -q '^1$' %s; do :; done
sleep %.3f
kill -KILL $pid
wait $pid]]):format(support.quote(root .. "/runs"), support.nnlua, support.quote(progress),
                    begun and "true" or "false", support.quote(progress), seconds))
  local said = support.read_file(progress)
  if result.status ~= KILLED then return nil, ("status %d: %s"):format(result.status, said) end
  local dir, numbers = said:match("^([^\n]*)\n(.*)$")
  if not dir then return false end
  local logged = tonumber(("\n" .. numbers):match("\n(%d+)\n[^\n]*$")) or 0
  local problem, rows = problem_with_rows(dir .. "/metrics.csv", logged)
  if problem then return nil, dir .. ": " .. problem end
  if not support.read_file(dir .. "/state.json"):find('"running"', 1, true) then
    return nil, dir .. " is not running"
  end
  if support.shell(("flock -n %s/lock true"):format(support.quote(dir))).status ~= 0 then
    return nil, dir .. "/lock is held"
  end
  return dir, logged, rows
end

--- runs.integrity(root) -> what sqlite3 says of the index: "ok".
function runs.integrity(root)
  local index = root .. "/runs/index.sqlite"
  if not lfs.attributes(index) then return "ok" end
  return (support.shell(("sqlite3 %s 'PRAGMA integrity_check'"):format(
    support.quote(index))).stdout:gsub("%s+$", ""))
end

--- runs.events(folder, ...) -> by folder, what TensorBoard reads of the event files in it:
--- {scalars = {tag = count}, ...}: tests/cli/event_files.py.
function runs.events(...)
  local words = {...}
  for i, word in ipairs(words) do words[i] = support.quote(word) end
  local result = support.shell("PYTHONPATH=build/python /usr/bin/python3 tests/cli/event_files.py "
                               .. table.concat(words, " "))
  if result.status ~= 0 then error(result.stderr, 2) end
  return load("return " .. result.stdout)()
end

--- runs.torture{count, seed, root, log, also = {}} -> by folder, what TensorBoard reads of the runs
--- that were killed, and of those in `also`; or nil and what is wrong.
function runs.torture(o)
  math.randomseed(o.seed)
  local dirs, rows_of = {}, {}
  for i = 1, o.count do
    local seconds = math.random() * LATEST
    local dir, logged, rows = runs.kill(o.root, seconds, i % 2 == 1)
    if dir == nil then return nil, logged end
    local integrity = runs.integrity(o.root)
    if integrity ~= "ok" then return nil, "the index: " .. integrity end
    if dir then
      dirs[#dirs + 1], rows_of[dir] = dir, {logged, rows}
      o.log(("kill %d after %.3f s: %d rows logged, %d there"):format(i, seconds, logged, rows))
    end
  end
  local events = runs.events(table.unpack(table.move(o.also or {}, 1, #(o.also or {}), #dirs + 1,
                                                     {table.unpack(dirs)})))
  for _, dir in ipairs(dirs) do
    local count, logged = events[dir].scalars.value or {count = 0}, rows_of[dir][1]
    if count.count < logged or count.count > rows_of[dir][2] then
      return nil, ("%s: TensorBoard reads %d of %d rows"):format(dir, count.count, logged)
    end
  end
  return events
end

local function main(count)
  local root = support.folder()
  local events, problem = runs.torture {count = count, seed = 1, root = root, log = print}
  if events then problem = folders.problem(root .. "/runs") end
  if not problem then
    print(("%d kills: no row lost, the index intact"):format(count))
    support.remove(root)
  else
    print("FAILED: " .. problem)
  end
  os.exit(problem == nil)
end

if arg and arg[0] and arg[0]:find("stress/runs%.lua$") then main(tonumber(arg[1]) or 100) end

return runs

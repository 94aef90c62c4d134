-- timing.lua - how long an input takes: %time once, %timeit many times

local core = require "nnlua.core"

-- Kept here, so that a session survives its own `os = nil`.
local math, os, table = math, os, table

local timing = {}

local RUNS = 7
local RUN_SECONDS = 0.05 -- of one run of %timeit, where one call takes no longer

local UNITS = {{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}}

--- timing.duration(seconds) -> three digits and a unit: "1.23 s", "45.6 ms", "789 ns"; "3min 05s"
function timing.duration(seconds)
  if seconds >= 59.95 then
    local whole = math.floor(seconds + 0.5)
    return ("%dmin %02ds"):format(whole // 60, whole % 60)
  end
  local unit = UNITS[#UNITS]
  for i = #UNITS, 1, -1 do
    if seconds >= UNITS[i][1] * 0.9995 then unit = UNITS[i] end
  end
  local value = seconds / unit[1]
  local decimals = value >= 99.95 and 0 or value >= 9.995 and 1 or 2
  return ("%." .. decimals .. "f %s"):format(value, unit[2])
end

--- timing.once(chunk) -> results packed by table.pack, seconds by the clock, of all processors
function timing.once(chunk)
  local used, start = os.clock(), core.clock()
  local results = table.pack(chunk())
  return results, core.clock() - start, os.clock() - used
end

local function run(chunk, loops)
  local clock = core.clock
  local start = clock()
  for _ = 1, loops do chunk() end
  return clock() - start
end

-- 1, 2, 5, 10, ... calls: the fewest that take RUN_SECONDS. The chunk has been called before.
local function enough_loops(chunk)
  local power = 1
  while true do
    for _, step in ipairs {1, 2, 5} do
      local loops = step * power
      if run(chunk, loops) >= RUN_SECONDS then return loops end
    end
    power = power * 10
  end
end

--- timing.often(chunk) -> {best, mean, deviation, runs, loops}: seconds of one call
function timing.often(chunk)
  local loops = enough_loops(chunk)
  local times, sum, best = {}, 0, math.huge
  for i = 1, RUNS do
    times[i] = run(chunk, loops) / loops
    sum = sum + times[i]
    best = math.min(best, times[i])
  end
  local mean, squares = sum / RUNS, 0
  for i = 1, RUNS do squares = squares + (times[i] - mean) ^ 2 end
  return {
    best = best, mean = mean, deviation = math.sqrt(squares / RUNS), runs = RUNS, loops = loops,
  }
end

return timing

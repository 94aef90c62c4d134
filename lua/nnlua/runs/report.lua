-- One HTML page about many runs: table, curves, differences, pictures, environment.
--
--   local reader = require "nnlua.runs.reader"
--   local report = require "nnlua.runs.report"
--   report.write("report.html", {assert(reader.read("runs/xor/20260801-120000"))})
--
-- Invariants: the page is one file that works from disk, without network; it is written whole or
-- not at all; it stays below max_bytes unless the runs' own numbers alone need more. What does not
-- fit (pictures, points of long curves) is left out evenly, and the page says so.

local core = require "nnlua.core"
local goal = require "nnlua.runs.goal"
local metrics_file = require "nnlua.runs.metrics_file"
local options = require "nnlua.options"
local page = require "nnlua.runs.report.page"
local pictures = require "nnlua.runs.report.pictures"
local reader = require "nnlua.runs.reader"
local record = require "nnlua.runs.report.record"
local safe = require "nnlua.page.safe"

local report = {}

local FORMAT = 1
local MOST_BINS, FEWEST_BINS = 200, 20 -- stretches of a curve: two points each are drawn
local BIN_BYTES = 20 -- of a stretch: two values, a mean, three distances at most, as base64
local CURVES_SHARE = 0.6 -- of the page
local USELESS, COUNTER = 8, 9 -- ranks of goal.lua: norms, rates and times; epochs and steps

local function columns_of(run)
  if run.columns then return run.columns end
  local file <close> = metrics_file.open(run.dir)
  return file and file.columns or {}
end

-- How many stretches a long curve may have so that all curves keep to their share of the page.
local function bins_for(runs, max_bytes)
  local count = 0
  for _, run in ipairs(runs) do count = count + #columns_of(run) end
  local most = max_bytes * CURVES_SHARE // (BIN_BYTES * math.max(count, 1))
  return math.tointeger(math.max(FEWEST_BINS, math.min(MOST_BINS, most)))
end

local function check_runs(runs)
  if type(runs) ~= "table" then
    core.arg_error(2, "write", "a list of runs expected, got " .. options.type_name(runs))
  end
  for i, run in ipairs(runs) do
    if type(run) ~= "table" or type(run.dir) ~= "string" then
      core.arg_error(2, "write", ("runs[%d] is not what reader.read gives"):format(i))
    end
  end
end

-- "xor: 3 runs"
local function title_of(runs)
  local names, seen = {}, {}
  for _, run in ipairs(runs) do
    if not seen[run.name] then
      seen[run.name] = true
      names[#names + 1] = run.name
    end
  end
  local count = #runs == 1 and "1 run" or #runs .. " runs"
  if #names == 0 or #names > 3 then return count end
  return table.concat(names, ", ") .. ": " .. count
end

-- What the names of the metrics say, the most telling first: {name, best = "min" or "max" (of what
-- has a best value), counter = true (of what only counts)}.
local function metrics_of(runs)
  local names, seen = {}, {}
  for _, run in ipairs(runs) do
    for _, name in ipairs(run.columns) do
      if not seen[name] then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
  local list = core.io.json_array()
  for i, name in ipairs(goal.sorted(names)) do
    local rank = goal.rank(name)
    list[i] = {name = name, counter = rank == COUNTER or nil,
               best = rank < USELESS and (goal.is_max(name) and "max" or "min") or nil}
  end
  return list
end

--- report.write(path, runs [, {title = nil, max_bytes = 9500000}]) -> true, or nil and a message
--- if the system refuses or a run is gone. Writes the HTML page at path. runs: a list of what
--- reader.read or reader.facts gives; the latter are read one at a time, which takes less memory.
--- title: default: the names of the runs and how many they are. max_bytes: pictures are left out,
--- and long curves thinned out, so that the page stays below it.
function report.write(path, runs, given)
  local o = options.check("report.write", given, {title = options.optional, max_bytes = 9500000})
  check_runs(runs)
  local bins, all, records, total = bins_for(runs, o.max_bytes), {}, {}, 0
  for i, run in ipairs(runs) do
    local message
    all[i], message = run, nil
    if not run.metrics then all[i], message = reader.read(run.dir) end
    if not all[i] then return nil, message end
    records[i] = safe.value(record(all[i], bins))
    if not run.metrics then all[i].metrics = nil end
  end
  for _, one in ipairs(records) do total = total + #core.io.json_encode(one) end
  local title = o.title and tostring(o.title) or title_of(runs)
  local frame = #page.html(title, {})
  pictures.add(all, records, math.max(0, o.max_bytes - total - frame - 200 * #runs))
  for _, one in ipairs(records) do one.pictures = safe.value(core.io.json_array(one.pictures)) end
  local data = {format = FORMAT, title = safe.text(title), bins = bins,
                written = os.date("%Y-%m-%d %H:%M"), version = core.build_info().version,
                metrics = safe.value(metrics_of(all)), runs = core.io.json_array(records)}
  return core.io.write_file(path, page.html(title, data))
end

return report

-- What the folder of a run holds: nothing is written, and nothing is trusted to be there.
--
--   local run = assert(reader.read("runs/mnist_25x25/20260801-120000"))
--   run.state                       -- "finished", "running", "failed", "interrupted", "killed"
--   run.config.options.lr, run.metrics.train_cost[#run.metrics.train_cost]
--
-- Invariants: a file that is missing or damaged costs what it would have said and no more; what was
-- damaged is listed in run.problems. A run that says it is running but whose lock nobody holds was
-- killed. Folders of older versions (config.json and metrics.csv alone) are read, too.

local core = require "nnlua.core"
local metrics_file = require "nnlua.runs.metrics_file"

local reader = {}

local NAN = 0 / 0

local function read_file(path)
  local file <close> = io.open(path, "rb")
  return file and file:read("a")
end

-- A copy of a decoded JSON value in which what is null is not there.
local function without_nulls(value)
  if value == core.io.null then return nil end
  if type(value) ~= "table" then return value end
  for key, item in pairs(value) do -- the order does not matter: each field is its own
    value[key] = without_nulls(item)
  end
  return value
end

-- The value in a JSON file, without nulls, or nil if there is none; notes what is damaged.
local function json(dir, name, problems)
  local text = read_file(dir .. "/" .. name)
  if not text then return nil end
  local ok, value = pcall(core.io.json_decode, text)
  if ok then return without_nulls(value) end
  problems[#problems + 1] = name .. " is damaged: " .. tostring(value):gsub("^.-%(", "(")
  return nil
end

local function object(dir, name, problems)
  local value = json(dir, name, problems)
  return type(value) == "table" and value or nil
end

-- Times -----------------------------------------------------------------------------------------

-- Days from 1970-01-01 to a date of the Gregorian calendar.
local function days(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day
         - 719469
end

--- reader.time(text) -> seconds since 1970 of an ISO 8601 time with an offset, or nil.
function reader.time(text)
  if type(text) == "number" then return text end
  if type(text) ~= "string" then return nil end
  local year, month, day, hour, minute, second, rest =
    text:match("^(%d%d%d%d)-(%d%d)-(%d%d)[T ](%d%d):(%d%d):(%d%d%.?%d*)(.*)$")
  if not year then return nil end
  local sign, hours, minutes = rest:match("^([+-])(%d%d):?(%d%d)$")
  local offset = sign and (tonumber(hours) * 60 + tonumber(minutes)) * 60 or 0
  local utc = days(tonumber(year), tonumber(month), tonumber(day)) * 86400
              + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second)
  return utc - (sign == "-" and -offset or offset)
end

-- The local time in a folder's name, 20260801-120000, or nil.
local function time_in_name(name)
  local year, month, day, hour, minute, second =
    name:match("^(%d%d%d%d)(%d%d)(%d%d)%-(%d%d)(%d%d)(%d%d)")
  return year and os.time {year = tonumber(year), month = tonumber(month), day = tonumber(day),
                           hour = tonumber(hour), min = tonumber(minute), sec = tonumber(second)}
end

-- Parts -----------------------------------------------------------------------------------------

local function has(names, name)
  for _, candidate in ipairs(names) do
    if candidate == name then return true end
  end
  return false
end

--- reader.is_run(names): whether a folder with these entries is a run's.
function reader.is_run(names)
  return has(names, "run.json") or has(names, "config.json") or has(names, "metrics.csv")
         or has(names, "metrics.csv.partial")
end

-- "finished", ... of a run of which state.json says `said`.
local function real_state(dir, said, names)
  if said == "running" and not core.io.is_locked(dir .. "/lock") then return "killed" end
  if said then return said end
  if has(names, "run.json") then
    return core.io.is_locked(dir .. "/lock") and "running" or "killed"
  end
  return has(names, "metrics.csv") and "finished" or "killed"
end

-- What read_metrics gives, of a file that the reader of tables takes, many times as fast; nil where
-- that refuses the file, as it does rows of different lengths.
local function read_at_once(dir)
  local text = read_file(dir .. "/metrics.csv") or read_file(dir .. "/metrics.csv.partial")
  local whole = text and text:match("^.*\n") -- without a torn last line
  if not whole then return nil end
  local ok, columns, rows = pcall(core.io.parse_csv, whole,
                                  {delimiter = ",", header = "yes", missing = "nan"})
  if not ok then return nil end
  local metrics, names = {}, {}
  for j, column in ipairs(columns) do
    names[j] = column.name
    metrics[column.name] = column.numbers and column.numbers:totable() or column.texts
  end
  return metrics, names, rows
end

-- {column = list}, columns, rows. A column is of numbers if all its cells are numbers or empty,
-- which is NaN; else of texts.
local function read_metrics(dir)
  local found, names, count = read_at_once(dir)
  if found then return found, names, count end
  local metrics, rows = {}, 0
  local file <close> = metrics_file.open(dir)
  if not file then return metrics, {}, 0 end
  local columns, width = file.columns, #file.columns
  local cells = {}
  for j = 1, width do cells[j] = {} end
  for row in file:rows() do
    rows = rows + 1
    for j = 1, width do cells[j][rows] = row[j] end
  end
  local number = metrics_file.number
  for j, name in ipairs(columns) do
    local values, texts = {}, cells[j]
    for i = 1, rows do
      local value = texts[i] == "" and NAN or number(texts[i])
      if not value then
        values = texts
        break
      end
      values[i] = value
    end
    metrics[name] = values
  end
  return metrics, columns, rows
end

-- Adds {tag=, step=, path=} of each image below dir/images/TAG to the list.
local function add_images(list, dir, tag)
  local folder = dir .. "/images" .. (tag and "/" .. tag or "")
  local names, is_directory = core.io.read_directory(folder)
  local here = {}
  for i, name in ipairs(names or {}) do
    local step = tag and name:match("^(%d+)%.png$")
    if is_directory[i] then
      add_images(list, dir, tag and tag .. "/" .. name or name)
    elseif step then
      here[#here + 1] = {tag = tag, step = tonumber(step), path = folder .. "/" .. name}
    end
  end
  table.sort(here, function(a, b) return a.step < b.step end)
  table.move(here, 1, #here, #list + 1, list)
end

-- The names of the folder's files with one of the extensions.
local function files_with(names, extensions)
  local found = {}
  for _, name in ipairs(names) do
    if extensions[name:match("%.(%w+)$") or ""] then found[#found + 1] = name end
  end
  return found
end

--- reader.json_lines(path) -> list of the values of a file with one JSON value per line; a torn or
--- damaged line is left out. An empty list if there is no such file.
function reader.json_lines(path)
  local list = {}
  for line in (read_file(path) or ""):gmatch("([^\n]*)\n") do
    local ok, value = pcall(core.io.json_decode, line)
    if ok then list[#list + 1] = without_nulls(value) end
  end
  return list
end

-- The last two names of a path: "NAME/DATE-TIME".
local function id_of(dir)
  local path = dir:gsub("/+$", "")
  return path:match("([^/]+/[^/]+)$") or path
end

-- How long a run took, which ended without saying so: until its last row.
local function seconds_until_killed(run, names, modified)
  local last = 0
  for i, name in ipairs(names) do
    if name:find("^metrics%.csv") then last = math.max(last, modified[i] * 1e-9) end
  end
  return run.started and last > run.started and last - run.started or run.seconds
end

--- reader.facts(dir) -> run | nil, message: reader.read without metrics, images and what was kept
--- of the results. run.path(run, name) is there.
function reader.facts(dir)
  dir = #dir > 1 and dir:gsub("/+$", "") or dir
  local names, _, modified = core.io.read_directory(dir)
  if not names then return nil, ("there is no folder '%s'"):format(dir) end
  if not reader.is_run(names) then return nil, ("there is no run in '%s'"):format(dir) end
  local problems = {}
  local info = object(dir, "run.json", problems) or {}
  local state = object(dir, "state.json", problems) or {}
  local run = {dir = dir, info = info, files = names, problems = problems}
  run.id = type(info.id) == "string" and info.id or id_of(dir)
  run.name = type(info.name) == "string" and info.name or run.id:match("^(.*)/") or run.id
  run.state = real_state(dir, type(state.state) == "string" and state.state or nil, names)
  run.created = reader.time(info.created) or time_in_name(dir:match("[^/]*$"))
  run.started, run.ended = reader.time(state.started), reader.time(state.ended)
  run.seconds = tonumber(state.seconds)
  if run.state == "killed" then run.seconds = seconds_until_killed(run, names, modified) end
  run.message = type(state.message) == "string" and state.message or nil
  run.seed = info.seed
  run.tags = type(info.tags) == "table" and info.tags or {}
  run.config = object(dir, "config.json", problems) or {}
  function run.path(_, name) return dir .. "/" .. name end
  return run
end

--- reader.read(dir) -> run | nil, message if there is no run in the folder.
---
--- run.dir; run.id ("NAME/DATE-TIME"), run.name; run.state ("running", "finished", "failed",
--- "interrupted", "killed"); run.created, run.started, run.ended: seconds since 1970, or nil;
--- run.seconds: its duration if known; run.message: of a failure; run.info: what run.json says ({}
--- without it); run.tags, run.seed; run.config ({} without one); run.columns, run.rows,
--- run.metrics: column -> list (numbers, NaN where a cell is empty; or texts). run.images: list of
--- {tag, step, path}; run.pictures: names of the other pictures in the folder; run.checkpoints:
--- names below checkpoints/; run.confusion, run.examples: what the files say, or nil; run.files:
--- names of all entries of the folder; run.problems: what is damaged, a list of lines. run:texts(),
--- run:histograms() -> lists of what the lines of their files say; run:path(name) -> path.
function reader.read(dir)
  local run, message = reader.facts(dir)
  if not run then return nil, message end
  dir = run.dir
  run.metrics, run.columns, run.rows = read_metrics(dir)
  run.images = {}
  add_images(run.images, dir)
  run.pictures = files_with(run.files, {png = true, svg = true})
  run.checkpoints = core.io.read_directory(dir .. "/checkpoints") or {}
  run.confusion = object(dir, "confusion.json", run.problems)
  run.examples = object(dir, "examples.json", run.problems)
  function run.texts() return reader.json_lines(dir .. "/texts.jsonl") end
  function run.histograms() return reader.json_lines(dir .. "/histograms.jsonl") end
  return run
end

return reader

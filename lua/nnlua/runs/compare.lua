-- Runs beside each other: where their configurations differ, and what they came to.

local goal = require "nnlua.runs.goal"
local params = require "nnlua.runs.params"
local show = require "nnlua.runs.show"
local text = require "nnlua.runs.text"
local Totals = require "nnlua.runs.totals"

local compare = {}

-- Collects name -> list by run, and the names in the order in which they come.
local function gather(runs, each)
  local by_name, names = {}, {}
  for i, run in ipairs(runs) do
    each(run, function(name, value)
      if not by_name[name] then
        by_name[name] = {}
        names[#names + 1] = name
      end
      by_name[name][i] = value
    end)
  end
  return by_name, names
end

local function differ(values, n)
  for i = 2, n do
    if values[i] ~= values[1] then return true end
  end
  return false
end

-- A table whose rows are {title, value of each run ...}.
local function lines_of(heading, rows, labels, coloured)
  if #rows == 0 then return {} end
  local columns = {{title = heading, values = {}, n = #rows, right = false}}
  for j, label in ipairs(labels) do
    columns[j + 1] = {title = label, values = {}, n = #rows, right = true}
  end
  for i, row in ipairs(rows) do
    columns[1].values[i] = row[1]
    for j = 1, #labels do columns[j + 1].values[i] = row[2][j] end
  end
  for _, column in ipairs(columns) do text.measure(column) end
  return text.table(columns, coloured)
end

--- compare.differences(runs) -> list of {name, list of values (nil: none)}: of the configurations,
--- where they differ, and of seed and commit.
function compare.differences(runs)
  local by_name, names = gather(runs, function(run, add)
    for _, pair in ipairs(params.flatten(run.config)) do add(pair[1], pair[2]) end
  end)
  table.sort(names)
  local rows = {}
  local function consider(name, values)
    if differ(values, #runs) then rows[#rows + 1] = {name, values} end
  end
  for _, name in ipairs(names) do consider(name, by_name[name]) end
  local seeds, commits = {}, {}
  for i, run in ipairs(runs) do
    local git = type(run.info.git) == "table" and run.info.git or {}
    seeds[i] = run.seed
    commits[i] = git.commit and tostring(git.commit):sub(1, 12) .. (git.dirty and "+" or "")
  end
  if not by_name.seed and not by_name["options.seed"] then consider("(seed)", seeds) end
  consider("(commit)", commits)
  return rows
end

--- compare.lines(runs, labels, coloured) -> list of lines. runs: as reader.facts gives them.
function compare.lines(runs, labels, coloured)
  local states, times = {}, {}
  for i, run in ipairs(runs) do
    states[i], times[i] = run.state, run.seconds and text.duration(run.seconds)
  end
  local lines = lines_of("run", {{"state", states}, {"time", times}}, labels, coloured)
  local function append(more)
    if #more > 0 then lines[#lines + 1] = "" end
    table.move(more, 1, #more, #lines + 1, lines)
  end
  local differences = compare.differences(runs)
  append(lines_of("configuration", differences, labels, coloured))
  if #differences == 0 then append {"The configurations are the same."} end
  local totals, names = gather(runs, function(run, add)
    for _, total in ipairs((show.totals(run.dir))) do
      if total.count > 0 and not Totals.is_counter(total.name) then add(total.name, total) end
    end
  end)
  local rows = {}
  for _, name in ipairs(goal.sorted(names)) do
    local ending, final, best = goal.is_max(name) and "max" or "min", {}, {}
    for i = 1, #runs do
      local total = totals[name][i]
      if total then final[i], best[i] = total.last, total[ending] end
    end
    rows[#rows + 1] = {name, final}
    if next(best) ~= nil then rows[#rows + 1] = {"  best", best} end
  end
  append(lines_of("metric", rows, labels, coloured))
  return lines
end

return compare

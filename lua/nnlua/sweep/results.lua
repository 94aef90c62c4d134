-- What a study has come to, for those who draw, print or export it.

local core = require "nnlua.core"
local options = require "nnlua.options"
local settings = require "nnlua.sweep.settings"
local student = require "nnlua.student"
local Tally = require "nnlua.sweep.tally"

local results = {}

-- The list in the order of a parameter's values, those without it last.
local function sorted(list, name)
  local copy = table.move(list, 1, #list, 1, {})
  table.sort(copy, function(a, b)
    local x, y = a.params[name], b.params[name]
    if (x ~= nil) ~= (y ~= nil) then return x ~= nil end
    if math.type(x) and math.type(y) and x ~= y then return x < y end
    return a.number < b.number
  end)
  return copy
end

--- results.read(store, study [, dir]) -> {name, metric, goal, dir, definition, trials,
--- configurations, best, sorted, statistics}.
---
--- trials: all, by number, as store:trials gives them; configurations: those with trials that
--- ended, by number, each {number, params, trials, values, mean, half}: the metric of the complete
--- ones, their mean, half of its 95% interval (nil for fewer than two); best: one of them, or nil.
--- sorted(name) -> the configurations with a mean, in the order of a parameter. statistics(
--- configuration, name) -> mean and half of any metric in the last reports of its complete trials;
--- nil if none has it.
function results.read(store, study, dir)
  local definition = study.definition
  local tally, trials = Tally(definition), store:trials(study.id)
  for _, trial in ipairs(trials) do
    if trial.finished then tally:add(trial) end
  end
  local configurations = tally:configurations()
  return {
    name = study.name, metric = definition.metric, goal = definition.goal, dir = dir,
    definition = definition, trials = trials, configurations = configurations,
    best = tally:best(),
    sorted = function(name)
      local complete = {}
      for _, one in ipairs(configurations) do
        if one.mean then complete[#complete + 1] = one end
      end
      return sorted(complete, name)
    end,
    statistics = function(configuration, name)
      local values = {}
      for _, trial in ipairs(configuration.trials) do
        local last = trial.state == "complete" and store:last_report(trial.id)
        local value = last and last.metrics[name]
        if math.type(value) then values[#values + 1] = value end
      end
      if #values > 0 then return student.interval(values) end
    end,
  }
end

-- The names of the parameters of all trials, sorted.
local function param_names(list)
  local names = {}
  for _, trial in ipairs(list) do
    for name in pairs(trial.params) do names[name] = true end
  end
  return options.sorted_keys(names)
end

--- results.names(found) -> the names of the parameters that vary, sorted.
function results.names(found)
  local names = {}
  for _, name in ipairs(param_names(found.trials)) do
    if found.definition.constants[name] == nil then names[#names + 1] = name end
  end
  return names
end

local function cell(value)
  if value == nil then return "" end
  local text = settings.text(value)
  return text:find('[",\r\n]') and '"' .. text:gsub('"', '""') .. '"' or text
end

local FACTS = {"trial", "configuration", "repetition", "state", "value", "step"}
local TIMES = {"attempt", "started", "ended", "seconds", "owner"}

-- Columns of that name beside those that are taken.
local function add_column(columns, taken, name, kind)
  local title = taken[name] and kind .. " " .. name or name
  taken[title] = true
  columns[#columns + 1] = {title = title, name = name, kind = kind}
end

--- results.csv(store, found [, times]) -> text: a row per trial, by number: its parameters and the
--- metrics of its last report. The same trials give the same bytes, but for times, which adds when,
--- where and in which attempt they ran.
function results.csv(store, found, times)
  local last, metrics = {}, {}
  for i, trial in ipairs(found.trials) do
    last[i] = store:last_report(trial.id)
    for name in pairs(last[i] and last[i].metrics or {}) do
      if name ~= found.metric then metrics[name] = true end
    end
  end
  local columns, taken = {}, {}
  for _, name in ipairs(FACTS) do add_column(columns, taken, name, "fact") end
  for _, name in ipairs(times and TIMES or {}) do add_column(columns, taken, name, "fact") end
  for _, name in ipairs(param_names(found.trials)) do
    add_column(columns, taken, name, "parameter")
  end
  for _, name in ipairs(options.sorted_keys(metrics)) do
    add_column(columns, taken, name, "metric")
  end
  local lines, row = {}, {}
  for j, column in ipairs(columns) do row[j] = cell(column.title) end
  lines[1] = table.concat(row, ",")
  for i, trial in ipairs(found.trials) do
    local sources = {
      fact = {trial = trial.number, configuration = trial.configuration,
              repetition = trial.repetition, state = trial.state, value = trial.value,
              step = last[i] and last[i].step, attempt = trial.attempt, started = trial.started,
              ended = trial.ended, owner = trial.owner,
              seconds = trial.ended and trial.started and trial.ended - trial.started},
      parameter = trial.params, metric = last[i] and last[i].metrics or {},
    }
    for j, column in ipairs(columns) do row[j] = cell(sources[column.kind][column.name]) end
    lines[i + 1] = table.concat(row, ",")
  end
  return table.concat(lines, "\n") .. "\n"
end

--- results.write_csv(path, store, found, times) -> true | nil, message
function results.write_csv(path, store, found, times)
  return core.io.write_file(path, results.csv(store, found, times))
end

return results

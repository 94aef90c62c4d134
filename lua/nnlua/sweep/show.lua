-- What `nnlua sweep show` prints.

local options = require "nnlua.options"
local progress = require "nnlua.progress"
local results = require "nnlua.sweep.results"
local settings = require "nnlua.sweep.settings"
local text_table = require "nnlua.text_table"

local show = {}

local TITLES = {complete = "done"}

local function number(value)
  return value and settings.short(value) or "-"
end

local function mean(one)
  return number(one.mean) .. (one.half and " ± " .. number(one.half) or "")
end

-- "12 done, 3 pruned" of a list of trials.
local function states(trials)
  local counts, words = {}, {}
  for _, trial in ipairs(trials) do counts[trial.state] = (counts[trial.state] or 0) + 1 end
  for _, state in ipairs {"complete", "pruned", "failed", "running", "waiting"} do
    if counts[state] then
      words[#words + 1] = ("%d %s"):format(counts[state], TITLES[state] or state)
    end
  end
  return table.concat(words, ", ")
end

-- The configurations, the best first, those without a value last.
local function ranked(found)
  local list = table.move(found.configurations, 1, #found.configurations, 1, {})
  local sign = found.goal == "maximize" and -1 or 1
  table.sort(list, function(a, b)
    if (a.mean ~= nil) ~= (b.mean ~= nil) then return a.mean ~= nil end
    if a.mean and a.mean ~= b.mean then return sign * a.mean < sign * b.mean end
    return a.number < b.number
  end)
  return list
end

-- What a configuration without a complete trial came to: "pruned at 20: 0.31", "failed".
local function other(one)
  for _, trial in ipairs(one.trials) do
    if trial.state == "pruned" then
      return ("pruned at %s: %s"):format(trial.step or "?", number(trial.value))
    end
  end
  return "failed"
end

--- show.lines(store, found, most) -> lines about a study (results.read); most: how many
--- configurations at most.
function show.lines(store, found, most)
  local definition = found.definition
  local several = definition.seeds > 1
  local lines = {
    ("%s: %s %s by %s%s"):format(found.name, definition.goal, found.metric, definition.method,
      definition.pruner and ", pruned by " .. definition.pruner.name or ""),
    ("%d trials: %s"):format(#found.trials, states(found.trials)),
  }
  local best = found.best
  if best then
    lines[#lines + 1] = ("best %s %s (%s %d): %s"):format(found.metric, mean(best),
      several and "configuration" or "trial", best.number,
      settings.line(settings.varying(best.params, definition)))
    lines[#lines + 1] = "again: " .. settings.command(definition, best.params)
  end
  if #found.configurations == 0 then return lines end
  local names = results.names(found)
  local rows = {{several and "configuration" or "trial", found.metric, table.unpack(names)}}
  if several then table.insert(rows[1], 3, "trials") end
  for i, one in ipairs(ranked(found)) do
    if i > most then break end
    if not one.mean and one.trials[1].state == "pruned" then
      local report = store:last_report(one.trials[1].id)
      one.trials[1].step = report and report.step
    end
    local row = {tostring(one.number), one.mean and mean(one) or other(one)}
    if several then row[3] = tostring(#one.trials) end
    for _, name in ipairs(names) do
      row[#row + 1] = one.params[name] ~= nil and settings.short(one.params[name]) or "-"
    end
    rows[#rows + 1] = row
  end
  lines[#lines + 1] = ""
  table.move(text_table.lines(rows, 0), 1, #rows, #lines + 1, lines)
  if #found.configurations > most then
    lines[#lines + 1] = ("%d of %d; --limit 0 shows all"):format(most, #found.configurations)
  end
  for _, trial in ipairs(found.trials) do
    if trial.state == "failed" then
      lines[#lines + 1] = ("trial %d failed: %s"):format(trial.number,
                                                         (trial.message or "?"):match("^[^\n]*"))
    end
  end
  return lines
end

--- show.trial(store, found, trial) -> lines about one trial: its parameters, reports, error.
function show.trial(store, found, trial)
  local lines = {("trial %d of %s: %s, attempt %d"):format(trial.number, found.name,
    TITLES[trial.state] or trial.state, trial.attempt)}
  if found.definition.seeds > 1 then
    lines[1] = lines[1] .. (", configuration %d, seed %d"):format(trial.configuration,
                                                                  trial.repetition)
  end
  if trial.started then
    lines[#lines + 1] = "started " .. os.date("%Y-%m-%d %H:%M:%S", math.floor(trial.started))
      .. (trial.ended and ", ran for " .. progress.duration(trial.ended - trial.started) or "")
      .. (trial.owner and ", by " .. trial.owner or "")
  end
  for _, name in ipairs(options.sorted_keys(trial.params)) do
    lines[#lines + 1] = ("  %s = %s"):format(name, settings.text(trial.params[name]))
  end
  if trial.value then
    lines[#lines + 1] = ("%s %s"):format(found.metric, settings.text(trial.value))
  end
  lines[#lines + 1] = "again: " .. settings.command(found.definition, trial.params,
                                                    trial.repetition)
  local reports = store:reports(trial.id)
  if #reports > 0 then
    local names = {}
    for _, report in ipairs(reports) do
      for name in pairs(report.metrics) do names[name] = true end
    end
    names = options.sorted_keys(names)
    local rows = {{"step", table.unpack(names)}}
    for i, report in ipairs(reports) do
      rows[i + 1] = {tostring(report.step)}
      for j, name in ipairs(names) do
        local value = report.metrics[name]
        rows[i + 1][j + 1] = value ~= nil and settings.short(value) or "-"
      end
    end
    lines[#lines + 1] = ""
    table.move(text_table.lines(rows, 0), 1, #rows, #lines + 1, lines)
  end
  if trial.message then
    lines[#lines + 1] = ""
    lines[#lines + 1] = trial.message
  end
  return lines
end

return show

-- What the page says of a study: a table for JSON, its columns packed.
--
-- Columns have an element for each trial, in the order of their numbers: states as places in
-- STATES, texts of failures as places in `messages` (0: none). What trials reported lies end to end
-- in one column; `counts` says how much is whose.

local core = require "nnlua.core"
local curves = require "nnlua.runs.report.curves"
local importance = require "nnlua.sweep.importance"
local numbers = require "nnlua.page.numbers"
local options = require "nnlua.options"
local parameters = require "nnlua.sweep.report.parameters"
local results = require "nnlua.sweep.results"
local settings = require "nnlua.sweep.settings"

local NAN <const> = 0 / 0
local MOST_POINTS <const> = 400000 -- of all curves together
local FEWEST_POINTS <const> = 16 -- of one
local MOST_TEXT <const> = 20000 -- bytes of a message
local MOST_TEXTS <const> = 1000000 -- bytes of all messages
local MOST_LEARNED <const> = 1000 -- trials that importance is learned from
local STATES = {"waiting", "running", "complete", "pruned", "failed"}

local function cut(text)
  if #text <= MOST_TEXT then return text end
  return ("%s\n… %d more bytes"):format(text:sub(1, MOST_TEXT), #text - MOST_TEXT)
end

-- The different messages, and for each trial the place of its own, or 0.
local function messages_of(trials)
  local texts, places, column, bytes = core.io.json_array {}, {}, {}, 0
  for i, trial in ipairs(trials) do
    local text = trial.message
    if text and not places[text] and bytes < MOST_TEXTS then
      texts[#texts + 1] = cut(text)
      places[text], bytes = #texts, bytes + #texts[#texts]
    end
    column[i] = text and places[text] or 0
  end
  return texts, numbers.pack(column, "I4")
end

local function trials_of(study)
  local place, columns = {}, {state = {}, value = {}, configuration = {}, repetition = {},
                              attempt = {}, started = {}, ended = {}, finished = {}}
  for i, state in ipairs(STATES) do place[state] = i - 1 end
  for i, trial in ipairs(study.trials) do
    columns.state[i] = place[trial.state]
    columns.value[i] = trial.value or NAN
    columns.started[i], columns.ended[i] = trial.started or NAN, trial.ended or NAN
    columns.configuration[i], columns.repetition[i] = trial.configuration, trial.repetition
    columns.attempt[i], columns.finished[i] = trial.attempt, trial.finished or 0
  end
  local formats = {state = "I1", value = "d", started = "d", ended = "d"}
  local packed = {n = #study.trials}
  for _, name in ipairs(options.sorted_keys(columns)) do
    packed[name] = numbers.pack(columns[name], formats[name] or "I4")
  end
  packed.messages, packed.message = messages_of(study.trials)
  return packed
end

-- The mean over the seeds of each configuration with a value.
local function configurations_of(study)
  local number, mean, half, count = {}, {}, {}, {}
  for _, one in ipairs(study.configurations) do
    if one.mean then
      local i = #number + 1
      number[i], mean[i], half[i], count[i] = one.number, one.mean, one.half or NAN, #one.values
    end
  end
  return {number = numbers.pack(number, "I4"), mean = numbers.pack(mean, "d"),
          half = numbers.pack(half, "d"), count = numbers.pack(count, "I4")}
end

-- What all trials reported, thinned out where it is too much for one page.
local function reports_of(store, id, trials)
  local place, counts, steps, values = {}, {}, {}, {}
  for i, trial in ipairs(trials) do place[trial.number], counts[i] = i, 0 end
  local bins = math.max(FEWEST_POINTS, MOST_POINTS // math.max(#trials, 1)) // 2
  local thinned, number, own_steps, own_values = nil, nil, {}, {}
  local function flush()
    local at = place[number]
    if not at then return end -- of a trial that was added since
    local rows = curves.kept(own_values, bins)
    thinned = thinned or rows and true
    counts[at] = rows and #rows or #own_values
    for i = 1, counts[at] do
      local row = rows and rows[i] or i
      steps[#steps + 1], values[#values + 1] = own_steps[row], own_values[row]
    end
  end
  for row in store:each_report(id) do
    if row.number ~= number then
      flush()
      number, own_steps, own_values = row.number, {}, {}
    end
    own_steps[#own_steps + 1], own_values[#own_values + 1] = row.step, row.value
  end
  flush()
  local format = numbers.float_format(values)
  for i, step in ipairs(steps) do steps[i] = math.min(step, 0xffffffff) end
  return {counts = numbers.pack(counts, "I4"), steps = numbers.pack(steps, "I4"),
          values = numbers.pack(values, format), wide = format == "d" or nil, thinned = thinned,
          most = 2 * bins}
end

-- List of {name, share}, or nil and why there is none; learned from how many trials.
local function importance_of(study)
  local complete = {}
  for _, trial in ipairs(study.trials) do
    if trial.state == "complete" then complete[#complete + 1] = trial end
  end
  local count = math.min(#complete, MOST_LEARNED)
  local learned = {}
  for i = 1, count do learned[i] = complete[(i - 1) * #complete // count + 1] end
  local list, message = importance.of(parameters.distributions(study.definition), learned,
                                      {seed = study.definition.seed})
  if not list then return {message = message} end
  local shares = core.io.json_array {}
  for i, one in ipairs(list) do
    shares[i] = core.io.json_array {one.name, one.importance}
  end
  return {shares = shares, learned = count, complete = #complete}
end

local function pairs_of(table_)
  local list = core.io.json_array {}
  for i, name in ipairs(options.sorted_keys(table_ or {})) do
    list[i] = core.io.json_array {name, settings.text(table_[name])}
  end
  return list
end

local function best_of(study)
  local best = study.best
  if not best then return nil end
  return {configuration = best.number, mean = best.mean, half = best.half, count = #best.values,
          command = settings.command(study.definition, best.params)}
end

--- record(store, id, study) -> table. id: the study's; study: of results.read.
return function(store, id, study)
  local definition = study.definition
  local about = definition.about or {}
  return {
    name = study.name, metric = study.metric, goal = study.goal, method = definition.method,
    seed = definition.seed, seeds = definition.seeds, file = about.file,
    set = pairs_of(settings.parse(about.set)), constants = pairs_of(definition.constants),
    pruner = definition.pruner and {name = definition.pruner.name,
                                    options = pairs_of(definition.pruner.options)},
    parameters = parameters.read(study, results.names(study)),
    trials = trials_of(study), configurations = configurations_of(study), best = best_of(study),
    reports = reports_of(store, id, study.trials), importance = importance_of(study),
  }
end

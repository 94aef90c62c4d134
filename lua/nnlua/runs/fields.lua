-- The columns of a list of runs: facts, parameters and metrics by the names that filters use.
--
-- Invariant: a column is {title=, n=, values= (list with holes, one for each run)}, for text.lua.

local core = require "nnlua.core"
local goal = require "nnlua.runs.goal"
local options = require "nnlua.options"
local query = require "nnlua.runs.query"
local text = require "nnlua.runs.text"

local fields = {}

local NAN <const> = 0 / 0

local LITTLE <const> = 8 -- goal.rank from which on a metric tells little

local FORMATS <const> = {created = text.date, seconds = text.duration}

local function of_facts(list, field)
  local values = {}
  for i, run in ipairs(list) do values[i] = run[field == "tag" and "tags" or field] end
  if field == "tag" then
    for i, tags in ipairs(values) do values[i] = tags:match("^%s*(.-)%s*$") end
  end
  return {title = field, n = #list, values = values, format = FORMATS[field]}
end

-- The places of the runs in the list, by their numbers.
local function places_of(list)
  local places = {}
  for i, run in ipairs(list) do places[run.number] = i end
  return places
end

--- fields.param(index, list, names, title) -> the column of the parameters of these names.
function fields.param(index, list, called, title)
  local places, values = places_of(list), {}
  for _, name in ipairs(called) do
    local found = index:param(list, name)
    for i = 1, found.n do values[places[found.run[i]]] = found.value[i] end
  end
  return {title = title, n = #list, values = values}
end

--- fields.metric(index, list, name, ending, title) -> the column of last, min or max of a metric.
function fields.metric(index, list, name, ending, title)
  local places, values = places_of(list), {}
  local found = index:metric(list, name, ending)
  for i = 1, found.n do
    local value = found.value[i]
    if value == nil and ending == "last" then value = NAN end
    values[places[found.run[i]]] = value
  end
  return {title = title, n = #list, values = values}
end

--- fields.column(index, list, names, field) -> column; or nil and a message if no run has the
--- field. names: query.names.
function fields.column(index, list, names, field)
  if query.is_fact(field) then return of_facts(list, field) end
  local called = query.params_called(names, field)
  if #called > 0 then return fields.param(index, list, called, field) end
  local metric, ending = query.metric_called(names, field)
  if metric then return fields.metric(index, list, metric, ending, field) end
  return nil, ("no run has a field '%s'%s"):format(field, options.suggest(field, names.all))
end

-- The usual columns -----------------------------------------------------------------------------

-- The last part of a dotted name, unless two of the names share it.
local function short_titles(list)
  local count, titles = {}, {}
  for _, name in ipairs(list) do
    local last = name:match("[^.]+$") or name
    count[last] = (count[last] or 0) + 1
  end
  for i, name in ipairs(list) do
    local last = name:match("[^.]+$") or name
    titles[i] = count[last] == 1 and last or name
  end
  return titles
end

--- fields.differing(index, list) -> the names of the parameters in which the runs differ; those
--- first that most runs have.
function fields.differing(index, list)
  local found, chosen = index:param_names(list), {}
  for i = 1, found.n do
    if found.values[i] > 1 or found.runs[i] < #list then
      chosen[#chosen + 1] = {found.name[i], found.runs[i]}
    end
  end
  table.sort(chosen, function(a, b)
    if a[2] ~= b[2] then return a[2] > b[2] end
    return a[1] < b[1]
  end)
  for i, entry in ipairs(chosen) do chosen[i] = entry[1] end
  return chosen
end

--- fields.basic(list, short, now) -> the columns that every run has. short: id -> short name.
function fields.basic(list, short, now)
  local ids, ages = {}, {}
  for i, run in ipairs(list) do
    ids[i] = short[run.id] or run.id
    ages[i] = run.created
    if run.state == "running" and run.started then run.seconds = now - run.started end
  end
  local n = #list
  local state = of_facts(list, "state")
  state.colour = text.state_colour
  local name = of_facts(list, "name")
  name.format = function(value) return text.clip(text.plain(value), 24) end
  return {
    {title = "id", n = n, values = ids, right = false}, name, state,
    {title = "age", n = n, values = ages, right = true,
     format = function(created) return text.age(created, now) end},
    {title = "time", n = n, values = of_facts(list, "seconds").values, right = true,
     format = text.duration},
  }
end

-- Takes the next candidate for which there is room, and says whether there was one.
local function take(state, candidates, make, chosen)
  while #candidates > 0 do
    local columns = make(table.remove(candidates, 1))
    local width = 0
    for _, column in ipairs(columns) do width = width + 2 + text.measure(column).width end
    if width <= state.room then
      state.room = state.room - width
      table.move(columns, 1, #columns, #chosen + 1, chosen)
      return true
    end
  end
  return false
end

--- fields.telling(index, list, room, most) -> columns that tell the runs apart, as many as there is
--- room for, at most `most` of parameters and of metrics: the parameters that differ, then the last
--- values of metrics; of the first metric also the best.
function fields.telling(index, list, room, most)
  local names = fields.differing(index, list)
  local titles = {}
  for i, title in ipairs(short_titles(names)) do titles[names[i]] = title end
  local metrics = goal.sorted(index:metric_names(list).name)
  names = table.move(names, 1, math.min(#names, most), 1, {})
  metrics = table.move(metrics, 1, math.min(#metrics, most), 1, {})
  local params, results = {}, {}
  local state = {room = room}
  local function param(name) return {fields.param(index, list, {name}, titles[name])} end
  local function metric(name)
    local last = fields.metric(index, list, name, "last", name)
    if #results > 0 or goal.rank(name) >= LITTLE then return {last} end
    local best = fields.metric(index, list, name, goal.is_max(name) and "max" or "min", "best")
    return {last, best}
  end
  local rest = {} -- of the metrics, counters and times, which tell least
  while #metrics > 0 and goal.rank(metrics[#metrics]) >= LITTLE do
    table.insert(rest, 1, table.remove(metrics))
  end
  repeat
    local more = take(state, metrics, metric, results)
    more = take(state, names, param, params) or more
  until not more
  while take(state, rest, metric, results) do end -- luacheck: ignore 542
  return table.move(results, 1, #results, #params + 1, params)
end

--- fields.everything(index, list) -> list of all fields that some of the runs have: for files.
function fields.everything(index, list)
  local all = {"id", "name", "state", "created", "seconds", "rows", "seed", "tag", "commit"}
  for _, name in ipairs(index:param_names(list).name) do all[#all + 1] = name end
  for _, name in ipairs(index:metric_names(list).name) do all[#all + 1] = name end
  return all
end

--- fields.width() -> columns of the terminal, or nil.
function fields.width()
  local width = tonumber(os.getenv("COLUMNS"))
  return core.isatty("stdout") and core.terminal_width() or width
end

return fields

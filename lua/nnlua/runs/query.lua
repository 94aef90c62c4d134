-- Questions about runs, as users write them, in SQL.
--
--   lr<0.1 state=finished test_accuracy.max>=0.95 name~mnist 'note=two words'
--
-- A filter is a list of terms, FIELD OPERATOR VALUE with or without spaces around the operator, all
-- of which must hold. A VALUE with spaces stands in single or double quotes. FIELD is
--   id, name, state, created, seconds, rows, seed, tag, commit, message    facts of the run,
--   options.lr, or lr for short                                       a value of its configuration,
--   loss, loss.min, loss.max                         the last, least, largest value of a metric
-- in this order if it could be several. OPERATOR is = != < <= > >= or ~ (contains, in upper or
-- lower case). created is compared with a date, 2026-08-01. A run without the field does not match.
--
-- Invariants: words of users reach SQLite as bound parameters; fields that no run has are errors.

local options = require "nnlua.options"

local query = {}

local FACTS <const> = {"commit", "created", "id", "message", "name", "rows", "seconds", "seed",
                       "state", "tag"}

local is_fact = {}
for _, name in ipairs(FACTS) do is_fact[name] = true end

local ENDINGS <const> = {last = true, min = true, max = true}

-- Fields ----------------------------------------------------------------------------------------

-- name -> true, and the sorted list, of what the runs have in a table.
local function names_of(db, table_name)
  local set, list = {}, {}
  for row in db:rows(("SELECT DISTINCT name FROM %s ORDER BY name"):format(table_name)) do
    set[row.name] = true
    list[#list + 1] = row.name
  end
  return set, list
end

--- query.names(db) -> {params = set, metrics = set, all = list of all that a field may be}
function query.names(db)
  local found, all = {}, table.move(FACTS, 1, #FACTS, 1, {})
  for _, kind in ipairs {"params", "metrics"} do
    local set, list = names_of(db, kind)
    found[kind] = set
    for _, name in ipairs(list) do
      all[#all + 1] = name
      if name:find(".", 1, true) then all[#all + 1] = name:match("[^.]*$") end
    end
  end
  found.all = all
  return found
end

--- query.params_called(names, field) -> list of the names of parameters that a field stands for:
--- itself, and those that end in it.
function query.params_called(names, field)
  local list = names.params[field] and {field} or {}
  for _, name in ipairs(options.sorted_keys(names.params)) do
    if name:sub(-#field - 1) == "." .. field then list[#list + 1] = name end
  end
  return list
end

--- query.metric_called(names, field) -> the name of a metric, "last", "min" or "max"; or nil.
function query.metric_called(names, field)
  if names.metrics[field] then return field, "last" end
  local name, ending = field:match("^(.*)%.(%a+)$")
  if name and ENDINGS[ending] and names.metrics[name] then return name, ending end
end

--- query.is_fact(field): whether every run has it: id, state, ...
function query.is_fact(field)
  return is_fact[field] == true
end

-- The SQL of a field's value, for the row of `runs`; nil and a message if no run has it.
local function expression(names, field, bind)
  if is_fact[field] then return ('runs."%s"'):format(field == "tag" and "tags" or field) end
  local called = query.params_called(names, field)
  if #called > 0 then
    local places = {}
    for i, name in ipairs(called) do places[i] = bind(name) end
    return ("(SELECT value FROM params WHERE run = runs.number AND name IN (%s) LIMIT 1)"):format(
      table.concat(places, ", "))
  end
  local metric, ending = query.metric_called(names, field)
  if metric then
    return ("(SELECT %s FROM metrics WHERE run = runs.number AND name = %s)"):format(ending,
                                                                                     bind(metric))
  end
  return nil, ("no run has a field '%s'%s"):format(field, options.suggest(field, names.all))
end

-- Filters ---------------------------------------------------------------------------------------

local OPERATORS <const> = {["="] = "=", ["=="] = "=", ["!="] = "<>", ["<"] = "<", ["<="] = "<=",
                           [">"] = ">", [">="] = ">=", ["~"] = "~"}

-- One term from position `at` of the text: field, operator, value, the position behind it. Or nil
-- and a message.
local function read_term(text, at)
  local field, operator, behind = text:match("^([^%s<>=!~'\"]+)%s*([<>=!~]+)%s*()", at)
  if not field then
    local word = text:match("^%S+", at)
    return nil, ("'%s' is not FIELD=VALUE; operators are = != < <= > >= ~"):format(word)
  elseif not OPERATORS[operator] then
    return nil, ("'%s' is no operator; there are = != < <= > >= ~"):format(operator)
  end
  local quote = text:match("^['\"]", behind)
  if quote then
    local closing = text:find(quote, behind + 1, true)
    if not closing then return nil, ("the quote %s is not closed"):format(text:sub(behind)) end
    return field, OPERATORS[operator], text:sub(behind + 1, closing - 1), closing + 1
  end
  local value, after = text:match("^(%S+)()", behind)
  if not value then return nil, ("there is no value behind '%s%s'"):format(field, operator) end
  return field, OPERATORS[operator], value, after
end

local function is_number(text)
  return text:find("^[+-]?%.?%d") and tonumber(text)
end

local function day(text)
  local y, m, d = text:match("^(%d%d%d%d)-(%d%d?)-(%d%d?)$")
  return y and os.time {year = tonumber(y), month = tonumber(m), day = tonumber(d), hour = 0}
end

-- The condition of a term; `e` is the SQL of its field.
local function condition(e, field, operator, value, bind)
  if operator == "~" then
    return ("instr(lower(%s), lower(%s)) > 0"):format(e, bind(value))
  elseif field == "tag" then
    local found = ("instr(%s, %s) > 0"):format(e, bind(" " .. value .. " "))
    if operator == "=" then return found end
    if operator == "<>" then return "NOT " .. found end
    return nil, "tag takes =, != and ~"
  elseif field == "created" then
    local from = day(value)
    if not from then return nil, ("created takes a date, 2026-08-01, got '%s'"):format(value) end
    local function at(days, comparison)
      return ("%s %s %s"):format(e, comparison, bind(from + 86400 * days))
    end
    if operator == "<" then return at(0, "<") end
    if operator == ">=" then return at(0, ">=") end
    if operator == "<=" then return at(1, "<") end
    if operator == ">" then return at(1, ">=") end
    return ("%s (%s AND %s)"):format(operator == "=" and "" or "NOT", at(0, ">="), at(1, "<"))
  end
  local number = is_number(value)
  if not number then
    local same_type = operator == "=" or operator == "<>" or ("typeof(%s) = 'text' AND "):format(e)
    return (same_type == true and "" or same_type) .. ("%s %s %s"):format(e, operator, bind(value))
  elseif operator == "=" then
    return ("%s IN (%s, %s)"):format(e, bind(number), bind(value))
  elseif operator == "<>" then
    return ("%s NOT IN (%s, %s)"):format(e, bind(number), bind(value))
  end
  return ("typeof(%s) IN ('integer', 'real') AND %s %s %s"):format(e, e, operator, bind(number))
end

local function conditions(names, text, bind)
  local list = {}
  local at = text:find("%S")
  while at do
    local field, operator, value, behind = read_term(text, at)
    if not field then return nil, operator end
    local e, message = expression(names, field, bind)
    if not e then return nil, message end
    local sql, problem = condition(e, field, operator, value, bind)
    if not sql then return nil, problem end
    list[#list + 1] = "(" .. sql .. ")"
    at = text:find("%S", behind)
  end
  return list
end

--- query.select(db, {filter = text, sort = field or nil, limit, reverse}) -> SQL, its values (a
--- list with n); or nil and a message for the user. sort: a field, ascending, or descending with a
--- "-" before it; runs without a value come last. Without sort the newest run is first; reverse
--- turns the order round.
function query.select(db, o)
  local values = {n = 0}
  local function bind(value)
    values.n = values.n + 1
    values[values.n] = value
    return "?" .. values.n
  end
  local names = (o.filter:find("%S") or o.sort) and query.names(db)
  local where, message = conditions(names, o.filter, bind)
  if not where then return nil, "filter: " .. message end
  local order = ("created %s, id %s"):format(o.reverse and "ASC" or "DESC",
                                             o.reverse and "ASC" or "DESC")
  if o.sort then
    local descending, field = o.sort:match("^(%-?)(.*)$")
    local e, problem = expression(names, field, bind)
    if not e then return nil, "sort: " .. problem end
    local down = (descending == "-") ~= (o.reverse == true)
    order = ("%s IS NULL, %s %s, %s"):format(e, e, down and "DESC" or "ASC",
                                             "created DESC, id DESC")
  end
  local sql = "SELECT number, id, name, state, created, started, seconds, seed, message, "
              .. '"commit", tags, rows FROM runs'
  if #where > 0 then sql = sql .. " WHERE " .. table.concat(where, " AND ") end
  sql = sql .. " ORDER BY " .. order
  if o.limit then sql = sql .. " LIMIT " .. bind(o.limit) end
  return sql, values
end

return query

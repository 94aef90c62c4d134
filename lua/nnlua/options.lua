-- Checks the trailing options table of a function and fills in its defaults.
--
--   local o = options.check("SGD", given, {lr = options.required, momentum = 0, nesterov = false})
--
-- Invariants: the given table is never changed; of several faults the alphabetically first is
-- raised, so that the same mistake always gives the same message.

local core = require "nnlua.core"

local options = {}

--- options.optional as a default: the option may be left out and is then nil; any type will do.
options.optional = setmetatable({}, {__name = "options.optional"})

--- options.generator as a default: the option may be left out; else it must be a Generator.
options.generator = setmetatable({}, {__name = "options.generator"})

--- options.required as a default: leaving the option out is an error; any type will do.
options.required = setmetatable({}, {__name = "options.required"})

--- options.raise(format, ...) raises the formatted message at the user's line.
function options.raise(format, ...)
  core.raise(format:format(...))
end

--- options.suggest(name, names) -> " (did you mean 'NEAREST'?)" for the nearest of a list of names
--- (the first of equally near ones), or "" if none is within two edits, one for a short name.
function options.suggest(name, names)
  local nearest, best = nil, #name < 5 and 2 or 3
  for _, candidate in ipairs(names) do
    local distance = core.edit_distance(name, candidate)
    if distance < best then
      nearest, best = candidate, distance
    end
  end
  return nearest and (" (did you mean '%s'?)"):format(nearest) or ""
end

--- options.strict(title, t [, noun]) -> t, which now raises, with a suggestion, when a field is
--- read that it does not have: "TITLE has no NOUN 'name'".
function options.strict(title, t, noun)
  return setmetatable(t, {__index = function(_, name)
    options.raise("%s has no %s'%s'%s", title, noun and noun .. " " or "", tostring(name),
                  options.suggest(tostring(name), options.sorted_keys(t)))
  end})
end

--- options.type_name(value) -> what to call the value's type in a message: "tensor", "number", ...
function options.type_name(value)
  if core.is_tensor(value) then
    return "tensor"
  end
  local metatable = getmetatable(value)
  return type(metatable) == "table" and type(metatable.__name) == "string" and metatable.__name
    or type(value)
end

--- options.is_callable(value) -> whether value(...) is possible: a function, or what has __call.
function options.is_callable(value)
  local metatable = getmetatable(value)
  return type(value) == "function" or type(metatable) == "table" and metatable.__call ~= nil
end

--- options.sorted_keys(t) -> the string keys of t in alphabetical order.
function options.sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    if type(key) == "string" then
      keys[#keys + 1] = key
    end
  end
  table.sort(keys)
  return keys
end

--- options.check(function_name, given, defaults) -> a new table: each option of `defaults` as it is
--- given, or its default.
--- given: the user's table, or nil for none. defaults: name = value; a boolean, number or string
--- also says which type is allowed, options.generator a Generator; anything else (a table,
--- options.optional, options.required) allows every type.
--- Raises for an unknown name (with the nearest known one), a wrong type, a missing required one.
function options.check(function_name, given, defaults)
  if given == nil then
    given = {}
  elseif type(given) ~= "table" then
    options.raise("bad options to '%s' (table expected, got %s)", function_name,
                  options.type_name(given))
  end
  if #given > 0 then
    options.raise("bad options to '%s' (names expected, got a list)", function_name)
  end
  local known = options.sorted_keys(defaults)
  for _, name in ipairs(options.sorted_keys(given)) do
    if defaults[name] == nil then
      options.raise("unknown option '%s' to '%s'%s", name, function_name,
                    options.suggest(name, known))
    end
  end
  local filled = {}
  for _, name in ipairs(known) do
    local default, value = defaults[name], given[name]
    local wanted = type(default)
    if value == nil then
      if default == options.required then
        options.raise("'%s' needs the option '%s'", function_name, name)
      end
      if default ~= options.optional and default ~= options.generator then
        value = default
      end
    elseif default == options.generator then
      if options.type_name(value) ~= "nnlua.Generator" then
        options.raise("bad option '%s' to '%s' (Generator expected, got %s)", name, function_name,
                      options.type_name(value))
      end
    elseif wanted ~= "table" and type(value) ~= wanted then
      options.raise("bad option '%s' to '%s' (%s expected, got %s)", name, function_name, wanted,
                    options.type_name(value))
    end
    filled[name] = value
  end
  return filled
end

return options

-- The numbers of an epoch's row, by name: reading one, and which values of it are better.

local options = require "nnlua.options"

local metrics = {}

--- metrics.mode_of(name, metric, mode) -> whether smaller ("min") or larger ("max") values of a
--- metric are better: as given, else by its name.
function metrics.mode_of(name, metric, mode)
  if type(metric) ~= "string" then
    options.raise("'%s': the name of a metric expected, got %s", name, options.type_name(metric))
  end
  if mode == "min" or mode == "max" then return mode end
  if mode ~= nil then
    options.raise("bad option 'mode' to '%s' (min|max expected, got %s)", name, tostring(mode))
  end
  if metric:find("loss") or metric:find("error") then return "min" end
  if metric:find("accuracy") then return "max" end
  return options.raise("'%s' needs the option 'mode': are small or large values of '%s' better?",
                       name, metric)
end

--- metrics.read(name, metric, row) -> the number of that name in an epoch's row. Raises, with
--- the names there are, if there is none.
function metrics.read(name, metric, row)
  local value = row[metric]
  if type(value) ~= "number" then
    options.raise("%s: no metric '%s'%s (there are %s)", name, tostring(metric),
                  options.suggest(tostring(metric), options.sorted_keys(row)),
                  table.concat(options.sorted_keys(row), ", "))
  end
  return value
end

return metrics

-- Pictures of a study for nn.plot: descriptions of line charts.
--
--   local found = results.read(store, store:study("l2"))
--   nn.plot.lines("history.png", pictures.history_lines(found))
--   nn.plot.lines("-", pictures.parameter_lines(found, "lambda"))

local options = require "nnlua.options"

local pictures = {}

-- The complete trials with a finite value, in the order of their ends.
local function ended(found)
  local list = {}
  for _, trial in ipairs(found.trials) do
    local value = trial.state == "complete" and trial.value
    if value and value - value == 0 then list[#list + 1] = trial end
  end
  table.sort(list, function(a, b) return a.finished < b.finished end)
  return list
end

--- pictures.history_lines(found [, {log = false}]) -> the description, for nn.plot.lines, of what
--- the trials came to, in the order in which they ended, with the best so far as a stepped line;
--- nil if none is complete. found: of results.read. log: of the values' axis.
function pictures.history_lines(found, given)
  local o = options.check("history_lines", given, {log = false})
  local x, y, best_x, best_y, best = {}, {}, {}, {}, nil
  local sign = found.goal == "maximize" and -1 or 1
  for i, trial in ipairs(ended(found)) do
    x[i], y[i] = trial.finished, trial.value
    if not best or sign * trial.value < sign * best then
      if best then best_x[#best_x + 1], best_y[#best_y + 1] = x[i], best end
      best = trial.value
      best_x[#best_x + 1], best_y[#best_y + 1] = x[i], best
    end
  end
  if not best then return nil end
  best_x[#best_x + 1], best_y[#best_y + 1] = x[#x], best
  return {title = found.name, xlabel = "trials ended", ylabel = found.metric, log_y = o.log,
          series = {{name = "trials", x = x, y = y, points = true},
                    {name = "best so far", x = best_x, y = best_y}}}
end

--- pictures.parameter_lines(found, parameter [, {log = false}]) -> the description, for
--- nn.plot.lines, of the metric against a parameter that is a number: the mean of each value's
--- complete trials, with its 95% interval where there are several; nil if there are none. log: of
--- the values' axis; the parameter's is as its range.
function pictures.parameter_lines(found, parameter, given)
  local o = options.check("parameter_lines", given, {log = false})
  local spec = found.definition.parameters[parameter]
  if not spec then
    options.raise("bad argument #2 to 'parameter_lines' (no parameter '%s' varies%s)",
                  tostring(parameter), options.suggest(tostring(parameter),
                  options.sorted_keys(found.definition.parameters)))
  end
  local list = {}
  for _, one in ipairs(found.configurations) do
    local x = one.params[parameter]
    if one.mean and math.type(x) then list[#list + 1] = {x = x, one = one} end
  end
  if #list == 0 then return nil end
  table.sort(list, function(a, b)
    if a.x ~= b.x then return a.x < b.x end
    return a.one.number < b.one.number
  end)
  local x, y, errors, several = {}, {}, {}, false
  for i, item in ipairs(list) do
    x[i], y[i], errors[i] = item.x, item.one.mean, item.one.half or 0
    several = several or item.one.half ~= nil
  end
  return {title = found.name, xlabel = parameter, log_x = spec.log or false, log_y = o.log,
          ylabel = several and found.metric .. ", mean and 95% interval" or found.metric,
          series = {{x = x, y = y, errors = several and errors or nil}}}
end

return pictures

-- The curve of a metric of one run or more, as a picture or on the terminal.

local goal = require "nnlua.runs.goal"
local plot = require "nnlua.plot"
local Totals = require "nnlua.runs.totals"

local curves = {}

-- The values of the column that counts steps, or 1, 2, ...
local function steps(run)
  for _, name in ipairs(run.columns) do
    if Totals.is_counter(name) then return run.metrics[name], name end
  end
  local list = {}
  for i = 1, run.rows do list[i] = i end
  return list, "row"
end

local function has_numbers(list)
  local n = 0
  for _, value in ipairs(list or {}) do
    if type(value) == "number" and value == value then n = n + 1 end
  end
  return n
end

--- curves.main(runs) -> the most telling metric that all of these runs (reader.read) have, or nil.
function curves.main(runs)
  for _, name in ipairs(goal.sorted(runs[1].columns)) do
    local everywhere = not Totals.is_counter(name)
    for _, run in ipairs(runs) do
      everywhere = everywhere and has_numbers(run.metrics[name]) > 1
    end
    if everywhere then return name end
  end
end

--- curves.draw(path, runs, labels, metric) -> true | nil, message: a curve for each run. path: of a
--- picture, or "-" for the terminal. Without two numbers of the metric a run has no curve.
function curves.draw(path, runs, labels, metric)
  local series, xlabel = {}, nil
  for i, run in ipairs(runs) do
    local values = run.metrics[metric]
    if has_numbers(values) > 1 and type(values[1]) == "number" then
      local x, y, at, name = {}, {}, steps(run)
      for row = 1, run.rows do
        if values[row] == values[row] and type(at[row]) == "number" then
          x[#x + 1], y[#y + 1] = at[row], values[row]
        end
      end
      series[#series + 1] = {name = labels[i], x = x, y = y}
      xlabel = xlabel or name
    end
  end
  if #series == 0 then return nil, ("none of the runs has numbers of '%s'"):format(metric) end
  if #runs == 1 then series[1].name = nil end
  return plot.lines(path, {series = series, xlabel = xlabel, ylabel = metric})
end

return curves

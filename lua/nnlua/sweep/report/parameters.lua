-- The parameters of a study as axes of the page: what they may be, and what each trial had.
--
-- A parameter that `run` asks for (trial:suggest_*) does not stand in the definition: what it may
-- be is what the trials had.

local core = require "nnlua.core"
local Distribution = require "nnlua.sweep.distribution"
local numbers = require "nnlua.page.numbers"
local options = require "nnlua.options"
local settings = require "nnlua.sweep.settings"

local NAN <const> = 0 / 0
local WIDE <const> = 100 -- a range whose ends are positive and so far apart is logarithmic

local parameters = {}

--- parameters.distribution(name, spec) -> the Distribution that a study's definition describes.
function parameters.distribution(name, spec)
  if spec.values then return Distribution(name, {values = spec.values}) end
  local exact = spec.kind == "integer" and math.tointeger or function(x) return x end
  return Distribution(name, {
    min = exact(spec.min), max = exact(spec.max), log = spec.log or nil,
    integer = spec.kind == "integer", points = spec.points,
    step = not spec.log and spec.step and exact(spec.step) or nil,
  })
end

local function texts_of(values)
  local texts = core.io.json_array {}
  for i, value in ipairs(values) do texts[i] = settings.text(value) end
  return texts
end

-- By the definition. -> axis, and what a trial has on it.
local function declared(name, spec)
  local axis = {name = name, kind = spec.kind or "choice", log = spec.log or nil, min = spec.min,
                max = spec.max, step = spec.kind == "float" and spec.step or nil,
                values = spec.values and texts_of(spec.values)}
  return axis, function(trial) return trial.internal[name] or NAN end
end

-- By what the trials had.
local function found(name, trials)
  local kind, low, high = "integer", math.huge, -math.huge
  local texts, places = core.io.json_array {}, {}
  for _, trial in ipairs(trials) do
    local value = trial.params[name]
    if value ~= nil then
      local text = settings.text(value)
      if not places[text] then
        texts[#texts + 1] = text
        places[text] = #texts - 1.0
      end
      if math.type(value) == nil then
        kind = "choice"
      elseif kind ~= "choice" then
        kind = math.tointeger(value) and kind or "float"
        low, high = math.min(low, value), math.max(high, value)
      end
    end
  end
  if kind == "choice" then
    return {name = name, kind = kind, values = texts, conditional = true}, function(trial)
      local value = trial.params[name]
      return value ~= nil and places[settings.text(value)] or NAN
    end
  end
  return {name = name, kind = kind, min = low, max = high, conditional = true,
          log = low > 0 and high > WIDE * low or nil},
         function(trial) return trial.params[name] or NAN end
end

--- parameters.read(found, names) -> list of {name, kind = "float", "integer" or "choice", log, min,
--- max, values (of a choice: texts), conditional, x (packed: a float64 for each trial; the position
--- from 0 of a choice; NaN: the trial had none)}. found: of results.read; names: those that vary.
function parameters.read(study, names)
  local list = core.io.json_array {}
  for i, name in ipairs(names) do
    local spec = study.definition.parameters[name]
    local axis, of
    if spec then axis, of = declared(name, spec) else axis, of = found(name, study.trials) end
    local x = {}
    for j, trial in ipairs(study.trials) do x[j] = of(trial) + 0.0 end
    axis.x = numbers.pack(x, "d")
    list[i] = axis
  end
  return list
end

--- parameters.distributions(definition) -> list of the Distributions in it, by name.
function parameters.distributions(definition)
  local list = {}
  for i, name in ipairs(options.sorted_keys(definition.parameters)) do
    list[i] = parameters.distribution(name, definition.parameters[name])
  end
  return list
end

return parameters

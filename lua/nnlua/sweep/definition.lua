-- What a sweep is: its parameters, how they are chosen, what is measured, what a trial does.
--
-- Invariants: everything is checked when the sweep is made, each fault named; the parameters that
-- vary come in the order of their names, whatever the order in the table.

local class = require "nnlua.class"
local core = require "nnlua.core"
local Distribution = require "nnlua.sweep.distribution"
local grid = require "nnlua.sweep.sampler.grid"
local options = require "nnlua.options"
local pruner = require "nnlua.sweep.pruner"

local Sweep = class("Sweep")

local DEFAULTS = {
  name = options.required, metric = options.required, goal = "minimize", method = "tpe",
  pruner = options.optional, trials = options.optional, seed = 0, seeds = 1,
  parameters = options.required, run = options.required, points = options.optional,
  constraint = options.optional, repeats = false, attempts = 3, finished = options.optional,
}
local METHODS = {"grid", "random", "sobol", "tpe"}
local SIGNS = {minimize = 1, maximize = -1}

local function refuse(option, format, ...)
  options.raise("bad option '%s' to 'sweep' (%s)", option, format:format(...))
end

local function check_word(option, value, words)
  for _, word in ipairs(words) do
    if word == value then return end
  end
  refuse(option, "%s expected, got '%s'%s", table.concat(words, "|"), tostring(value),
         options.suggest(tostring(value), words))
end

local function check_count(option, value, least)
  if math.type(value) ~= "integer" or value < least then
    refuse(option, "an integer of at least %d expected, got %s", least, tostring(value))
  end
end

-- Splits the parameters into those that vary, in the order of their names, and constants.
local function read_parameters(self, given)
  if type(given) ~= "table" or #given > 0 or next(given) == nil then
    refuse("parameters", "a table of parameters by name expected")
  end
  self.distributions, self.constants, self.by_name = {}, {}, {}
  for _, name in ipairs(options.sorted_keys(given)) do
    local spec = given[name]
    if Distribution.is_spec(spec) then
      local distribution = Distribution(name, spec)
      self.distributions[#self.distributions + 1] = distribution
      self.by_name[name] = distribution
    else
      if not pcall(core.io.json_encode, spec) then
        refuse("parameters", "'%s' is a %s; numbers, strings, booleans, tables of these can be "
               .. "recorded", name, options.type_name(spec))
      end
      self.constants[name] = spec
    end
  end
end

-- The internal values of a point that the user gives: parameters that vary may be missing.
local function read_point(self, at, point)
  if type(point) ~= "table" then refuse("points", "point %d is a %s", at, type(point)) end
  local internal, known = {}, options.sorted_keys(self.by_name)
  for _, name in ipairs(options.sorted_keys(point)) do
    local distribution = self.by_name[name]
    if not distribution then
      refuse("points", "point %d: no parameter '%s' varies%s", at, name,
             options.suggest(name, known))
    end
    internal[name] = distribution:internal(point[name])
    if internal[name] == nil then
      refuse("points", "point %d: '%s' cannot be %s", at, name, core.io.json_encode(point[name]))
    end
  end
  return internal
end

--- nn.sweep{name, metric, parameters, run, ...} -> sweep. See nnlua.sweep.
function Sweep:init(given)
  local o = options.check("sweep", given, DEFAULTS)
  self.given = o
  for _, option in ipairs {"name", "metric"} do
    if type(o[option]) ~= "string" or not o[option]:find("%S") then
      refuse(option, "a name expected, got %s", tostring(o[option]))
    end
  end
  check_word("goal", o.goal, options.sorted_keys(SIGNS))
  check_word("method", o.method, METHODS)
  check_count("seed", o.seed, 0)
  check_count("seeds", o.seeds, 1)
  check_count("attempts", o.attempts, 1)
  if o.trials ~= nil then check_count("trials", o.trials, 1) end
  if not options.is_callable(o.run) then
    refuse("run", "a function(trial, p) expected, got %s", options.type_name(o.run))
  end
  if o.constraint ~= nil and not options.is_callable(o.constraint) then
    refuse("constraint", "a function(p) expected, got %s", options.type_name(o.constraint))
  end
  if o.finished ~= nil and not options.is_callable(o.finished) then
    refuse("finished", "a function(results) expected, got %s", options.type_name(o.finished))
  end
  read_parameters(self, o.parameters)
  for _, name in ipairs {"name", "metric", "goal", "method", "seed", "seeds", "run", "constraint",
                         "repeats", "attempts", "finished"} do
    self[name] = o[name]
  end
  self.sign = SIGNS[o.goal]
  self.trials = o.trials
  if o.method == "grid" then
    local size = grid.size(self.distributions)
    self.trials = math.min(o.trials or size, size)
  elseif o.trials == nil then
    options.raise("'sweep' needs the option 'trials'")
  end
  self.pruner_spec = o.pruner
  self.pruner = o.pruner and pruner.new(o.pruner)
  self.points = {}
  for i, point in ipairs(o.points or {}) do self.points[i] = read_point(self, i, point) end
end

--- sweep:with({name = value} [, changes]) -> a sweep in which these parameters are constants, which
--- need not lie in their ranges; changes: options that take the place of others. Raises if there is
--- no such parameter, or the value is of another kind.
function Sweep:with(values, changes)
  local given, known = {}, options.sorted_keys(self.given.parameters)
  for name, value in pairs(self.given) do given[name] = value end
  given.parameters = {}
  for name, spec in pairs(self.given.parameters) do given.parameters[name] = spec end
  for _, name in ipairs(options.sorted_keys(values)) do
    local value, distribution = values[name], self.by_name[name]
    if given.parameters[name] == nil then
      options.raise("the sweep has no parameter '%s'%s", name, options.suggest(name, known))
    elseif distribution and distribution.kind ~= "choice" then
      local wanted = distribution.kind == "float" and "number" or "integer"
      if wanted == "integer" then value = math.type(value) and math.tointeger(value) end
      if math.type(value) == nil then
        options.raise("parameter '%s': %s expected, got %s", name,
                      wanted == "integer" and "an integer" or "a number",
                      core.io.json_encode(values[name]))
      end
      if wanted == "number" then value = value + 0.0 end
    end
    given.parameters[name] = value
  end
  given.points = {}
  for i, point in ipairs(self.given.points or {}) do
    given.points[i] = {}
    for name, value in pairs(point) do
      if values[name] == nil then given.points[i][name] = value end
    end
  end
  for name, value in pairs(changes or {}) do given[name] = value end
  return Sweep(given)
end

--- sweep:strict(params) -> a copy that raises when a parameter is read that it does not have.
function Sweep:strict(params)
  local copy = {}
  for name, value in pairs(params) do copy[name] = value end
  return options.strict(("the sweep '%s'"):format(self.name), copy, "parameter")
end

--- sweep:values(internal) -> {name = value} of all parameters, constants included.
function Sweep:values(internal)
  local values = {}
  for name, value in pairs(self.constants) do values[name] = value end
  for _, distribution in ipairs(self.distributions) do
    local x = internal[distribution.name]
    if x ~= nil then values[distribution.name] = distribution:external(x) end
  end
  return values
end

-- A distribution as a table of texts and numbers.
local function describe(distribution)
  if distribution.kind == "choice" then return {values = distribution.values} end
  return {kind = distribution.kind, min = distribution.low, max = distribution.high,
          log = distribution.log, step = distribution.step, points = distribution.points}
end

--- sweep:describe() -> a table that says what its trials depend on, but for `run`: two sweeps with
--- the same one may share a study.
function Sweep:describe()
  local parameters = {}
  for _, distribution in ipairs(self.distributions) do
    parameters[distribution.name] = describe(distribution)
  end
  return {
    metric = self.metric, goal = self.goal, method = self.method, seed = self.seed,
    seeds = self.seeds, parameters = parameters, constants = self.constants,
    points = #self.points > 0 and self.points or nil, repeats = self.repeats or nil,
    pruner = self.pruner_spec and {
      name = self.pruner_spec[1],
      options = (function()
        local given = {}
        for name, value in pairs(self.pruner_spec) do
          if name ~= 1 then given[name] = value end
        end
        return given
      end)(),
    },
  }
end

return Sweep

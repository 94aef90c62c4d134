-- Importance of parameters: which part of the variance of a sweep's results each of them explains.
--
-- fANOVA: F. Hutter, H. Hoos, K. Leyton-Brown (2014), "An Efficient Approach for Assessing
-- Hyperparameter Importance". A random forest learns value = f(parameters). A tree of it is
-- constant in boxes, so its mean over all other parameters,
--
--   m(x) = sum_leaf value * volume(leaf) / width(leaf) [x in leaf],   the marginal of a parameter,
--
-- is a step function, and the importance is var m / var f, the mean over the trees. The forest is
-- that of Optuna's FanovaImportanceEvaluator: 64 trees on samples drawn with replacement, each
-- split the one that lowers the squared error most. Unlike there, parameters with log = true are
-- measured on their logarithm, and a choice counts as one parameter rather than one per value.
--
-- Invariant: the same trials and seed give the same bits.

local core = require "nnlua.core"
local options = require "nnlua.options"
local tree = require "nnlua.sweep.tree"
local streams = require "nnlua.sweep.streams"

local importance = {}

local DEFAULTS = {seed = 0, trees = 64}

-- The complete trials that have a finite value and all of the parameters.
local function usable(distributions, trials)
  local list = {}
  for _, trial in ipairs(trials) do
    local value = trial.value
    local ok = trial.state == "complete" and value ~= nil and value == value
               and math.abs(value) < math.huge
    for _, distribution in ipairs(distributions) do
      local x = trial.internal[distribution.name]
      ok = ok and x ~= nil and distribution:contains(x)
    end
    if ok then list[#list + 1] = trial end
  end
  return list
end

-- A parameter as trees want it: {count} of a choice or {low, high}, and its values.
local function feature_of(distribution, trials)
  local feature, values = {}, {}
  if distribution.kind == "choice" then
    feature.count = #distribution.values
  else
    feature.low, feature.high = distribution:bounds()
  end
  for i, trial in ipairs(trials) do
    local x = trial.internal[distribution.name]
    if feature.count then
      x = math.tointeger(x) + 1
    elseif distribution.log then
      x = math.log(x)
    end
    values[i] = x
  end
  feature.values = values
  return feature
end

-- How often each of n trials is in a sample of n.
local function bootstrap(n, generator)
  local weights = {}
  for i = 1, n do weights[i] = 0 end
  for _, i in ipairs(core.randint(1, n + 1, {n}, {generator = generator}):totable()) do
    weights[i] = weights[i] + 1
  end
  return weights
end

--- importance.of(distributions, trials [, {seed = 0, trees = 64}]) -> list of {name, importance},
--- the largest first, their sum 1; or nil, message if the results tell nothing. trials: {state,
--- value, internal = {name = internal value}}, of which the complete ones with all of the
--- parameters count. The order of the trials matters to the last digits.
function importance.of(distributions, trials, given)
  local o = options.check("importance", given, DEFAULTS)
  trials = usable(distributions, trials)
  if #trials < 2 then return nil, "importance needs at least two complete trials" end
  local features, values, varying = {}, {}, {}
  for _, distribution in ipairs(distributions) do
    if not distribution:is_single() then
      varying[#varying + 1] = distribution
      features[#features + 1] = feature_of(distribution, trials)
    end
  end
  for i, trial in ipairs(trials) do values[i] = trial.value end

  local sums, total = {}, 0.0
  for f in ipairs(features) do sums[f] = 0.0 end
  local grow = tree.grower(features, values)
  for t = 1, o.trees do
    local generator = core.Generator(streams.seed(o.seed, "importance", t))
    local variance, marginals = grow(bootstrap(#trials, generator))
    for f, marginal in ipairs(variance > 0 and marginals or {}) do
      sums[f] = sums[f] + marginal / variance
      total = total + marginal / variance
    end
  end
  if total == 0 then return nil, "importance needs trials that differ in value and parameters" end

  local list, by_name = {}, {}
  for f, distribution in ipairs(varying) do by_name[distribution.name] = sums[f] / total end
  for _, distribution in ipairs(distributions) do
    list[#list + 1] = {name = distribution.name, importance = by_name[distribution.name] or 0.0}
  end
  table.sort(list, function(a, b)
    if a.importance ~= b.importance then return a.importance > b.importance end
    return a.name < b.name
  end)
  return list
end

return importance

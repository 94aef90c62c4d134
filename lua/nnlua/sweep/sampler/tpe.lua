-- Tree-structured Parzen estimator: proposes what is likely among the good and unlikely among the
-- others. Candidates are drawn from l, the density of the best tenth of the trials, and the one
-- with the largest l(x)/g(x) is taken, g being the density of the rest. The defaults are those of
-- Optuna 5's TPESampler: multivariate, ten random trials first, 24 candidates, trials that still
-- run count among the others ("constant liar").
--
-- Invariant: what is proposed depends on the trials and on what draw() gives alone.

local core = require "nnlua.core"
local Parzen = require "nnlua.sweep.parzen"

local tpe = {}

local STARTUP, CANDIDATES = 10, 24
local BEST_PART, BEST_MOST = 0.1, 25

-- Sorts trials by keys, which are compared in turn; equal ones stay in their order.
local function sort_by(trials, keys)
  local rank = {}
  for i, trial in ipairs(trials) do rank[trial] = i end
  table.sort(trials, function(a, b)
    for _, key in ipairs(keys) do
      local x, y = key(a), key(b)
      if x ~= y then return x < y end
    end
    return rank[a] < rank[b]
  end)
end

-- The loss, smaller is better; a value that is no number is worst.
local function loss_of(sign)
  return function(trial)
    local value = trial.value
    return (value == nil or value ~= value) and math.huge or sign * value
  end
end

--- tpe.split(trials, sign) -> best, others, in the order of their numbers. First come complete
--- trials by their value, then pruned ones, the longest first; running ones are among the others.
function tpe.split(trials, sign)
  local complete, pruned, running = {}, {}, {}
  local groups = {complete = complete, pruned = pruned, running = running}
  for _, trial in ipairs(trials) do table.insert(groups[trial.state], trial) end
  local finished = #complete + #pruned
  local loss = loss_of(sign)
  sort_by(complete, {loss})
  sort_by(pruned, {function(trial) return -(trial.step or -1) end, loss})
  local ranked = table.move(pruned, 1, #pruned, #complete + 1, complete)
  local count = math.min(math.ceil(BEST_PART * finished), BEST_MOST)
  local best = table.move(ranked, 1, count, 1, {})
  local others = table.move(ranked, count + 1, #ranked, 1, {})
  table.move(running, 1, #running, #others + 1, others)
  local by_number = {function(trial) return trial.number end}
  sort_by(best, by_number)
  sort_by(others, by_number)
  return best, others
end

-- The estimator of the trials that have all these parameters.
local function estimator(distributions, trials)
  local points = {}
  for d in ipairs(distributions) do points[d] = {} end
  for _, trial in ipairs(trials) do
    local all = true
    for _, distribution in ipairs(distributions) do
      all = all and trial.internal[distribution.name] ~= nil
    end
    for d, distribution in ipairs(all and distributions or {}) do
      table.insert(points[d], trial.internal[distribution.name])
    end
  end
  return Parzen.new(distributions, points)
end

--- tpe.is_ready(trials) -> whether there are enough finished ones.
function tpe.is_ready(trials)
  local finished = 0
  for _, trial in ipairs(trials) do
    if trial.state ~= "running" then finished = finished + 1 end
  end
  return finished >= STARTUP
end

--- tpe.propose(distributions, trials, sign, draw) -> {name = internal value}. trials: {number,
--- state = "complete" | "pruned" | "running", value, step (the last reported), internal = {name =
--- internal value}}; sign: 1 to minimize, -1 to maximize; draw() -> uniform numbers in [0,1).
function tpe.propose(distributions, trials, sign, draw)
  local best, others = tpe.split(trials, sign)
  local good, bad = estimator(distributions, best), estimator(distributions, others)
  local samples = good:sample(CANDIDATES, draw)
  local gain = core.sub(good:log_density(samples), bad:log_density(samples)):totable()
  local chosen = 1
  for i, value in ipairs(gain) do
    if value > gain[chosen] then chosen = i end
  end
  local proposal = {}
  for d, distribution in ipairs(distributions) do
    proposal[distribution.name] = samples[d][chosen]
  end
  return proposal
end

return tpe

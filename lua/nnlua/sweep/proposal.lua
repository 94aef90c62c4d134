-- Which parameters the next configuration of a sweep gets.
--
-- Invariants: what configuration n gets depends on the sweep and on the trials so far alone; no
-- configuration comes twice unless the sweep says repeats = true; one that the sweep's constraint
-- refuses does not come at all.

local options = require "nnlua.options"
local random = require "nnlua.sweep.sampler.random"
local streams = require "nnlua.sweep.streams"
local tpe = require "nnlua.sweep.sampler.tpe"

local proposal = {}

-- Attempts to find a configuration that is new and allowed; a grid is gone through to its end.
local TRIES = 200

-- TPE over the parameters that every trial has had, as soon as there are enough trials.
local function by_tpe(context)
  if #context.distributions == 0 or not tpe.is_ready(context.trials) then
    return random.propose(context)
  end
  return tpe.propose(context.distributions, context.trials, context.sign, context.draw)
end

local METHODS = {
  grid = require("nnlua.sweep.sampler.grid").propose,
  random = random.propose,
  sobol = require("nnlua.sweep.sampler.sobol").propose,
  tpe = by_tpe,
}

--- proposal.key(sweep, internal) -> a text that two configurations share only if they are the same.
function proposal.key(sweep, internal)
  local values = {}
  for i, distribution in ipairs(sweep.distributions) do
    local x = internal[distribution.name]
    values[i] = x and ("%.17g"):format(x) or "-"
  end
  return table.concat(values, " ")
end

local function is_allowed(sweep, internal)
  if not sweep.constraint then return true end
  local verdict = sweep.constraint(sweep:strict(sweep:values(internal)))
  if type(verdict) ~= "boolean" then
    options.raise("sweep '%s': its constraint returned %s, expected true or false", sweep.name,
                  options.type_name(verdict))
  end
  return verdict
end

--- proposal.next(sweep, number, trials, known) -> {name = internal value}, key; or nil if there is
--- no further configuration. number: of the configuration, from 1. trials: those so far, as
--- tpe.propose wants them. known(key) -> whether there is such a configuration.
function proposal.next(sweep, number, trials, known)
  local skipped = 0
  for try = 1, sweep.method == "grid" and math.huge or TRIES do
    local context = {
      distributions = sweep.distributions, trials = trials, sign = sweep.sign,
      -- a grid and Sobol points go on to the next place
      number = number - #sweep.points + skipped,
      draw = streams.draw(sweep.seed, "configuration", number, try),
      sweep_draw = streams.draw(sweep.seed, "shift"),
    }
    local point = try == 1 and sweep.points[number]
    local internal
    if point then
      internal = random.propose(context)
      for name, value in pairs(point) do internal[name] = value end
    else
      internal = METHODS[sweep.method](context)
    end
    if internal == nil then return nil end
    local key = proposal.key(sweep, internal)
    if is_allowed(sweep, internal) and (sweep.repeats or not known(key)) then
      return internal, key
    end
    skipped = skipped + 1
  end
  return nil
end

--- proposal.suggest(sweep, number, distribution, trials) -> an internal value for a parameter that
--- a trial asks for while it runs; number: of its configuration.
function proposal.suggest(sweep, number, distribution, trials)
  local draw = streams.draw(sweep.seed, "suggestion", number, distribution.name)
  if sweep.method == "tpe" and tpe.is_ready(trials) and not distribution:is_single() then
    return tpe.propose({distribution}, trials, sweep.sign, draw)[distribution.name]
  end
  return distribution:uniform(draw)
end

return proposal

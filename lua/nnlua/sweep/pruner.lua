-- The rules by which a sweep stops trials early, by name.

local options = require "nnlua.options"

local pruner = {}

local RULES = {
  asha = require "nnlua.sweep.pruner.asha",
  hyperband = require "nnlua.sweep.pruner.hyperband",
  median = require "nnlua.sweep.pruner.median",
  plateau = require "nnlua.sweep.pruner.plateau",
}

--- pruner.new(spec) -> the rule. spec: {"asha", factor = 3, ...}: its name, then its options.
function pruner.new(spec)
  if type(spec) ~= "table" or type(spec[1]) ~= "string" then
    options.raise("a pruner is a list with its name first, such as {\"asha\", min_epochs = 20}")
  end
  local rule = RULES[spec[1]]
  if not rule then
    options.raise("unknown pruner '%s'%s", spec[1],
                  options.suggest(spec[1], options.sorted_keys(RULES)))
  end
  local given = {}
  for name, value in pairs(spec) do
    if name ~= 1 then given[name] = value end
  end
  return rule(given)
end

return pruner

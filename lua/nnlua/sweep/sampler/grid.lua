-- Grid search: all combinations, the last parameter changing fastest.

local options = require "nnlua.options"

local grid = {}

--- grid.size(distributions) -> how many combinations there are. Raises for a parameter that has no
--- finite number of values.
function grid.size(distributions)
  local size = 1
  for _, distribution in ipairs(distributions) do
    local count = distribution:count()
    if not count then
      options.raise("parameter '%s': a grid needs 'values', 'step' or 'points'", distribution.name)
    end
    size = size * count
  end
  return size
end

--- grid.propose(context) -> {name = internal value}, or nil when trial context.number comes after
--- the last combination.
function grid.propose(context)
  local rest, proposal = context.number - 1, {}
  if rest >= grid.size(context.distributions) then return nil end
  for d = #context.distributions, 1, -1 do
    local distribution = context.distributions[d]
    local count = distribution:count()
    proposal[distribution.name] = distribution:nth(rest % count)
    rest = rest // count
  end
  return proposal
end

return grid

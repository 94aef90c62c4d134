-- Random search: every parameter by itself, uniformly.

local random = {}

--- random.propose(context) -> {name = internal value}. context.distributions: those that every
--- trial has; context.draw() -> uniform numbers in [0,1), of this trial.
function random.propose(context)
  local proposal = {}
  for _, distribution in ipairs(context.distributions) do
    proposal[distribution.name] = distribution:uniform(context.draw)
  end
  return proposal
end

return random

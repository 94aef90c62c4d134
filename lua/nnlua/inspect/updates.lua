-- How far a step moves each parameter, beside how large it is.

local updates = {}

local function norm(tensor)
  return math.sqrt((tensor:detach():to("float64") ^ 2):sum():item())
end

-- Lengths of the next step of the optimizer by parameter: that of an optimizer of the same kind, in
-- the same state, on copies.
local function step_lengths(optimizer)
  local groups, copies, lengths = {}, {}, {}
  for i, group in ipairs(optimizer.groups) do
    local copy = {}
    for option, value in pairs(group) do copy[option] = value end
    copy.params = {}
    for j, parameter in ipairs(group.params) do
      copy.params[j] = parameter:detach():clone():requires_grad_()
      copies[parameter] = copy.params[j]
    end
    groups[i] = copy
  end
  local double = getmetatable(optimizer)(groups):load_state_dict(optimizer:state_dict())
  for parameter, copy in pairs(copies) do
    copy.grad = parameter.grad and parameter.grad:clone()
  end
  double:step()
  for parameter, copy in pairs(copies) do
    lengths[parameter] = norm(copy:detach() - parameter:detach())
  end
  return lengths
end

--- updates.of(model, optimizer, lr) -> list of {name, shape, norm, gradient_norm, update_ratio},
--- from the parameters' gradients; without an optimizer the step is -lr times the gradient.
function updates.of(model, optimizer, lr)
  local lengths, list = optimizer and step_lengths(optimizer), {}
  for name, parameter in model:named_parameters() do
    local entry = {name = name, shape = parameter:shape(), norm = norm(parameter)}
    entry.gradient_norm = parameter.grad and norm(parameter.grad)
    local length = entry.gradient_norm and lr * entry.gradient_norm
    if lengths then length = lengths[parameter] end
    if length and entry.norm > 0 then entry.update_ratio = length / entry.norm end
    list[#list + 1] = entry
  end
  return list
end

return updates

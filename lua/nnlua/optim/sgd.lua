-- nn.optim.SGD: gradient descent with momentum, as PyTorch's SGD.
--
--   g = grad + weight_decay p
--   v = momentum v + (1 - dampening) g         (v = g at the first step)
--   p = p - lr (nesterov ? g + momentum v : momentum > 0 ? v : g)

local class = require "nnlua.class"
local core = require "nnlua.core"
local Optimizer = require "nnlua.optim.optimizer"
local options = require "nnlua.options"

--- nn.optim.SGD(params, {lr, momentum = 0, dampening = 0, nesterov = false, weight_decay = 0})
local SGD = class("SGD", Optimizer)

SGD.defaults = {
  lr = options.required, momentum = 0, dampening = 0, nesterov = false, weight_decay = 0,
}

function SGD.check_group(_, group)
  Optimizer.check_not_negative("SGD", group, "lr", "momentum", "dampening", "weight_decay")
  if group.nesterov and (group.momentum == 0 or group.dampening ~= 0) then
    options.raise("bad option 'nesterov' to 'SGD' (needs momentum > 0 and dampening = 0, got %s "
                  .. "and %s)", group.momentum, group.dampening)
  end
end

-- Steps the parameters whose buffers are new, or those whose buffers are not.
local function step(params, grads, buffers, group, first)
  if #params == 0 then return end
  core.sgd_step(params, grads, buffers, {
    lr = group.lr, momentum = group.momentum, dampening = group.dampening,
    nesterov = group.nesterov, weight_decay = group.weight_decay, first = first,
  })
end

function SGD:update(params, grads, group)
  if group.momentum == 0 then
    step(params, grads, nil, group, false)
    return
  end
  local new, old = {{}, {}, {}}, {{}, {}, {}} -- parameters, gradients, buffers
  for i, p in ipairs(params) do
    local state = self.state[p]
    local lists = state and old or new
    if not state then
      state = {momentum = core.zeros_like(p)}
      self.state[p] = state
    end
    local n = #lists[1] + 1
    lists[1][n], lists[2][n], lists[3][n] = p, grads[i], state.momentum
  end
  step(new[1], new[2], new[3], group, true)
  step(old[1], old[2], old[3], group, false)
end

return SGD

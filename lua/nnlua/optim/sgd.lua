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

function SGD:update(params, grads, group)
  local buffers, firsts = {}, {}
  for i, p in ipairs(group.momentum ~= 0 and params or {}) do
    local state = self.state[p]
    buffers[i], firsts[i] = state and state.momentum or core.zeros_like(p), not state
  end
  core.sgd_step(params, grads, buffers, firsts, {
    lr = group.lr, momentum = group.momentum, dampening = group.dampening,
    nesterov = group.nesterov, weight_decay = group.weight_decay,
  })
  for i, buffer in ipairs(buffers) do
    if firsts[i] then self.state[params[i]] = {momentum = buffer} end
  end
end

return SGD

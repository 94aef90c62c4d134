-- nn.optim.SGD: gradient descent with momentum, as PyTorch's SGD.
--
--   g = grad + weight_decay p
--   b = momentum b + (1 - dampening) g         (b = g at the first step)
--   p = p - lr (nesterov ? g + momentum b : momentum > 0 ? b : g)

local class = require "nnlua.class"
local Optimizer = require "nnlua.optim.optimizer"
local options = require "nnlua.options"

--- nn.optim.SGD(params, {lr, momentum = 0, dampening = 0, nesterov = false, weight_decay = 0,
--- maximize = false}). State: momentum_buffer, if momentum is not 0.
local SGD = class("SGD", Optimizer)

SGD.defaults = {
  lr = options.required, momentum = 0, dampening = 0, nesterov = false, weight_decay = 0,
  maximize = false,
}
SGD.kernel, SGD.buffers, SGD.needed, SGD.scalars = "sgd", {"momentum_buffer"}, 0, {}

function SGD.check_group(_, group)
  Optimizer.check_not_negative("SGD", group, "lr", "momentum", "dampening", "weight_decay")
  if group.nesterov and (group.momentum == 0 or group.dampening ~= 0) then
    options.raise("bad option 'nesterov' to 'SGD' (needs momentum > 0 and dampening = 0, got %s "
                  .. "and %s)", group.momentum, group.dampening)
  end
end

function SGD.fill(_, _, group)
  return group.momentum ~= 0 and 0 or nil
end

function SGD.coefficients(_, group, _, fresh)
  return {
    lr = group.lr, momentum = group.momentum, dampening = group.dampening,
    nesterov = group.nesterov and 1 or 0, first = fresh.momentum_buffer and 1 or 0,
  }
end

return SGD

-- nn.optim.RMSprop. Tieleman & Hinton 2012; centered: Graves 2013; numbers as PyTorch's.
--
--   g = grad + weight_decay p;  v = alpha v + (1 - alpha) g^2
--   centered: m = alpha m + (1 - alpha) g, and v - m^2 takes the place of v below
--   b = momentum b + g / (sqrt(v) + eps);  p = p - lr b

local class = require "nnlua.class"
local Optimizer = require "nnlua.optim.optimizer"

--- nn.optim.RMSprop(params [, {lr = 0.01, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0,
--- centered = false, maximize = false}]). State: step, square_avg, if centered grad_avg, with
--- momentum momentum_buffer.
local RMSprop = class("RMSprop", Optimizer)

RMSprop.defaults = {
  lr = 0.01, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0, centered = false,
  maximize = false,
}
RMSprop.kernel, RMSprop.needed, RMSprop.scalars = "rmsprop", 1, {step = 0}
RMSprop.buffers = {"square_avg", "grad_avg", "momentum_buffer"}

function RMSprop.check_group(_, group)
  Optimizer.check_not_negative("RMSprop", group, "lr", "alpha", "eps", "weight_decay", "momentum")
end

function RMSprop.fill(_, buffer, group)
  if buffer == "grad_avg" and not group.centered
     or buffer == "momentum_buffer" and group.momentum == 0 then
    return nil
  end
  return 0
end

function RMSprop.coefficients(_, group, state)
  state.step = state.step + 1
  return {lr = group.lr, alpha = group.alpha, eps = group.eps, momentum = group.momentum}
end

return RMSprop

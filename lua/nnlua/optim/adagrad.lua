-- nn.optim.Adagrad. Duchi et al. 2011; numbers as PyTorch's.
--
--   g = grad + weight_decay p;  s = s + g^2
--   p = p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)

local class = require "nnlua.class"
local Optimizer = require "nnlua.optim.optimizer"

--- nn.optim.Adagrad(params [, {lr = 0.01, lr_decay = 0, weight_decay = 0,
--- initial_accumulator_value = 0, eps = 1e-10, maximize = false}]). State: step, sum.
local Adagrad = class("Adagrad", Optimizer)

Adagrad.defaults = {
  lr = 0.01, lr_decay = 0, weight_decay = 0, initial_accumulator_value = 0, eps = 1e-10,
  maximize = false,
}
Adagrad.kernel, Adagrad.needed, Adagrad.scalars = "adagrad", 1, {step = 0}
Adagrad.buffers = {"sum"}

function Adagrad.check_group(_, group)
  Optimizer.check_not_negative("Adagrad", group, "lr", "lr_decay", "weight_decay",
                               "initial_accumulator_value", "eps")
end

function Adagrad.fill(_, _, group)
  return group.initial_accumulator_value
end

function Adagrad.coefficients(_, group, state)
  state.step = state.step + 1
  return {lr = group.lr / (1 + (state.step - 1) * group.lr_decay), eps = group.eps}
end

return Adagrad

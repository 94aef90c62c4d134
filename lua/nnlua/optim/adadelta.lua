-- nn.optim.Adadelta. Zeiler 2012; numbers as PyTorch's.
--
--   g = grad + weight_decay p;  v = rho v + (1 - rho) g^2
--   d = g sqrt(u + eps) / sqrt(v + eps);  u = rho u + (1 - rho) d^2;  p = p - lr d

local class = require "nnlua.class"
local Optimizer = require "nnlua.optim.optimizer"
local options = require "nnlua.options"

--- nn.optim.Adadelta(params [, {lr = 1, rho = 0.9, eps = 1e-6, weight_decay = 0, maximize =
--- false}]). State: step, square_avg, acc_delta.
local Adadelta = class("Adadelta", Optimizer)

Adadelta.defaults = {lr = 1, rho = 0.9, eps = 1e-6, weight_decay = 0, maximize = false}
Adadelta.kernel, Adadelta.needed, Adadelta.scalars = "adadelta", 2, {step = 0}
Adadelta.buffers = {"square_avg", "acc_delta"}

function Adadelta.check_group(_, group)
  Optimizer.check_not_negative("Adadelta", group, "lr", "rho", "eps", "weight_decay")
  if group.rho > 1 then
    options.raise("bad option 'rho' to 'Adadelta' (a number in [0,1] expected, got %s)", group.rho)
  end
end

function Adadelta.coefficients(_, group, state)
  state.step = state.step + 1
  return {lr = group.lr, rho = group.rho, eps = group.eps}
end

return Adadelta

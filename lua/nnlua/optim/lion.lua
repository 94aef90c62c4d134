-- nn.optim.Lion: the sign of an averaged gradient. Chen et al. 2023, algorithm 2.
--
--   p = p - lr (sign(beta1 m + (1 - beta1) g) + weight_decay p);  m = beta2 m + (1 - beta2) g

local class = require "nnlua.class"
local Optimizer = require "nnlua.optim.optimizer"

--- nn.optim.Lion(params [, {lr = 0.0001, betas = {0.9, 0.99}, weight_decay = 0, maximize =
--- false}]). State: exp_avg.
local Lion = class("Lion", Optimizer)

Lion.defaults = {lr = 1e-4, betas = {0.9, 0.99}, weight_decay = 0, maximize = false}
Lion.kernel, Lion.buffers, Lion.needed, Lion.scalars = "lion", {"exp_avg"}, 1, {}

function Lion.check_group(_, group)
  Optimizer.check_not_negative("Lion", group, "lr", "weight_decay")
  Optimizer.check_betas("Lion", group)
end

function Lion.coefficients(_, group)
  return {kept = 1 - group.lr * group.weight_decay, decay = 0, lr = group.lr,
          beta1 = group.betas[1], beta2 = group.betas[2]}
end

return Lion

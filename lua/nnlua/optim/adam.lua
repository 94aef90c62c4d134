-- nn.optim.Adam, AdamW and NAdam. Kingma & Ba 2015; Loshchilov & Hutter 2019; Reddi et al. 2018
-- (amsgrad); Dozat 2016; numbers as PyTorch's.
--
--   g = grad + weight_decay p                  (Adam, NAdam)
--   p = p - lr weight_decay p                  (AdamW: decoupled)
--   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;  c = 1 - beta2^t
--   p = p - lr (m / (1 - beta1^t)) / (sqrt(v / c) + eps)         (amsgrad: v = the largest so far)
--   NAdam: u(t) = beta1 (1 - 0.96^(t momentum_decay) / 2), U = u(1) ... u(t),
--   p = p - lr ((1 - u(t)) / (1 - U) g + u(t+1) / (1 - U u(t+1)) m) / (sqrt(v / c) + eps)

local class = require "nnlua.class"
local Optimizer = require "nnlua.optim.optimizer"

--- nn.optim.Adam(params [, {lr = 0.001, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0,
--- amsgrad = false, maximize = false}]). State: step, exp_avg, exp_avg_sq, with amsgrad
--- max_exp_avg_sq.
local Adam = class("Adam", Optimizer)

Adam.defaults = {
  lr = 0.001, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, amsgrad = false,
  maximize = false,
}
Adam.kernel, Adam.needed, Adam.scalars = "adam", 2, {step = 0}
Adam.buffers = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}

function Adam:check_group(group)
  Optimizer.check_not_negative(self.class_name, group, "lr", "eps", "weight_decay")
  Optimizer.check_betas(self.class_name, group)
end

function Adam.fill(_, buffer, group)
  return (buffer ~= "max_exp_avg_sq" or group.amsgrad) and 0 or nil
end

function Adam.coefficients(_, group, state)
  local beta1, beta2 = table.unpack(group.betas)
  state.step = state.step + 1
  return {
    kept = 1, beta1 = beta1, beta2 = beta2, eps = group.eps,
    m_size = group.lr / (1 - beta1 ^ state.step), g_size = 0,
    v_correction = math.sqrt(1 - beta2 ^ state.step),
  }
end

--- nn.optim.AdamW(params [, {lr = 0.001, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0.01,
--- amsgrad = false, maximize = false}]). State as Adam's.
local AdamW = class("AdamW", Adam)

AdamW.defaults = {
  lr = 0.001, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0.01, amsgrad = false,
  maximize = false,
}

function AdamW:coefficients(group, state)
  local item = Adam.coefficients(self, group, state)
  item.kept, item.decay = 1 - group.lr * group.weight_decay, 0
  return item
end

--- nn.optim.NAdam(params [, {lr = 0.002, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0,
--- momentum_decay = 0.004}]). State: step, mu_product, exp_avg, exp_avg_sq. As PyTorch documents it
--- and computes it with foreach; without, PyTorch 1.13 takes u(t) into U twice in m's factor.
local NAdam = class("NAdam", Adam)

NAdam.defaults = {
  lr = 0.002, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, momentum_decay = 0.004,
}
NAdam.scalars = {step = 0, mu_product = 1}
NAdam.buffers = {"exp_avg", "exp_avg_sq"}

function NAdam:check_group(group)
  Adam.check_group(self, group)
  Optimizer.check_not_negative("NAdam", group, "momentum_decay")
end

function NAdam:coefficients(group, state)
  local item = Adam.coefficients(self, group, state)
  local function mu(step)
    return group.betas[1] * (1 - 0.5 * 0.96 ^ (step * group.momentum_decay))
  end
  local this, ahead = mu(state.step), mu(state.step + 1)
  state.mu_product = state.mu_product * this
  item.g_size = group.lr * (1 - this) / (1 - state.mu_product)
  item.m_size = group.lr * ahead / (1 - state.mu_product * ahead)
  return item
end

return {Adam = Adam, AdamW = AdamW, NAdam = NAdam}

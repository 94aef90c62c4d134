-- nn.optim.Adam and AdamW. Kingma & Ba 2015; Loshchilov & Hutter 2019; numbers as PyTorch's.
--
--   g = grad + weight_decay p                  (Adam)
--   p = p - lr weight_decay p                  (AdamW: decoupled)
--   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
--   p = p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

local class = require "nnlua.class"
local core = require "nnlua.core"
local Optimizer = require "nnlua.optim.optimizer"
local options = require "nnlua.options"

--- nn.optim.Adam(params, {lr = 0.001, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0})
local Adam = class("Adam", Optimizer)

Adam.decoupled = false
Adam.defaults = {lr = 0.001, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0}

function Adam:check_group(group)
  local name, betas = self.class_name, group.betas
  Optimizer.check_not_negative(name, group, "lr", "eps", "weight_decay")
  if type(betas) ~= "table" or #betas ~= 2 then
    options.raise("bad option 'betas' to '%s' (two numbers expected, got %s)", name,
                  type(betas) == "table" and #betas or options.type_name(betas))
  end
  for i, beta in ipairs(betas) do
    if type(beta) ~= "number" or not (beta >= 0 and beta < 1) then
      options.raise("bad option 'betas' to '%s' (numbers in [0,1) expected, betas[%d] is %s)", name,
                    i, tostring(beta))
    end
  end
end

function Adam:update(params, grads, group)
  local states, means, squares, steps = {}, {}, {}, {}
  for i, p in ipairs(params) do
    local state = self.state[p]
                  or {step = 0, mean = core.zeros_like(p), square = core.zeros_like(p)}
    states[i], means[i], squares[i], steps[i] = state, state.mean, state.square, state.step + 1
  end
  core.adam_step(params, grads, means, squares, steps, {
    lr = group.lr, beta1 = group.betas[1], beta2 = group.betas[2], eps = group.eps,
    weight_decay = group.weight_decay, decoupled = self.decoupled,
  })
  for i, p in ipairs(params) do
    states[i].step = steps[i]
    self.state[p] = states[i]
  end
end

--- nn.optim.AdamW(params, {lr = 0.001, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0.01})
local AdamW = class("AdamW", Adam)

AdamW.decoupled = true
AdamW.defaults = {lr = 0.001, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0.01}

return {Adam = Adam, AdamW = AdamW}

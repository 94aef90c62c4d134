-- nn.backprop and nn.evaluate: a training step, and a test, in one call.
--
-- A Sequential of Linear layers and activations that ends in a Linear layer, under cross-entropy,
-- runs as one fused pass over the batch (src/nn/chain.h); every other model runs on the tape. Both
-- give the same results to rounding.

local autograd = require "nnlua.autograd"
local core = require "nnlua.core"
local Linear = require "nnlua.layers.linear"
local losses = require "nnlua.loss"
local modules = require "nnlua.layers.activations"
local options = require "nnlua.options"
local Sequential = require "nnlua.layers.sequential"

local MOST_LAYERS = 32

-- What the fused pass calls an activation module, and its parameters p and q.
local ACTIVATIONS = {
  [modules.ReLU] = function() return "relu" end,
  [modules.LeakyReLU] = function(o) return "leaky_relu", o.negative_slope end,
  [modules.Sigmoid] = function() return "sigmoid" end,
  [modules.Tanh] = function() return "tanh" end,
  [modules.Softplus] = function(o) return "softplus", o.beta, o.threshold end,
  [modules.GELU] = function(o) return o.approximate == "tanh" and "gelu_tanh" or "gelu" end,
  [modules.ELU] = function(o) return "elu", o.alpha end,
}

-- A parameter that the fused pass can take as it lies in memory.
local function is_plain(parameter)
  local record = core.get_record(parameter)
  return core.is_contiguous(parameter) and not (record and record.node)
end

-- Whether object is of exactly this class and nobody gave it a forward of its own.
local function is_exactly(object, class)
  return getmetatable(object) == class and rawget(object, "forward") == nil
end

-- The layers of model for core.chain_*, or nil if the fused pass does not cover it.
local function chain_of(model)
  if not is_exactly(model, Sequential) then return nil end
  local chain = {}
  for _, module in ipairs(model) do
    local class, last = getmetatable(module), chain[#chain]
    if not is_exactly(module, class) then
      return nil
    elseif class == Linear then
      if not (is_plain(module.weight) and (not module.bias or is_plain(module.bias))) then
        return nil
      end
      chain[#chain + 1] = {weight = module.weight, bias = module.bias}
    elseif ACTIVATIONS[class] and last and not last.activation then
      last.activation, last.p, last.q = ACTIVATIONS[class](module.options)
    else
      return nil
    end
  end
  local fits = #chain > 0 and #chain <= MOST_LAYERS and not chain[#chain].activation
  return fits and chain or nil
end

-- Whether the fused pass takes this call; x must be a matrix that nobody tracks.
local function fused(model, criterion, x)
  if not is_exactly(criterion, losses.CrossEntropyLoss) or criterion.options.reduction == "none"
     or not core.is_tensor(x) or core.ndim(x) ~= 2 or autograd.is_tracked(x) then
    return nil
  end
  return chain_of(model)
end

-- The complaint of the first layer, as the model itself would raise it.
local function check_input(model, x)
  local problem = model[1]:check(x)
  if problem then options.raise("layer 1 (%s): %s", tostring(model[1]), problem) end
end

local function add_gradient(parameter, gradient)
  if not parameter.requires_grad then return end
  if parameter.grad then
    core.add_(parameter.grad, gradient)
  else
    parameter.grad = gradient
  end
end

--- nn.backprop(model, criterion, x, y) -> loss, scores, path.
---
--- Computes criterion(model(x), y) and adds its gradient to the grad of every parameter, as
--- loss:backward() does; an optimizer's step can follow. loss: 0-dim, untracked. scores: model(x),
--- untracked, for metrics of the training data at no further cost. path: "fused" or "tape".
--- Raises as the model and the criterion do.
local function backprop(model, criterion, x, y)
  local chain = fused(model, criterion, x)
  if not chain then
    local scores = model(x)
    local loss = criterion(scores, y)
    loss:backward()
    return loss:detach(), autograd.detach(scores), "tape"
  end
  check_input(model, x)
  local loss, scores, gradients = core.chain_backprop(chain, x, y, criterion.options)
  for i, layer in ipairs(chain) do
    add_gradient(layer.weight, gradients[i][1])
    if layer.bias then add_gradient(layer.bias, gradients[i][2]) end
  end
  return loss, scores, "fused"
end

--- nn.evaluate(model, criterion, x, y) -> loss, scores, path: the same without gradients. The model
--- stays in the mode (train or eval) that it is in.
local function evaluate(model, criterion, x, y)
  local chain = fused(model, criterion, x)
  return autograd.no_grad(function()
    if chain then check_input(model, x) end
    local scores = chain and core.chain_forward(chain, x) or model(x)
    return criterion(scores, y), scores, chain and "fused" or "tape"
  end)
end

return {backprop = backprop, evaluate = evaluate}

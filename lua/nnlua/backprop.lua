-- nn.backprop and nn.evaluate: a training step, and a test, in one call.
--
-- A Sequential of Linear layers and activations that ends in a Linear layer, perhaps after
-- Rescaling and Flatten, runs under cross-entropy, BCE-with-logits and MSE as one fused pass over
-- the batch (src/nn/chain.h); every other model, and any with hooks, runs on the tape.
-- Both give the same results to rounding.

local autograd = require "nnlua.autograd"
local core = require "nnlua.core"
local Flatten = require "nnlua.layers.flatten"
local hooks = require "nnlua.hooks"
local Linear = require "nnlua.layers.linear"
local losses = require "nnlua.loss"
local activations = require "nnlua.layers.activations"
local options = require "nnlua.options"
local Rescaling = require "nnlua.layers.rescaling"
local Sequential = require "nnlua.layers.sequential"

local MOST_LAYERS = 32

-- What the fused pass calls an activation module, and its parameters p and q.
local ACTIVATIONS = {
  [activations.ReLU] = function() return "relu" end,
  [activations.LeakyReLU] = function(o) return "leaky_relu", o.negative_slope end,
  [activations.Sigmoid] = function() return "sigmoid" end,
  [activations.Tanh] = function() return "tanh" end,
  [activations.Softplus] = function(o) return "softplus", o.beta, o.threshold end,
  [activations.GELU] = function(o) return o.approximate == "tanh" and "gelu_tanh" or "gelu" end,
  [activations.ELU] = function(o) return "elu", o.alpha end,
}

-- What it calls a criterion.
local CRITERIA = {
  [losses.CrossEntropyLoss] = "cross_entropy",
  [losses.BCEWithLogitsLoss] = "bce_with_logits",
  [losses.MSELoss] = "mse",
}

local get_record, is_contiguous, is_tensor = core.get_record, core.is_contiguous, core.is_tensor

-- A parameter that the fused pass can take as it lies in memory, in the dtype of all others.
local function is_plain(parameter, dtype)
  local record = get_record(parameter)
  local hooked = record and record.hooks and #record.hooks > 0
  return is_contiguous(parameter) and core.dtype(parameter) == dtype
         and not (record and record.node) and not hooked
end

-- Whether object is of exactly this class and nobody gave it a forward of its own, or hooks.
local function is_exactly(object, class)
  return getmetatable(object) == class and rawget(object, "forward") == nil
         and not hooks.on(object)
end

-- Appends a Linear layer to the chain; false if it does not fit there.
local function add_linear(chain, module)
  local weight, bias = module.weight, module.bias
  local dtype = chain.weights or core.dtype(weight)
  if not is_plain(weight, dtype) or bias and not is_plain(bias, dtype)
     or #chain > 0 and core.size(weight, 2) ~= chain.features then
    return false
  end
  chain[#chain + 1] = {weight = weight, bias = bias}
  chain.features, chain.weights = core.size(weight, 1), dtype
  return true
end

-- Appends any module; false if the fused pass does not know what to do with it there.
local function add_module(chain, module)
  local class, last = getmetatable(module), chain[#chain]
  if not is_exactly(module, class) then
    return false
  elseif class == Linear then
    return add_linear(chain, module)
  elseif not last and class == Rescaling and not chain.scale then
    chain.scale, chain.offset, chain.dtype = module.scale, module.offset, module.dtype
  elseif not last and class == Flatten and module.start_dim == 2 and module.end_dim == -1 then
    chain.flatten = true
  elseif last and ACTIVATIONS[class] and not last.activation then
    last.activation, last.p, last.q = ACTIVATIONS[class](module.options)
  else
    return false
  end
  return true
end

-- The layers of model for core.chain_*, or nil if the fused pass does not cover it.
local function chain_of(model)
  if not is_exactly(model, Sequential) then return nil end
  local chain = {}
  for i = 1, #model do
    if not add_module(chain, model[i]) then return nil end
  end
  local fits = #chain > 0 and #chain <= MOST_LAYERS and not chain[#chain].activation
  return fits and chain or nil
end

-- x as the fused pass takes it, a matrix that the first layer accepts; nil: let the model complain.
local function input_of(chain, x)
  local weight = chain[1].weight
  if not is_tensor(x) or autograd.is_tracked(x) then return nil end
  if chain.flatten and core.ndim(x) > 2 then x = core.flatten(x, 2) end
  local fits = core.ndim(x) == 2 and core.size(x, 2) == core.size(weight, 2)
  local dtype = chain.scale and "uint8" or chain.weights
  return fits and core.dtype(x) == dtype and x or nil
end

-- The chain, its input and the criterion's kind, or nil if this call is for the tape.
local function fused(model, criterion, x, y)
  local kind = CRITERIA[getmetatable(criterion)]
  if not kind or not is_exactly(criterion, getmetatable(criterion))
     or criterion.options.reduction == "none" or not is_tensor(y) or autograd.is_tracked(y) then
    return nil
  end
  local chain = chain_of(model)
  if not chain or chain.dtype and chain.dtype ~= chain.weights then return nil end
  local input = input_of(chain, x)
  if not input then return nil end
  return chain, input, kind
end

-- Whether the tape would have something to go back to.
local function trains(chain)
  if not autograd.is_grad_enabled() then return false end
  for i = 1, #chain do
    local layer = chain[i]
    if layer.weight.requires_grad or layer.bias and layer.bias.requires_grad then return true end
  end
  return false
end

local function add_gradient(parameter, gradient)
  if not parameter.requires_grad then return end
  local before = parameter.grad
  if before then
    core.add_(before, gradient)
  else
    parameter.grad = gradient
  end
end

-- Whether y holds a label 1..C for each row of scores [N,C]. A user's criterion may take anything.
local function are_labels(y, scores)
  if not (is_tensor(y) and is_tensor(scores) and core.ndim(scores) == 2 and core.ndim(y) == 1
          and core.size(y, 1) == core.size(scores, 1)
          and (core.dtype(y) == "int64" or core.dtype(y) == "uint8")) then
    return false
  end
  return core.size(y, 1) == 0
         or core.min(y):item() >= 1 and core.max(y):item() <= core.size(scores, 2)
end

-- How many predictions match their label, or nil if y has no labels. On the tape.
local function count_correct(scores, y)
  return are_labels(y, scores) and core.count_correct(scores, y) or nil
end

-- Raises unless value, argument arg of the function, can be called.
local function check_callable(value, arg, name, expected)
  local metatable = getmetatable(value)
  if type(value) ~= "function" and not (type(metatable) == "table" and metatable.__call) then
    core.arg_error(arg, name, ("%s expected, got %s"):format(expected, options.type_name(value)))
  end
end

-- Raises unless result, what argument arg of the function gave, is a tensor.
local function check_result(result, arg, name)
  if not is_tensor(result) then
    core.arg_error(arg, name, ("it gives a %s, expected a tensor"):format(
      options.type_name(result)))
  end
end

-- The forward pass on the tape -> loss, correct, scores. Whatever is wrong raises here, before a
-- gradient changes.
local function on_tape(name, model, criterion, x, y)
  check_callable(model, 1, name, "module")
  check_callable(criterion, 2, name, "criterion")
  local scores = model(x)
  check_result(scores, 1, name)
  local loss = criterion(scores, y)
  check_result(loss, 2, name)
  return loss, count_correct(scores, y), scores
end

--- nn.backprop(model, criterion, x, y) -> loss, correct, scores, path.
---
--- Computes criterion(model(x), y) and adds its gradient to the grad of every parameter, as
--- loss:backward() does; an optimizer's step can follow. loss: 0-dim, untracked. correct: how many
--- rows have their largest score at their label, nil if y holds no labels; scores: model(x),
--- untracked: metrics of the training data at no further cost. path: "fused" or "tape".
--- Raises as the model and the criterion do; no gradient has changed then.
local function backprop(model, criterion, x, y)
  local chain, input, kind = fused(model, criterion, x, y)
  if not chain or not trains(chain) then
    local loss, correct, scores = on_tape("backprop", model, criterion, x, y)
    loss:backward()
    return loss:detach(), correct, autograd.detach(scores), "tape"
  end
  local loss, correct, scores, gradients = core.chain_backprop(chain, input, y, kind,
                                                               criterion.options)
  local whole <close> = core.uninterrupted() -- luacheck: ignore whole
  for i = 1, #chain do
    local layer = chain[i]
    add_gradient(layer.weight, gradients[2 * i - 1])
    if layer.bias then add_gradient(layer.bias, gradients[2 * i]) end
  end
  return loss, correct, scores, "fused"
end

--- nn.evaluate(model, criterion, x, y) -> loss, accuracy, scores, path: the same without gradients.
--- accuracy: correct/N, 0..1, or nil if y holds no labels. scores:argmax(2) are the predictions.
--- The model stays in the mode (train or eval) that it is in.
local function evaluate(model, criterion, x, y)
  local chain, input, kind = fused(model, criterion, x, y)
  local loss, correct, scores
  if chain then
    loss, correct, scores = core.chain_evaluate(chain, input, y, kind, criterion.options)
  else
    local pause <close> = autograd.pause() -- luacheck: ignore pause
    loss, correct, scores = on_tape("evaluate", model, criterion, x, y)
  end
  return loss, correct and correct / core.size(scores, 1), scores, chain and "fused" or "tape"
end

return {backprop = backprop, evaluate = evaluate}

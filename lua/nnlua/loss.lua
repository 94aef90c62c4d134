-- Losses as modules: criterion(prediction, target) -> loss.
--
-- Each is a loss function of nnlua.functional with its options stored; the formulas stand with the
-- primitives. reduction = "mean" | "sum" | "none". The function also returns the gradient as a
-- second value; a criterion returns the loss only.

local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local Module = require "nnlua.module"
local options = require "nnlua.options"

local REDUCTIONS = {mean = true, sum = true, none = true}

-- A module class that applies functional[operation]; extra: its options besides reduction.
local function loss(name, operation, extra)
  local apply = functional[operation]
  local Loss = class(name, Module)

  function Loss:init(given)
    local defaults = {reduction = "mean"}
    for _, option in ipairs(options.sorted_keys(extra)) do
      defaults[option] = extra[option]
    end
    local o = options.check(name, given, defaults)
    if not REDUCTIONS[o.reduction] then
      options.raise("bad option 'reduction' to '%s' (mean|sum|none expected, got %s)", name,
                    o.reduction)
    end
    for _, option in ipairs {"weight", "pos_weight"} do
      if o[option] ~= nil and not core.is_tensor(o[option]) then
        options.raise("bad option '%s' to '%s' (tensor expected, got %s)", option, name,
                      options.type_name(o[option]))
      end
    end
    rawset(self, "options", o)
  end

  function Loss:forward(prediction, target)
    return (apply(prediction, target, self.options))
  end

  return Loss
end

return {
  --- nn.CrossEntropyLoss{weight = [C] tensor, label_smoothing = 0, reduction = "mean"}
  --- (z [N,C], y: int64 labels [N] in 1..C or probabilities [N,C]) -> -sum y log softmax(z)
  CrossEntropyLoss = loss("CrossEntropyLoss", "softmax_cross_entropy", {
    weight = options.optional, label_smoothing = 0,
  }),
  --- nn.BCELoss{reduction = "mean"} (p, y) -> -(y log p + (1-y) log(1-p)); log at least -100
  BCELoss = loss("BCELoss", "binary_cross_entropy", {}),
  --- nn.BCEWithLogitsLoss{pos_weight = tensor, reduction = "mean"} (z, y) -> BCELoss of sigmoid(z)
  BCEWithLogitsLoss = loss("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", {
    pos_weight = options.optional,
  }),
  --- nn.SummedBCELoss{reduction = "mean"} (p [N,C], y: labels [N] or one-hot [N,C])
  --- -> -(y log p + (1-y) log(1-p)) summed over the C outputs; 0 log 0 = 0
  SummedBCELoss = loss("SummedBCELoss", "summed_binary_cross_entropy", {}),
  --- nn.MSELoss{reduction = "mean"} (x, y) -> (x-y)^2
  MSELoss = loss("MSELoss", "mse_loss", {}),
  --- nn.L1Loss{reduction = "mean"} (x, y) -> |x-y|
  L1Loss = loss("L1Loss", "l1_loss", {}),
  --- nn.HuberLoss{delta = 1, reduction = "mean"} (x, y), d = |x-y|
  --- -> d^2/2 where d <= delta, else delta (d - delta/2)
  HuberLoss = loss("HuberLoss", "huber_loss", {delta = 1}),
}

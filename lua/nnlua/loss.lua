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

-- A module class that applies functional[operation]; extra: its options besides reduction. inputs:
-- how many tensors it takes, 2 unless given; further: a reduction besides mean, sum and none.
local function loss(name, operation, extra, inputs, further)
  local apply = functional[operation]
  local words = "mean|sum|none" .. (further and "|" .. further or "")
  local Loss = class(name, Module)

  function Loss:init(given)
    local defaults = {reduction = "mean"}
    for _, option in ipairs(options.sorted_keys(extra)) do
      defaults[option] = extra[option]
    end
    local o = options.check(name, given, defaults)
    if not REDUCTIONS[o.reduction] and o.reduction ~= further then
      options.raise("bad option 'reduction' to '%s' (%s expected, got %s)", name, words,
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

  if inputs == 3 then
    function Loss:forward(x1, x2, target)
      return (apply(x1, x2, target, self.options))
    end
  else
    function Loss:forward(prediction, target)
      return (apply(prediction, target, self.options))
    end
  end

  return Loss
end

return {
  --- nn.CrossEntropyLoss{weight = [C] tensor, label_smoothing = 0, ignore_index = -100,
  --- reduction = "mean"} (z [N,C], y: int64 labels [N] in 1..C or probabilities [N,C])
  --- -> -sum y log softmax(z)
  CrossEntropyLoss = loss("CrossEntropyLoss", "softmax_cross_entropy", {
    weight = options.optional, label_smoothing = 0, ignore_index = -100,
  }),
  --- nn.NLLLoss{weight = [C] tensor, ignore_index = -100, reduction = "mean"}
  --- (x [N,C] log-probabilities, y: labels [N]) -> -x[y]
  NLLLoss = loss("NLLLoss", "nll_loss", {weight = options.optional, ignore_index = -100}),
  --- nn.KLDivLoss{log_target = false, reduction = "mean" | "batchmean" | "sum" | "none"}
  --- (x log-probabilities, y probabilities, or log-probabilities if log_target) -> y (log y - x)
  KLDivLoss = loss("KLDivLoss", "kl_div", {log_target = false}, 2, "batchmean"),
  --- nn.MultiMarginLoss{p = 1, margin = 1, weight = [C] tensor, reduction = "mean"}
  --- (x [N,C], y: labels [N]) -> sum over j ~= y of max(0, margin - x[y] + x[j])^p / C
  MultiMarginLoss = loss("MultiMarginLoss", "multi_margin_loss", {
    p = 1, margin = 1, weight = options.optional,
  }),
  --- nn.HingeEmbeddingLoss{margin = 1, reduction = "mean"} (x, y = 1 or -1)
  --- -> x where y is 1, else max(0, margin - x)
  HingeEmbeddingLoss = loss("HingeEmbeddingLoss", "hinge_embedding_loss", {margin = 1}),
  --- nn.MarginRankingLoss{margin = 0, reduction = "mean"} (x1, x2, y = 1 or -1)
  --- -> max(0, margin - y (x1 - x2))
  MarginRankingLoss = loss("MarginRankingLoss", "margin_ranking_loss", {margin = 0}, 3),
  --- nn.CosineEmbeddingLoss{margin = 0, reduction = "mean"} (x1 [N,D], x2 [N,D], y [N] = 1 or -1)
  --- -> 1 - cos(x1, x2) where y is 1, else max(0, cos(x1, x2) - margin)
  CosineEmbeddingLoss = loss("CosineEmbeddingLoss", "cosine_embedding_loss", {margin = 0}, 3),
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
  --- nn.SmoothL1Loss{beta = 1, reduction = "mean"} (x, y), d = |x-y|
  --- -> d^2/(2 beta) where d < beta, else d - beta/2
  SmoothL1Loss = loss("SmoothL1Loss", "smooth_l1_loss", {beta = 1}),
}

-- Accuracy, top-k accuracy and the area under the ROC curve, batch by batch.

local class = require "nnlua.class"
local core = require "nnlua.core"
local labels = require "nnlua.labels"
local options = require "nnlua.options"

--- metrics.Accuracy(): m:update(scores, y), as metrics.accuracy -> the share of rows seen so far;
--- NaN for none.
local Accuracy = class("Accuracy")

function Accuracy:init()
  self:reset()
end

--- metric:reset() -> metric, as if it had seen nothing.
function Accuracy:reset()
  self.correct, self.rows = 0, 0
  return self
end

--- metric:update(scores, y) -> metric, having seen these, too: see nn.metrics.Accuracy.
function Accuracy:update(scores, y)
  local correct = core.count_correct(scores, y)
  self.correct, self.rows = self.correct + correct, self.rows + core.size(scores, 1)
  return self
end

--- metric:value() -> what nn.metrics.Accuracy says of all that was seen so far.
function Accuracy:value()
  return self.correct / self.rows
end

--- metrics.TopK(k): m:update(scores [N,C], y labels [N]) -> the share of rows whose label is among
--- the k largest scores; of equal scores the first counts as larger, and a NaN as larger than all,
--- so that TopK(1) is Accuracy. NaN for no rows.
local TopK = class("TopK", Accuracy)

function TopK:init(k)
  self.k = math.type(k) and math.tointeger(k)
  if not self.k or self.k < 1 then
    core.arg_error(1, "TopK", "positive integer expected, got " .. tostring(k))
  end
  self:reset()
end

--- metric:update(scores, y) -> metric, having seen these, too: see nn.metrics.TopK.
function TopK:update(scores, y)
  local n, count = labels.check_scores(1, "TopK:update", scores)
  y = core.unsqueeze(labels.check(2, "TopK:update", y, count, n), 2)
  local own = core.gather(scores, 2, y)
  local is_before = core.lt(core.arange(1, count + 1), y)
  local is_nan, own_is_nan = core.isnan(scores), core.isnan(own)
  -- larger, or as large and before; a NaN is as large as another and larger than the rest
  local as_large = core.logical_or(core.eq(scores, own), core.logical_and(is_nan, own_is_nan))
  local larger = core.logical_or(core.gt(scores, own),
                                 core.logical_and(is_nan, core.logical_not(own_is_nan)))
  larger = core.logical_or(larger, core.logical_and(as_large, is_before))
  local hits = core.lt(core.sum(larger, 2), self.k)
  self.correct = self.correct + core.item(core.sum(hits))
  self.rows = self.rows + n
  return self
end

--- metrics.AUC(): m:update(scores [N], y [N]) -> the area under the ROC curve: the share of pairs
--- of a positive and a negative in which the positive scores more, equal scores counting half.
---
--- scores: float, logits or probabilities, no NaN; [N,1] will do. y: bool, or numbers 0 and 1.
--- Keeps every score. NaN unless there are positives and negatives.
local AUC = class("AUC")

function AUC:init()
  self:reset()
end

--- metric:reset() -> metric, as if it had seen nothing.
function AUC:reset()
  self.scores, self.targets = {}, {}
  return self
end

-- A vector of t's elements, if t is [N] or [N,1].
local function as_vector(position, t)
  if not core.is_tensor(t) then
    core.arg_error(position, "AUC:update", "tensor expected, got " .. options.type_name(t))
  elseif core.ndim(t) == 2 and core.size(t, 2) == 1 then
    return core.reshape(t, core.size(t, 1))
  elseif core.ndim(t) ~= 1 then
    core.arg_error(position, "AUC:update", "vector expected, got " .. labels.describe(t))
  end
  return t
end

--- metric:update(scores, y) -> metric, having seen these, too: see nn.metrics.AUC.
function AUC:update(scores, y)
  scores, y = as_vector(1, scores), as_vector(2, y)
  local dtype = core.dtype(scores)
  if dtype ~= "float32" and dtype ~= "float64" then
    core.arg_error(1, "AUC:update", "float scores expected, got " .. labels.describe(scores))
  elseif core.size(scores, 1) ~= core.size(y, 1) then
    core.arg_error(2, "AUC:update", ("y is %s but scores are %s"):format(labels.describe(y),
                                                                      labels.describe(scores)))
  elseif core.item(core.any(core.isnan(scores))) then
    local row = core.item(core.argmax(core.to(core.isnan(scores), "uint8")))
    core.arg_error(1, "AUC:update", ("the score in row %d is not a number"):format(row))
  end
  if core.dtype(y) ~= "bool" then
    local one = core.eq(y, 1)
    if not core.item(core.all(core.logical_or(one, core.eq(y, 0)))) then
      core.arg_error(2, "AUC:update", "y holds values other than 0 and 1")
    end
    y = one
  end
  local kept_scores, kept_y = core.clone(core.to(scores, "float64")), core.clone(y)
  self.scores[#self.scores + 1], self.targets[#self.targets + 1] = kept_scores, kept_y
  return self
end

--- metric:value() -> what nn.metrics.AUC says of all that was seen so far.
function AUC:value()
  if #self.scores == 0 then return 0 / 0 end
  local scores, targets = core.cat(self.scores), core.cat(self.targets)
  self.scores, self.targets = {scores}, {targets}
  local twice_ordered, positives, negatives = core.rank(scores, targets)
  return twice_ordered / (2 * positives * negatives)
end

return {Accuracy = Accuracy, TopK = TopK, AUC = AUC}

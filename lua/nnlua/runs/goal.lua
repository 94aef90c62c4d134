-- What the name of a metric says: whether more is better, and how much it tells about a run.

local Totals = require "nnlua.runs.totals"

local goal = {}

local MORE_IS_BETTER <const> = {"acc", "f1", "precision", "recall", "auc", "r2", "score", "reward",
                                "bleu", "correct", "hits", "iou", "dice", "psnr", "ssim"}

local function has_one(name, words)
  for _, word in ipairs(words) do
    if name:find(word, 1, true) then return true end
  end
  return false
end

--- goal.is_max(name): whether more is better, as of an accuracy; less is, of a loss or an error.
function goal.is_max(name)
  local low = name:lower()
  return has_one(low, MORE_IS_BETTER) and not has_one(low, {"loss", "error", "cost"})
end

--- goal.rank(name) -> a number, the smaller the more it tells: what was measured on data kept aside
--- before what was trained on, results before losses before times and the like.
function goal.rank(name)
  local low = name:lower()
  if Totals.is_counter(name) then return 9 end
  if has_one(low, {"second", "time", "norm", "rate"}) or low == "lr" then return 8 end
  local kept_aside = has_one(low, {"test", "val", "eval"}) and 0 or 3
  if goal.is_max(name) then return kept_aside end
  return kept_aside + (has_one(low, {"loss", "cost", "error", "mse", "mae"}) and 1 or 2)
end

--- goal.sorted(names) -> a new list, the most telling first; the order stays among equals.
function goal.sorted(names)
  local list = {}
  for i, name in ipairs(names) do list[i] = {name, goal.rank(name), i} end
  table.sort(list, function(a, b)
    if a[2] ~= b[2] then return a[2] < b[2] end
    return a[3] < b[3]
  end)
  for i, entry in ipairs(list) do list[i] = entry[1] end
  return list
end

return goal

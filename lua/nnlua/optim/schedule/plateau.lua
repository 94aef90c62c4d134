-- nn.optim.lr_scheduler.ReduceLROnPlateau: lowers the learning rate when a metric stops getting
-- better; numbers as PyTorch's.

local class = require "nnlua.class"
local core = require "nnlua.core"
local Schedule = require "nnlua.optim.schedule.schedule"
local options = require "nnlua.options"
local saved = require "nnlua.optim.saved"

--- nn.optim.lr_scheduler.ReduceLROnPlateau(optimizer [, {mode = "min" | "max", factor = 0.1,
--- patience = 10, threshold = 1e-4, threshold_mode = "rel" | "abs", cooldown = 0, min_lr = 0, eps =
--- 1e-8}]): times factor, but not below min_lr (a number, or a list per group), after more than
--- patience steps whose metric is not better than the best by threshold, relative or absolute; then
--- cooldown steps do not count. Changes of at most eps are left out. schedule:step(metric).
local ReduceLROnPlateau = class("ReduceLROnPlateau", Schedule)

local DEFAULTS = {
  mode = "min", factor = 0.1, patience = 10, threshold = 1e-4, threshold_mode = "rel",
  cooldown = 0, min_lr = options.optional, eps = 1e-8,
}

ReduceLROnPlateau.progress = {
  best = saved.optional(saved.number), num_bad_epochs = saved.count, cooldown_counter = saved.count,
}

local function is_count(v) return math.type(v) == "integer" and v >= 0 end

function ReduceLROnPlateau:init(optimizer, given)
  local name = "ReduceLROnPlateau"
  Schedule.check_optimizer(name, optimizer)
  local o = options.check(name, given, DEFAULTS)
  local function word(option, a, b)
    if o[option] ~= a and o[option] ~= b then
      options.raise("bad option '%s' to '%s' ('%s' or '%s' expected, got '%s')", option, name, a, b,
                    o[option])
    end
  end
  word("mode", "min", "max")
  word("threshold_mode", "rel", "abs")
  Schedule.check(name, "option 'factor'", o.factor, function(v) return v >= 0 and v < 1 end,
                 "a number in [0,1)")
  for _, option in ipairs {"patience", "cooldown"} do
    Schedule.check(name, ("option '%s'"):format(option), o[option], is_count, "an integer >= 0")
  end
  for _, option in ipairs {"threshold", "eps"} do
    Schedule.check(name, ("option '%s'"):format(option), o[option], Schedule.is_factor,
                   "a number >= 0")
  end
  self.min_lrs = Schedule.per_group(name, "option 'min_lr'", o.min_lr or 0, optimizer,
                                    Schedule.is_factor, "a number >= 0")
  self.options = o
  self:forget()
  Schedule.init(self, optimizer)
end

function ReduceLROnPlateau:forget()
  self.best, self.num_bad_epochs, self.cooldown_counter = nil, 0, 0
end

function ReduceLROnPlateau:start_over(chained)
  self:forget()
  Schedule.start_over(self, chained)
end

-- Whether a metric is better than the best one, nil at first.
local function is_better(o, metric, best)
  local sign = o.mode == "min" and -1 or 1
  best = best or -sign * math.huge
  local bar = o.threshold_mode == "rel" and best * (1 + sign * o.threshold)
    or best + sign * o.threshold
  return sign * metric > sign * bar
end

--- schedule:step(metric): a number or a tensor of one element.
function ReduceLROnPlateau:step(metric)
  metric = core.is_tensor(metric) and metric:item() or metric
  if type(metric) ~= "number" then
    core.arg_error(1, "step", "ReduceLROnPlateau needs a metric, got " .. options.type_name(metric))
  end
  if is_better(self.options, metric, self.best) then
    self.best, self.num_bad_epochs = metric, 0
  else
    self.num_bad_epochs = self.num_bad_epochs + 1
  end
  if self.cooldown_counter > 0 then
    self.cooldown_counter, self.num_bad_epochs = self.cooldown_counter - 1, 0
  end
  self.reduces = self.num_bad_epochs > self.options.patience
  if self.reduces then
    self.cooldown_counter, self.num_bad_epochs = self.options.cooldown, 0
  end
  self:go_to(self.last_epoch + 1)
end

function ReduceLROnPlateau:next_lr(current, _, epoch, i)
  local lower = math.max(current * self.options.factor, self.min_lrs[i])
  return epoch > 0 and self.reduces and current - lower > self.options.eps and lower or current
end

return ReduceLROnPlateau

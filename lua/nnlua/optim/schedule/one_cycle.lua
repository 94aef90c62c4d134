-- nn.optim.lr_scheduler.OneCycleLR: up to a large learning rate and down to a tiny one, momentum
-- the other way round. Smith & Topin 2019; numbers as PyTorch's.

local class = require "nnlua.class"
local Schedule = require "nnlua.optim.schedule.schedule"
local options = require "nnlua.options"
local saved = require "nnlua.optim.saved"

--- nn.optim.lr_scheduler.OneCycleLR(optimizer, max_lr, {total_steps | epochs, steps_per_epoch,
--- pct_start = 0.3, anneal_strategy = "cos" | "linear", cycle_momentum = true,
--- base_momentum = 0.85, max_momentum = 0.95, div_factor = 25, final_div_factor = 1e4,
--- three_phase = false}): a step per batch, at most total_steps of them. The rate goes from
--- max_lr / div_factor to max_lr in pct_start of the steps, then to max_lr / div_factor /
--- final_div_factor (with three_phase, to where it started in as many steps as it came up, and on
--- in the rest); momentum or betas[1] from max_momentum to base_momentum and back. max_lr and the
--- momenta may be lists, one value per group.
local OneCycleLR = class("OneCycleLR", Schedule)

local DEFAULTS = {
  total_steps = options.optional, epochs = options.optional, steps_per_epoch = options.optional,
  pct_start = 0.3, anneal_strategy = "cos", cycle_momentum = true,
  base_momentum = options.optional, max_momentum = options.optional, div_factor = 25,
  final_div_factor = 1e4, three_phase = false,
}

local anneal = {}

function anneal.cos(from, to, part)
  return to + (from - to) / 2 * (math.cos(math.pi * part) + 1)
end

function anneal.linear(from, to, part)
  return (to - from) * part + from
end

local function is_positive(v) return v > 0 and v < math.huge end
local function is_momentum(v) return v >= 0 and v < 1 end

local function total_steps(o)
  local function count(name)
    Schedule.check("OneCycleLR", ("option '%s'"):format(name), o[name], Schedule.is_count,
                   "a positive integer")
    return o[name]
  end
  if o.total_steps == nil and o.epochs == nil and o.steps_per_epoch == nil then
    options.raise("'OneCycleLR' needs the option 'total_steps', or 'epochs' and 'steps_per_epoch'")
  end
  return o.total_steps ~= nil and count("total_steps") or count("epochs") * count("steps_per_epoch")
end

function OneCycleLR:init(optimizer, max_lr, given)
  Schedule.check_optimizer("OneCycleLR", optimizer)
  local o = options.check("OneCycleLR", given, DEFAULTS)
  local function check(name, holds, allowed)
    Schedule.check("OneCycleLR", ("option '%s'"):format(name), o[name], holds, allowed)
  end
  check("pct_start", Schedule.is_part, "a number in [0,1]")
  check("div_factor", is_positive, "a positive number")
  check("final_div_factor", is_positive, "a positive number")
  if not anneal[o.anneal_strategy] then
    options.raise("bad option 'anneal_strategy' to 'OneCycleLR' ('cos' or 'linear' expected, got "
                  .. "'%s')", o.anneal_strategy)
  end
  local function momenta(name, default)
    local value = o[name]
    if value == nil then value = default end
    return Schedule.per_group("OneCycleLR", ("option '%s'"):format(name), value, optimizer,
                              is_momentum, "a number in [0,1)")
  end
  self.total_steps = total_steps(o)
  self.anneal, self.cycles_momentum = anneal[o.anneal_strategy], o.cycle_momentum
  self.max_lrs = Schedule.per_group("OneCycleLR", "argument #2", max_lr, optimizer, is_positive,
                                    "a positive number")
  self.max_momenta = momenta("max_momentum", 0.95)
  self.base_momenta = momenta("base_momentum", 0.85)
  if self.cycles_momentum and not (optimizer.defaults.betas or optimizer.defaults.momentum) then
    options.raise("OneCycleLR: %s has no momentum to cycle; set cycle_momentum = false",
                  optimizer.class_name)
  end
  self.final_div_factor = o.final_div_factor
  local rise, last = o.pct_start * self.total_steps, self.total_steps - 1
  self.phases = o.three_phase
    and {{rise - 1, "low", "high"}, {2 * rise - 2, "high", "low"}, {last, "low", "least"}}
    or {{rise - 1, "low", "high"}, {last, "high", "least"}}
  for i, group in ipairs(optimizer.groups) do
    group.initial_lr = self.max_lrs[i] / o.div_factor
  end
  Schedule.init(self, optimizer)
end

-- The phase of a step, as {end step, from, to}, and how far in it the step is, 0 to 1.
local function phase_of(self, step)
  local start = 0
  for i, phase in ipairs(self.phases) do
    local stop = phase[1]
    if step <= stop or i == #self.phases then
      return phase, stop > start and (step - start) / (stop - start) or 1
    end
    start = stop
  end
end

function OneCycleLR:go_to(step, start_over)
  if step > self.total_steps then
    options.raise("OneCycleLR: step %d of a cycle of total_steps = %d", step, self.total_steps)
  end
  local phase, part = phase_of(self, step)
  local momenta = {}
  for i, most in ipairs(self.max_momenta) do
    local level = {low = most, high = self.base_momenta[i], least = most}
    momenta[i] = self.anneal(level[phase[2]], level[phase[3]], part)
  end
  self.last_momentum = momenta
  Schedule.go_to(self, step, start_over)
end

function OneCycleLR:next_lr(_, base, step, i)
  local phase, part = phase_of(self, step)
  local level = {low = base, high = self.max_lrs[i], least = base / self.final_div_factor}
  return self.anneal(level[phase[2]], level[phase[3]], part)
end

function OneCycleLR:restore()
  Schedule.restore(self)
  for i, momentum in ipairs(self.cycles_momentum and self.last_momentum or {}) do
    local group = self.optimizer.groups[i]
    if group.betas then
      group.betas = {momentum, group.betas[2]}
    else
      group.momentum = momentum
    end
  end
end

OneCycleLR.progress = {last_momentum = saved.list(saved.number)}

return OneCycleLR

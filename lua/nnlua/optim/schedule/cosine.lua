-- Schedules along half a cosine, once or with restarts. Loshchilov & Hutter 2017.

local class = require "nnlua.class"
local Schedule = require "nnlua.optim.schedule.schedule"
local options = require "nnlua.options"
local saved = require "nnlua.optim.saved"

local cos, pi = math.cos, math.pi

local function check(self, optimizer, period)
  Schedule.check_optimizer(self.class_name, optimizer)
  Schedule.check(self.class_name, "argument #2", period, Schedule.is_count, "a positive integer")
end

local function check_eta_min(self)
  Schedule.check(self.class_name, "option 'eta_min'", self.eta_min, Schedule.is_factor,
                 "a number >= 0")
end

--- nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max [, {eta_min = 0}]): from the initial
--- rate to eta_min in T_max epochs: eta_min + (lr - eta_min) (1 + cos(pi epoch / T_max)) / 2; and
--- back up in as many more.
local CosineAnnealingLR = class("CosineAnnealingLR", Schedule)

function CosineAnnealingLR:init(optimizer, T_max, given)
  check(self, optimizer, T_max)
  self.T_max, self.eta_min = T_max, options.check("CosineAnnealingLR", given, {eta_min = 0}).eta_min
  check_eta_min(self)
  Schedule.init(self, optimizer)
end

function CosineAnnealingLR:next_lr(current, base, epoch)
  local T, least = self.T_max, self.eta_min
  if epoch == 0 then
    return current
  elseif (epoch - 1 - T) % (2 * T) == 0 then -- the quotient below would be 0/0
    return current + (base - least) * (1 - cos(pi / T)) / 2
  end
  return (1 + cos(pi * epoch / T)) / (1 + cos(pi * (epoch - 1) / T)) * (current - least) + least
end

--- nn.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0 [, {T_mult = 1, eta_min = 0}]):
--- the same way down in T_0 epochs, then again from the initial rate in T_0 T_mult, and so on.
local CosineAnnealingWarmRestarts = class("CosineAnnealingWarmRestarts", Schedule)

CosineAnnealingWarmRestarts.progress = {T_cur = saved.count, T_i = saved.count}

function CosineAnnealingWarmRestarts:init(optimizer, T_0, given)
  check(self, optimizer, T_0)
  local o = options.check("CosineAnnealingWarmRestarts", given, {T_mult = 1, eta_min = 0})
  self.T_0, self.T_mult, self.eta_min = T_0, o.T_mult, o.eta_min
  Schedule.check("CosineAnnealingWarmRestarts", "option 'T_mult'", self.T_mult, Schedule.is_count,
                 "a positive integer")
  check_eta_min(self)
  self.T_cur, self.T_i = 0, T_0
  Schedule.init(self, optimizer)
end

function CosineAnnealingWarmRestarts:go_to(epoch, start_over)
  if epoch == 0 then
    self.T_cur, self.T_i = 0, self.T_0
  else
    self.T_cur = self.T_cur + 1
    if self.T_cur >= self.T_i then
      self.T_cur, self.T_i = self.T_cur - self.T_i, self.T_i * self.T_mult
    end
  end
  Schedule.go_to(self, epoch, start_over)
end

function CosineAnnealingWarmRestarts:next_lr(_, base)
  return self.eta_min + (base - self.eta_min) * (1 + cos(pi * self.T_cur / self.T_i)) / 2
end

return {CosineAnnealingLR = CosineAnnealingLR,
        CosineAnnealingWarmRestarts = CosineAnnealingWarmRestarts}

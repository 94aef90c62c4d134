-- nn.BatchNorm1d, nn.BatchNorm2d: every channel with mean 0, variance 1, then scaled and shifted.
--
--   y = (x - mean) / sqrt(var + eps) weight + bias
--
-- Training, mean and var are those of the batch, per channel over everything else, and the running
-- ones move towards them; in eval mode the running ones are used. Ioffe & Szegedy 2015.
--
-- Invariants, PyTorch's: var divides by n, the running one follows the estimate that divides by
-- n - 1; state: weight, bias, running_mean, running_var, num_batches_tracked (int64).

local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local Module = require "nnlua.module"
local options = require "nnlua.options"

local function product(shape)
  local n = 1
  for _, size in ipairs(shape) do
    n = n * size
  end
  return n
end

-- What both classes are, but for the shapes they take: {[ndim] = "[N,C]", ...}.
local function batch_norm(name, shapes, expected)
  local BatchNorm = class(name, Module)

  function BatchNorm:init(num_features, given)
    local o = options.check(name, given, {
      eps = 1e-5, momentum = options.optional, affine = true, track_running_stats = true,
      dtype = "float32",
    })
    if math.type(num_features) ~= "integer" or num_features < 1 then
      core.arg_error(1, name, "positive integer expected, got " .. tostring(num_features))
    elseif o.momentum ~= nil and o.momentum ~= false and type(o.momentum) ~= "number" then
      options.raise("bad option 'momentum' to '%s' (number or false expected, got %s)", name,
                    options.type_name(o.momentum))
    end
    self.num_features, self.eps = num_features, o.eps
    self.momentum = o.momentum == nil and 0.1 or o.momentum
    self.affine, self.track_running_stats = o.affine, o.track_running_stats
    local dtype = {dtype = o.dtype}
    if o.affine then
      self:register("weight", core.ones(num_features, dtype))
      self:register("bias", core.zeros(num_features, dtype))
    end
    if o.track_running_stats then
      local state = {parameter = false}
      self:register("running_mean", core.zeros(num_features, dtype), state)
      self:register("running_var", core.ones(num_features, dtype), state)
      self:register("num_batches_tracked", core.zeros({}, {dtype = "int64"}), state)
    end
  end

  --- batch_norm:reset_running_stats(): mean 0, variance 1, no batches.
  function BatchNorm:reset_running_stats()
    if self.track_running_stats then
      core.zero_(self.running_mean)
      core.fill_(self.running_var, 1)
      core.zero_(self.num_batches_tracked)
    end
  end

  function BatchNorm:check(x)
    if not core.is_tensor(x) then
      return ("input is a %s, expected a tensor"):format(options.type_name(x))
    end
    local shape = core.shape(x)
    local weight = self.weight or self.running_mean
    if not shapes[#shape] or shape[2] ~= self.num_features then
      return ("input is [%s], expected %s"):format(table.concat(shape, ","),
                                                   (expected:gsub("C", self.num_features)))
    elseif weight and core.dtype(x) ~= core.dtype(weight) then
      return ("input is %s, the weights are %s"):format(core.dtype(x), core.dtype(weight))
    elseif (self.training or not self.track_running_stats)
           and product(shape) // self.num_features == 1 then
      return ("input is [%s]: training needs more than one element per channel")
        :format(table.concat(shape, ","))
    end
  end

  function BatchNorm:forward(x)
    local tracked = self.track_running_stats
    local follows = self.training and tracked
    local batches = follows and core.item(self.num_batches_tracked) + 1
    local y = functional.batch_norm(x, self.weight, self.bias, {
      running_mean = tracked and self.running_mean or nil,
      running_var = tracked and self.running_var or nil,
      training = self.training or not tracked, eps = self.eps,
      momentum = self.momentum or follows and 1 / batches or nil,
    })
    if follows then
      core.fill_(self.num_batches_tracked, batches)
    end
    return y
  end

  function BatchNorm.output_shape(_, shape)
    return shape
  end

  function BatchNorm.multiply_adds(_, shape)
    return product(shape)
  end

  function BatchNorm:__tostring()
    return ("%s(%d)"):format(name, self.num_features)
  end

  return BatchNorm
end

return {
  --- nn.BatchNorm1d(num_features [, {eps = 1e-5, momentum = 0.1, affine = true,
  --- track_running_stats = true, dtype = "float32"}]) : x [N,C] or [N,C,L].
  --- momentum: running = (1 - momentum) running + momentum of the batch; false: the mean of all
  --- batches (PyTorch's None). Without track_running_stats eval mode uses the batch's, too.
  BatchNorm1d = batch_norm("BatchNorm1d", {[2] = true, [3] = true}, "[N,C] or [N,C,L]"),
  --- nn.BatchNorm2d(num_features [, {eps = 1e-5, momentum = 0.1, affine = true,
  --- track_running_stats = true, dtype = "float32"}]) : x [N,C,H,W]; options as BatchNorm1d's.
  BatchNorm2d = batch_norm("BatchNorm2d", {[4] = true}, "[N,C,H,W]"),
}

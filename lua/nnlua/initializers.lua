-- nn.init: fills weights in place with their starting values.
--
-- W is [out, in, ...]: fan_in = in * (further sizes), fan_out = out * (further sizes). Random
-- values are computed in float64 from the generator's stream, in row-major order, and rounded to
-- W's dtype last: a float32 network starts from the rounded weights of the float64 one.
--
-- Invariants: W's gradient and history are left alone; every function returns W.

local core = require "nnlua.core"
local options = require "nnlua.options"

local init = {}

local function check_float(name, W)
  if not core.is_tensor(W) then
    core.arg_error(1, name, "tensor expected, got " .. options.type_name(W))
  elseif W:dtype() ~= "float32" and W:dtype() ~= "float64" then
    core.arg_error(1, name, ("float32 or float64 tensor expected, got %s"):format(W:dtype()))
  end
end

-- fan_in, fan_out of W.
local function fans(name, W)
  check_float(name, W)
  local shape = W:shape()
  if #shape < 2 then
    core.arg_error(1, name, ("at least two dimensions [out,in,...] expected, got [%s]")
      :format(table.concat(shape, ",")))
  end
  local field = 1
  for i = 3, #shape do
    field = field * shape[i]
  end
  return shape[2] * field, shape[1] * field
end

local function stream(draw, W, generator)
  return draw(W:shape(), {dtype = "float64", generator = generator})
end

local function random_options(name, given, defaults)
  defaults.generator = options.generator
  return options.check(name, given, defaults)
end

--- nn.init.he_normal_(W, {generator}) : randn * sqrt(2 / fan_in). He et al. 2015.
function init.he_normal_(W, given)
  local o = random_options("he_normal_", given, {})
  local fan_in = fans("he_normal_", W)
  return core.copy_(W, core.mul(stream(core.randn, W, o.generator), math.sqrt(2 / fan_in)))
end

--- nn.init.he_uniform_(W, {generator}) : uniform in +-b, b = sqrt(6 / fan_in). He et al. 2015.
function init.he_uniform_(W, given)
  local o = random_options("he_uniform_", given, {})
  local bound = math.sqrt(6 / fans("he_uniform_", W))
  local draws = core.mul(stream(core.rand, W, o.generator), 2 * bound)
  return core.copy_(W, core.sub(draws, bound))
end

--- nn.init.xavier_uniform_(W, {gain = 1, generator}) : rand * 2e - e, in this order of operations,
--- e = gain * sqrt(6 / (fan_in + fan_out)). Glorot & Bengio 2010.
function init.xavier_uniform_(W, given)
  local o = random_options("xavier_uniform_", given, {gain = 1.0})
  local fan_in, fan_out = fans("xavier_uniform_", W)
  local e = o.gain * math.sqrt(6 / (fan_in + fan_out))
  local draws = core.mul(core.mul(stream(core.rand, W, o.generator), 2), e)
  return core.copy_(W, core.sub(draws, e))
end

--- nn.init.xavier_normal_(W, {gain = 1, generator}) : randn * gain * sqrt(2 / (fan_in + fan_out)).
function init.xavier_normal_(W, given)
  local o = random_options("xavier_normal_", given, {gain = 1.0})
  local fan_in, fan_out = fans("xavier_normal_", W)
  local std = o.gain * math.sqrt(2 / (fan_in + fan_out))
  return core.copy_(W, core.mul(stream(core.randn, W, o.generator), std))
end

--- nn.init.normal_(W, {mean = 0, std = 1, generator}) : randn * std + mean.
function init.normal_(W, given)
  local o = random_options("normal_", given, {mean = 0.0, std = 1.0})
  check_float("normal_", W)
  return core.copy_(W, core.add(core.mul(stream(core.randn, W, o.generator), o.std), o.mean))
end

--- nn.init.uniform_(W, {low = 0, high = 1, generator}) : rand * (high - low) + low.
function init.uniform_(W, given)
  local o = random_options("uniform_", given, {low = 0.0, high = 1.0})
  check_float("uniform_", W)
  local draws = core.mul(stream(core.rand, W, o.generator), o.high - o.low)
  return core.copy_(W, core.add(draws, o.low))
end

--- nn.init.constant_(W, value)
function init.constant_(W, value)
  check_float("constant_", W)
  if type(value) ~= "number" then
    core.arg_error(2, "constant_", "number expected, got " .. options.type_name(value))
  end
  return core.fill_(W, value)
end

--- nn.init.zeros_(W)
function init.zeros_(W)
  check_float("zeros_", W)
  return core.fill_(W, 0)
end

--- nn.init.ones_(W)
function init.ones_(W)
  check_float("ones_", W)
  return core.fill_(W, 1)
end

return init

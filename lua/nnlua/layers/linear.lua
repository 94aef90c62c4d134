-- nn.Linear: y = x W^T + b
--
-- Shapes: x [*, in], W [out, in], b [out], y [*, out].

local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local init = require "nnlua.initializers"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.Linear(in_features, out_features [, {bias = true, dtype = "float32", generator}])
--- Fields: weight [out, in], bias [out] or nil, in_features, out_features. Both start uniform in
--- +-1/sqrt(in), the weight drawn first, as PyTorch's Linear does.
local Linear = class("Linear", Module)

local function check_size(position, value)
  if math.type(value) ~= "integer" or value < 1 then
    core.arg_error(position, "Linear", "positive integer expected, got " .. tostring(value))
  end
end

function Linear:init(in_features, out_features, given)
  local o = options.check("Linear", given, {
    bias = true, dtype = "float32", generator = options.generator,
  })
  check_size(1, in_features)
  check_size(2, out_features)
  self.in_features, self.out_features = in_features, out_features
  local bound = 1 / math.sqrt(in_features)
  local range = {low = -bound, high = bound, generator = o.generator}
  local function draw(...)
    return init.uniform_(core.zeros(..., {dtype = o.dtype}), range)
  end
  self:register("weight", draw({out_features, in_features}))
  if o.bias then
    self:register("bias", draw({out_features}))
  end
end

function Linear:check(x)
  if not core.is_tensor(x) then
    return ("input is a %s, expected a tensor"):format(options.type_name(x))
  end
  local ndim = core.ndim(x)
  if ndim == 0 or core.size(x, ndim) ~= self.in_features then
    return ("input is [%s], expected [*,%d]"):format(table.concat(x:shape(), ","), self.in_features)
  elseif core.dtype(x) ~= core.dtype(self.weight) then
    return ("input is %s, the weights are %s"):format(core.dtype(x), core.dtype(self.weight))
  end
end

function Linear:forward(x)
  return functional.linear(x, self.weight, self.bias)
end

function Linear:output_shape(input_shape)
  if input_shape[#input_shape] ~= self.in_features then return nil end
  local shape = {table.unpack(input_shape)}
  shape[#shape] = self.out_features
  return shape
end

function Linear:multiply_adds(input_shape)
  local n = self.out_features
  for _, size in ipairs(input_shape) do n = n * size end
  return n
end

function Linear:__tostring()
  return ("Linear %d→%d"):format(self.in_features, self.out_features)
end

return Linear

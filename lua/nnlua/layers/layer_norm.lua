-- nn.LayerNorm: every row with mean 0 and variance 1, then scaled and shifted element by element.
--
--   y = (x - mean) / sqrt(var + eps) weight + bias
--
-- mean and var are those of the last dimensions, normalized_shape; var divides by n. Ba et al.
-- 2016.

local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.LayerNorm(normalized_shape [, {eps = 1e-5, elementwise_affine = true, bias = true,
--- dtype = "float32"}])
--- x [*, normalized_shape], a size or a list of sizes. Fields: weight and bias
--- [normalized_shape], ones and zeros at first, or nil; normalized_shape, a list.
local LayerNorm = class("LayerNorm", Module)

function LayerNorm:init(normalized_shape, given)
  local o = options.check("LayerNorm", given, {
    eps = 1e-5, elementwise_affine = true, bias = true, dtype = "float32",
  })
  local sizes = type(normalized_shape) == "table" and normalized_shape or {normalized_shape}
  if #sizes == 0 then
    core.arg_error(1, "LayerNorm", "size or list of sizes expected")
  end
  for _, size in ipairs(sizes) do
    if math.type(size) ~= "integer" or size < 1 then
      core.arg_error(1, "LayerNorm", "positive integers expected, got " .. tostring(size))
    end
  end
  self.normalized_shape, self.eps = table.move(sizes, 1, #sizes, 1, {}), o.eps
  if o.elementwise_affine then
    self:register("weight", core.ones(self.normalized_shape, {dtype = o.dtype}))
    if o.bias then
      self:register("bias", core.zeros(self.normalized_shape, {dtype = o.dtype}))
    end
  end
end

function LayerNorm:check(x)
  if not core.is_tensor(x) then
    return ("input is a %s, expected a tensor"):format(options.type_name(x))
  end
  local shape, sizes = core.shape(x), self.normalized_shape
  for d, size in ipairs(sizes) do
    if shape[#shape - #sizes + d] ~= size then
      return ("input is [%s], expected [*,%s]"):format(table.concat(shape, ","),
                                                      table.concat(sizes, ","))
    end
  end
  if self.weight and core.dtype(x) ~= core.dtype(self.weight) then
    return ("input is %s, the weights are %s"):format(core.dtype(x), core.dtype(self.weight))
  end
end

function LayerNorm:forward(x)
  return (functional.layer_norm(x, self.normalized_shape, self.weight, self.bias,
                                {eps = self.eps}))
end

function LayerNorm.output_shape(_, shape)
  return shape
end

function LayerNorm.multiply_adds(_, shape)
  local n = 1
  for _, size in ipairs(shape) do
    n = n * size
  end
  return n
end

function LayerNorm:__tostring()
  return ("LayerNorm(%s)"):format(table.concat(self.normalized_shape, "×"))
end

return LayerNorm

-- nn.Rescaling: bytes, such as pixels, as numbers: y = scale x + offset
--
-- A data set can so stay uint8, a quarter of the memory of float32 and an eighth of float64, and a
-- model carry its own preparation of the input.

local class = require "nnlua.class"
local core = require "nnlua.core"
local Module = require "nnlua.module"
local options = require "nnlua.options"

local function is_finite(v)
  return type(v) == "number" and v == v and math.abs(v) ~= math.huge
end

--- nn.Rescaling(scale [, {offset = 0, dtype = "float32"}])
--- uint8 x [*] -> [*] of the given dtype; module:to(dtype) changes it. y is rounded to float32
--- whatever the dtype, as pixels usually are, so that float32 and float64 models see the same
--- numbers: nn.Rescaling(1/255)(images) is nn.data.pixels without the flattening.
--- Fields: scale, offset, dtype.
local Rescaling = class("Rescaling", Module)

function Rescaling:init(scale, given)
  local o = options.check("Rescaling", given, {offset = 0, dtype = "float32"})
  if not is_finite(scale) or scale == 0 then
    core.arg_error(1, "Rescaling", "finite number other than 0 expected, got " .. tostring(scale))
  elseif not is_finite(o.offset) then
    options.raise("bad option 'offset' to 'Rescaling' (finite number expected, got %s)", o.offset)
  end
  self.scale, self.offset = scale, o.offset
  self:set_dtype(o.dtype)
end

--- rescaling:set_dtype(dtype): of the results from here on; what module:to calls.
function Rescaling:set_dtype(dtype)
  if dtype ~= "float32" and dtype ~= "float64" then
    options.raise("bad dtype '%s' to 'Rescaling' (float32 or float64 expected)", tostring(dtype))
  end
  self.dtype = dtype
end

function Rescaling.check(_, x)
  if not core.is_tensor(x) then
    return ("input is a %s, expected a uint8 tensor"):format(options.type_name(x))
  elseif core.dtype(x) ~= "uint8" then
    return ("input is %s, expected uint8"):format(core.dtype(x))
  end
end

function Rescaling:forward(x)
  return core.rescale(x, self.scale, self.offset, self.dtype)
end

function Rescaling.output_shape(_, input_shape)
  return input_shape
end

function Rescaling:__tostring()
  if self.offset == 0 then return ("Rescaling ×%.6g"):format(self.scale) end
  return ("Rescaling ×%.6g%+.6g"):format(self.scale, self.offset)
end

return Rescaling

-- Images as the rows of a matrix, which is what a Linear layer takes.

local core = require "nnlua.core"
local options = require "nnlua.options"

--- data.pixels(images, {dtype="float32"}) -> [n, height*width]: each image a row of pixels in 0..1.
---
--- images: uint8 [n, height, width]. The division by 255 is done in float32 whatever the dtype, as
--- is usual, so that float32 and float64 experiments see the same numbers.
return function(images, given)
  local opts = options.check("data.pixels", given, {dtype = "float32"})
  if not core.is_tensor(images) or images:dtype() ~= "uint8" then
    core.arg_error(1, "data.pixels", "a uint8 tensor expected, got a "
      .. (core.is_tensor(images) and images:dtype() .. " one" or options.type_name(images)))
  end
  return (images:flatten(2):to("float32") / 255):to(opts.dtype)
end

-- Gradient rules of convolutions.

local core = require "nnlua.core"

-- The options of a backward function: those of the forward call, and which gradients are wanted.
local function with_needs(options, needs)
  local o = {input = needs[1] or false, weight = needs[2] or false, bias = needs[3] or false}
  for name, value in pairs(options or {}) do
    o[name] = value
  end
  return o
end

return function(define)
  -- y[o] = b[o] + sum_c W[o,c] * x[c] with cross-correlations *: src/nn/convolution.h
  for _, name in ipairs {"conv1d", "conv2d", "conv_transpose2d"} do
    local backward = core[name .. "_backward"]
    define(name, {
      forward = core[name], inputs = {1, 2, 3}, keeps = {1, 2}, fresh = true,
      backward = function(needs, dy, _, x, W, b, options)
        -- without a bias the options may be the third argument
        return backward(dy, x, W, with_needs(options or b, needs))
      end,
    })
  end
end

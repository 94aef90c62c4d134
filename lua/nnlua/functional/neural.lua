-- Gradient rules of activations, losses, penalties and dropout: the core's backward primitives.

local core = require "nnlua.core"

local div, mul = core.div, core.mul

-- A loss has computed its gradient along with its value; dy scales it. For reduction "none" dy has
-- one entry per row (or element) of it.
local function scale(dy, gradient)
  if core.ndim(dy) == 0 and core.item(dy) == 1 then
    return gradient
  end
  while core.ndim(dy) > 0 and core.ndim(dy) < core.ndim(gradient) do
    dy = core.unsqueeze(dy, -1)
  end
  return mul(gradient, dy)
end

return function(define)
  -- Activations whose backward takes the input, ...
  for _, name in ipairs {"leaky_relu", "softplus", "gelu", "elu"} do
    local backward = core[name .. "_backward"]
    define(name, {
      forward = core[name], keeps = {1}, fresh = true,
      gradients = {function(dy, _, x, options) return backward(dy, x, options) end},
    })
  end
  -- ... or the output. relu's takes the input, but sees only its sign, which the output has too,
  -- and the next layer keeps the output anyway.
  for _, name in ipairs {"relu", "sigmoid", "tanh"} do
    local backward = core[name .. "_backward"]
    define(name, {
      forward = core[name], keeps = {"y"}, fresh = true,
      gradients = {function(dy, y) return backward(dy, y) end},
    })
  end
  for _, name in ipairs {"softmax", "log_softmax"} do
    local backward = core[name .. "_backward"]
    define(name, {
      forward = core[name], keeps = {"y"}, fresh = true,
      gradients = {function(dy, y, _, options) return backward(dy, y, options) end},
    })
  end

  -- Losses of a prediction and a target that is data.
  for _, name in ipairs {"softmax_cross_entropy", "binary_cross_entropy",
                         "binary_cross_entropy_with_logits", "summed_binary_cross_entropy",
                         "hinge_embedding_loss", "multi_margin_loss", "nll_loss"} do
    define(name, {
      forward = core[name], keeps = {"second"}, constants = {2},
      gradients = {scale},
    })
  end
  -- Losses that depend on x - y only:  dL/dy = -dL/dx
  for _, name in ipairs {"mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"} do
    define(name, {
      forward = core[name], inputs = {1, 2}, keeps = {"second"},
      gradients = {scale, function(dy, dx) return core.neg(scale(dy, dx)) end},
    })
  end
  -- y (log y - x), or exp(y) (y - x); the gradient by y is 0 where y is 0
  define("kl_div", {
    forward = core.kl_div, inputs = {1, 2}, keeps = {1, 2, "second"},
    gradients = {scale, function(dy, dx, x, y, options)
      if options and options.log_target then -- dx is -exp(y), times what the reduction makes it
        return scale(dy, mul(core.sub(x, core.add(y, 1)), dx))
      end
      local slope = div(mul(core.sub(x, core.add(core.log(y), 1)), dx), y)
      return scale(dy, core.where(core.gt(y, 0), slope, 0.0))
    end},
  })
  for _, name in ipairs {"l2_penalty", "l1_penalty"} do
    define(name, {forward = core[name], keeps = {"second"}, gradients = {scale}})
  end

  -- y = x mask / (1 - p):  dx = dy mask / (1 - p)
  define("dropout", {
    forward = core.dropout, keeps = {"second"},
    gradients = {function(dy, mask, _, p)
      return mask and core.dropout_backward(dy, mask, p) or dy
    end},
  })
end

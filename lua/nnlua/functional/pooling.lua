-- Gradient rules of pooling.

local core = require "nnlua.core"

return function(define)
  -- y = the largest pixel of a window:  dx = dy there, 0 elsewhere
  define("max_pool2d", {
    forward = core.max_pool2d, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x, kernel, options)
      return core.max_pool2d_backward(dy, x, kernel, options)
    end},
  })

  -- y = the mean of n pixels:  dx = dy / n, summed over the windows that a pixel is in
  define("avg_pool2d", {
    forward = core.avg_pool2d, shapes = true, fresh = true,
    gradients = {function(dy, _, shape, kernel, options)
      return core.avg_pool2d_backward(dy, shape, kernel, options)
    end},
  })
  define("adaptive_avg_pool2d", {
    forward = core.adaptive_avg_pool2d, shapes = true, fresh = true,
    gradients = {function(dy, _, shape) return core.adaptive_avg_pool2d_backward(dy, shape) end},
  })
end

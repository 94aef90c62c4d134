-- Gradient rules of batch norm and layer norm: the core's backward primitives.

local core = require "nnlua.core"

return function(define)
  -- y = (x - mean) / sqrt(var + eps) weight + bias; dx goes through mean and var too, unless these
  -- are the running ones
  define("batch_norm", {
    forward = core.batch_norm, inputs = {1, 2, 3}, keeps = {1, 2, "second"}, fresh = true,
    backward = function(needs, dy, saved, x, weight, _, options)
      return core.batch_norm_backward(dy, x, weight, saved, {
        training = options and options.training, weight = needs[2] or false,
        bias = needs[3] or false,
      })
    end,
  })
  define("layer_norm", {
    forward = core.layer_norm, inputs = {1, 3, 4}, keeps = {1, 3, "second"}, fresh = true,
    backward = function(needs, dy, saved, x, normalized_shape, weight)
      return core.layer_norm_backward(dy, x, normalized_shape, weight, saved, {
        affine = needs[2] or needs[3] or false,
      })
    end,
  })
end

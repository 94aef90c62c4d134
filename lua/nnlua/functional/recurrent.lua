-- Gradient rule of a recurrent layer: backpropagation through time, in one call of the core.

local core = require "nnlua.core"

return function(define, functional)
  -- out[t] = cell(input[t] + W h[t-1] + b, h[t-1]); an operation has one differentiable result, so
  -- the last c of an LSTM stands behind the hs (src/nn/recurrent.h)
  functional.recurrent = define("recurrent", {
    forward = core.recurrent, inputs = {1, 2, 3, 4, 5}, keeps = {2, "second"}, fresh = true,
    hidden = true,
    backward = function(needs, dout, saved, _, W, _, _, _, options)
      return core.recurrent_backward(dout, saved, W, needs[3], options)
    end,
  })
end

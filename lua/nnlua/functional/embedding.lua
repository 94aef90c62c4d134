-- Gradient rule of embedding: dy goes back to the rows that were taken.

local core = require "nnlua.core"

return function(define)
  -- y[i] = W[index[i]]:  dW[index[i]] += dy[i], but for the row padding_idx
  define("embedding", {
    forward = core.embedding, inputs = {2}, keeps = {1}, shapes = true, fresh = true,
    gradients = {function(dy, _, indices, shape, options)
      return core.embedding_backward(dy, indices, shape[1], options)
    end},
  })
end

-- ops_layers.lua - calls of batch norm, layer norm, embedding and the recurrent steps.

local functional = require "nnlua.functional"
local leaves = require "tests.spec.cases.leaves"
local nn = require "nnlua"

local f64, int64, leaf, positive = leaves.f64, leaves.int64, leaves.leaf, leaves.positive

-- Weights, so that the gradient that flows back is not 1 everywhere.
local function weighted(y)
  return y * leaves.leaf(table.unpack(y:shape())):detach()
end

local running = {running_mean = f64 {0.1, -0.2, 0.3}, running_var = f64 {0.5, 1, 2},
                 training = false}

-- The steps of a cell of two units, three steps, two rows.
local function cell(name, gates, options)
  local function f(...)
    return weighted((functional.recurrent(...)))
  end
  options.cell = name
  local c0 = name == "lstm" and leaf(2, 2) or nil
  local function call(input, W, b, h0, c)
    return f(input, W, b, h0, c, options)
  end
  return {call, leaf(3, 2, gates * 2), leaf(gates * 2, 2), positive(gates * 2), leaf(2, 2), c0}
end

return {
  batch_norm = {
    {function(x, w, b) return weighted((nn.batch_norm(x, w, b))) end, leaf(5, 3), leaf(3), leaf(3)},
    {function(x) return weighted((nn.batch_norm(x, nil, nil, {eps = 0.1}))) end, leaf(2, 3, 2, 2)},
    {function(x, w, b) return weighted((nn.batch_norm(x, w, b, running))) end,
     leaf(2, 3, 2), leaf(3), leaf(3)},
    {function(x, b) return weighted((nn.batch_norm(x, leaf(3):detach(), b))) end,
     leaf(4, 3):detach(), leaf(3)},
  },
  layer_norm = {
    {function(x, w, b) return weighted((nn.layer_norm(x, 4, w, b))) end,
     leaf(3, 4), leaf(4), leaf(4)},
    {function(x) return weighted((nn.layer_norm(x, {2, 3}, nil, nil, {eps = 0.1}))) end,
     leaf(2, 2, 3)},
    {function(x, w) return weighted((nn.layer_norm(x, {3}, w))) end, leaf(2, 3):detach(), leaf(3)},
  },
  embedding = {
    {function(w) return weighted(nn.embedding(int64 {{1, 3, 1}, {4, 1, 3}}, w)) end, leaf(4, 3)},
  },
  recurrent = {
    cell("tanh", 1, {}), cell("relu", 1, {reverse = true}), cell("gru", 3, {}),
    cell("gru", 3, {reverse = true}), cell("lstm", 4, {}), cell("lstm", 4, {reverse = true}),
    {function(input, W) return (functional.recurrent(input, W, nil, nil, nil, {cell = "lstm"})) end,
     leaf(2, 3, 4), leaf(4, 1)},
  },
}

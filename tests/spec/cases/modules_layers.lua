-- modules_layers.lua - normalization, embedding, recurrent layers, attention, changes of shape.

local leaves = require "tests.spec.cases.leaves"
local nn = require "nnlua"

local int64, leaf = leaves.int64, leaves.leaf

local F64 = {dtype = "float64"}

-- {make, inputs...} of a class with arguments; options get float64.
local function case(class, arguments, options, ...)
  options = options or {}
  options.dtype = "float64"
  arguments[#arguments + 1] = options
  return {function() return nn[class](table.unpack(arguments)) end, ...}
end

local function plain(class, ...)
  local arguments = {...}
  return function(x) return {function() return nn[class](table.unpack(arguments)) end, x} end
end

-- All results as one vector.
local function all(...)
  local flat = {}
  for i, y in ipairs {...} do
    flat[i] = y:reshape(-1)
  end
  return nn.cat(flat)
end

local function with_output(entry)
  entry.output = all
  return entry
end

local function sentence()
  return nn.Sequential(nn.Embedding(5, 3, F64), nn.LSTM(3, 2, F64))
end

return {
  Identity = {plain("Identity")(leaf(2, 3))},
  Unflatten = {plain("Unflatten", 2, {2, -1})(leaf(2, 6)), plain("Unflatten", -1, {3})(leaf(2, 3))},
  Dropout2d = {{function() return nn.Dropout2d(0.4):eval() end, leaf(2, 3, 2, 2)}},
  BatchNorm1d = {
    case("BatchNorm1d", {3}, nil, leaf(5, 3)),
    case("BatchNorm1d", {3}, {affine = false, momentum = false}, leaf(2, 3, 2)),
    {function() return nn.BatchNorm1d(3, F64):eval() end, leaf(1, 3)},
  },
  BatchNorm2d = {
    case("BatchNorm2d", {2}, {track_running_stats = false}, leaf(2, 2, 2, 3)),
  },
  LayerNorm = {
    case("LayerNorm", {4}, nil, leaf(3, 4)),
    case("LayerNorm", {{2, 3}}, {bias = false, eps = 0.1}, leaf(2, 2, 3)),
  },
  Embedding = {
    case("Embedding", {4, 3}, nil, int64 {{1, 2}, {4, 1}}),
    {sentence, int64 {{1, 2}, {4, 1}, {5, 5}}},
  },
  RNN = {
    with_output(case("RNN", {3, 2}, nil, leaf(4, 2, 3))),
    with_output(case("RNN", {2, 2}, {nonlinearity = "relu", num_layers = 2}, leaf(3, 2, 2),
                     leaf(2, 2, 2))),
  },
  GRU = {
    with_output(case("GRU", {2, 3}, {bidirectional = true}, leaf(3, 2, 2))),
    with_output(case("GRU", {2, 2}, {batch_first = true, bias = false}, leaf(2, 3, 2))),
  },
  LSTM = {
    with_output(case("LSTM", {2, 2}, {num_layers = 2, bidirectional = true}, leaf(3, 2, 2),
                     leaf(4, 2, 2), leaf(4, 2, 2))),
    with_output(case("LSTM", {3, 2}, nil, leaf(2, 3))),
  },
  MultiheadAttention = {
    with_output(case("MultiheadAttention", {4, 2}, nil, leaf(3, 2, 4), leaf(2, 2, 4),
                     leaf(2, 2, 4))),
    with_output(case("MultiheadAttention", {2, 1}, {kdim = 3, vdim = 1, batch_first = true},
                     leaf(2, 3, 2), leaf(2, 2, 3), leaf(2, 2, 1))),
  },
}

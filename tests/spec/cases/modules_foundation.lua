-- modules_foundation.lua - the first layers and criteria, as modules_spec.lua checks them.
--
-- For each class a list of {make, inputs...}: make() gives a float64 module, inputs are what it is
-- called with; those that require a gradient have theirs checked. `output`, if given, picks the
-- tensor to check from what the module returns.

local leaves = require "tests.spec.cases.leaves"
local nn = require "nnlua"

local int64, leaf, positive = leaves.int64, leaves.leaf, leaves.positive

local function plain(class, options)
  return {function() return class(options) end, leaf(2, 5)}
end

-- Rescaling takes bytes, of which there is no gradient; a layer behind it has one.
local function rescaled()
  return nn.Sequential(nn.Rescaling(1 / 255, {dtype = "float64"}),
                       nn.Linear(3, 2, {dtype = "float64"}))
end

local rows = nn.softmax(leaf(4, 3):detach())

return {
  Linear = {
    {function() return nn.Linear(5, 3, {dtype = "float64"}) end, leaf(4, 5)},
    {function() return nn.Linear(1, 7, {bias = false, dtype = "float64"}) end, leaf(2, 3, 1)},
  },
  Sequential = {
    {function()
      return nn.Sequential(nn.Linear(5, 3, {dtype = "float64"}), nn.Tanh(),
                           nn.Sequential(nn.Linear(3, 2, {dtype = "float64"})))
    end, leaf(4, 5)},
  },
  Dropout = {
    {function() return nn.Dropout(0.4):eval() end, leaf(4, 5)},
  },
  Flatten = {plain(nn.Flatten), {function() return nn.Flatten() end, leaf(2, 3, 2)}},
  Rescaling = {{rescaled, nn.tensor({{1, 2, 255}, {0, 9, 7}}, {dtype = "uint8"})}},
  ReLU = {plain(nn.ReLU)},
  LeakyReLU = {plain(nn.LeakyReLU), plain(nn.LeakyReLU, {negative_slope = 0.3})},
  Sigmoid = {plain(nn.Sigmoid)},
  Tanh = {plain(nn.Tanh)},
  Softplus = {plain(nn.Softplus), plain(nn.Softplus, {beta = 2, threshold = 1})},
  GELU = {plain(nn.GELU), plain(nn.GELU, {approximate = "tanh"})},
  ELU = {plain(nn.ELU), plain(nn.ELU, {alpha = 0.5})},
  Softmax = {plain(nn.Softmax), plain(nn.Softmax, {dim = 1}), plain(nn.Softmax, {dim = 2})},
  LogSoftmax = {plain(nn.LogSoftmax), plain(nn.LogSoftmax, {dim = 1})},
  CrossEntropyLoss = {
    {function() return nn.CrossEntropyLoss() end, leaf(4, 3), int64 {1, 3, 2, 3}},
    {function() return nn.CrossEntropyLoss {label_smoothing = 0.1} end, leaf(4, 3), rows},
  },
  BCELoss = {{function() return nn.BCELoss() end, leaves.probability(4, 3), rows}},
  BCEWithLogitsLoss = {{function() return nn.BCEWithLogitsLoss() end, leaf(4, 3), rows}},
  SummedBCELoss = {{function() return nn.SummedBCELoss() end, leaves.probability(4, 3), rows}},
  MSELoss = {{function() return nn.MSELoss() end, leaf(4, 3), positive(4, 3)}},
  L1Loss = {{function() return nn.L1Loss {reduction = "sum"} end, leaf(4, 3), rows}},
  HuberLoss = {{function() return nn.HuberLoss {delta = 0.6} end, leaf(4, 3), rows}},
}

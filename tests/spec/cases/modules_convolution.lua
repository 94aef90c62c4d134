-- modules_convolution.lua - convolutions and pooling, as modules_spec.lua checks them.

local leaves = require "tests.spec.cases.leaves"
local nn = require "nnlua"

local leaf = leaves.leaf

local function case(make, ...)
  return {make, ...}
end

return {
  Conv1d = {
    case(function() return nn.Conv1d(2, 3, 2, {stride = 2, dtype = "float64"}) end, leaf(2, 2, 6)),
  },
  Conv2d = {
    case(function() return nn.Conv2d(2, 3, {2, 3}, {padding = {1, 0}, dtype = "float64"}) end,
         leaf(2, 2, 3, 4)),
    case(function()
      return nn.Conv2d(4, 2, 3, {groups = 2, dilation = 2, bias = false, dtype = "float64"})
    end, leaf(4, 5, 6)),
  },
  ConvTranspose2d = {
    case(function()
      return nn.ConvTranspose2d(2, 4, 2, {stride = 2, groups = 2, output_padding = 1,
                                          dtype = "float64"})
    end, leaf(1, 2, 3, 2)),
  },
  MaxPool2d = {case(function() return nn.MaxPool2d(2) end, leaf(2, 1, 4, 5)),
               case(function() return nn.MaxPool2d(3, {stride = 1, padding = 1}) end,
                    leaf(2, 3, 4))},
  AvgPool2d = {case(function() return nn.AvgPool2d({2, 1}, {ceil_mode = true}) end,
                    leaf(1, 2, 3, 2))},
  AdaptiveAvgPool2d = {case(function() return nn.AdaptiveAvgPool2d({2, 1}) end,
                            leaf(2, 1, 3, 5))},
}

-- ops_convolution.lua - calls of convolutions and pooling, on odd shapes.

local leaves = require "tests.spec.cases.leaves"
local nn = require "nnlua"

local leaf = leaves.leaf

-- f(..., options) as a function of its tensors.
local function with(f, options)
  return function(x, W, b) return f(x, W, b, options) end
end

local function pooled(f, kernel, options)
  return function(x) return f(x, kernel, options) end
end

return {
  conv1d = {
    {nn.conv1d, leaf(2, 3, 5), leaf(2, 3, 2), leaf(2)},
    {with(nn.conv1d, {stride = 2, padding = 1, dilation = 2, groups = 2}), leaf(2, 7),
     leaf(4, 1, 3)},
  },
  conv2d = {
    {nn.conv2d, leaf(2, 1, 4, 5), leaf(3, 1, 2, 3), leaf(3)},
    {with(nn.conv2d, {stride = {2, 1}, padding = {1, 2}, dilation = {1, 2}}), leaf(2, 2, 5, 3),
     leaf(2, 2, 3, 2), leaf(2)},
    {with(nn.conv2d, {groups = 3, stride = 3}), leaf(3, 5, 4), leaf(6, 1, 2, 1)},
    {function(x, W) return nn.conv2d(x, W, {padding = 1}) end, leaf(2, 1, 3, 1), leaf(2, 1, 3, 3)},
    {nn.conv2d, leaf(1, 2, 3, 3):detach(), leaf(1, 2, 3, 3), leaf(1)},
    {nn.conv2d, leaf(1, 2, 3, 3), leaf(1, 2, 2, 2):detach(), leaf(1):detach()},
  },
  conv_transpose2d = {
    {nn.conv_transpose2d, leaf(2, 2, 3, 2), leaf(2, 1, 2, 3), leaf(1)},
    {with(nn.conv_transpose2d, {stride = {2, 3}, padding = {1, 0}, output_padding = {1, 0},
                                dilation = {1, 2}, groups = 2}),
     leaf(2, 4, 2, 3), leaf(4, 1, 3, 2), leaf(2)},
    {nn.conv_transpose2d, leaf(1, 2, 2), leaf(1, 2, 1, 1):detach()},
  },
  max_pool2d = {
    {pooled(nn.max_pool2d, 2), leaf(2, 2, 5, 9)},
    {pooled(nn.max_pool2d, 2), leaf(1, 1, 4, 8)},
    {pooled(nn.max_pool2d, 2, {ceil_mode = true}), leaf(3, 5, 3)},
    {pooled(nn.max_pool2d, {3, 2}, {stride = {1, 2}, padding = 1, dilation = {2, 1}}),
     leaf(1, 2, 6, 5)},
  },
  avg_pool2d = {
    {pooled(nn.avg_pool2d, 2), leaf(2, 2, 5, 4)},
    {pooled(nn.avg_pool2d, 3, {stride = 2, padding = 1, ceil_mode = true}), leaf(2, 4, 6)},
    {pooled(nn.avg_pool2d, {2, 3}, {stride = {1, 2}, padding = {1, 1}, count_include_pad = false}),
     leaf(1, 2, 4, 5)},
  },
  adaptive_avg_pool2d = {
    {pooled(nn.adaptive_avg_pool2d, 1), leaf(2, 2, 3, 4)},
    {pooled(nn.adaptive_avg_pool2d, {3, 5}), leaf(2, 5, 3)},
  },
}

-- nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d: images made smaller, channel by channel.
--
-- Shapes: x [N, C, H, W] or [C, H, W], y [N, C, H', W'].

local axes = require "nnlua.axes"
local class = require "nnlua.class"
local functional = require "nnlua.functional"
local Module = require "nnlua.module"
local options = require "nnlua.options"

-- The size of the result in axis i for an input of that size.
local function output_size(self, i, size)
  local o = self.options
  local room = size + 2 * o.padding[i] - (o.dilation or {1, 1})[i] * (self.kernel_size[i] - 1) - 1
  if not o.ceil_mode then return room // o.stride[i] + 1 end
  local n = -(-room // o.stride[i]) + 1
  -- no window begins behind the image and its padding
  return (n - 1) * o.stride[i] >= size + o.padding[i] and n - 1 or n
end

-- The smallest input of which there is a result.
local function least_sizes(self)
  local o, least = self.options, {}
  for i = 1, 2 do
    local span = (o.dilation or {1, 1})[i] * (self.kernel_size[i] - 1) + 1
    least[i] = math.max(1, span - 2 * o.padding[i])
  end
  return least
end

--- nn.MaxPool2d(kernel_size [, {stride = kernel_size, padding = 0, dilation = 1,
--- ceil_mode = false}])
--- nn.AvgPool2d(kernel_size [, {stride = kernel_size, padding = 0, ceil_mode = false,
--- count_include_pad = true}])
--- The largest, the mean pixel of each window. All sizes: a number or {h, w}; padding is at most
--- half of the kernel. ceil_mode rounds the sizes of the result up; without count_include_pad
--- padding counts as nothing instead of zeros.

-- A class whose further option is `extra` with a default.
local function define(name, operation, extra, default)
  local Pool = class(name, Module)

  function Pool:init(kernel_size, given)
    local o = options.check(name, given, {stride = options.optional, padding = options.optional,
                                          ceil_mode = false, [extra] = default})
    self.kernel_size = axes.argument(1, name, kernel_size, 2)
    self.options = {
      stride = axes.option("stride", name, o.stride or self.kernel_size, 2, 1),
      padding = axes.option("padding", name, o.padding or 0, 2, 0),
      ceil_mode = o.ceil_mode, count_include_pad = o.count_include_pad,
      dilation = extra == "dilation" and axes.option("dilation", name, o.dilation or 1, 2, 1)
                 or nil,
    }
    for i = 1, 2 do
      if self.options.padding[i] > self.kernel_size[i] // 2 then
        options.raise("bad option 'padding' to '%s' (at most half of the kernel %s expected, "
                      .. "got %s)", name, axes.text(self.kernel_size),
                      axes.text(self.options.padding))
      end
    end
  end

  function Pool:check(x)
    return axes.check_image(x, nil, least_sizes(self), 2)
  end

  function Pool:forward(x)
    return operation(x, self.kernel_size, self.options)
  end

  function Pool:output_shape(shape)
    if axes.check_sizes(shape, nil, least_sizes(self), 2) then return nil end
    return axes.with_sizes(shape, {output_size(self, 1, shape[#shape - 1]),
                                   output_size(self, 2, shape[#shape])})
  end

  function Pool:__tostring()
    local stride = axes.text(self.options.stride)
    return ("%s %s%s%s%s"):format(
      name, axes.text(self.kernel_size),
      stride == axes.text(self.kernel_size) and "" or " stride " .. stride,
      axes.given(self.options, {"padding", 0, "dilation", 1}),
      self.options.ceil_mode and " ceil_mode" or "")
  end

  return Pool
end

--- nn.AdaptiveAvgPool2d(output_size): the means of output_size parts of an image.
local Adaptive = class("AdaptiveAvgPool2d", Module)

function Adaptive:init(output_size_given)
  self.output_size = axes.argument(1, "AdaptiveAvgPool2d", output_size_given, 2)
end

function Adaptive.check(_, x)
  return axes.check_image(x, nil, {1, 1}, 2)
end

function Adaptive:forward(x)
  return functional.adaptive_avg_pool2d(x, self.output_size)
end

function Adaptive:output_shape(shape)
  if axes.check_sizes(shape, nil, {1, 1}, 2) then return nil end
  return axes.with_sizes(shape, self.output_size)
end

function Adaptive:__tostring()
  return "AdaptiveAvgPool2d " .. axes.text(self.output_size)
end

return {
  MaxPool2d = define("MaxPool2d", functional.max_pool2d, "dilation", options.optional),
  AvgPool2d = define("AvgPool2d", functional.avg_pool2d, "count_include_pad", true),
  AdaptiveAvgPool2d = Adaptive,
}

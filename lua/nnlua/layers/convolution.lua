-- nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d: convolutions with a weight and a bias per channel.
--
-- Shapes: x [N, in, H, W] or [in, H, W], y [N, out, H2, W2]; one axis less for Conv1d. The weight
-- is [out, in/groups, kh, kw], of a transposed convolution [in, out/groups, kh, kw]. Weight and
-- bias start uniform in +-1/sqrt(fan_in), the weight drawn first, as PyTorch's do; fan_in is the
-- number of elements of one entry of the weight.

local axes = require "nnlua.axes"
local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local init = require "nnlua.initializers"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.Conv1d(in_channels, out_channels, kernel_size [, {stride = 1, padding = 0, dilation = 1,
--- groups = 1, bias = true, dtype = "float32", generator}])
--- nn.Conv2d(in_channels, out_channels, kernel_size [, {stride = 1, padding = 0, dilation = 1,
--- groups = 1, bias = true, dtype = "float32", generator}])
--- nn.ConvTranspose2d(in_channels, out_channels, kernel_size [, {stride = 1, padding = 0,
--- output_padding = 0, dilation = 1, groups = 1, bias = true, dtype = "float32", generator}])
--- kernel_size, stride, padding, dilation, output_padding: a number, or one for each axis. Fields:
--- weight, bias or nil, in_channels, out_channels, kernel_size, and options, as lists. Raises if
--- groups does not divide both numbers of channels.

-- What the classes differ in: the name, the operation, the number of axes.
local KINDS = {
  {name = "Conv1d", operation = functional.conv1d, axes = 1},
  {name = "Conv2d", operation = functional.conv2d, axes = 2},
  {name = "ConvTranspose2d", operation = functional.conv_transpose2d, axes = 2, transposed = true},
}

local function check_channels(position, name, value, groups)
  if math.type(value) ~= "integer" or value < 1 then
    core.arg_error(position, name, "positive integer expected, got " .. tostring(value))
  elseif value % groups ~= 0 then
    core.arg_error(position, name, ("%d channels are not divisible into %d groups"):format(value,
                                                                                         groups))
  end
end

-- The options of the operation, as lists.
local function read_options(kind, o)
  local read = {groups = o.groups}
  if math.type(o.groups) ~= "integer" or o.groups < 1 then
    options.raise("bad option 'groups' to '%s' (positive integer expected, got %s)", kind.name,
                  tostring(o.groups))
  end
  for _, name in ipairs {"stride", "dilation"} do
    read[name] = axes.option(name, kind.name, o[name], kind.axes, 1)
  end
  for _, name in ipairs {"padding", kind.transposed and "output_padding" or nil} do
    read[name] = axes.option(name, kind.name, o[name], kind.axes, 0)
  end
  for i = 1, kind.transposed and kind.axes or 0 do
    if read.output_padding[i] >= math.max(read.stride[i], read.dilation[i]) then
      options.raise("bad option 'output_padding' to '%s' (less than the stride or the dilation "
                    .. "expected, got %s)", kind.name, axes.text(read.output_padding))
    end
  end
  return read
end

-- The size of the result in an axis; transposed convolutions have the inverse formula.
local function output_size(self, kind, i, size)
  local o, reach = self.options, self.options.dilation[i] * (self.kernel_size[i] - 1)
  if kind.transposed then
    return (size - 1) * o.stride[i] - 2 * o.padding[i] + reach + o.output_padding[i] + 1
  end
  return (size + 2 * o.padding[i] - reach - 1) // o.stride[i] + 1
end

-- The smallest input of which there is a result.
local function least_sizes(self, kind)
  local least = {}
  for i = 1, kind.axes do
    local o, span = self.options, self.options.dilation[i] * (self.kernel_size[i] - 1) + 1
    if kind.transposed then
      local missing = 2 * o.padding[i] - span - o.output_padding[i]
      least[i] = math.max(1, (missing + o.stride[i]) // o.stride[i] + 1)
    else
      least[i] = math.max(1, span - 2 * o.padding[i])
    end
  end
  return least
end

local function define(kind)
  local Conv = class(kind.name, Module)

  function Conv:init(in_channels, out_channels, kernel_size, given)
    local o = options.check(kind.name, given, {
      stride = options.optional, padding = options.optional, dilation = options.optional,
      output_padding = kind.transposed and options.optional or nil, groups = 1,
      bias = true, dtype = "float32", generator = options.generator,
    })
    o.stride, o.dilation = o.stride or 1, o.dilation or 1
    o.padding, o.output_padding = o.padding or 0, o.output_padding or 0
    self.options = read_options(kind, o)
    check_channels(1, kind.name, in_channels, o.groups)
    check_channels(2, kind.name, out_channels, o.groups)
    self.in_channels, self.out_channels = in_channels, out_channels
    self.kernel_size = axes.argument(3, kind.name, kernel_size, kind.axes)

    local shape = kind.transposed and {in_channels, out_channels // o.groups}
                  or {out_channels, in_channels // o.groups}
    table.move(self.kernel_size, 1, kind.axes, 3, shape)
    local bound = 1 / math.sqrt(axes.product(shape) / shape[1])
    local range = {low = -bound, high = bound, generator = o.generator}
    local function draw(sizes)
      return init.uniform_(core.zeros(sizes, {dtype = o.dtype}), range)
    end
    self:register("weight", draw(shape))
    if o.bias then
      self:register("bias", draw({out_channels}))
    end
  end

  function Conv:check(x)
    local problem = axes.check_image(x, self.in_channels, least_sizes(self, kind), kind.axes)
    if problem then return problem end
    if core.dtype(x) ~= core.dtype(self.weight) then
      return ("input is %s, the weights are %s"):format(core.dtype(x), core.dtype(self.weight))
    end
  end

  function Conv:forward(x)
    return kind.operation(x, self.weight, self.bias, self.options)
  end

  function Conv:output_shape(shape)
    if axes.check_sizes(shape, self.in_channels, least_sizes(self, kind), kind.axes) then
      return nil
    end
    local sizes = {}
    for i = 1, kind.axes do
      sizes[i] = output_size(self, kind, i, shape[#shape - kind.axes + i])
    end
    return axes.with_sizes(shape, sizes, self.out_channels)
  end

  -- Every entry of the result (transposed: of the input) meets one entry of the weight.
  function Conv:multiply_adds(shape)
    local met = kind.transposed and shape or self:output_shape(shape)
    return axes.product(met) * (self.weight:numel() // self.weight:size(1))
  end

  function Conv:__tostring()
    return ("%s %d→%d %s%s"):format(kind.name, self.in_channels, self.out_channels,
                                    axes.text(self.kernel_size), axes.given(self.options, {
      "stride", 1, "padding", 0, "output_padding", 0, "dilation", 1, "groups", 1}))
  end

  return Conv
end

local layers = {}
for _, kind in ipairs(KINDS) do
  layers[kind.name] = define(kind)
end
return layers

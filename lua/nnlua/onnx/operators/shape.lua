-- ONNX operators that arrange, join, pick and make elements.

local core = require "nnlua.core"
local functional = require "nnlua.functional"
local options = require "nnlua.options"
local padding = require "nnlua.onnx.padding"
local tensor = require "nnlua.onnx.tensor"

local function int64(list)
  return #list > 0 and core.tensor(list, {dtype = "int64"}) or core.zeros({0}, {dtype = "int64"})
end

-- The product of sizes first..last.
local function product(shape, first, last)
  local n = 1
  for i = first, last do
    n = n * shape[i]
  end
  return n
end

-- Indices of entries as nnlua counts them; negative ones count from the end.
local function one_based(indices, size)
  indices = core.to(indices, "int64")
  return core.add(core.where(core.lt(indices, 0), core.add(indices, size), indices), 1)
end

-- The key of one dimension that picks start:stop:step of NumPy; nil if that is nothing.
local function range(start, stop, step, size)
  local low, high = step > 0 and 0 or -1, step > 0 and size or size - 1
  local function bounded(at)
    at = at < 0 and at + size or at
    return math.max(low, math.min(high, at))
  end
  start, stop = bounded(start), bounded(stop)
  local count = step > 0 and (stop - start + step - 1) // step or (start - stop - step - 1) // -step
  if count <= 0 then return nil end
  return {start + 1, start + (count - 1) * step + 1, step}
end

-- x without elements along a dimension.
local function nothing_of(x, dim)
  local shape = x:shape()
  shape[dim] = 0
  return core.zeros(shape, {dtype = x:dtype()})
end

local function slice(x, dims, starts, stops, steps)
  local key = {}
  for dim = 1, x:ndim() do
    key[dim] = {}
  end
  for i, dim in ipairs(dims) do
    local step = steps and steps[i] or 1
    if step == 0 then options.raise("a step of 0") end
    key[dim] = range(starts[i], stops[i], step, x:size(dim))
    if not key[dim] then
      -- The others may still shorten what is left.
      key[dim], x = {}, nothing_of(x, dim)
    end
  end
  return functional.index(x, key)
end

-- n times, one behind the other along a dimension.
local function repeated(x, dim, n)
  local shape, wide = x:shape(), x:shape()
  table.insert(wide, dim, n)
  shape[dim] = shape[dim] * n
  return functional.reshape(functional.expand(functional.unsqueeze(x, dim), wide), shape)
end

-- Blocks of size b by b: depth to space moves [b, b] out of the channels, in one of two orders.
local DEPTH_TO_SPACE = {
  DCR = {split = function(c, b) return {b, b, c} end, order = {1, 4, 5, 2, 6, 3}},
  CRD = {split = function(c, b) return {c, b, b} end, order = {1, 2, 5, 3, 6, 4}},
}

return function(define, operators)
  local dim_of, list, OPTIONAL = operators.dim, operators.list, operators.OPTIONAL

  define("Identity", {}, function(_, x) return x end)
  -- In inference, which a loaded graph is for, nothing drops out.
  define("Dropout", {ratio = 0.5, seed = OPTIONAL, is_test = 1}, function(a, x, _, training)
    if training and training:item() then
      options.raise("training_mode is not supported")
    end
    if a.outputs == 1 then return x end
    return x, core.ones(x:shape(), {dtype = "bool"})
  end)

  define("Constant", {
    value = OPTIONAL, value_float = OPTIONAL, value_int = OPTIONAL, value_floats = OPTIONAL,
    value_ints = OPTIONAL,
  }, function(a)
    if a.value then
      return a.value
    elseif a.value_ints then
      return int64(a.value_ints)
    elseif a.value_floats then
      return core.tensor(a.value_floats)
    elseif a.value_int then
      return core.tensor(a.value_int, {dtype = "int64"})
    end
    return core.tensor(a.value_float or options.raise("a constant without value"))
  end)
  define("ConstantOfShape", {value = OPTIONAL}, function(a, sizes)
    local value = a.value or core.zeros(1)
    return core.full(list(sizes), value:item(), {dtype = value:dtype()})
  end)
  define("Cast", {to = 1, saturate = 1}, function(a, x)
    local dtype = tensor.dtype_of(a.to)
    if not dtype then
      options.raise("there is no type %s", tensor.type_name(a.to))
    end
    return functional.to(x, dtype == "float32" and a.dtype or dtype)
  end)
  define("CastLike", {saturate = 1}, function(_, x, like)
    return functional.to(x, like:dtype())
  end)
  define("Range", {}, function(_, first, stop, step)
    local n = (stop:item() - first:item()) / step:item()
    return core.add(core.mul(core.arange(0, math.max(0, math.ceil(n))), step), first)
      :to(first:dtype())
  end)

  define("Shape", {start = 0, ["end"] = OPTIONAL}, function(a, x)
    local shape, ndim = x:shape(), x:ndim()
    local function bounded(at)
      return math.max(0, math.min(ndim, at < 0 and at + ndim or at))
    end
    return int64(table.move(shape, bounded(a.start) + 1, bounded(a["end"] or ndim), 1, {}))
  end)
  define("Size", {}, function(_, x) return core.tensor(x:numel(), {dtype = "int64"}) end)

  -- A size of 0 is that of x there, unless allowzero.
  define("Reshape", {allowzero = 0}, function(a, x, sizes)
    local shape = list(sizes)
    for i, size in ipairs(shape) do
      if size == 0 and a.allowzero == 0 then
        if i > x:ndim() then options.raise("size %d of a tensor of rank %d", i, x:ndim()) end
        shape[i] = x:size(i)
      end
    end
    return functional.reshape(x, shape)
  end)
  define("Flatten", {axis = 1}, function(a, x)
    local shape, ndim = x:shape(), x:ndim()
    local axis = a.axis < 0 and a.axis + ndim or a.axis
    if axis < 0 or axis > ndim then options.raise("axis %d of rank %d", a.axis, ndim) end
    return functional.reshape(x, {product(shape, 1, axis), product(shape, axis + 1, ndim)})
  end)
  define("Transpose", {perm = OPTIONAL}, function(a, x)
    local dims = {}
    for i = 1, x:ndim() do
      dims[i] = a.perm and a.perm[i] and a.perm[i] + 1 or not a.perm and x:ndim() + 1 - i or nil
    end
    return #dims > 0 and functional.permute(x, dims) or x
  end)
  define("Squeeze", {axes = OPTIONAL}, function(a, x, input)
    local dims = operators.axes(x, a, input)
    if not dims then return functional.squeeze(x) end
    table.sort(dims, function(i, j) return i > j end)
    for _, dim in ipairs(dims) do
      if x:size(dim) ~= 1 then
        options.raise("size %d of axis %d is squeezed", x:size(dim), dim - 1)
      end
      x = functional.squeeze(x, dim)
    end
    return x
  end)
  define("Unsqueeze", {axes = OPTIONAL}, function(a, x, input)
    local axes = a.axes or list(input)
    local ndim, dims = x:ndim() + #axes, {}
    for i, axis in ipairs(axes) do
      dims[i] = axis < 0 and axis + ndim + 1 or axis + 1
    end
    table.sort(dims)
    for _, dim in ipairs(dims) do
      x = functional.unsqueeze(x, dim)
    end
    return x
  end)
  define("Expand", {}, function(_, x, sizes)
    local wanted, shape = list(sizes), x:shape()
    -- Sizes broadcast both ways: a 1 keeps the size of x.
    for i = 0, math.min(#wanted, #shape) - 1 do
      if wanted[#wanted - i] == 1 then wanted[#wanted - i] = shape[#shape - i] end
    end
    table.move(shape, 1, #shape - #wanted, 1, #shape > #wanted
      and table.move(wanted, 1, #wanted, #shape - #wanted + 1) or wanted)
    return functional.expand(x, wanted)
  end)
  define("Tile", {}, function(_, x, repeats)
    for dim, n in ipairs(list(repeats)) do
      x = n == 1 and x or repeated(x, dim, n)
    end
    return x
  end)
  define("Concat", {axis = 1}, function(a, ...)
    local inputs = {...}
    return functional.cat(inputs, dim_of(inputs[1], a.axis))
  end)
  define("Split", {axis = 0, split = OPTIONAL, num_outputs = OPTIONAL}, function(a, x, sizes)
    local dim, parts, at = dim_of(x, a.axis), a.split or sizes and list(sizes), 0
    if not parts then
      parts = {}
      local each = (x:size(dim) + a.outputs - 1) // a.outputs
      for i = 1, a.outputs do
        parts[i] = math.min(each, x:size(dim) - (i - 1) * each)
      end
    end
    for i, size in ipairs(parts) do
      parts[i] = slice(x, {dim}, {at}, {at + size})
      at = at + size
    end
    if at ~= x:size(dim) then
      options.raise("parts of %d in all, the axis has %d", at, x:size(dim))
    end
    return table.unpack(parts)
  end)
  define("Slice", {axes = OPTIONAL, starts = OPTIONAL, ends = OPTIONAL},
         function(a, x, starts, stops, axes, steps)
    starts, stops = a.starts or list(starts), a.ends or list(stops)
    axes = a.axes or axes and list(axes)
    local dims = {}
    for i = 1, #starts do
      dims[i] = dim_of(x, axes and axes[i] or i - 1)
    end
    return slice(x, dims, starts, stops, steps and list(steps))
  end)
  define("Pad", {mode = "constant", pads = OPTIONAL, value = 0.0}, function(a, x, pads, value, axes)
    local source = padding.SOURCES[a.mode]
    if not source and a.mode ~= "constant" then
      options.raise("mode '%s' is not supported", a.mode)
    end
    pads = a.pads or list(pads)
    local dims = {}
    for i = 1, #pads // 2 do
      dims[i] = axes and dim_of(x, list(axes)[i]) or i
    end
    for i, dim in ipairs(dims) do
      local before, after = pads[i], pads[#dims + i]
      x = source and padding.from(x, dim, before, after, source)
        or padding.constant(x, dim, before, after, value and value:item() or a.value)
    end
    return x
  end)

  define("Gather", {axis = 0}, function(a, x, indices)
    local dim, shape = dim_of(x, a.axis), x:shape()
    local flat = one_based(indices:reshape({-1}), shape[dim])
    local sizes = table.move(shape, 1, dim - 1, 1, {})
    table.move(indices:shape(), 1, indices:ndim(), dim, sizes)
    table.move(shape, dim + 1, #shape, #sizes + 1, sizes)
    return functional.reshape(functional.index_select(x, dim, flat), sizes)
  end)
  define("GatherElements", {axis = 0}, function(a, x, indices)
    local dim = dim_of(x, a.axis)
    return functional.gather(x, dim, one_based(indices, x:size(dim)))
  end)
  define("DepthToSpace", {blocksize = 1, mode = "DCR"}, function(a, x)
    local b, mode = a.blocksize, DEPTH_TO_SPACE[a.mode]
    if not mode then options.raise("mode '%s' is not supported", a.mode) end
    local n, c, h, w = table.unpack(x:shape())
    local split = mode.split(c // (b * b), b)
    local y = functional.reshape(x, {n, split[1], split[2], split[3], h, w})
    return functional.reshape(functional.permute(y, mode.order), {n, c // (b * b), h * b, w * b})
  end)
  define("SpaceToDepth", {blocksize = 1}, function(a, x)
    local b, n, c, h, w = a.blocksize, table.unpack(x:shape())
    local y = functional.reshape(x, {n, c, h // b, b, w // b, b})
    y = functional.permute(y, {1, 4, 6, 2, 3, 5})
    return functional.reshape(y, {n, c * b * b, h // b, w // b})
  end)
end

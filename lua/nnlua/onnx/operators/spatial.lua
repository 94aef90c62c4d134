-- ONNX operators over images: convolutions and pooling.
--
-- Signals [N, C, L] become images [N, C, 1, L] on the way. ONNX's padding may differ at the two
-- ends of an axis; the engine's does not, so that such input is padded beforehand.

local core = require "nnlua.core"
local functional = require "nnlua.functional"
local options = require "nnlua.options"
local padding = require "nnlua.onnx.padding"

-- A list per axis as one of two.
local function two(list, default)
  list = list or {default, default}
  return #list == 1 and {default, list[1]} or list
end

-- Sizes of the window and how it moves: all lists are of two.
local function window_of(a, kernel)
  local pads = a.pads and #a.pads == 2 and {0, a.pads[1], 0, a.pads[2]} or a.pads
  return {
    kernel = two(kernel, 1), stride = two(a.strides, 1), dilation = two(a.dilations, 1),
    before = pads and {pads[1], pads[2]} or {0, 0},
    after = pads and {pads[3], pads[4]} or {0, 0},
  }
end

-- Divides padding over the ends: an odd one goes to the end for SAME_UPPER.
local function divide(w, i, total, mode)
  local small = total // 2
  w.before[i] = mode == "SAME_UPPER" and small or total - small
  w.after[i] = total - w.before[i]
end

-- auto_pad: as many results as the stride leaves, or no padding.
local function pad_automatically(a, x, w)
  if a.auto_pad == "SAME_UPPER" or a.auto_pad == "SAME_LOWER" then
    for i = 1, 2 do
      local size = x:size(i + 2)
      local count = (size + w.stride[i] - 1) // w.stride[i]
      local span = (w.kernel[i] - 1) * w.dilation[i] + 1
      divide(w, i, math.max(0, (count - 1) * w.stride[i] + span - size), a.auto_pad)
    end
  elseif a.auto_pad ~= "NOTSET" and a.auto_pad ~= "VALID" then
    options.raise("auto_pad '%s' is not supported", a.auto_pad)
  end
end

local function is_even(w, most)
  for i = 1, 2 do
    local before = w.before[i]
    if before ~= w.after[i] or before < 0 or most and before > most[i] // 2 then return false end
  end
  return true
end

local function padded(x, w, value)
  for i = 1, 2 do
    if w.before[i] ~= 0 or w.after[i] ~= 0 then
      x = padding.constant(x, i + 2, w.before[i], w.after[i], value)
    end
  end
  return x
end

-- run(a, x, ...) of images, for signals, too; further inputs of their rank are lifted as well.
local function lifted(run)
  return function(a, x, ...)
    local ndim, rest = x:ndim(), {...}
    if ndim ~= 3 and ndim ~= 4 then
      options.raise("its input is [%s], supported are [N,C,L] and [N,C,H,W]",
                    table.concat(x:shape(), ","))
    elseif ndim == 4 then
      return run(a, x, ...)
    end
    for i = 1, select("#", ...) do
      rest[i] = rest[i] and rest[i]:ndim() == 3 and functional.unsqueeze(rest[i], 3) or rest[i]
    end
    return functional.squeeze(run(a, functional.unsqueeze(x, 3), table.unpack(rest)), 3)
  end
end

local function convolve(a, x, W, b)
  local w = window_of(a, {W:size(3), W:size(4)})
  pad_automatically(a, x, w)
  local even = is_even(w)
  return functional.conv2d(even and x or padded(x, w, 0), W, b, {
    stride = w.stride, dilation = w.dilation, groups = a.group, padding = even and w.before or 0,
  })
end

-- The whole result is made, then padded or cut, where the engine's options do not reach.
local function convolve_transposed(a, x, W, b)
  local w, extra = window_of(a, {W:size(3), W:size(4)}), two(a.output_padding, 0)
  local wanted = a.output_shape and two(a.output_shape, 1)
  for i = 1, 2 do
    local whole = (x:size(i + 2) - 1) * w.stride[i] + (w.kernel[i] - 1) * w.dilation[i] + 1
    if wanted then
      divide(w, i, whole + extra[i] - wanted[i], a.auto_pad)
    elseif a.auto_pad:find("^SAME") then
      divide(w, i, whole + extra[i] - x:size(i + 2) * w.stride[i], a.auto_pad)
    end
    w.before[i], w.after[i] = -w.before[i], extra[i] - w.after[i]
  end
  local y = functional.conv_transpose2d(x, W, nil, {stride = w.stride, dilation = w.dilation,
                                                    groups = a.group})
  y = padded(y, w, 0)
  return b and y + functional.reshape(b, {b:numel(), 1, 1}) or y
end

local function max_pool(a, x)
  if a.outputs > 1 then options.raise("indices are not supported") end
  local w = window_of(a, a.kernel_shape)
  pad_automatically(a, x, w)
  local dtype = x:dtype()
  if dtype ~= "float32" and dtype ~= "float64" then x = core.to(x, "float64") end
  local even = is_even(w, w.kernel)
  return functional.max_pool2d(even and x or padded(x, w, -math.huge), w.kernel, {
    stride = w.stride, dilation = w.dilation, padding = even and w.before or 0,
    ceil_mode = a.ceil_mode ~= 0,
  }):to(dtype)
end

-- Where padding does not count, sums are divided by how many elements are not padding.
local function average_pool(a, x)
  local w = window_of(a, a.kernel_shape)
  pad_automatically(a, x, w)
  local even, counted = is_even(w, w.kernel), a.count_include_pad ~= 0
  local function average(t)
    return functional.avg_pool2d(even and t or padded(t, w, 0), w.kernel, {
      stride = w.stride, padding = even and w.before or 0, ceil_mode = a.ceil_mode ~= 0,
      count_include_pad = counted,
    })
  end
  return (even or counted) and average(x) or average(x) / average(core.ones_like(x))
end

return function(define, operators)
  local OPTIONAL = operators.OPTIONAL
  define("Conv", {
    auto_pad = "NOTSET", dilations = OPTIONAL, group = 1, kernel_shape = OPTIONAL, pads = OPTIONAL,
    strides = OPTIONAL,
  }, lifted(convolve))
  define("ConvTranspose", {
    auto_pad = "NOTSET", dilations = OPTIONAL, group = 1, kernel_shape = OPTIONAL, pads = OPTIONAL,
    strides = OPTIONAL, output_padding = OPTIONAL, output_shape = OPTIONAL,
  }, lifted(convolve_transposed))
  define("MaxPool", {
    auto_pad = "NOTSET", ceil_mode = 0, dilations = OPTIONAL, kernel_shape = OPTIONAL,
    pads = OPTIONAL, storage_order = 0, strides = OPTIONAL,
  }, lifted(max_pool))
  define("AveragePool", {
    auto_pad = "NOTSET", ceil_mode = 0, count_include_pad = 0, kernel_shape = OPTIONAL,
    pads = OPTIONAL, strides = OPTIONAL,
  }, lifted(average_pool))
end

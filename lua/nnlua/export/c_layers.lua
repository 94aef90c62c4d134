-- How module classes become C: class -> function (writer, module, x) -> y; see c_source.lua.

local activations = require "nnlua.layers.activations"
local batch_norm = require "nnlua.layers.batch_norm"
local Concat = require "nnlua.layers.concat"
local convolution = require "nnlua.layers.convolution"
local Dropout = require "nnlua.layers.dropout"
local Dropout2d = require "nnlua.layers.dropout2d"
local Flatten = require "nnlua.layers.flatten"
local Identity = require "nnlua.layers.identity"
local LayerNorm = require "nnlua.layers.layer_norm"
local Linear = require "nnlua.layers.linear"
local options = require "nnlua.options"
local pooling = require "nnlua.layers.pooling"
local Rescaling = require "nnlua.layers.rescaling"
local Residual = require "nnlua.layers.residual"
local Sequential = require "nnlua.layers.sequential"
local Unflatten = require "nnlua.layers.unflatten"

local layers = {}

layers[Sequential] = function(writer, module, x)
  for i = 1, #module do
    x = writer:emit(module[i], i, x)
  end
  return x
end

-- Each branch reads x, so it is held until the last has.
layers[Residual] = function(writer, module, x)
  writer:hold(x)
  local body = writer:emit(module.body, "body", x)
  local beside = module.shortcut and writer:emit(module.shortcut, "shortcut", x) or x
  local _, size = writer:sizes(body)
  local y = writer:result(body, size)
  writer:comment(module)
  writer:code("for (int i = 0; i < $n; i++) $y[i] = $x[i] + $body[i];", {
    n = size, y = y.name, x = beside.name, body = body.name})
  writer:release(beside)
  return y
end

-- Results lie side by side in blocks of what stands behind the dimension.
layers[Concat] = function(writer, module, x)
  local example = module:forward(x.example)
  local sizes, size = writer:sizes({example = example})
  local dim = module.dim > 0 and module.dim - 1 or #sizes + 1 + module.dim
  if dim == 0 then
    options.raise("%s: over the rows of a batch, which C sees one by one", writer:place(module))
  end
  local inner = 1
  for i = dim + 1, #sizes do
    inner = inner * sizes[i]
  end
  local y, at, block = writer:buffer(size), 0, inner * sizes[dim]
  y.example = example
  for i = 1, #module do
    if i < #module then writer:hold(x) end
    local part = writer:emit(module[i], i, x)
    local part_sizes = writer:sizes(part)
    local width = inner * part_sizes[dim]
    writer:comment(module)
    writer:code([[
for (int i = 0; i < $outer; i++)
    for (int j = 0; j < $width; j++) $y[i * $block + $at + j] = $x[i * $width + j];]], {
      outer = size // block, width = width, block = block, at = at, x = part.name, y = y.name})
    writer:release(part)
    at = at + width
  end
  return y
end

-- Nothing happens: the same elements in the same order.
local function same(_, _, x)
  return {name = x.name, buffer = x.buffer}
end

for _, of in ipairs {Dropout, Dropout2d, Flatten, Identity, Unflatten} do
  layers[of] = same
end

-- A new buffer for what a layer makes of x, which it then need not keep.
local function output_of(writer, module, x)
  local example = module:forward(x.example)
  local sizes, size = writer:sizes({example = example})
  local y = writer:buffer(size)
  writer:release(x)
  y.example = example
  return y, sizes
end

-- The start of a sum: "bias[o]" or 0.
local function bias_of(writer, module, index)
  return module.bias and ("%s[%s]"):format(writer:array("bias", module.bias), index) or "0.0f"
end

-- y[o] = b[o] + sum_i W[o,i] x[i], for each of the rows that a row consists of
layers[Linear] = function(writer, module, x)
  local _, size = writer:sizes(x)
  local y = output_of(writer, module, x)
  writer:comment(module)
  writer:code([[
for (int r = 0; r < $rows; r++) {
    for (int o = 0; o < $out; o++) {
        float sum = $bias;
        for (int i = 0; i < $in; i++) sum += $W[o * $in + i] * $x[r * $in + i];
        $y[r * $out + o] = sum;
    }
}]], {rows = size // module.in_features, out = module.out_features, x = x.name, y = y.name,
      ["in"] = module.in_features, W = writer:array("weight", module.weight),
      bias = bias_of(writer, module, "o")})
  return y
end

-- Elementwise -------------------------------------------------------------------------------------

-- Layers that do `expression` with each element v, a float; fields: what $name in it stands for.
local function elementwise(expression, fields_of)
  return function(writer, module, x)
    local _, size = writer:sizes(x)
    local y = writer:result(x, size)
    local fields = fields_of and fields_of(module, writer) or {}
    fields.n, fields.x, fields.y = size, x.name, y.name
    writer:comment(module)
    writer:code(([[
for (int i = 0; i < $n; i++) {
    float v = $x[i];
    $y[i] = %s;
}]]):format(expression), fields)
    return y
  end
end

-- Options of an activation as literals.
local function given(...)
  local names = {...}
  return function(module, writer)
    local fields = {}
    for _, name in ipairs(names) do
      fields[name:gsub("_", "")] = writer.literal(module.options[name])
    end
    return fields
  end
end

-- In double and rounded once, as the engine does it.
layers[Rescaling] = elementwise("(float)($scale * v + $offset)", function(module)
  return {scale = ("%.17g"):format(module.scale), offset = ("%.17g"):format(module.offset)}
end)
layers[activations.ReLU] = elementwise("v > 0.0f ? v : 0.0f")
layers[activations.LeakyReLU] = elementwise("v > 0.0f ? v : $slope * v", function(module, writer)
  return {slope = writer.literal(module.options.negative_slope)}
end)
layers[activations.Sigmoid] = elementwise("1.0f / (1.0f + expf(-v))")
layers[activations.Tanh] = elementwise("tanhf(v)")
layers[activations.ELU] = elementwise("v > 0.0f ? v : $alpha * expm1f(v)", given("alpha"))
layers[activations.Softplus] = elementwise(
  "v * $beta > $threshold ? v : fmaxf(v, 0.0f) + log1pf(expf(-fabsf(v * $beta))) / $beta",
  given("beta", "threshold"))

local GELU = {
  none = elementwise("0.5f * v * (1.0f + erff(v * 0.707106781f))"),
  tanh = elementwise("0.5f * v * (1.0f + tanhf(0.797884561f * (v + 0.044715f * v * v * v)))"),
}
layers[activations.GELU] = function(writer, module, x)
  return GELU[module.options.approximate](writer, module, x)
end

-- Over one dimension of a row: outer x n x inner elements.
local function softmax(last)
  return function(writer, module, x)
    local sizes, size = writer:sizes(x)
    local dim = module.options.dim
    dim = dim > 0 and dim - 1 or #sizes + 1 + dim
    if dim == 0 then
      options.raise("%s: over the rows of a batch, which C sees one by one", writer:place(module))
    end
    local inner = 1
    for i = dim + 1, #sizes do
      inner = inner * sizes[i]
    end
    local y = writer:result(x, size)
    writer:comment(module)
    writer:code([[
for (int i = 0; i < $outer; i++) {
    for (int j = 0; j < $inner; j++) {
        const float *p = $x + i * $block + j;
        float *q = $y + i * $block + j;
        float largest = -INFINITY, sum = 0.0f;
        for (int k = 0; k < $block; k += $inner) largest = fmaxf(largest, p[k]);
        for (int k = 0; k < $block; k += $inner) sum += expf(p[k] - largest);
        for (int k = 0; k < $block; k += $inner) q[k] = $last;
    }
}]], {outer = size // (inner * sizes[dim]), inner = inner, block = inner * sizes[dim],
      x = x.name, y = y.name, last = last})
    return y
  end
end

layers[activations.Softmax] = softmax("expf(p[k] - largest) / sum")
layers[activations.LogSoftmax] = softmax("p[k] - largest - logf(sum)")

-- Normalisation -----------------------------------------------------------------------------------

-- (x - mean) scale + bias, scale = weight / sqrt(var + eps)
local function batch_normalization(writer, module, x)
  if not module.track_running_stats then
    options.raise("%s: without running statistics a row's result depends on its batch",
                  writer:place(module))
  end
  local _, size = writer:sizes(x)
  local C, y = module.num_features, writer:result(x, size)
  local scale = (module.running_var:to("float64") + module.eps):sqrt():reciprocal()
  scale = module.weight and scale * module.weight or scale
  writer:comment(module)
  writer:code([[
for (int c = 0; c < $C; c++)
    for (int i = c * $each; i < (c + 1) * $each; i++)
        $y[i] = ($x[i] - $mean[c]) * $scale[c] + $bias;]], {
    C = C, each = size // C, x = x.name, y = y.name, scale = writer:array("scale", scale),
    mean = writer:array("running_mean", module.running_mean), bias = bias_of(writer, module, "c")})
  return y
end

layers[batch_norm.BatchNorm1d] = batch_normalization
layers[batch_norm.BatchNorm2d] = batch_normalization

layers[LayerNorm] = function(writer, module, x)
  local _, size = writer:sizes(x)
  local n, y = 1, writer:result(x, size)
  for _, each in ipairs(module.normalized_shape) do
    n = n * each
  end
  writer:comment(module)
  writer:code([[
for (int r = 0; r < $rows; r++) {
    const float *p = $x + r * $n;
    float *q = $y + r * $n;
    float mean = 0.0f, variance = 0.0f;
    for (int i = 0; i < $n; i++) mean += p[i] / $n;
    for (int i = 0; i < $n; i++) variance += (p[i] - mean) * (p[i] - mean) / $n;
    float scale = 1.0f / sqrtf(variance + $eps);
    for (int i = 0; i < $n; i++) q[i] = (p[i] - mean) * scale * $weight + $bias;
}]], {rows = size // n, n = n, x = x.name, y = y.name, eps = writer.literal(module.eps),
      weight = module.weight and writer:array("weight", module.weight) .. "[i]" or "1.0f",
      bias = bias_of(writer, module, "i")})
  return y
end

-- Images ------------------------------------------------------------------------------------------

-- Sizes of an image or of a signal, which is one row of an image: channels, height, width.
local function image(sizes)
  return sizes[1], #sizes == 3 and sizes[2] or 1, sizes[#sizes]
end

-- An option as one per axis of an image.
local function two(list, other)
  if #list == 2 then return list[1], list[2] end
  return other, list[1]
end

-- Fields for what convolutions and pooling have in common.
local function geometry(module, x, x_sizes, y, y_sizes)
  local o, f = module.options, {x = x.name, y = y.name}
  f.C, f.H, f.W = image(x_sizes)
  f.O, f.P, f.Q = image(y_sizes)
  f.kh, f.kw = two(module.kernel_size, 1)
  f.sh, f.sw = two(o.stride, 1)
  f.ph, f.pw = two(o.padding, 0)
  f.dh, f.dw = two(o.dilation or {1, 1}, 1)
  return f
end

-- y[o,i,j] = b[o] + sum of W[o,c,p,q] x[c, i sh - ph + p dh, j sw - pw + q dw], c of o's group
local function convolution_layer(writer, module, x)
  local x_sizes = writer:sizes(x)
  local y, y_sizes = output_of(writer, module, x)
  local f = geometry(module, x, x_sizes, y, y_sizes)
  f.weight, f.bias = writer:array("weight", module.weight), bias_of(writer, module, "o")
  f.each, f.fan = f.C // module.options.groups, f.O // module.options.groups
  writer:comment(module)
  writer:code([[
for (int o = 0; o < $O; o++) {
    for (int i = 0; i < $P; i++) {
        for (int j = 0; j < $Q; j++) {
            float sum = $bias;
            for (int c = 0; c < $each; c++) {
                const float *image = $x + (o / $fan * $each + c) * $H * $W;
                const float *w = $weight + (o * $each + c) * $kh * $kw;
                for (int p = 0; p < $kh; p++) {
                    int r = i * $sh - $ph + p * $dh;
                    if (r < 0 || r >= $H) continue;
                    for (int q = 0; q < $kw; q++) {
                        int s = j * $sw - $pw + q * $dw;
                        if (s >= 0 && s < $W) sum += w[p * $kw + q] * image[r * $W + s];
                    }
                }
            }
            $y[(o * $P + i) * $Q + j] = sum;
        }
    }
}]], f)
  return y
end

layers[convolution.Conv1d] = convolution_layer
layers[convolution.Conv2d] = convolution_layer

-- The transposed: every x[c,i,j] adds W[c,o,p,q] times itself to the pixels that it came from
layers[convolution.ConvTranspose2d] = function(writer, module, x)
  local x_sizes = writer:sizes(x)
  local y, y_sizes = output_of(writer, module, x)
  local f = geometry(module, x, x_sizes, y, y_sizes)
  f.weight, f.bias = writer:array("weight", module.weight), bias_of(writer, module, "o")
  f.fan, f.each = f.C // module.options.groups, f.O // module.options.groups
  writer:comment(module)
  writer:code([[
for (int o = 0; o < $O; o++)
    for (int i = 0; i < $P * $Q; i++) $y[o * $P * $Q + i] = $bias;
for (int c = 0; c < $C; c++) {
    for (int o = 0; o < $each; o++) {
        float *image = $y + (c / $fan * $each + o) * $P * $Q;
        const float *w = $weight + (c * $each + o) * $kh * $kw;
        for (int i = 0; i < $H * $kh; i++) {
            int r = i / $kh * $sh - $ph + i % $kh * $dh;
            if (r < 0 || r >= $P) continue;
            for (int j = 0; j < $W * $kw; j++) {
                int s = j / $kw * $sw - $pw + j % $kw * $dw;
                if (s < 0 || s >= $Q) continue;
                image[r * $Q + s] += w[i % $kh * $kw + j % $kw] *
                                     $x[(c * $H + i / $kh) * $W + j / $kw];
            }
        }
    }
}]], f)
  return y
end

layers[pooling.MaxPool2d] = function(writer, module, x)
  local x_sizes = writer:sizes(x)
  local y, y_sizes = output_of(writer, module, x)
  writer:comment(module)
  writer:code([[
for (int c = 0; c < $C; c++) {
    for (int i = 0; i < $P; i++) {
        for (int j = 0; j < $Q; j++) {
            float largest = -INFINITY;
            for (int p = 0; p < $kh; p++) {
                int r = i * $sh - $ph + p * $dh;
                if (r < 0 || r >= $H) continue;
                for (int q = 0; q < $kw; q++) {
                    int s = j * $sw - $pw + q * $dw;
                    if (s >= 0 && s < $W) largest = fmaxf(largest, $x[(c * $H + r) * $W + s]);
                }
            }
            $y[(c * $P + i) * $Q + j] = largest;
        }
    }
}]], geometry(module, x, x_sizes, y, y_sizes))
  return y
end

-- The mean of rows top..bottom-1 and columns left..right-1, divided by `count`.
local MEAN = [[
            float sum = 0.0f;
            for (int r = top; r < bottom; r++)
                for (int s = left; s < right; s++) sum += $x[(c * $H + r) * $W + s];
            $y[(c * $P + i) * $Q + j] = sum / (float)($count);
        }
    }
}]]

-- Padding is counted up to where it ends.
layers[pooling.AvgPool2d] = function(writer, module, x)
  local x_sizes = writer:sizes(x)
  local y, y_sizes = output_of(writer, module, x)
  local f = geometry(module, x, x_sizes, y, y_sizes)
  local counted = module.options.count_include_pad
  f.count = counted and "padded" or "(bottom - top) * (right - left)"
  f.padded = counted and "int padded = (bottom - top) * (right - left);" or ""
  writer:comment(module)
  writer:code([[
for (int c = 0; c < $C; c++) {
    for (int i = 0; i < $P; i++) {
        for (int j = 0; j < $Q; j++) {
            int top = i * $sh - $ph, left = j * $sw - $pw;
            int bottom = top + $kh < $H + $ph ? top + $kh : $H + $ph;
            int right = left + $kw < $W + $pw ? left + $kw : $W + $pw;
            $padded
            top = top > 0 ? top : 0;
            left = left > 0 ? left : 0;
            bottom = bottom < $H ? bottom : $H;
            right = right < $W ? right : $W;
]] .. MEAN, f)
  return y
end

layers[pooling.AdaptiveAvgPool2d] = function(writer, module, x)
  local f = {x = x.name, count = "(bottom - top) * (right - left)"}
  f.C, f.H, f.W = image((writer:sizes(x)))
  local y, y_sizes = output_of(writer, module, x)
  f.y, f.P, f.Q = y.name, y_sizes[2], y_sizes[3]
  writer:comment(module)
  writer:code([[
for (int c = 0; c < $C; c++) {
    for (int i = 0; i < $P; i++) {
        for (int j = 0; j < $Q; j++) {
            int top = i * $H / $P, bottom = ((i + 1) * $H + $P - 1) / $P;
            int left = j * $W / $Q, right = ((j + 1) * $W + $Q - 1) / $Q;
]] .. MEAN, f)
  return y
end

return layers

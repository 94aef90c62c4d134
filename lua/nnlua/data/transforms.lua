-- data.transforms: images changed at random, for training on more than there is, and normalised.
--
--   local t = data.transforms
--   data.loader {dataset = ds, batch_size = 128, shuffle = true,
--                transform = t.compose {t.random_affine {degrees = 10}, t.noise {std = 8}}}
--
-- A transform is a function (x, y, generator) -> x, y; it returns new images and y as it is.
-- Images are [N,H,W] or [N,C,H,W], uint8 or float, or rows [N,H*W] where the option size says
-- {height, width}. All channels of an image are changed alike. Bytes stay bytes (rounded, and cut
-- to 0..255) but in `normalize`.
--
-- Invariants: what is drawn is drawn beforehand, image by image, from the generator (the default
-- one if none is given), in an order that each transform states: the result depends on that alone,
-- not on threads. A transform that draws nothing leaves the generator as it is.

local core = require "nnlua.core"
local options = require "nnlua.options"

local transforms = {}

local function bad_option(name, function_name, expected, got)
  local text = tostring(got)
  if type(got) == "table" then
    local items = {}
    for i, item in ipairs(got) do
      items[i] = tostring(item)
    end
    text = "{" .. table.concat(items, ", ") .. "}"
  end
  options.raise("bad option '%s' to '%s' (%s expected, got %s)", name, function_name, expected,
                text)
end

local function is_finite(value)
  return math.type(value) and value == value and math.abs(value) ~= math.huge
end

-- The option, a number or a list of two, as two numbers that `fits` accepts; `single` makes two of
-- one number.
local function pair(opts, name, function_name, expected, single, fits)
  local given = opts[name]
  local a, b
  if type(given) == "table" and #given == 2 then
    a, b = given[1], given[2]
  elseif is_finite(given) then
    a, b = single(given)
  end
  if not (is_finite(a) and is_finite(b) and fits(a, b)) then
    bad_option(name, function_name, expected, given)
  end
  return a, b
end

local function symmetric(v) return -v, v end
local function both(v) return v, v end
local function ordered(a, b) return a <= b end
local function positive_ordered(a, b) return 0 < a and a <= b end
local function not_negative(a, b) return a >= 0 and b >= 0 end
local function whole_sizes(a, b)
  return math.type(a) == "integer" and math.type(b) == "integer" and a > 0 and b > 0
end

local function positive(opts, name, function_name)
  local value = opts[name]
  if not (is_finite(value) and value > 0) then
    bad_option(name, function_name, "positive number", value)
  end
  return value
end

-- x as images [N,H,W] or [N,C,H,W], and its shape; size: {height, width} of rows, or nil.
local function as_images(x, size, function_name)
  if not core.is_tensor(x) then
    core.arg_error(1, function_name, "images expected, got " .. options.type_name(x))
  end
  local shape = core.shape(x)
  if size and #shape == 2 then
    if shape[2] ~= size[1] * size[2] then
      core.arg_error(1, function_name, ("rows of %d pixels are no images of %dx%d"):format(
        shape[2], size[1], size[2]))
    end
    return core.reshape(x, shape[1], size[1], size[2]), shape
  elseif #shape ~= 3 and #shape ~= 4 then
    core.arg_error(1, function_name, ("images are [%s], expected [N,H,W] or [N,C,H,W]%s"):format(
      table.concat(shape, ","), #shape == 2 and ", or the option 'size'" or ""))
  end
  return x, shape
end

-- The option `size` as {height, width}, or nil.
local function size_option(opts, function_name)
  if opts.size == nil then return nil end
  return {pair(opts, "size", function_name, "{height, width}", both, whole_sizes)}
end

-- A transform of images: change(images, generator) -> images, with rows made images and back.
local function of_images(function_name, size, change)
  return function(x, y, generator)
    local images, shape = as_images(x, size, function_name)
    local changed = change(images, generator)
    return #shape == 2 and core.reshape(changed, shape) or changed, y
  end
end

-- n lists of `count` uniform numbers in [0,1).
local function draw(n, count, generator)
  if n == 0 then return {} end
  return core.totable(core.rand(n, count, {dtype = "float64", generator = generator}))
end

--- transforms.compose{f, g, ...} -> a transform that applies one after the other.
function transforms.compose(list)
  if type(list) ~= "table" then
    core.arg_error(1, "compose", "list of transforms expected, got " .. options.type_name(list))
  end
  local steps = table.move(list, 1, #list, 1, {})
  for i, step in ipairs(steps) do
    if type(step) ~= "function" then
      core.arg_error(1, "compose", ("transform %d is a %s, expected a function"):format(
        i, options.type_name(step)))
    end
  end
  return function(x, y, generator)
    for _, step in ipairs(steps) do
      x, y = step(x, y, generator)
    end
    return x, y
  end
end

-- The matrix (core.warp_affine) by which the image turns by `angle` degrees clockwise, leans by
-- `shear` degrees, grows by `scale` and moves by dy and dx pixels, about its middle: the result's
-- pixel p is read at A^-1 (p - middle - move) + middle, A = turn * lean * scale, as torchvision's.
local function inverse_matrix(height, width, angle, shear, scale, dy, dx)
  local a, s = math.rad(angle), math.tan(math.rad(shear))
  local cos, sin = math.cos(a) / scale, math.sin(a) / scale
  -- in (x,y), y downwards: A = scale [cos -sin; sin cos] [1 -s; 0 1]
  local xx, xy, yx, yy = cos - s * sin, sin + s * cos, -sin, cos
  local my, mx = (height - 1) / 2, (width - 1) / 2
  return {{yy, yx, my - yy * (my + dy) - yx * (mx + dx)},
          {xy, xx, mx - xy * (my + dy) - xx * (mx + dx)}}
end

--- transforms.random_affine{degrees = 0, translate = 0, scale = 1, shear = 0, fill = 0, size}
---
--- Each image is turned (clockwise), leant, scaled and moved about its middle, by amounts drawn
--- evenly, and read with bilinear interpolation; outside it is `fill`.
--- degrees, shear: at most so much either way, or {low, high}. translate: at most this share of the
--- height and width either way, or {share of height, share of width}. scale: {low, high}.
--- Drawn: five numbers for each image: angle, shear, scale, move down, move right.
function transforms.random_affine(given)
  local name = "random_affine"
  local opts = options.check(name, given, {
    degrees = options.optional, translate = options.optional, scale = options.optional,
    shear = options.optional, fill = 0, size = options.optional})
  opts.degrees, opts.shear = opts.degrees or 0, opts.shear or 0
  opts.translate, opts.scale = opts.translate or 0, opts.scale or 1
  local angle, angle_end = pair(opts, "degrees", name, "number or {low, high}", symmetric, ordered)
  local lean, lean_end = pair(opts, "shear", name, "number or {low, high}", symmetric,
                              function(a, b) return -90 < a and a <= b and b < 90 end)
  local small, large = pair(opts, "scale", name, "{low, high}, positive,", both, positive_ordered)
  local down, right = pair(opts, "translate", name, "number or {height, width}, not negative,",
                           both, not_negative)
  local size = size_option(opts, name)
  return of_images(name, size, function(images, generator)
    local shape = core.shape(images)
    local height, width = shape[#shape - 1], shape[#shape]
    local matrices = draw(shape[1], 5, generator)
    for i, u in ipairs(matrices) do
      matrices[i] = inverse_matrix(height, width, angle + (angle_end - angle) * u[1],
        lean + (lean_end - lean) * u[2], small + (large - small) * u[3],
        (2 * u[4] - 1) * down * height, (2 * u[5] - 1) * right * width)
    end
    if shape[1] == 0 then return core.clone(images) end
    return core.warp_affine(images, core.tensor(matrices, {dtype = "float64"}), opts.fill)
  end)
end

--- transforms.random_shift{pixels, fill = 0, size}
---
--- Each image is moved by whole pixels, at most `pixels` (or {down, right}) either way. Drawn: an
--- integer for each image, down; then one for each, right.
function transforms.random_shift(given)
  local name = "random_shift"
  local opts = options.check(name, given, {pixels = options.required, fill = 0,
                                           size = options.optional})
  local down, right = pair(opts, "pixels", name, "whole number or {down, right}, not negative,",
    both, function(a, b)
      return math.type(a) == "integer" and math.type(b) == "integer" and not_negative(a, b)
    end)
  local size = size_option(opts, name)
  return of_images(name, size, function(images, generator)
    local n, matrices = core.size(images, 1), {}
    if n == 0 then return core.clone(images) end
    local dy = core.totable(core.randint(-down, down + 1, n, {generator = generator}))
    local dx = core.totable(core.randint(-right, right + 1, n, {generator = generator}))
    for i = 1, n do matrices[i] = {{1, 0, -dy[i]}, {0, 1, -dx[i]}} end
    return core.warp_affine(images, core.tensor(matrices, {dtype = "float64"}), opts.fill)
  end)
end

--- transforms.elastic{alpha, sigma, fill = 0, size}
---
--- Each pixel is read elsewhere, by a random field that is smooth: numbers drawn evenly from -1..1,
--- convolved with a Gaussian of sigma pixels, times alpha pixels (Simard, Steinkraus and Platt,
--- 2003; for digits they used sigma 4 and alpha 34). Drawn: for each image H W numbers, how far
--- down, then H W, how far right.
function transforms.elastic(given)
  local name = "elastic"
  local opts = options.check(name, given, {alpha = options.required, sigma = options.required,
                                           fill = 0, size = options.optional})
  local alpha, sigma = positive(opts, "alpha", name), positive(opts, "sigma", name)
  local size = size_option(opts, name)
  return of_images(name, size, function(images, generator)
    local shape = core.shape(images)
    local field = core.rand(shape[1], 2, shape[#shape - 1], shape[#shape],
                            {dtype = "float64", generator = generator})
    field = core.gaussian_blur(core.sub_(core.mul_(field, 2), 1), sigma)
    return core.warp_field(images, core.mul_(field, alpha), opts.fill)
  end)
end

--- transforms.noise{std}
---
--- Adds normal noise of that standard deviation, in the units of x (of bytes: 0..255). x: any
--- shape. Drawn: one normal number for each element.
function transforms.noise(given)
  local opts = options.check("noise", given, {std = options.required})
  local std = positive(opts, "std", "noise")
  return function(x, y, generator)
    local dtype = core.is_tensor(x) and core.dtype(x)
    if dtype ~= "uint8" and dtype ~= "float32" and dtype ~= "float64" then
      core.arg_error(1, "noise", "uint8 or float tensor expected, got "
        .. (dtype or options.type_name(x)))
    end
    local kind = dtype == "uint8" and "float32" or dtype
    local noise = core.randn(core.shape(x), {dtype = kind, generator = generator})
    local noisy = core.add_(core.mul_(noise, std), x)
    if dtype == "uint8" then
      noisy = core.to(core.clamp_(core.round_(noisy), 0, 255), "uint8")
    end
    return noisy, y
  end
end

-- The option as a number or a tensor [C,1,1] that broadcasts over [N,C,H,W].
local function per_channel(opts, name)
  local given = opts[name]
  if is_finite(given) then return given, nil end
  if type(given) ~= "table" or #given == 0 then
    bad_option(name, "normalize", "number or list of numbers", given)
  end
  for _, value in ipairs(given) do
    if not is_finite(value) then
      bad_option(name, "normalize", "number or list of numbers", given)
    end
  end
  return core.reshape(core.tensor(given, {dtype = "float64"}), #given, 1, 1), #given
end

--- transforms.normalize{mean, std}
---
--- (x - mean) / std. mean, std: numbers, for x of any shape, or lists of one number per channel,
--- for [N,C,H,W]. Bytes are first divided by 255 and become float32, so mean and std are those of
--- pixels in 0..1. Nothing is drawn.
function transforms.normalize(given)
  local opts = options.check("normalize", given, {mean = options.required, std = options.required})
  local mean, mean_channels = per_channel(opts, "mean")
  local std, std_channels = per_channel(opts, "std")
  if not core.item(core.all(core.gt(core.is_tensor(std) and std or core.tensor(std), 0))) then
    bad_option("std", "normalize", "positive number or numbers", opts.std)
  end
  local channels = mean_channels or std_channels
  if mean_channels and std_channels and mean_channels ~= std_channels then
    options.raise("options 'mean' and 'std' to 'normalize' are for %d and %d channels",
                  mean_channels, std_channels)
  end
  return function(x, y)
    local dtype = core.is_tensor(x) and core.dtype(x)
    if dtype ~= "uint8" and dtype ~= "float32" and dtype ~= "float64" then
      core.arg_error(1, "normalize", "uint8 or float tensor expected, got "
        .. (dtype or options.type_name(x)))
    elseif channels and (core.ndim(x) ~= 4 or core.size(x, 2) ~= channels) then
      core.arg_error(1, "normalize", ("images are [%s], expected [N,%d,H,W]"):format(
        table.concat(core.shape(x), ","), channels))
    end
    if dtype == "uint8" and not channels then
      return core.rescale(x, 1 / (255 * std), -mean / std, "float32"), y
    end
    local wide = core.to(x, "float64")
    if dtype == "uint8" then
      wide = core.div(wide, 255)
    end
    return core.to(core.div(core.sub(wide, mean), std), dtype == "uint8" and "float32" or dtype), y
  end
end

return options.strict("nn.data.transforms", transforms)

-- Synthetic digits: strokes of ten digits, distorted like handwriting and drawn with a soft pen.
--
-- They stand in for MNIST where its files are missing, in the same convention: 28x28, white ink on
-- black, the ink's longer side about 20 pixels, its mass in the middle. They are easier than MNIST:
-- figures measured on them must never be called MNIST's.
--
-- Invariants: the digits are a function of seed, train and test alone; labels are balanced (counts
-- differ by one at most) and shuffled; every digit has its own draws of one random stream, so none
-- is in both splits.

local options = require "nnlua.options"

local synthetic = {}

-- A stroke is x, y, x, y, ... in a unit square, y downwards: a smooth curve through its points; a
-- point that is written twice is a corner. A digit has several ways of being written, all equally
-- likely; a way that is listed twice is twice as likely.
local PLAIN_ONE = {{0.52,0.00, 0.50,0.50, 0.49,1.00}}
local SEVEN = {0.05,0.08, 0.45,0.05, 0.90,0.03, 0.90,0.03, 0.62,0.45, 0.40,1.00}
local ZERO = {{0.55,0.01, 0.24,0.12, 0.08,0.50, 0.22,0.88, 0.50,1.00, 0.78,0.88, 0.92,0.50,
               0.78,0.12, 0.50,0.00}}
local SHAPES = {
  [0] = {
    ZERO, ZERO,
    -- begun and ended at the upper right, with a curl inside
    {{0.72,0.08, 0.36,0.05, 0.10,0.42, 0.18,0.84, 0.48,1.00, 0.82,0.80, 0.90,0.38, 0.66,0.04,
      0.42,0.14}},
  },
  {
    PLAIN_ONE, PLAIN_ONE, PLAIN_ONE,
    {{0.28,0.26, 0.54,0.00, 0.54,0.00, 0.53,0.50, 0.52,1.00}},
    {{0.28,0.22, 0.54,0.00, 0.54,0.00, 0.53,0.50, 0.52,0.98}, {0.26,1.00, 0.50,0.98, 0.80,1.00}},
  },
  {
    {{0.10,0.27, 0.24,0.06, 0.54,0.00, 0.80,0.16, 0.74,0.44, 0.42,0.76, 0.06,0.99, 0.06,0.99,
      0.50,0.96, 0.96,0.97}},
    -- with a loop at the lower left
    {{0.12,0.22, 0.32,0.03, 0.62,0.03, 0.78,0.24, 0.62,0.54, 0.34,0.84, 0.14,0.96, 0.04,0.86,
      0.20,0.78, 0.48,0.92, 0.72,1.00, 0.98,0.88}},
  },
  {
    {{0.12,0.14, 0.40,0.00, 0.76,0.12, 0.70,0.36, 0.36,0.47, 0.36,0.47, 0.76,0.55, 0.86,0.78,
      0.54,1.00, 0.08,0.88}},
    -- the middle a bend, not a corner
    {{0.16,0.10, 0.48,0.00, 0.78,0.16, 0.66,0.38, 0.42,0.48, 0.72,0.58, 0.80,0.80, 0.50,0.99,
      0.12,0.94}},
    -- flat on top
    {{0.10,0.03, 0.50,0.02, 0.82,0.01, 0.82,0.01, 0.62,0.22, 0.42,0.42, 0.42,0.42, 0.80,0.54,
      0.84,0.80, 0.50,1.00, 0.06,0.90}},
  },
  {
    -- open on top
    {{0.22,0.02, 0.16,0.30, 0.08,0.58, 0.08,0.58, 0.45,0.58, 0.84,0.54},
     {0.74,0.06, 0.70,0.50, 0.64,1.00}},
    {{0.20,0.06, 0.12,0.42, 0.30,0.58, 0.62,0.52, 0.80,0.40},
     {0.86,0.00, 0.78,0.50, 0.70,1.00}},
    -- closed
    {{0.66,0.00, 0.38,0.32, 0.06,0.66, 0.06,0.66, 0.50,0.66, 0.96,0.64},
     {0.66,0.00, 0.65,0.50, 0.62,1.00}},
  },
  {
    {{0.84,0.02, 0.55,0.03, 0.26,0.04, 0.26,0.04, 0.22,0.22, 0.18,0.44, 0.18,0.44, 0.50,0.35,
      0.84,0.54, 0.78,0.86, 0.42,1.00, 0.06,0.88}},
    -- the bar drawn last, from a rounded body
    {{0.32,0.04, 0.26,0.24, 0.24,0.42, 0.52,0.42, 0.80,0.60, 0.70,0.90, 0.38,1.00, 0.08,0.94},
     {0.32,0.05, 0.60,0.04, 0.94,0.00}},
  },
  {
    {{0.74,0.02, 0.42,0.18, 0.18,0.50, 0.14,0.82, 0.42,1.00, 0.74,0.88, 0.76,0.62, 0.48,0.54,
      0.16,0.72}},
    -- a steep back and a small bowl
    {{0.46,0.00, 0.28,0.28, 0.18,0.60, 0.22,0.90, 0.50,1.00, 0.76,0.86, 0.68,0.64, 0.42,0.62,
      0.20,0.80}},
  },
  {
    {SEVEN}, {SEVEN},
    {SEVEN, {0.34,0.52, 0.58,0.50, 0.86,0.48}},
    {{0.08,0.22, 0.10,0.06, 0.10,0.06, 0.50,0.05, 0.88,0.02, 0.88,0.02, 0.66,0.40, 0.50,1.00}},
  },
  {
    -- one line, begun at the upper right
    {{0.80,0.16, 0.52,0.00, 0.20,0.16, 0.32,0.38, 0.66,0.56, 0.82,0.80, 0.52,1.00, 0.20,0.84,
      0.34,0.58, 0.68,0.38, 0.82,0.14, 0.60,0.01}},
    -- two circles
    {{0.52,0.00, 0.24,0.10, 0.22,0.34, 0.50,0.46, 0.76,0.34, 0.76,0.10, 0.50,0.00},
     {0.50,0.46, 0.18,0.58, 0.16,0.88, 0.50,1.00, 0.84,0.88, 0.82,0.58, 0.50,0.46}},
  },
  {
    {{0.80,0.16, 0.50,0.00, 0.18,0.16, 0.22,0.44, 0.54,0.48, 0.80,0.20, 0.80,0.20, 0.78,0.60,
      0.70,1.00}},
    -- with a curved tail
    {{0.78,0.18, 0.52,0.00, 0.22,0.14, 0.24,0.42, 0.54,0.46, 0.78,0.18, 0.78,0.18, 0.80,0.56,
      0.68,0.92, 0.40,1.00, 0.16,0.92}},
    -- the loop runs into the tail
    {{0.70,0.10, 0.40,0.02, 0.20,0.26, 0.40,0.48, 0.68,0.34, 0.74,0.08, 0.66,0.54, 0.54,1.00}},
  },
}

local SIDE = 28      -- pixels a side of an image
local MIDDLE = 14.5  -- where the ink's mass is, as in MNIST: the centre of row and column 15 of 28
local INK = 20       -- pixels that the longer side of the ink fills, before jitter
local MOST = 1000000 -- digits in a split
local STEP = 0.03    -- distance of the pen's stamps, in unit squares: under a pixel

-- Points along a stroke's curve (Catmull-Rom) about STEP apart, appended to xs and ys from n + 1;
-- each control point is moved first by up to `wobble`, both halves of a corner together. The count.
local function trace(stroke, wobble, uniform, xs, ys, n)
  local px, py, m = {}, {}, 0
  for i = 1, #stroke, 2 do
    m = m + 1
    if i > 1 and stroke[i] == stroke[i - 2] and stroke[i + 1] == stroke[i - 1] then
      px[m], py[m] = px[m - 1], py[m - 1]
    else
      px[m] = stroke[i] + wobble * (2 * uniform() - 1)
      py[m] = stroke[i + 1] + wobble * (2 * uniform() - 1)
    end
  end
  for i = 1, m - 1 do
    local bx, by, cx, cy = px[i], py[i], px[i + 1], py[i + 1]
    local ax, ay = px[i - 1] or bx, py[i - 1] or by
    local dx, dy = px[i + 2] or cx, py[i + 2] or cy
    local steps = math.ceil(math.sqrt((cx - bx) ^ 2 + (cy - by) ^ 2) / STEP)
    for s = i == 1 and 0 or 1, steps do
      local t = s / math.max(steps, 1)
      n = n + 1
      xs[n] = bx + 0.5 * t * (cx - ax + t * (2 * ax - 5 * bx + 4 * cx - dx
                                             + t * (3 * (bx - cx) + dx - ax)))
      ys[n] = by + 0.5 * t * (cy - ay + t * (2 * ay - 5 * by + 4 * cy - dy
                                             + t * (3 * (by - cy) + dy - ay)))
    end
  end
  return n
end

-- Bends the points by a smooth random displacement field, then slants, turns and stretches them.
local function distort(xs, ys, n, uniform)
  local function between(lo, hi)
    return lo + (hi - lo) * uniform()
  end
  local sin, tau = math.sin, 2 * math.pi
  -- the field: one plane wave for either coordinate, less than a wave long in the unit square
  local ux, uy, up, ua = between(-5, 5), between(-5, 5), between(0, tau), between(0, 0.09)
  local vx, vy, vp, va = between(-5, 5), between(-5, 5), between(0, tau), between(0, 0.09)
  local turn, slant = between(-0.25, 0.25), between(-0.15, 0.5)
  local wide = between(0.65, 1.1)
  local c, s = math.cos(turn), math.sin(turn)
  -- [c -s; s c] [1 -slant; 0 1] [wide 0; 0 1]: with slant the top leans right, as handwriting does
  local xx, xy = c * wide, -c * slant - s
  local yx, yy = s * wide, -s * slant + c
  for i = 1, n do
    local x, y = xs[i], ys[i]
    x, y = x + ua * sin(ux * x + uy * y + up), y + va * sin(vx * x + vy * y + vp)
    xs[i], ys[i] = xx * x + xy * y, yx * x + yy * y
  end
end

-- Scales the points to pixels, the longer side of their box `side`, their mean at MIDDLE; smaller
-- where a far end would leave the image.
local function place(xs, ys, n, side, reach)
  local left, right, top, bottom = math.huge, -math.huge, math.huge, -math.huge
  local mean_x, mean_y = 0.0, 0.0
  for i = 1, n do
    local x, y = xs[i], ys[i]
    if x < left then left = x end
    if x > right then right = x end
    if y < top then top = y end
    if y > bottom then bottom = y end
    mean_x, mean_y = mean_x + x, mean_y + y
  end
  mean_x, mean_y = mean_x / n, mean_y / n
  local farthest = math.max(right - mean_x, mean_x - left, bottom - mean_y, mean_y - top)
  local factor = math.min(side / math.max(right - left, bottom - top),
                          (SIDE - MIDDLE - reach) / farthest)
  for i = 1, n do
    xs[i] = (xs[i] - mean_x) * factor + MIDDLE
    ys[i] = (ys[i] - mean_y) * factor + MIDDLE
  end
end

-- The image's bytes, row by row: white within the pen's radius, fading over the width `soft`.
local function ink(xs, ys, n, radius, soft)
  local reach = radius + soft / 2
  local nearest = {} -- squared distance from a pixel's centre to the nearest stamp
  local far = reach * reach
  for p = 1, SIDE * SIDE do
    nearest[p] = far
  end
  local max, min, floor, ceil = math.max, math.min, math.floor, math.ceil
  for i = 1, n do
    local x, y = xs[i] + 0.5, ys[i] + 0.5 -- the centre of pixel k is at k
    local first, last = max(1, ceil(x - reach)), min(SIDE, floor(x + reach))
    for row = max(1, ceil(y - reach)), min(SIDE, floor(y + reach)) do
      local dy = (row - y) * (row - y)
      local base = (row - 1) * SIDE
      for column = first, last do
        local d = (column - x) * (column - x) + dy
        if d < nearest[base + column] then
          nearest[base + column] = d
        end
      end
    end
  end
  for p = 1, SIDE * SIDE do
    local d = nearest[p]
    nearest[p] = d >= far and 0 or floor(255 * min(1.0, (reach - d ^ 0.5) / soft) + 0.5)
  end
  return string.char(table.unpack(nearest))
end

--- synthetic.draw(digit, uniform) -> 784 bytes: one image of the digit 0..9, row by row.
-- uniform() returns the next random number in [0, 1); a digit takes as many as it needs.
function synthetic.draw(digit, uniform)
  local ways = SHAPES[digit]
  local strokes = ways[math.floor(uniform() * #ways) + 1]
  local xs, ys, n = {}, {}, 0
  local wobble = 0.02 + 0.055 * uniform()
  for _, stroke in ipairs(strokes) do
    n = trace(stroke, wobble, uniform, xs, ys, n)
  end
  distort(xs, ys, n, uniform)
  local radius, soft = 0.75 + 1.05 * uniform(), 0.9 + 0.6 * uniform()
  place(xs, ys, n, INK * (0.9 + 0.1 * uniform()) - 2 * radius, radius + soft / 2)
  return ink(xs, ys, n, radius, soft)
end

-- The option as an integer from 0 to `most`.
local function whole_option(opts, name, most)
  local n = math.tointeger(opts[name])
  if not n or n < 0 or n > most then
    options.raise("bad option '%s' to 'data.synthetic_digits' (0 to %d expected, got %s)", name,
                  most, tostring(opts[name]))
  end
  return n
end

-- Random numbers in [0, 1), one a call, drawn from the generator in blocks.
local function stream(nn, generator)
  local block, i = {}, 0
  return function()
    i = i + 1
    if i > #block then
      block, i = nn.rand(8192, {generator = generator, dtype = "float64"}):totable(), 1
    end
    return block[i]
  end
end

-- n digits: the classes 0..9 equally often, in random order.
local function split(nn, n, uniform)
  local digits, labels, images = {}, {}, {}
  for i = 1, n do
    digits[i] = (i - 1) % 10
  end
  for i = n, 2, -1 do
    local k = math.floor(uniform() * i) + 1
    digits[i], digits[k] = digits[k], digits[i]
  end
  for i, digit in ipairs(digits) do
    images[i] = synthetic.draw(digit, uniform)
    labels[i] = digit + 1
  end
  return {
    images = nn.from_bytes(table.concat(images), {dtype = "uint8", shape = {n, SIDE, SIDE}}),
    labels = nn.tensor(labels, {dtype = "int64"}),
  }
end

--- data.synthetic_digits{train=6000, test=1000, seed=0} -> a data set like nnlua.data.mnist's:
--- {train = {images = uint8 [n,28,28], labels = int64 [n], 1..10}, test = {...},
---  classes = {"0", ..., "9"}, source = "synthetic"}.
-- seed: 0 to 2^32 - 1. Raises for other options and values. About 0.2 ms a digit.
function synthetic.digits(given)
  local nn = require "nnlua"
  local opts = options.check("data.synthetic_digits", given, {train = 6000, test = 1000, seed = 0})
  local train, test = whole_option(opts, "train", MOST), whole_option(opts, "test", MOST)
  local uniform = stream(nn, nn.Generator(whole_option(opts, "seed", 0xffffffff)))
  return {
    train = split(nn, train, uniform),
    test = split(nn, test, uniform),
    classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
    source = "synthetic",
  }
end

return synthetic

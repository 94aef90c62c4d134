-- Sobol points: a sequence that fills the space of the parameters more evenly than chance.
--
-- Direction numbers of S. Joe and F. Y. Kuo (2008), "Constructing Sobol sequences with better
-- two-dimensional projections", new-joe-kuo-6.21201; points in the order of Gray's code. Each seed
-- shifts all points in its own way (bitwise, which keeps them evenly spread).

local options = require "nnlua.options"

local sobol = {}

local BITS = 32

-- By dimension: the primitive polynomial as bits, and the first direction numbers m.
local TABLE = {
  {1, 1}, {3, 1}, {7, 1, 3}, {11, 1, 3, 1}, {13, 1, 1, 1}, {19, 1, 1, 3, 3}, {25, 1, 3, 5, 13},
  {37, 1, 1, 5, 5, 17}, {41, 1, 1, 5, 5, 5}, {47, 1, 1, 7, 11, 19}, {55, 1, 1, 5, 1, 1},
  {59, 1, 1, 1, 3, 11}, {61, 1, 3, 5, 5, 31}, {67, 1, 3, 3, 9, 7, 49}, {91, 1, 1, 1, 15, 21, 21},
  {97, 1, 3, 1, 13, 27, 49}, {103, 1, 1, 1, 15, 7, 5}, {109, 1, 3, 1, 15, 13, 25},
  {115, 1, 1, 5, 5, 19, 61}, {131, 1, 3, 7, 11, 23, 15, 103}, {137, 1, 3, 7, 13, 13, 15, 69},
  {143, 1, 1, 3, 13, 7, 35, 63}, {145, 1, 3, 5, 9, 1, 25, 53}, {157, 1, 3, 1, 13, 9, 35, 107},
  {167, 1, 3, 1, 5, 27, 61, 31}, {171, 1, 1, 5, 11, 19, 41, 61}, {185, 1, 3, 5, 3, 3, 13, 69},
  {191, 1, 1, 7, 13, 1, 19, 1}, {193, 1, 3, 7, 5, 13, 19, 59}, {203, 1, 1, 3, 9, 25, 29, 41},
  {211, 1, 3, 5, 13, 23, 1, 55}, {213, 1, 3, 7, 3, 13, 59, 17},
}

-- The direction numbers of a dimension: v[k], k = 1..BITS, as fractions of 2^BITS.
local function directions(dimension)
  local row, v = TABLE[dimension], {}
  local polynomial, degree = row[1], #row - 1
  if dimension == 1 then
    for k = 1, BITS do v[k] = 1 << (BITS - k) end
    return v
  end
  for k = 1, degree do v[k] = row[k + 1] << (BITS - k) end
  for k = degree + 1, BITS do
    v[k] = v[k - degree] ~ (v[k - degree] >> degree)
    for i = 1, degree - 1 do
      if polynomial >> (degree - i) & 1 == 1 then v[k] = v[k] ~ v[k - i] end
    end
  end
  return v
end

local known = {}

--- sobol.point(dimension, n) -> coordinate of point n = 0, 1, ... as an integer below 2^32.
function sobol.point(dimension, n)
  local v = known[dimension] or directions(dimension)
  known[dimension] = v
  local gray, x, k = n ~ (n >> 1), 0, 1
  while gray > 0 do
    if gray & 1 == 1 then x = x ~ v[k] end
    gray, k = gray >> 1, k + 1
  end
  return x
end

--- sobol.propose(context) -> {name = internal value}: context.distributions; context.number, of the
--- trial, from 1; context.sweep_draw() -> uniform numbers in [0,1), the same for all trials.
--- Raises for more than 32 parameters.
function sobol.propose(context)
  if #context.distributions > #TABLE then
    options.raise("method 'sobol' is for up to %d parameters, got %d", #TABLE,
                  #context.distributions)
  end
  local proposal = {}
  for d, distribution in ipairs(context.distributions) do
    local shift = math.floor(context.sweep_draw() * 2.0 ^ BITS)
    local u = (sobol.point(d, context.number - 1) ~ shift) * 2.0 ^ -BITS
    proposal[distribution.name] = distribution:from_unit(u)
  end
  return proposal
end

return sobol

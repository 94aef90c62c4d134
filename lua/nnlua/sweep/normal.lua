-- The standard normal distribution: quantiles, and what lies between two bounds.

local core = require "nnlua.core"

local normal = {}

-- Rational approximations of the quantile in the middle, in the tails and far out: M. J. Wichura
-- (1988), "Algorithm AS 241: The Percentage Points of the Normal Distribution", PPND16; relative
-- error about 1e-16. Coefficients from the highest power down.
local MIDDLE = {
  {2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4,
   4.5921953931549871457e+4, 1.3731693765509461125e+4, 1.9715909503065514427e+3,
   1.3314166789178437745e+2, 3.3871328727963666080e+0},
  {5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4,
   2.1213794301586595867e+4, 5.3941960214247511077e+3, 6.8718700749205790830e+2,
   4.2313330701600911252e+1, 1.0},
}
local TAIL = {
  {7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
   1.27045825245236838258e+0, 3.64784832476320460504e+0, 5.76949722146069140550e+0,
   4.63033784615654529590e+0, 1.42343711074968357734e+0},
  {1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
   1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e+0,
   2.05319162663775882187e+0, 1.0},
}
local FAR = {
  {2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
   2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e+0,
   5.46378491116411436990e+0, 6.65790464350110377720e+0},
  {2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
   7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
   5.99832206555887937690e-1, 1.0},
}

local function polynomial(coefficients, x)
  local sum = 0.0
  for _, c in ipairs(coefficients) do sum = sum * x + c end
  return sum
end

local function ratio(pair, x)
  return polynomial(pair[1], x) / polynomial(pair[2], x)
end

--- normal.quantile(p [, upper]) -> the x below which lies a part p in [0,1] of the distribution;
--- upper: above which. So the tails are as precise as p is.
function normal.quantile(p, upper)
  local sign = upper and -1 or 1
  local q = p - 0.5
  if math.abs(q) <= 0.425 then
    return sign * q * ratio(MIDDLE, 0.180625 - q * q)
  end
  local tail = q < 0 and p or 1 - p
  local x
  if tail <= 0 then
    x = math.huge
  else
    local r = math.sqrt(-math.log(tail))
    x = r <= 5 and ratio(TAIL, r - 1.6) or ratio(FAR, r - 5)
  end
  return q < 0 and -sign * x or sign * x
end

local HALF_ROOT = math.sqrt(0.5)

--- normal.cdf(x) -> the part below each element of a tensor of floats, to about 1e-16 absolutely.
function normal.cdf(x)
  return core.add(core.mul(core.erf(core.mul(x, HALF_ROOT)), 0.5), 0.5)
end

--- normal.mass(a, b) -> the part between a and b, tensors of floats of one shape, to about 1e-16
--- absolutely.
function normal.mass(a, b)
  local below <close> = core.erf_(core.mul(a, HALF_ROOT))
  return core.mul_(core.sub_(core.erf_(core.mul(b, HALF_ROOT)), below), 0.5)
end

return normal

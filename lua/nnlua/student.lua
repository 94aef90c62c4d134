-- Student's t: how wide the interval is that holds a mean with 95% certainty.

local student = {}

-- P(|T| < t) with n degrees of freedom: the finite series of M. Abramowitz, I. Stegun (1964),
-- "Handbook of Mathematical Functions", 26.7.3 and 26.7.4.
local function within(t, n)
  local angle = math.atan(t / math.sqrt(n))
  local cosine, sine = math.cos(angle), math.sin(angle)
  local odd = n % 2 == 1
  local term, sum = odd and cosine or 1.0, 0.0
  for k = odd and 1 or 0, n - 2, 2 do
    sum = sum + term
    term = term * (k + 1) / (k + 2) * cosine ^ 2
  end
  if not odd then return sine * sum end
  return 2 / math.pi * (angle + sine * sum)
end

local known = {} -- quantiles by n: curves ask for the same at every epoch

--- student.quantile(n) -> the t for which P(|T| < t) = 0.95 with n >= 1 degrees of freedom.
function student.quantile(n)
  if known[n] then return known[n] end
  local low, high = 1.9, 12.8 -- those of infinitely many and of one lie between
  for _ = 1, 60 do
    local middle = (low + high) / 2
    if within(middle, n) < 0.95 then low = middle else high = middle end
  end
  known[n] = (low + high) / 2
  return known[n]
end

--- student.interval(values) -> mean, half the width of its 95% interval (nil for a single value).
function student.interval(values)
  local n, sum, squares = #values, 0.0, 0.0
  for _, value in ipairs(values) do sum = sum + value end
  local mean = sum / n
  if n < 2 then return mean, nil end
  for _, value in ipairs(values) do squares = squares + (value - mean) ^ 2 end
  return mean, student.quantile(n - 1) * math.sqrt(squares / (n - 1) / n)
end

return student

-- A line search for the strong Wolfe conditions. Nocedal & Wright 2006, algorithms 3.5 and 3.6,
-- with the safeguards of minFunc, as PyTorch has them.
--
--   f(t) <= f(0) + C1 t f'(0)   and   |f'(t)| <= -C2 f'(0)
--
-- A point is {t=, f=, g=, slope=}: a step, and the loss, the gradient and the slope along the line
-- there. First a bracket is found, two points that have such a t between them; then it is narrowed.

local C1, C2 = 1e-4, 0.9
local TOLERANCE = 1e-9 -- on the bracket's length, as the largest change of a parameter
local MOST = 25        -- evaluations

-- The minimum of the cubic through two points, within low..high (the points, if not given).
local function cubic_minimum(a, b, low, high)
  if not low then
    low, high = math.min(a.t, b.t), math.max(a.t, b.t)
  end
  local d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t)
  local square = d1 * d1 - a.slope * b.slope
  if square >= 0 then
    local d2 = math.sqrt(square)
    if a.t > b.t then a, b = b, a end
    local t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return math.min(math.max(t, low), high)
  end
  return (low + high) / 2
end

-- A trial that is too near an end of the bracket for the second time, or at it, is moved inwards.
-- Returns the trial and whether it was near.
local function keep_off_ends(t, low, high, was_near)
  local margin = 0.1 * (high - low)
  if math.min(high - t, t - low) >= margin then
    return t, false
  elseif was_near or t >= high or t <= low then
    return math.abs(t - high) < math.abs(t - low) and high - margin or low + margin, false
  end
  return t, true
end

-- Two points, the one with the lower loss first.
local function by_loss(a, b)
  if a.f <= b.f then
    return a, b
  end
  return b, a
end

--- strong_wolfe(evaluate, t, f, g, slope, size) -> f, g, t, n: loss and gradient at the step that
--- it found, the step, and how often evaluate(t) -> f, g, slope was called.
--- t: the first step to try; f, g, slope: loss, gradient, slope at 0; size: the largest component
--- of the direction.
local function strong_wolfe(evaluate, t, f, g, slope, size)
  local evaluations = 0
  local function point(step)
    evaluations = evaluations + 1
    local p = {t = step}
    p.f, p.g, p.slope = evaluate(step)
    return p
  end
  local function too_high(p) return p.f > f + C1 * p.t * slope end
  local function flat(p) return math.abs(p.slope) <= -C2 * slope end

  local start = {t = 0, f = f, g = g, slope = slope}
  local before, here = start, point(t)
  local iteration, a, b = 0, nil, nil
  while iteration < MOST do
    if too_high(here) or iteration > 1 and here.f >= before.f then
      a, b = before, here
      break
    elseif flat(here) then
      return here.f, here.g, here.t, evaluations
    elseif here.slope >= 0 then
      a, b = before, here
      break
    end
    local next_t = cubic_minimum(before, here, here.t + 0.01 * (here.t - before.t), here.t * 10)
    before, here = here, point(next_t)
    iteration = iteration + 1
  end
  if not a then
    a, b = start, here
  end

  local low, high = by_loss(a, b)
  local done, near = false, false
  while not done and iteration < MOST and math.abs(b.t - a.t) * size >= TOLERANCE do
    local trial
    trial, near = keep_off_ends(cubic_minimum(a, b), math.min(a.t, b.t), math.max(a.t, b.t), near)
    here = point(trial)
    iteration = iteration + 1
    -- `here` replaces one end, which keeps its place as a or b.
    local function replace(old, new)
      if a == old then a = new else b = new end
      return new
    end
    if too_high(here) or here.f >= low.f then
      replace(high, here)
      low, high = by_loss(a, b)
    else
      if flat(here) then
        done = true
      elseif here.slope * (high.t - low.t) >= 0 then
        high = replace(high, {t = low.t, f = low.f, g = low.g, slope = low.slope})
      end
      low = replace(low, here)
    end
  end
  return low.f, low.g, low.t, evaluations
end

return strong_wolfe

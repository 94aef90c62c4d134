-- Test functions of bench/sweep: the same as in optuna_peer.py. Each: {parameters, run(trial, p)}.

local functions = {}

local function float(min, max) return {min = min, max = max, integer = false} end

-- F. H. Branin (1972); minimum 0.397887.
functions.branin = {
  parameters = {x = float(-5.0, 10.0), y = float(0.0, 15.0)},
  run = function(_, p)
    local x, y, pi = p.x, p.y, math.pi
    return (y - 5.1 / (4 * pi ^ 2) * x ^ 2 + 5 / pi * x - 6) ^ 2
           + 10 * (1 - 1 / (8 * pi)) * math.cos(x) + 10
  end,
}

-- L. C. W. Dixon, G. P. Szegö (1978), Hartmann 6; minimum -3.32237.
local ALPHA = {1.0, 1.2, 3.0, 3.2}
local A = {{10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8},
           {17, 8, 0.05, 10, 0.1, 14}}
local P = {{1312, 1696, 5569, 124, 8283, 5886}, {2329, 4135, 8307, 3736, 1004, 9991},
           {2348, 1451, 3522, 2883, 3047, 6650}, {4047, 8828, 8732, 5743, 1091, 381}}
functions.hartmann6 = {
  parameters = {},
  run = function(_, p)
    local sum = 0.0
    for i = 1, 4 do
      local inner = 0.0
      for j = 1, 6 do inner = inner + A[i][j] * (p["x" .. j] - P[i][j] * 1e-4) ^ 2 end
      sum = sum - ALPHA[i] * math.exp(-inner)
    end
    return sum
  end,
}
for j = 1, 6 do functions.hartmann6.parameters["x" .. j] = float(0.0, 1.0) end

-- R. Jenatton et al. (2017), "Bayesian Optimization with Tree-structured Dependencies", the toy
-- problem of section 5.1: three binary decisions, two of which a trial takes, lead to one of four
-- leaves; minimum 0.1.
functions.jenatton = {
  parameters = {x1 = {values = {0, 1}}},
  run = function(trial, p)
    local left = p.x1 == 0
    local second = trial:suggest_categorical(left and "x2" or "x3", {0, 1})
    local leaf = (left and 4 or 6) + second
    local shared = trial:suggest_float(left and "r8" or "r9", 0.0, 1.0)
    local x = trial:suggest_float("x" .. leaf, -1.0, 1.0)
    return x ^ 2 + 0.1 * (leaf - 3) + shared
  end,
}

-- Curves: Branin's function of the parameters is where the loss ends, at a speed that another
-- parameter sets; 27 epochs.
functions.curves = {
  parameters = {x = float(-5.0, 10.0), y = float(0.0, 15.0), speed = float(0.05, 0.5)},
  epochs = 27, pruner = {"asha", factor = 3, min_epochs = 1},
  run = function(trial, p)
    local floor = functions.branin.run(nil, p)
    for epoch = 1, 27 do
      trial:report(epoch, {loss = floor + 50 * math.exp(-p.speed * epoch)})
    end
  end,
}

return functions

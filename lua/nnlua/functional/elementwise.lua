-- Gradient rules of arithmetic and functions, element by element.
--
-- Invariant: operands broadcast, so every rule of two operands has `broadcasts`: the tape sums what
-- the formula gives down to the operand's shape.

local core = require "nnlua.core"

local add, sub, mul, div, neg = core.add, core.sub, core.mul, core.div, core.neg
local where = core.where

local function same(dy)
  return dy
end

local function zero(dy)
  return core.zeros_like(dy)
end

-- dy where a beats b, half of it where they are equal.
local function share(beats, dy, a, b)
  return where(beats(a, b), dy, where(core.eq(a, b), mul(dy, 0.5), 0.0))
end

return function(define)
  -- Arithmetic.
  define("add", {
    forward = core.add, inputs = {1, 2}, broadcasts = true,
    gradients = {same, same},
  })
  define("sub", {
    forward = core.sub, inputs = {1, 2}, broadcasts = true,
    gradients = {same, neg},
  })
  -- da = dy b;  db = dy a
  define("mul", {
    forward = core.mul, inputs = {1, 2}, broadcasts = true, keeps = {1, 2},
    gradients = {
      function(dy, _, _, b) return mul(dy, b) end,
      function(dy, _, a) return mul(dy, a) end,
    },
  })
  -- da = dy / b;  db = -dy a / b^2
  define("div", {
    forward = core.div, inputs = {1, 2}, broadcasts = true, keeps = {1, 2},
    gradients = {
      function(dy, _, _, b) return div(dy, b) end,
      function(dy, _, a, b) return neg(div(mul(dy, a), mul(b, b))) end,
    },
  })
  -- Piecewise constant.
  define("floor_divide", {
    forward = core.floor_divide, inputs = {1, 2}, broadcasts = true,
    gradients = {zero, zero},
  })
  -- y = a - floor(a / b) b:  da = dy;  db = -dy floor(a / b)
  define("remainder", {
    forward = core.remainder, inputs = {1, 2}, broadcasts = true, keeps = {1, 2},
    gradients = {
      same,
      function(dy, _, a, b) return neg(mul(dy, core.floor_divide(a, b))) end,
    },
  })
  -- da = dy b a^(b-1), 0 where b = 0;  db = dy y log a, 0 where y = 0
  define("pow", {
    forward = core.pow, inputs = {1, 2}, broadcasts = true, keeps = {1, 2},
    gradients = {
      function(dy, _, a, b)
        if type(b) == "number" then
          return b == 0 and zero(dy) or mul(dy, mul(core.pow(a, b - 1), b))
        end
        return where(core.eq(b, 0), 0.0, mul(dy, mul(b, core.pow(a, sub(b, 1)))))
      end,
      function(dy, _, a, b)
        local y = core.pow(a, b)
        return where(core.eq(y, 0), 0.0, mul(dy, mul(y, type(a) == "number" and math.log(a)
                                                        or core.log(a))))
      end,
    },
  })
  -- To the larger one; half each where they are equal.
  define("maximum", {
    forward = core.maximum, inputs = {1, 2}, broadcasts = true, keeps = {1, 2},
    gradients = {
      function(dy, _, a, b) return share(core.gt, dy, a, b) end,
      function(dy, _, a, b) return share(core.lt, dy, a, b) end,
    },
  })
  define("minimum", {
    forward = core.minimum, inputs = {1, 2}, broadcasts = true, keeps = {1, 2},
    gradients = {
      function(dy, _, a, b) return share(core.lt, dy, a, b) end,
      function(dy, _, a, b) return share(core.gt, dy, a, b) end,
    },
  })
  -- y = c ? a : b:  da = c ? dy : 0;  db = c ? 0 : dy
  define("where", {
    forward = core.where, inputs = {2, 3}, broadcasts = true, keeps = {1},
    gradients = {
      function(dy, _, c) return where(c, dy, 0.0) end,
      function(dy, _, c) return where(c, 0.0, dy) end,
    },
  })

  -- Functions of one operand.
  define("neg", {forward = core.neg, fresh = true, gradients = {neg}})
  -- dx = dy sign x
  define("abs", {
    forward = core.abs, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x) return mul(dy, core.sign(x)) end},
  })
  -- Piecewise constant.
  define("sign", {forward = core.sign, fresh = true, gradients = {zero}})
  define("floor", {forward = core.floor, fresh = true, gradients = {zero}})
  define("ceil", {forward = core.ceil, fresh = true, gradients = {zero}})
  define("round", {forward = core.round, fresh = true, gradients = {zero}})
  -- dx = dy y
  define("exp", {
    forward = core.exp, keeps = {"y"}, fresh = true,
    gradients = {mul},
  })
  -- dx = dy (y + 1)
  define("expm1", {
    forward = core.expm1, keeps = {"y"}, fresh = true,
    gradients = {function(dy, y) return mul(dy, add(y, 1.0)) end},
  })
  -- dx = dy / x
  define("log", {
    forward = core.log, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x) return div(dy, x) end},
  })
  -- dx = dy / (1 + x)
  define("log1p", {
    forward = core.log1p, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x) return div(dy, add(x, 1.0)) end},
  })
  -- dx = dy / (2 y)
  define("sqrt", {
    forward = core.sqrt, keeps = {"y"}, fresh = true,
    gradients = {function(dy, y) return div(dy, mul(y, 2.0)) end},
  })
  -- dx = 2 dy x
  define("square", {
    forward = core.square, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x) return mul(dy, mul(x, 2.0)) end},
  })
  -- y = 1 / x:  dx = -dy y^2
  define("reciprocal", {
    forward = core.reciprocal, keeps = {"y"}, fresh = true,
    gradients = {function(dy, y) return neg(mul(dy, core.square(y))) end},
  })
  -- dx = dy cos x
  define("sin", {
    forward = core.sin, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x) return mul(dy, core.cos(x)) end},
  })
  -- dx = -dy sin x
  define("cos", {
    forward = core.cos, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x) return neg(mul(dy, core.sin(x))) end},
  })
  -- dx = dy 2/sqrt(pi) exp(-x^2)
  define("erf", {
    forward = core.erf, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x)
      return mul(dy, mul(core.exp(neg(core.square(x))), 2 / math.sqrt(math.pi)))
    end},
  })
  -- dx = dy where low <= x <= high, else 0
  define("clamp", {
    forward = core.clamp, keeps = {1}, fresh = true,
    gradients = {function(dy, _, x, low, high)
      local dx = dy
      if low then
        dx = where(core.ge(x, low), dx, 0.0)
      end
      return where(core.le(x, high or math.huge), dx, 0.0)
    end},
  })
end

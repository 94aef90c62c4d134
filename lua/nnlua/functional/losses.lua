-- Losses and measures of two inputs and their relation, from operations that have gradients.

local core = require "nnlua.core"
local options = require "nnlua.options"

local REDUCTIONS = {mean = true, sum = true, none = true}

local function check_reduction(name, reduction)
  if not REDUCTIONS[reduction] then
    options.raise("bad option 'reduction' to '%s' (mean|sum|none expected, got %s)", name,
                  reduction)
  end
end

-- A tensor's shape as text; raises if argument `position` is none.
local function shape_of(name, position, x)
  if not core.is_tensor(x) then
    core.arg_error(position, name, "tensor expected, got " .. options.type_name(x))
  end
  return "[" .. table.concat(core.shape(x), ",") .. "]"
end

local function check_alike(name, x1, x2)
  local first, second = shape_of(name, 1, x1), shape_of(name, 2, x2)
  if first ~= second then
    core.arg_error(2, name, ("x2 is %s but x1 is %s"):format(second, first))
  elseif core.dtype(x1) ~= core.dtype(x2) then
    core.arg_error(2, name, ("x2 is %s but x1 is %s"):format(core.dtype(x2), core.dtype(x1)))
  end
end

-- Raises unless y is like `each` and holds 1 and -1 only.
local function check_signs(name, y, each)
  if core.is_tensor(y) and core.dtype(y) == "bool" then
    core.arg_error(3, name, "y is bool, expected 1 or -1")
  end
  local got, wanted = shape_of(name, 3, y), shape_of(name, 1, each)
  if got ~= wanted then
    core.arg_error(3, name, ("y is %s, expected %s"):format(got, wanted))
  end
  local wrong = core.ne(core.abs(y), 1)
  if core.any(wrong):item() then
    local at = core.argmax(core.to(wrong, "uint8")):item()
    core.arg_error(3, name, ("element %d of y is %s, expected 1 or -1"):format(
      at, core.item(core.reshape(y, {-1})[at])))
  end
end

return function(define, functional)
  local f = functional

  -- max(0, margin - y x), y = 1 or -1
  local margin_loss = define("margin_loss", {
    forward = core.margin_loss, keeps = {"second"}, constants = {2}, hidden = true,
    gradients = {function(dy, gradient)
      return core.mul(gradient, dy)
    end},
  })

  --- margin_ranking_loss(x1, x2, y, {margin=0, reduction="mean"}): max(0, margin - y (x1 - x2)),
  --- shapes alike; y = 1 where x1 should be larger, -1 where x2.
  function functional.margin_ranking_loss(x1, x2, y, given)
    local name = "margin_ranking_loss"
    local o = options.check(name, given, {margin = 0, reduction = "mean"})
    check_reduction(name, o.reduction)
    check_alike(name, x1, x2)
    check_signs(name, y, x1)
    return (margin_loss(f.sub(x1, x2), y, o))
  end

  --- cosine_similarity(x1, x2, {dim=2, eps=1e-8}): sum of x1 x2 / (|x1| |x2|) along dim; lengths
  --- below eps count as eps.
  function functional.cosine_similarity(x1, x2, given)
    local name = "cosine_similarity"
    local o = options.check(name, given, {dim = 2, eps = 1e-8})
    shape_of(name, 1, x1)
    shape_of(name, 2, x2)
    for i, x in ipairs {x1, x2} do
      local n = core.ndim(x)
      if math.type(o.dim) ~= "integer" or o.dim == 0 or o.dim < -n or o.dim > n then
        options.raise("bad option 'dim' to '%s' (%s of x%d, a tensor of %d dimensions)", name,
                      tostring(o.dim), i, n)
      end
    end
    local fits = o.eps >= 0 -- NaN does not
    if not fits then
      options.raise("bad option 'eps' to '%s' (a number >= 0 expected, got %s)", name,
                    tostring(o.eps))
    end
    local function unit(x)
      return f.div(x, f.clamp(f.norm(x, o.dim, {keepdim = true}), o.eps))
    end
    return f.sum(f.mul(unit(x1), unit(x2)), o.dim)
  end

  --- cosine_embedding_loss(x1, x2, y, {margin=0, reduction="mean"}): with c the cosine of two rows
  --- 1 - c where y is 1, max(0, c - margin) where it is -1. x1, x2 [N,D], y [N]; or [D] and 0-dim.
  function functional.cosine_embedding_loss(x1, x2, y, given)
    local name = "cosine_embedding_loss"
    local o = options.check(name, given, {margin = 0, reduction = "mean"})
    check_reduction(name, o.reduction)
    check_alike(name, x1, x2)
    local eps = 1e-12 -- PyTorch's: of squared lengths
    local function dot(a, b) return f.sum(f.mul(a, b), -1) end
    local squares = f.mul(f.add(dot(x1, x1), eps), f.add(dot(x2, x2), eps))
    local cosine = f.div(dot(x1, x2), f.sqrt(squares))
    check_signs(name, y, cosine)
    local each = f.where(core.gt(y, 0), f.sub(1, cosine), f.clamp(f.sub(cosine, o.margin), 0))
    return o.reduction == "none" and each or f[o.reduction](each)
  end
end

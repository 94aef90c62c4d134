-- Keeping parameters and gradients small: penalties on lists of parameters, clipped gradients, rows
-- of limited length.
--
-- Invariants: everything is checked before the first element changes; sums run in the order of the
-- list, so results do not depend on the number of threads; a tensor that comes twice counts once.

local core = require "nnlua.core"
local functional = require "nnlua.functional"
local options = require "nnlua.options"

local regularization = {}

-- params, a tensor or a list of float tensors, as a list without repetitions.
local function list_of(name, params)
  local list, seen = {}, {}
  if core.is_tensor(params) then
    params = {params}
  elseif type(params) ~= "table" or type(params.parameters) == "function" then
    core.arg_error(1, name, "a tensor or a list of tensors expected, got "
      .. (type(params) == "table" and "a module: pass its :parameters()"
          or options.type_name(params)))
  end
  for i = 1, #params do
    local p = params[i]
    if not core.is_tensor(p) then
      core.arg_error(1, name, ("entry %d is a %s, expected a tensor"):format(
        i, options.type_name(p)))
    elseif core.dtype(p) ~= "float32" and core.dtype(p) ~= "float64" then
      core.arg_error(1, name, ("entry %d is %s, expected float32 or float64"):format(
        i, core.dtype(p)))
    elseif not seen[p] then
      seen[p] = true
      list[#list + 1] = p
    end
  end
  return list
end

-- Raises unless the tensor that `what` names can be written to.
local function check_writable(name, what, x)
  for dim = 1, core.ndim(x) do
    if core.stride(x, dim) == 0 and core.size(x, dim) > 1 then
      core.arg_error(1, name, what
        .. " is an expanded tensor, which cannot be written to; clone it")
    end
  end
end

-- The gradients of params, each once, which can be written to.
local function gradients_of(name, params)
  local list, seen = {}, {}
  for i, p in ipairs(list_of(name, params)) do
    local gradient = p.grad
    if gradient and not seen[gradient] then
      check_writable(name, ("the gradient of entry %d"):format(i), gradient)
      seen[gradient] = true
      list[#list + 1] = gradient
    end
  end
  return list
end

-- NaN is not at least 0.
local function check_number(position, name, value)
  local fits = type(value) == "number" and value >= 0
  if not fits then
    core.arg_error(position, name, "a number >= 0 expected, got " .. tostring(value))
  end
end

local function check_norm(name, option, p)
  local fits = p > 0
  if not fits then
    options.raise("bad option '%s' to '%s' (a number > 0 expected, got %s)", option, name, p)
  end
end

--- nn.elastic_net_penalty(params, l1, l2) -> 0-dim: the sum over all tensors W of
--- l1 sum |W| + l2/2 sum W^2. params: a tensor or a list. Differentiable; l1 = 0 or l2 = 0 leaves
--- the other penalty.
function regularization.elastic_net_penalty(params, l1, l2)
  local name = "elastic_net_penalty"
  local list = list_of(name, params)
  check_number(2, name, l1)
  check_number(3, name, l2)
  if #list == 0 then core.arg_error(1, name, "the list is empty") end
  local total
  local function add(value)
    total = total and functional.add(total, value) or value
  end
  for _, p in ipairs(list) do
    if l1 > 0 or l2 == 0 then add((functional.l1_penalty(p, l1))) end
    if l2 > 0 then add((functional.l2_penalty(p, l2))) end
  end
  return total
end

--- nn.clip_grad_norm(params, max_norm [, {norm_type = 2, error_if_nonfinite = false}]) -> the norm
--- of all gradients together, as one vector, before: a number. If it is larger than max_norm, the
--- gradients are scaled in place by max_norm / (norm + 1e-6), as PyTorch does.
--- norm_type > 0; math.huge: the largest absolute value. error_if_nonfinite: raises, with nothing
--- changed, if the norm is infinite or NaN.
function regularization.clip_grad_norm(params, max_norm, given)
  local name = "clip_grad_norm"
  local o = options.check(name, given, {norm_type = 2, error_if_nonfinite = false})
  local list, p, sum = gradients_of(name, params), o.norm_type, 0.0
  check_number(2, name, max_norm)
  check_norm(name, "norm_type", p)
  for _, gradient in ipairs(list) do
    local norm = core.item(core.norm(core.reshape(gradient, {-1}), {p = p}))
    if norm ~= norm then
      sum = norm
    elseif p == math.huge then
      sum = sum ~= sum and sum or math.max(sum, norm)
    else
      sum = sum + norm ^ p
    end
  end
  local total = p == math.huge and sum or sum ^ (1 / p)
  if o.error_if_nonfinite and (total ~= total or total == math.huge) then
    options.raise("clip_grad_norm: the norm of the gradients is %s", total)
  end
  local factor = max_norm / (total + 1e-6)
  if factor ~= factor or factor < 1 then
    for _, gradient in ipairs(list) do core.mul_(gradient, factor) end
  end
  return total
end

--- nn.clip_grad_value(params, value): clamps every element of the gradients to -value..value in
--- place.
function regularization.clip_grad_value(params, value)
  local list = gradients_of("clip_grad_value", params)
  check_number(2, "clip_grad_value", value)
  for _, gradient in ipairs(list) do core.clamp_(gradient, -value, value) end
end

--- nn.max_norm_(params, max [, {dim = 1, p = 2}]) -> params, in place: every slice along dim (a row
--- of a matrix: what one unit weighs its inputs with) whose p-norm is larger than max is scaled to
--- it, by max / (norm + 1e-7), as PyTorch's renorm does; others keep their bits.
function regularization.max_norm_(params, max, given)
  local name = "max_norm_"
  local o = options.check(name, given, {dim = 1, p = 2})
  local list, views = list_of(name, params), {}
  check_number(2, name, max)
  check_norm(name, "p", o.p)
  for i, p in ipairs(list) do
    local ndim = core.ndim(p)
    if math.type(o.dim) ~= "integer" or o.dim == 0 or o.dim < -ndim or o.dim > ndim then
      options.raise("bad option 'dim' to '%s' (%s in a tensor of %d dimensions)", name, o.dim, ndim)
    end
    check_writable(name, ("entry %d"):format(i), p)
    views[i] = core.transpose(core.to(p, core.dtype(p)), 1, o.dim)
  end
  for _, view in ipairs(views) do
    local rows = core.reshape(view, {core.size(view, 1), -1})
    local norm = core.norm(rows, 2, {p = o.p})
    local factor = core.where(core.gt(norm, max), core.div(max, core.add(norm, 1e-7)), 1.0)
    local shape = {core.size(view, 1)}
    for d = 2, core.ndim(view) do shape[d] = 1 end
    core.mul_(view, core.reshape(factor, shape))
  end
  return params
end

return regularization

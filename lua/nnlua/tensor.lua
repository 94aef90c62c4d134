-- Makes tensors differentiable: the operations of nnlua.functional take the places of the core's
-- raw methods and operators, in-place methods learn to refuse tracked tensors, and the core's hooks
-- (x[key], x[key] = v, x.grad = g) lead to the tape.
--
-- Invariant: a tensor that nobody tracks behaves as a raw one.

local autograd = require "nnlua.autograd"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local options = require "nnlua.options"

local get_record, set_record = core.get_record, core.set_record
local describe, is_tracked, raise = autograd.describe, autograd.is_tracked, options.raise

-- In-place methods -------------------------------------------------------------------------------

-- Raises if x is tracked: the tape could not follow a write to it.
local function before_write(x, what)
  if is_tracked(x) then
    raise("%s: the tensor %s and must not be modified in place; do it inside nn.no_grad", what,
          get_record(x).node and "is part of a recorded graph" or "requires a gradient")
  end
end

-- The in-place method raw, refusing what the tape could not follow: writing to a tracked tensor, or
-- a tracked value into another tensor.
local function guard(name, raw)
  local function check(x, a, b)
    before_write(x, name)
    if is_tracked(a) or is_tracked(b) then
      raise("%s: the gradient of the argument would be lost; detach it, or use '%s'", name,
            (name:gsub("_$", "")))
    end
  end
  return function(x, a, b, ...)
    if get_record(x) ~= nil or get_record(a) ~= nil or get_record(b) ~= nil then
      check(x, a, b)
    end
    return raw(x, a, b, ...)
  end
end

-- x[key] = value, which only raw tensors take part in.
local function before_assignment(x, value)
  before_write(x, "x[key] = value")
  if is_tracked(value) then
    raise("x[key] = value: the gradient of the value would be lost; detach it")
  end
end

-- Fields -----------------------------------------------------------------------------------------

local function set_requires_grad(x, value)
  local record = get_record(x)
  if type(value) ~= "boolean" then
    raise("requires_grad is true or false, not %s", options.type_name(value))
  elseif record and record.node and not value then
    raise("requires_grad can be switched off on leaf tensors only; use x:detach()")
  elseif value and core.dtype(x) ~= "float32" and core.dtype(x) ~= "float64" then
    raise("only float32 and float64 tensors can require a gradient, this one is %s", describe(x))
  end
  if record then
    record.requires_grad = value
  elseif value then
    set_record(x, {requires_grad = true})
  end
end

local function set_grad(x, value)
  if value ~= nil and not core.is_tensor(value) then
    raise("grad is a tensor or nil, not %s", options.type_name(value))
  elseif value and describe(value) ~= describe(x) then
    raise("the gradient is %s, its tensor is %s", describe(value), describe(x))
  end
  local record = get_record(x)
  if record then
    record.grad = value
  elseif value then
    set_record(x, {requires_grad = false, grad = value})
  end
end

--- x.requires_grad: whether operations on x are recorded; may be assigned. Only floats can require
--- a gradient, and only a leaf (a tensor that no recorded operation made) can cease to.

--- x.grad: the gradient that x:backward() has added up, a tensor of x's shape and dtype, or nil;
--- may be assigned.

-- x.requires_grad = boolean and x.grad = tensor or nil.
local function set_field(x, name, value)
  if name == "requires_grad" then
    set_requires_grad(x, value)
  else
    set_grad(x, value)
  end
end

--- x:requires_grad_([value = true]) -> x, as x.requires_grad = value. Float leaf tensors only.
local function requires_grad_(x, value)
  if value == nil then
    value = true
  end
  set_requires_grad(x, value)
  return x
end

-- Installation -----------------------------------------------------------------------------------

local methods, metatable = core.Tensor.methods, core.Tensor.metatable

-- In-place functions by name: what nn.add_ and x:add_ are.
local in_place = {}
for _, name in ipairs(options.sorted_keys(methods)) do
  if name:sub(-1) == "_" then
    in_place[name] = guard(name, core[name])
    methods[name] = in_place[name]
  elseif functional[name] then
    methods[name] = functional[name]
  end
end

methods.dot, methods.outer = functional.dot, functional.outer
methods.backward = autograd.backward
methods.detach = autograd.detach
methods.register_hook = autograd.register_hook
methods.requires_grad_ = requires_grad_

local operators = {
  __add = "add", __sub = "sub", __mul = "mul", __div = "div", __idiv = "floor_divide",
  __mod = "remainder", __pow = "pow", __unm = "neg",
}
for _, operator in ipairs(options.sorted_keys(operators)) do
  metatable[operator] = functional[operators[operator]]
end

core.hooks.index = functional.index
core.hooks.set_field = set_field
core.hooks.before_write = before_assignment

return {in_place = in_place}

-- Makes tensors differentiable: the operations of nnlua.functional take the places of the core's
-- raw methods and operators, in-place methods learn to refuse tracked tensors, and the core's hooks
-- (x[key], x[key] = v, x.grad = g) lead to the tape.
--
-- Invariant: loading this module twice, or never using a gradient, changes no value.

local autograd = require "nnlua.autograd"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local options = require "nnlua.options"

local methods, metatable = core.Tensor.methods, core.Tensor.metatable

--- In-place functions by name, guarded: what nn.add_ and x:add_ are.
local in_place = {}
for _, name in ipairs(options.sorted_keys(methods)) do
  if name:sub(-1) == "_" then
    in_place[name] = autograd.guard_in_place(name, core[name])
    methods[name] = in_place[name]
  elseif functional[name] then
    methods[name] = functional[name]
  end
end

methods.dot, methods.outer = functional.dot, functional.outer
methods.backward = autograd.backward
methods.detach = autograd.detach
methods.requires_grad_ = autograd.requires_grad_

local operators = {
  __add = "add", __sub = "sub", __mul = "mul", __div = "div", __idiv = "floor_divide",
  __mod = "remainder", __pow = "pow", __unm = "neg",
}
for _, operator in ipairs(options.sorted_keys(operators)) do
  metatable[operator] = functional[operators[operator]]
end

core.hooks.index = functional.index
core.hooks.set_field = autograd.set_field
core.hooks.before_write = autograd.before_write

return {in_place = in_place}

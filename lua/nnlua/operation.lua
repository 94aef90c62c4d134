-- Differentiable operations: a raw function and its gradient rule, made into one that records.
--
--   local exp = define("exp", {forward = core.exp, keeps = {"y"}, gradients = {core.mul}})
--
-- Fields of the description:
--   forward     function; its first result is the one that is differentiable
--   inputs      positions of the differentiable arguments, default {1}
--   list        true instead: the first argument is a list of them
--   gradients   per input: function (dy, y, ...) -> its gradient; ... are forward's arguments; or
--   backward    function (needs, dy, y, ...) -> all gradients (as one list if op.list);
--               needs[i]: whether input i wants one
--   keeps       which tensors the formulas read: positions of arguments; "y", the result;
--               "second", forward's second result, which then arrives as y. Other tensor
--               arguments arrive as nil, or as their shape if op.shapes; a list, as shapes
--   broadcasts  gradients are summed to the input's shape, and converted to its dtype
--   casts       gradients are converted to the input's dtype
--   fresh       no gradient shares memory with dy or a kept tensor
--   constants   positions of tensor arguments that must not be tracked
--
-- Invariants: an untracked call is forward(...) and one look at each possible input; nothing that
-- the caller may change later (options, lists, sizes) is read by the gradient.

local autograd = require "nnlua.autograd"
local core = require "nnlua.core"

local get_record, record_of = core.get_record, autograd.record_of
local is_grad_enabled, is_tracked = autograd.is_grad_enabled, autograd.is_tracked

-- What op.run of a declared operation does: one gradient per input that needs one.
local function run(node, dy)
  local op, args, records = node.op, node.args, node.records
  local gradients = {}
  if op.backward then
    local needs = {}
    for i, record in ipairs(records) do
      needs[i] = record and true
    end
    gradients = op.list and op.backward(needs, dy, node.y, table.unpack(args, 1, args.n))
      or {op.backward(needs, dy, node.y, table.unpack(args, 1, args.n))}
  else
    for i, record in ipairs(records) do
      gradients[i] = record and op.gradients[i](dy, node.y, table.unpack(args, 1, args.n))
    end
  end
  for i = 1, node.like and #records or 0 do
    local like = node.like[i]
    if like then
      local gradient = op.broadcasts and core.sum_to(gradients[i], like) or gradients[i]
      gradients[i] = core.to(gradient, core.dtype(like))
    end
  end
  return gradients
end

-- An option table or a list of sizes may be changed by its owner between forward and backward.
local function copy(t)
  local new = {}
  for key, value in pairs(t) do
    new[key] = value
  end
  return new
end

-- Whether x was broadcast to y: their shapes differ (judged by sizes, without making tables).
local function was_broadcast(x, y)
  local numel = core.numel(x)
  return numel ~= core.numel(y) or numel == 0 or core.ndim(x) ~= core.ndim(y)
end

-- Keeps the inputs whose gradient must be summed or converted to fit them again.
local function keep_likes(op, node, tensors, y)
  for i, record in ipairs(node.records) do
    local x = record and tensors[i]
    if x and (core.dtype(x) ~= core.dtype(y) or op.broadcasts and was_broadcast(x, y)) then
      node.like = node.like or {}
      node.like[i] = x
    end
  end
end

-- Leaves of the arguments what the gradient functions read, and notes the versions of tensors.
local function keep_arguments(op, node, args)
  for i = 1, args.n do
    local value = args[i]
    if core.is_tensor(value) then
      if op.keeps[i] then
        autograd.keep(node, value)
      else
        args[i] = op.shapes and core.shape(value) or nil
      end
    elseif op.list and i == 1 then
      args[1] = {}
      for j, tensor in ipairs(value) do
        args[1][j] = core.shape(tensor)
      end
    elseif type(value) == "table" then
      args[i] = copy(value)
    end
  end
end

-- y = op.forward(args): records it. Gives y and the further results through.
local function finish(op, args, tensors, y, ...)
  local dtype = core.dtype(y)
  if dtype ~= "float32" and dtype ~= "float64" then
    return y, ... -- x:to("int64"): no gradient could pass
  end
  local node, records = {op = op, args = args}, {}
  for i = 1, tensors.n do
    records[i] = record_of(tensors[i])
  end
  node.records = records
  if op.broadcasts or op.casts then
    keep_likes(op, node, tensors, y)
  end
  keep_arguments(op, node, args)
  node.y = op.keeps.y and y or op.keeps.second and (...) or nil
  if node.y then
    autograd.keep(node, node.y)
  end
  autograd.attach(y, node)
  return y, ...
end

-- The differentiable arguments, 1..n; and whether any of them is tracked.
local function differentiable(op, args)
  local tensors, tracked = {n = 0}, false
  if not op.list then
    tensors.n = #op.inputs
    for i, position in ipairs(op.inputs) do
      tensors[i] = args[position]
    end
  elseif type(args[1]) == "table" then
    tensors.n = #args[1]
    table.move(args[1], 1, tensors.n, 1, tensors)
  end
  for i = 1, tensors.n do
    tracked = tracked or is_tracked(tensors[i])
  end
  return tensors, tracked
end

-- Raises if an argument that the op has no gradient for is tracked.
local function refuse_tracked(op, args)
  for _, position in ipairs(op.constants) do
    if is_tracked(args[position]) then
      core.arg_error(position, op.name, "there is no gradient with respect to it; use x:detach()")
    end
  end
end

--- define(name, op) -> the function (...) that does op.forward(...), and records it where an input
--- is tracked. op gets the field `name`.
return function(name, op)
  op.name, op.run = name, run
  op.inputs, op.constants = op.inputs or not op.list and {1} or nil, op.constants or {}
  local keeps = {}
  for _, what in ipairs(op.keeps or {}) do
    keeps[what] = true
  end
  op.keeps = keeps
  local forward = op.forward
  local function record(...)
    if not is_grad_enabled() then
      return forward(...)
    end
    local args = table.pack(...)
    local tensors, tracked = differentiable(op, args)
    refuse_tracked(op, args)
    if not tracked then
      return forward(...)
    end
    return finish(op, args, tensors, forward(...))
  end
  -- What nobody tracks costs one look at each possible input: the arguments are not packed.
  if op.list or #op.inputs > 3 then
    return record
  elseif #op.inputs == 1 and op.inputs[1] == 1 and #op.constants == 0 then
    return function(x, ...)
      if get_record(x) == nil then
        return forward(x, ...)
      end
      return record(x, ...)
    end
  end
  return function(a, b, c, ...)
    if get_record(a) == nil and get_record(b) == nil and get_record(c) == nil then
      return forward(a, b, c, ...)
    end
    return record(a, b, c, ...)
  end
end

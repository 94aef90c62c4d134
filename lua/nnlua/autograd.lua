-- The tape: which operation made a tensor from which others, and the walk back over it.
--
-- A tensor's record (core.get_record) is nil, or
--   {requires_grad = boolean, grad = tensor or nil, node = node or nil}.
-- A tensor is tracked if its record says requires_grad. A tracked tensor without a node is a leaf
-- (a parameter); one with a node came out of an operation:
--   node = {op, sequence, records = {record or false, ...}, args, y, versions}
-- has one record per differentiable input (false: needs no gradient) and what op.run needs to go
-- back. Nodes point to the records of their inputs, not to the tensors, so that a tensor lives only
-- as long as some backward step needs its elements.
--
-- Invariants: nodes are visited in descending sequence number, so sums of gradients have one order;
-- leaves receive their gradients after the whole walk succeeded; nothing here recurses along the
-- graph. Gradients themselves are not tracked.

local core = require "nnlua.core"
local options = require "nnlua.options"

local autograd = {}

local get_record, set_record, version = core.get_record, core.set_record, core.version
local pack = table.pack
local raise = options.raise

-- Recording is switched off per coroutine: off[thread] counts the no_grad calls it is inside of.
-- off_threads only spares the usual case the look-up.
local off, off_threads = setmetatable({}, {__mode = "k"}), 0

--- nn.is_grad_enabled() -> whether operations are recorded here, i.e. outside no_grad.
function autograd.is_grad_enabled()
  return off_threads == 0 or not off[coroutine.running()]
end

local is_grad_enabled = autograd.is_grad_enabled

local Pause = {
  __close = function(pause)
    local thread = pause.thread
    local depth = off[thread] - 1
    off[thread] = depth > 0 and depth or nil
    if depth == 0 then
      off_threads = off_threads - 1
    end
  end,
}

--- autograd.pause() -> a value to be closed: operations go unrecorded while it is in scope.
--- Use: local pause <close> = autograd.pause()
function autograd.pause()
  local thread = coroutine.running()
  local depth = off[thread] or 0
  off[thread] = depth + 1
  if depth == 0 then
    off_threads = off_threads + 1
  end
  return setmetatable({thread = thread}, Pause)
end

--- nn.no_grad(f, ...) -> f(...), with nothing recorded inside. Errors pass through and recording
--- resumes. It concerns the running coroutine only.
function autograd.no_grad(f, ...)
  if type(f) ~= "function" then
    core.arg_error(1, "no_grad", "function expected, got " .. options.type_name(f))
  end
  local pause <close> = autograd.pause() -- luacheck: ignore pause
  return f(...)
end

--- autograd.is_tracked(v) -> whether v is a tensor whose gradient would be recorded right now.
function autograd.is_tracked(v)
  local record = get_record(v)
  return record ~= nil and record.requires_grad and is_grad_enabled()
end

local is_tracked = autograd.is_tracked

local function is_float(x)
  local dtype = core.dtype(x)
  return dtype == "float32" or dtype == "float64"
end

local function describe(x)
  return ("%s [%s]"):format(core.dtype(x), table.concat(core.shape(x), ","))
end

local function same_shape(x, y)
  local a, b = core.shape(x), core.shape(y)
  for i = 1, math.max(#a, #b) do
    if a[i] ~= b[i] then
      return false
    end
  end
  return true
end

-- Recording ---------------------------------------------------------------------------------------

local sequence = 0

--- autograd.record_of(v) -> the record of a tensor that requires a gradient; false for any other
--- value.
function autograd.record_of(v)
  local record = get_record(v)
  return record and record.requires_grad and record or false
end

local record_of = autograd.record_of

--- autograd.attach(y, node) makes y the result of node, whose op and records are set.
function autograd.attach(y, node)
  sequence = sequence + 1
  node.sequence = sequence
  set_record(y, {requires_grad = true, node = node})
end

--- autograd.keep(node, tensor) notes the tensor's version, to be checked before the walk back.
function autograd.keep(node, tensor)
  local kept = node.kept or {}
  node.kept = kept
  kept[#kept + 1] = tensor
  kept[#kept + 1] = version(tensor)
end

-- Why the walk back cannot use the node, or nil.
local function spoilt(node)
  if node.freed then
    return ("the graph through '%s' was freed by an earlier backward; "
            .. "give that one {retain_graph = true}"):format(node.op.name)
  end
  local kept = node.kept
  for i = 1, kept and #kept or 0, 2 do
    if version(kept[i]) ~= kept[i + 1] then
      return ("a tensor (%s) that '%s' saved for its gradient was modified in place since")
        :format(describe(kept[i]), node.op.name)
    end
  end
end

-- The nodes from which `root` was computed and itself, latest first; raises if one cannot be used.
local function graph_of(root)
  local nodes, seen, at = {root}, {[root] = true}, 1
  while nodes[at] do
    local node = nodes[at]
    local problem = spoilt(node)
    if problem then
      raise("backward: %s", problem)
    end
    for _, record in ipairs(node.records) do
      local earlier = record and record.node
      if earlier and not seen[earlier] then
        seen[earlier] = true
        nodes[#nodes + 1] = earlier
      end
    end
    at = at + 1
  end
  table.sort(nodes, function(a, b) return a.sequence > b.sequence end)
  return nodes
end

-- Gradients on their way, by the node or leaf record they are meant for. A sum that nobody else can
-- hold is `owned` and may be added to in place or given to a leaf as it is.
local Sums = {}
Sums.__index = Sums

local function new_sums()
  return setmetatable({sum = {}, owned = {}, leaves = {}}, Sums)
end

function Sums:add(record, gradient, fresh)
  local target = record.node or record
  local sum = self.sum[target]
  if not sum then
    self.sum[target], self.owned[target] = gradient, fresh
    if not record.node then
      self.leaves[#self.leaves + 1] = record
    end
  elseif self.owned[target] then
    core.add_(sum, gradient)
  else
    self.sum[target], self.owned[target] = core.add(sum, gradient), true
  end
end

-- Hands the leaves their sums.
function Sums:deliver()
  for _, leaf in ipairs(self.leaves) do
    local sum = self.sum[leaf]
    if leaf.requires_grad and leaf.grad then
      core.add_(leaf.grad, sum)
    elseif leaf.requires_grad then
      leaf.grad = self.owned[leaf] and sum or core.clone(sum)
    end
  end
end

-- The gradient to start from: ones for a single element, else the given one, checked.
local function seed(y, dy)
  if dy == nil then
    if core.numel(y) ~= 1 then
      raise("backward: the tensor has %d elements; only a single one can do without a gradient "
            .. "as argument", core.numel(y))
    end
    return core.ones_like(y)
  elseif not core.is_tensor(dy) then
    core.arg_error(1, "backward", "tensor expected, got " .. options.type_name(dy))
  elseif core.dtype(dy) ~= core.dtype(y) or not same_shape(dy, y) then
    core.arg_error(1, "backward", ("the gradient is %s, the tensor is %s")
      :format(describe(dy), describe(y)))
  end
  return dy
end

--- y:backward([dy] [, {retain_graph = false}]) adds dL/dx to x.grad for every leaf x from which y
--- was computed, where dy = dL/dy (shape and dtype of y; may be left out, for 1, if y has a single
--- element). The graph is freed unless retain_graph.
--- Raises if y is not tracked, if the graph was freed, or if a tensor that some operation saved was
--- modified in place since; no gradient has changed then.
function autograd.backward(y, dy, given)
  if given == nil and type(dy) == "table" then
    dy, given = nil, dy
  end
  local o = options.check("backward", given, {retain_graph = false})
  local record = get_record(y)
  if not (record and record.requires_grad) then
    raise("backward: the tensor was not computed from one that requires a gradient "
          .. "(or inside no_grad)")
  end
  local pause <close> = autograd.pause() -- luacheck: ignore pause
  local nodes = record.node and graph_of(record.node) or {}
  local sums = new_sums()
  sums:add(record, seed(y, dy), false)
  for _, node in ipairs(nodes) do
    local gradients = node.op.run(node, sums.sum[node])
    sums.sum[node] = nil
    for i, input in ipairs(node.records) do
      if input then
        sums:add(input, gradients[i], node.op.fresh)
      end
    end
  end
  sums:deliver()
  if not o.retain_graph then
    for _, node in ipairs(nodes) do
      node.freed = true
      node.records, node.kept, node.args, node.like, node.y, node.context = nil -- luacheck: ignore
    end
  end
end

-- Operations --------------------------------------------------------------------------------------

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
    local x = record and tensors[op.inputs and op.inputs[i] or i]
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
local function finish(op, args, y, second, ...)
  if get_record(y) or not is_float(y) then
    return y, second, ... -- an argument handed back as it is, or nothing a gradient could pass
  end
  local node, records = {op = op, args = args}, {}
  if op.list then
    for i, tensor in ipairs(args[1]) do
      records[i] = record_of(tensor)
    end
  else
    for i, position in ipairs(op.inputs) do
      records[i] = record_of(args[position])
    end
  end
  node.records = records
  if op.broadcasts or op.casts then
    keep_likes(op, node, op.list and args[1] or args, y)
  end
  keep_arguments(op, node, args)
  node.y = op.keeps.y and y or op.keeps.second and second or nil
  if node.y then
    autograd.keep(node, node.y)
  end
  autograd.attach(y, node)
  return y, second, ...
end

-- Whether any of the op's inputs among the arguments is tracked.
local function any_tracked(op, args)
  local inputs = op.list and args[1] or args
  if op.list then
    if type(inputs) ~= "table" then
      return false
    end
    for _, tensor in ipairs(inputs) do
      if is_tracked(tensor) then
        return true
      end
    end
    return false
  end
  for _, position in ipairs(op.inputs) do
    if is_tracked(inputs[position]) then
      return true
    end
  end
  return false
end

-- Raises if an argument that the op has no gradient for is tracked.
local function refuse_tracked(op, args)
  for _, position in ipairs(op.constants) do
    if is_tracked(args[position]) then
      core.arg_error(position, op.name, "there is no gradient with respect to it; use x:detach()")
    end
  end
end

--- autograd.define(name, op) -> the function (...) that does op.forward(...) and records it where
--- an input is tracked. Fields of op:
---   forward     function; its first result is the one that is differentiable
---   inputs      positions (up to 3) of the differentiable arguments, default {1}
---   list        true instead: the first argument is a list of them
---   gradients   per input: function (dy, y, ...) -> its gradient; ... are forward's arguments; or
---   backward    function (needs, dy, y, ...) -> all gradients (as one list if op.list);
---               needs[i]: whether input i wants one
---   keeps       which tensors the formulas read: positions of arguments; "y", the result;
---               "second", forward's second result, which then arrives as y. Other tensor
---               arguments arrive as nil, or as their shape if op.shapes; a list, as shapes
---   broadcasts  gradients are summed to the input's shape, and converted to its dtype
---   casts       gradients are converted to the input's dtype
---   fresh       no gradient shares memory with dy or a kept tensor
---   constants   positions of tensor arguments that must not be tracked
function autograd.define(name, op)
  op.name, op.run = name, run
  op.inputs, op.constants = op.inputs or not op.list and {1} or nil, op.constants or {}
  local keeps = {}
  for _, what in ipairs(op.keeps or {}) do
    keeps[what] = true
  end
  op.keeps = keeps
  local forward = op.forward
  local function record(...)
    local args = pack(...)
    if not is_grad_enabled() then
      return forward(...)
    end
    refuse_tracked(op, args)
    if not any_tracked(op, args) then
      return forward(...)
    end
    return finish(op, args, forward(...))
  end
  -- What nobody tracks costs one look at each possible input: the arguments are not packed.
  if op.list then
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

--- autograd.before_write(x, what) raises if x is tracked: the tape could not follow a write to it.
function autograd.before_write(x, what)
  if is_tracked(x) then
    raise("%s: the tensor %s and must not be modified in place; do it inside nn.no_grad", what,
          get_record(x).node and "is part of a recorded graph" or "requires a gradient")
  end
end

--- autograd.guard_in_place(name, raw) -> the in-place method raw, refusing what the tape could not
--- follow: writing to a tracked tensor, or a tracked value into another tensor.
function autograd.guard_in_place(name, raw)
  local function check(x, a, b)
    autograd.before_write(x, name)
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

-- Tensor fields and methods -----------------------------------------------------------------------

local function set_requires_grad(x, value)
  local record = get_record(x)
  if type(value) ~= "boolean" then
    raise("requires_grad is true or false, not %s", options.type_name(value))
  elseif record and record.node and not value then
    raise("requires_grad can be switched off on leaf tensors only; use x:detach()")
  elseif value and not is_float(x) then
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
  elseif value and (core.dtype(value) ~= core.dtype(x) or not same_shape(value, x)) then
    raise("the gradient is %s, its tensor is %s", describe(value), describe(x))
  end
  local record = get_record(x)
  if record then
    record.grad = value
  elseif value then
    set_record(x, {requires_grad = false, grad = value})
  end
end

--- autograd.set_field(x, name, value) does x.requires_grad = boolean and x.grad = tensor or nil.
function autograd.set_field(x, name, value)
  if name == "requires_grad" then
    set_requires_grad(x, value)
  else
    set_grad(x, value)
  end
end

--- x:requires_grad_([value = true]) -> x, as x.requires_grad = value. Float leaf tensors only.
function autograd.requires_grad_(x, value)
  if value == nil then
    value = true
  end
  set_requires_grad(x, value)
  return x
end

--- x:detach() -> a view of the same elements without a history; gradients stop there.
function autograd.detach(x)
  return core.to(x, core.dtype(x))
end

return autograd

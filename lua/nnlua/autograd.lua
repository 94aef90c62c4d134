-- The tape: which operation made a tensor from which others, and the walk back over it.
--
-- A tensor's record (core.get_record) is nil, or
--   {requires_grad = boolean, grad = tensor or nil, node = node or nil}.
-- A tensor is tracked if its record says requires_grad. A tracked tensor without a node is a leaf
-- (a parameter); one with a node came out of an operation:
--   node = {op, sequence, records = {record or false, ...}, args, y, versions}
-- has one record per differentiable input (false: needs no gradient) and what op.run needs to go
-- back. Nodes point to the records of their inputs, not to the tensors, so that a tensor lives only
-- as long as some backward step needs its elements. Leaf records and nodes may have `hooks`.
--
-- Invariants: nodes are visited in descending sequence number, so sums of gradients have one order;
-- leaves receive their gradients after the whole walk succeeded; nothing here recurses along the
-- graph. Gradients themselves are not tracked.

local core = require "nnlua.core"
local hook_list = require "nnlua.hook_list"
local options = require "nnlua.options"

local autograd = {}

local get_record, set_record, version = core.get_record, core.set_record, core.version
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

--- autograd.describe(x) -> "float32 [2,3]"
function autograd.describe(x)
  return ("%s [%s]"):format(core.dtype(x), table.concat(core.shape(x), ","))
end

local describe = autograd.describe

-- Recording ---------------------------------------------------------------------------------------

local sequence = 0

--- autograd.record_of(v) -> the record of a tensor that requires a gradient; false for any other
--- value.
function autograd.record_of(v)
  local record = get_record(v)
  return record and record.requires_grad and record or false
end

--- autograd.watch: nil, or a function that sees every node that is recorded, watch(node, y), and on
--- the way back the gradients of its inputs, watch(node, nil, gradients).

--- autograd.attach(y, node) makes y the result of node, whose op and records are set.
function autograd.attach(y, node)
  sequence = sequence + 1
  node.sequence = sequence
  set_record(y, {requires_grad = true, node = node})
  if autograd.watch then autograd.watch(node, y) end
end

local select_op = {name = "hooks", run = function(node, dy) return {{[node.index] = dy}} end}

--- autograd.barrier(list, f) -> whether any of list[1..list.n] is a tracked tensor. Those are
--- replaced by equal ones; on the way back f(gradients) is called once with the gradients of all of
--- them, {[i] = tensor, n = list.n}, and returns the ones to go on with.
function autograd.barrier(list, f)
  local joint, at, like = {records = {}}, {}, {}
  for i = 1, list.n do
    if autograd.is_tracked(list[i]) then
      at[#at + 1], like[i] = i, core.to(list[i], core.dtype(list[i]))
      joint.records[#at] = autograd.record_of(list[i])
    end
  end
  if #at == 0 then
    return false
  end
  sequence = sequence + 1
  joint.sequence = sequence
  joint.op = {name = "hooks", run = function(_, gradients)
    local given, result = {n = list.n}, {}
    for _, i in ipairs(at) do
      given[i] = gradients[i] or core.zeros_like(like[i]) -- nobody used it
    end
    given = f(given)
    for position, i in ipairs(at) do
      result[position] = given[i]
    end
    return result
  end}
  local record = {requires_grad = true, node = joint}
  for _, i in ipairs(at) do
    list[i] = core.to(like[i], core.dtype(like[i]))
    autograd.attach(list[i], {op = select_op, records = {record}, index = i})
  end
  return true
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

-- The gradient after the hooks of the leaf record or node that it is meant for.
local function through_hooks(target, gradient)
  for _, f in hook_list.each(target.hooks) do
    local result = f(gradient)
    if result ~= nil then
      if not core.is_tensor(result) or describe(result) ~= describe(gradient) then
        raise("register_hook: the hook returned %s, expected a gradient %s", core.is_tensor(result)
          and describe(result) or "a " .. options.type_name(result), describe(gradient))
      end
      gradient = result
    end
  end
  return gradient
end

-- Gradients on their way, by the node or leaf record they are meant for. A sum that nobody else can
-- hold is `owned` and may be added to in place or given to a leaf as it is. What goes into a
-- barrier are tables of gradients by number, each number once.
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
  elseif type(sum) == "table" then
    for i, part in pairs(gradient) do
      sum[i] = part
    end
  elseif self.owned[target] then
    core.add_(sum, gradient)
  else
    self.sum[target], self.owned[target] = core.add(sum, gradient), true
  end
end

-- The node's whole gradient, after its hooks.
function Sums:take(node)
  local sum = self.sum[node]
  self.sum[node] = nil
  return node.hooks and through_hooks(node, sum) or sum
end

-- Hands the leaves their sums, once all their hooks have run.
function Sums:deliver()
  for _, leaf in ipairs(self.leaves) do
    if leaf.hooks then
      self.sum[leaf], self.owned[leaf] = through_hooks(leaf, self.sum[leaf]), false
    end
  end
  local whole <close> = core.uninterrupted() -- luacheck: ignore whole
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
  elseif describe(dy) ~= describe(y) then
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
    local gradients = node.op.run(node, sums:take(node))
    if autograd.watch then autograd.watch(node, nil, gradients) end
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

--- x:register_hook(f) -> handle. On every walk back f(gradient) is called once with the whole
--- gradient of x, which it must not change; what it returns, if anything, takes its place. Hooks of
--- leaves run at the end, before grad changes. handle:remove() takes the hook away.
function autograd.register_hook(x, f)
  local record = get_record(x)
  if not (record and record.requires_grad) then
    raise("register_hook: the tensor does not require a gradient")
  end
  local target = record.node or record
  target.hooks = target.hooks or {}
  return hook_list.add(target.hooks, f, "register_hook")
end

--- x:detach() -> a view of the same elements without a history; gradients stop there.
function autograd.detach(x)
  return core.to(x, core.dtype(x))
end

return autograd

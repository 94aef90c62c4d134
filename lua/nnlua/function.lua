-- nn.Function: an operation whose gradient the user writes.
--
--   local cube = nn.Function{
--     name = "cube",
--     forward = function(ctx, x) ctx:save(x); return x^3 end,
--     backward = function(ctx, dy) local x = table.unpack(ctx.saved); return dy * 3 * x^2 end,
--   }
--   local y = cube(x)
--
-- Invariants: neither function is recorded itself; what backward returns is checked against the
-- arguments' shapes and dtypes before it goes anywhere.

local autograd = require "nnlua.autograd"
local core = require "nnlua.core"
local options = require "nnlua.options"

local Context = {}
Context.__index = Context

--- ctx:save(...) keeps tensors (and other values) for backward, which finds them in the list
--- ctx.saved. A tensor that is modified in place in between makes backward raise.
function Context:save(...)
  self.saved = table.pack(...)
end

local function describe(dtype, shape)
  return ("%s [%s]"):format(dtype, table.concat(shape, ","))
end

-- Raises unless gradient i is what argument i needs.
local function check_gradient(name, i, gradient, wanted)
  if gradient == nil then
    options.raise("backward of '%s' returned no gradient for argument %d, which needs one", name, i)
  elseif not core.is_tensor(gradient) then
    options.raise("backward of '%s' returned a %s for argument %d (tensor expected)", name,
                  options.type_name(gradient), i)
  end
  local got = describe(core.dtype(gradient), core.shape(gradient))
  if got ~= wanted then
    options.raise("backward of '%s' returned a gradient %s for argument %d, which is %s", name, got,
                  i, wanted)
  end
end

local function run(node, dy)
  local op, context = node.op, node.context
  local gradients = table.pack(op.backward(context.ctx, dy))
  if gradients.n < context.last_tensor or gradients.n > context.count then
    options.raise("backward of '%s' returned %d values, expected one per argument of forward: %d",
                  op.name, gradients.n, context.count)
  end
  for i, needed in ipairs(context.ctx.needs) do
    if needed then
      check_gradient(op.name, i, gradients[i], context.described[i])
    end
  end
  return gradients
end

local function record(op, ctx, args, y)
  local context = {ctx = ctx, count = args.n, last_tensor = 0, described = {}}
  local node = {op = op, context = context, records = {}}
  for i = 1, args.n do
    node.records[i] = autograd.record_of(args[i])
    if core.is_tensor(args[i]) then
      context.last_tensor = i
      context.described[i] = describe(core.dtype(args[i]), core.shape(args[i]))
    end
  end
  for i = 1, ctx.saved.n do
    if core.is_tensor(ctx.saved[i]) then
      autograd.keep(node, ctx.saved[i])
    end
  end
  autograd.attach(y, node)
end

--- nn.Function{forward=, backward=, name="Function"} -> a function of forward's arguments.
--- forward(ctx, ...) -> one float tensor, and perhaps further values, which have no gradient.
--- backward(ctx, dy) -> the gradient with respect to each argument of forward, in their order: a
--- tensor of the argument's shape and dtype, or nil where ctx.needs[i] is false; values for
--- arguments after the last tensor may be left out.
return function(given)
  local o = options.check("Function", given, {
    forward = options.required, backward = options.required, name = "Function",
  })
  for _, part in ipairs {"backward", "forward"} do
    if type(o[part]) ~= "function" then
      options.raise("bad option '%s' to 'Function' (function expected, got %s)", part,
                    options.type_name(o[part]))
    end
  end
  local op = {name = o.name, backward = o.backward, run = run}

  local function finish(ctx, args, tracked, y, ...)
    if not core.is_tensor(y) then
      options.raise("forward of '%s' returned a %s (tensor expected)", o.name, options.type_name(y))
    end
    if tracked then
      if core.get_record(y) then
        y = autograd.detach(y) -- an argument, handed back: the result needs a history of its own
      end
      record(op, ctx, args, y)
    end
    return y, ...
  end

  return function(...)
    local args, tracked = table.pack(...), false
    local ctx = setmetatable({saved = {n = 0}, needs = {}}, Context)
    for i = 1, args.n do
      ctx.needs[i] = autograd.is_tracked(args[i])
      tracked = tracked or ctx.needs[i]
    end
    return finish(ctx, args, tracked, autograd.no_grad(o.forward, ctx, ...))
  end
end

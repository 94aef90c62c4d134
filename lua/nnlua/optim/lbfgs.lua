-- nn.optim.LBFGS: limited-memory quasi-Newton steps. Nocedal & Wright 2006, section 7.2; the order
-- of operations and the stopping rules are PyTorch's, and so are the numbers.
--
--   d = -H g, H from the last history_size pairs of (change of x, change of g);  x = x + t d
--
-- All parameters are taken as one vector; one without a gradient counts as having zeros.
--
-- Invariants: tensors of the state are never written to, only replaced, and the state is replaced
-- at the end of a step: a step that fails puts the parameters back and has changed nothing.

local class = require "nnlua.class"
local core = require "nnlua.core"
local Optimizer = require "nnlua.optim.optimizer"
local options = require "nnlua.options"
local saved = require "nnlua.optim.saved"
local strong_wolfe = require "nnlua.optim.strong_wolfe"

--- nn.optim.LBFGS(params [, {lr = 1, max_iter = 20, max_eval = max_iter * 5 // 4, tolerance_grad =
--- 1e-7, tolerance_change = 1e-9, history_size = 100, line_search_fn = nil | "strong_wolfe"}]): one
--- group of parameters of one dtype. State, of the first parameter: n_iter, func_evals, H_diag, t,
--- prev_loss, d, prev_flat_grad, and the lists old_dirs, old_stps, ro.
local LBFGS = class("LBFGS", Optimizer)

LBFGS.defaults = {
  lr = 1, max_iter = 20, max_eval = options.optional, tolerance_grad = 1e-7,
  tolerance_change = 1e-9, history_size = 100, line_search_fn = options.optional,
}

local function check_integer(group, name, least)
  if math.type(group[name]) ~= "integer" or group[name] < least then
    options.raise("bad option '%s' to 'LBFGS' (an integer >= %d expected, got %s)", name, least,
                  tostring(group[name]))
  end
end

function LBFGS.check_group(_, group)
  Optimizer.check_not_negative("LBFGS", group, "lr", "tolerance_grad", "tolerance_change")
  check_integer(group, "max_iter", 1)
  check_integer(group, "history_size", 1)
  if group.max_eval ~= nil then check_integer(group, "max_eval", 1) end
  if group.line_search_fn ~= nil and group.line_search_fn ~= "strong_wolfe" then
    options.raise("bad option 'line_search_fn' to 'LBFGS' (nil or 'strong_wolfe' expected, got %s)",
                  tostring(group.line_search_fn))
  end
end

function LBFGS:init(params, given)
  Optimizer.init(self, params, given)
  if #self.groups > 1 then
    core.arg_error(1, "LBFGS", ("one group expected, got %d"):format(#self.groups))
  end
end

--- opt:add_group raises: all parameters are one vector with one set of options.
function LBFGS.add_group()
  options.raise("LBFGS: all parameters are one group")
end

-- Vectors -----------------------------------------------------------------------------------------

local function dot(a, b)
  return core.sum(core.mul(a, b)):item()
end

local function largest(a)
  return a:numel() == 0 and 0 or core.max(core.abs(a)):item()
end

-- a + factor * b.
local function plus(a, b, factor)
  return core.add(a, core.mul(b, factor))
end

local function flat_gradient(params)
  local pieces = {}
  for i, p in ipairs(params) do
    local grad = p.grad
    if grad and grad:dtype() ~= params[1]:dtype() then
      options.raise("LBFGS: the gradient of parameter %d is %s, parameter 1 is %s", i,
                    grad:dtype(), params[1]:dtype())
    end
    pieces[i] = grad and core.reshape(grad, {-1})
      or core.zeros({p:numel()}, {dtype = params[1]:dtype()})
  end
  return core.cat(pieces)
end

-- x: where each parameter was; they are moved to x + t d.
local function move(params, x, t, d)
  local first = 1
  for i, p in ipairs(params) do
    local last = first + p:numel() - 1
    if last >= first then
      local piece = core.reshape(d[{ {first, last} }], p:shape())
      core.copy_(p, plus(x[i], piece, t))
    end
    first = last + 1
  end
end

local function copies(params)
  local list = {}
  for i, p in ipairs(params) do list[i] = core.clone(p) end
  return list
end

-- The closure's loss as it returns it and as a number, and the gradient.
local function evaluate(params, closure)
  local loss = closure()
  local value = core.is_tensor(loss) and loss:item() or loss
  if type(value) ~= "number" then
    options.raise("LBFGS: the closure returned a %s, expected the loss", options.type_name(loss))
  end
  return loss, value, flat_gradient(params)
end

-- The direction -----------------------------------------------------------------------------------

-- Takes the last step into the history.
local function remember(s, gradient, history_size)
  local y, step = core.sub(gradient, s.prev_flat_grad), core.mul(s.d, s.t)
  local ys = dot(y, step)
  if ys > 1e-10 then
    while #s.old_dirs >= history_size do
      table.remove(s.old_dirs, 1)
      table.remove(s.old_stps, 1)
      table.remove(s.ro, 1)
    end
    s.old_dirs[#s.old_dirs + 1], s.old_stps[#s.old_stps + 1] = y, step
    s.ro[#s.ro + 1] = 1 / ys
    s.H_diag = ys / dot(y, y)
  end
end

-- -H gradient by two passes through the history.
local function direction(s, gradient)
  local q, al = core.neg(gradient), {}
  for i = #s.old_dirs, 1, -1 do
    al[i] = dot(s.old_stps[i], q) * s.ro[i]
    q = plus(q, s.old_dirs[i], -al[i])
  end
  local r = core.mul(q, s.H_diag)
  for i = 1, #s.old_dirs do
    r = plus(r, s.old_stps[i], al[i] - dot(s.old_dirs[i], r) * s.ro[i])
  end
  return r
end

-- The step ----------------------------------------------------------------------------------------

-- Changes the parameters and s, the state; returns the loss before.
local function iterate(params, closure, group, s)
  local first_loss, loss, gradient = evaluate(params, closure)
  local evaluations, most = 1, group.max_eval or group.max_iter * 5 // 4
  s.func_evals = s.func_evals + 1
  local optimal = largest(gradient) <= group.tolerance_grad
  local n = 0
  while not optimal and n < group.max_iter do
    n, s.n_iter = n + 1, s.n_iter + 1
    if s.n_iter == 1 then
      s.d = core.neg(gradient)
      s.t = math.min(1, 1 / core.sum(core.abs(gradient)):item()) * group.lr
    else
      remember(s, gradient, group.history_size)
      s.d, s.t = direction(s, gradient), group.lr
    end
    s.prev_flat_grad, s.prev_loss = gradient, loss
    local slope = dot(gradient, s.d)
    if slope > -group.tolerance_change then break end
    local x, used = copies(params), 0
    if group.line_search_fn then
      loss, gradient, s.t, used = strong_wolfe(function(t)
        move(params, x, t, s.d)
        local _, value, its_gradient = evaluate(params, closure)
        return value, its_gradient, dot(its_gradient, s.d)
      end, s.t, loss, gradient, slope, largest(s.d))
      move(params, x, s.t, s.d)
    else
      move(params, x, s.t, s.d)
      if n < group.max_iter then -- nobody would look at the last one
        local _
        _, loss, gradient = evaluate(params, closure)
        used = 1
      end
    end
    optimal = largest(gradient) <= group.tolerance_grad
    evaluations, s.func_evals = evaluations + used, s.func_evals + used
    if evaluations >= most or largest(s.d) * math.abs(s.t) <= group.tolerance_change
       or math.abs(loss - s.prev_loss) < group.tolerance_change then
      break
    end
  end
  return first_loss
end

--- opt:step(closure) -> the loss before the step. closure() computes the loss and the gradients,
--- from scratch (it drops the old ones), and returns the loss; it is called up to about max_eval
--- times. Raises what closure raises; parameters and state are then as before.
function LBFGS:step(closure)
  if not options.is_callable(closure) then
    core.arg_error(1, "step", ("LBFGS needs a function that computes loss and gradients, got %s")
      :format(options.type_name(closure)))
  end
  local group = self.groups[1]
  local params = group.params
  self:check_group(group)
  local before = self.state[params[1]]
  local s = {n_iter = 0, func_evals = 0, H_diag = 1.0, old_dirs = {}, old_stps = {}, ro = {}}
  for key, value in pairs(before or {}) do
    s[key] = type(value) == "table" and {table.unpack(value)} or value
  end
  if s.d and s.d:dtype() ~= params[1]:dtype() then
    options.raise("LBFGS: parameter 1 is %s but its state is %s; opt:load_state_dict("
                  .. "opt:state_dict()) converts the state", params[1]:dtype(), s.d:dtype())
  end
  local x = copies(params)
  local ok, loss = pcall(iterate, params, closure, group, s)
  if not ok then
    for i, p in ipairs(params) do
      core.copy_(p, x[i])
    end
    error(loss, 0)
  end
  self.state[params[1]] = s
  return loss
end

-- State -------------------------------------------------------------------------------------------

--- opt:check_state(state, p) -> what is wrong with a saved state of parameter p, or nil.
function LBFGS:check_state(state, p)
  local params = self.groups[1].params
  if p ~= params[1] then
    return "should be false: the first parameter has the state of all"
  end
  local n = 0
  for _, each in ipairs(params) do n = n + each:numel() end
  local pairs_saved = type(state) == "table" and type(state.ro) == "table" and #state.ro or 0
  local vector = saved.tensor({n})
  local after_a_step = type(state) == "table" and state.n_iter ~= 0
    and function(rule) return rule end or saved.optional
  return saved.problem(state, {
    n_iter = saved.count, func_evals = saved.count, H_diag = saved.number,
    t = after_a_step(saved.number), prev_loss = after_a_step(saved.number),
    d = after_a_step(vector), prev_flat_grad = after_a_step(vector),
    old_dirs = saved.list(vector, pairs_saved), old_stps = saved.list(vector, pairs_saved),
    ro = saved.list(saved.number, pairs_saved),
  })
end

return LBFGS

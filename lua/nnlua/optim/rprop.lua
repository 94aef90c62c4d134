-- nn.optim.Rprop: only the signs of the gradient count. Riedmiller & Braun 1993; numbers as
-- PyTorch's.
--
--   where g keeps its sign:    s = min(etas[2] s, step_sizes[2])
--   where g changes its sign:  s = max(etas[1] s, step_sizes[1]), and g = 0
--   p = p - sign(g) s

local class = require "nnlua.class"
local Optimizer = require "nnlua.optim.optimizer"

--- nn.optim.Rprop(params [, {lr = 0.01, etas = {0.5, 1.2}, step_sizes = {1e-6, 50}, maximize =
--- false}]): every s starts as lr. State: step, prev, step_size.
local Rprop = class("Rprop", Optimizer)

Rprop.defaults = {lr = 0.01, etas = {0.5, 1.2}, step_sizes = {1e-6, 50}, maximize = false}
Rprop.kernel, Rprop.needed, Rprop.scalars = "rprop", 2, {step = 0}
Rprop.buffers = {"prev", "step_size"}

function Rprop.check_group(_, group)
  Optimizer.check_not_negative("Rprop", group, "lr")
  Optimizer.check_pair("Rprop", group, "etas", "0 < etas[1] < 1 < etas[2]", function(eta, i)
    return i == 1 and eta > 0 and eta < 1 or i == 2 and eta > 1
  end)
  Optimizer.check_pair("Rprop", group, "step_sizes", "0 <= step_sizes[1] <= step_sizes[2]",
                       function(size, i)
    return size >= 0 and (i == 1 or size >= group.step_sizes[1])
  end)
end

function Rprop.fill(_, buffer, group)
  return buffer == "step_size" and group.lr or 0
end

function Rprop.coefficients(_, group, state)
  state.step = state.step + 1
  return {minus = group.etas[1], plus = group.etas[2], least = group.step_sizes[1],
          most = group.step_sizes[2]}
end

return Rprop

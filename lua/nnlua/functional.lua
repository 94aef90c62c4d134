-- The differentiable operations: nnlua.core's functions with a gradient rule each.
--
--   local functional = require "nnlua.functional"
--   functional.mul(a, b)          the same as nn.mul(a, b), a:mul(b), a * b
--   functional.ops                {{name =, ...}, ...}: every rule, in the order of declaration
--
-- The rules stand in functional/*.lua, as data: one entry per operation, its formula beside it (the
-- fields are described in operation.lua). There x, a, b are arguments, y is the result, dy the
-- gradient that flows into it, and the gradient functions use raw core functions only.
--
-- Invariant: tests/spec/autograd_spec.lua checks every entry of `ops` against finite differences.

local make = require "nnlua.operation"

local functional = {ops = {}}

--- define(name, op) adds an operation to the registry; op.hidden ones are steps of others and do
--- not become functions of nn.
local function define(name, op)
  local f = make(name, op)
  functional.ops[#functional.ops + 1] = op
  if not op.hidden then
    functional[name] = f
  end
  return f
end

for _, part in ipairs {"elementwise", "reduction", "shape", "product", "neural", "convolution",
                       "pooling", "losses", "normalization", "embedding", "recurrent",
                       "attention"} do
  require("nnlua.functional." .. part)(define, functional)
end

return functional

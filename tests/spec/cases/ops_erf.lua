-- Calls of the error function for autograd_spec.lua.

local leaves = require "tests.spec.cases.leaves"
local nn = require "nnlua"

return {erf = {{nn.erf, leaves.leaf(7)}}}

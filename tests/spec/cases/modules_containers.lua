-- modules_containers.lua - containers, as modules_spec.lua checks them.

local leaves = require "tests.spec.cases.leaves"
local nn = require "nnlua"

local leaf = leaves.leaf

local function linear(from, to)
  return nn.Linear(from, to, {dtype = "float64"})
end

-- A model that goes through the modules of its field `parts` itself.
local Chain = nn.class("Chain", nn.Module)
function Chain:init(parts) self.parts = parts end
function Chain:forward(x)
  if self.parts:is(nn.ModuleDict) then
    for _, part in self.parts:items() do x = part(x) end
  else
    for _, part in ipairs(self.parts) do x = part(x) end
  end
  return x
end

return {
  ModuleList = {
    {function() return Chain(nn.ModuleList(linear(3, 4), nn.Tanh(), linear(4, 2))) end, leaf(5, 3)},
  },
  ModuleDict = {
    {function() return Chain(nn.ModuleDict {a = linear(3, 4), b = nn.Tanh()}) end, leaf(5, 3)},
  },
  Concat = {
    {function() return nn.Concat(2, linear(3, 4), nn.Tanh()) end, leaf(5, 3)},
    {function() return nn.Concat(-2, linear(3, 2), linear(3, 2)) end, leaf(2, 5, 3)},
  },
  Parallel = {
    {function() return nn.Parallel(2, 2, linear(3, 4), linear(3, 1)) end, leaf(5, 2, 3)},
    {function() return nn.Parallel(-1, 1, linear(3, 2), linear(3, 2)) end, leaf(5, 3, 2)},
  },
  Residual = {
    {function() return nn.Residual(linear(3, 3)) end, leaf(5, 3)},
    {function() return nn.Residual(linear(3, 2), {shortcut = linear(3, 2)}) end, leaf(5, 3)},
  },
}

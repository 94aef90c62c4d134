-- nn.Concat: several modules on the same input, their results side by side.
--
-- y = cat(m1(x), m2(x), ...) along a dimension

local branches = require "nnlua.layers.branches"
local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local ModuleList = require "nnlua.layers.module_list"

--- nn.Concat(dim, module, ...) : dim counts in the results, -1 the last. list:add takes more.
local Concat = class("Concat", ModuleList)

function Concat:init(dim, ...)
  if math.type(dim) ~= "integer" or dim == 0 then
    core.arg_error(1, "Concat", "a dimension expected, got " .. tostring(dim))
  end
  rawset(self, "dim", dim)
  branches.fill(self, 2, ...)
end

function Concat:forward(x)
  local results = {}
  for i = 1, #self do
    results[i] = branches.call(self, i, x)
  end
  return functional.cat(results, self.dim)
end

function Concat:output_shape(input_shape, noted)
  local shape
  for i = 1, #self do
    local output = self[i]:trace_shape(input_shape, noted)
    local dim = output and (self.dim > 0 and self.dim or #output + 1 + self.dim)
    if not output or not output[dim] then return nil end
    shape = shape or table.move(output, 1, #output, 1, {[dim] = 0})
    shape[dim] = (i > 1 and shape[dim] or 0) + output[dim]
  end
  return shape
end

function Concat:__tostring()
  return branches.text(self, "dim=" .. self.dim)
end

return Concat

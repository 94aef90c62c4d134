-- nn.Parallel: slice i of the input to module i, their results side by side.
--
-- y = cat(m1(x[.., 1, ..]), m2(x[.., 2, ..]), ...); a slice has no input_dim any more.

local branches = require "nnlua.layers.branches"
local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local ModuleList = require "nnlua.layers.module_list"
local options = require "nnlua.options"

--- nn.Parallel(input_dim, output_dim, module, ...) : as many modules as x has slices along
--- input_dim; output_dim counts in the results. Negative ones count from the end.
local Parallel = class("Parallel", ModuleList)

function Parallel:init(input_dim, output_dim, ...)
  for position, dim in ipairs {input_dim or false, output_dim or false} do
    if math.type(dim) ~= "integer" or dim == 0 then
      core.arg_error(position, "Parallel", "a dimension expected, got " .. tostring(dim))
    end
  end
  rawset(self, "input_dim", input_dim)
  rawset(self, "output_dim", output_dim)
  branches.fill(self, 3, ...)
end

local function from_start(dim, ndim)
  return dim > 0 and dim or ndim + 1 + dim
end

function Parallel:check(x)
  if not core.is_tensor(x) then
    return ("input is a %s, expected a tensor"):format(options.type_name(x))
  end
  local shape = x:shape()
  if shape[from_start(self.input_dim, #shape)] ~= #self then
    return ("input is [%s], expected size %d in dimension %d"):format(
      table.concat(shape, ","), #self, self.input_dim)
  end
end

function Parallel:forward(x)
  local results, key = {}, {}
  local dim = from_start(self.input_dim, x:ndim())
  for d = 1, dim do key[d] = {} end
  for i = 1, #self do
    key[dim] = i
    results[i] = branches.call(self, i, functional.index(x, key))
  end
  return functional.cat(results, self.output_dim)
end

function Parallel:output_shape(input_shape, noted)
  local slice, shape = {table.unpack(input_shape)}, nil
  table.remove(slice, from_start(self.input_dim, #slice))
  for i = 1, #self do
    local output = self[i]:trace_shape(slice, noted)
    local dim = output and from_start(self.output_dim, #output)
    if not output or not output[dim] then return nil end
    shape = shape or table.move(output, 1, #output, 1, {})
    shape[dim] = (i > 1 and shape[dim] or 0) + output[dim]
  end
  return shape
end

function Parallel:__tostring()
  return branches.text(self, ("input_dim=%d, output_dim=%d"):format(self.input_dim,
                                                                    self.output_dim))
end

return Parallel

-- nn.Unflatten: takes one dimension apart, [N, a*b] to [N, a, b]: what Flatten has joined.

local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.Unflatten(dim, sizes) : dimension dim (negative: from the end) becomes the list of sizes, of
--- which one may be -1. Fields: dim, sizes.
local Unflatten = class("Unflatten", Module)

function Unflatten:init(dim, sizes)
  if math.type(dim) ~= "integer" or dim == 0 then
    core.arg_error(1, "Unflatten", "dimension 1, 2, ... or -1, -2, ... expected, got "
                   .. tostring(dim))
  elseif type(sizes) ~= "table" or #sizes == 0 then
    core.arg_error(2, "Unflatten", "list of sizes expected, got " .. options.type_name(sizes))
  end
  local open = 0
  for _, size in ipairs(sizes) do
    if math.type(size) ~= "integer" or size < -1 then
      core.arg_error(2, "Unflatten", "sizes expected, got " .. tostring(size))
    end
    open = open + (size == -1 and 1 or 0)
  end
  if open > 1 then
    core.arg_error(2, "Unflatten", "only one size can be -1")
  end
  self.dim, self.sizes = dim, table.move(sizes, 1, #sizes, 1, {})
end

function Unflatten:output_shape(shape)
  local dim = self.dim > 0 and self.dim or #shape + 1 + self.dim
  if dim < 1 or dim > #shape then
    return nil
  end
  local product, open = 1, nil
  for i, size in ipairs(self.sizes) do
    if size == -1 then
      open = i
    else
      product = product * size
    end
  end
  local result = table.move(shape, 1, dim - 1, 1, {})
  table.move(self.sizes, 1, #self.sizes, dim, result)
  if open and product > 0 and shape[dim] % product == 0 then
    result[dim + open - 1] = shape[dim] // product
  elseif open or product ~= shape[dim] then
    return nil
  end
  return table.move(shape, dim + 1, #shape, #result + 1, result)
end

function Unflatten:check(x)
  if not core.is_tensor(x) then
    return ("input is a %s, expected a tensor"):format(options.type_name(x))
  elseif not self:output_shape(core.shape(x)) then
    return ("input is [%s], whose dimension %d does not divide into [%s]"):format(
      table.concat(core.shape(x), ","), self.dim, table.concat(self.sizes, ","))
  end
end

function Unflatten:forward(x)
  return functional.reshape(x, self:output_shape(core.shape(x)))
end

function Unflatten:__tostring()
  return ("Unflatten(dim=%d, sizes=[%s])"):format(self.dim, table.concat(self.sizes, ","))
end

return Unflatten

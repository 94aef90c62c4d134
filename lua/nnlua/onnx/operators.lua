-- The ONNX operators that a loaded graph can evaluate: name -> {attributes =, run =}.
--
-- They stand in operators/*.lua, one entry each:
--
--   define("Elu", {alpha = 1.0}, function(a, x) return functional.elu(x, {alpha = a.alpha}) end)
--
-- The table names every attribute that is understood, with its default, or OPTIONAL; run gets the
-- attributes, and a.version (of the operator set), a.outputs (how many are wanted) and a.dtype
-- ("float32", or what graph:to has made of it); then the inputs, nil where one is left out. What it
-- does is differentiable, being made of nnlua.functional, unless the operator is not.
--
-- Axes and indices are converted here: ONNX counts from 0, nnlua from 1. Integers narrower than
-- int64 are int64.

local options = require "nnlua.options"

local operators = {
  --- operators.OPTIONAL: the default of an attribute that may be left out and is nil then.
  OPTIONAL = setmetatable({}, {__name = "operators.OPTIONAL"}),

  --- Operator sets of the default domain that are understood, first and last.
  FIRST_OPSET = 1, LAST_OPSET = 21,

  known = {},
}

local function define(name, attributes, run)
  operators.known[name] = {attributes = attributes, run = run}
end

--- operators.dim(x, axis) -> the dimension (1..) that an axis (0.., or negative) of x is.
function operators.dim(x, axis)
  local ndim = x:ndim()
  if axis < -ndim or axis >= ndim then
    options.raise("axis %d of a tensor of rank %d", axis, ndim)
  end
  return axis >= 0 and axis + 1 or ndim + axis + 1
end

--- operators.list(t) -> the elements of an int64 tensor as a flat list.
function operators.list(t)
  local list = t:reshape({-1}):totable()
  for i, value in ipairs(list) do
    list[i] = math.tointeger(value) or options.raise("an int64 tensor expected, got %s", t:dtype())
  end
  return list
end

--- operators.axes(x, a, input) -> list of dimensions: a.axes, or in later operator sets the input's
--- elements; nil if neither is given.
function operators.axes(x, a, input)
  local axes = a.axes or input and operators.list(input)
  if not axes then return nil end
  local dims, seen = {}, {}
  for i, axis in ipairs(axes) do
    dims[i] = operators.dim(x, axis)
    if seen[dims[i]] then options.raise("axis %d is there twice", axis) end
    seen[dims[i]] = true
  end
  return dims
end

for _, part in ipairs {"elementwise", "reduction", "shape", "neural", "spatial", "recurrent"} do
  require("nnlua.onnx.operators." .. part)(define, operators)
end

return operators

-- What the user hands to a plot, checked once and turned into plain lists of floats.
--
-- Invariants: every fault is raised here, in the name of the plot function and of the option that
-- holds it, before anything is drawn; what comes out is rectangular and holds floats only.

local core = require "nnlua.core"
local options = require "nnlua.options"
local scale = require "nnlua.plot.scale"

local input = {}

--- input.raise(fname, what, format, ...) raises "bad option 'WHAT' to 'FNAME' (…)".
function input.raise(fname, what, format, ...)
  options.raise("bad option '%s' to '%s' (%s)", what, fname, format:format(...))
end

-- A table as it is, a tensor as nested tables.
local function table_of(fname, what, value, wanted)
  if type(value) == "userdata" then
    -- some other userdata has no such method, or is not even indexable
    local ok, rows = pcall(function() return value:totable() end)
    value = ok and rows or value
  end
  if type(value) ~= "table" then
    input.raise(fname, what, "%s expected, got %s", wanted,
                value == nil and "nothing" or type(value) == "userdata" and "userdata"
                or type(value) == "number" and "a number" or ("%s %q"):format(type(value),
                                                                           tostring(value)))
  end
  return value
end

local function floats(fname, what, list)
  local result = {}
  for i = 1, #list do
    local v = list[i]
    if math.type(v) == nil then
      input.raise(fname, what, "element %d is %s, not a number", i,
                  type(v) == "table" and "a table" or tostring(v))
    end
    result[i] = v + 0.0
  end
  return result
end

--- input.numbers(fname, what, value) -> list of floats, from a list of numbers or a vector.
function input.numbers(fname, what, value)
  return floats(fname, what, table_of(fname, what, value, "a list of numbers or a vector"))
end

--- input.flat(fname, what, value) -> list of floats, from a list of numbers or a tensor of any
--- shape.
function input.flat(fname, what, value)
  if core.is_tensor(value) then
    value = value:detach():reshape(-1)
  end
  return input.numbers(fname, what, value)
end

--- input.matrix(fname, what, value) -> list of rows of floats, all of one length, from a nested
--- table or a matrix; at least one row and one column.
function input.matrix(fname, what, value)
  local rows = table_of(fname, what, value, "a matrix")
  local result = {}
  for i = 1, #rows do
    if type(rows[i]) ~= "table" and type(rows[i]) ~= "userdata" then
      input.raise(fname, what, "row %d is %s, not a row of numbers", i, tostring(rows[i]))
    end
    result[i] = input.numbers(fname, ("%s[%d]"):format(what, i), rows[i])
    if #result[i] ~= #result[1] then
      input.raise(fname, what, "row %d has %d columns, row 1 has %d", i, #result[i], #result[1])
    end
  end
  if #result == 0 or #result[1] == 0 then
    input.raise(fname, what, "it is empty")
  end
  return result
end

--- input.images(fname, value) -> list of at least one matrix, all of one size, from a list of
--- matrices or a tensor [n, h, w] given as option `images`.
function input.images(fname, value)
  local list = table_of(fname, "images", value, "a list of matrices or a tensor [n, h, w]")
  local result = {}
  for i = 1, #list do
    local what = ("images[%d]"):format(i)
    local image = input.matrix(fname, what, list[i])
    local first = result[1] or image
    if #image ~= #first or #image[1] ~= #first[1] then
      input.raise(fname, what, "it is [%d,%d], the first is [%d,%d]", #image, #image[1], #first,
                  #first[1])
    end
    result[i] = image
  end
  if #result == 0 then
    input.raise(fname, "images", "there are none")
  end
  return result
end

--- input.text(fname, what, value) -> value as a string, "" for nil; raises for other types.
function input.text(fname, what, value)
  if value == nil then
    return ""
  end
  if type(value) ~= "string" and type(value) ~= "number" then
    input.raise(fname, what, "a string expected, got %s", type(value))
  end
  return tostring(value)
end

--- input.texts(fname, what, value, count) -> list of `count` strings, or nil for nil.
function input.texts(fname, what, value, count)
  if value == nil then
    return nil
  end
  if type(value) ~= "table" or #value ~= count then
    input.raise(fname, what, "%d strings expected, got %s", count,
                type(value) == "table" and #value or type(value))
  end
  local result = {}
  for i = 1, count do
    result[i] = input.text(fname, ("%s[%d]"):format(what, i), value[i])
  end
  return result
end

--- input.range(fname, what, value [, positive]) -> lo, hi from {lo, hi}; nil, nil for nil.
function input.range(fname, what, value, positive)
  if value == nil then
    return nil, nil
  end
  local lo, hi
  if type(value) == "table" then
    lo, hi = value[1], value[2]
  end
  local ok = math.type(lo) and math.type(hi) and lo < hi and math.abs(lo) <= 1e300
             and math.abs(hi) <= 1e300
  if not ok then
    input.raise(fname, what, "{lo, hi} with lo < hi expected, got %s",
                type(value) == "table" and ("{%s, %s}"):format(lo, hi) or tostring(value))
  elseif positive and lo <= 0 then
    input.raise(fname, what, "a logarithmic axis starts above 0, not at %s", tostring(lo))
  end
  return lo + 0.0, hi + 0.0
end

--- input.count(fname, what, value, default) -> a positive integer.
function input.count(fname, what, value, default)
  if value == nil then
    return default
  end
  local n = math.tointeger(value)
  if not n or n < 1 then
    input.raise(fname, what, "a positive integer expected, got %s", tostring(value))
  end
  return n
end

--- input.colormap(fname, name) -> the colour map of that name.
function input.colormap(fname, name)
  return scale.colormap(name)
    or input.raise(fname, "colormap", "'diverging', 'sequential', 'viridis', 'gray' or 'ink' "
                   .. "expected, got '%s'", tostring(name))
end

--- input.colour_range(fname, range, colormap, rows) -> lo, hi of the colours of lists of numbers:
--- the option `range`, or else symmetrical for "diverging", from 0 where nothing is below.
function input.colour_range(fname, range, colormap, rows)
  local lo, hi = input.range(fname, "range", range)
  if lo then
    return lo, hi
  end
  lo, hi = scale.extent(rows)
  if colormap == "diverging" then
    hi = math.max(math.abs(lo or 1), math.abs(hi or 1))
    hi = hi > 0 and hi or 1.0
    return -hi, hi
  end
  lo, hi = math.min(lo or 0.0, 0.0), hi or 1.0
  return lo, hi > lo and hi or lo + 1
end

return input

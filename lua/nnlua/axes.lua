-- Numbers that an image layer has one of for each axis: {h, w}, or {length} for one axis.

local core = require "nnlua.core"
local options = require "nnlua.options"

local axes = {}

-- The list of n integers from `least` on that value stands for, or nil.
local function read(value, n, least)
  local list = type(value) == "table" and value or nil
  if list and #list ~= n then return nil end
  local result = {}
  for i = 1, n do
    local number = list and list[i]
    if not list then number = value end
    if math.type(number) ~= "integer" or number < least then return nil end
    result[i] = number
  end
  return result
end

local function expected(n, least)
  local what = least == 1 and "positive integer" or "integer from 0 on"
  return n == 1 and what or what .. ", or a list {h, w} of them"
end

local function shown(value)
  return type(value) == "table" and ("{%s}"):format(axes.text(value, ", ")) or tostring(value)
end

--- axes.argument(position, function_name, value, n) -> list of n positive integers: an argument
--- that is one integer for all axes, or a list; raises for anything else.
function axes.argument(position, function_name, value, n)
  return read(value, n, 1)
         or core.arg_error(position, function_name, ("%s expected, got %s"):format(
              expected(n, 1), shown(value)))
end

--- axes.option(name, function_name, value, n, least) -> list of n integers: the same for an option.
function axes.option(name, function_name, value, n, least)
  return read(value, n, least)
         or options.raise("bad option '%s' to '%s' (%s expected, got %s)", name, function_name,
                          expected(n, least), shown(value))
end

--- axes.text(list [, separator = "×"]) -> "5×3"
function axes.text(list, separator)
  local texts = {}
  for i, value in ipairs(list) do texts[i] = tostring(value) end
  return table.concat(texts, separator or "×")
end

--- axes.given(options, defaults) -> " stride 2×2 padding 1×1": the options, lists of numbers or
--- single ones, that differ from their default, in the order of the list {name, default, ...}.
function axes.given(o, defaults)
  local texts = {}
  for i = 1, #defaults, 2 do
    local name, value = defaults[i], o[defaults[i]]
    local list = type(value) == "table" and value or {value}
    for _, entry in ipairs(list) do
      if entry ~= defaults[i + 1] then
        texts[#texts + 1] = (" %s %s"):format(name, axes.text(list))
        break
      end
    end
  end
  return table.concat(texts)
end

--- axes.check_sizes(shape, channels, least, n) -> what is wrong with a shape as that of images
--- [N,C,H,W] or [C,H,W] (n = 2; [N,C,L] or [C,L] for n = 1), "input is ...", or nil. channels: how
--- many, nil for any; least: the smallest sizes of the axes.
function axes.check_sizes(shape, channels, least, n)
  local c = channels or "C"
  local form = n == 1 and ("[N,%s,L] or [%s,L]"):format(c, c)
               or ("[N,%s,H,W] or [%s,H,W]"):format(c, c)
  local first = #shape - n -- where the channels are
  if first ~= 1 and first ~= 2 or channels and shape[first] ~= channels then
    return ("input is [%s], expected %s"):format(table.concat(shape, ","), form)
  end
  for i = 1, n do
    if shape[first + i] < least[i] then
      return ("input is [%s], expected at least %s pixels"):format(table.concat(shape, ","),
                                                                 axes.text(least))
    end
  end
end

--- axes.check_image(x, channels, least, n): the same of a tensor, or of what should be one.
function axes.check_image(x, channels, least, n)
  if not core.is_tensor(x) then
    return ("input is a %s, expected a tensor"):format(options.type_name(x))
  end
  return axes.check_sizes(core.shape(x), channels, least, n)
end

--- axes.with_sizes(shape, sizes [, channels]) -> shape with other last sizes, and another number of
--- channels before them.
function axes.with_sizes(shape, sizes, channels)
  local result = table.move(shape, 1, #shape, 1, {})
  table.move(sizes, 1, #sizes, #shape - #sizes + 1, result)
  result[#shape - #sizes] = channels or result[#shape - #sizes]
  return result
end

--- axes.product(list) -> the product of its numbers.
function axes.product(list)
  local n = 1
  for _, value in ipairs(list) do n = n * value end
  return n
end

return axes

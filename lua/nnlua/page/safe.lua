-- Whatever stands in a run's files, as a value that JSON can hold.

local core = require "nnlua.core"

local safe = {}

local REPLACEMENT = "\u{fffd}"
local DEEPEST = 40

--- safe.text(text) -> the text with every byte that is not UTF-8 replaced.
function safe.text(text)
  if utf8.len(text) then return text end
  local parts, at = {}, 1
  while at <= #text do
    local length, bad = utf8.len(text, at)
    if length then break end
    parts[#parts + 1] = text:sub(at, bad - 1)
    parts[#parts + 1] = REPLACEMENT
    at = bad + 1
  end
  parts[#parts + 1] = text:sub(at)
  return table.concat(parts)
end

--- safe.value(value) -> a copy: texts are UTF-8, NaN and infinities are the texts "nan", "inf" and
--- "-inf", keys are texts unless the table is a list; what JSON does not know becomes a text.
function safe.value(value, depth)
  depth = depth or 0
  local kind = math.type(value) or type(value)
  if kind == "float" then
    if value ~= value then return "nan" end
    if value - value ~= 0 then return value > 0 and "inf" or "-inf" end
    return value
  elseif kind == "string" then
    return safe.text(value)
  elseif kind == "integer" or kind == "boolean" or value == core.io.null then
    return value
  elseif kind ~= "table" or depth == DEEPEST then
    return tostring(value)
  end
  local copy = {}
  if #value > 0 or next(value) == nil then
    for i = 1, #value do
      copy[i] = value[i] == nil and core.io.null or safe.value(value[i], depth + 1)
    end
    return getmetatable(value) and core.io.json_array(copy) or copy
  end
  for key, item in pairs(value) do -- the order does not matter: JSON's keys are sorted
    copy[safe.text(tostring(key))] = safe.value(item, depth + 1)
  end
  return copy
end

return safe

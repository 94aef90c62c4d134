-- The configuration of a run as a flat list, so that runs can be compared: {"options.lr", 0.1}, ...
--
-- Invariant: the order is that of the bytes of the names, whatever the order of the table.

local core = require "nnlua.core"

local params = {}

local DEEPEST <const> = 8

local function is_scalar(value)
  local kind = type(value)
  return kind == "number" or kind == "string" or kind == "boolean"
end

-- "25,25" of a list of scalars; JSON of any other list, or of what lies too deep.
local function list_text(list)
  local texts = {}
  for i, item in ipairs(list) do
    if not is_scalar(item) then return core.io.json_encode(list) end
    texts[i] = tostring(item)
  end
  return #texts > 0 and table.concat(texts, ",") or core.io.json_encode(list)
end

local function add(list, prefix, value, depth)
  if value == core.io.null then return end
  if type(value) == "boolean" then value = tostring(value) end
  if type(value) ~= "table" then
    list[#list + 1] = {prefix, value}
    return
  end
  if #value > 0 or next(value) == nil or depth == DEEPEST then
    list[#list + 1] = {prefix, list_text(value)}
    return
  end
  for key, item in pairs(value) do -- sorted by `flatten`
    if type(key) == "string" then
      add(list, prefix == "" and key or prefix .. "." .. key, item, depth + 1)
    end
  end
end

--- params.flatten(config) -> list of {name, number or text}, sorted by name. The fields of nested
--- tables have names with dots; a list is a text, "25,25"; true is "true".
function params.flatten(config)
  local list = {}
  if type(config) == "table" and next(config) ~= nil then add(list, "", config, 0) end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

return params

-- Tensors by name, in order: a module's state, the content of a safetensors file.
--
--   dict[1]              {"1.weight", tensor}: a list of pairs, in order
--   dict["1.weight"]     the tensor of that name, or nil
--   dict["1.weight"] = t replaces it, or adds it at the end; nil removes it

local core = require "nnlua.core"
local options = require "nnlua.options"

local state_dict = {}

-- Where the name stands; rawlen and rawget, because indexing would come back here.
local function find(dict, name)
  for i = 1, rawlen(dict) do
    if rawget(dict, i)[1] == name then return i end
  end
end

local Named = {__name = "state dict"}

function Named.__index(dict, name)
  local i = type(name) == "string" and find(dict, name)
  return i and rawget(dict, i)[2] or nil
end

function Named.__newindex(dict, name, tensor)
  if type(name) ~= "string" then
    rawset(dict, name, tensor)
    return
  end
  local i = find(dict, name)
  if tensor == nil then
    if i then table.remove(dict, i) end
  elseif i then
    rawget(dict, i)[2] = tensor
  else
    rawset(dict, rawlen(dict) + 1, {name, tensor})
  end
end

--- state_dict.named(pairs) -> the same list of {name, tensor}, now also readable by name.
function state_dict.named(pairs)
  return setmetatable(pairs, Named)
end

--- state_dict.is_named(v) -> whether v came from state_dict.named.
function state_dict.is_named(v)
  return getmetatable(v) == Named
end

--- state_dict.read(position, function_name, given) -> list of {name, tensor} of a list of pairs, or
--- of a table by name (then in alphabetical order). Whether the values are tensors is the caller's
--- to check. Raises for argument `position` of that function if `given` is neither.
function state_dict.read(position, function_name, given)
  if type(given) ~= "table" then
    core.arg_error(position, function_name, ("a state dict expected, got %s"):format(
      options.type_name(given)))
  elseif type(given.state_dict) == "function" then
    core.arg_error(position, function_name, "a state dict expected, got a module: pass its "
      .. ":state_dict()")
  end
  local list = {}
  if rawlen(given) > 0 then
    for i, pair in ipairs(given) do
      if type(pair) ~= "table" or type(pair[1]) ~= "string" then
        core.arg_error(position, function_name, ("entry %d is not a pair {name, tensor}"):format(i))
      end
      list[i] = pair
    end
    return list
  end
  for i, name in ipairs(options.sorted_keys(given)) do
    list[i] = {name, given[name]}
  end
  return list
end

return state_dict

-- Looks at values by name without running any of their code: what completion and help stand on.
--
-- Fields are read raw, then through __index as long as that is a table. What a function answers is
-- not asked for, but for two kinds that are known to be harmless: tensors, and tables whose
-- metatable lists the names in __lazy that may be read (nn, which loads nn.plot and others then).
--
-- Invariant: no metamethod of a user is called; nothing here raises.

local core = require "nnlua.core"
local documentation = require "nnlua.documentation"

-- Kept here, so that a session survives its own `type = 5`.
local debug, ipairs, math, next, pairs = debug, ipairs, math, next, pairs
local package, pcall, rawget, table, type = package, pcall, rawget, table, type

local names = {}

local DEPTH = 100 -- of __index in __index, which may go round in a circle

local function contains(list, name)
  for _, entry in ipairs(type(list) == "table" and list or {}) do
    if entry == name then return true end
  end
  return false
end

local function read(value, key)
  return value[key]
end

local function tensor_field(x, key)
  local record = core.get_record(x)
  if key == "grad" then return record and record.grad end
  if key == "requires_grad" then return record ~= nil and record.requires_grad == true end
  return core.Tensor.methods[key]
end

-- Where fields are looked for that a value with this metatable does not have itself. The methods of
-- an object are its class's, even where the class adds a function to __index.
local function behind(metatable)
  local index = metatable and rawget(metatable, "__index")
  if type(index) ~= "function" then return index end
  return documentation.is_class(metatable) and metatable or nil
end

--- names.get(value, key) -> value[key], or nil where that cannot be told without running code.
function names.get(value, key)
  for _ = 1, DEPTH do
    if core.is_tensor(value) then
      return tensor_field(value, key)
    end
    local metatable = debug.getmetatable(value)
    if type(value) == "table" then
      local field = rawget(value, key)
      if field ~= nil then return field end
      if metatable and contains(rawget(metatable, "__lazy"), key) then
        local ok, loaded = pcall(read, value, key)
        return ok and loaded or nil
      end
    end
    value = behind(metatable)
    if value == nil then return nil end
  end
end

--- names.fields(value) -> sorted list of the string keys that value has.
function names.fields(value)
  local set = {}
  local function add(key)
    if type(key) == "string" then set[key] = true end
  end
  for _ = 1, DEPTH do
    local metatable = debug.getmetatable(value)
    if core.is_tensor(value) then
      add("grad")
      add("requires_grad")
      value = core.Tensor.methods
      metatable = nil
    end
    if type(value) == "table" then
      for key in next, value do add(key) end
      local lazy = metatable and rawget(metatable, "__lazy")
      for _, key in ipairs(type(lazy) == "table" and lazy or {}) do add(key) end
    end
    value = behind(metatable)
    if value == nil then break end
  end
  local list = {}
  for key in next, set do list[#list + 1] = key end
  table.sort(list)
  return list
end

-- Whether an environment may be asked: one that has __pairs (the locals of a running function) is
-- the session's own.
local function asks(env)
  local metatable = debug.getmetatable(env)
  return metatable ~= nil and rawget(metatable, "__pairs") ~= nil
end

-- What `_` stands for: the last result of the running session.
local function last_result()
  local session = package.loaded["nnlua.repl.session"]
  local current = type(session) == "table" and session.current
  return current and current.last
end

--- names.variable(env, name) -> the value of a variable, or nil.
function names.variable(env, name)
  local value = names.get(env, name)
  if value == nil and name == "_" then return last_result() end
  if value == nil and asks(env) then
    local ok, found = pcall(read, env, name)
    value = ok and found or nil
  end
  return value
end

--- names.variables(env) -> sorted list of the names of variables.
function names.variables(env)
  local list = names.fields(env)
  if asks(env) then
    pcall(function()
      for name in pairs(env) do
        if type(name) == "string" then list[#list + 1] = name end
      end
    end)
    table.sort(list)
  end
  return list
end

--- names.is_callable(value) -> whether value(...) is possible.
function names.is_callable(value)
  local metatable = debug.getmetatable(value)
  return type(value) == "function" or metatable ~= nil and rawget(metatable, "__call") ~= nil
end

-- The key that text at `from` leads to: ".name", ":name", "[1]", "['name']"; and where it ends.
local function step(text, from)
  local name, stop = text:match("^%s*[.:]%s*([%a_][%w_]*)()", from)
  if name then return name, stop end
  name, stop = text:match("^%s*%[%s*(%-?%d+)%s*%]()", from)
  if name then return math.tointeger(name), stop end
  local quote
  quote, name, stop = text:match("^%s*%[%s*([\"'])([^\"'\\]*)%1%s*%]()", from)
  if quote then return name, stop end
end

--- names.resolve(env, text) -> {value, ...}, {key, ...}: the values that "a.b:c[1]" leads through,
--- the last one being what it names. nil, keys where text is no such path; where a name leads
--- nowhere, the list of values ends before it and is shorter than that of keys.
function names.resolve(env, text)
  local name, at = text:match("^%s*([%a_][%w_]*)()")
  if not name then return nil, {} end
  local keys = {name}
  while at <= #text and not text:find("^%s*$", at) do
    local key, stop = step(text, at)
    if key == nil then return nil, keys end
    keys[#keys + 1], at = key, stop
  end
  local values, value = {}, env
  for i, key in ipairs(keys) do
    value = i == 1 and names.variable(env, key) or i > 1 and names.get(value, key) or nil
    if value == nil then break end
    values[i] = value
  end
  return values, keys
end

return names

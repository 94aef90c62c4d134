-- What the expression that ends at a token is worth, found without running code.
--
-- Fields are followed as names.lua does. Of calls only the kind of their result is told: an object,
-- where a class is called; a tensor, where one of the library's operations, a function that takes
-- a dtype, or a module is.
--
-- Invariant: nothing of the user's is called; what cannot be told is nil.

local autograd_tensor = require "nnlua.tensor"
local core = require "nnlua.core"
local documentation = require "nnlua.documentation"
local functional = require "nnlua.functional"
local Module = require "nnlua.module"
local names = require "nnlua.repl.names"

-- Kept here, so that a session survives its own `type = 5`.
local ipairs, next, setmetatable, tonumber, type = ipairs, next, setmetatable, tonumber, type

local expression = {}

local CLOSES = {[")"] = "(", ["]"] = "[", ["}"] = "{"}
local OPENS = {["("] = true, ["["] = true, ["{"] = true}

-- Stands for a tensor that is not there yet: it has its methods.
local A_TENSOR = core.Tensor.methods

--- expression.is_symbol(token, text) -> whether it is that symbol; nil is none.
local function is_symbol(token, text)
  return token ~= nil and token.kind == "symbol" and token.text == text
end
expression.is_symbol = is_symbol

--- expression.ends(token) -> whether an expression can end with it, so that "(" behind it calls.
function expression.ends(token)
  return token ~= nil and (token.kind == "name" or token.kind == "string" and not token.open
    or token.kind == "symbol" and CLOSES[token.text] ~= nil)
end

--- expression.innermost(tokens, last) -> position of the innermost bracket that is open behind
--- token number `last`, or nil.
function expression.innermost(tokens, last)
  local depth = 0
  for i = last, 1, -1 do
    local token = tokens[i]
    if token.kind == "symbol" then
      if CLOSES[token.text] then
        depth = depth + 1
      elseif OPENS[token.text] then
        if depth == 0 then return i end
        depth = depth - 1
      end
    end
  end
end

local makers -- functions that give tensors

local function makes_tensor(f)
  if not makers then
    makers = {}
    for _, list in ipairs {functional, autograd_tensor.in_place} do
      for _, operation in next, list do
        if type(operation) == "function" then makers[operation] = true end
      end
    end
    for _, operation in next, core do
      local entry = type(operation) == "function" and documentation.of(operation)
      for _, option in ipairs(entry and documentation.options(entry) or {}) do
        if option.name == "dtype" then makers[operation] = true end
      end
    end
  end
  return makers[f]
end

-- What a call of `callee` gives, as something that has the same fields.
local function result(callee)
  if documentation.is_class(callee) then
    return setmetatable({}, {__index = callee})
  elseif type(callee) == "function" then
    return makes_tensor(callee) and A_TENSOR or nil
  elseif type(callee) == "table" and names.get(callee, "is_module") == Module.is_module then
    return A_TENSOR
  end
end

local evaluate

-- (...) that encloses an expression: what is in it, or a tensor if arithmetic with one is.
local function enclosed(tokens, open, close, env)
  local value, start = evaluate(tokens, close - 1, env)
  if start == open + 1 then return value end
  for i = open + 1, close - 1 do
    local before = tokens[i - 1]
    if tokens[i].kind == "name" and not is_symbol(before, ".") and not is_symbol(before, ":")
       and core.is_tensor(names.variable(env, tokens[i].text)) then
      return A_TENSOR
    end
  end
end

-- The value of tokens[open..close], "[key]", behind an expression.
local function element(tokens, open, close, env)
  local object, start = evaluate(tokens, open - 1, env)
  local key = close == open + 2 and tokens[open + 1]
  if object == nil or not key then return nil, start end
  if core.is_tensor(object) or object == A_TENSOR then return A_TENSOR, start end
  if key.kind == "string" then
    return names.get(object, key.text:match("^[\"'](.*)[\"']$")), start
  elseif key.kind == "number" then
    return names.get(object, tonumber(key.text)), start
  end
  return nil, start
end

--- expression.evaluate(tokens, last, env) -> value, first, owner: the value of the expression that
--- ends with token number `last`, and with which it begins; owner: what its last name was read from
function evaluate(tokens, last, env)
  local token = tokens[last]
  if not token then return nil, last + 1 end
  local before = tokens[last - 1]
  if token.kind == "name" then
    if is_symbol(before, ".") or is_symbol(before, ":") then
      local object, start = evaluate(tokens, last - 2, env)
      if object == nil then return nil, start end
      return names.get(object, token.text), start, object
    end
    return names.variable(env, token.text), last
  elseif token.kind == "string" then
    if expression.ends(before) then
      local callee, start = evaluate(tokens, last - 1, env)
      return result(callee), start
    end
    return "", last
  elseif token.kind ~= "symbol" or not CLOSES[token.text] then
    return nil, last
  end
  local open = expression.innermost(tokens, last - 1)
  if not open then return nil, last end
  local called = expression.ends(tokens[open - 1])
  if token.text == "]" and called then
    return element(tokens, open, last, env)
  elseif called then
    local callee, start = evaluate(tokens, open - 1, env)
    return result(callee), start
  elseif token.text == ")" then
    return enclosed(tokens, open, last, env), open
  end
  return nil, open
end

expression.evaluate = evaluate

return expression

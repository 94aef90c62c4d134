-- inputs.lua - compiles what is typed, and remembers it
--
-- An input is tried as an expression first, so results show without `return` or `=`. The chunk
-- of input number n is named In[n], here and in error messages; the numbers go on through
-- sessions inside sessions, so that a name always means the same text.

-- Kept here, so that a session survives its own `load = 5`.
local load, tonumber = load, tonumber

local inputs = {}

local texts = {} -- number -> what was typed
local count = 0

local function name_of(number)
  return ("In[%d]"):format(number)
end

--- inputs.compile(text, env) -> chunk | nil, message, incomplete
-- The chunk is that of the next input. `incomplete` is true when more lines could make the text
-- a valid chunk.
function inputs.compile(text, env)
  local name = "=" .. name_of(count + 1)
  local expression, expression_error = load("return " .. text:gsub("^=", ""), name, "t", env)
  if expression then return expression end
  local statement, statement_error = load(text, name, "t", env)
  if statement then return statement end
  if statement_error:find("<eof>$") then return nil, statement_error, true end
  if expression_error:find("<eof>$") then return nil, expression_error, true end
  return nil, statement_error, false
end

--- inputs.add(text) -> number: the input that was compiled last has this text.
function inputs.add(text)
  count = count + 1
  texts[count] = text
  return count
end

--- inputs.source_line(short_src, line) -> the line of an input | nil when it is none
function inputs.source_line(short_src, line)
  local text = texts[tonumber(short_src:match("^In%[(%d+)%]$"))]
  if not text then return nil end
  local number = 0
  for found in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if number == line then return found end
  end
end

return inputs

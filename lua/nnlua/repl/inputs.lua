-- inputs.lua - compiles what is typed, and remembers it
--
-- An input is tried as an expression first, so results show without `return` or `=`; then as
-- statements that end in an expression, whose value shows; then as statements. The chunk of
-- input number n is named In[n], here and in error messages; the numbers go on through sessions
-- inside sessions, so that a name always means the same text.

-- Kept here, so that a session survives its own `load = 5`.
local load, math, tonumber = load, math, tonumber

local inputs = {}

local texts = {} -- number -> what was typed
local count = 0

local TRIED = 40 -- ends of statements, from the last one, behind which an expression may begin

-- A function that has a variable to close makes no tail calls: without it, the function that an
-- expression calls would take the place of the chunk in the traceback, and lose its name.
local RETURN = "local __input <close> = nil return "

--- inputs.chunk_name() -> the name of the next input, "In[3]"
function inputs.chunk_name()
  return ("In[%d]"):format(count + 1)
end

-- What may go on with the statement in the line before: that one is not split off.
local GOES_ON = "^%s*[%(%[{\"'%-~]"

-- An expression without the semicolon at its end; whether there is one. It may stand in front of
-- a comment, but not in it: two semicolons are valid nowhere else.
local function split_quiet(text, expression)
  local body = text:match("^(.*);%s*$") or text:match("^(.*);%s*%-%-[^\n]*$")
  if body and expression(body) and not expression(body .. ";;") then return body, true end
  return text, false
end

-- Whether more lines could mend the error. A quoted string ends on its line, or with a backslash.
local function wants_more(message, text)
  if message:find("unfinished string near <eof>$") then return text:sub(-1) == "\\" end
  return message:find("<eof>$") ~= nil
end

--- inputs.compile(text, env) -> input | nil, message, incomplete
--- input: {chunk, kind = "expression" | "mixed" | "statement", quiet, body}; mixed are statements
--- that end in an expression. quiet: a semicolon at the end asks for no output. body: the text
--- without it, and for mixed ones with a return. `incomplete` is true when more lines could make
--- the text valid.
function inputs.compile(text, env)
  local name = "=" .. inputs.chunk_name()
  local function expression(body)
    return load(RETURN .. body, name, "t", env)
  end

  text = text:gsub("^%s*=", "")
  local chunk, expression_error = expression(text)
  if chunk then
    local body, quiet = split_quiet(text, expression)
    return {chunk = chunk, kind = "expression", quiet = quiet, body = body}
  end

  local ends = {}
  for position in text:gmatch("()[;\n]") do ends[#ends + 1] = position end
  for i = #ends, math.max(#ends - TRIED, 1), -1 do
    local first, last = text:sub(1, ends[i]), text:sub(ends[i] + 1)
    local own = first:sub(-1) == ";" or not last:find(GOES_ON)
    if last:find("[^;%s]") and own and expression(last) then
      local body, quiet = split_quiet(last, expression)
      chunk = load(first .. RETURN .. body, name, "t", env)
      if chunk then
        return {chunk = chunk, kind = "mixed", quiet = quiet, body = first .. "return " .. body}
      end
    end
  end

  local statement, message = load(text, name, "t", env)
  if statement then return {chunk = statement, kind = "statement", quiet = false, body = text} end
  if wants_more(message, text) then return nil, message, true end
  if wants_more(expression_error, text) then return nil, expression_error, true end
  return nil, message, false
end

--- inputs.add(text) -> number: the input that was compiled last has this text.
function inputs.add(text)
  count = count + 1
  texts[count] = text
  return count
end

--- inputs.text(short_src) -> the text of the input that is called so, "In[3]" | nil
function inputs.text(short_src)
  return texts[tonumber(short_src:match("^In%[(%d+)%]$"))]
end

--- inputs.source_line(short_src, line) -> the line of an input | nil when it is none
function inputs.source_line(short_src, line)
  local text = inputs.text(short_src)
  if not text then return nil end
  local number = 0
  for found in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if number == line then return found end
  end
end

--- inputs.as_script(input, keep) -> Lua that does in a script what the input did; keep: its value
--- goes to `_` as well.
function inputs.as_script(input, keep)
  local body = input.body
  if input.kind == "statement" then
    if not load(body .. "\n;local _") then -- it returns
      return "do (function()\n" .. body .. "\nend)() end"
    end
    -- A local of one input is none of the next one's.
    return body:find("%f[%w_]local%f[^%w_]") and "do\n" .. body .. "\nend" or body
  end
  if input.values == 0 and load(body) then return body end -- a call
  if input.kind == "mixed" then body = "(function()\n" .. body .. "\nend)()" end
  if body:find("--", 1, true) then body = body .. "\n" end
  if keep then return "_ = " .. body .. (input.quiet and "" or "\nprint(_)") end
  return (input.quiet and "local _ = " or "print(") .. body .. (input.quiet and "" or ")")
end

return inputs

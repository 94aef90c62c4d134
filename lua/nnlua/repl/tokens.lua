-- Cuts the beginning of a Lua text into tokens, up to where the cursor stands in the middle of it.
--
-- Invariant: any bytes are cut into something; the last token may be open: a string, a comment.

local tokens = {}

local KEYWORDS = {}

--- tokens.keywords: Lua's words, in alphabetical order.
tokens.keywords = {
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
  "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
}
for _, word in ipairs(tokens.keywords) do KEYWORDS[word] = true end

--- tokens.is_name(text) -> whether a variable or a field can be called so.
function tokens.is_name(text)
  return text:find("^[%a_][%w_]*$") ~= nil and not KEYWORDS[text]
end

-- Where the long bracket that opens at `at` closes, and whether there is one; nil for no bracket.
local function long_bracket(text, at)
  local equals, content = text:match("^%[(=*)%[()", at)
  if not equals then return nil end
  local _, stop = text:find("]" .. equals .. "]", content, true)
  return stop or #text, stop == nil
end

-- Where the string in quotes that begins at `at` ends, and whether it is open.
local function quoted(text, at)
  local quote, from = text:sub(at, at), at + 1
  while true do
    local stop = text:find("[\\\n" .. quote .. "]", from)
    if not stop then return #text, true end
    local c = text:sub(stop, stop)
    if c == quote then return stop, false end
    if c == "\n" then return stop - 1, false end -- an error of the user's; goes on behind it
    from = stop + 2
  end
end

local function comment(text, at)
  local stop, open = long_bracket(text, at + 2)
  if stop then return stop, open end
  stop = text:find("\n", at, true)
  return stop and stop - 1 or #text, stop == nil
end

local SYMBOLS = {"...", "..", "::", "==", "~=", "<=", ">=", "//", "<<", ">>"}

local function symbol(text, at)
  for _, one in ipairs(SYMBOLS) do
    if text:sub(at, at + #one - 1) == one then return at + #one - 1 end
  end
  return at
end

-- Where the match of a pattern ends, or nil.
local function matched(text, pattern, at)
  local _, last = text:find(pattern, at)
  return last
end

--- tokens.cut(text) -> list of {kind =, text =, first =, last =, open =}. kind: "name", "keyword",
--- "number", "string", "comment" or "symbol"; open: a string or comment that the text ends in.
function tokens.cut(text)
  local list, at = {}, text:find("%S")
  while at do
    local kind, last, open
    if text:find("^[%a_]", at) then
      last = matched(text, "^[%w_]+", at)
      kind = KEYWORDS[text:sub(at, last)] and "keyword" or "name"
    elseif text:find("^%.?%d", at) then
      last = matched(text, "^0[xX][%x.]*[pP]?[+-]?%x*", at)
             or matched(text, "^%d*%.?%d*[eE][+-]?%d+", at) or matched(text, "^%d*%.?%d*", at)
      kind = "number"
    elseif text:find("^%-%-", at) then
      kind, last, open = "comment", comment(text, at)
    elseif text:find("^[\"']", at) then
      kind, last, open = "string", quoted(text, at)
    else
      last, open = long_bracket(text, at)
      kind = last and "string" or "symbol"
      last = last or symbol(text, at)
    end
    list[#list + 1] = {kind = kind, text = text:sub(at, last), first = at, last = last,
                       open = open or false}
    at = text:find("%S", last + 1)
  end
  return list
end

return tokens

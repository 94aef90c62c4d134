-- Reads the text of a documentation comment: signatures first, then what there is to say.
--
--   nn.Linear(in_features, out_features [, {bias = true, dtype = "float32"}])
--   x:dot(y), nn.dot(x, y) -> sum_i x_i y_i. x, y: [N].
--
-- A signature is a name and its arguments in (...) or {...}, which a name with a prefix may go
-- without (nn.version: text). Further ones follow after a comma or on a line of their own. The
-- options of a function are the last {...} among its arguments.
--
-- Invariant: no text makes anything here raise.

local signature = {}

-- The signature that begins at `from`: its name and where it ends; nil if there is none.
local function one(text, from)
  local _, last = text:find("^[%a_][%w_]*", from)
  if not last then return nil end
  local prefixed = false
  while true do
    local _, stop = text:find("^[.:][%a_][%w_]*", last + 1)
    if not stop then break end
    last, prefixed = stop, true
  end
  local name = text:sub(from, last)
  local _, stop = text:find("^%b()", last + 1)
  if not stop then
    _, stop = text:find("^%b{}", last + 1)
  end
  if not stop and not prefixed then return nil end
  return name, stop or last, stop ~= nil
end

-- Where a further signature may begin behind one that ends at `last`, and whether it must be alone
-- on its line.
local function next_start(text, last)
  local _, stop = text:find("^,%s+", last + 1)
  if stop then return stop + 1 end
  _, stop = text:find("^[ \t]*\n", last + 1)
  if stop then return stop + 1, true end
end

--- signature.parse(text) -> signatures, body, column. signatures: a list of {name =, text =}, empty
--- where the text begins with none; body: the rest of the text, without the colon between; column:
--- how many bytes stand in front of it on its first line.
function signature.parse(text)
  local list, from, alone = {}, 1, false
  local rest = 1
  while from do
    local name, last, has_arguments = one(text, from)
    if not name or #list > 0 and not has_arguments
       or alone and not text:find("^[ \t]*\n", last + 1) and not text:find("^%s*%->", last + 1)
          and not text:find("^%s*[:,]%s", last + 1) and last < #text then
      break
    end
    list[#list + 1] = {name = name, text = (text:sub(from, last):gsub("%s*\n%s*", " "))}
    rest = last + 1
    from, alone = next_start(text, last)
  end
  local start = rest
  if #list > 0 then
    start = text:match("^[ \t]*[:;,.]?[ \t]*()", rest)
    start = text:match("^%s*\n()", start) or start
  end
  local body = text:sub(start)
  return list, (body:gsub("%s+$", "")), #text:sub(1, start - 1):match("[^\n]*$")
end

-- The parts of text between commas that stand in no brackets or quotes.
local function split(text)
  local parts, from, at, depth = {}, 1, 1, 0
  while at <= #text do
    local c = text:sub(at, at)
    if c == '"' then
      at = text:find('"', at + 1, true) or #text
    elseif c == "{" or c == "(" then
      depth = depth + 1
    elseif c == "}" or c == ")" then
      depth = depth - 1
    elseif c == "," and depth == 0 then
      parts[#parts + 1], from = text:sub(from, at - 1), at + 1
    end
    at = at + 1
  end
  parts[#parts + 1] = text:sub(from)
  return parts
end

--- signature.options(text) -> list, open. list: {name =, default = text or nil} for each option
--- that a signature names, in its order; empty where its table holds something else. open: whether
--- "..." among them says that there are more.
function signature.options(text)
  local group, at = nil, text:find("[({]")
  if at and text:sub(at, at) == "(" then at = at + 1 end
  while at do
    local start = text:find("{", at, true)
    if not start then break end
    local inside = text:match("^(%b{})", start)
    if not inside then return {} end
    group, at = inside:sub(2, -2), start + #inside
  end
  local list, open = {}, false
  for _, part in ipairs(group and split(group) or {}) do
    local item = part:gsub("[%[%]]", " ")
    local name, rest = item:match("^%s*([%a_][%w_]*)%s*(.-)%s*$")
    if item:find("^%s*%.%.%.%s*$") then
      open = true
    elseif not name or rest ~= "" and rest:sub(1, 1) ~= "=" then
      return {}
    else
      list[#list + 1] = {name = name, default = rest:match("^=%s*(.+)$")}
    end
  end
  return list, open
end

--- signature.listed(body) -> list of {name =}: the names that a text lists and explains, in lines
--- like "title, xlabel   default: none".
function signature.listed(body)
  local list = {}
  for line in body:gmatch("[^\n]+") do
    for name in (line:match("^([%a_][%w_, ]-)%s%s+%S") or ""):gmatch("[%a_][%w_]*") do
      list[#list + 1] = {name = name}
    end
  end
  return list
end

return signature

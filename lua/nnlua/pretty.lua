-- pretty.lua - any Lua value as short, readable text
--
--   local pretty = require "nnlua.pretty"
--   pretty({3, 4, name = "x"})                      --> {3, 4, name = "x"}
--   pretty(value, {width = 80, depth = 3, items = 40})
--
-- Values that know their own text (__tostring, tensors) are left to say it. Tables are shown on
-- one line where that fits in `width`, else one entry per line: the list part, then keys in
-- sorted order, then functions as name(), side by side. At most `depth` levels are shown, and
-- of each table at most `items` entries, half as many one level further in. A table inside
-- itself is shown as <cycle>. Tables are read without their metamethods: looking at a value
-- runs none of its code but __tostring.

local STRING_LIMIT = 200 -- bytes of a string inside a table
local SHORT = 40         -- bytes of a tensor's values inside a table
local LIST_LINE = 20     -- numbers per line of a long list
local FUNCTIONS = 8      -- so many more functions than other entries are shown: they are short

-- Kept here, so that a REPL session survives its own `type = 5`.
local getmetatable, ipairs, next, rawget = getmetatable, ipairs, next, rawget
local rawlen, tostring, type, math, table, utf8 = rawlen, tostring, type, math, table, utf8

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or
repeat return then true until while]]):gmatch("%a+") do
  KEYWORDS[word] = true
end

local ESCAPES = {["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\\"] = "\\\\", ['"'] = '\\"'}

local function escape(c)
  return ESCAPES[c] or ("\\x%02x"):format(c:byte())
end

local function quoted(text)
  local valid = utf8.len(text)
  local cut = #text + 1
  if #text > STRING_LIMIT then
    cut = valid and utf8.offset(text, 0, STRING_LIMIT + 1) or STRING_LIMIT + 1
  end
  local shown = text:sub(1, cut - 1):gsub(valid and '[%c\\"]' or '[%c\\"\128-\255]', escape)
  return '"' .. shown .. '"' .. (cut <= #text and ("... (%d bytes)"):format(#text) or "")
end

-- Text of anything that is not a plain table, for use inside a table: one line, no addresses of
-- functions. Of a text with several lines (a tensor's) the last is kept if it is a summary in
-- brackets, and what comes before it if that is short.
local function inner_text(value)
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind == "function" then return "function" end
  local text = tostring(value):gsub("^%s+", ""):gsub("%s+$", "")
  if not text:find("\n", 1, true) then return text end
  local body, summary = text:match("^(.*)\n(%[[^\n]*%])$")
  if not body then return text:match("^[^\n]*") .. " ..." end
  return #body <= SHORT and not body:find("\n", 1, true) and body .. " " .. summary or summary
end

local function is_plain(value)
  if type(value) ~= "table" then return false end
  local meta = getmetatable(value)
  return type(meta) ~= "table" or rawget(meta, "__tostring") == nil
end

local KIND_ORDER = {number = 1, string = 2, boolean = 3}

local function key_less(a, b)
  local kind_a, kind_b = KIND_ORDER[type(a)] or 4, KIND_ORDER[type(b)] or 4
  if kind_a ~= kind_b then return kind_a < kind_b end
  if kind_a <= 2 then return a < b end
  return tostring(a) < tostring(b)
end

local function key_text(key)
  if type(key) == "string" and key:match("^[%a_][%w_]*$") and not KEYWORDS[key] then return key end
  if is_plain(key) then return "[table]" end
  return "[" .. inner_text(key) .. "]"
end

local render

-- The keys beside the list part of a table, sorted: those of values, those of functions.
local function split_keys(value, list)
  local keys, functions = {}, {}
  for key, item in next, value do
    if math.type(key) ~= "integer" or key < 1 or key > list then
      local group = type(item) == "function" and type(key) == "string" and functions or keys
      group[#group + 1] = key
    end
  end
  table.sort(keys, key_less)
  table.sort(functions)
  return keys, functions
end

-- The entries of a table as texts; how many of them are list items; the first that is the name
-- of a function.
local function entries(value, state, level)
  local list = rawlen(value)
  local keys, functions = split_keys(value, list)
  local room = math.max(state.items >> (level - 1), 1)
  local texts = {}
  for i = 1, math.min(list, room) do
    texts[i] = render(rawget(value, i), state, level)
  end
  local shown_list = #texts
  for i = 1, math.min(#keys, room - shown_list) do
    local key = keys[i]
    texts[#texts + 1] = key_text(key) .. " = " .. render(rawget(value, key), state, level)
  end
  local left = list + #keys - #texts
  if left > 0 then texts[#texts + 1] = ("... %d more"):format(left) end
  local first_function = #texts + 1
  for i = 1, math.min(#functions, room * FUNCTIONS) do
    texts[#texts + 1] = key_text(functions[i]) .. "()"
  end
  left = #functions - room * FUNCTIONS
  if left > 0 then texts[#texts + 1] = ("... %d more"):format(left) end
  return texts, shown_list, first_function
end

local function fits(texts, room)
  local length = 2
  for _, text in ipairs(texts) do
    if text:find("\n", 1, true) then return false end
    length = length + (utf8.len(text) or #text) + 2
  end
  return length - 2 <= room
end

local function all_numbers(value, count)
  for i = 1, count do
    if type(rawget(value, i)) ~= "number" then return false end
  end
  return count > 0
end

function render(value, state, level)
  if not is_plain(value) then return inner_text(value) end
  if next(value) == nil then return "{}" end
  if state.open[value] then return "<cycle>" end
  if level >= state.depth then return "{...}" end
  state.open[value] = true
  local texts, list, first_function = entries(value, state, level + 1)
  state.open[value] = nil
  local indent = ("  "):rep(level)
  if fits(texts, state.width - #indent) then return "{" .. table.concat(texts, ", ") .. "}" end
  local lines, i = {}, 1
  local numbers = all_numbers(value, list)
  while i <= #texts do
    local stop = i
    if i <= list and numbers then
      stop = math.min(i + LIST_LINE - 1, list)
    elseif i >= first_function then
      stop = #texts
    end
    while stop > i and not fits({table.concat(texts, ", ", i, stop)}, state.width - #indent - 2) do
      stop = stop - 1
    end
    lines[#lines + 1] = indent .. "  " .. table.concat(texts, ", ", i, stop)
    i = stop + 1
  end
  return "{\n" .. table.concat(lines, ",\n") .. "\n" .. indent .. "}"
end

--- pretty(value, {width=80, depth=3, items=40}) -> string
-- A string by itself is returned as it is; inside a table it is quoted and cut to 200 bytes.
local function pretty(value, options)
  options = options or {}
  if type(value) == "string" then return value end
  if not is_plain(value) then return tostring(value) end
  return render(value, {
    width = options.width or 80,
    depth = options.depth or 3,
    items = options.items or 40,
    open = {},
  }, 0)
end

return pretty

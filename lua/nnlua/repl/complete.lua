-- What Tab offers at the cursor: names, fields, methods, options, keys, files, commands.
--
--   complete.candidates("nn.opt", 6, _G)      {"optim"}, 4: what may stand from byte 4 on
--
-- The text before the cursor is cut into tokens; the one at the cursor and those before it say what
-- is looked for:
--   a.WORD a:WORD      fields; methods only what can be called
--   f(..., {WORD       the options in the documentation of f, as "name = "
--   a["WORD            keys
--   "WORD              files, folders with a "/" behind
--   %WORD ?WORD        commands; whatever can be asked about
--   WORD               variables, locals of this input, Lua's words
--
-- Invariants: no code of the user's runs (names.lua, expression.lua); no text raises.

local core = require "nnlua.core"
local documentation = require "nnlua.documentation"
local expression = require "nnlua.repl.expression"
local names = require "nnlua.repl.names"
local options = require "nnlua.options"
local tokens = require "nnlua.repl.tokens"

-- Kept here, so that a session survives its own `type = 5`.
local getenv, ipairs, package, pcall = os.getenv, ipairs, package, pcall
local table, type = table, type

local complete = {}

local is_symbol = expression.is_symbol

-- The entries of a sorted list that begin with `word`, each once. Names with an underscore in front
-- are offered to those only who type it.
local function matching(list, word)
  local found = {}
  for _, name in ipairs(list) do
    if name:sub(1, #word) == word and name ~= found[#found]
       and (name:sub(1, 1) ~= "_" or word:sub(1, 1) == "_") then
      found[#found + 1] = name
    end
  end
  return found
end

-- Files -------------------------------------------------------------------------------------------

-- The files whose path begins with `typed`, by their names alone, and how many bytes of `typed`
-- these take the place of. quote: what a whole path is followed by.
local function files(typed, quote)
  if typed == "~" then return {"~/"}, 1 end
  local folder, base = typed:match("^(.*/)([^/]*)$")
  folder, base = folder or "", base or typed
  local path = folder:gsub("^~/", function() return (getenv("HOME") or "~") .. "/" end)
  local list, is_directory = core.io.read_directory(path == "" and "." or path)
  local found = {}
  for i, name in ipairs(list or {}) do
    if name:sub(1, #base) == base and (name:sub(1, 1) ~= "." or base:sub(1, 1) == ".")
       and not name:find("[%c\"'\\]") then
      found[#found + 1] = is_directory[i] and name .. "/" or name
    end
  end
  table.sort(found)
  if #found == 1 and found[1]:sub(-1) ~= "/" then found[1] = found[1] .. quote end
  return found, #base
end

-- Names -------------------------------------------------------------------------------------------

-- The fields of a value that can be written behind "." or, if only methods are asked for, ":".
local function fields(value, word, only_methods)
  local list = {}
  for _, name in ipairs(names.fields(value)) do
    local field = only_methods and names.get(value, name)
    if tokens.is_name(name) and (not only_methods or names.is_callable(field)
                          and not documentation.is_class(field)) then
      list[#list + 1] = name
    end
  end
  return matching(list, word)
end

-- Names that the tokens declare: behind `local` and `for`, and the parameters of functions.
local function declared(list)
  local found = {}
  for i, token in ipairs(list) do
    if token.kind == "keyword" and (token.text == "local" or token.text == "for") then
      local at = i + 1
      while list[at] and list[at].kind == "name" do
        found[#found + 1] = list[at].text
        at = is_symbol(list[at + 1], ",") and at + 2 or #list + 1
      end
    elseif token.kind == "keyword" and token.text == "function" then
      local at = i + 1
      while list[at] and not is_symbol(list[at], "(") do at = at + 1 end
      while list[at] and not is_symbol(list[at], ")") do
        if list[at].kind == "name" then found[#found + 1] = list[at].text end
        at = at + 1
      end
    end
  end
  return found
end

-- Variables, and Lua's words where they may stand.
local function plain_names(list, last, word, env, with_keywords)
  local before = list[last]
  local keyword = before and before.kind == "keyword" and before.text
  if keyword == "for" or keyword == "goto" then return {} end
  if keyword == "local" then return matching({"function"}, word) end
  local known = declared(list)
  for _, name in ipairs(names.variables(env)) do
    if tokens.is_name(name) then known[#known + 1] = name end
  end
  if with_keywords and word ~= "" then
    table.move(tokens.keywords, 1, #tokens.keywords, #known + 1, known)
  end
  table.sort(known)
  return matching(known, word)
end

-- Options -----------------------------------------------------------------------------------------

-- The function to whose call the table belongs that opens at token number `open`, and its owner.
local function called(list, open, env)
  local callee = open - 1
  if not expression.ends(list[callee]) then
    if not is_symbol(list[callee], "(") and not is_symbol(list[callee], ",") then return nil end
    callee = expression.innermost(list, open - 1)
    if not is_symbol(list[callee], "(") then return nil end
    callee = callee - 1
  end
  local token = list[callee]
  if not token or token.kind ~= "name" then return nil end
  local value, _, owner = expression.evaluate(list, callee, env)
  return value, token.text, owner
end

-- The options that may be given at the cursor; nil where there are none to be given.
local function option_names(list, last, word, rest, env)
  local open = expression.innermost(list, last)
  if not is_symbol(list[open], "{") then return nil end
  if not is_symbol(list[last], "{") and not is_symbol(list[last], ",")
     and not is_symbol(list[last], ";") then
    return nil
  end
  local value, name, owner = called(list, open, env)
  if value == nil then return nil end
  local entry = documentation.of(value, name) or documentation.of_method(owner, name)
  if not entry then return nil end
  local given, found = {}, {}
  for i = open + 1, last do
    if is_symbol(list[i + 1], "=") and list[i].kind == "name"
       and expression.innermost(list, i) == open then
      given[list[i].text] = true
    end
  end
  for _, option in ipairs(documentation.options(entry, name)) do
    if not given[option.name] then found[#found + 1] = option.name end
  end
  table.sort(found)
  found = matching(found, word)
  for i, option in ipairs(found) do
    found[i] = rest:find("^%s*=") and option or option .. " = "
  end
  return found
end

-- Strings -----------------------------------------------------------------------------------------

-- What may go on in the open string that is the last token. rest: what stands behind the cursor.
local function in_string(list, rest, env)
  local token = list[#list]
  local quote, typed = token.text:match("^([\"'])(.*)$")
  if not quote or typed:find("\\", 1, true) then return {}, 0 end
  local closing = rest:sub(1, 1) == quote and "" or quote
  if is_symbol(list[#list - 1], "[") and expression.ends(list[#list - 2]) then
    local value = expression.evaluate(list, #list - 2, env)
    local keys = value ~= nil and matching(names.fields(value), typed) or {}
    if #keys == 1 and closing ~= "" then keys[1] = keys[1] .. quote .. "]" end
    return keys, #typed
  end
  return files(typed, closing)
end

-- Lines -------------------------------------------------------------------------------------------

local function command_names(word)
  local session = package.loaded["nnlua.repl.session"]
  if type(session) ~= "table" then return {} end
  local current = session.current
  return matching(current and current:command_names() or options.sorted_keys(session.commands),
                  word)
end

-- The candidates for the text before the cursor and how many of its last bytes they replace.
local function find_lua(text, rest, env, with_keywords)
  local list = {}
  for _, token in ipairs(tokens.cut(text)) do
    if token.kind ~= "comment" then
      list[#list + 1] = token
    elseif token.open then
      return {}, 0
    end
  end
  local at = list[#list]
  if at and at.open then return in_string(list, rest, env) end
  local word, last = "", #list
  if at and at.last == #text and (at.kind == "name" or at.kind == "keyword") then
    word, last = at.text, #list - 1
  elseif at and at.last == #text and at.kind == "number" then
    return {}, 0
  end
  local before = list[last]
  if is_symbol(before, ".") or is_symbol(before, ":") then
    local value = expression.evaluate(list, last - 1, env)
    if value == nil then return {}, #word end
    return fields(value, word, before.text == ":"), #word
  elseif is_symbol(before, "::") then
    return {}, #word
  end
  local found = option_names(list, last, word, rest, env)
  if not found or #found == 0 then
    list[last + 1] = nil
    found = plain_names(list, last, word, env, with_keywords)
  end
  return found, #word
end

local function find(line, cursor, env, earlier)
  local text, rest = line:sub(1, cursor), line:sub(cursor + 1)
  if earlier and earlier ~= "" then
    return find_lua(earlier .. "\n" .. text, rest, env, true)
  end
  local word = text:match("^%s*%??%??%s*%%(%w*)$")
  if word then return command_names(word), #word end
  word = text:match("^%s*%%load%s+(.*)$") or text:match("^%s*%%save%s+(.*)$")
         or text:match("^%s*!.-(%S*)$")
  if word then return files(word, "") end
  local asked = text:match("^%s*%?%??")
  local command = text:match("^%s*%%%w+%s")
  local front = asked or command
  if front then text = (" "):rep(#front) .. text:sub(#front + 1) end
  return find_lua(text, rest, env, not asked)
end

--- complete.candidates(line, cursor, env [, earlier]) -> list, first
--- The texts, sorted, that may stand in place of the bytes from `first` to the cursor, which stands
--- behind byte number `cursor` of the line. env: the variables. earlier: the lines of the same
--- input above this one. Where something goes wrong the list is empty; a third result says what.
function complete.candidates(line, cursor, env, earlier)
  local ok, list, replaced = pcall(find, line, cursor, env, earlier)
  if not ok then return {}, cursor + 1, list end
  return list, cursor + 1 - replaced
end

return complete

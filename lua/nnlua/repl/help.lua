-- What `?name` and `??name` print: documentation and source of whatever a name leads to.
--
--   help.describe(_G, "nn.Linear")     signature, text, shapes, methods, place
--   help.source(_G, "nn.Linear")       its lines in the file
--
-- Names are followed as completion follows them, without running code (names.lua); what they lead
-- to is described by the comment above its definition (nnlua.documentation), by a line of
-- lua_library.lua for Lua's own functions, else by what debug information tells.

local core = require "nnlua.core"
local documentation = require "nnlua.documentation"
local inputs = require "nnlua.repl.inputs"
local library = require "nnlua.repl.lua_library"
local names = require "nnlua.repl.names"
local options = require "nnlua.options"
local pretty = require "nnlua.pretty"
local source = require "nnlua.documentation.source"
local text = require "nnlua.repl.text"

-- Kept here, so that a session survives its own `type = 5`.
local debug, getmetatable, ipairs, package, pcall = debug, getmetatable, ipairs, package, pcall
local rawget, table, tostring, type = rawget, table, tostring, type

local help = {}

local function width()
  return core.terminal_width() or 80
end

-- Rendering ---------------------------------------------------------------------------------------

local function last_name(name)
  return name:match("[%a_][%w_]*$")
end

-- The signatures of an entry that are called as the user wrote (all, if none is), as text, and the
-- list of the names of the others.
local function signatures(entry, key)
  local asked, others = {}, {}
  for _, one in ipairs(entry.signatures) do
    if last_name(one.name) == key then
      asked[#asked + 1] = text.signature(one.text, width())
    elseif #asked == 0 or one.name:find("[.:]") then -- `rnn(x)` is no name to ask about
      others[#others + 1] = one
    end
  end
  for i, one in ipairs(others) do
    others[i] = #asked == 0 and text.signature(one.text, width()) or one.name
  end
  if #asked == 0 then asked, others = others, {} end
  return table.concat(asked, "\n"), others
end

-- An entry as text. key: the name that the user asked for. Between its signatures and its own text
-- stands `about`, if that is given.
local function render(entry, key, about)
  local first, others = signatures(entry, key)
  local parts = {first}
  if about then
    parts[#parts + 1] = text.body(about, width())
    if entry.body ~= "" then parts[#parts + 1] = "" end
  end
  if entry.body ~= "" then parts[#parts + 1] = text.body(entry.body, width(), entry.column) end
  if #others > 0 then parts[#parts + 1] = text.list("Also", others, width()) end
  return table.concat(parts, "\n")
end

local function place(entry)
  return entry.file and ("  (%s:%d)"):format(entry.file, entry.line)
end

local function render_at_place(entry, key)
  local where = place(entry)
  return render(entry, key) .. (where and "\n" .. where or "")
end

-- What a file says about itself, as far as those who use it are concerned.
local function head_of(lines)
  local head = lines and source.head(lines)
  if not head then return nil end
  local kept = {}
  for paragraph in (head .. "\n\n"):gmatch("(.-)\n\n+") do
    if not paragraph:find("^Invariant") then kept[#kept + 1] = paragraph end
  end
  return table.concat(kept, "\n\n")
end

-- Functions and classes ---------------------------------------------------------------------------

local find_class = documentation.class_of

-- The file of the module that is this table, and the comment that it begins with.
local function module_head(value)
  for _, name in ipairs(options.sorted_keys(package.loaded)) do
    if package.loaded[name] == value and name:find("^nnlua") then
      local path = package.searchpath(name, package.path)
      return head_of(path and source.lines(path)), path
    end
  end
end

-- The methods of a class that have documentation, its parents' left out.
local function own_methods(class)
  local list = {}
  for _, name in ipairs(options.sorted_keys(class)) do
    if name:sub(1, 1) ~= "_" and type(class[name]) == "function" and name ~= "is"
       and name ~= "init" and documentation.of_method(class, name) then
      list[#list + 1] = name
    end
  end
  return list
end

local function parent_names(class)
  local list, parent = {}, rawget(class, "parent")
  while type(parent) == "table" and #list < 100 do
    list[#list + 1] = tostring(rawget(parent, "class_name"))
    parent = rawget(parent, "parent")
  end
  return list
end

local function describe_class(class, key)
  local name = tostring(rawget(class, "class_name"))
  local entry = documentation.of(class, name)
  local constructor = rawget(class, "init")
  if not entry then
    entry = type(constructor) == "function" and documentation.plain(name, constructor)
            or {signatures = {{name = name, text = name .. "(...)"}}, body = "", column = 0}
    entry.signatures[1].text = entry.signatures[1].text:gsub("%(self, ", "("):gsub("%(self%)", "()")
  end
  local path = source.class(class)
  local parts = {render(entry, key or name, head_of(path and source.lines(path))), ""}
  local own, parents = own_methods(class), parent_names(class)
  if #own > 0 then
    parts[#parts + 1] = text.list("Methods", own, width())
  end
  if #parents > 0 then
    parts[#parts + 1] = text.list("Also those of", parents, width())
  end
  parts[#parts + 1] = place(entry)
  return table.concat(parts, "\n")
end

local function typed_text(f)
  local info = debug.getinfo(f, "S")
  local typed = inputs.text(info.short_src)
  if not typed then return nil end
  local lines, number = {}, 0
  for line in (typed .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if number >= info.linedefined and number <= info.lastlinedefined then
      lines[#lines + 1] = line
    end
  end
  return table.concat(lines, "\n"), info.short_src
end

local function describe_function(f, key, owner)
  local entry = documentation.of(f, key) or documentation.of_method(owner, key)
  if entry then return render_at_place(entry, key) end
  if library.of(f) then return library.of(f) end
  local plain = documentation.plain(key, f)
  local typed, where = typed_text(f)
  if typed then
    return render(plain, key) .. "\n" .. text.body("Typed as " .. where .. ":", width()) .. "\n    "
           .. typed:gsub("\n", "\n    ")
  end
  return render_at_place(plain, key)
end

-- Other values ------------------------------------------------------------------------------------

local function describe_tensor(x, name)
  local parts = {("%s: tensor %s [%s]"):format(name, core.dtype(x),
                                               table.concat(core.shape(x), ","))}
  parts[2] = tostring(x)
  parts[3] = text.list("Methods, ?" .. name .. ":NAME for each", names.fields(core.Tensor.methods),
                       width())
  return table.concat(parts, "\n")
end

local function shown(value)
  local ok, result = pcall(pretty, value, {width = width()})
  return ok and result or "(its __tostring fails: " .. tostring(result) .. ")"
end

local function describe_module(value, name, key)
  local entry = documentation.of(value)
  local head, path = module_head(value)
  if not entry and not head then return nil end
  local parts, list = {entry and render(entry, key) .. "\n" or name}, {}
  if head then parts[#parts + 1] = text.body(head, width()) end
  for _, field in ipairs(names.fields(value)) do
    if rawget(core.Tensor.methods, field) == nil then list[#list + 1] = field end
  end
  if #list > 0 then parts[#parts + 1] = "\n" .. text.list("Names", list, width()) end
  parts[#parts + 1] = path and "  (" .. path .. ")" or nil
  return table.concat(parts, "\n")
end

local function describe_value(value, name, key, owner)
  if core.is_tensor(value) then return describe_tensor(value, name) end
  if type(value) == "function" then return describe_function(value, key, owner) end
  if documentation.is_class(value) then return describe_class(value, key) end
  local class = find_class(value)
  if class then
    local own = tostring(rawget(class, "class_name"))
    return ("%s: an object of class %s\n%s\n\n%s"):format(name, own, shown(value),
                                                         describe_class(class))
  end
  if type(value) == "table" then
    local described = describe_module(value, name, key)
    if described then return described end
    local metatable = getmetatable(value)
    local call = type(metatable) == "table" and rawget(metatable, "__call")
    if call then return describe_function(call, key) end
  end
  return ("%s: %s\n%s"):format(name, options.type_name(value), shown(value))
end

-- Names -------------------------------------------------------------------------------------------

-- What the library documents under a name that is no variable: "x:matmul", "opt:step".
local function by_convention(name)
  local parts, seen = {}, {}
  for _, entry in ipairs(documentation.named(name)) do
    if not seen[entry] then
      seen[entry] = true
      parts[#parts + 1] = render_at_place(entry, last_name(name))
    end
  end
  return #parts > 0 and table.concat(parts, "\n\n") or nil
end

-- "nn.matmul" for "matmul": where else the last part of a name is known.
local function known_elsewhere(key)
  for _, prefix in ipairs {"nn.", "nn.optim.", "nn.data.", "nn.io.", "x:", "module:"} do
    if #documentation.named(prefix .. key) > 0 then return prefix .. key end
  end
end

-- Why a path leads nowhere, and where one nearby does.
local function unknown(env, values, keys)
  local key = tostring(keys[#values + 1])
  local elsewhere = #values == 0 and known_elsewhere(key)
  if elsewhere then
    return ("there is no '%s'; see ?%s"):format(key, elsewhere)
  end
  local inside = values[#values]
  local known = #values == 0 and names.variables(env) or names.fields(inside)
  return ("there is no '%s'%s%s"):format(key, #values > 0 and (" in '%s'"):format(
    tostring(keys[#values])) or "", options.suggest(key, known))
end

-- The commands of the running session, or of all.
local function command_names(session)
  local current = session.current
  return current and current:command_names() or options.sorted_keys(session.commands)
end

-- "%time INPUT" and what it does, for a command; nil, message for none.
local function describe_command(name)
  local session = package.loaded["nnlua.repl.session"]
  local known = type(session) == "table" and command_names(session) or {}
  for _, one in ipairs(known) do
    if one == name then
      local usage = session.usage[name] or {"", ""}
      local call = text.signature(("%%%s %s"):format(name, usage[1]), width())
      return usage[2] == "" and call or call .. "\n" .. text.body(usage[2], width())
    end
  end
  return nil, ("there is no command '%%%s'%s"):format(name, options.suggest(name, known))
end

-- What a path means: the value, its last key, what it was read from. nil, message for nothing.
local function follow(env, path)
  local values, keys = names.resolve(env, path)
  if not values then
    return nil, ("'%s' is no name; a name is like nn.Linear or x:matmul"):format(path)
  end
  local value = values[#keys]
  if value == nil then return nil, unknown(env, values, keys) end
  local key = keys[#keys]
  return value, type(key) == "string" and key or path, values[#values - 1]
end

local function trimmed(path)
  return (path:gsub("^%s+", ""):gsub("%s+$", ""):gsub("%(%s*%)$", ""))
end

-- The documentation of a field of a tensor, which may be nil there: grad, requires_grad.
local function field_entry(env, name)
  local values, keys = names.resolve(env, name)
  local owner = values and values[#keys - 1]
  return core.is_tensor(owner) and by_convention("x." .. tostring(keys[#keys])) or nil
end

--- help.describe(env, name) -> the documentation of what the name leads to in env, as text | nil,
--- message. name: "nn.Linear", "x:matmul", "model", "%time", ...
function help.describe(env, name)
  name = trimmed(name)
  if name == "" then
    return nil, "?name shows the documentation of a name, ??name its source: ?nn.Linear"
  elseif name:sub(1, 1) == "%" then
    return describe_command(name:match("^%%%s*(.*)$"))
  end
  local value, key, owner = follow(env, name)
  local described = field_entry(env, name) or by_convention(name)
  if value ~= nil and (not described or type(value) == "function" or type(value) == "table") then
    return describe_value(value, name, key, owner)
  elseif value ~= nil then
    return ("%s\n\n%s = %s"):format(described, name, shown(value))
  end
  if described then return described end
  return describe_command(name) or nil, key
end

-- Source ------------------------------------------------------------------------------------------

-- Lines first..last of a file below a line that names it; the comment above `from` in front.
local function excerpt(path, from, last)
  local lines = source.lines(path)
  if not lines or #lines < from then
    return nil, ("the source is not there: %s:%d"):format(path, from)
  end
  local _, first = source.above(lines, from)
  first = first or from
  return ("%s:%d\n%s"):format(path, first, table.concat(lines, "\n", first, math.min(last, #lines)))
end

local function source_of_function(f, key)
  local entry = documentation.of(f, key)
  local in_c = debug.getinfo(f, "S").what == "C" or entry and entry.file
               and entry.file:find("^src/bind/") ~= nil
  if in_c then
    return ("%s is written in C%s\n%s"):format(
      key, entry and entry.file and (": %s:%d"):format(entry.file, entry.line) or "",
      entry and render(entry, key) or library.of(f) or "")
  end
  local typed, where = typed_text(f)
  if typed then return where .. "\n" .. typed end
  local path, first, last = source.where(f)
  if not path then return nil, "the source of '" .. key .. "' is not in a file" end
  return excerpt(path, first, last)
end

--- help.source(env, name) -> the source of the function, the class or the object's class that the
--- name leads to, below a line with its place | nil, message.
function help.source(env, name)
  name = trimmed(name)
  if name == "" or name:sub(1, 1) == "%" then return help.describe(env, name) end
  local value, key = follow(env, name)
  if value == nil then return nil, key end
  if type(value) == "function" then return source_of_function(value, key) end
  local class = documentation.is_class(value) and value or find_class(value)
  if class then
    local path, first, last = source.class(class)
    if path then return excerpt(path, first, last) end
    return nil, ("the class of '%s' is not in a file"):format(name)
  end
  local _, path = module_head(value)
  local lines = path and source.lines(path)
  if lines then return path .. ":1\n" .. table.concat(lines, "\n") end
  local metatable = type(value) == "table" and getmetatable(value)
  local call = type(metatable) == "table" and rawget(metatable, "__call")
  if type(call) == "function" then return source_of_function(call, key) end
  return nil, ("'%s' is a %s, which has no source"):format(name, options.type_name(value))
end

return help

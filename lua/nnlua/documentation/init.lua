-- What there is to read about a value: the comment above its definition.
--
--   local documentation = require "nnlua.documentation"
--   local entry = documentation.of(nn.Linear)
--   entry.signatures[1].text      "nn.Linear(in_features, out_features [, {...}])"
--   entry.body                    the rest of the comment
--
-- The library's own comments are found by place (a Lua function's own file and line) and by name:
-- every "---" comment of lua/ and every comment of src/bind that begins with a signature, which the
-- build keeps in the core. So what is made by a loop or a factory, and what is written in C, is
-- found by the name under which users know it: nn.NAME, or x:NAME for methods of tensors.
--
-- An entry: {signatures = {{name =, text =}, ...}, body =, column = where the body begins in its
-- line, file =, line =}.
--
-- Invariants: nothing here calls what it describes; files are read when somebody first asks.

local core = require "nnlua.core"
local options = require "nnlua.options"
local signature = require "nnlua.documentation.signature"
local source = require "nnlua.documentation.source"

-- Kept here, so that a REPL session survives its own `type = 5`.
local debug, getmetatable, ipairs, next = debug, getmetatable, ipairs, next
local package, rawget, table, type = package, rawget, table, type

local documentation = {}

-- Comments by name --------------------------------------------------------------------------------

local LIBRARY = debug.getinfo(1, "S").source:match("^@(.*)documentation/init%.lua$")

local index -- name -> list of entries

local function add(text, file, line)
  local signatures, body, column = signature.parse(text)
  local entry = {signatures = signatures, body = body, column = column, file = file, line = line}
  for _, one in ipairs(signatures) do
    local list = index[one.name] or {}
    list[#list + 1], index[one.name] = entry, list
  end
end

local function read_folder(folder)
  local files, is_directory = core.io.read_directory(folder)
  for i, name in ipairs(files or {}) do
    local path = folder .. name
    if is_directory[i] then
      read_folder(path .. "/")
    elseif name:find("%.lua$") then
      for _, comment in ipairs(source.documentation(source.lines(path) or {})) do
        add(comment.text, path, comment.line)
      end
    end
  end
end

local function read_all()
  index = {}
  read_folder(LIBRARY)
  for _, comment in ipairs(core.documentation()) do
    add(comment.text, comment.file, comment.line)
  end
end

--- documentation.named(name) -> list of the entries with a signature of that name, such as
--- "nn.zeros", "x:matmul", "opt:step"; empty if there is none.
function documentation.named(name)
  if not index then read_all() end
  return index[name] or {}
end

-- The entry for a name under which users know something. The comments of nn.data and others leave
-- the "nn." away, "data.split(...)": it is put in front then.
local function known_as(name)
  local short = name
  while short do
    local entry
    for _, one in ipairs(documentation.named(short)) do -- not one that points to the other
      if not entry or #one.body > #entry.body then entry = one end
    end
    if entry and short == name then return entry end
    if entry then
      local signatures = {}
      for i, one in ipairs(entry.signatures) do
        local full = one.name == short and name
                     or one.name:find(".", 1, true) and name:sub(1, -#short - 1) .. one.name
                     or one.name
        signatures[i] = {name = full, text = full .. one.text:sub(#one.name + 1)}
      end
      return {signatures = signatures, body = entry.body, column = entry.column, file = entry.file,
              line = entry.line}
    end
    short = short:match("^[%w_]+%.(.*%..*)$")
  end
end

--- documentation.all_names() -> sorted list of the names that have entries.
function documentation.all_names()
  if not index then read_all() end
  return options.sorted_keys(index)
end

-- Names of values ---------------------------------------------------------------------------------

-- A class is its objects' metatable; what nn.class makes also says that it is one.
local function is_class(value)
  if type(value) ~= "table" then return false end
  local metatable = debug.getmetatable(value)
  return rawget(value, "__index") == value
         or metatable ~= nil and rawget(metatable, "__name") == "class"
end

--- documentation.is_class(v) -> whether v is a class, as nn.class makes them.
documentation.is_class = is_class

local function size(t)
  local count = 0
  for _ in next, t do count = count + 1 end
  return count
end

local names_by_value, counted = nil, -1

-- Collects the names of all that is in the library's tables so far.
local function collect()
  local nn, found = package.loaded["nnlua"], {}
  local function search(t, prefix, deeper)
    for _, key in ipairs(options.sorted_keys(t)) do
      local field = rawget(t, key)
      if type(field) == "function" or type(field) == "table" then
        found[field] = found[field] or {}
        table.insert(found[field], prefix .. key)
      end
      if deeper > 0 and type(field) == "table" and not is_class(field) then
        search(field, prefix .. key .. ".", deeper - 1)
      end
    end
  end
  search(core.Tensor.methods, "x:", 0)
  search(getmetatable(core.default_generator()).__index, "g:", 0)
  if type(nn) == "table" then
    search(nn, "nn.", 2)
  end
  return found
end

--- documentation.names_of(value) -> list of the names under which users of the library know a
--- function or a table: {"x:exp", "nn.exp"}. Modules that nobody has loaded are not searched.
function documentation.names_of(value)
  local count = size(package.loaded) + size(package.loaded["nnlua"] or {})
  if count ~= counted then
    names_by_value, counted = collect(), count
  end
  return names_by_value[value] or {}
end

-- Entries of values -------------------------------------------------------------------------------

-- The call of a Lua function as far as debug information tells it: "name(a, b, ...)".
local function plain_call(name, f)
  local info, arguments = debug.getinfo(f, "u"), {}
  for i = 1, info.nparams do
    arguments[i] = debug.getlocal(f, i)
  end
  if info.isvararg then
    arguments[#arguments + 1] = "..."
  end
  return ("%s(%s)"):format(name, table.concat(arguments, ", "))
end

--- documentation.plain(name, f) -> an entry without a body for a function that nobody documented.
function documentation.plain(name, f)
  local file, line = source.where(f)
  local text = debug.getinfo(f, "S").what == "C" and name .. "(...)" or plain_call(name, f)
  return {signatures = {{name = name, text = text}}, body = "", column = 0, file = file,
          line = line}
end

-- The comment above a line, as an entry; `name` and f for one that begins with no signature.
local function above(path, line, name, f)
  local lines = source.lines(path)
  local text, first
  if lines then
    text, first = source.above(lines, line)
  end
  if not text or text == "" then return nil end
  local signatures, body, column = signature.parse(text)
  if #signatures == 0 then
    if not name then return nil end
    signatures[1] = {name = name, text = f and plain_call(name, f) or name}
  end
  return {signatures = signatures, body = body, column = column, file = path, line = first}
end

--- documentation.of(value [, name]) -> the entry of a function, a class, or a table of the library;
--- nil if nobody documented it. name: what the user calls it, for a comment without a signature.
function documentation.of(value, name)
  if type(value) ~= "function" and type(value) ~= "table" then
    return nil
  end
  for _, known in ipairs(documentation.names_of(value)) do
    local entry = known_as(known)
    if entry then return entry end
  end
  local path, line
  if type(value) == "function" then
    path, line = source.where(value)
  elseif is_class(value) then
    path, line = source.class(value)
    name = name or rawget(value, "class_name")
  end
  return path and above(path, line, name, type(value) == "function" and value or nil)
end

--- documentation.class_of(v) -> the class that v is an object of, or nil.
function documentation.class_of(value)
  local metatable = type(value) == "table" and getmetatable(value)
  return is_class(metatable) and metatable or nil
end

--- documentation.of_method(owner, key) -> the entry of the method `key` of a class or an object:
--- its own, or else that of the method which it overrides; nil if there is none.
function documentation.of_method(owner, key)
  local class, visited = is_class(owner) and owner or documentation.class_of(owner), 0
  while type(class) == "table" and visited < 100 do
    local entry = documentation.of(rawget(class, key))
    if entry then return entry end
    class, visited = rawget(class, "parent"), visited + 1
  end
end

--- documentation.options(entry, name) -> list of {name =, default = text or nil}: the options in
--- the entry's signature of that name (or of another one, if that names none). Where "..." says
--- that there are more, also those that its text lists.
function documentation.options(entry, name)
  local found, more = {}, false
  for _, one in ipairs(entry.signatures) do
    local list, open = signature.options(one.text)
    if (#list > 0 or open) and (#found == 0 or one.name == name) then
      found, more = list, open
    end
  end
  local known = {}
  for _, option in ipairs(found) do known[option.name] = true end
  for _, option in ipairs(more and signature.listed(entry.body) or {}) do
    if not known[option.name] then found[#found + 1] = option end
  end
  return found
end

return documentation

-- who.lua - the user's variables as a table: name, type, size, dtype, memory
--
-- The memory is that of the tensors that a variable keeps alive: itself, or those that it holds as
-- a table or module. A view keeps all of the memory that it looks at. What several variables share
-- counts once in the sum.

local core = require "nnlua.core"
local Module = require "nnlua.module"
local pretty = require "nnlua.pretty"
local scope = require "nnlua.repl.scope"
local style = require "nnlua.repl.style"

-- Kept here, so that a session survives its own `type = 5`.
local assert, collectgarbage, debug, getmetatable = assert, collectgarbage, debug, getmetatable
local ipairs, math = ipairs, math
local next, pcall, print, rawget, table = next, pcall, print, rawget, table
local tostring, type, utf8 = tostring, type, utf8

local who = {}

local NAMES = {
  "_G", "_VERSION", "assert", "collectgarbage", "coroutine", "debug", "dofile", "error",
  "getmetatable", "io", "ipairs", "load", "loadfile", "math", "next", "os", "package", "pairs",
  "pcall", "print", "rawequal", "rawget", "rawlen", "rawset", "require", "select", "setmetatable",
  "string", "table", "tonumber", "tostring", "type", "utf8", "warn", "xpcall",
}

local WALKED = 20000 -- tables of a value that are looked into

-- Name -> value of what Lua itself has: no variables of the user's.
local standard = {arg = _G.arg}
for _, name in ipairs(NAMES) do standard[name] = _G[name] end

--- who.standard(name, value): from now on this variable is not the user's while it has this value.
function who.standard(name, value)
  standard[name] = value
end

--- who.names(env) -> the names of the user's variables, sorted
function who.names(env)
  local names = {}
  for _, name in ipairs(scope.names(env)) do
    local value = env[name]
    if value ~= nil and (standard[name] == nil or value ~= standard[name]) then
      names[#names + 1] = name
    end
  end
  return names
end

-- Bytes of the tensors in a value, but for memory that is in `seen` already.
local function bytes_in(value, seen)
  local open, walked, total = {value}, 0, 0
  while #open > 0 and walked < WALKED do
    local item = table.remove(open)
    if not seen[item] then
      seen[item] = true
      if core.is_tensor(item) then
        local storage, bytes = core.storage(item)
        if not seen[storage] then total = total + bytes end
        seen[storage] = true
      elseif type(item) == "table" then
        walked = walked + 1
        for _, inner in next, item do
          local kind = type(inner)
          if kind == "table" or kind == "userdata" then open[#open + 1] = inner end
        end
      end
    end
  end
  return total
end

--- who.memory_text(bytes) -> "512 B", "3.1 kB", "12.4 MB"
function who.memory_text(bytes)
  local units = {"B", "kB", "MB", "GB", "TB"}
  local unit = 1
  while bytes >= 999.95 and unit < #units do
    bytes = bytes / 1000
    unit = unit + 1
  end
  return (unit == 1 and "%d %s" or "%.1f %s"):format(bytes, units[unit])
end

local function count_text(count, one, many)
  return ("%d %s"):format(count, count == 1 and one or many)
end

local function entry_count(value)
  local count = 0
  for _ in next, value do count = count + 1 end
  return count
end

-- Raises for what is no module.
local function count_parameters(module)
  assert(module:is(Module))
  local count = 0
  for _, parameter in ipairs(module:parameters()) do count = count + parameter:numel() end
  return count
end

-- What a value is, in a few words: a tensor's shape, a number itself, ...
local function size_text(value)
  local kind = type(value)
  if core.is_tensor(value) then
    local shape = table.concat(value:shape(), "x")
    return shape == "" and tostring(value:item()) or shape
  elseif kind == "table" then
    local meta = getmetatable(value)
    if type(meta) ~= "table" then return count_text(entry_count(value), "entry", "entries") end
    if rawget(value, "class_name") then return "" end -- a class itself
    local is_module, count = pcall(count_parameters, value)
    if is_module then return count_text(count, "parameter", "parameters") end
    local text = meta.__tostring and tostring(value) or ""
    return text:match("^[^\n]*") .. (text:find("\n", 1, true) and " ..." or "")
  elseif kind == "string" then
    return pretty({value}, {width = math.huge}):sub(2, -2)
  elseif kind == "function" then
    local info = debug.getinfo(value, "S")
    return info.what == "C" and "" or ("%s:%d"):format(info.short_src, info.linedefined)
  end
  return kind == "number" and tostring(value) or kind == "boolean" and tostring(value) or ""
end

local function row_of(name, value)
  local is_tensor = core.is_tensor(value)
  local kind = type(value)
  local class = kind == "table" and getmetatable(value)
  return {
    name, is_tensor and "tensor" or type(class) == "table" and type(class.__name) == "string"
      and class.__name or math.type(value) or kind,
    size_text(value), is_tensor and value:dtype() or "",
    "",
  }
end

local function width_of(text)
  return utf8.len(text) or #text
end

-- Rows as lines below the titles, the third column cut so that they fit; the last to the right.
local function layout(rows, width)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do widths[i] = math.max(widths[i] or 0, width_of(cell)) end
  end
  local other = widths[1] + widths[2] + widths[4] + widths[5] + 8
  widths[3] = math.max(math.min(widths[3], width - other), 4)
  local lines = {}
  for i, row in ipairs(rows) do
    row[3] = style.clip(row[3], widths[3])
    local cells = {}
    for k, cell in ipairs(row) do
      local space = (" "):rep(widths[k] - width_of(cell))
      cells[k] = k == 5 and space .. cell or cell .. space
    end
    lines[i] = table.concat(cells, "  "):gsub("%s+$", "")
  end
  return lines
end

--- who.text(env [, width]) -> the table, with a sum below
function who.text(env, width)
  width = width or (core.terminal_width() or 80) - 1
  local names = who.names(env)
  if #names == 0 then return "no variables" end
  local rows = {{"name", "type", "value or size", "dtype", "memory"}}
  local seen, total = {}, 0
  for _, name in ipairs(names) do
    local value = env[name]
    local row = row_of(name, value)
    local bytes = bytes_in(value, {})
    if bytes > 0 then row[5] = who.memory_text(bytes) end
    total = total + bytes_in(value, seen)
    rows[#rows + 1] = row
  end
  local lines = layout(rows, width)
  lines[1] = style.paint("bold", lines[1])
  collectgarbage() -- what nobody can reach any more is not living
  local sum = ("%s with %s of tensors; all living tensors take %s"):format(
    count_text(#names, "variable", "variables"), who.memory_text(total),
    who.memory_text((core.memory())))
  lines[#lines + 1] = style.paint("dim", sum)
  return table.concat(lines, "\n")
end

--- who.show(env) prints the table.
function who.show(env)
  print(who.text(env))
end

return who

-- The Lua source of functions and classes, and the comments above them, from their files.
--
-- Invariant: a file that is gone or was changed since it was loaded gives other text or nil, never
-- an error.

local debug, io, ipairs, math, next = debug, io, ipairs, math, next
local rawget, table, type = rawget, table, type

local source = {}

local LIBRARY = debug.getinfo(1, "S").source:match("^@(.*)documentation/source%.lua$")
local library_lines = {} -- by path; the library's own files are read once

--- source.lines(path) -> list of the lines of a file, or nil.
function source.lines(path)
  if library_lines[path] then return library_lines[path] end
  local file = io.open(path, "rb")
  if not file then return nil end
  local lines, text = {}, file:read("a")
  file:close()
  if not text then return nil end -- a folder
  for line in (text:gsub("\n?$", "\n")):gmatch("(.-)\r?\n") do
    lines[#lines + 1] = line
  end
  if path:sub(1, #LIBRARY) == LIBRARY then library_lines[path] = lines end
  return lines
end

--- source.where(f) -> path, first line, last line of a Lua function that is in a file; else nil.
function source.where(f)
  local info = debug.getinfo(f, "S")
  if info.what == "C" or info.source:sub(1, 1) ~= "@" then return nil end
  return info.source:sub(2), info.linedefined, info.lastlinedefined
end

--- source.comment(line) -> the text of a line that is a comment, and whether it documents ("---");
--- nil if it is none.
function source.comment(line)
  local dashes, text = line:match("^%s*(%-%-+)(.*)$")
  if not dashes or text:find("^%[=*%[") then return nil end
  return text:gsub("^ ", ""), #dashes > 2
end

--- source.above(lines, number) -> the text of the comment that ends right above a line, the number
--- of its first line, and whether it documents; nil if there is none.
function source.above(lines, number)
  local first, documents = number, false
  while first > 1 do
    local text, is_documentation = source.comment(lines[first - 1] or "")
    if not text then break end
    first, documents = first - 1, is_documentation
  end
  if first == number then return nil end
  local texts = {}
  for i = first, number - 1 do
    texts[#texts + 1] = source.comment(lines[i])
  end
  return table.concat(texts, "\n"), first, documents
end

--- source.documentation(lines) -> list of {text =, line =}: the comments of a file that document.
function source.documentation(lines)
  local list, texts = {}, nil
  for number, line in ipairs(lines) do
    local text, documents = source.comment(line)
    if text and (documents or texts) then
      if not texts then
        texts = {}
        list[#list + 1] = {line = number}
      end
      texts[#texts + 1] = text
      list[#list].text = table.concat(texts, "\n")
    else
      texts = nil
    end
  end
  return list
end

--- source.head(lines) -> the text of the comment that a file begins with, or nil.
function source.head(lines)
  local texts = {}
  for _, line in ipairs(lines) do
    local text = source.comment(line)
    if not text then break end
    texts[#texts + 1] = text
  end
  return #texts > 0 and table.concat(texts, "\n") or nil
end

-- Where the functions of a class lie: the file that most of its methods are in, and the first and
-- last line of its functions there. Metamethods are copied from parents, so that they do not count.
local function extent(class)
  local ranges, best = {}, nil
  for key, value in next, class do
    local path, first, last
    if type(value) == "function" and type(key) == "string" then
      path, first, last = source.where(value)
    end
    if path and path ~= LIBRARY .. "class.lua" then
      local range = ranges[path] or {path = path, first = first, last = last, methods = 0}
      range.first, range.last = math.min(range.first, first), math.max(range.last, last)
      range.methods = range.methods + (key:sub(1, 2) == "__" and 0 or 1)
      ranges[path] = range
    end
  end
  for _, range in next, ranges do
    if not best or range.methods > best.methods
       or range.methods == best.methods and range.path < best.path then
      best = range
    end
  end
  return best
end

--- source.class(class) -> path, line of `NAME = class("NAME")`, last line of its last method; nil
--- for a class without functions in a file. The line is that of the first method where the class
--- is made otherwise.
function source.class(class)
  local range = extent(class)
  local lines = range and source.lines(range.path)
  if not lines then return nil end
  local name = rawget(class, "class_name")
  local literal = type(name) == "string"
                  and ('class%%(["\']%s["\']'):format((name:gsub("%W", "%%%0")))
  local made
  for number = range.first, 1, -1 do
    local line = lines[number] or ""
    if literal and line:find(literal) then
      return range.path, number, range.last
    elseif not made and line:find("class%(") and not source.comment(line) then
      made = number
    end
  end
  return range.path, made or range.first, range.last
end

return source

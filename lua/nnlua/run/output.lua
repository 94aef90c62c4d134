-- What the script prints, for the logs of its runs: print, io.write, io.stdout and io.stderr.
--
--   local stop = output.listen(function(text) ... end)
--
-- While someone listens, `print`, `io.write` and the files' method `write` are functions that do
-- what they did and then hand on what they wrote. The texts are handed on at once, in the order in
-- which they were written, however the streams are buffered.
--
-- A text that begins with "\r" and does not end in a newline is a line to be drawn over, like that
-- of nn.progress: it is not handed on.
--
-- Invariant: what the script prints, and what its calls return and raise, is as without a listener.

local options = require "nnlua.options"
local replace = require "nnlua.run.replace"

local output = {}

local listeners = {}
local methods = getmetatable(io.stdout).__index
local restore = {} -- functions that put back what we replaced

local function tell(text)
  if text:sub(1, 1) == "\r" and text:sub(-1) ~= "\n" then return end
  for _, listener in ipairs(listeners) do listener(text) end
end

-- The texts of a call of write. Raises what that would raise, at the user's line.
local function texts(...)
  local list = {...}
  for i = 1, select("#", ...) do
    local kind = type(list[i])
    if kind ~= "string" and kind ~= "number" then
      options.raise("bad argument #%d to 'write' (string expected, got %s)", i,
                    options.type_name(list[i]))
    end
    list[i] = tostring(list[i])
  end
  return table.concat(list)
end

local function install()
  -- Of functions that are left in place (replace.lua), only the newest tells.
  local current = {}
  restore.current = current

  restore[1] = replace(methods, "write", function(write)
    return function(file, ...)
      if file ~= io.stdout and file ~= io.stderr or restore.current ~= current then
        return write(file, ...)
      end
      local text = texts(...)
      local result, message, code = write(file, text)
      if result then tell(text) end
      return result, message, code
    end
  end)

  restore[2] = replace(io, "write", function()
    return function(...) return methods.write(io.output(), ...) end
  end)

  restore[3] = replace(_G, "print", function(print)
    return function(...)
      local list = table.pack(...)
      for i = 1, list.n do list[i] = tostring(list[i]) end
      print(table.unpack(list, 1, list.n))
      if restore.current == current then tell(table.concat(list, "\t", 1, list.n) .. "\n") end
    end
  end)
end

local function uninstall()
  for _, f in ipairs(restore) do f() end
  restore = {}
end

--- output.listen(listener) -> a function that ends it; calling that again does nothing.
function output.listen(listener)
  if #listeners == 0 then install() end
  listeners[#listeners + 1] = listener
  return function()
    for i = #listeners, 1, -1 do
      if listeners[i] == listener then
        table.remove(listeners, i)
        if #listeners == 0 then uninstall() end
      end
    end
  end
end

return output

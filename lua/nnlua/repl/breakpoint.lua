-- breakpoint.lua - a session inside the running code
--
-- The session runs in a coroutine of its own, so that Ctrl-C can stop its inputs while the code
-- stands still below it; it sees the code's frames through the debug library. Frames are numbered
-- from the bottom of the stack: what lies on top of them changes with every input.
--
-- A name of an input is, in this order: a local of the chosen frame, an upvalue of its function,
-- one of those of the frames that called it (the break may come inside a small function of a
-- training loop), a global of the chosen frame's function. Assigning to one sets it there.

local core = require "nnlua.core"
local line = require "nnlua.line"
local pretty = require "nnlua.pretty"
local session = require "nnlua.repl.session"

-- Kept here, so that a session survives its own `debug = nil`.
local coroutine, debug, error, getmetatable = coroutine, debug, error, getmetatable
local io, math, next, package = io, math, next, package
local pairs, print, setmetatable, table, tonumber = pairs, print, setmetatable, table, tonumber
local type = type

local breakpoint = {}

local REPL = debug.getinfo(1, "S").source:match("^(.*)breakpoint%.lua$")
local LIBRARY = REPL:match("^(.*)repl/$")

local function starts_with(text, prefix)
  return text:sub(1, #prefix) == prefix
end

-- Frames ------------------------------------------------------------------------------------------

-- How many frames a suspended thread has.
local function height_of(thread)
  local low, high = 0, 1
  while debug.getinfo(thread, high, "l") do low, high = high, 2 * high end
  while high - low > 1 do
    local middle = (low + high) // 2
    if debug.getinfo(thread, middle, "l") then low = middle else high = middle end
  end
  return high
end

-- The frames of Lua functions for which wanted(info) is true, the innermost first.
local function frames_of(thread, wanted)
  local frames, height = {}, height_of(thread)
  for level = 0, height - 1 do
    local info = debug.getinfo(thread, level, "Slnf")
    if info.what ~= "C" and wanted(info) then
      info.from_bottom = height - level
      frames[#frames + 1] = info
    end
  end
  return frames
end

-- Those that the user wrote; of code that is all the library's, those.
local function user_frames(thread)
  local frames = frames_of(thread, function(info) return not starts_with(info.source, LIBRARY) end)
  if #frames > 0 then return frames end
  return frames_of(thread, function(info) return not starts_with(info.source, REPL) end)
end

local function describe(frame)
  local name = frame.what == "main" and "main chunk"
               or frame.name and ("function '%s'"):format(frame.name) or "a function"
  return ("%s:%d in %s"):format(frame.short_src, frame.currentline, name)
end

-- The text of a frame's line, or nil.
local function source_line(frame)
  local file = starts_with(frame.source, "@") and io.open(frame.source:sub(2))
  if not file then return nil end
  local number = 0
  for text in file:lines() do
    number = number + 1
    if number == frame.currentline then
      file:close()
      return text:match("^%s*(.-)%s*$")
    end
  end
  file:close()
end

-- Variables ---------------------------------------------------------------------------------------

local Variables = {}
Variables.__index = Variables

function Variables:frame()
  return self.frames[self.at]
end

function Variables:level(frame)
  return height_of(self.thread) - frame.from_bottom
end

-- The locals that can be seen at the line: a list of {name, index, value}, in their order.
function Variables:locals(frame)
  local list, place, level = {}, {}, self:level(frame)
  local index = 1
  local name, value = debug.getlocal(self.thread, level, index)
  while name do
    if not starts_with(name, "(") then
      place[name] = place[name] or #list + 1 -- a later one hides an earlier one
      list[place[name]] = {name = name, index = index, value = value}
    end
    index = index + 1
    name, value = debug.getlocal(self.thread, level, index)
  end
  return list
end

function Variables.upvalues(_, frame)
  local list, index = {}, 1
  local name, value = debug.getupvalue(frame.func, index)
  while name do
    if name ~= "" then list[#list + 1] = {name = name, index = index, value = value} end
    index = index + 1
    name, value = debug.getupvalue(frame.func, index)
  end
  return list
end

local function find(list, name)
  for _, variable in next, list do
    if variable.name == name then return variable end
  end
end

-- The globals as the frame's function sees them.
function Variables:globals()
  local frame = self:frame()
  local env = find(self:locals(frame), "_ENV") or find(self:upvalues(frame), "_ENV")
  return env and env.value or _G
end

-- The local or upvalue of that name, from the chosen frame outwards: variable, set(value); or nil.
function Variables:find(name)
  for i = self.at, #self.frames do
    local frame = self.frames[i]
    local variable = find(self:locals(frame), name)
    if variable then
      return variable, function(value)
        debug.setlocal(self.thread, self:level(frame), variable.index, value)
      end
    end
    variable = find(self:upvalues(frame), name)
    if variable then
      return variable, function(value) debug.setupvalue(frame.func, variable.index, value) end
    end
  end
end

function Variables:get(name)
  local variable = self:find(name)
  if variable then return variable.value end
  return self:globals()[name]
end

function Variables:set(name, value)
  local variable, set = self:find(name)
  if variable then
    set(value)
  else
    self:globals()[name] = value
  end
end

-- Everything by name, for completion and lists.
function Variables:all()
  local all = {}
  for name, value in pairs(self:globals()) do all[name] = value end
  for i = #self.frames, self.at, -1 do
    local frame = self.frames[i]
    for _, list in next, {self:upvalues(frame), self:locals(frame)} do
      for _, variable in next, list do all[variable.name] = variable.value end
    end
  end
  all._ENV = nil
  return all
end

-- What the session's inputs run in.
local function environment(variables)
  return setmetatable({}, {
    __index = function(_, name) return variables:get(name) end,
    __newindex = function(_, name, value) variables:set(name, value) end,
    __pairs = function()
      return next, variables:all()
    end,
  })
end

-- Commands ----------------------------------------------------------------------------------------

local HELP = [[
continue, Ctrl-D   go on                     where       the frames, from the innermost
abort, quit        stop the script           up, down    choose the calling or the called one
locals             the frame's variables     A name is first one of this frame, then of those that
                                             called it, then a global; assigning to it sets it.]]

-- A value in a list of variables.
local function in_a_line(value)
  if core.is_tensor(value) then
    return ("%s [%s]"):format(core.dtype(value), table.concat(core.shape(value), ","))
  end
  local text = pretty(value, {width = 60})
  if not text:find("\n", 1, true) then return text end
  local meta = getmetatable(value)
  if type(value) == "table" and not (meta and meta.__tostring) then
    local count = 0
    for _ in next, value do count = count + 1 end
    return ("table of %d"):format(count)
  end
  return text:match("^[^\n]*") .. " ..."
end

local function show_place(frame)
  print(describe(frame))
  local text = source_line(frame)
  if text then print(("%6d  %s"):format(frame.currentline, text)) end
end

local function commands_for(variables)
  local frames = variables.frames
  local function move(by)
    if not frames[variables.at + by] then
      print(by > 0 and "this is the outermost frame" or "this is the innermost frame")
      return
    end
    variables.at = variables.at + by
    show_place(variables:frame())
  end
  local function steps(rest)
    return math.tointeger(tonumber(rest)) or 1
  end
  local function show_list(title, list)
    local shown = {}
    for _, variable in next, list do
      if variable.name ~= "_ENV" then shown[#shown + 1] = variable end
    end
    if #shown == 0 then return end
    print(title)
    for _, variable in next, shown do
      print(("  %-14s %s"):format(variable.name, in_a_line(variable.value)))
    end
  end
  local function abort(s) s:leave("abort") end
  return {
    continue = function(s) s:leave() end,
    abort = abort,
    quit = abort,
    help = function() print(HELP) end,
    where = function()
      for i, frame in next, frames do
        print(("%s %s"):format(i == variables.at and "->" or "  ", describe(frame)))
      end
    end,
    up = function(_, rest) move(steps(rest)) end,
    down = function(_, rest) move(-steps(rest)) end,
    locals = function()
      show_list("locals", variables:locals(variables:frame()))
      show_list("upvalues", variables:upvalues(variables:frame()))
    end,
  }
end

-- Takes a progress line out of the way.
local function hide_progress()
  local progress = package.loaded["nnlua.progress"]
  if progress then progress.hide() end
end

-- Runs the session -> its answer.
local function run_session(thread, by_key)
  hide_progress()
  local inside <close> = -- luacheck: ignore inside
    setmetatable({}, {__close = function() line.inside(false) end})
  line.inside(true)
  local runner = coroutine.create(function()
    local frames = user_frames(thread)
    local variables = setmetatable({thread = thread, frames = frames, at = 1}, Variables)
    local text = source_line(frames[1])
    return session.new({
      env = environment(variables),
      prompt = "break> ",
      more = "     >> ",
      banner = ("%sBreak at %s%s\nType continue to go on, abort to stop, help for more."):format(
        by_key and "\n" or "", describe(frames[1]),
        text and ("\n%6d  %s"):format(frames[1].currentline, text) or ""),
      commands = commands_for(variables),
      defined = function(name) return variables:find(name) ~= nil end,
    }):run()
  end)
  local ok, answer = coroutine.resume(runner)
  if not ok then error(answer, 0) end
  return answer
end

--- breakpoint.open(thread [, by_key]) opens a session inside the code that thread runs, which
--- called this; returns when it is to go on, and raises "interrupted" when it is to stop. by_key:
--- Ctrl-C asked for it, and the terminal shows that.
function breakpoint.open(thread, by_key)
  if run_session(thread, by_key) == "abort" then line.abort() end
end

return breakpoint

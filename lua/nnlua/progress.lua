-- progress.lua - one line on the terminal that says how far a long loop is
--
--   local bar = progress {total = 5000, unit = "epoch"}
--   for epoch = 1, 5000 do
--     ...
--     bar:update(epoch, "cost 0.9")   --> epoch 1200/5000  21.3/s  2m 58s left  cost 0.9
--     if epoch % 500 == 0 then bar:print("Epoch 500, ...") end
--   end
--   bar:finish()
--
-- The line goes to standard error, is redrawn in place at most ten times a second, and is gone
-- after finish(). Unless standard output and standard error are both a terminal nothing but
-- print() writes anything, so logs and pipes never hold a progress line.

local core = require "nnlua.core"

local Progress = {}
Progress.__index = Progress

local INTERVAL = 0.1 -- seconds between two drawings
local ERASE = "\r\27[K"

--- progress.duration(seconds) -> "42s", "3m 05s", "2h 07m", "3d 04h"
local function duration(seconds)
  if seconds ~= seconds or seconds == math.huge then return "?" end
  local s = math.floor(seconds + 0.5)
  if s < 60 then return ("%ds"):format(s) end
  if s < 3600 then return ("%dm %02ds"):format(s // 60, s % 60) end
  if s < 86400 then return ("%dh %02dm"):format(s // 3600, s % 3600 // 60) end
  return ("%dd %02dh"):format(s // 86400, s % 86400 // 3600)
end

-- Cuts UTF-8 text to `width` characters; a text with broken UTF-8 is cut by bytes.
local function clip(text, width)
  text = text:gsub("%c", " ")
  local length = utf8.len(text)
  if (length or #text) <= width then return text end
  return length and text:sub(1, utf8.offset(text, width + 1) - 1) or text:sub(1, width)
end

local function rate_text(rate)
  if rate >= 100 then return ("%.0f/s"):format(rate) end
  if rate >= 1 then return ("%.1f/s"):format(rate) end
  return ("%.1fs each"):format(1 / rate)
end

-- "epoch 1200/5000  21.3/s  2m 58s left  text", parts that are not known left out.
function Progress:_line(done, text, now)
  local parts = {}
  if done then
    local count = self._total and ("%d/%d"):format(done, self._total) or ("%d"):format(done)
    parts[1] = self._unit and self._unit .. " " .. count or count
    local elapsed = now - self._start
    if done > 0 and elapsed > 0 then
      local rate = done / elapsed
      parts[#parts + 1] = rate_text(rate)
      if self._total then
        parts[#parts + 1] = duration(math.max(self._total - done, 0) / rate) .. " left"
      end
    end
  end
  if text then parts[#parts + 1] = text end
  return table.concat(parts, "  ")
end

--- bar:update(done, text)
-- `done` counts finished steps (nil: no count, no rate); `text` is added behind. Cheap when the
-- last drawing was less than 0.1 s ago.
function Progress:update(done, text)
  if not self._active then return end
  local now = self._clock()
  if self._drawn and now - self._drawn < INTERVAL then return end
  self._drawn = now
  -- The last column stays free: some terminals wrap as soon as it is written.
  self._stream:write("\r", clip(self:_line(done, text, now), (self._width() or 80) - 1), "\27[K")
  self._stream:flush()
  self._visible = true
end

--- bar:clear() takes the line away until the next update.
function Progress:clear()
  if not self._visible then return end
  self._stream:write(ERASE)
  self._stream:flush()
  self._visible = false
  self._drawn = nil
end

--- bar:print(...) is print(...), with the progress line out of its way.
function Progress:print(...)
  self:clear()
  print(...)
end

--- bar:finish() erases the line; later updates do nothing. Also called by `local bar <close>`.
function Progress:finish()
  self:clear()
  self._active = false
end

Progress.__close = Progress.finish

--- progress{total=, unit=, stream=io.stderr, terminal=, width=, clock=} -> bar
-- total: number of steps, for the time left. unit: what is counted, "epoch". The others replace
-- what is found out otherwise: whether to draw, a function for the terminal's width, a function
-- for the seconds passed.
local function new(options)
  options = options or {}
  local active = options.terminal
  if active == nil then
    active = core.isatty("stdout") and core.isatty("stderr")
  end
  local clock = options.clock or core.clock
  return setmetatable({
    _total = options.total,
    _unit = options.unit,
    _stream = options.stream or io.stderr,
    _width = options.width or core.terminal_width,
    _clock = clock,
    _start = clock(),
    _active = active,
    _visible = false,
  }, Progress)
end

return setmetatable({duration = duration}, {
  __call = function(_, options) return new(options) end,
})

-- progress.lua - one line on the terminal that says how far a long loop is, and curves above it
--
--   local bar <close> = progress {total = 5000, unit = "epoch", samples = 6000}
--   for epoch = 1, 5000 do
--     ...
--     bar:update(epoch, "cost 0.9")
--     if epoch % 500 == 0 then bar:print("Epoch 500, ...") end
--   end                --> epoch 1200/5000  21.3/s  128k samples/s  56s  2m 58s left  cost 0.9
--
-- All goes to standard error. If it and standard output are a terminal, the line is redrawn in
-- place at most ten times a second and is gone after finish(); curves are drawn above it and stay.
-- Otherwise plain lines are written: after 10 seconds, 30, a minute, then each minute, and at the
-- end if there was one before; the curves once, at the end.
--
-- Invariants: the block that is drawn never wraps. Between drawings the cursor stays at its upper
-- left corner, visible, so that "erase below" takes all of it away even after a terminal that
-- became narrower has wrapped it; what was interrupted leaves nothing to repair. A drawing is one
-- write that begins with "\r" and does not end in a newline: logs of the output can tell it.

local core = require "nnlua.core"
local display = require "nnlua.display"
local line = require "nnlua.progress.line"
local options = require "nnlua.options"
local Rate = require "nnlua.progress.rate"

local Progress = {}
Progress.__index = Progress

local INTERVAL = 0.1      -- seconds between two drawings
local PICTURE_INTERVAL = 0.25
local PICTURE_SHARE = 200 -- of the time, at most a 200th goes into drawing curves
local PLAIN = {10, 30, 60} -- seconds to the first plain lines; then one each minute
local EVERY = 60

-- A picture's size on a large terminal, and the rows below which there is none.
local WIDEST, HIGHEST, LOWEST = 120, 20, 6

-- This line from its beginning, then all below. (Erasing everything from the corner of the screen
-- would make tmux keep it in its history.)
local ERASE = "\r\27[K\0277\27[B\27[J\0278"

local NOTHING = {} -- the lines of no picture

local shown   -- the bar that is on the terminal now, or nil
local current -- the newest bar that is not finished, or nil

-- What a line is made of now.
local function parts_of(self)
  return line.parts {
    done = self._done, total = self._total, unit = self._unit, samples = self._samples,
    rate = self._done and self._rate:per_second(), text = self._text,
    elapsed = self._clock() - self._start,
  }
end

-- The picture's lines for a block of that size: the same table until it is time for a new one, or
-- the size is another.
local function picture(self, columns, rows)
  local width, height = math.min(columns - 1, WIDEST), math.min(rows - 2, HIGHEST)
  if not self._curves or height < LOWEST then return NOTHING end
  local now = self._clock()
  local old = self._picture
  if old and old.width == width and old.height == height and now < old.stale then
    return old.lines
  end
  local text = self._curves:text(width, height, self._colours, self._utf8) or ""
  local lines = {}
  for one in text:gmatch("([^\n]*)\n") do lines[#lines + 1] = one end
  self._picture = {width = width, height = height, lines = lines, stale = now + PICTURE_INTERVAL}
  return lines
end

local function draw(self)
  local columns, rows = self._size()
  columns, rows = columns or 80, rows or 24
  if shown ~= self then
    if shown then shown:clear() end
    shown = self
  end
  local began = core.clock()
  local lines = picture(self, columns, rows)
  -- The last column stays free: some terminals wrap as soon as it is written.
  local text = line.fit(parts_of(self), columns - 1, self._utf8)
  local up = #lines > 0 and ("\27[%dA"):format(#lines) or ""
  local resized = self._visible and self._columns ~= columns
  local is_new = not self._visible or resized or lines ~= self._shown_lines
  if is_new then
    local rest = #lines > 0 and "\27[K\r\n" or ""
    self._stream:write((resized and ERASE or "\r") .. table.concat(lines, "\27[K\r\n") .. rest
                       .. text .. "\27[J" .. up .. "\r")
  else -- the line alone
    local down = #lines > 0 and ("\27[%dB"):format(#lines) or ""
    self._stream:write("\r" .. down .. text .. "\27[K" .. up .. "\r")
  end
  self._stream:flush()
  self._visible, self._columns, self._shown_lines = true, columns, lines
  if is_new and self._picture then
    local cost = core.clock() - began
    self._picture.stale = math.max(self._picture.stale, self._clock() + PICTURE_SHARE * cost)
  end
end

local function write_plain(self, text)
  self._stream:write(text, "\n")
  self._stream:flush()
end

--- bar:update(done, text)
-- `done` counts finished steps (nil: no count, no rate); `text` is added behind, metrics with two
-- spaces between them. Cheap when it is not yet time to draw.
function Progress:update(done, text)
  self._done, self._text = done, text
  local now = self._clock()
  if now < self._next or self._finished then return end
  if done then self._rate:sample(done, now) end
  if self._terminal then
    self._next = now + INTERVAL
    draw(self)
  else
    write_plain(self, line.fit(parts_of(self), math.huge, self._utf8))
    self._written = self._written + 1
    local next = PLAIN[self._written + 1] or PLAIN[#PLAIN] + EVERY * (self._written + 1 - #PLAIN)
    self._next = math.max(self._start + next, now + INTERVAL)
    self._plain_done = done
  end
end

--- bar:clear() takes the block away until the next update.
function Progress:clear()
  if not self._visible then return end
  self._stream:write(ERASE)
  self._stream:flush()
  self._visible = false
  if shown == self then shown = nil end
  self._next = self._start
end

--- bar:print(...) is print(...), with the block out of its way.
function Progress:print(...)
  self:clear()
  print(...)
end

-- The last picture, which stays.
local function leave_picture(self)
  local columns, rows = self._size()
  self._picture = nil
  local lines = picture(self, columns or 80, rows or 24)
  if #lines == 0 then return end
  if self._terminal then
    self._stream:write("\r" .. table.concat(lines, "\27[K\r\n") .. "\27[J\r\n\r")
    self._stream:flush()
  else
    write_plain(self, table.concat(lines, "\n"))
  end
end

--- bar:finish() erases the line; the curves, if any, stay; later updates do nothing. Also called by
--- `local bar <close>`.
function Progress:finish()
  if self._finished then return end
  self._finished = true
  if current == self then current = nil end
  self:clear()
  if self._written > 0 and self._done ~= self._plain_done then
    if self._done then self._rate:sample(self._done, self._clock()) end
    write_plain(self, line.fit(parts_of(self), math.huge, self._utf8))
  end
  if self._curves then leave_picture(self) end
end

Progress.__close = Progress.finish

--- progress{total=, unit=, samples=, start=0, curves=, stream=io.stderr, terminal=, size=, clock=}
--- -> bar
-- total: number of steps, for the time left. unit: what is counted, "epoch". samples: how many a
-- step has, for a rate in samples. start: steps done before, by a run that goes on. curves: false,
-- or {history = lists by name, which grow (run.history), x = name, y = {name, ...}, title =,
-- log_y = false}: drawn above the line. The others replace what is found out otherwise: whether to
-- draw in place, a function for the terminal's columns and rows, a function for the seconds passed.
local function new(given)
  local o = options.check("progress", given, {
    total = options.optional, unit = options.optional, samples = options.optional, start = 0,
    curves = options.optional, stream = options.optional, terminal = options.optional,
    size = options.optional, clock = options.optional,
  })
  local terminal = o.terminal
  if terminal == nil then terminal = core.isatty("stdout") and core.isatty("stderr") end
  local clock = o.clock or core.clock
  local now = clock()
  current = setmetatable({
    _total = o.total, _unit = o.unit, _samples = o.samples,
    -- its files are loaded when they are needed
    _curves = o.curves and require "nnlua.progress.curves"("progress: curves", o.curves) or nil,
    _stream = o.stream or io.stderr,
    _size = o.size or core.terminal_size,
    _clock = clock, _start = now,
    _rate = Rate(o.start, now),
    _terminal = terminal,
    _utf8 = display.utf8(), _colours = display.colours("stderr"),
    _next = terminal and now or now + PLAIN[1],
    _written = 0,      -- plain lines
    _visible = false,  -- the block is on the terminal
    _finished = false,
  }, Progress)
  return current
end

local progress = {duration = line.duration}

--- progress.hide() takes away what is on the terminal, whoever drew it, until its next update.
function progress.hide()
  if shown then shown:clear() end
end

--- progress.finish() is finish() of the newest bar that is not finished, if there is one.
function progress.finish()
  if current then current:finish() end
end

return setmetatable(progress, {__call = function(_, given) return new(given) end})

-- What is seen of a sweep while it runs: a table that is redrawn in place on a terminal, else a
-- line for each trial that ends.
--
-- Invariant: on a terminal no line is longer than it is wide, so that what was drawn can be found
-- again; what fails stays on the screen.

local class = require "nnlua.class"
local core = require "nnlua.core"
local progress = require "nnlua.progress"
local settings = require "nnlua.sweep.settings"
local Tally = require "nnlua.sweep.tally"

local Monitor = class("Monitor")

local INTERVAL = 0.2 -- seconds between two drawings
local STATES = {"complete", "pruned", "failed", "running"}
local TITLES = {complete = "done"}

--- Monitor(store, study, {total, terminal, dir}): total: how many trials there will be; terminal:
--- whether to draw. What is written goes to standard output.
function Monitor:init(store, study, given)
  self.store, self.study, self.total, self.terminal = store, study, given.total, given.terminal
  self.metric = study.definition.metric
  self.tally = Tally(study.definition)
  self.counts = {complete = 0, pruned = 0, failed = 0, running = 0}
  self.start, self.drawn_lines, self.failures = core.clock(), 0, {}
  self.seen = 0
  self:read(function() end) -- those of earlier
  self.before = self.seen
end

-- The parameters that vary, in a line.
local function params_text(self, params)
  return settings.line(settings.varying(params, self.study.definition))
end

local function number(value)
  return value and settings.short(value) or "nan"
end

-- "0.9312", or "0.9312 ± 0.0021" of several seeds.
local function mean_text(one)
  return number(one.mean) .. (one.half and " ± " .. number(one.half) or "")
end

-- "best test_accuracy 0.9312 (trial 7): lambda=3.2 lr=0.1"
local function best_text(self, best)
  local what = self.tally.seeds > 1 and "configuration" or "trial"
  return ("best %s %s (%s %d): %s"):format(self.metric, mean_text(best), what, best.number,
                                           params_text(self, best.params))
end

-- "trial 7 done, test_accuracy 0.9312: lambda=3.2 lr=0.1"
local function trial_line(self, trial)
  local what = ("trial %d %s"):format(trial.number, TITLES[trial.state] or trial.state)
  if trial.state == "failed" then
    what = what .. " (" .. (trial.message or "?"):match("^[^\n]*") .. ")"
  elseif trial.state == "pruned" then
    what = ("%s after %d, %s %s"):format(what, trial.step or 0, self.metric, number(trial.value))
  else
    what = ("%s, %s %s"):format(what, self.metric, number(trial.value))
  end
  local seed = self.tally.seeds > 1 and (" seed %d"):format(trial.repetition) or ""
  local seconds = trial.ended and trial.started and
    "  (" .. progress.duration(trial.ended - trial.started) .. ")" or ""
  return what .. ": " .. params_text(self, trial.params) .. seed .. seconds
end

--- monitor:read(each) calls each(trial) for the trials that ended since the last time.
function Monitor:read(each)
  for _, trial in ipairs(self.store:finished(self.study.id, self.seen)) do
    self.seen = trial.finished
    self.counts[trial.state] = self.counts[trial.state] + 1
    self.tally:add(trial)
    each(trial)
  end
end

-- "1m 40s, 2m 10s left"
local function times(self, now)
  local elapsed, done = now - self.start, self.seen - self.before
  local text = progress.duration(elapsed)
  if self.total and done > 0 and self.total > self.seen then
    text = text .. ", " .. progress.duration(elapsed / done * (self.total - self.seen)) .. " left"
  end
  return text
end

local function head(self, now)
  local parts = {}
  for _, state in ipairs(STATES) do
    parts[#parts + 1] = ("%d %s"):format(self.counts[state], TITLES[state] or state)
  end
  local of = self.total and ("%d of %d trials"):format(self.seen, self.total)
             or ("%d trials"):format(self.seen)
  return ("%s: %s, %s  %s"):format(self.study.name, of, table.concat(parts, ", "), times(self, now))
end

-- A line for each running trial: its last report, its parameters.
local function running_lines(self, lines)
  local running = self.store:trials(self.study.id, "running")
  self.counts.running = #running
  for _, trial in ipairs(running) do
    local report = self.store:last_report(trial.id)
    lines[#lines + 1] = ("  trial %d  %s  %s"):format(trial.number, report and
      ("%d: %s %s"):format(report.step, self.metric, number(report.value)) or "...",
      params_text(self, trial.params))
  end
end

local function clip(text, width)
  text = text:gsub("%c", " ")
  local length = utf8.len(text)
  if (length or #text) <= width then return text end
  return length and text:sub(1, utf8.offset(text, width + 1) - 1) or text:sub(1, width)
end

-- Takes the table away: the cursor stands where it began.
local function erase(self)
  if self.drawn_lines > 0 then io.write(("\27[%dA\r\27[J"):format(self.drawn_lines)) end
  self.drawn_lines = 0
end

local function draw(self, now)
  local lines = {}
  running_lines(self, lines)
  local best = self.tally:best()
  if best then table.insert(lines, 1, best_text(self, best)) end
  table.insert(lines, 1, head(self, now))
  local width = (core.terminal_width() or 80) - 1
  erase(self)
  for _, line in ipairs(lines) do io.write(clip(line, width), "\n") end
  io.flush()
  self.drawn_lines = #lines
end

--- monitor:print(line) writes a line that stays.
function Monitor:print(line)
  erase(self)
  io.write(line, "\n")
  io.flush()
end

--- monitor:update() -> the trials that failed since the last time. Draws, or writes lines.
function Monitor:update()
  local failed, now = {}, core.clock()
  self:read(function(trial)
    if trial.state == "failed" then failed[#failed + 1] = trial end
    if not self.terminal or trial.state == "failed" then self:print(trial_line(self, trial)) end
  end)
  if self.terminal and (not self.drawn or now - self.drawn >= INTERVAL or #failed > 0) then
    self.drawn = now
    draw(self, now)
  end
  return failed
end

--- monitor:close() takes the table away.
function Monitor:close()
  erase(self)
  io.flush()
end

Monitor.__close = Monitor.close

--- monitor:summary() -> lines: how many trials came to what, the best.
function Monitor:summary()
  local parts = {}
  for _, state in ipairs {"complete", "pruned", "failed"} do
    if self.counts[state] > 0 or state == "complete" then
      parts[#parts + 1] = ("%d %s"):format(self.counts[state], TITLES[state] or state)
    end
  end
  local of = self.total and self.total > self.seen and (" of %d"):format(self.total) or ""
  local lines = {("%s: %d%s trials, %s, in %s"):format(self.study.name, self.seen, of,
    table.concat(parts, ", "), progress.duration(core.clock() - self.start))}
  local best = self.tally:best()
  if best then lines[2] = best_text(self, best) end
  return lines
end

return Monitor

-- A trial, as the function `run` of a sweep sees it.
--
--   run = function(trial, p)
--     local net, optimizer = build(p)
--     for epoch = 1, p.epochs do
--       ...
--       trial:report(epoch, {test_accuracy = accuracy})
--     end
--   end

local class = require "nnlua.class"
local Distribution = require "nnlua.sweep.distribution"
local options = require "nnlua.options"
local proposal = require "nnlua.sweep.proposal"
local streams = require "nnlua.sweep.streams"

local Trial = class("Trial")

-- Raised by report to end a trial: not errors, though they travel as such.
local function signal(name)
  return setmetatable({}, {__name = name, __tostring = function() return name end})
end

--- Trial.PRUNED, .LOST, .STOPPED: what report raises when the pruner stops the trial, when another
--- worker owns it by now, and when the sweep is to end.
Trial.PRUNED = signal("this trial was stopped early")
Trial.LOST = signal("this trial belongs to another worker by now")
Trial.STOPPED = signal("the sweep is being stopped")

--- Trial(sweep, store, row, {lease, stop, tpe}): row: of store:claim; lease: seconds; stop() ->
--- whether the trial is to be put back; tpe() -> a Tpe that knows the trials so far.
--- Fields: number; configuration; repetition; attempt, from 1; seed, the same for all attempts and
--- different for each repetition; params.
function Trial:init(sweep, store, row, given)
  self.sweep, self.store, self.row, self.given = sweep, store, row, given
  self.number, self.attempt, self.params = row.number, row.attempt, row.params
  self.configuration, self.repetition = row.configuration, row.repetition
  self.seed = streams.seed(sweep.seed, "trial", row.repetition)
  self.reports = store:reports(row.id)
  self.raised = nil -- a signal that a pcall of the script may have swallowed
end

local function raise(self, what)
  self.raised = what
  error(what, 0)
end

-- Checks what is reported. -> the metric's value.
local function check_report(self, step, metrics)
  if math.type(step) ~= "integer" or step < 0 then
    options.raise("bad argument #1 to 'report' (step, an integer of at least 0, expected, got %s)",
                  tostring(step))
  elseif self.reported and step <= self.reported then
    options.raise("bad argument #1 to 'report' (step %d comes after step %d)", step, self.reported)
  elseif type(metrics) ~= "table" then
    options.raise("bad argument #2 to 'report' (table of metrics expected, got %s)",
                  options.type_name(metrics))
  end
  for _, name in ipairs(options.sorted_keys(metrics)) do
    if math.type(metrics[name]) == nil then
      options.raise("bad argument #2 to 'report' (metric '%s' is a %s, expected a number)", name,
                    options.type_name(metrics[name]))
    end
  end
  local metric = self.sweep.metric
  if metrics[metric] == nil then
    options.raise("bad argument #2 to 'report' (the sweep's metric '%s' is missing%s)", metric,
                  options.suggest(metric, options.sorted_keys(metrics)))
  end
  return metrics[metric] + 0.0
end

-- JSON has no infinities and no NaN.
local function recordable(metrics)
  local copy = {}
  for _, name in ipairs(options.sorted_keys(metrics)) do
    local value = metrics[name]
    copy[name] = (value ~= value or math.abs(value) == math.huge) and tostring(value) or value
  end
  return copy
end

--- trial:report(step, {metric = number, ...}) records what the trial has come to; steps are
--- integers that grow. Does not return when the trial ends here: the pruner stops it, another
--- worker owns it, or the sweep is stopped.
function Trial:report(step, metrics)
  if self.raised then error(self.raised, 0) end
  local value = check_report(self, step, metrics)
  if not self.store:report(self.row, step, value, recordable(metrics), self.given.lease) then
    raise(self, Trial.LOST)
  end
  self.reported = step
  while #self.reports > 0 and self.reports[#self.reports].step >= step do
    table.remove(self.reports) -- of an earlier attempt
  end
  self.reports[#self.reports + 1] = {step = step, value = value}
  local pruner = self.sweep.pruner
  if pruner and pruner:stops(self.reports, self.store:history(self.row), self.sweep.sign) then
    raise(self, Trial.PRUNED)
  end
  if self.given.stop and self.given.stop() then raise(self, Trial.STOPPED) end
end

--- trial:last_step() -> the last step that was reported, by this or an earlier attempt; 0: none.
function Trial:last_step()
  local last = self.reports[#self.reports]
  return last and last.step or 0
end

--- trial:value() -> the metric's last report, or nil.
function Trial:value()
  local last = self.reports[#self.reports]
  return last and last.value
end

local function suggest(self, fname, name, spec)
  if type(name) ~= "string" then
    options.raise("bad argument #1 to '%s' (name expected, got %s)", fname,
                  options.type_name(name))
  elseif self.sweep.by_name[name] or self.sweep.constants[name] ~= nil then
    options.raise("parameter '%s' stands in the sweep's 'parameters': it is p.%s", name, name)
  end
  local distribution = Distribution(name, spec)
  local row = self.row
  if row.internal[name] == nil then
    row.internal[name] = proposal.suggest(self.sweep, self.configuration, distribution,
                                          self.given.tpe())
    row.params[name] = distribution:external(row.internal[name])
    if not self.store:suggested(row) then raise(self, Trial.LOST) end
  end
  return distribution:external(row.internal[name])
end

--- trial:suggest_float(name, low, high [, {log = false, step}]) -> a number; suggest_int(name, low,
--- high [, {log = false, step}]) -> an integer; suggest_categorical(name, values) -> one of a list:
--- a parameter that only some trials have, whose range may depend on others. The same for all
--- attempts of a trial. TPE proposes each by itself: what all trials have belongs into the sweep's
--- `parameters`, which it proposes together.
function Trial:suggest_float(name, low, high, given)
  local o = options.check("suggest_float", given, {log = false, step = options.optional})
  return suggest(self, "suggest_float", name, {min = low, max = high, integer = false, log = o.log,
                                               step = o.step})
end

function Trial:suggest_int(name, low, high, given)
  local o = options.check("suggest_int", given, {log = false, step = options.optional})
  return suggest(self, "suggest_int", name, {min = low, max = high, integer = true, log = o.log,
                                             step = o.step})
end

function Trial:suggest_categorical(name, values)
  return suggest(self, "suggest_categorical", name, {values = values})
end

return Trial

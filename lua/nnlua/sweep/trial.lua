-- A trial, as the function `run` of a sweep sees it.
--
--   run = function(trial, p)
--     local net, optimizer = build(p)
--     for epoch = 1, p.epochs do
--       ...
--       trial:report(epoch, {test_accuracy = accuracy})
--     end
--   end

local checkpoint = require "nnlua.checkpoint"
local class = require "nnlua.class"
local core = require "nnlua.core"
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

--- Trial.BROKEN: a call of the trial's failed for reasons that are not the trial's: the database or
--- the disk. What it was stands in trial.problem.
Trial.BROKEN = signal("what this trial comes to cannot be recorded")

--- Trial(sweep, store, row, {lease, stop, tpe, dir, fixed, reported}): row: of store:claim; lease:
--- seconds; stop() -> whether the trial is to be put back; tpe() -> a Tpe that knows the trials so
--- far; dir: the path of its folder; fixed: values of parameters that it may ask for;
--- reported(step, metrics) is called for each report.
--- Fields: number; configuration; repetition; attempt, from 1; seed, the same for all attempts and
--- different for each repetition; params; dir, a folder of the trial's own that its attempts share,
--- made when it is asked for.
function Trial:init(sweep, store, row, given)
  self.sweep, self.store, self.row, self.given = sweep, store, row, given
  self.number, self.attempt, self.params = row.number, row.attempt, sweep:strict(row.params)
  self.configuration, self.repetition = row.configuration, row.repetition
  self.seed = streams.seed(sweep.seed, "trial", row.repetition)
  self.reports = store:reports(row.id)
  self.raised = nil -- a signal that a pcall of the script may have swallowed
end

function Trial:__index(name)
  if name ~= "dir" then return Trial[name] end
  local made, message = core.io.mkdir_p(self.given.dir)
  if not made then options.raise("trial.dir: %s", message) end
  self.dir = self.given.dir
  return self.dir
end

local function raise(self, what)
  self.raised = what
  error(what, 0)
end

-- What f(...) returns; where it raises the trial is not to blame.
local function beyond_trial(self, f, ...)
  local ok, result = pcall(f, ...)
  if ok then return result end
  self.problem = result
  raise(self, Trial.BROKEN)
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
  local kept = beyond_trial(self, self.store.report, self.store, self.row, step, value,
                            recordable(metrics), self.given.lease)
  if not kept then raise(self, Trial.LOST) end
  if self.given.reported then self.given.reported(step, metrics) end
  self.reported = step
  while #self.reports > 0 and self.reports[#self.reports].step >= step do
    table.remove(self.reports) -- of an earlier attempt
  end
  self.reports[#self.reports + 1] = {step = step, value = value}
  local pruner = self.sweep.pruner
  if pruner and beyond_trial(self, pruner.stops, pruner, self.reports,
                             self.store:history(self.row), self.sweep.sign) then
    raise(self, Trial.PRUNED)
  end
  -- After the report, so that an attempt that goes on from here has lost none.
  if self.saver then beyond_trial(self, self.saver.update, self.saver, step) end
  if self.given.stop and self.given.stop() then raise(self, Trial.STOPPED) end
end

--- trial:checkpoint(objects [, {every = 10, keep = 1}]) -> the step after which to go on; 0: at
--- the beginning. From here on trial:report saves the objects (nn.checkpoint.save) in the trial's
--- folder after each `every` steps, and when the sweep is stopped; a later attempt gets them back
--- here.
function Trial:checkpoint(objects, given)
  local o = options.check("checkpoint", given, {every = 10, keep = 1})
  if self.saver then options.raise("checkpoint: this trial has its objects already") end
  self.saver = checkpoint.saver(self.dir .. "/checkpoints", objects,
                                {every = o.every, keep = o.keep, resume = true})
  return self.saver.step
end

--- trial:close() ends what the trial has open.
function Trial:close()
  if self.saver then self.saver:close() end
end

Trial.__close = Trial.close

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
  local row, fixed = self.row, self.given.fixed and self.given.fixed[name]
  if row.internal[name] == nil then
    if fixed ~= nil then
      row.internal[name] = distribution:internal(fixed)
      if row.internal[name] == nil then
        options.raise("parameter '%s' cannot be %s", name, core.io.json_encode(fixed))
      end
    else
      row.internal[name] = proposal.suggest(self.sweep, self.configuration, distribution,
                                            beyond_trial(self, self.given.tpe))
    end
    row.params[name] = distribution:external(row.internal[name])
    rawset(self.params, name, row.params[name])
    local kept = beyond_trial(self, self.store.suggested, self.store, row)
    if not kept then raise(self, Trial.LOST) end
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

-- nn.fit: trains a model, in the loop that everyone writes.
--
--   local history = nn.fit {
--     model = model, criterion = nn.CrossEntropyLoss(), optimizer = optimizer,
--     train = {x, y}, validation = {test_x, test_y}, epochs = 10, batch_size = 64,
--     metrics = {accuracy = nn.metrics.accuracy},
--     callbacks = {nn.fit.early_stopping {patience = 3}},
--     checkpoint = {dir = "runs/one", resume = true},
--   }
--   print(history[#history].validation_accuracy)
--
-- The loop itself stands at the end of this file.
--
-- Invariant: what a checkpoint says is all that the rest of the training depends on, so that one
-- that goes on from there ends with the same bytes as one that was never interrupted.

local backprop = require "nnlua.backprop"
local callbacks = require "nnlua.fit.callbacks"
local checkpoint = require "nnlua.checkpoint"
local class = require "nnlua.class"
local core = require "nnlua.core"
local data = require "nnlua.data"
local metric = require "nnlua.fit.metric"
local Module = require "nnlua.module"
local options = require "nnlua.options"
local Totals = require "nnlua.fit.totals"

-- What callbacks see: the options that they may need, where the training is, and what came out.
local State = class("State")

-- Arguments ---------------------------------------------------------------------------------------

local function bad(option, format, ...)
  options.raise("bad option '%s' to 'fit' (%s)", option, format:format(...))
end

-- A function that gives an iterator over batches: a loader, or one of a data set or of {x, y}.
local function loader_of(option, given, settings)
  if options.is_callable(given) then return given end
  if type(given) == "table" and core.is_tensor(given[1]) then
    given = data.TensorDataset(table.unpack(given))
  end
  if type(given) ~= "table" or type(given.batch) ~= "function" then
    bad(option, "a loader, a data set or {x, y} expected, got %s", options.type_name(given))
  end
  return data.loader {dataset = given, batch_size = settings.batch_size,
                      shuffle = settings.shuffle, generator = settings.generator}
end

-- The iterator over the batches of one epoch, as `for` wants it.
local function batches(option, loader)
  local list = table.pack(loader())
  if not options.is_callable(list[1]) then
    bad(option, "the function gave a %s, expected an iterator over batches",
        options.type_name(list[1]))
  end
  return table.unpack(list, 1, list.n)
end

local function check_positive(option, value)
  if math.type(value) ~= "integer" or value < 1 then
    bad(option, "a positive integer expected, got %s", tostring(value))
  end
end

local function check_table(option, value)
  if type(value) ~= "table" then
    bad(option, "table expected, got %s", options.type_name(value))
  end
end

-- {schedule, per = "epoch", monitor = metric} of a schedule or of that.
local function schedule_of(given)
  if given == nil then return {} end
  local o = type(given) == "table" and type(given.step) ~= "function" and given or {given}
  if type(o[1]) ~= "table" or type(o[1].step) ~= "function" then
    bad("schedule", "a schedule or {schedule, per = \"epoch\", monitor = metric} expected")
  elseif o.per ~= nil and o.per ~= "epoch" and o.per ~= "step" then
    bad("schedule", "per: epoch|step expected, got %s", tostring(o.per))
  end
  return {schedule = o[1], per = o.per or "epoch", monitor = o.monitor}
end

local EVENTS = {
  "on_train_begin", "on_epoch_begin", "on_batch_begin", "on_gradients", "on_batch_end",
  "on_epoch_end", "on_train_end", "on_exit",
}
for _, name in ipairs(EVENTS) do EVENTS[name] = true end

-- A misspelt event would be heard by nobody.
local function check_events(i, callback)
  for _, name in ipairs(options.sorted_keys(callback)) do
    if name:find("^on_") and not EVENTS[name] then
      bad("callbacks", "entry %d has an unknown '%s'%s", i, name, options.suggest(name, EVENTS))
    end
  end
  for _, name in ipairs(EVENTS) do
    if callback[name] ~= nil and not options.is_callable(callback[name]) then
      bad("callbacks", "entry %d: %s is a %s, expected a function", i, name,
          options.type_name(callback[name]))
    end
  end
end

local function check_callbacks(list)
  check_table("callbacks", list)
  for i, callback in ipairs(list) do
    if type(callback) ~= "table" then
      bad("callbacks", "entry %d is a %s, expected a table of functions", i,
          options.type_name(callback))
    end
    check_events(i, callback)
  end
end

local function check_arguments(given)
  local o = options.check("fit", given, {
    model = options.required, criterion = options.required, optimizer = options.required,
    train = options.required, validation = options.optional, epochs = options.required,
    batch_size = 32, shuffle = true, generator = options.generator, metrics = {},
    schedule = options.optional, callbacks = {}, checkpoint = options.optional, progress = true,
    live = options.optional,
  })
  if not Module.is_module(o.model) then
    bad("model", "module expected, got %s", options.type_name(o.model))
  elseif not options.is_callable(o.criterion) then
    bad("criterion", "criterion expected, got %s", options.type_name(o.criterion))
  elseif type(o.optimizer) ~= "table" or type(o.optimizer.step) ~= "function" then
    bad("optimizer", "optimizer expected, got %s", options.type_name(o.optimizer))
  end
  check_positive("epochs", o.epochs)
  check_positive("batch_size", o.batch_size)
  check_callbacks(o.callbacks)
  check_table("metrics", o.metrics)
  if o.checkpoint ~= nil then check_table("checkpoint", o.checkpoint) end
  o.schedule = schedule_of(o.schedule)
  o.train = loader_of("train", o.train, o)
  o.validation = o.validation ~= nil
    and loader_of("validation", o.validation, {batch_size = o.batch_size, shuffle = false}) or nil
  return o
end

-- The state ---------------------------------------------------------------------------------------

function State:init(o)
  self.model, self.criterion, self.optimizer = o.model, o.criterion, o.optimizer
  self.epochs, self.batches = o.epochs, type(o.train) == "table" and #o.train or nil
  self.epoch, self.batch, self.step = 0, 0, 0
  self.in_epoch = false -- an epoch has begun and not ended
  self.seconds = 0.0    -- of the running epoch, before the last resumption
  self.history = {}
  local settings = type(o.criterion) == "table" and o.criterion.options
  self.totals = Totals(o.metrics, settings and settings.reduction == "sum")
  self.callbacks = table.move(o.callbacks, 1, #o.callbacks, 1, {})
  if o.progress or o.live then
    table.insert(self.callbacks, callbacks.progress {live = o.live})
  end
  self.columns = {"epoch", "loss", table.unpack(self.totals.names)}
  for i = 2, o.validation and #self.columns or 1 do
    self.columns[#self.columns + 1] = "validation_" .. self.columns[i]
  end
  self.columns[#self.columns + 1] = "lr"
end

--- state:print(...) is print(...), with the progress line out of its way.
function State:print(...)
  if self.bar then self.bar:clear() end
  print(...)
end

-- Calls that function of every callback that has it.
function State:event(name)
  for _, callback in ipairs(self.callbacks) do
    local f = callback[name]
    if f and f(self) == callbacks.STOP then self.stop = true end
  end
end

local SAVED = {"epoch", "batch", "step", "in_epoch", "seconds", "history", "stop", "reason"}

-- The callbacks that are in the checkpoints: others may come and go.
local function remembering(list)
  local result = {}
  for _, callback in ipairs(list) do
    if callback.state_dict then result[#result + 1] = callback end
  end
  return result
end

function State:state_dict()
  local dict = {totals = self.totals:state_dict(), callbacks = {}}
  for _, name in ipairs(SAVED) do dict[name] = self[name] end
  dict.seconds = self.in_epoch and self:elapsed() or 0.0
  for i, callback in ipairs(remembering(self.callbacks)) do
    dict.callbacks[i] = callback:state_dict()
  end
  return dict
end

function State:load_state_dict(dict)
  if type(dict) ~= "table" or type(dict.callbacks) ~= "table" or type(dict.totals) ~= "table" then
    options.raise("fit: not the state of a training")
  end
  local saved, callbacks_here = {}, remembering(self.callbacks)
  for _, state in ipairs(dict.callbacks) do
    if state then saved[#saved + 1] = state end -- false: one that remembered nothing
  end
  if #saved ~= #callbacks_here then
    options.raise("fit: the checkpoint has the state of %d callbacks, this training %d such ones",
                  #saved, #callbacks_here)
  end
  self.totals:load_state_dict(dict.totals)
  for i, callback in ipairs(callbacks_here) do callback:load_state_dict(saved[i]) end
  for _, name in ipairs(SAVED) do self[name] = dict[name] end
  self.clock = core.clock()
end

function State:elapsed()
  return self.seconds + core.clock() - self.clock
end

-- Checkpoints -------------------------------------------------------------------------------------

-- The saver of a training without checkpoints.
local NO_SAVER = setmetatable({update = function() end, save = function() end},
                              {__close = function() end})

-- The saver, which has restored what there is, and when it is to be called.
local function saver_of(o, state)
  if o.checkpoint == nil then return NO_SAVER, {} end
  local c = options.check("fit: checkpoint", o.checkpoint, {
    dir = options.required, every = options.optional, keep = 3, best = options.optional,
    mode = options.optional, resume = false,
  })
  local per_epoch = c.every == nil or c.every == "epoch"
  if not per_epoch then check_positive("checkpoint.every", c.every) end
  local objects = {model = o.model, optimizer = o.optimizer, schedule = o.schedule.schedule,
                   fit = state, generator = o.generator}
  for _, name in ipairs {"train", "validation"} do
    objects[name] = type(o[name]) == "table" and o[name].state_dict and o[name] or nil
  end
  local saver = checkpoint.saver(c.dir, objects, {
    every = per_epoch and math.maxinteger or c.every, keep = c.keep, resume = c.resume,
    mode = c.best and metric.mode_of("checkpoint", c.best, c.mode) or "min",
  })
  return saver, {epoch = per_epoch or c.best ~= nil, finish = not per_epoch, best = c.best}
end

-- The loop ----------------------------------------------------------------------------------------

local function train_epoch(o, state, saver)
  for x, y in batches("train", o.train) do
    state.x, state.y, state.scores = x, y, nil
    state:event("on_batch_begin")
    state.loss = o.optimizer:step(function()
      o.optimizer:zero_grad()
      local loss, _, scores = backprop.backprop(o.model, o.criterion, x, y)
      state.loss, state.scores = loss:item(), state.scores or scores
      state:event("on_gradients")
      return state.loss
    end)
    if o.schedule.per == "step" then o.schedule.schedule:step() end
    state.step, state.batch = state.step + 1, state.batch + 1
    state.totals:add(state.loss, state.scores, y)
    state:event("on_batch_end")
    saver:update(state.step, {epoch = state.epoch})
    if state.stop then break end
  end
end

local function validate(o, totals)
  totals:reset()
  o.model:eval()
  for x, y in batches("validation", o.validation) do
    local loss, _, scores = backprop.evaluate(o.model, o.criterion, x, y)
    totals:add(loss:item(), scores, y)
  end
  o.model:train()
end

local function finish_epoch(o, state)
  local row = {epoch = state.epoch, lr = o.optimizer.groups[1].lr}
  state.totals:write(row, "")
  if o.validation then
    validate(o, state.totals)
    state.totals:write(row, "validation_")
  end
  row.time = state:elapsed()
  state.row, state.in_epoch = row, false
  state.history[state.epoch] = row
  state:event("on_epoch_end")
  if o.schedule.per == "epoch" then
    local monitor = o.schedule.monitor
    o.schedule.schedule:step(monitor and metric.read("fit: schedule", monitor, row))
  end
end

local function begin_epoch(state)
  state.epoch, state.batch, state.in_epoch = state.epoch + 1, 0, true
  state.seconds, state.clock = 0.0, core.clock()
  state.totals:reset()
  state:event("on_epoch_begin")
end

local function train(o, state, saver, save_at)
  local function save()
    local best = save_at.best and metric.read("checkpoint", save_at.best, state.row)
    saver:save(state.step, {epoch = state.epoch, best = best})
  end
  local trained = false
  o.model:train()
  while state.in_epoch or state.epoch < o.epochs and not state.stop do
    if not state.in_epoch then begin_epoch(state) end
    train_epoch(o, state, saver)
    finish_epoch(o, state)
    if save_at.epoch then save() end
    trained = true
  end
  if save_at.finish and trained then save() end
  state:event("on_train_end")
end

--- nn.fit{model, criterion, optimizer, train, epochs [, validation, batch_size = 32, shuffle =
--- true, generator, metrics = {}, schedule, callbacks = {}, checkpoint, progress = true,
--- live = false]} -> history.
---
--- train, validation: a loader, a data set or {x, y}; of the latter two fit makes batches of
--- batch_size, those of train shuffled with the generator. metrics: by name, functions (scores, y)
--- -> number or objects of nn.metrics. schedule: one of nn.optim.lr_scheduler, stepped per epoch,
--- or {schedule, per = "epoch" | "step", monitor = metric for its step}. callbacks: see
--- fit/callbacks.lua; they may set state.stop, or return nn.fit.STOP. checkpoint: {dir, every =
--- "epoch" | number of steps, keep = 3, best = metric, mode, resume = false}, see nn.checkpoint;
--- resume goes on from the newest one, if there is one. progress: a line on the terminal;
--- live: the losses of the epochs drawn above it, or those of the row's numbers that a list names.
---
--- history: a list with a row per epoch: epoch, loss, the metrics, validation_loss, ..., lr, time
--- in seconds; history.stopped: why it ended early. Ctrl-C with checkpoints: the step is finished
--- and a checkpoint saved first. The model is left in the mode, training or not, in which it was.
local function fit(given)
  local o = check_arguments(given)
  local state, was_training = State(o), o.model.training
  local mode <close> = setmetatable({}, {__close = function() -- luacheck: ignore mode
    o.model:train(was_training)
  end})
  local exit <close> = setmetatable({}, {__close = function() -- luacheck: ignore exit
    state:event("on_exit")
  end})
  state.resume = o.checkpoint ~= nil and o.checkpoint.resume == true
  state:event("on_train_begin")
  local saver <close>, save_at = saver_of(o, state)
  train(o, state, saver, save_at)
  state.history.stopped = state.stop and (state.reason or "a callback stopped it") or nil
  return state.history
end

return setmetatable(callbacks, {__call = function(_, given) return fit(given) end})

-- The callbacks of nn.fit: tables of functions that it calls with its state.
--
--   on_train_begin, on_epoch_begin, on_batch_begin, on_gradients (computed, not yet used),
--   on_batch_end, on_epoch_end (state.row is the epoch's), on_train_end,
--   on_exit (always the last one, after an error, too)
--
-- One that remembers something has state_dict() and load_state_dict(state), which put it into the
-- checkpoints. Each function here returns such a table.

local core = require "nnlua.core"
local diagnosis = require "nnlua.fit.diagnosis"
local metric = require "nnlua.fit.metric"
local options = require "nnlua.options"
local progress_bar = require "nnlua.progress"
local regularization = require "nnlua.regularization"
local Run = require "nnlua.run"

local callbacks = {}

--- callbacks.STOP: a callback that returns it ends the training after this step or epoch.
callbacks.STOP = setmetatable({}, {__name = "nn.fit.STOP", __tostring = function()
  return "nn.fit.STOP"
end})

local function check_number(name, option, value, least)
  if type(value) ~= "number" or value ~= value or value < least then
    options.raise("bad option '%s' to '%s' (a number of at least %s expected, got %s)", option,
                  name, tostring(least), tostring(value))
  end
end

-- Writes the rows into self.run, which may be set later.
local function logger(run, line)
  local self = {run = run}

  function self.on_epoch_end(state)
    local row = {}
    for _, column in ipairs(self.run.declares_columns and self.run.columns or state.columns) do
      row[column] = metric.read("log", column, state.row)
    end
    self.run:log(row)
    local text = line and line(state.row)
    if text then state:print(text) end
  end

  function self.state_dict() return self.run:state_dict() end
  function self.load_state_dict(_, saved) self.run:load_state_dict(saved) end
  return self
end

--- fit.early_stopping{monitor = "validation_loss", patience = 5, min_delta = 0, mode,
--- restore_best = true}: stops after `patience` epochs in a row that are not better than the best
--- by more than min_delta. restore_best: in the end the model gets the weights of the best epoch.
function callbacks.early_stopping(given)
  local o = options.check("early_stopping", given, {
    monitor = "validation_loss", patience = 5, min_delta = 0, mode = options.optional,
    restore_best = true,
  })
  check_number("early_stopping", "patience", o.patience, 1)
  check_number("early_stopping", "min_delta", o.min_delta, 0)
  local sign = metric.mode_of("early_stopping", o.monitor, o.mode) == "min" and 1 or -1
  local s = {}
  local self = {}

  function self.on_train_begin()
    s = {bad = 0}
  end

  function self.on_epoch_end(state)
    local value = sign * metric.read("early_stopping", o.monitor, state.row)
    if s.best == nil or value < s.best - o.min_delta then
      s = {best = value, bad = 0, epoch = state.epoch,
           weights = o.restore_best and state.model:state_dict({clone = true}) or nil}
      return nil
    end
    s.bad = s.bad + 1
    if s.bad < o.patience then return nil end
    state.reason = ("no better %s for %d epochs"):format(o.monitor, s.bad)
    return callbacks.STOP
  end

  function self.on_train_end(state)
    if s.weights then
      state.model:load_state_dict(s.weights)
      state.history.best_epoch = s.epoch
    end
  end

  function self.state_dict() return s end
  function self.load_state_dict(_, saved) s = saved end
  return self
end

--- fit.log(run [, line]): logs every epoch's row into an nn.run, and prints line(row) if that is a
--- text. The numbers are those that the run's columns name, or, if it declares none, all but the
--- time. A run made with resume = true gets the rows of the checkpoint back.
function callbacks.log(run, line)
  if type(run) ~= "table" or type(run.columns) ~= "table" or type(run.log) ~= "function" then
    core.arg_error(1, "log", "run expected, got " .. options.type_name(run))
  elseif line ~= nil and type(line) ~= "function" then
    core.arg_error(2, "log", "function expected, got " .. options.type_name(line))
  end
  return logger(run, line)
end

--- fit.csv(dir): fit.log with a run of its own in that folder: metrics.csv with every number of the
--- rows but for the time.
function callbacks.csv(dir)
  if type(dir) ~= "string" then
    core.arg_error(1, "csv", "name of a folder expected, got " .. options.type_name(dir))
  end
  local self = logger()

  function self.on_train_begin(state)
    self.run = Run {name = "fit", dir = dir, columns = state.columns, resume = state.resume}
  end

  function self.on_exit()
    if self.run then self.run:close() end
  end

  return self
end

--- fit.clip_gradients{norm, value}: before every step, nn.clip_grad_norm (norm) or
--- nn.clip_grad_value (value) of the model's parameters; one of the two must be given.
function callbacks.clip_gradients(given)
  local o = options.check("clip_gradients", given, {norm = options.optional,
                                                    value = options.optional})
  if (o.norm == nil) == (o.value == nil) then
    options.raise("'clip_gradients' needs the option 'norm' or 'value'")
  end
  check_number("clip_gradients", o.norm and "norm" or "value", o.norm or o.value, 0)
  local self = {}

  function self.on_gradients(state)
    local parameters = state.model:parameters()
    if o.norm then
      regularization.clip_grad_norm(parameters, o.norm)
    else
      regularization.clip_grad_value(parameters, o.value)
    end
  end

  return self
end

--- fit.stop_on_nan(): raises as soon as the loss or a gradient is NaN or infinite, before the
--- parameters are changed, and names the layer and the operation where that first came up.
function callbacks.stop_on_nan()
  local restore
  local self = {}

  function self.on_batch_begin(state)
    restore = diagnosis.streams(state.model)
  end

  local function check(state, what)
    local place = diagnosis.first_flaw(state.model, state.criterion, state.x, state.y, restore)
    options.raise("fit: %s in step %d (epoch %d, batch %d): %s", what, state.step + 1, state.epoch,
                  state.batch + 1, place or "it does not come up when the step is done once more")
  end

  function self.on_gradients(state)
    local loss = state.loss
    if loss - loss ~= 0 then
      check(state, "the loss is " .. (loss ~= loss and "nan" or "inf"))
    end
    for name, parameter in state.model:named_parameters() do
      if parameter.grad and not diagnosis.is_finite(parameter.grad) then
        check(state, ("the gradient of '%s' is not finite"):format(name))
      end
    end
  end

  return self
end

-- What the progress line draws above it: live = false for nothing, true for the losses, or a list
-- of names of numbers in the rows.
local function curves_of(live, names)
  if not live then return false end
  local curves = {history = {epoch = {}}, x = "epoch", y = {}}
  for _, name in ipairs(type(live) == "table" and live or {"loss", "validation_loss"}) do
    if names[name] or type(live) == "table" then curves.y[#curves.y + 1] = name end
  end
  return curves
end

-- Appends the rows that the curves do not have yet.
local function extend(curves, rows)
  local columns = curves.history
  for i = #columns.epoch + 1, #rows do
    columns.epoch[i] = rows[i].epoch
    for _, name in ipairs(curves.y) do
      columns[name] = columns[name] or {}
      columns[name][i] = metric.read("progress", name, rows[i])
    end
  end
end

--- fit.progress{live = false}: one line on the terminal (nn.progress) that says how far the
--- training is. live: true draws the losses of the epochs above it; a list of names, those numbers.
function callbacks.progress(given)
  local o = options.check("progress", given, {live = options.optional})
  if o.live ~= nil and type(o.live) ~= "boolean" and type(o.live) ~= "table" then
    options.raise("bad option 'live' to 'progress' (true or a list of names expected, got %s)",
                  options.type_name(o.live))
  end
  local bar, curves
  local self = {}

  function self.on_batch_begin(state)
    if bar then return end
    local names = {}
    for _, name in ipairs(state.columns) do names[name] = true end
    curves = curves_of(o.live, names)
    if curves then extend(curves, state.history) end
    bar = progress_bar {
      total = state.batches and state.epochs * state.batches, unit = "step", start = state.step,
      samples = core.is_tensor(state.x) and core.shape(state.x)[1] or nil, curves = curves,
    }
    state.bar = bar
  end

  function self.on_batch_end(state)
    local row = state.history[#state.history]
    bar:update(state.step, ("epoch %d/%d  loss %.4f%s"):format(state.epoch, state.epochs,
      state.loss, row and row.validation_loss
      and ("  validation loss %.4f"):format(row.validation_loss) or ""))
  end

  function self.on_epoch_end(state)
    if curves then extend(curves, state.history) end
  end

  function self.on_exit()
    if bar then bar:finish() end
  end

  return self
end

return callbacks

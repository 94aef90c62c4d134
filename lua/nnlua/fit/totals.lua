-- The loss and the metrics of an epoch, from its batches.
--
-- A metric is a function (scores, y) -> number, whose values are averaged over the rows, or an
-- object with the methods update(scores, y), value() and reset(), such as those of nn.metrics.
--
-- Invariant: state_dict() in the middle of an epoch and load_state_dict() lose nothing.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"

local Totals = class("Totals")

-- are_sums: whether the losses are sums over the rows, not means.
function Totals:init(metrics, are_sums)
  self.metrics, self.names, self.are_sums = metrics, options.sorted_keys(metrics), are_sums
  for _, name in ipairs(self.names) do
    local metric = metrics[name]
    if type(metric) ~= "function" and not (type(metric) == "table" and metric.update
                                           and metric.value and metric.reset) then
      options.raise("bad option 'metrics' to 'fit' ('%s' is a %s, expected a function or an object "
                    .. "with update, value and reset)", name, options.type_name(metric))
    end
  end
  self:reset()
end

function Totals:reset()
  self.rows, self.loss, self.sums = 0, 0.0, {}
  for _, name in ipairs(self.names) do
    self.sums[name] = 0.0
    if type(self.metrics[name]) == "table" then self.metrics[name]:reset() end
  end
end

--- totals:add(loss, scores, y): a batch. loss: a number.
function Totals:add(loss, scores, y)
  local rows = core.size(scores, 1)
  self.rows = self.rows + rows
  self.loss = self.loss + (self.are_sums and loss or loss * rows)
  for _, name in ipairs(self.names) do
    local metric = self.metrics[name]
    if type(metric) == "function" then
      local value = metric(scores, y)
      if core.is_tensor(value) then value = core.item(value) end
      self.sums[name] = self.sums[name] + value * rows
    else
      metric:update(scores, y)
    end
  end
end

--- totals:write(row, prefix) sets row[prefix .. "loss"] and the metrics.
function Totals:write(row, prefix)
  row[prefix .. "loss"] = self.loss / self.rows
  for _, name in ipairs(self.names) do
    local metric = self.metrics[name]
    row[prefix .. name] = type(metric) == "function" and self.sums[name] / self.rows
      or type(metric) == "table" and metric:value() or nil
  end
end

-- A metric's state: what it says, or else its fields.
local function state_of(metric)
  if type(metric) == "function" then return nil end
  if metric.state_dict then return metric:state_dict() end
  local fields = {}
  for name, value in next, metric do fields[name] = value end
  return fields
end

function Totals:state_dict()
  local state = {rows = self.rows, loss = self.loss, sums = {}, metrics = {}}
  for _, name in ipairs(self.names) do
    state.sums[name] = self.sums[name]
    state.metrics[name] = state_of(self.metrics[name])
  end
  return state
end

function Totals:load_state_dict(state)
  for _, name in ipairs(self.names) do
    if state.sums[name] == nil then
      options.raise("fit: the metric '%s' is not in the checkpoint", name)
    end
  end
  self.rows, self.loss = state.rows, state.loss
  for _, name in ipairs(self.names) do
    local metric, saved = self.metrics[name], state.metrics[name]
    self.sums[name] = state.sums[name]
    if saved and metric.load_state_dict then
      metric:load_state_dict(saved)
    elseif saved then
      for field, value in next, saved do metric[field] = value end
    end
  end
end

return Totals

-- What the columns of metrics.csv come to: last, least and largest value of each and their steps.
--
--   local totals = Totals(columns [, saved])
--   totals:add(cells)    -- for each row; a running run goes on where the last reading ended
--   totals.list[j]       -- {name=, count=, last=, last_step=, min=, min_step=, max=, max_step=}
--
-- Invariants: an empty cell is no value; NaN is a value that is neither least nor largest. A column
-- with texts has only count and last.

local class = require "nnlua.class"
local metrics_file = require "nnlua.runs.metrics_file"

local Totals = class("Totals")

local COUNTERS = {step = true, epoch = true, iteration = true}

local number = metrics_file.number

--- columns: the names; rows: how many there were before, list: their totals, for the same columns.
--- The step of a row is the value in its column step, epoch or iteration, the first of these that
--- there is; else the row's number.
function Totals:init(columns, rows, list)
  self.rows, self.list = rows or 0, list or {}
  for j, name in ipairs(columns) do
    self.list[j] = self.list[j] or {name = name, count = 0}
    if COUNTERS[name] and not self.counter then self.counter = j end
  end
end

--- Totals.is_counter(name): whether a column counts steps rather than measuring something.
function Totals.is_counter(name)
  return COUNTERS[name] == true
end

function Totals:add(cells)
  self.rows = self.rows + 1
  local step = self.counter and number(cells[self.counter]) or self.rows
  for j, total in ipairs(self.list) do
    local cell = cells[j]
    if cell ~= "" then
      local value = number(cell)
      total.count, total.last, total.last_step = total.count + 1, value or cell, step
      if value == value and value then
        if not total.min or value < total.min then total.min, total.min_step = value, step end
        if not total.max or value > total.max then total.max, total.max_step = value, step end
      end
    end
  end
end

return Totals

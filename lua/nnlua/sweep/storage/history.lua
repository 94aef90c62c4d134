-- What pruners ask about the other trials of a study.
--
-- Invariant: a trial that has ended never changes, so its values are read once, in the order of the
-- ends, into lists that stay sorted; those of trials that have not ended are read at each question.

local class = require "nnlua.class"

local History = class("History")

--- History(connection, study): study: its id. For all trials of one worker.
function History:init(connection, study)
  self.db, self.study = connection, study
  self.rungs, self.steps = {}, {} -- by epoch and group, by step: {seen, values}
  self.ended = {seen = 0, complete = 0}
end

-- Inserts a value into a list in the order of size. NaN has no place.
local function insert(values, x)
  if x == nil or x ~= x then return end
  local lo, hi = 1, #values + 1
  while lo < hi do
    local middle = (lo + hi) // 2
    if values[middle] < x then lo = middle + 1 else hi = middle end
  end
  table.insert(values, lo, x)
end

-- How many values are below x.
local function below(values, x)
  local lo, hi = 1, #values + 1
  while lo < hi do
    local middle = (lo + hi) // 2
    if values[middle] < x then lo = middle + 1 else hi = middle end
  end
  return lo - 1
end

-- The first values of trials at or after an epoch.
local FROM = [[SELECT t.id, t.number, t.finished, (SELECT r.value FROM reports r
  WHERE r.trial = t.id AND r.step >= ? ORDER BY r.step LIMIT 1) AS value
  FROM trials t WHERE t.study = ? AND ]]

--- history:rank(trial, epoch, value, sign [, group]) -> of how many other trials there is a value
--- at or after the epoch, and how many of these first values are better. group: {name, has =
--- function(number)}: only trials that it has count.
function History:rank(trial, epoch, value, sign, group)
  epoch = math.ceil(epoch)
  local key = ("%d %s"):format(epoch, group and group.name or "")
  local rung = self.rungs[key] or {seen = 0, values = {}}
  self.rungs[key] = rung
  local function counts(row)
    return row.value and (not group or group.has(row.number))
  end
  for row in self.db:rows(FROM .. "t.finished > ? ORDER BY t.finished", epoch, self.study,
                          rung.seen) do
    rung.seen = row.finished
    if counts(row) then insert(rung.values, sign * row.value) end
  end
  local loss = sign * value
  local others, better = #rung.values, below(rung.values, loss)
  for _, state in ipairs {"running", "waiting"} do
    for row in self.db:rows(FROM .. "t.state = ?", epoch, self.study, state) do
      if row.id ~= trial and counts(row) then
        others = others + 1
        if sign * row.value < loss then better = better + 1 end
      end
    end
  end
  return others, better
end

--- history:complete() -> how many trials are complete.
function History:complete()
  for row in self.db:rows([[SELECT finished, state FROM trials WHERE study = ? AND finished > ?
      ORDER BY finished]], self.study, self.ended.seen) do
    self.ended.seen = row.finished
    if row.state == "complete" then self.ended.complete = self.ended.complete + 1 end
  end
  return self.ended.complete
end

--- history:values_at(step) -> the values that complete trials had at this step, in the order of
--- size; not to be changed.
function History:values_at(step)
  local at = self.steps[step] or {seen = 0, values = {}}
  self.steps[step] = at
  for row in self.db:rows([[SELECT t.finished, t.state, (SELECT r.value FROM reports r
      WHERE r.trial = t.id AND r.step = ?) AS value FROM trials t
      WHERE t.study = ? AND t.finished > ? ORDER BY t.finished]], step, self.study, at.seen) do
    at.seen = row.finished
    if row.state == "complete" then insert(at.values, row.value) end
  end
  return at.values
end

return History

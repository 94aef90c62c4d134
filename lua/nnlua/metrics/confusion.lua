-- metrics.ConfusionMatrix: which class is taken for which, and what follows for each.

local class = require "nnlua.class"
local core = require "nnlua.core"
local labels = require "nnlua.labels"
local options = require "nnlua.options"

local MOST_SHOWN = 20 -- classes that are printed as a matrix

local ConfusionMatrix = class("ConfusionMatrix")

--- metrics.ConfusionMatrix(classes): a number of classes, or the list of their names.
--- m:update(scores [N,C], y) or m:update(predicted labels [N], y); y: labels [N].
--- m:value() -> int64 [C,C]: row: the class it is, column: the class that was predicted (the first
--- largest score). tostring(m) is a table of that and of every class's precision, recall and F1.
function ConfusionMatrix:init(classes)
  local names = {}
  if type(classes) == "table" and #classes > 0 then
    for i, name in ipairs(classes) do
      names[i] = tostring(name)
    end
  else
    local count = math.type(classes) and math.tointeger(classes)
    if not count or count < 1 then
      core.arg_error(1, "ConfusionMatrix", "number of classes or their names expected, got "
        .. (math.type(classes) and tostring(classes) or options.type_name(classes)))
    end
    self.counts = core.zeros(count, count, {dtype = "int64"}) -- raises if there are far too many
    for i = 1, count do
      names[i] = tostring(i)
    end
  end
  self.classes = names
  self:reset()
end

--- metric:reset() -> metric, as if it had seen nothing.
function ConfusionMatrix:reset()
  self.counts = core.zeros(#self.classes, #self.classes, {dtype = "int64"})
  return self
end

--- metric:update(predicted, y) -> metric, having seen these, too: see nn.metrics.ConfusionMatrix.
function ConfusionMatrix:update(predicted, y)
  local c, name = #self.classes, "ConfusionMatrix:update"
  if core.is_tensor(predicted) and core.ndim(predicted) == 2 then
    labels.check_scores(1, name, predicted, c)
    predicted = core.argmax(predicted, 2)
  else
    predicted = labels.check(1, name, predicted, c)
  end
  y = labels.check(2, name, y, c, core.size(predicted, 1))
  local cell = core.add(core.mul(core.sub(y, 1), c), predicted)
  core.scatter_add_(core.view(self.counts, c * c), 1, cell, core.ones_like(cell))
  return self
end

--- metric:value() -> what nn.metrics.ConfusionMatrix says of all that was seen so far.
function ConfusionMatrix:value()
  return core.clone(self.counts)
end

-- Of each class: rows that are it and were predicted so, were predicted so, are it; as lists.
local function tallies(self)
  local hits, predicted, actual = {}, {}, {}
  for i, row in ipairs(core.totable(self.counts)) do
    hits[i], actual[i] = row[i], 0
    for j, count in ipairs(row) do
      actual[i] = actual[i] + count
      predicted[j] = (predicted[j] or 0) + count
    end
  end
  return hits, predicted, actual
end

-- 0 where nothing can be divided by, as scikit-learn.
local function ratio(a, b)
  return b == 0 and 0.0 or a / b
end

-- Lists of every class's precision, recall, F1 and rows.
local function scores(self)
  local hits, predicted, actual = tallies(self)
  local precision, recall, f1 = {}, {}, {}
  for i = 1, #hits do
    precision[i], recall[i] = ratio(hits[i], predicted[i]), ratio(hits[i], actual[i])
    f1[i] = ratio(2 * hits[i], predicted[i] + actual[i])
  end
  return precision, recall, f1, actual
end

local function as_tensor(list)
  return core.tensor(list, {dtype = "float64"})
end

--- m:precision() -> float64 [C]: of the rows predicted as a class, the share that is it; 0 of none.
function ConfusionMatrix:precision()
  return as_tensor((scores(self)))
end

--- m:recall() -> float64 [C]: of the rows of a class, the share predicted as it; 0 of none.
function ConfusionMatrix:recall()
  return as_tensor((select(2, scores(self))))
end

--- m:f1() -> float64 [C]: the harmonic mean of precision and recall.
function ConfusionMatrix:f1()
  return as_tensor((select(3, scores(self))))
end

--- m:accuracy() -> the share of rows predicted as what they are; NaN for none.
function ConfusionMatrix:accuracy()
  local hits, _, actual = tallies(self)
  local right, all = 0, 0
  for i = 1, #hits do
    right, all = right + hits[i], all + actual[i]
  end
  return right / all
end

-- Texts in columns as wide as their widest: the first to the left, the others to the right.
local function table_lines(rows)
  local widths, lines = {}, {}
  for _, row in ipairs(rows) do
    for i, text in ipairs(row) do
      widths[i] = math.max(widths[i] or 0, utf8.len(text) or #text)
    end
  end
  for r, row in ipairs(rows) do
    local cells = {}
    for i, text in ipairs(row) do
      local gap = (" "):rep(widths[i] - (utf8.len(text) or #text))
      cells[i] = i == 1 and text .. gap or gap .. text
    end
    lines[r] = table.concat(cells, "  ")
  end
  return table.concat(lines, "\n")
end

local function mean(list)
  local sum = 0.0
  for _, value in ipairs(list) do
    sum = sum + value
  end
  return sum / #list
end

function ConfusionMatrix:__tostring()
  local precision, recall, f1, actual = scores(self)
  local parts, rows = {}, {{"", "precision", "recall", "F1", "rows"}}
  local function add(name, p, r, f, n)
    rows[#rows + 1] = {name, ("%.4f"):format(p), ("%.4f"):format(r), ("%.4f"):format(f),
                       ("%d"):format(n)}
  end
  local all = 0
  for i, name in ipairs(self.classes) do
    add(name, precision[i], recall[i], f1[i], actual[i])
    all = all + actual[i]
  end
  add("mean", mean(precision), mean(recall), mean(f1), all)
  if #self.classes <= MOST_SHOWN then
    local matrix = {{"is \\ predicted", table.unpack(self.classes)}}
    for i, counts in ipairs(core.totable(self.counts)) do
      matrix[i + 1] = {self.classes[i]}
      for j, count in ipairs(counts) do
        matrix[i + 1][j + 1] = ("%d"):format(count)
      end
    end
    parts[1] = table_lines(matrix)
  end
  parts[#parts + 1] = table_lines(rows)
  parts[#parts + 1] = ("accuracy %.4f"):format(self:accuracy())
  return table.concat(parts, "\n\n")
end

return ConfusionMatrix

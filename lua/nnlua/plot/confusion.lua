-- Confusion matrices: how often each class is taken for which.
--
-- Invariants: a row is what the samples are, a column what was predicted; colours are shares of the
-- row, so that a rare class shows as much as a frequent one; a class without samples is grey.

local core = require "nnlua.core"
local gnuplot = require "nnlua.plot.gnuplot"
local heatmap = require "nnlua.plot.heatmap"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"
local screen = require "nnlua.plot.screen"

local DEFAULTS = {matrix = options.optional, classes = options.optional, title = options.optional}

-- Classes up to which a cell has its count and its share, or its count alone.
local BOTH, COUNTS = 12, 24

-- The description: the options with `matrix` as rows of counts, `classes` as list of texts.
local function describe(fname, given)
  local description = options.check(fname, given, DEFAULTS)
  local matrix = description.matrix
  if type(matrix) == "table" and core.is_tensor(matrix.counts) then -- a metrics.ConfusionMatrix
    description.classes = description.classes or matrix.classes
    matrix = matrix.counts
  end
  local rows = input.matrix(fname, "matrix", matrix)
  if #rows ~= #rows[1] then
    input.raise(fname, "matrix", "a square matrix expected, got [%d,%d]", #rows, #rows[1])
  end
  for i, row in ipairs(rows) do
    for j, n in ipairs(row) do
      if n < 0 or n % 1 ~= 0 or n > 2 ^ 53 then
        input.raise(fname, "matrix", "counts expected, element [%d,%d] is %s", i, j, n)
      end
    end
  end
  local classes = description.classes
  if classes == nil then
    classes = {}
    for i = 1, #rows do classes[i] = tostring(i) end
  end
  description.matrix = rows
  description.classes = input.texts(fname, "classes", classes, #rows)
  description.title = input.text(fname, "title", description.title)
  return description
end

-- A share of less than all as "99.9%" at most, and of more than nothing as "0.1%" at least: 100%
-- and 0% mean just that.
local function percent(count, all)
  if count == 0 or count == all then
    return count == 0 and "0%" or "100%"
  end
  return ("%.1f%%"):format(math.max(0.1, math.min(99.9, 100 * count / all)))
end

--- plot.confusion(path, {matrix=, ...}): see nnlua.plot.
return function(path, given)
  local fname = "plot.confusion"
  local format = gnuplot.format(fname, path)
  local description = describe(fname, given)
  if format == "terminal" then
    return screen.show("confusion", description)
  end
  local shares, texts, classes = {}, {}, description.classes
  for i, row in ipairs(description.matrix) do
    local all = 0
    for _, n in ipairs(row) do all = all + n end
    shares[i], texts[i] = {}, {}
    for j, n in ipairs(row) do
      shares[i][j] = n / all -- NaN for none
      texts[i][j] = ("%d"):format(n)
      if #row <= BOTH and n > 0 then
        texts[i][j] = texts[i][j] .. "\n" .. percent(n, all)
      end
    end
  end
  return heatmap.draw(fname, path, {
    values = shares, texts = #classes <= COUNTS and texts or nil, colormap = "sequential",
    range = {0.0, 1.0}, row_labels = classes, column_labels = classes, title = description.title,
    xlabel = "predicted class", ylabel = "true class", value_label = "share of row"})
end

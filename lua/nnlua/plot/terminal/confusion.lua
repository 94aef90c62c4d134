-- Confusion matrices in the terminal: a heat map of the shares of the rows, with the counts.

local heatmap = require "nnlua.plot.terminal.heatmap"

--- terminal.confusion(description, options): see nnlua.plot.terminal.
return function(given, wanted)
  local shares, texts = {}, {}
  for i, row in ipairs(given.matrix) do
    local all = 0
    for _, n in ipairs(row) do all = all + n end
    shares[i], texts[i] = {}, {}
    for j, n in ipairs(row) do
      shares[i][j] = n / all -- NaN for none
      texts[i][j] = ("%d"):format(n)
    end
  end
  return heatmap({
    values = shares, texts = texts, colormap = "sequential", range = {0.0, 1.0},
    row_labels = given.classes, column_labels = given.classes, title = given.title,
    xlabel = "predicted class", ylabel = "true class", value_label = "share of row"}, wanted)
end

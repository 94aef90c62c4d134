-- Pictures of experiments, as PNG, SVG or PDF files drawn by gnuplot as a child process, or in the
-- terminal.
--
--   local plot = require "nnlua.plot"                       -- nn.plot
--   local ok, message = plot.lines("costs.png", {
--     x = epochs, series = {{name = "train", y = train_cost}, {name = "test", y = test_cost}},
--     title = "Cost", xlabel = "epoch", ylabel = "cost per digit"})
--   if not ok then io.stderr:write(message, "\n") end
--
-- Invariants, for every function here: the path's extension, .png, .svg or .pdf, chooses the
-- format, and the path "-" is the terminal; wrong arguments raise; a picture that cannot be drawn
-- (gnuplot missing, folder missing) gives nil and one line, and leaves the path as it was. Texts
-- are shown literally, whatever they contain. Numbers come as Lua tables or as tensors. NaN,
-- infinities and values beyond 1e300 are drawn as gaps, or grey pixels. All colours can be told
-- apart with any colour vision.

local plot = {}

--- plot.lines(path, {series=, ...}) -> true | nil, message: a line chart.
--
-- series   list of {name=, y=, x=, points=, lower=, upper=, errors=}: y a list or vector of
--          numbers; x its own positions, if it has them; name stands in the legend above the chart.
--          Up to 40 points are also marked; points = true: points alone, without a line. lower and
--          upper: a pale band between them; errors: bars that reach as far either way
-- x        positions shared by the series without their own; default 1, 2, 3, ...
-- title, xlabel, ylabel   default: none
-- log_x, log_y            default false; values <= 0 are gaps there, bands go down to the axis
-- x_range, y_range        {lo, hi}; default: what the data needs
plot.lines = require("nnlua.plot.lines").lines

--- plot.curves(path, {series=, ...}) -> true | nil, message: learning curves of several runs: the
--- mean at each epoch, with a band that says how the runs differ.
--
-- series   list of {name=, runs=, x=}: runs a list of each run's values. They may differ in length,
--          or have gaps: the mean is that of the runs with a finite value there
-- band     "std" (default: one standard deviation, with n - 1, either way), "range" (least to
--          largest) or "ci" (95% confidence interval of the mean, by Student's t); named in the
--          picture. A single run has none
-- x        positions shared by the series without their own; default 1, 2, 3, ...
-- xlabel   default "epoch"; title, ylabel, log_x, log_y, x_range, y_range: as for plot.lines
plot.curves = require("nnlua.plot.curves").curves

--- plot.bars(path, {values= or series=, ...}) -> true | nil, message: a quantity per category.
--
-- values   one per category; or series: list of {name=, values=, errors=}, side by side
-- labels   names of the categories; default 1, 2, 3, ... They are broken into lines or turned to
--          fit; where neither does, the bars lie
-- errors   of `values`: how far they may be off, either way; default: none
-- horizontal   true: lying bars; false: upright ones; default: as the labels need
-- range    {lo, hi} of the values' axis; default: from zero to what the data needs
-- title, xlabel, ylabel   default: none; xlabel is the categories', wherever they stand
plot.bars = require "nnlua.plot.bars"

--- plot.histogram(path, {values= or series=, ...}) -> true | nil, message: how values are
--- distributed. Values that are outside or not finite are counted in a note.
--
-- values   a list of numbers or a tensor of any shape; or series: list of {name=, values=}
-- bins     how many, or "auto" (default): Freedman and Diaconis' or Sturges' rule, whichever gives
--          more, at most 200; NumPy's "auto"
-- range    {lo, hi} of the bins; default: the data's
-- edges    ascending list of the bins' limits, in place of bins and range
-- density  true: heights are shares per unit, so that the area is 1; default false: counts
-- log_y    default false
-- title, xlabel, ylabel   default: none; ylabel: "count" or "density"
plot.histogram = require "nnlua.plot.histogram"

local points = require "nnlua.plot.points"

--- plot.points(path, {points=, ...}) -> true | nil, message: points in a plane (a scatter plot), by
--- class or by value.
--
-- points   [n, 2]: a matrix, or a list of pairs
-- labels   n class labels 1, 2, ...; default: all of one class
-- classes  names of the classes, for the legend; default: no legend
-- values   n numbers, shown as colours in place of labels; value_label: what they are, beside the
--          colour bar; colormap (default "viridis") and range as for plot.heatmap
-- sizes    n numbers, shown as the points' areas; size_label: what they are
-- title, xlabel, ylabel   default: none
-- x_range, y_range        {lo, hi}; default: a little more than the data needs
plot.points = points.points

--- plot.decision_boundary(path, model, {points=, ...}) -> true | nil, message: the same, with the
--- plane behind the points in the colours of the classes, mixed by the model's probabilities.
--
-- model       called once, without gradients and in the mode it is in, with a tensor [m, 2] of the
--             dtype of `points`; gives scores [m, C], or [m] or [m, 1] of the second of two classes
-- points, labels, classes, title, xlabel, ylabel, x_range, y_range   as for plot.points
-- resolution  cells along each side; default 200
plot.decision_boundary = points.decision_boundary

--- plot.heatmap(path, {values=, ...}) -> true | nil, message: a matrix as coloured cells.
--
-- values   a matrix; its first row is on top
-- row_labels, column_labels   names; default: numbers
-- numbers  true: every cell has its number; a format, such as "%.1f": in that form; default: none
-- colormap "diverging" (blue below zero, white, red above), "sequential" (white to dark blue),
--          "viridis", "gray" (0 black) or "ink" (0 white); default: diverging if a value is below
--          zero, else sequential
-- range    {lo, hi} of the colours; default: the data's, symmetrical for "diverging"
-- title, xlabel, ylabel, value_label (beside the colour bar)   default: none
plot.heatmap = require("nnlua.plot.heatmap").heatmap

--- plot.confusion(path, {matrix=, ...}) -> true | nil, message: which class is taken for which, as
--- counts and as shares of the row; the colours are the shares.
--
-- matrix   a metrics.ConfusionMatrix, or a matrix of counts [C, C]: row: the class it is, column:
--          the class that was predicted
-- classes  names; default: the ConfusionMatrix's, or 1, 2, 3, ...
-- title    default: none
plot.confusion = require "nnlua.plot.confusion"

--- plot.images(path, {images=, ...}) -> true | nil, message: a grid of images with one scale.
--
-- images       list of matrices of one size, or a tensor [n, h, w]
-- columns      default: about as many as rows
-- labels       list of n texts above the images; default: none
-- title        default: none
-- colormap     as for plot.heatmap; default "gray"
-- range        {lo, hi} of the colours; default: the data's, symmetrical for "diverging"
-- smooth       true: linear interpolation between pixels, which shows strokes in noisy weights
--              better; default false: every pixel a sharp square
-- value_label  what the values are, beside the colour bar. Without it "gray" and "ink" have no bar
plot.images = require("nnlua.plot.images").images

--- plot.filters(path, {weights=, ...}) -> true | nil, message: a layer's weights as images, one per
--- unit of a dense layer, or per filter and channel ("filter.channel") of a convolution.
--
-- weights   a module with a weight, such as nn.Linear or nn.Conv2d, or a tensor [out, in] or
--           [out, in, h, w]
-- height, width   of the images of [out, in]; default: a square
-- columns   default: about as many as rows
-- labels    list of names of the units or filters; default: numbers
-- most      images, at most; default 64. The title says what was left out
-- smooth    as for plot.images
-- title     default: none
plot.filters = require "nnlua.plot.filters"

--- plot.activations(path, {images=, layers=, ...}) -> true | nil, message: what a network does with
--- a few inputs. A row per sample: its image, and for each layer a strip with one cell per unit.
--
-- images   the n inputs, as for plot.images
-- layers   list of {name=, values=, units=}: values [n, units]; units: names of the units
--          (default: numbers). White is zero; with negative values the colours are "diverging"
-- labels   list of n texts at the left, under the heading labels_title
-- notes    list of n texts at the right (the network's answer, say), under notes_title
-- title    default: none
plot.activations = require "nnlua.plot.activations"

return plot

-- Pictures of experiments, as PNG or SVG files, drawn by gnuplot as a child process.
--
--   local plot = require "nnlua.plot"                       -- nn.plot
--   local ok, message = plot.lines("costs.png", {
--     x = epochs, series = {{name = "train", y = train_cost}, {name = "test", y = test_cost}},
--     title = "Cost", xlabel = "epoch", ylabel = "cost per digit"})
--   if not ok then io.stderr:write(message, "\n") end
--
-- Invariants, for every function here: the path's extension, .png or .svg, chooses the format;
-- wrong arguments raise; a picture that cannot be drawn (gnuplot missing, folder missing) gives nil
-- and one line, and leaves the path as it was. Texts are shown literally, whatever they contain.
-- Numbers come as Lua tables or as tensors. NaN, infinities and values beyond 1e300 are drawn as
-- gaps, or grey pixels. All colours can be told apart with any colour vision.

local plot = {}

--- plot.lines(path, {series=, ...}) -> true | nil, message: a line chart.
--
-- series   list of {name=, y=, x=, points=}: y a list or vector of numbers; x its own positions, if
--          it has them; name stands in the legend above the chart. Up to 40 points are also marked;
--          points = true: points alone, without a line.
-- x        positions shared by the series without their own; default 1, 2, 3, ...
-- title, xlabel, ylabel   default: none
-- log_x, log_y            default false; values <= 0 are gaps there
-- x_range, y_range        {lo, hi}; default: what the data needs
plot.lines = require("nnlua.plot.lines").lines

--- plot.images(path, {images=, ...}) -> true | nil, message: a grid of images with one scale.
--
-- images       list of matrices of one size, or a tensor [n, h, w]
-- columns      default: about as many as rows
-- labels       list of n texts above the images; default: none
-- title        default: none
-- colormap     "gray" (default; 0 black), "ink" (0 white), "sequential" (white to dark blue),
--              "diverging" (blue below zero, white, red above: for weights)
-- range        {lo, hi} of the colours; default: the data's, symmetrical for "diverging"
-- smooth       true: linear interpolation between pixels, which shows strokes in noisy weights
--              better; default false: every pixel a sharp square
-- value_label  what the values are, beside the colour bar. Without it "gray" and "ink" have no bar
plot.images = require("nnlua.plot.images").images

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

--- bars
plot.bars = require "nnlua.plot.bars"
plot.histogram = require "nnlua.plot.histogram"
plot.heatmap = require("nnlua.plot.heatmap").heatmap
plot.confusion = require "nnlua.plot.confusion"
plot.filters = require "nnlua.plot.filters"
plot.curves = require("nnlua.plot.curves").curves

local points = require "nnlua.plot.points"

--- plot.points(path, {points=, ...}) -> true | nil, message: points in a plane, by class.
--
-- points   [n, 2]: a matrix, or a list of pairs
-- labels   n class labels 1, 2, ...; default: all of one class
-- classes  names of the classes, for the legend; default: no legend
-- title, xlabel, ylabel   default: none
-- x_range, y_range        {lo, hi}; default: a little more than the data needs
plot.points = points.points

--- plot.decision_boundary(path, model, {points=, ...}) -> true | nil, message: the same, with the
--- plane behind the points in the colours of the classes, mixed by the model's probabilities.
--
-- model       called once, without gradients and in the mode it is in, with a tensor [m, 2] of the
--             dtype of `points`; gives scores [m, C], or [m] or [m, 1] of the second of two classes
-- resolution  cells along each side; default 200
plot.decision_boundary = points.decision_boundary

return plot

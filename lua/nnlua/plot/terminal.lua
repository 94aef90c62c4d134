-- Pictures as text: what the plot functions draw for the path "-".
--
--   terminal.KIND(description [, {width=, height=, colour=, utf8=}]) -> text, lines ended by "\n"
--
-- A description is the options of plot.KIND, checked (nnlua.plot). width, height: columns and rows
-- that the picture may take; default: what suits the terminal on standard output, 80 by 22 where
-- there is none. colour: number of colours, 0 for none, true for 256; default: the terminal's, none
-- with NO_COLOR or where there is no terminal. utf8: false for plain ASCII; default: the locale's.
--
-- Invariants: no line is wider than the width; charts with axes are no higher than the height,
-- bars, images and matrices take the rows that they need; numbers that cannot be drawn leave gaps;
-- nothing here needs gnuplot.

local terminal = {}

terminal.activations = require "nnlua.plot.terminal.activations"
terminal.bars = require "nnlua.plot.terminal.bars"
terminal.confusion = require "nnlua.plot.terminal.confusion"
terminal.heatmap = require "nnlua.plot.terminal.heatmap"
terminal.histogram = require "nnlua.plot.terminal.histogram"
terminal.images = require "nnlua.plot.terminal.images"
terminal.lines = require "nnlua.plot.terminal.lines"
terminal.points = require "nnlua.plot.terminal.points"
terminal.decision_boundary = terminal.points

return terminal

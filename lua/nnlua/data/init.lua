-- Data sets: functions that return {train = {images=, labels=}, test = {...}, classes=, source=},
-- and what turns their images into a network's input.
return {
  digits = require "nnlua.data.digits",
  mnist = require "nnlua.data.mnist",
  pixels = require "nnlua.data.pixels",
  synthetic_digits = require("nnlua.data.synthetic").digits,
}

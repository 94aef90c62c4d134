-- Data: sets of rows and their parts, batches, ready-made sets of images, and what turns them into
-- a network's input.

local mnist = require "nnlua.data.mnist"
local options = require "nnlua.options"
local split = require "nnlua.data.split"
local standardize = require "nnlua.data.standardize"

return options.strict("nn.data", {
  TensorDataset = require "nnlua.data.dataset",
  loader = require "nnlua.data.loader",
  split = split.split,
  stratified_split = split.stratified_split,
  kfold = split.kfold,
  Standardizer = standardize.Standardizer,
  standardize = standardize.standardize,
  one_hot = require "nnlua.data.one_hot",
  digits = require "nnlua.data.digits",
  mnist = mnist.mnist,
  fashion_mnist = mnist.fashion_mnist,
  kmnist = mnist.kmnist,
  pixels = require "nnlua.data.pixels",
  synthetic_digits = require("nnlua.data.synthetic").digits,
  transforms = require "nnlua.data.transforms",
})

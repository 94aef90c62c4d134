-- nn.optim: the optimizers and their schedules, one file each in optim/.

local options = require "nnlua.options"

return {
  SGD = require "nnlua.optim.sgd",
  Adam = require "nnlua.optim.adam".Adam,
  AdamW = require "nnlua.optim.adam".AdamW,
  NAdam = require "nnlua.optim.adam".NAdam,
  RMSprop = require "nnlua.optim.rmsprop",
  Adagrad = require "nnlua.optim.adagrad",
  Adadelta = require "nnlua.optim.adadelta",
  Rprop = require "nnlua.optim.rprop",
  Lion = require "nnlua.optim.lion",
  LBFGS = require "nnlua.optim.lbfgs",
  lr_scheduler = options.strict("nn.optim.lr_scheduler", require "nnlua.optim.lr_scheduler"),
}

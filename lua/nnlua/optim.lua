-- nn.optim: the optimizers, one file each in optim/.

return {
  SGD = require "nnlua.optim.sgd",
  Adam = require "nnlua.optim.adam".Adam,
  AdamW = require "nnlua.optim.adam".AdamW,
}

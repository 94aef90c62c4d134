-- nn.optim.lr_scheduler: schedules of the learning rate, one file per family in schedule/.

local composed = require "nnlua.optim.schedule.composed"
local cosine = require "nnlua.optim.schedule.cosine"
local ramps = require "nnlua.optim.schedule.ramps"
local stepwise = require "nnlua.optim.schedule.stepwise"

return {
  StepLR = stepwise.StepLR,
  MultiStepLR = stepwise.MultiStepLR,
  ExponentialLR = stepwise.ExponentialLR,
  LambdaLR = stepwise.LambdaLR,
  ConstantLR = ramps.ConstantLR,
  LinearLR = ramps.LinearLR,
  PolynomialLR = ramps.PolynomialLR,
  CosineAnnealingLR = cosine.CosineAnnealingLR,
  CosineAnnealingWarmRestarts = cosine.CosineAnnealingWarmRestarts,
  OneCycleLR = require "nnlua.optim.schedule.one_cycle",
  ReduceLROnPlateau = require "nnlua.optim.schedule.plateau",
  SequentialLR = composed.SequentialLR,
  ChainedScheduler = composed.ChainedScheduler,
}

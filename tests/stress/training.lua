-- A training with everything that has a state: nnlua tests/stress/training.lua KIND DIR
--
-- KIND is an optimizer of the table below. The training goes on from DIR's newest checkpoint, if
-- there is one, saves one after every second step, and ends with DIR/metrics.csv and
-- DIR/weights.safetensors.

local nn = require "nnlua"

local kind, dir = table.unpack(arg)
local schedules = nn.optim.lr_scheduler

local KINDS = {
  Adam = {function(p) return nn.optim.Adam(p, {lr = 0.003}) end,
          function(o) return schedules.StepLR(o, 2, {gamma = 0.5}) end},
  SGD = {function(p) return nn.optim.SGD(p, {lr = 0.05, momentum = 0.9, nesterov = true}) end,
         function(o) return {schedules.OneCycleLR(o, 0.1, {total_steps = 80}), per = "step"} end},
  AdamW = {function(p) return nn.optim.AdamW(p, {lr = 0.003}) end,
           function(o)
             return {schedules.ReduceLROnPlateau(o, {patience = 0, factor = 0.3}),
                     monitor = "validation_loss"}
           end},
  RMSprop = {function(p) return nn.optim.RMSprop(p, {lr = 0.001, momentum = 0.5}) end,
             function(o) return schedules.CosineAnnealingLR(o, 16) end},
  NAdam = {function(p) return nn.optim.NAdam(p, {lr = 0.002}) end,
           function(o) return {schedules.ExponentialLR(o, 0.99), per = "step"} end},
}

nn.manual_seed(7)
local x, y = nn.randn(80, 20), nn.randint(1, 5, 80)
local validation = {nn.randn(30, 20), nn.randint(1, 5, 30)}

-- Wide enough that much of the time goes into writing checkpoints.
local model = nn.Sequential(nn.Linear(20, 150), nn.ReLU(), nn.Dropout(0.4), nn.Linear(150, 150),
                            nn.Tanh(), nn.Dropout(0.2, {generator = nn.Generator(3)}),
                            nn.Linear(150, 4))
local optimizer = KINDS[kind][1](model:parameters())

nn.fit {
  model = model, criterion = nn.CrossEntropyLoss(), optimizer = optimizer,
  schedule = KINDS[kind][2](optimizer),
  train = {x, y}, validation = validation, epochs = 16, batch_size = 16,
  metrics = {accuracy = nn.metrics.accuracy},
  callbacks = {nn.fit.csv(dir), nn.fit.clip_gradients {norm = 1},
               nn.fit.early_stopping {patience = 15}},
  checkpoint = {dir = dir .. "/checkpoints", every = 2, resume = true},
}
assert(nn.io.save_safetensors(dir .. "/weights.safetensors", model:state_dict()))

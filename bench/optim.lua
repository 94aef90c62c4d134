-- optim.lua - seconds of a step of some optimizers on a million float32 parameters in 8 tensors
--
--   nnlua bench/optim.lua [STEPS]
--
-- Prints "NAME SECONDS" for each, the median of STEPS steps after 20 that warm up. Its peer is
-- optim_torch.py; run them in turn.

local nn = require "nnlua"

local steps = math.tointeger(arg[1] or 100)
local shapes = {{800, 784}, {800}, {400, 800}, {400}, {100, 400}, {100}, {10, 100}, {10}}

for _, name in ipairs {"SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Lion"} do
  nn.manual_seed(1)
  local params = {}
  for i, shape in ipairs(shapes) do
    params[i] = nn.randn(shape):requires_grad_()
    params[i].grad = nn.randn(shape)
  end
  local optimizer = nn.optim[name](params, {lr = 1e-3})
  local seconds = {}
  for i = -19, steps do
    local started = nn.clock()
    optimizer:step()
    if i > 0 then seconds[i] = nn.clock() - started end
  end
  table.sort(seconds)
  print(("%s %.7f"):format(name, seconds[(steps + 1) // 2]))
end

-- xor.lua - the smallest problem that needs a hidden layer
--
--   nnlua experiments/xor.lua [--hidden 4] [--epochs 2000] [--lr 0.5] [--seed 1]
--
-- No straight line separates the inputs whose exclusive or is 1 from the others; two tanh units and
-- a sigmoid can.

local nn = require "nnlua"
local cli = require "nnlua.cli"

local opts = cli.parse("xor", "Learns exclusive or.", {
  {"hidden", 4, "tanh units", min = 1},
  {"epochs", 2000, "steps of gradient descent", min = 1},
  {"lr", 0.5, "learning rate", above = 0},
  {"seed", 1, "of the initial weights", min = 0, max = 2 ^ 32 - 1},
  {"out", nil, "folder for the losses (default: runs/xor/DATE-TIME)", kind = "string",
   metavar = "DIR"},
  table.unpack(cli.checkpoints),
}, arg)

nn.manual_seed(opts.seed)

local x = nn.tensor {{0, 0}, {0, 1}, {1, 0}, {1, 1}}
local y = nn.tensor {{0}, {1}, {1}, {0}}

local model = nn.Sequential(nn.Linear(2, opts.hidden), nn.Tanh(), nn.Linear(opts.hidden, 1))
local criterion = nn.BCEWithLogitsLoss()
local optimizer = nn.optim.SGD(model:parameters(), {lr = opts.lr, momentum = 0.9})

local run <close> = cli.try("xor", nn.run, {
  name = "xor", dir = opts.resume or opts.out, resume = opts.resume ~= nil,
  config = {options = opts}, columns = {"epoch", "loss"},
})
local saver <close> = cli.try("xor", nn.checkpoint.saver, run:path("checkpoints"),
                              {model = model, optimizer = optimizer, run = run},
                              {every = opts.checkpoint_every, resume = opts.resume ~= nil})

for epoch = saver.step + 1, opts.epochs do
  optimizer:zero_grad()
  local loss = criterion(model(x), y)
  loss:backward()
  optimizer:step()
  run:log {epoch = epoch, loss = loss:item()}
  if epoch % math.max(opts.epochs // 5, 1) == 0 then
    print(("epoch %d  loss %.6f"):format(epoch, loss:item()))
  end
  saver:update(epoch)
end

local p = nn.sigmoid(model(x):detach())
local right = true
for i = 1, 4 do
  local a, b, answer = x[{i, 1}]:item(), x[{i, 2}]:item(), p[{i, 1}]:item()
  right = right and (answer > 0.5) == (y[{i, 1}]:item() == 1)
  print(("%d xor %d: %.3f"):format(a, b, answer))
end
print(right and "learned"
  or "not learned: try more --epochs, another --seed or more --hidden units")

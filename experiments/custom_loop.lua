-- custom_loop.lua - a training loop of one's own: mini-batches, momentum, decay, early stopping
--
--   nnlua experiments/custom_loop.lua [--epochs 30] [--batch 64] [--patience 3] [--data DIR]
--   nnlua experiments/custom_loop.lua --checkpoint-every 1 --out DIR, then --resume DIR
--
-- Nothing here is special to the engine: shuffling, batches, the learning-rate schedule and the
-- decision when to stop are plain Lua, to be changed at will. (nn.fit has the same ready-made.)

local nn = require "nnlua"
local cli = require "nnlua.cli"

local opts = cli.parse("custom_loop", "Mini-batch training with early stopping.", {
  {"epochs", 30, "passes over the training set at most", min = 1},
  {"batch", 64, "rows in a batch", min = 1},
  {"lr", 0.05, "learning rate at the start", above = 0},
  {"momentum", 0.9, "of the optimizer", min = 0, below = 1},
  {"decay", 0.85, "factor on the learning rate after every epoch", above = 0, max = 1},
  {"patience", 3, "epochs without a better validation loss before stopping", min = 1},
  {"hidden", 64, "units of the hidden layer", min = 1},
  {"train", 10000, "training images; a fifth of them is held out for validation", min = 10,
   max = 60000},
  {"test", 2000, "test images", min = 1, max = 10000},
  {"seed", 42, "of weights and shuffling", min = 0, max = 2 ^ 32 - 1},
  {"data", nil, "folder of the MNIST files", kind = "string", metavar = "DIR"},
  {"out", nil, "folder for the results (default: runs/custom_loop/DATE-TIME)", kind = "string",
   metavar = "DIR"},
  cli.live, table.unpack(cli.checkpoints),
}, arg)

nn.manual_seed(opts.seed)
local digits = cli.try("custom_loop", nn.data.digits,
                       {train = opts.train, test = opts.test, dir = opts.data})
local all_x, all_y = nn.data.pixels(digits.train.images), digits.train.labels
local test_x, test_y = nn.data.pixels(digits.test.images), digits.test.labels

local held_out = opts.train // 5
local order = nn.randperm(opts.train)
local val_rows, train_rows = order[{ {1, held_out} }], order[{ {held_out + 1, -1} }]
local x, y = all_x[train_rows], all_y[train_rows]
local val_x, val_y = all_x[val_rows], all_y[val_rows]

local model = nn.Sequential(nn.Linear(784, opts.hidden), nn.ReLU(), nn.Linear(opts.hidden, 10))
local criterion = nn.CrossEntropyLoss()
local optimizer = nn.optim.SGD(model:parameters(), {lr = opts.lr, momentum = opts.momentum})

local function train_one_epoch()
  local n, total = x:size(1), 0
  local shuffled = nn.randperm(n)
  for first = 1, n, opts.batch do
    local last = math.min(first + opts.batch - 1, n)
    local rows = shuffled[{ {first, last} }]
    optimizer:zero_grad()
    local loss = criterion(model(x[rows]), y[rows])
    loss:backward()
    optimizer:step()
    total = total + loss:item() * (last - first + 1)
  end
  return total / n
end

local function evaluate(inputs, labels)
  return nn.no_grad(function()
    local scores = model(inputs)
    return criterion(scores, labels):item(), nn.metrics.accuracy(scores, labels)
  end)
end

local run <close> = cli.try("custom_loop", nn.run, {
  name = "custom_loop", dir = opts.resume or opts.out, resume = opts.resume ~= nil,
  config = {options = opts, data = digits.title},
  columns = {"epoch", "lr", "train_loss", "validation_loss", "validation_accuracy"},
})

-- All that the loop remembers from one epoch to the next is in the checkpoint: the objects, the
-- table `best`, and, always, the default generator.
local best = {loss = math.huge, epoch = 0}
local saver <close> = cli.try("custom_loop", nn.checkpoint.saver, run:path("checkpoints"),
                              {model = model, optimizer = optimizer, run = run, extra = best},
                              {every = opts.checkpoint_every, resume = opts.resume ~= nil})

print(("%s: %d training, %d validation, %d test images"):format(digits.title, x:size(1), held_out,
                                                                opts.test))
local progress <close> = cli.progress {
  total = opts.epochs, unit = "epoch", samples = x:size(1), start = saver.step,
  curves = opts.live and {history = run.history, x = "epoch",
                          y = {"train_loss", "validation_loss"}}}
for epoch = saver.step + 1, opts.epochs do
  if epoch - 1 - best.epoch >= opts.patience then
    progress:print(("no better validation loss for %d epochs: stopping"):format(opts.patience))
    break
  end
  local lr = optimizer.groups[1].lr
  local train_loss = train_one_epoch()
  local val_loss, val_accuracy = evaluate(val_x, val_y)
  local better = val_loss < best.loss
  if better then
    best.loss, best.epoch, best.weights = val_loss, epoch, model:state_dict({clone = true})
  end
  run:log {epoch = epoch, lr = lr, train_loss = train_loss, validation_loss = val_loss,
           validation_accuracy = val_accuracy}
  progress:print(("epoch %2d  lr %.4f  train loss %.4f  validation loss %.4f  accuracy %.2f%%%s")
    :format(epoch, lr, train_loss, val_loss, 100 * val_accuracy, better and "  *" or ""))
  optimizer.groups[1].lr = lr * opts.decay
  progress:update(epoch)
  saver:update(epoch)
end
progress:finish()

if best.weights then model:load_state_dict(best.weights) end
local test_loss, test_accuracy = evaluate(test_x, test_y)
print(("weights of epoch %d: test loss %.4f, test accuracy %.2f%%"):format(best.epoch, test_loss,
                                                                          100 * test_accuracy))

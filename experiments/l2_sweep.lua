-- l2_sweep.lua - how strong should the L2 penalty be?
--
--   nnlua experiments/l2_sweep.lua [--lambdas 0,0.1,1,10,100] [--epochs 1500] [--out DIR]
--   nnlua experiments/l2_sweep.lua --checkpoint-every 500 --out DIR, then --resume DIR
--
-- Trains the same network from the same weights once for each lambda and compares training with
-- test accuracy: without a penalty the training digits are learned by heart, with too much of one
-- nothing is. Ends in a table, metrics.csv and accuracy.png.

local nn = require "nnlua"
local cli = require "nnlua.cli"

local opts = cli.parse("l2_sweep", "Accuracy against the strength of the L2 penalty.", {
  {"lambdas", {0.0, 1.0, 10.0, 30.0, 100.0, 300.0, 1000.0}, "strengths to try", min = 0},
  {"epochs", 1500, "steps of gradient descent for each", min = 1},
  {"lr", 0.1, "learning rate", above = 0},
  {"hidden", {25, 25}, "sizes of the hidden layers", min = 1},
  {"train", 1000, "training images: few, so that a penalty matters", min = 1, max = 60000},
  {"test", 2000, "test images", min = 1, max = 10000},
  {"seed", 42, "of the initial weights", min = 0, max = 2 ^ 32 - 1},
  {"data", nil, "folder of the MNIST files", kind = "string", metavar = "DIR"},
  {"out", nil, "folder for the results (default: runs/l2_sweep/DATE-TIME)", kind = "string",
   metavar = "DIR"},
  {"no_plots", false, "draw no picture", once = true},
  table.unpack(cli.checkpoints),
}, arg)

local digits = cli.try("l2_sweep", nn.data.digits,
                       {train = opts.train, test = opts.test, dir = opts.data})
local x, y = nn.data.pixels(digits.train.images), digits.train.labels
local test_x, test_y = nn.data.pixels(digits.test.images), digits.test.labels

nn.manual_seed(opts.seed)
local model, inputs = nn.Sequential(), x:size(2)
for _, units in ipairs(opts.hidden) do
  model:add(nn.Linear(inputs, units))
  model:add(nn.ReLU())
  inputs = units
end
model:add(nn.Linear(inputs, 10))

local weights, biases = {}, {}
for _, layer in ipairs(model) do
  if layer.weight then
    weights[#weights + 1] = nn.init.he_normal_(layer.weight)
    biases[#biases + 1] = layer.bias
  end
end
local initial = model:state_dict({clone = true})
local optimizer = nn.optim.SGD({{params = weights}, {params = biases}}, {lr = opts.lr})

-- SGD's weight_decay w adds w * W to the gradient of W: that of the penalty lambda/(2m) * sum W^2.
local function begin(lambda)
  model:load_state_dict(initial)
  optimizer.groups[1].weight_decay = lambda / opts.train
end

local function result_of(lambda)
  return nn.no_grad(function()
    local scores, test_scores = model(x), model(test_x)
    return {
      lambda = lambda,
      train_accuracy = nn.metrics.accuracy(scores, y),
      test_accuracy = nn.metrics.accuracy(test_scores, test_y),
      train_loss = (nn.softmax_cross_entropy(scores, y)):item(),
      test_loss = (nn.softmax_cross_entropy(test_scores, test_y)):item(),
    }
  end)
end

local run <close> = cli.try("l2_sweep", nn.run, {
  name = "l2_sweep", dir = opts.resume or opts.out, resume = opts.resume ~= nil,
  config = {options = opts, data = digits.title},
  columns = {"lambda", "train_accuracy", "test_accuracy", "train_loss", "test_loss"},
})
local saver <close> = cli.try("l2_sweep", nn.checkpoint.saver, run:path("checkpoints"),
                              {model = model, optimizer = optimizer, run = run},
                              {every = opts.checkpoint_every, resume = opts.resume ~= nil})
local progress <close> = cli.progress {total = #opts.lambdas * opts.epochs, unit = "step"}
local history = run.history

local function show(i)
  progress:print(("%8g %15.2f%% %14.2f%% %12.4f %11.4f"):format(
    history.lambda[i], 100 * history.train_accuracy[i], 100 * history.test_accuracy[i],
    history.train_loss[i], history.test_loss[i]))
end

print(("%s: %d training images, %d test images, %d epochs"):format(digits.title, opts.train,
                                                                   opts.test, opts.epochs))
print("  lambda   train accuracy   test accuracy   train loss   test loss")
for i = 1, #history.lambda do show(i) end

-- One loop over all steps of all lambdas, so that a checkpoint may stand anywhere in it.
for step = saver.step + 1, #opts.lambdas * opts.epochs do
  local i, epoch = (step - 1) // opts.epochs + 1, (step - 1) % opts.epochs + 1
  if epoch == 1 then begin(opts.lambdas[i]) end
  optimizer:zero_grad()
  local loss = nn.softmax_cross_entropy(model(x), y)
  loss:backward()
  optimizer:step()
  if epoch == opts.epochs then
    run:log(result_of(opts.lambdas[i]))
    show(i)
  end
  progress:update(step)
  saver:update(step)
end
progress:finish()

local best = 1
for i, accuracy in ipairs(history.test_accuracy) do
  if accuracy > history.test_accuracy[best] then best = i end
end
print(("best test accuracy %.2f%% at lambda %g"):format(100 * history.test_accuracy[best],
                                                        history.lambda[best]))

-- lambda = 0 has no place on a logarithmic axis: it stands one step left of the smallest.
if not opts.no_plots then
  local smallest = math.huge
  for _, lambda in ipairs(opts.lambdas) do
    if lambda > 0 then smallest = math.min(smallest, lambda) end
  end
  local positions = {}
  for i, lambda in ipairs(history.lambda) do
    positions[i] = lambda > 0 and lambda or (smallest < math.huge and smallest / 10 or 1)
  end
  local drawn, message = nn.plot.lines(run:path("accuracy.png"), {
    x = positions, log_x = true, xlabel = "lambda (the leftmost point is 0)", ylabel = "accuracy",
    title = ("Accuracy against the L2 penalty (%s)"):format(digits.title),
    series = {{name = "train", y = history.train_accuracy},
              {name = "test", y = history.test_accuracy}}})
  if not drawn then io.stderr:write("no picture: ", message, "\n") end
end
print("results in " .. run.dir)

-- l2_sweep.lua - how strong should the L2 penalty be?
--
--   nnlua experiments/l2_sweep.lua [--lambdas 0,0.1,1,10,100] [--epochs 1500] [--out DIR]
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
  {"no_plots", false, "draw no picture"},
}, arg)

local digits = cli.try("l2_sweep", nn.data.digits,
                       {train = opts.train, test = opts.test, dir = opts.data})
local x, y = nn.data.pixels(digits.train.images), digits.train.labels
local test_x, test_y = nn.data.pixels(digits.test.images), digits.test.labels

local function build()
  nn.manual_seed(opts.seed)
  local model, inputs = nn.Sequential(), x:size(2)
  for _, units in ipairs(opts.hidden) do
    model:add(nn.Linear(inputs, units))
    model:add(nn.ReLU())
    inputs = units
  end
  model:add(nn.Linear(inputs, 10))
  for _, layer in ipairs(model) do
    if layer.weight then nn.init.he_normal_(layer.weight) end
  end
  return model
end

-- SGD's weight_decay w adds w * W to the gradient of W: that of the penalty lambda/(2m) * sum W^2.
local function train(lambda)
  local model, weights, biases = build(), {}, {}
  for _, layer in ipairs(model) do
    if layer.weight then
      weights[#weights + 1] = layer.weight
      biases[#biases + 1] = layer.bias
    end
  end
  local optimizer = nn.optim.SGD({{params = weights, weight_decay = lambda / opts.train},
                                  {params = biases}}, {lr = opts.lr})
  for _ = 1, opts.epochs do
    optimizer:zero_grad()
    local loss = nn.softmax_cross_entropy(model(x), y)
    loss:backward()
    optimizer:step()
  end
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
  name = "l2_sweep", dir = opts.out, config = {options = opts, data = digits.title},
  columns = {"lambda", "train_accuracy", "test_accuracy", "train_loss", "test_loss"},
})
local progress = cli.progress {total = #opts.lambdas, unit = "lambda"}
print(("%s: %d training images, %d test images, %d epochs"):format(digits.title, opts.train,
                                                                   opts.test, opts.epochs))
print("  lambda   train accuracy   test accuracy   train loss   test loss")
local best
for i, lambda in ipairs(opts.lambdas) do
  local result = train(lambda)
  run:log(result)
  progress:print(("%8g %15.2f%% %14.2f%% %12.4f %11.4f"):format(
    lambda, 100 * result.train_accuracy, 100 * result.test_accuracy, result.train_loss,
    result.test_loss))
  progress:update(i)
  if not best or result.test_accuracy > best.test_accuracy then best = result end
end
progress:finish()
print(("best test accuracy %.2f%% at lambda %g"):format(100 * best.test_accuracy, best.lambda))

-- lambda = 0 has no place on a logarithmic axis: it stands one step left of the smallest.
if not opts.no_plots then
  local smallest = math.huge
  for _, lambda in ipairs(opts.lambdas) do
    if lambda > 0 then smallest = math.min(smallest, lambda) end
  end
  local positions = {}
  for i, lambda in ipairs(run.history.lambda) do
    positions[i] = lambda > 0 and lambda or (smallest < math.huge and smallest / 10 or 1)
  end
  local drawn, message = nn.plot.lines(run:path("accuracy.png"), {
    x = positions, log_x = true, xlabel = "lambda (the leftmost point is 0)", ylabel = "accuracy",
    title = ("Accuracy against the L2 penalty (%s)"):format(digits.title),
    series = {{name = "train", y = run.history.train_accuracy},
              {name = "test", y = run.history.test_accuracy}}})
  if not drawn then io.stderr:write("no picture: ", message, "\n") end
end
print("results in " .. run.dir)

-- l2.lua - how strong should the L2 penalty be, and how sure is the answer?
--
--   nnlua sweep experiments/sweeps/l2.lua --jobs 2        all strengths, five networks each
--   nnlua experiments/sweeps/l2.lua --set lambda=30       one network
--
-- The reference network, 784-25-25-10, learns from few digits, so that a penalty matters. Five
-- networks that differ in their initial weights are trained for each lambda. Ends in accuracy.png:
-- accuracy against lambda, with the interval that holds the mean with 95% certainty.

local nn = require "nnlua"

local digits -- read once by each worker
local function data()
  digits = digits or assert(nn.data.digits {train = 1000, test = 2000})
  return digits.train.images:flatten(2), digits.train.labels, digits.test.images:flatten(2),
         digits.test.labels
end

local function train(trial, p)
  local x, y, test_x, test_y = data()
  local model = nn.Sequential(nn.Rescaling(1 / 255))
  local weights, biases, inputs = {}, {}, x:size(2)
  for i, outputs in ipairs {25, 25, 10} do
    local layer = nn.Linear(inputs, outputs)
    weights[i], biases[i] = nn.init.he_normal_(layer.weight), nn.init.zeros_(layer.bias)
    if i > 1 then model:add(nn.ReLU()) end
    model:add(layer)
    inputs = outputs
  end
  -- weight_decay w adds w W to the gradient of W: that of the penalty lambda/(2m) * sum W^2
  local optimizer = nn.optim.SGD({{params = weights, weight_decay = p.lambda / x:size(1)},
                                  {params = biases}}, {lr = p.lr})
  local criterion = nn.CrossEntropyLoss()
  local done = trial:checkpoint({model = model, optimizer = optimizer}, {every = 200})
  for epoch = done + 1, p.epochs do
    optimizer:zero_grad()
    local loss, correct = nn.backprop(model, criterion, x, y)
    optimizer:step()
    if epoch % 50 == 0 or epoch == p.epochs then
      local _, accuracy = nn.evaluate(model, criterion, test_x, test_y)
      trial:report(epoch, {test_accuracy = accuracy, train_accuracy = correct / x:size(1),
                           train_loss = loss:item()})
    end
  end
end

local function draw(results)
  local lambdas, mean, half = {}, {}, {}
  for i, configuration in ipairs(results.sorted("lambda")) do
    lambdas[i] = configuration.params.lambda
    mean[i], half[i] = configuration.mean, configuration.half or 0.0
    print(("lambda %8.4g  train %.4f  test %.4f ± %.4f"):format(lambdas[i],
      results.statistics(configuration, "train_accuracy"), mean[i], half[i]))
  end
  local path = results.dir .. "/accuracy.png"
  assert(nn.plot.lines(path, {
    x = lambdas, log_x = true, xlabel = "lambda", ylabel = "test accuracy",
    series = {{y = mean, errors = half, name = "mean of the seeds, 95% interval"}},
    title = ("Accuracy against the L2 penalty (%s)"):format(nn.data.digits {test = 1}.title)}))
  print("picture: " .. path)
end

return nn.sweep {
  name = "l2", metric = "test_accuracy", goal = "maximize",
  method = "grid", seeds = 5, seed = 42,
  parameters = {
    lambda = {min = 0.1, max = 100.0, log = true, points = 10},
    lr = 0.1,
    epochs = 1000,
  },
  run = train,
  finished = draw,
}

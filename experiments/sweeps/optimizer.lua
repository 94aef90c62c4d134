-- optimizer.lua - which optimizer wants which learning rate?
--
--   nnlua sweep experiments/sweeps/optimizer.lua --jobs 2
--   nnlua experiments/sweeps/optimizer.lua --set optimizer=adam lr=0.01
--
-- Every optimizer trains the reference network, 784-25-25-10, with every learning rate. Ends in
-- accuracy.png: a map of the test accuracy after the last epoch.

local nn = require "nnlua"

local MAKERS = {
  adagrad = nn.optim.Adagrad, adam = nn.optim.Adam, lion = nn.optim.Lion,
  momentum = function(parameters, options)
    return nn.optim.SGD(parameters, {lr = options.lr, momentum = 0.9})
  end,
  rmsprop = nn.optim.RMSprop, sgd = nn.optim.SGD,
}
local OPTIMIZERS = {"sgd", "momentum", "adagrad", "rmsprop", "adam", "lion"}

local digits -- read once by each worker
local function data()
  digits = digits or assert(nn.data.digits {train = 2000, test = 2000})
  return digits
end

local function train(trial, p)
  local set = data()
  local x, y = set.train.images:flatten(2), set.train.labels
  local test_x, test_y = set.test.images:flatten(2), set.test.labels
  local model = nn.Sequential(nn.Rescaling(1 / 255), nn.Linear(784, 25), nn.ReLU(),
                              nn.Linear(25, 25), nn.ReLU(), nn.Linear(25, 10))
  local optimizer = MAKERS[p.optimizer](model:parameters(), {lr = p.lr})
  local criterion = nn.CrossEntropyLoss()
  local loader = nn.data.loader {dataset = nn.data.TensorDataset(x, y), batch_size = 100,
                                 shuffle = true}
  local done = trial:checkpoint({model = model, optimizer = optimizer, loader = loader})
  for epoch = done + 1, p.epochs do
    for batch_x, batch_y in loader() do
      optimizer:zero_grad()
      nn.backprop(model, criterion, batch_x, batch_y)
      optimizer:step()
    end
    local loss, accuracy = nn.evaluate(model, criterion, test_x, test_y)
    trial:report(epoch, {test_accuracy = accuracy, test_loss = loss:item()})
  end
end

local function draw(results)
  local rates, columns, values = {}, {}, {}
  for _, configuration in ipairs(results.sorted("lr")) do
    local text = ("%.2g"):format(configuration.params.lr)
    if rates[#rates] ~= text then
      rates[#rates + 1] = text
      columns[text] = #rates
    end
  end
  local row_of = {}
  for i, name in ipairs(OPTIMIZERS) do row_of[name], values[i] = i, {} end
  for i in ipairs(OPTIMIZERS) do
    for j in ipairs(rates) do values[i][j] = 0.0 end
  end
  for _, configuration in ipairs(results.configurations) do
    local row = values[row_of[configuration.params.optimizer]]
    row[columns[("%.2g"):format(configuration.params.lr)]] = configuration.mean or 0.0
  end
  local path = results.dir .. "/accuracy.png"
  assert(nn.plot.heatmap(path, {
    values = values, row_labels = OPTIMIZERS, column_labels = rates, numbers = true,
    colormap = "viridis",
    xlabel = "learning rate", ylabel = "optimizer", value_label = "test accuracy",
    title = ("Test accuracy after training (%s)"):format(nn.data.digits {test = 1}.title)}))
  print("picture: " .. path)
end

return nn.sweep {
  name = "optimizer", metric = "test_accuracy", goal = "maximize", method = "grid", seed = 42,
  parameters = {
    optimizer = {values = OPTIMIZERS},
    lr = {min = 1e-4, max = 1.0, log = true, points = 9},
    epochs = 20,
  },
  run = train,
  finished = draw,
}

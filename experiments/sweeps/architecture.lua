-- architecture.lua - how wide and how deep should a network be that may train for a few seconds?
--
--   nnlua sweep experiments/sweeps/architecture.lua --jobs 2
--   nnlua experiments/sweeps/architecture.lua --set width=100 depth=2 seconds=10
--
-- Every network gets the same time, not the same number of epochs: a larger one sees the digits
-- less often. Only training counts, on the threads that a worker has, so that the answer is one
-- about this machine. Ends in accuracy.png: a map of the test accuracy.

local nn = require "nnlua"

local WIDTHS, DEPTHS = {10, 25, 50, 100, 200, 400}, {1, 2, 3, 4}

local digits -- read once by each worker
local function data()
  digits = digits or assert(nn.data.digits {train = 6000, test = 2000})
  return digits
end

local function train(trial, p)
  local set = data()
  local test_x, test_y = set.test.images:flatten(2), set.test.labels
  local model, inputs = nn.Sequential(nn.Rescaling(1 / 255)), 784
  for _ = 1, p.depth do
    model:add(nn.Linear(inputs, p.width))
    model:add(nn.ReLU())
    inputs = p.width
  end
  model:add(nn.Linear(inputs, 10))
  local optimizer = nn.optim.Adam(model:parameters(), {lr = p.lr})
  local criterion = nn.CrossEntropyLoss()
  local loader = nn.data.loader {
    dataset = nn.data.TensorDataset(set.train.images:flatten(2), set.train.labels),
    batch_size = 100, shuffle = true}
  local spent = {seconds = 0.0}
  local epoch = trial:checkpoint({model = model, optimizer = optimizer, loader = loader,
                                  extra = spent}, {every = 1})
  while spent.seconds < p.seconds do
    local start = nn.clock()
    for x, y in loader() do
      optimizer:zero_grad()
      nn.backprop(model, criterion, x, y)
      optimizer:step()
    end
    spent.seconds, epoch = spent.seconds + nn.clock() - start, epoch + 1
    local loss, accuracy = nn.evaluate(model, criterion, test_x, test_y)
    trial:report(epoch, {test_accuracy = accuracy, test_loss = loss:item(),
                         seconds = spent.seconds})
  end
end

local function draw(results)
  local values, row_of, column_of, least = {}, {}, {}, 1.0
  for j, width in ipairs(WIDTHS) do column_of[width] = j end
  for i, depth in ipairs(DEPTHS) do
    row_of[depth], values[i] = i, {}
    for j in ipairs(WIDTHS) do values[i][j] = 0.0 end
  end
  for _, configuration in ipairs(results.configurations) do
    local p = configuration.params
    values[row_of[p.depth]][column_of[p.width]] = configuration.mean or 0.0
    least = math.min(least, configuration.mean or 0.0)
  end
  local path = results.dir .. "/accuracy.png"
  assert(nn.plot.heatmap(path, {
    values = values, row_labels = DEPTHS, column_labels = WIDTHS, numbers = true,
    colormap = "viridis", range = {least, 1.0},
    xlabel = "units of a hidden layer", ylabel = "hidden layers",
    value_label = "test accuracy",
    title = ("Test accuracy after %g s (%s)"):format(results.definition.constants.seconds,
                                                    nn.data.digits {test = 1}.title)}))
  print("picture: " .. path)
end

return nn.sweep {
  name = "architecture", metric = "test_accuracy", goal = "maximize", method = "grid", seed = 42,
  parameters = {
    width = {values = WIDTHS},
    depth = {values = DEPTHS},
    lr = 0.003,
    seconds = 4.0,
  },
  run = train,
  finished = draw,
}

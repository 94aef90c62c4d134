-- spiral.lua - a small network winds its decision boundary around the arms of a spiral
--
--   nnlua experiments/spiral.lua [--classes 3] [--hidden 32,32] [--epochs 60] [--out DIR]
--   nnlua experiments/spiral.lua --checkpoint-every 10 --out DIR, then --resume DIR
--
-- Each class is one arm. After every epoch a picture of what the network thinks of the plane goes
-- into the run's folder, so that one can watch it learn.

local nn = require "nnlua"
local cli = require "nnlua.cli"

local opts = cli.parse("spiral", "Classifies the arms of a spiral.", {
  {"classes", 3, "arms", min = 2, max = 7},
  {"points", 150, "points of an arm", min = 10, max = 100000},
  {"noise", 0.04, "standard deviation of their distance from it", min = 0},
  {"turns", 1.0, "of each arm around the centre", above = 0},
  {"hidden", {32, 32}, "sizes of the hidden layers", min = 1},
  {"epochs", 120, "passes over the points", min = 1},
  {"batch", 32, "points in a batch", min = 1},
  {"lr", 0.005, "learning rate", above = 0},
  {"every", 1, "epochs between two pictures", min = 1},
  {"seed", 1, "of points, weights and shuffling", min = 0, max = 2 ^ 32 - 1},
  {"out", nil, "folder for the results (default: runs/spiral/DATE-TIME)", kind = "string",
   metavar = "DIR"},
  {"no_plots", false, "draw no pictures", once = true},
  table.unpack(cli.checkpoints),
}, arg)

nn.manual_seed(opts.seed)

-- Points of all arms [n,2] and their labels [n]: the radius grows with the angle.
local function spiral(points)
  local parts, labels = {}, {}
  for k = 1, opts.classes do
    local radius = nn.rand(points):sqrt()
    local angle = (radius * opts.turns + (k - 1) / opts.classes) * (2 * math.pi)
    local arm = nn.stack({radius * angle:cos(), radius * angle:sin()}, 2)
    parts[k] = arm + nn.randn(points, 2) * opts.noise
    labels[k] = nn.full({points}, k, {dtype = "int64"})
  end
  return nn.cat(parts), nn.cat(labels)
end

local x, y = spiral(opts.points)
local test_x, test_y = spiral(opts.points)

local model, inputs = nn.Sequential(), 2
for _, units in ipairs(opts.hidden) do
  model:add(nn.Linear(inputs, units)):add(nn.Tanh())
  inputs = units
end
model:add(nn.Linear(inputs, opts.classes))
print(model:summary {opts.batch, 2})

local criterion = nn.CrossEntropyLoss()
local optimizer = nn.optim.Adam(model:parameters(), {lr = opts.lr})
local train = nn.data.loader {dataset = nn.data.TensorDataset(x, y), batch_size = opts.batch,
                              shuffle = true}
local run <close> = cli.try("spiral", nn.run, {
  name = "spiral", dir = opts.resume or opts.out, resume = opts.resume ~= nil,
  config = {options = opts, nnlua = nn.version},
  columns = {"epoch", "train_loss", "test_loss", "test_accuracy"},
})
local saver <close> = cli.try("spiral", nn.checkpoint.saver, run:path("checkpoints"),
                              {model = model, optimizer = optimizer, run = run},
                              {every = opts.checkpoint_every, resume = opts.resume ~= nil})

local classes, draws = {}, not opts.no_plots
for k = 1, opts.classes do classes[k] = ("arm %d"):format(k) end

local function draw(epoch, accuracy)
  local ok, message = nn.plot.decision_boundary(run:path(("epoch_%04d.png"):format(epoch)), model, {
    points = x, labels = y, classes = classes, x_range = {-1.2, 1.2}, y_range = {-1.2, 1.2},
    title = ("epoch %d: %.1f%% of the test points right"):format(epoch, 100 * accuracy)})
  if not ok then
    draws = false
    io.stderr:write("no pictures: ", message, "\n")
  end
end

for epoch = saver.step + 1, opts.epochs do
  local total = 0
  for batch_x, batch_y in train() do
    optimizer:zero_grad()
    local loss = nn.backprop(model, criterion, batch_x, batch_y)
    optimizer:step()
    total = total + loss:item() * #batch_y
  end
  local train_loss = total / #y
  local test_loss, accuracy = nn.evaluate(model, criterion, test_x, test_y)
  run:log {epoch = epoch, train_loss = train_loss, test_loss = test_loss:item(),
           test_accuracy = accuracy}
  local ends = epoch == 1 or epoch == opts.epochs
  if ends or epoch % 10 == 0 then
    print(("epoch %3d  train loss %.4f  test loss %.4f  accuracy %.1f%%"):format(
      epoch, train_loss, test_loss:item(), 100 * accuracy))
  end
  if draws and (ends or epoch % opts.every == 0) then draw(epoch, accuracy) end
  saver:update(epoch)
end
print("results in " .. run.dir)

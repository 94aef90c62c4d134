-- mnist_best_mlp.lua - how far does a network of plain layers get on MNIST?
--
--   nnlua experiments/mnist_best_mlp.lua                98.6% of the test digits and more
--   nnlua experiments/mnist_best_mlp.lua --epochs 40 --hidden 1024,512
--   nnlua experiments/mnist_best_mlp.lua --checkpoint-every 1 --out DIR, then --resume DIR
--
-- What a multilayer perceptron cannot know is that a digit moved by a pixel is the same digit. So
-- it is shown: in every epoch each image stands somewhere else. AdamW and a learning rate that
-- falls along a cosine do the rest. The images stay bytes until the first layer: the step of nn.fit
-- is the fused one.

local nn = require "nnlua"
local cli = require "nnlua.cli"

local opts = cli.parse("mnist_best_mlp", "A multilayer perceptron on moved digits.", {
  {"epochs", 20, "passes over the training set", min = 1},
  {"batch", 128, "rows in a batch", min = 1},
  {"lr", 0.001, "learning rate at the start", above = 0},
  {"weight_decay", 0.01, "of AdamW", min = 0},
  {"shift", 2, "pixels by which images are moved at most", min = 0, max = 27},
  {"hidden", {512, 256}, "units of the hidden layers", min = 1},
  {"train", 60000, "training images", min = 1, max = 60000},
  {"test", 10000, "test images", min = 1, max = 10000},
  {"seed", 1, "of weights, shuffling and moving", min = 0, max = 2 ^ 32 - 1},
  {"data", nil, "folder of the MNIST files", kind = "string", metavar = "DIR"},
  {"out", nil, "folder for the results (default: runs/mnist_best_mlp/DATE-TIME)", kind = "string",
   metavar = "DIR"},
  {"no_plots", false, "draw no pictures", once = true},
  cli.live, table.unpack(cli.checkpoints),
}, arg)

nn.manual_seed(opts.seed)
local digits = cli.try("mnist_best_mlp", nn.data.digits,
                       {train = opts.train, test = opts.test, dir = opts.data})

local model, features = nn.Sequential(nn.Rescaling(1 / 255), nn.Flatten()), 28 * 28
for _, units in ipairs(opts.hidden) do
  local layer = nn.Linear(features, units)
  nn.init.he_normal_(layer.weight)
  nn.init.zeros_(layer.bias)
  model:add(layer):add(nn.ReLU())
  features = units
end
model:add(nn.Linear(features, #digits.classes))

local train = nn.data.loader {
  dataset = nn.data.TensorDataset(digits.train.images, digits.train.labels),
  batch_size = opts.batch, shuffle = true,
  transform = nn.data.transforms.random_shift {pixels = opts.shift},
}
local optimizer = nn.optim.AdamW(model:parameters(),
                                 {lr = opts.lr, weight_decay = opts.weight_decay})
local schedule = nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, opts.epochs * #train)

local run <close> = cli.try("mnist_best_mlp", nn.run, {
  name = "mnist_best_mlp", dir = opts.resume or opts.out, resume = opts.resume ~= nil,
  config = {options = opts, data = digits.title, nnlua = nn.version},
  columns = {"epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "lr"},
})

local function line(row)
  return ("epoch %2d  loss %.4f  accuracy %.2f%%  test loss %.4f  test accuracy %.2f%%  (%.1f s)")
    :format(row.epoch, row.loss, 100 * row.accuracy, row.validation_loss,
            100 * row.validation_accuracy, row.time)
end

print(("%s: %d training images, %d test images"):format(digits.title, opts.train, opts.test))
cli.try("mnist_best_mlp", nn.fit, {
  model = model, criterion = nn.CrossEntropyLoss(), optimizer = optimizer,
  schedule = {schedule, per = "step"},
  train = train, validation = {digits.test.images, digits.test.labels}, batch_size = 1000,
  epochs = opts.epochs, metrics = {accuracy = nn.metrics.accuracy},
  callbacks = {nn.fit.log(run, line), nn.fit.stop_on_nan()}, live = opts.live,
  checkpoint = cli.fit_checkpoint(opts, run:path("checkpoints"), #train),
})
cli.try("mnist_best_mlp", nn.io.save_safetensors, run:path("model.safetensors"), model:state_dict())

local function draw_pictures()
  local history = run.history
  for _, what in ipairs {"loss", "accuracy"} do
    assert(nn.plot.lines(run:path(what .. ".png"), {
      x = history.epoch, xlabel = "epoch", ylabel = what, title = ("%s (%s)"):format(
        what == "loss" and "Cross-entropy" or "Accuracy", digits.title),
      series = {{name = "train", y = history[what]},
                {name = "test", y = history["validation_" .. what]}},
    }))
  end
  assert(nn.figures.weights(run:path("weights.png"), model[3].weight[{ {1, 64} }], 28, 28,
                            "What the first 64 units look for"))
end
if not opts.no_plots then
  local drawn, message = pcall(draw_pictures)
  if not drawn then io.stderr:write("no pictures: ", message, "\n") end
end
print(("Final Test Accuracy: %.2f%% (%s); results in %s"):format(
  100 * run:last("validation_accuracy"), digits.title, run.dir))

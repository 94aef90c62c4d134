-- mnist_cnn.lua - a small convolutional network learns handwritten digits by mini-batches
--
--   nnlua experiments/mnist_cnn.lua                  99% of the test images in a few minutes
--   nnlua experiments/mnist_cnn.lua --epochs 3 --channels 8,16 --batch-size 128
--   nnlua experiments/mnist_cnn.lua --checkpoint-every 1 --out DIR, then --resume DIR
--   nnlua experiments/mnist_cnn.lua --help
--
-- Two convolutions, each with ReLU and 2x2 max pooling, and a linear layer, in the manner of LeNet;
-- Adam, with a learning rate that falls from epoch to epoch.

local nn = require "nnlua"
local cli = require "nnlua.cli"

local opts = cli.parse("mnist_cnn", "Trains a small convolutional network on MNIST.", {
  {"epochs", 8, "passes over the training images", min = 1},
  {"batch_size", 64, "images in a batch", min = 1},
  {"lr", 0.002, "learning rate of the first epoch", above = 0},
  {"decay", 0.7, "factor on the learning rate after every epoch", above = 0, max = 1},
  {"channels", {16, 32}, "channels of the two convolutions", min = 1},
  {"kernel", 5, "size of their kernels", min = 1, max = 7},
  {"train", 60000, "training images", min = 1, max = 60000},
  {"test", 10000, "test images", min = 1, max = 10000},
  {"seed", 42, "of the initial weights and the shuffling", min = 0, max = 2 ^ 32 - 1},
  {"threads", nn.get_num_threads(), "threads to use", min = 1, max = 1024},
  {"data", nil, "folder of the MNIST files", kind = "string", metavar = "DIR"},
  {"out", nil, "folder for the results (default: runs/mnist_cnn/DATE-TIME)", kind = "string",
   metavar = "DIR"},
  {"no_plots", false, "draw no pictures", once = true},
  cli.live, table.unpack(cli.checkpoints),
}, arg)
if #opts.channels ~= 2 then
  cli.fail("mnist_cnn", "'--channels': expected two numbers, as 16,32", 2)
end

nn.set_num_threads(opts.threads)
nn.manual_seed(opts.seed)
local started = nn.clock()

-- Images stay bytes, [n,1,28,28] with one channel; the labels 1..10 stand for the digits 0..9.
local digits = cli.try("mnist_cnn", nn.data.digits,
                       {train = opts.train, test = opts.test, dir = opts.data})
local train = nn.data.loader {
  dataset = nn.data.TensorDataset(digits.train.images:unsqueeze(2), digits.train.labels),
  batch_size = opts.batch_size, shuffle = true,
}

local model = nn.Sequential(
  nn.Rescaling(1 / 255),
  nn.Conv2d(1, opts.channels[1], opts.kernel), nn.ReLU(), nn.MaxPool2d(2),
  nn.Conv2d(opts.channels[1], opts.channels[2], opts.kernel), nn.ReLU(), nn.MaxPool2d(2),
  nn.Flatten())
local features = model:output_shape {1, 1, 28, 28} [2]
model:add(nn.Linear(features, #digits.classes))
local optimizer = nn.optim.Adam(model:parameters(), {lr = opts.lr})

print(("nnlua %s, %s: %d training and %d test images"):format(nn.version, digits.title, opts.train,
                                                             opts.test))
print(model:summary {opts.batch_size, 1, 28, 28})
print(("%d epochs, batches of %d, lr %g x %g per epoch, seed %d, %d threads"):format(
  opts.epochs, opts.batch_size, opts.lr, opts.decay, opts.seed, opts.threads))

-- Figures of digits that are not MNIST's say so wherever they stand.
local is_mnist = digits.source == "mnist"
local note = is_mnist and "" or (" (%s)"):format(digits.title)

local run <close> = cli.try("mnist_cnn", nn.run, {
  name = is_mnist and "mnist_cnn" or "mnist_cnn-synthetic", dir = opts.resume or opts.out,
  resume = opts.resume ~= nil,
  config = {options = opts, model = tostring(model), data = digits.title, nnlua = nn.version},
  columns = {"epoch", "lr", "loss", "accuracy", "validation_loss", "validation_accuracy"},
})

local function line(row)
  return ("epoch %2d  train loss %.4f  accuracy %.2f%%  test loss %.4f  accuracy %.2f%%%s  %.1f s")
    :format(row.epoch, row.loss, 100 * row.accuracy, row.validation_loss,
            100 * row.validation_accuracy, note, row.time)
end

-- The test images come 500 at a time: what a layer makes of all of them at once would be hundreds
-- of megabytes.
cli.try("mnist_cnn", nn.fit, {
  model = model, criterion = nn.CrossEntropyLoss(), optimizer = optimizer,
  schedule = nn.optim.lr_scheduler.ExponentialLR(optimizer, opts.decay),
  train = train, validation = {digits.test.images:unsqueeze(2), digits.test.labels},
  batch_size = 500, epochs = opts.epochs, metrics = {accuracy = nn.metrics.accuracy},
  callbacks = {nn.fit.log(run, line), nn.fit.stop_on_nan()}, live = opts.live,
  checkpoint = cli.fit_checkpoint(opts, run:path("checkpoints"), #train),
})

-- Which digits are taken for which, and those that the network got most wrong.
local test, parts = digits.test, {}
model:eval()
for first = 1, opts.test, 500 do
  local images = test.images[{ {first, math.min(first + 499, opts.test)} }]:unsqueeze(2)
  parts[#parts + 1] = nn.no_grad(function() return model(images) end)
end
local scores = nn.cat(parts, 1)
run:confusion(nn.metrics.ConfusionMatrix(digits.classes):update(scores, test.labels))
run:examples {images = test.images, labels = test.labels, scores = scores, classes = digits.classes}

print(("Final Test Accuracy: %.2f%%%s"):format(100 * run:last("validation_accuracy"), note))

cli.try("mnist_cnn", nn.io.save_safetensors, run:path("model.safetensors"), model:state_dict(),
        {data = digits.title})

local function draw_pictures()
  local history, about = run.history, (" (%s)"):format(digits.title)
  local function curves(name, what, column)
    return nn.plot.lines(run:path(name), {
      x = history.epoch, xlabel = "epoch", ylabel = what, title = what .. about,
      series = {{name = "train", y = history[column]},
                {name = "test", y = history["validation_" .. column]}}})
  end
  for _, extension in ipairs {".png", ".svg"} do
    assert(curves("costs" .. extension, "Cost", "loss"))
    assert(curves("accuracy" .. extension, "Accuracy", "accuracy"))
  end
  assert(nn.figures.weights(run:path("filters.png"), model[2].weight:flatten(2), opts.kernel,
                            opts.kernel, "What each filter of the first layer looks for" .. about))
end
if not opts.no_plots then
  local drawn, message = pcall(draw_pictures)
  if not drawn then io.stderr:write("no pictures: ", message, "\n") end
end

print(("Time: %.1f s; results in %s"):format(nn.clock() - started, run.dir))

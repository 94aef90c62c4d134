-- mnist_25x25.lua - a 784-25-25-10 network learns handwritten digits by full-batch gradient descent
--
--   nnlua experiments/mnist_25x25.lua                 the reference run: 5,000 epochs
--   nnlua experiments/mnist_25x25.lua --epochs 500 --hidden 50 --activation tanh
--   nnlua experiments/mnist_25x25.lua --checkpoint-every 500 --out DIR
--   nnlua experiments/mnist_25x25.lua --resume DIR    goes on from DIR's newest checkpoint
--   nnlua experiments/mnist_25x25.lua --help
--
-- With the default options every number agrees with the NumPy program that this experiment
-- reproduces: float64, He initialisation from NumPy's stream of seed 42, L2 penalty on the weights.

local nn = require "nnlua"
local cli = require "nnlua.cli"

local opts = cli.parse("mnist_25x25", "Trains a small network on MNIST, full batch.", {
  {"epochs", 5000, "steps of gradient descent", min = 1},
  {"lr", 0.01, "learning rate", above = 0},
  {"lambda", 10.0, "strength of the L2 penalty", min = 0},
  {"hidden", {25, 25}, "sizes of the hidden layers", min = 1},
  {"activation", "relu", "of the hidden layers", choices = {"relu", "sigmoid", "tanh"}},
  {"train", 6000, "training images", min = 1, max = 60000},
  {"test", 1000, "test images", min = 1, max = 10000},
  {"seed", 42, "of the initial weights", min = 0, max = 2 ^ 32 - 1},
  {"dtype", "float64", "of all computation", choices = {"float64", "float32"}},
  {"log_every", 500, "epochs between two printed lines", min = 1},
  {"threads", nn.get_num_threads(), "threads to use", min = 1, max = 1024},
  {"data", nil, "folder of the MNIST files", kind = "string", metavar = "DIR"},
  {"out", nil, "folder for the results (default: runs/mnist_25x25/DATE-TIME)", kind = "string",
   metavar = "DIR"},
  {"no_plots", false, "draw no pictures", once = true},
  cli.live, table.unpack(cli.checkpoints),
}, arg)

nn.set_num_threads(opts.threads)
local started = nn.clock()

-- The data: one row of pixels per image, bytes; the labels 1..10 stand for the digits 0..9.
local digits = cli.try("mnist_25x25", nn.data.digits,
                       {train = opts.train, test = opts.test, dir = opts.data})
local train, test = digits.train, digits.test
train.x, test.x = train.images:flatten(2), test.images:flatten(2)

-- The network: pixels in 0..1, linear layers with an activation between them. It ends in scores,
-- one per digit; softmax makes them probabilities.
local ACTIVATIONS = {relu = nn.ReLU, sigmoid = nn.Sigmoid, tanh = nn.Tanh}
local sizes = {train.x:size(2), table.unpack(opts.hidden)}
sizes[#sizes + 1] = #digits.classes

local model, linears = nn.Sequential(nn.Rescaling(1 / 255, {dtype = opts.dtype})), {}
for l = 1, #sizes - 1 do
  if l > 1 then model:add(ACTIVATIONS[opts.activation]()) end
  linears[l] = nn.Linear(sizes[l], sizes[l + 1], {dtype = opts.dtype})
  model:add(linears[l])
end

-- He's initialisation suits ReLU, Glorot's ("Xavier") the activations that saturate.
nn.manual_seed(opts.seed)
for _, linear in ipairs(linears) do
  local initialise = opts.activation == "relu" and nn.init.he_normal_ or nn.init.xavier_uniform_
  initialise(linear.weight)
  nn.init.zeros_(linear.bias)
end

-- lambda/(2m) times the sum of all squared weights (not the biases).
local function penalty(m)
  local sum = 0
  for _, linear in ipairs(linears) do
    sum = sum + nn.l2_penalty(linear.weight, opts.lambda / m)
  end
  return sum
end

print(("nnlua %s, %s: %d training and %d test images"):format(nn.version, digits.title, opts.train,
                                                             opts.test))
print(("Layers %s, %s, softmax; %s; %d threads"):format(table.concat(sizes, "-"), opts.activation,
                                                       opts.dtype, opts.threads))
print(("%d epochs, lr %g, lambda %g, seed %d"):format(opts.epochs, opts.lr, opts.lambda, opts.seed))

-- Figures of digits that are not MNIST's say so wherever they stand.
local is_mnist = digits.source == "mnist"
local note = is_mnist and "" or (" (%s)"):format(digits.title)

local run <close> = cli.try("mnist_25x25", nn.run, {
  name = is_mnist and "mnist_25x25" or "mnist_25x25-synthetic", dir = opts.resume or opts.out,
  resume = opts.resume ~= nil,
  config = {options = opts, layers = sizes, data = digits.title, nnlua = nn.version},
  columns = {"epoch", "train_cost", "train_ce", "train_accuracy",
             "test_cost", "test_ce", "test_accuracy", "l2_penalty"},
})

-- Is backpropagation right? Compare its gradient with finite differences of the same cost, on the
-- first images and a sample of the parameters, in float64 whatever the dtype.
local function gradient_difference()
  local m = math.min(opts.train, 50)
  local x, y = train.x[{ {1, m} }], train.labels[{ {1, m} }]
  model:to("float64")
  local _, report = nn.gradcheck(function()
    return (nn.softmax_cross_entropy(model(x), y)) + penalty(m)
  end, model:parameters(), {samples = 300})
  model:to(opts.dtype)
  return report.relative_difference
end
print(("Gradient Checking Difference: %.4g"):format(gradient_difference()))

-- The reference program's cost: binary cross-entropy summed over the ten outputs.
local function summed_cost(scores, y)
  return nn.summed_binary_cross_entropy(nn.softmax(scores), y):item()
end

-- weight_decay w adds w W to the gradient of W: with lambda/m, the gradient of the penalty.
local weights, biases = {}, {}
for l, linear in ipairs(linears) do weights[l], biases[l] = linear.weight, linear.bias end
local optimizer = nn.optim.SGD({{params = weights, weight_decay = opts.lambda / opts.train},
                                {params = biases}}, {lr = opts.lr})
local criterion = nn.CrossEntropyLoss()
local saver <close> = cli.try("mnist_25x25", nn.checkpoint.saver, run:path("checkpoints"),
                              {model = model, optimizer = optimizer, run = run},
                              {every = opts.checkpoint_every, resume = opts.resume ~= nil})

local progress <close> = cli.progress {
  total = opts.epochs, unit = "epoch", samples = opts.train, start = saver.step,
  curves = opts.live and {history = run.history, x = "epoch", y = {"train_cost", "test_cost"}}}

for epoch = saver.step, opts.epochs - 1 do
  optimizer:zero_grad()
  local cross_entropy, correct, scores = nn.backprop(model, criterion, train.x, train.labels)
  optimizer:step()

  -- As in the reference: the training figures are those before the step, with the penalty of the
  -- weights after it; the test figures are those of the updated network.
  local test_cross_entropy, test_accuracy, test_scores = nn.evaluate(model, criterion, test.x,
                                                                     test.labels)
  local l2 = penalty(opts.train):item()
  run:log {
    epoch = epoch,
    train_cost = summed_cost(scores, train.labels) + l2,
    train_ce = cross_entropy:item(),
    train_accuracy = correct / opts.train,
    test_cost = summed_cost(test_scores, test.labels) + penalty(opts.test):item(),
    test_ce = test_cross_entropy:item(),
    test_accuracy = test_accuracy,
    l2_penalty = l2,
  }
  local train_cost, test_cost = run:last("train_cost"), run:last("test_cost")
  if epoch % opts.log_every == 0 then
    progress:print(("Epoch %d, Train Cost: %.4f, Test Cost: %.4f%s"):format(epoch, train_cost,
                                                                            test_cost, note))
  end
  progress:update(epoch + 1, ("train cost %.4f"):format(train_cost))
  if train_cost ~= train_cost then
    cli.fail("mnist_25x25", ("the training cost is not a number after epoch %d; try a smaller --lr")
      :format(epoch))
  end
  saver:update(epoch + 1)
end
saver:close()
progress:finish()

local _, _, scores = nn.evaluate(model, criterion, test.x, test.labels)
run:confusion(nn.metrics.ConfusionMatrix(digits.classes):update(scores, test.labels))
run:examples {images = test.images, labels = test.labels, scores = scores, classes = digits.classes}

print(("Final Training Accuracy: %.2f%%%s"):format(100 * run:last("train_accuracy"), note))
print(("Final Test Accuracy: %.2f%%%s"):format(100 * run:last("test_accuracy"), note))

cli.try("mnist_25x25", nn.io.save_safetensors, run:path("model.safetensors"), model:state_dict(),
                       {data = digits.title, layers = table.concat(sizes, "-"),
                        activation = opts.activation})

local function draw_pictures()
  local history, about = run.history, (" (%s, %s)"):format(digits.title, table.concat(sizes, "-"))
  local function curves(name, what, train_curve, test_curve)
    return nn.plot.lines(run:path(name), {
      x = history.epoch, xlabel = "epoch", ylabel = what, title = what .. about,
      series = {{name = "train", y = train_curve}, {name = "test", y = test_curve}}})
  end
  for _, extension in ipairs {".png", ".svg"} do
    assert(curves("costs" .. extension, "Cost", history.train_cost, history.test_cost))
    assert(curves("accuracy" .. extension, "Accuracy", history.train_accuracy,
                  history.test_accuracy))
    assert(nn.figures.activations(run:path("activations" .. extension), model, test,
                                  digits.classes, "What each layer does with a digit" .. about))
  end
  assert(nn.figures.weights(run:path("weights.png"), linears[1].weight, 28, 28,
                            "What each unit of the first layer looks for" .. about))
end
if not opts.no_plots then
  local drawn, message = pcall(draw_pictures)
  if not drawn then io.stderr:write("no pictures: ", message, "\n") end
end

print(("Time: %.1f s; results in %s"):format(nn.clock() - started, run.dir))

-- reference_spec.lua - the reference job, number for number, at settings nobody tuned.
--
-- tests/fixtures/make_reference.py is an independent NumPy program for the same job; its metrics
-- are compared row by row: with a loop over primitives, with modules and autograd, and with the
-- experiment script. The data is made up from the random stream; MNIST as well where it is at hand.

local nn = require "nnlua"
local support = require "tests.spec.support"

local recorded = support.fixture("reference")

-- Costs differ only by the order of their sums; 20 epochs keep that below 1e-10.
local TOLERANCE = {rtol = 1e-10, atol = 1e-13}

local data = {}

-- Pixels [n,784] in 0..255 and labels 1..10 of both splits, as make_reference.py makes them up.
function data.made_up(run)
  local g = nn.Generator(7)
  local options = {dtype = "float64", generator = g}
  local train = (nn.rand(run.train, 784, options) * 256):floor()
  local test = (nn.rand(run.test, 784, options) * 256):floor()
  return {
    train = {images = train, labels = nn.randint(0, 10, run.train, {generator = g}) + 1},
    test = {images = test, labels = nn.randint(0, 10, run.test, {generator = g}) + 1},
  }
end

-- The first 300 of both splits, read once; false where the MNIST files are not at hand.
local mnist

local function mnist_at_hand()
  if mnist == nil then
    local ok, found = pcall(nn.data.mnist, {train = 300, test = 300})
    mnist = ok and found and found.source == "mnist" and found
  end
  return mnist
end

function data.mnist(run)
  local function first(split, n)
    return {images = split.images[{ {1, n} }], labels = split.labels[{ {1, n} }]}
  end
  return {train = first(mnist.train, run.train), test = first(mnist.test, run.test)}
end

-- Pixels are divided by 255 in float32, then everything is float64.
local function inputs(split)
  local images = split.images
  return (images:reshape(images:size(1), 784):to("float32") / 255):to("float64"), split.labels
end

local activations = {
  relu = {nn.relu, function(dy, x) return nn.relu_backward(dy, x) end},
  sigmoid = {nn.sigmoid, function(dy, _, y) return nn.sigmoid_backward(dy, y) end},
  tanh = {nn.tanh, function(dy, _, y) return nn.tanh_backward(dy, y) end},
}

local function widths(run)
  local sizes = {784}
  table.move(run.hidden, 1, #run.hidden, 2, sizes)
  sizes[#sizes + 1] = 10
  return sizes
end

-- Cost without penalty, cross-entropy and accuracy of the scores.
local function measure(scores, labels)
  local p = nn.softmax(scores)
  return nn.summed_binary_cross_entropy(p, labels):item(),
    nn.softmax_cross_entropy(scores, labels):item(),
    p:argmax(2):eq(labels):to("float64"):mean():item()
end

local function compare(row, expected, epoch)
  support.close(row, expected, "epoch " .. epoch - 1, TOLERANCE)
end

local function by_primitives(run, set)
  local x, labels = inputs(set.train)
  local x_test, labels_test = inputs(set.test)
  local activate, slope = table.unpack(activations[run.activation])
  local sizes, g = widths(run), nn.Generator(run.seed)
  local W, b = {}, {}
  for l = 1, #sizes - 1 do
    local inward, outward = sizes[l], sizes[l + 1]
    local options = {dtype = "float64", generator = g}
    if run.activation == "relu" then
      W[l] = nn.randn(outward, inward, options) * math.sqrt(2 / inward)
    else
      local limit = math.sqrt(6 / (inward + outward))
      W[l] = nn.rand(outward, inward, options) * (2 * limit) - limit
    end
    b[l] = nn.zeros(outward, {dtype = "float64"})
  end
  local function forward(input)
    local z, a = {}, {[0] = input}
    for l = 1, #W do
      z[l] = nn.linear(a[l - 1], W[l], b[l])
      a[l] = l < #W and activate(z[l]) or nil
    end
    return z, a
  end
  for epoch = 1, run.epochs do
    local z, a = forward(x)
    local cost, ce, accuracy = measure(z[#W], labels)
    local _, dz = nn.softmax_cross_entropy(z[#W], labels)
    local penalty, squares = 0, run.lambda / run.train
    for l = #W, 1, -1 do
      local da, dW, db = nn.linear_backward(dz, a[l - 1], W[l], {input = l > 1})
      if l > 1 then
        dz = slope(da, z[l - 1], a[l - 1])
      end
      local _, decay = nn.l2_penalty(W[l], squares)
      W[l] = W[l] - (dW + decay) * run.lr
      b[l] = b[l] - db * run.lr
      penalty = penalty + nn.l2_penalty(W[l], squares):item()
    end
    z = forward(x_test)
    local cost_test, ce_test, accuracy_test = measure(z[#W], labels_test)
    compare({cost + penalty, ce, accuracy, cost_test + penalty * run.train / run.test, ce_test,
      accuracy_test, penalty}, run.rows[epoch], epoch)
  end
end

local function by_modules(run, set)
  local x, labels = inputs(set.train)
  local x_test, labels_test = inputs(set.test)
  local classes = {relu = nn.ReLU, sigmoid = nn.Sigmoid, tanh = nn.Tanh}
  local sizes, g = widths(run), nn.Generator(run.seed)
  local layers, weights, biases = {}, {}, {}
  for l = 1, #sizes - 1 do
    local layer = nn.Linear(sizes[l], sizes[l + 1], {dtype = "float64"})
    local fill = run.activation == "relu" and nn.init.he_normal_ or nn.init.xavier_uniform_
    fill(layer.weight, {generator = g})
    nn.init.zeros_(layer.bias)
    layers[#layers + 1] = layer
    layers[#layers + 1] = l < #sizes - 1 and classes[run.activation]() or nil
    weights[l], biases[l] = layer.weight, layer.bias
  end
  local model = nn.Sequential(table.unpack(layers))
  local criterion = nn.CrossEntropyLoss()
  local decay = run.lambda / run.train
  local opt = nn.optim.SGD({{params = weights, weight_decay = decay}, {params = biases}},
    {lr = run.lr})
  for epoch = 1, run.epochs do
    local scores = model(x)
    local cost, ce, accuracy = measure(scores:detach(), labels)
    opt:zero_grad()
    criterion(scores, labels):backward()
    opt:step()
    nn.no_grad(function()
      local penalty = 0
      for _, W in ipairs(weights) do
        penalty = penalty + nn.l2_penalty(W:detach(), decay):item()
      end
      local cost_test, ce_test, accuracy_test = measure(model(x_test):detach(), labels_test)
      compare({cost + penalty, ce, accuracy, cost_test + penalty * run.train / run.test, ce_test,
        accuracy_test, penalty}, run.rows[epoch], epoch)
    end)
  end
end

for _, source in ipairs(mnist_at_hand() and {"made_up", "mnist"} or {"made_up"}) do
  describe("the reference job on " .. source:gsub("_", "-") .. " data", function()
    for i, run in ipairs(recorded[source]) do
      it("gives NumPy's metrics through primitives: " .. run.name, function()
        by_primitives(run, data[source](run))
      end)
      if i % 3 == 0 then
        it("gives NumPy's metrics through modules and autograd: " .. run.name, function()
          by_modules(run, data[source](run))
        end)
      end
    end
  end)
end

-- The script as a user runs it: settings by option, metrics from the file it writes.
local function metrics(path)
  local rows, header = {}, nil
  for line in io.lines(path) do
    if header then
      local row = {}
      for value in line:gmatch("[^,]+") do
        row[#row + 1] = tonumber(value)
      end
      rows[#rows + 1] = row
    else
      header = line
    end
  end
  return header, rows
end

describe("experiments/mnist_25x25.lua", function()
  local program = os.getenv("NNLUA") or "./nnlua"

  for _, at in ipairs(mnist_at_hand() and {2, 4, 9} or {}) do
    local run = recorded.mnist[at]
    it("writes NumPy's metrics: " .. run.name, function()
      local out = os.tmpname()
      os.remove(out)
      local command = string.format(
        "%s experiments/mnist_25x25.lua --epochs %d --lr %.17g --lambda %.17g --hidden %s "
          .. "--activation %s --train %d --test %d --seed %d --out %s --no-plots >%s.log 2>&1",
        program, run.epochs, run.lr, run.lambda, table.concat(run.hidden, ","), run.activation,
        run.train, run.test, run.seed, out, out)
      local ok = os.execute(command)
      finally(function()
        os.execute(string.format("rm -rf '%s' '%s.log'", out, out))
      end)
      if not ok then
        local log = assert(io.open(out .. ".log"))
        local text = log:read("a")
        log:close()
        support.fail(nil, "the script failed: %s", text)
      end
      local header, rows = metrics(out .. "/metrics.csv")
      assert.are.equal("epoch," .. table.concat(recorded.columns, ","), header)
      assert.are.equal(run.epochs, #rows)
      for epoch, row in ipairs(rows) do
        assert.are.equal(epoch - 1, table.remove(row, 1))
        compare(row, run.rows[epoch], epoch)
      end
    end)
  end
end)

-- by_hand.lua - backpropagation written out: matrix products and element operations, no autograd
--
--   nnlua experiments/by_hand.lua [--epochs 100] [--train 6000] [--test 1000]
--
-- The reference job of mnist_25x25.lua the way its NumPy original does it. Every line of the
-- backward pass is one line of the derivation; the printed costs are those of mnist_25x25.lua.

local nn = require "nnlua"
local cli = require "nnlua.cli"

local opts = cli.parse("by_hand", "The reference network with its backward pass written out.", {
  {"epochs", 100, "steps of gradient descent", min = 1},
  {"lr", 0.01, "learning rate", above = 0},
  {"lambda", 10.0, "strength of the L2 penalty", min = 0},
  {"hidden", {25, 25}, "sizes of the hidden layers", min = 1},
  {"train", 6000, "training images", min = 1, max = 60000},
  {"test", 1000, "test images", min = 1, max = 10000},
  {"seed", 42, "of the initial weights", min = 0, max = 2 ^ 32 - 1},
  {"log_every", 10, "epochs between two printed lines", min = 1},
  {"data", nil, "folder of the MNIST files", kind = "string", metavar = "DIR"},
}, arg)

local float64 = {dtype = "float64"}
local digits = cli.try("by_hand", nn.data.digits,
                       {train = opts.train, test = opts.test, dir = opts.data})

-- x: (m, 784), one image per row; Y: (m, 10), a 1 in the column of the right digit.
local function prepare(split)
  local x, y = nn.data.pixels(split.images, float64), split.labels
  return x, nn.eye(10, float64)[y], y
end
local x, Y, y = prepare(digits.train)
local test_x, test_Y, test_y = prepare(digits.test)
local m, test_m = opts.train, opts.test

print(("%s: %d training and %d test images"):format(digits.title, m, test_m))

-- W[l]: (units of layer l, units of layer l-1), He-initialised; b[l]: zeros.
nn.manual_seed(opts.seed)
local sizes = {784, table.unpack(opts.hidden)}
sizes[#sizes + 1] = 10
local L = #sizes - 1
local W, b = {}, {}
for l = 1, L do
  W[l] = nn.randn(sizes[l + 1], sizes[l], float64) * math.sqrt(2 / sizes[l])
  b[l] = nn.zeros(sizes[l + 1], float64)
end

-- A[0] is the input, A[l] = relu(Z[l]) with Z[l] = A[l-1] W[l]^T + b[l]; A[L] are probabilities.
local function forward(input)
  local A, Z = {[0] = input}, {}
  for l = 1, L do
    Z[l] = A[l - 1]:matmul(W[l]:t()) + b[l]
    A[l] = l < L and Z[l]:relu() or nn.softmax(Z[l])
  end
  return A, Z
end

-- Binary cross-entropy summed over the ten outputs, plus the L2 penalty.
local function cost(P, targets, count)
  local sum = nn.where(targets:gt(0), P:log(), (1 - P):log()):sum():item()
  local squares = 0
  for l = 1, L do squares = squares + W[l]:square():sum():item() end
  return -sum / count + opts.lambda / (2 * count) * squares
end

local function accuracy(P, labels)
  return P:argmax(2):eq(labels):to("float64"):mean():item()
end

for epoch = 0, opts.epochs - 1 do
  local A, Z = forward(x)

  -- Backward, from the last layer to the first. dZ is the gradient of the summed cross-entropy.
  local dZ, dW, db = A[L] - Y, {}, {}
  for l = L, 1, -1 do
    dW[l] = dZ:t():matmul(A[l - 1]) / m
    db[l] = dZ:sum(1) / m
    if l > 1 then dZ = dZ:matmul(W[l]) * Z[l - 1]:gt(0) end
  end

  for l = 1, L do
    W[l] = W[l] - opts.lr * (dW[l] + opts.lambda / m * W[l])
    b[l] = b[l] - opts.lr * db[l]
  end

  if epoch % opts.log_every == 0 or epoch == opts.epochs - 1 then
    local P = forward(test_x)[L]
    print(("Epoch %d, Train Cost: %.4f, Test Cost: %.4f"):format(epoch, cost(A[L], Y, m),
                                                                 cost(P, test_Y, test_m)))
    print(("  accuracy: train %.2f%%, test %.2f%%"):format(100 * accuracy(A[L], y),
                                                           100 * accuracy(P, test_y)))
  end
end

-- reference.lua - job a in nnlua: full-batch epochs of 784-25-25-10 with all metrics in each
--
--   nnlua bench/reference.lua DATA DTYPE EPOCHS [zeros]
--
-- "zeros" keeps nnlua from leaving the zeros among the pixels out: each is raised to 1e-30.
-- Prints "epoch K COST TEST_COST ACCURACY TEST_ACCURACY" of the first and the last epoch, "seconds"
-- per epoch behind the first, and the "memory" peak in bytes.

local nn = require "nnlua"

local dir, dtype, epochs = arg[1], arg[2], math.tointeger(arg[3])
local least = arg[4] == "zeros" and 1e-30 or 0
local LR, LAMBDA = 0.01, 10

local digits = assert(nn.data.mnist {train = 6000, test = 1000, dir = dir})
local train, test = digits.train, digits.test
local x, test_x = train.images:flatten(2), test.images:flatten(2)

nn.manual_seed(42)
local model = nn.Sequential(nn.Rescaling(1 / 255, {offset = least, dtype = dtype}),
                            nn.Linear(784, 25, {dtype = dtype}), nn.ReLU(),
                            nn.Linear(25, 25, {dtype = dtype}), nn.ReLU(),
                            nn.Linear(25, 10, {dtype = dtype}))
nn.manual_seed(42)
local weights, biases = {}, {}
for i = 2, 6, 2 do
  weights[#weights + 1] = nn.init.he_normal_(model[i].weight)
  biases[#biases + 1] = nn.init.zeros_(model[i].bias)
end

local criterion = nn.CrossEntropyLoss()
local optimizer = nn.optim.SGD({{params = weights, weight_decay = LAMBDA / #x},
                                {params = biases}}, {lr = LR})

-- The reference's cost: binary cross-entropy summed over the outputs.
local function cost(scores, y)
  return nn.summed_binary_cross_entropy(nn.softmax(scores), y):item()
end

local function squared_weights()
  local sum = 0
  for _, W in ipairs(weights) do sum = sum + nn.l2_penalty(W, 2):item() end
  return sum
end

local function run_epoch()
  optimizer:zero_grad()
  local _, correct, scores = nn.backprop(model, criterion, x, train.labels)
  optimizer:step()
  local _, test_accuracy, test_scores = nn.evaluate(model, criterion, test_x, test.labels)
  local squares = nn.no_grad(squared_weights)
  return cost(scores, train.labels) + LAMBDA / (2 * #x) * squares,
         cost(test_scores, test.labels) + LAMBDA / (2 * #test_x) * squares,
         correct / #x, test_accuracy
end

print("epoch", 0, run_epoch())
local started, metrics = nn.clock(), nil
for _ = 1, epochs - 1 do metrics = {run_epoch()} end
print("seconds", (nn.clock() - started) / (epochs - 1))
print("epoch", epochs - 1, table.unpack(metrics))

for line in io.lines("/proc/self/status") do
  local kib = line:match("^VmHWM:%s+(%d+)")
  if kib then print("memory", kib * 1024) end
end

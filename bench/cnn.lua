-- cnn.lua - job g in nnlua: an epoch of shuffled mini-batches of images, a network like LeNet, Adam
--
--   nnlua bench/cnn.lua DATA CHANNELS KERNEL BATCH SAMPLES        (CHANNELS: as 16,32)
--
-- Prints the "seconds" of an epoch of SAMPLES images out of 60,000 and "loss" and "accuracy" of
-- the test images after it. Ten steps before the clock starts warm up.

local nn = require "nnlua"

local dir, first, second = arg[1], arg[2]:match "^(%d+),(%d+)$"
local kernel, batch = math.tointeger(arg[3]), math.tointeger(arg[4])
local samples = math.tointeger(arg[5])
first, second = math.tointeger(first), math.tointeger(second)

local digits = assert(nn.data.mnist {dir = dir})
local x, y = digits.train.images:unsqueeze(2), digits.train.labels
local test_x, test_y = digits.test.images:unsqueeze(2), digits.test.labels

nn.manual_seed(1)
local model = nn.Sequential(
  nn.Rescaling(1 / 255),
  nn.Conv2d(1, first, kernel), nn.ReLU(), nn.MaxPool2d(2),
  nn.Conv2d(first, second, kernel), nn.ReLU(), nn.MaxPool2d(2),
  nn.Flatten())
model:add(nn.Linear(model:output_shape({1, 1, 28, 28})[2], #digits.classes))
local criterion = nn.CrossEntropyLoss()
local optimizer = nn.optim.Adam(model:parameters(), {lr = 1e-3})

local function run_epoch(count)
  local order = nn.randperm(#x)
  for start = 1, count, batch do
    local rows = order[{ {start, math.min(start + batch - 1, count)} }]
    optimizer:zero_grad()
    nn.backprop(model, criterion, x[rows], y[rows])
    optimizer:step()
  end
end

run_epoch(math.min(10 * batch, samples))
local started = nn.clock()
run_epoch(samples)
print("seconds", nn.clock() - started)

local loss_sum, correct = 0, 0
for start = 1, #test_x, 500 do
  local rows = { {start, math.min(start + 499, #test_x)} }
  local loss, accuracy = nn.evaluate(model, criterion, test_x[rows], test_y[rows])
  loss_sum = loss_sum + loss:item() * (rows[1][2] - start + 1)
  correct = correct + accuracy * (rows[1][2] - start + 1)
end
print("loss", loss_sum / #test_x)
print("accuracy", correct / #test_x)

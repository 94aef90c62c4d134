-- train.lua - jobs b, c, d in nnlua: an epoch of shuffled mini-batches, Adam
--
--   nnlua bench/train.lua DATA HIDDEN BATCH SAMPLES        (HIDDEN: sizes, as 1024,1024)
--
-- Prints the "seconds" of an epoch of SAMPLES images out of 60,000 and "loss" and "accuracy" of
-- the test images after it. Ten steps before the clock starts warm up.

local nn = require "nnlua"

local dir, hidden = arg[1], arg[2]
local batch, samples = math.tointeger(arg[3]), math.tointeger(arg[4])

local digits = assert(nn.data.mnist {dir = dir})
local x, y = digits.train.images:flatten(2), digits.train.labels
local test_x, test_y = digits.test.images:flatten(2), digits.test.labels

nn.manual_seed(1)
local model, features = nn.Sequential(nn.Rescaling(1 / 255)), x:size(2)
for size in hidden:gmatch "%d+" do
  size = math.tointeger(size)
  model:add(nn.Linear(features, size)):add(nn.ReLU())
  features = size
end
model:add(nn.Linear(features, #digits.classes))
local criterion = nn.CrossEntropyLoss()
local optimizer = nn.optim.Adam(model:parameters(), {lr = 1e-3})

local function run_epoch(count)
  local order = nn.randperm(#x)
  for first = 1, count, batch do
    local rows = order[{ {first, math.min(first + batch - 1, count)} }]
    optimizer:zero_grad()
    nn.backprop(model, criterion, x[rows], y[rows])
    optimizer:step()
  end
end

run_epoch(math.min(10 * batch, samples))
local started = nn.clock()
run_epoch(samples)
print("seconds", nn.clock() - started)

local loss, accuracy = nn.evaluate(model, criterion, test_x, test_y)
print("loss", loss:item())
print("accuracy", accuracy)

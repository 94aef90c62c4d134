-- backprop_microscope.lua - backpropagation one layer at a time, on one digit, with all its numbers
--
--   nnlua experiments/backprop_microscope.lua [--sample 1] [--hidden 16] [--activation tanh]
--   nnlua experiments/backprop_microscope.lua --mistake sign       plants a wrong backward pass
--   nnlua experiments/backprop_microscope.lua --epochs 200         looks again after training
--
-- One image goes through the network; every step forward and back is printed with its formula,
-- computed by hand from matrix products and compared with what autograd found. nn.inspect then
-- looks at the whole network and checks its gradients. With --mistake the first layer's backward
-- pass holds a classic error; the check must find it.

local nn = require "nnlua"
local cli = require "nnlua.cli"

local opts = cli.parse("backprop_microscope", "Steps one digit through a network and back.", {
  {"sample", 1, "which training image", min = 1, max = 60000},
  {"hidden", {16}, "sizes of the hidden layers", min = 1},
  {"activation", "relu", "of the hidden layers", choices = {"relu", "sigmoid", "tanh"}},
  {"mistake", "none", "in the first layer's backward pass",
   choices = {"none", "sign", "factor", "bias", "transpose"}},
  {"epochs", 0, "steps of training before the second look; 0: no second look", min = 0},
  {"train", 1000, "training images", min = 1, max = 60000},
  {"lr", 0.1, "learning rate", above = 0},
  {"seed", 1, "of the initial weights", min = 0, max = 2 ^ 32 - 1},
  {"data", nil, "folder of the MNIST files", kind = "string", metavar = "DIR"},
  {"out", nil, "folder for the results (default: runs/backprop_microscope/DATE-TIME)",
   kind = "string", metavar = "DIR"},
  {"no_plots", false, "draw no pictures", once = true},
}, arg)

-- A linear layer whose backward pass is written out, rightly or not.
-- x: (N, in), W: (out, in), b: (out), dy: (N, out).
local linear = nn.Function {
  name = "linear by hand",
  forward = function(ctx, x, W, b)
    ctx:save(x, W)
    return x:matmul(W:t()) + b
  end,
  backward = function(ctx, dy)
    local x, W = ctx.saved[1], ctx.saved[2]
    local dx, dW, db = dy:matmul(W), dy:t():matmul(x), dy:sum(1)
    if opts.mistake == "sign" then dW = -dW end
    if opts.mistake == "factor" then dW = dW / x:size(1) + dW end -- averaged and summed
    if opts.mistake == "bias" then db = db * 0 end
    if opts.mistake == "transpose" then dW = x:t():matmul(dy):reshape(W:size(1), W:size(2)) end
    return dx, dW, db
  end,
}

local HandMade = nn.class("HandMade", nn.Module)

function HandMade:init(inputs, outputs, given)
  local layer = nn.Linear(inputs, outputs, given)
  self.weight = layer.weight
  self.bias = layer.bias
end

function HandMade:forward(x) return linear(x, self.weight, self.bias) end

function HandMade:__tostring()
  return ("Linear %d→%d, %s"):format(self.weight:size(2), self.weight:size(1),
                                    opts.mistake == "none" and "by hand" or "by hand, wrong")
end

local float64 = {dtype = "float64"}
local digits = cli.try("backprop_microscope", nn.data.digits,
                       {train = math.max(opts.train, opts.sample), test = 1, dir = opts.data})
local pixels, labels = nn.data.pixels(digits.train.images, float64), digits.train.labels

nn.manual_seed(opts.seed)
local ACTIVATIONS = {relu = nn.ReLU, sigmoid = nn.Sigmoid, tanh = nn.Tanh}
local model, inputs = nn.Sequential(), pixels:size(2)
for i, units in ipairs(opts.hidden) do
  model:add(i == 1 and HandMade(inputs, units, float64) or nn.Linear(inputs, units, float64))
  model:add(ACTIVATIONS[opts.activation]())
  inputs = units
end
model:add(nn.Linear(inputs, #digits.classes, float64))

-- The first few numbers of a tensor, and its shape.
local function show(what, t)
  local flat, cells = t:detach():reshape(t:numel()), {}
  for i = 1, math.min(flat:numel(), 6) do cells[i] = ("%8.4f"):format(flat[i]:item()) end
  print(("  %-26s %s%s  [%s]"):format(what, table.concat(cells, " "),
                                      flat:numel() > 6 and " ..." or "",
                                      table.concat(t:shape(), ",")))
end

local x, y = pixels[{ {opts.sample, opts.sample} }], labels[{ {opts.sample, opts.sample} }]
print(("%s, training image %d: a %s"):format(digits.title, opts.sample,
                                             digits.classes[y[1]:item()]))

print("\nForward: each layer's output is the next one's input")
local A = {[0] = x} -- A[l]: what layer l gives, (1, units)
for l, layer in ipairs(model) do
  A[l] = layer(A[l - 1]):detach()
  show(layer.weight and ("z%d = a%d W' + b"):format(l, l - 1)
       or ("a%d = %s(z%d)"):format(l, opts.activation, l - 1), A[l])
end
local L = #model
local p = nn.softmax(A[L])
show("p = softmax(z" .. L .. ")", p)
local answer = p:reshape(p:numel())[y[1]:item()]:item()
print(("  loss = -log p[%s] = %.6f"):format(digits.classes[y[1]:item()], -math.log(answer)))

print("\nBackward: the gradient of the loss, from the last layer to the first")
local truth = {} -- what autograd finds, by parameter
nn.CrossEntropyLoss()(model(x), y):backward()
for _, parameter in ipairs(model:parameters()) do
  truth[parameter], parameter.grad = parameter.grad, nil
end

local SLOPES = {
  relu = function(a) return a:gt(0):to("float64") end,
  sigmoid = function(a) return a * (1 - a) end,
  tanh = function(a) return 1 - a * a end,
}
local SLOPE_TEXTS = {relu = "(a%d > 0)", sigmoid = "a%d (1 - a%d)", tanh = "(1 - a%d²)"}
local worst = 0

local function compare(what, by_hand, parameter)
  local off = (by_hand - truth[parameter]):abs():max():item()
  worst = math.max(worst, off)
  show(what, by_hand)
  if off > 1e-12 then print(("  %26s autograd differs by up to %.2g"):format("", off)) end
end

local d = p - nn.eye(#digits.classes, float64)[y] -- dL/dz of softmax and cross-entropy together
show(("dz%d = p - onehot"):format(L), d)
for l = L, 1, -1 do
  local layer = model[l]
  if layer.weight then
    compare(("dW%d = dz%d' a%d"):format(l, l, l - 1), d:t():matmul(A[l - 1]), layer.weight)
    compare(("db%d = dz%d, summed"):format(l, l), d:sum(1), layer.bias)
    d = d:matmul(layer.weight:detach())
    if l > 1 then show(("da%d = dz%d W"):format(l - 1, l), d) end
  else
    d = d * SLOPES[opts.activation](A[l])
    show(("dz%d = da%d %s"):format(l - 1, l, SLOPE_TEXTS[opts.activation]:gsub("%%d", l)), d)
  end
end
print(("  largest difference from autograd: %.2g"):format(worst))

local run <close> = cli.try("backprop_microscope", nn.run, {
  name = "backprop_microscope", dir = opts.out, config = {options = opts, nnlua = nn.version},
  columns = {"epoch", "loss", "accuracy", "gradient_check"},
})

local optimizer = nn.optim.SGD(model:parameters(), {lr = opts.lr})
local batch_x, batch_y = pixels[{ {1, opts.train} }], labels[{ {1, opts.train} }]

local function look(title, epoch)
  local inspection = nn.inspect(model, batch_x, batch_y,
                                {optimizer = optimizer, classes = digits.classes})
  print(("\n%s\n%s"):format(title, inspection))
  local loss, accuracy = nn.evaluate(model, nn.CrossEntropyLoss(), batch_x, batch_y)
  run:log {epoch = epoch, loss = loss:item(), accuracy = accuracy,
           gradient_check = inspection.gradient_check.relative_difference}
  if not opts.no_plots then
    local ok, message = inspection:draw(run:path(("epoch_%04d"):format(epoch)))
    if not ok then io.stderr:write("no pictures: ", message, "\n") end
  end
end

look(("The network at the start, seen by %d images"):format(opts.train), 0)
if opts.epochs > 0 then
  local progress = cli.progress {total = opts.epochs, unit = "epoch"}
  for epoch = 1, opts.epochs do
    optimizer:zero_grad()
    nn.backprop(model, nn.CrossEntropyLoss(), batch_x, batch_y)
    optimizer:step()
    progress:update(epoch)
  end
  progress:finish()
  look(("The network after %d steps"):format(opts.epochs), opts.epochs)
end
print("\nresults in " .. run.dir)

-- sine_by_lbfgs.lua - a curve fitted by L-BFGS and, for comparison, by Adam
--
--   nnlua experiments/sine_by_lbfgs.lua [--hidden 8] [--evaluations 1500] [--out DIR] [--no-plots]
--   nnlua experiments/sine_by_lbfgs.lua --checkpoint-every 20 --out DIR, then --resume DIR
--
-- A small tanh network learns two periods of a sine from a few noisy samples, in float64. L-BFGS
-- calls a function that computes the loss as often as its line search needs; the two optimizers are
-- compared by the number of these evaluations, which are what costs time. Checkpoints count the
-- optimizers' steps.

local nn = require "nnlua"
local cli = require "nnlua.cli"

local opts = cli.parse("sine_by_lbfgs", "Fits a sine with L-BFGS and with Adam.", {
  {"hidden", 8, "tanh units", min = 1},
  {"samples", 60, "points to fit", min = 2},
  {"noise", 0.05, "standard deviation of what is added to the samples", min = 0},
  {"evaluations", 1500, "about how many losses and gradients each optimizer may compute", min = 1},
  {"lr", 0.02, "Adam's learning rate at the start; it falls to 0 along a cosine", above = 0},
  {"seed", 1, "of samples and initial weights", min = 0, max = 2 ^ 32 - 1},
  {"out", nil, "folder for metrics and pictures, by default a new one in runs/", kind = "string",
   metavar = "DIR"},
  {"no_plots", false, "draw no pictures", once = true},
  table.unpack(cli.checkpoints),
}, arg)

local F64 = {dtype = "float64"}

nn.manual_seed(opts.seed)
local x = nn.rand(opts.samples, 1, F64) * 2 - 1
local y = (x * (2 * math.pi)):sin() + nn.randn(opts.samples, 1, F64) * opts.noise

-- The costs by evaluation, and whether L-BFGS has come to its end.
local found = {lbfgs = {}, adam = {}, lbfgs_is_done = false}

-- A model, always the same one, with an optimizer and the function that it calls: computes the loss
-- and its gradient and notes the loss in found[name].
local function contestant(name, new_optimizer)
  nn.manual_seed(opts.seed)
  local model = nn.Sequential(nn.Linear(1, opts.hidden), nn.Tanh(), nn.Linear(opts.hidden, 1))
    :to("float64")
  local optimizer, criterion = new_optimizer(model:parameters()), nn.MSELoss()
  return model, optimizer, function()
    optimizer:zero_grad()
    local loss = criterion(model(x), y)
    loss:backward()
    table.insert(found[name], loss:item())
    return loss
  end
end

local by_lbfgs, lbfgs, lbfgs_closure = contestant("lbfgs", function(parameters)
  return nn.optim.LBFGS(parameters, {line_search_fn = "strong_wolfe"})
end)
local by_adam, adam, adam_closure = contestant("adam", function(parameters)
  return nn.optim.Adam(parameters, {lr = opts.lr})
end)
local schedule = nn.optim.lr_scheduler.CosineAnnealingLR(adam, opts.evaluations)

local function step_lbfgs()
  local evaluations = #found.lbfgs
  lbfgs:step(lbfgs_closure)
  local count = #found.lbfgs -- a step that evaluates once only has found nothing to do
  found.lbfgs_is_done = count >= opts.evaluations or count == evaluations + 1
end

local run <close> = cli.try("sine_by_lbfgs", nn.run, {
  name = "sine_by_lbfgs", dir = opts.resume or opts.out, resume = opts.resume ~= nil,
  config = {options = opts}, columns = {"evaluation", "lbfgs_cost", "adam_cost"},
})
local saver <close> = cli.try("sine_by_lbfgs", nn.checkpoint.saver, run:path("checkpoints"),
                              {models = {by_lbfgs, by_adam}, optimizers = {lbfgs, adam},
                               schedule = schedule, extra = found},
                              {every = opts.checkpoint_every, resume = opts.resume ~= nil})

local step = saver.step
while #found.adam < opts.evaluations do
  if not found.lbfgs_is_done then
    step_lbfgs()
  else
    adam:step(adam_closure)
    schedule:step()
  end
  step = step + 1
  saver:update(step)
end
saver:close()

local lbfgs_costs, adam_costs = found.lbfgs, found.adam
for i = 1, math.max(#lbfgs_costs, #adam_costs) do
  run:log {evaluation = i, lbfgs_cost = lbfgs_costs[i] or 0 / 0, adam_cost = adam_costs[i] or 0 / 0}
end

print(("%d samples, %d tanh units; mean squared errors"):format(opts.samples, opts.hidden))
print("evaluation      L-BFGS        Adam")
local shown = 1
while shown <= opts.evaluations do
  local function cell(costs) return costs[shown] and ("%.3e"):format(costs[shown]) or "stopped" end
  print(("%10d  %10s  %10s"):format(shown, cell(lbfgs_costs), cell(adam_costs)))
  shown = shown < opts.evaluations and math.min(shown * 3, opts.evaluations) or shown + 1
end
local last = lbfgs_costs[#lbfgs_costs]
print(("L-BFGS: %.4e after %d evaluations; Adam: %.4e after %d"):format(
  last, #lbfgs_costs, adam_costs[#adam_costs], #adam_costs))

if not opts.no_plots then
  local function draw(name, picture)
    local drawn, message = nn.plot.lines(run:path(name), picture)
    if not drawn then io.stderr:write("no picture: ", message, "\n") end
  end
  local line = nn.linspace(-1, 1, 400, F64)
  local function curve(model)
    return nn.no_grad(function() return model(line:reshape(400, 1)):reshape(400) end)
  end
  local order = {}
  for i = 1, opts.samples do order[i] = i end
  local xs, ys = x:reshape(-1):totable(), y:reshape(-1):totable()
  table.sort(order, function(a, b) return xs[a] < xs[b] end)
  local sorted_x, sorted_y = {}, {}
  for i, at in ipairs(order) do sorted_x[i], sorted_y[i] = xs[at], ys[at] end
  draw("fit.png", {
    title = "A sine from noisy samples", xlabel = "x", ylabel = "y",
    series = {
      {name = "samples, joined", x = sorted_x, y = sorted_y},
      {name = "sine", x = line, y = (line * (2 * math.pi)):sin()},
      {name = "L-BFGS", x = line, y = curve(by_lbfgs)},
      {name = "Adam", x = line, y = curve(by_adam)},
    },
  })
  draw("costs.png", {
    title = "Cost by evaluations of loss and gradient", xlabel = "evaluations",
    ylabel = "mean squared error", log_x = true, log_y = true,
    series = {{name = "L-BFGS", y = lbfgs_costs}, {name = "Adam", y = adam_costs}},
  })
end
print("results in " .. run.dir)

-- regression_csv.lua - a network predicts one column of a CSV file from the others
--
--   nnlua experiments/regression_csv.lua houses.csv --target price
--   nnlua experiments/regression_csv.lua                     a file that it makes up first
--   nnlua experiments/regression_csv.lua --checkpoint-every 10 --out DIR, then --resume DIR
--
-- Columns of numbers are standardised by the training part; columns of texts become one column for
-- each text. Rows with an empty cell are left out. What is printed at the end, R^2 and the mean
-- absolute error, is of rows that were held out; the plot shows how far off each of them is.

local nn = require "nnlua"
local cli = require "nnlua.cli"

local opts = cli.parse("regression_csv", "Predicts a column of a CSV file from the others.", {
  {"file", "", "CSV file with a header; without one, a file is made up", positional = true},
  {"target", nil, "column to predict (default: the last one)", kind = "string",
   metavar = "COLUMN"},
  {"epochs", 100, "passes over the training rows", min = 1},
  {"batch", 32, "rows in a batch", min = 1},
  {"hidden", {32, 32}, "units of the hidden layers", min = 1},
  {"lr", 0.005, "learning rate of Adam", above = 0},
  {"validation", 0.2, "share of the rows that is held out", above = 0, below = 1},
  {"texts", 20, "a column with more different texts is left out", min = 1},
  {"seed", 1, "of the split, the weights and the shuffling", min = 0, max = 2 ^ 32 - 1},
  {"out", nil, "folder for the results (default: runs/regression_csv/DATE-TIME)",
   kind = "string", metavar = "DIR"},
  {"no_plots", false, "draw no picture", once = true},
  cli.live, table.unpack(cli.checkpoints),
}, arg)

nn.manual_seed(opts.seed)

-- The table in the file and the name of the column to predict, which holds numbers.
local function read(path)
  local csv = cli.try("regression_csv", nn.io.load_csv, path, {missing = "nan"})
  local target = opts.target or csv.names[#csv.names]
  cli.try("regression_csv", csv.column, csv, target)
  return csv, target
end

local path, csv, target = opts.file, nil, nil
if path ~= "" then csv, target = read(path) end

local run <close> = cli.try("regression_csv", nn.run, {
  name = "regression_csv", dir = opts.resume or opts.out, resume = opts.resume ~= nil,
  config = {options = opts, nnlua = nn.version},
  columns = {"epoch", "loss", "validation_loss", "validation_r2", "validation_mae"},
})

-- Friedman's first function of five numbers in 0..1, with noise, and two that do not matter.
local function make_up(file)
  local x = nn.rand(600, 7, {dtype = "float64"})
  local function column(i) return x[{{}, i}] end
  local y = 10 * nn.sin(math.pi * column(1) * column(2)) + 20 * (column(3) - 0.5):square()
    + 10 * column(4) + 5 * column(5) + nn.randn(600, {dtype = "float64"})
  cli.try("regression_csv", nn.io.save_csv, file, nn.cat({x, y:unsqueeze(2)}, 2),
          {names = {"x1", "x2", "x3", "x4", "x5", "idle1", "idle2", "y"}})
  print("made up " .. file)
  return file
end

if not csv then
  path = make_up(run:path("made_up.csv"))
  csv, target = read(path)
end

-- The features: a list of matrices with as many rows as the file, and what their columns are.
local function features()
  local parts, names = {}, {}
  for _, name in ipairs(csv.names) do
    local is_numbers, column = pcall(csv.column, csv, name, {dtype = "float64"})
    if is_numbers and name ~= target then
      parts[#parts + 1], names[#names + 1] = column:unsqueeze(2), name
    elseif not is_numbers then
      local labels, texts = csv:classes(name)
      if #texts <= opts.texts then
        parts[#parts + 1] = nn.data.one_hot(labels, #texts, {dtype = "float64"})
        for _, text in ipairs(texts) do
          names[#names + 1] = name .. "=" .. text
        end
      else
        print(("left out the column %s, which holds %d different texts"):format(name, #texts))
      end
    end
  end
  if #parts == 0 then
    cli.fail("regression_csv", ("%s has no column to predict '%s' from"):format(path, target))
  end
  return nn.cat(parts, 2), names
end

local all_y = csv:column(target, {dtype = "float64"}):unsqueeze(2)
local all_x, names = features()

-- Rows without gaps, some of them held out.
local complete = nn.logical_and(all_x:isfinite():all(2), all_y:isfinite():all(2))
local x, y = all_x[complete], all_y[complete]
if x:size(1) < csv.rows then
  print(("left out %d of %d rows with an empty cell"):format(csv.rows - x:size(1), csv.rows))
end
if x:size(1) < 4 then
  cli.fail("regression_csv", ("%s has %d complete rows, too few to learn from"):format(path,
                                                                                    x:size(1)))
end
local held_out = math.max(2, math.floor(opts.validation * x:size(1)))
local train, validation = nn.data.split(nn.data.TensorDataset(x, y),
                                        {x:size(1) - held_out, held_out})
local train_x, train_y = train:all()
local val_x, val_y = validation:all()
print(("%s: %d training and %d validation rows, %d features"):format(path, #train, #validation,
                                                                    #names))
local of_x, of_y
of_x, train_x, val_x = nn.data.standardize(train_x, val_x)
of_y, train_y, val_y = nn.data.standardize(train_y, val_y)

local model, width = nn.Sequential(), #names
for _, units in ipairs(opts.hidden) do
  model:add(nn.Linear(width, units, {dtype = "float64"}))
  model:add(nn.ReLU())
  width = units
end
model:add(nn.Linear(width, 1, {dtype = "float64"}))

local optimizer = nn.optim.Adam(model:parameters(), {lr = opts.lr})
local loader = nn.data.loader {dataset = nn.data.TensorDataset(train_x, train_y),
                               batch_size = opts.batch, shuffle = true}

-- The mean absolute error in the target's own units. (R² is the same in all.)
local function mean_absolute_error(scores, targets)
  return (of_y:inverse(scores) - of_y:inverse(targets)):abs():mean()
end

local function line(row)
  if row.epoch % math.max(opts.epochs // 10, 1) ~= 0 then return nil end
  return ("epoch %d  training loss %.5f  R² %.4f  mean absolute error %.6g"):format(
    row.epoch, row.loss, row.validation_r2, row.validation_mae)
end

cli.try("regression_csv", nn.fit, {
  model = model, criterion = nn.MSELoss(), optimizer = optimizer,
  train = loader, validation = {val_x, val_y}, batch_size = 1000, epochs = opts.epochs,
  metrics = {r2 = nn.metrics.R2(), mae = mean_absolute_error},
  callbacks = {nn.fit.log(run, line), nn.fit.stop_on_nan()}, live = opts.live,
  checkpoint = cli.fit_checkpoint(opts, run:path("checkpoints"), #loader),
})
local r2 = run:last("validation_r2")
print(("%s of the validation rows: R² %.4f, mean absolute error %.6g"):format(
  target, r2, run:last("validation_mae")))

-- Kept for later: the network, and what turns columns into its input and its output into numbers.
local state = model:state_dict()
state["input.mean"], state["input.std"] = of_x.mean, of_x.std
state["target.mean"], state["target.std"] = of_y.mean, of_y.std
cli.try("regression_csv", nn.io.save_safetensors, run:path("model.safetensors"), state,
        {features = table.concat(names, "\n"), target = target})

if not opts.no_plots then
  local scores = nn.no_grad(function() return model(val_x) end)
  local predicted, truth = of_y:inverse(scores):flatten(), of_y:inverse(val_y):flatten()
  local drawn, message = nn.plot.lines(run:path("residuals.png"), {
    series = {{x = predicted, y = truth - predicted, points = true}},
    title = ("Residuals of %s, %d validation rows, R² %.3f"):format(target, #validation, r2),
    xlabel = "predicted " .. target, ylabel = "true - predicted"})
  if not drawn then io.stderr:write("regression_csv: ", message, "\n") end
end
print("results in " .. run.dir)

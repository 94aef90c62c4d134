-- report_runs.lua - folders of runs for the tests of the report, with everything a run can hold
--
--   nnlua tests/cli/report_runs.lua DIR RUNS EPOCHS     makes DIR/sweep/20260801-NNNNNN
--
-- What stands in them follows from their numbers, so a test can compute what a page must show. The
-- first three runs have pictures, the second has failed, the third was killed in a torn row and
-- tries to break out of the page with its name, its config and its texts.

local nn = require "nnlua"

local json, write_file = nn.io.json_encode, nn.io.write_file
local report_runs = {}

report_runs.HOSTILE = "</script><script>document.title='broken'</script>"
  .. "<img src=x onerror=alert(1)>"

local HEADER = "epoch,train_cost,test_cost,train_accuracy,test_accuracy,learning_rate,grad_norm,"
  .. "probe,seconds"

--- report_runs.cost(run, epoch) -> the test cost that the metrics of a run say.
function report_runs.cost(run, epoch)
  return (0.2 + 2.2 * math.exp(-epoch / (40 + 3 * run))) * (1 + 0.02 * math.sin(epoch * 1.7 + run))
end

function report_runs.lr(run)
  return ({0.001, 0.01, 0.1, 1})[run % 4 + 1]
end

local function metrics(run, epochs)
  local lines = {HEADER}
  for epoch = 1, epochs do
    local cost = report_runs.cost(run, epoch)
    lines[epoch + 1] = ("%d,%.10g,%.10g,%.6g,%.6g,%.6g,%.6g,%s,%.6g"):format(
      epoch, cost * 0.9, cost, 1 - cost / 3, 1 - cost / 2.6, report_runs.lr(run) * 0.999 ^ epoch,
      run == 4 and epoch % 50 == 0 and 0 / 0 or 1 / (1 + epoch % 17),
      epoch % 10 == 0 and ("%.6g"):format(cost * cost) or "", epoch * 0.21)
  end
  return table.concat(lines, "\n") .. "\n"
end

local function gradient(height, width, shift)
  local list = {}
  for i = 1, height * width do list[i] = (i * 7 + shift * 31) % 256 end
  return nn.tensor(list, {dtype = "uint8"}):reshape(1, height, width)
end

local function histogram(step, tag)
  local edges, counts = {}, {}
  for i = 0, 30 do edges[i + 1] = -3 + 0.2 * i end
  for i = 1, 30 do
    local x = (-3 + 0.2 * i) / (1 + step / 60)
    counts[i] = math.floor(1000 * math.exp(-x * x) + 0.5)
  end
  return json {step = step, time = 0, tag = tag, edges = edges, counts = counts}
end

local function lines(list)
  return table.concat(list, "\n") .. "\n"
end

local function media(dir, run, hostile)
  nn.io.mkdir_p(dir .. "/images/filters/first")
  nn.io.mkdir_p(dir .. "/examples")
  for step = 10, 50, 10 do
    nn.io.save_png(("%s/images/filters/first/%d.png"):format(dir, step),
                   gradient(40, 60, step + run))
  end
  nn.io.save_png(dir .. "/weights.png", gradient(120, 200, run))
  write_file(dir .. "/curves.svg",
    '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="200">'
    .. '<rect width="320" height="200" fill="#eef"/><path d="M10 190L310 20" stroke="#0072b2"/>'
    .. "<script>document.title='svg'</script></svg>\n")
  local classes, matrix, examples = {}, {}, {}
  for i = 1, 10 do
    classes[i], matrix[i] = tostring(i - 1), {}
    for j = 1, 10 do matrix[i][j] = i == j and 90 + i or (i * j + run) % 4 end
  end
  if hostile then classes[1] = report_runs.HOSTILE end
  for i = 1, 12 do
    local name = ("examples/%02d.png"):format(i)
    nn.io.save_png(dir .. "/" .. name, gradient(28, 28, i))
    examples[i] = {image = name, label = classes[i % 10 + 1], predicted = classes[i * 3 % 10 + 1],
                   probability = 0.99 - i / 40, loss = 9.1 - i / 3}
  end
  examples[13] = {image = "../../../secret.png", label = "7", predicted = "1", probability = 0.5}
  write_file(dir .. "/confusion.json", json {step = 50, classes = classes, matrix = matrix})
  write_file(dir .. "/examples.json", json(examples))
  write_file(dir .. "/histograms.jsonl", lines {histogram(1, "hidden.weight"),
    histogram(20, "hidden.weight"), histogram(50, "hidden.weight"), histogram(50, "output.bias")})
  write_file(dir .. "/texts.jsonl", lines {
    json {step = 1, time = 0, tag = "sample", text = "first words"},
    json {step = 50, time = 0, tag = "sample",
          text = hostile and report_runs.HOSTILE or "last words"},
    '{"torn":'})
end

local function state(run)
  if run == 2 then
    return {state = "failed", rows = 20, seconds = 4.2, message =
      "sweep.lua:41: layer 3 (Linear 25→10): input is [64,30], expected [*,25]\n"
      .. "stack traceback:\n\t[C]: in function 'error'\n\tsweep.lua:41: in function 'step'"}
  elseif run == 3 then
    return {state = "running"}
  end
  return {state = "finished", seconds = 12.5 * run}
end

--- report_runs.make(root, run, epochs) -> path of the folder of run number `run`.
function report_runs.make(root, run, epochs)
  local dir = ("%s/sweep/20260801-%06d"):format(root, run)
  local hostile = run == 3
  nn.io.mkdir_p(dir)
  if run == 2 then epochs = math.min(epochs, 20) end
  write_file(dir .. "/run.json", json({
    format = 1, name = "sweep", id = hostile and "sweep/" .. report_runs.HOSTILE
      or ("sweep/20260801-%06d"):format(run),
    created = ("2026-08-01T12:%02d:%02d+02:00"):format(run // 60 % 60, run % 60), seed = run,
    command = {"nnlua", "sweep.lua", "--lr", tostring(report_runs.lr(run)), "--note", "two words"},
    script = "sweep.lua", cwd = "/home/user/sweep",
    host = {name = "box", system = "Linux 6.1", cpu = "x86-64", processors = 8,
            memory = 34359738368},
    versions = {nnlua = nn.version, lua = "Lua 5.4.4", blas = "OpenBLAS 0.3.21", isa = "avx2",
                threads = 8},
    git = {commit = ("0123456789abcdef"):rep(2), branch = "main", dirty = run % 2 == 0},
    tags = run % 5 == 0 and {"baseline"} or nn.io.json_array()}, {indent = 2}))
  write_file(dir .. "/config.json", json {
    optimizer = {name = run % 2 == 0 and "Adam" or "SGD", lr = report_runs.lr(run)},
    hidden = 25 * (run % 3 + 1), batch_size = 64, epochs = epochs,
    layers = {784, 25 * (run % 3 + 1), 10}, note = hostile and report_runs.HOSTILE or "plain"})
  write_file(dir .. "/state.json", json(state(run)))
  write_file(dir .. "/metrics.csv", metrics(run, epochs) .. (hostile and "51,0.3" or ""))
  write_file(dir .. "/output.log",
             hostile and "before\n" .. report_runs.HOSTILE .. "\n\xff\n" or "ok\n")
  if run <= 3 then media(dir, run, hostile) end
  return dir
end

if arg and arg[0] and arg[0]:find("report_runs%.lua$") then
  for run = 1, tonumber(arg[2]) do print(report_runs.make(arg[1], run, tonumber(arg[3]))) end
end

return report_runs

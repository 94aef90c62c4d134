-- The experiments as a user runs them: what they print, write and refuse. Without the MNIST files
-- they run on synthetic digits, which changes figures but nothing that is checked here.

local support = require "tests.cli.support"

local run, shell = support.run, support.shell

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

-- No file of the reference figures of MNIST is needed: DIR without data is one without MNIST.
local function without_data(folder, arguments)
  return shell(("cd %s && env -u NNLUA_DATA %s %s"):format(folder, support.nnlua, arguments))
end

local here = shell("pwd").stdout:gsub("\n", "")
local MNIST = here .. "/experiments/mnist_25x25.lua"
local SMALL = " --epochs 12 --train 300 --test 100 --log-every 5"

describe("experiments/mnist_25x25.lua", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(function() support.remove(folder) end)

  it("writes metrics, configuration, model and pictures", function()
    local result = run(MNIST .. SMALL .. " --out " .. folder .. "/out")
    assert.equal(0, result.status, result.stderr)
    local cost = "%d+%.%d%d%d%d"
    assert.truthy(result.stdout:find("\nEpoch 0, Train Cost: " .. cost .. ", Test Cost: " .. cost))
    assert.truthy(result.stdout:find("\nFinal Training Accuracy: %d+%.%d%d%%"))
    assert.truthy(result.stdout:find("\nFinal Test Accuracy: %d+%.%d%d%%"))
    local difference = tonumber(result.stdout:match("Gradient Checking Difference: (%S+)"))
    assert.is_true(difference < 1e-7)
    for _, name in ipairs {"config.json", "model.safetensors", "costs.png", "costs.svg",
                           "accuracy.png", "accuracy.svg", "weights.png", "activations.png"} do
      assert.is_true(exists(folder .. "/out/" .. name), name)
    end
    assert.truthy(support.read_file(folder .. "/out/state.json"):find('"finished"', 1, true))
    local rows = {}
    for line in io.lines(folder .. "/out/metrics.csv") do rows[#rows + 1] = line end
    assert.equal("epoch,train_cost,train_ce,train_accuracy,test_cost,test_ce,test_accuracy,"
                 .. "l2_penalty", rows[1])
    assert.equal(1 + 12, #rows)
  end)

  it("writes the same bytes with 1, 2 and 4 threads", function()
    local first
    for _, threads in ipairs {1, 2, 4} do
      local out = folder .. "/t" .. threads
      local result = run(("%s --epochs 5 --train 2000 --test 300 --no-plots --threads %d --out %s")
        :format(MNIST, threads, out))
      assert.equal(0, result.status, result.stderr)
      local metrics = support.read_file(out .. "/metrics.csv")
      first = first or metrics
      assert.equal(first, metrics)
    end
  end)

  it("takes float32, other layers and other activations", function()
    for _, options in ipairs {"--dtype float32", "--activation sigmoid --hidden 7",
                              "--activation tanh --hidden 9,8,7 --lambda 0"} do
      local result = run(MNIST .. SMALL .. " --no-plots --out " .. folder .. "/out " .. options)
      assert.equal(0, result.status, options .. result.stderr)
      local difference = tonumber(result.stdout:match("Gradient Checking Difference: (%S+)"))
      assert.is_true(difference < 1e-7, options)
    end
  end)

  it("says that digits are synthetic where there is no MNIST", function()
    local result = without_data(folder, MNIST .. SMALL)
    assert.equal(0, result.status, result.stderr)
    assert.truthy(result.stderr:find("NOT MNIST's", 1, true))
    assert.truthy(result.stderr:find("data/fetch", 1, true))
    for line in result.stdout:gmatch("[^\n]*Accuracy[^\n]*") do
      assert.truthy(line:find("(synthetic digits)", 1, true))
    end
    local config = shell(("cat %s/runs/mnist_25x25-synthetic/*/config.json"):format(folder)).stdout
    assert.truthy(config:find('"data": "synthetic digits"', 1, true))
    local svg = shell(("cat %s/runs/mnist_25x25-synthetic/*/costs.svg"):format(folder)).stdout
    assert.truthy(svg:find("synthetic digits", 1, true))
  end)

  -- One line on standard error, the status, and nothing written.
  local function refused(status, pattern, arguments)
    local result = run(MNIST .. " --out " .. folder .. "/out " .. arguments)
    assert.equal(status, result.status)
    assert.truthy(result.stderr:find(pattern, 1, true), result.stderr)
    assert.truthy(result.stderr:find("^mnist_25x25: [^\n]+\n$"), result.stderr)
    assert.is_false(exists(folder .. "/out"))
  end

  it("refuses bad options in one line", function()
    refused(2, "did you mean '--epochs'", "--epoch 5")
    refused(2, "'--epochs': expected a positive integer, got 'abc'", "--epochs abc")
    refused(2, "'--lr'", "--lr -1")
    refused(2, "'--hidden'", "--hidden 25,x")
    refused(2, "'--activation'", "--activation softsign")
    refused(2, "'--train'", "--train 60001")
  end)

  it("refuses a missing folder and damaged files in one line", function()
    refused(1, folder .. "/nowhere", "--data " .. folder .. "/nowhere")
    for _, name in ipairs {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                           "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"} do
      support.write_file(folder .. "/" .. name, "\0\0\8\1\0\0\0\2\1")
    end
    refused(1, "train-images-idx3-ubyte", "--data " .. folder)
  end)

  it("names the folder it cannot write to", function()
    support.write_file(folder .. "/file", "")
    local result = run(MNIST .. SMALL .. " --out " .. folder .. "/file/out")
    assert.equal(1, result.status)
    assert.truthy(result.stderr:find("mnist_25x25: [^\n]*" .. folder:gsub("%p", "%%%0") .. "/file"))
  end)

  it("says when training diverges, and keeps the rows", function()
    local result = run(MNIST .. SMALL .. " --lr 1e200 --out " .. folder .. "/out")
    assert.equal(1, result.status)
    assert.truthy(result.stderr:find("not a number after epoch %d+; try a smaller %-%-lr"))
    assert.is_true(exists(folder .. "/out/metrics.csv"))
  end)

  it("keeps complete rows when it is interrupted", function()
    local log = folder .. "/log"
    shell(("env --default-signal=INT %s %s --train 200 --test 50 --epochs 1000000 --log-every 1 "
           .. "--no-plots --out %s/out >%s 2>&1 & pid=$!; "
           .. "for i in $(seq 300); do grep -q 'Epoch 20,' %s && break; sleep 0.1; done; "
           .. "kill -INT $pid; wait $pid; echo status $? >>%s"):format(
      support.nnlua, MNIST, folder, log, log, log))
    local text = support.read_file(log)
    assert.truthy(text:find("interrupted", 1, true), text)
    assert.truthy(text:find("status 130", 1, true), text)
    local rows = 0
    for line in io.lines(folder .. "/out/metrics.csv") do
      local _, commas = line:gsub(",", ",")
      assert.equal(7, commas)
      rows = rows + 1
    end
    assert.is_true(rows > 20)
  end)
end)

describe("the other experiments", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(function() support.remove(folder) end)

  it("xor learns", function()
    local result = run("experiments/xor.lua --out " .. folder .. "/out")
    assert.equal(0, result.status, result.stderr)
    assert.truthy(result.stdout:find("\nlearned\n$"))
  end)

  it("by_hand prints mnist_25x25's costs", function()
    local small = " --epochs 6 --train 300 --test 100 --log-every 1"
    local by_hand = run("experiments/by_hand.lua" .. small)
    assert.equal(0, by_hand.status, by_hand.stderr)
    local reference = run(MNIST .. small .. " --no-plots --out " .. folder .. "/out").stdout
    local count = 0
    for line in reference:gmatch("Epoch %d+, Train Cost: [%d.]+, Test Cost: [%d.]+") do
      count = count + 1
      assert.truthy(by_hand.stdout:find(line .. "\n", 1, true), line)
    end
    assert.equal(6, count)
  end)

  it("custom_loop stops early and reports the test set", function()
    local result = run("experiments/custom_loop.lua --train 1000 --test 200 --epochs 40 --lr 0.2 "
                       .. "--out " .. folder .. "/out")
    assert.equal(0, result.status, result.stderr)
    assert.truthy(result.stdout:find("no better validation loss", 1, true))
    local accuracy = tonumber(result.stdout:match("test accuracy ([%d.]+)%%"))
    assert.is_true(accuracy > 70)
  end)

  it("mnist_cnn learns, draws its filters and says that digits are synthetic", function()
    local script = here .. "/experiments/mnist_cnn.lua"
    local result = without_data(folder, script .. " --train 1500 --test 300 --epochs 2 --lr 0.005 "
                                        .. "--channels 4,8 --out out")
    assert.equal(0, result.status, result.stderr)
    assert.truthy(result.stdout:find("Conv2d 1→4 5×5 +%[64,4,24,24%]"))
    local accuracy = tonumber(result.stdout:match(
      "\nFinal Test Accuracy: ([%d.]+)%% %(synthetic digits%)"))
    assert.is_true(accuracy > 70, result.stdout)
    for _, name in ipairs {"config.json", "model.safetensors", "costs.png", "costs.svg",
                           "accuracy.png", "accuracy.svg", "filters.png"} do
      assert.is_true(exists(folder .. "/out/" .. name), name)
    end
    local lines = {}
    for line in io.lines(folder .. "/out/metrics.csv") do lines[#lines + 1] = line end
    assert.equal("epoch,lr,loss,accuracy,validation_loss,validation_accuracy", lines[1])
    assert.equal(1 + 2, #lines)
    result = run(script .. " --channels 4")
    assert.equal(2, result.status)
    assert.truthy(result.stderr:find("^mnist_cnn: '%-%-channels': expected two numbers"))
  end)

  it("l2_sweep prints a table and draws a picture", function()
    local result = run(("experiments/l2_sweep.lua --lambdas 0,10,1000 --epochs 30 --train 200 "
                        .. "--test 100 --out %s/out"):format(folder))
    assert.equal(0, result.status, result.stderr)
    assert.truthy(result.stdout:find("\n%s+1000 +%d+%.%d%d%%"))
    assert.is_true(exists(folder .. "/out/accuracy.png"))
    assert.is_true(exists(folder .. "/out/metrics.csv"))
  end)

  it("sine_by_lbfgs fits better than Adam and draws pictures", function()
    local result = run("experiments/sine_by_lbfgs.lua --evaluations 250 --out " .. folder .. "/out")
    assert.equal(0, result.status, result.stderr)
    local lbfgs, adam = result.stdout:match("L%-BFGS: (%S+) after .*Adam: (%S+) after")
    assert.is_true(tonumber(lbfgs) < 0.01)
    assert.is_true(tonumber(lbfgs) < tonumber(adam))
    for _, name in ipairs {"fit.png", "costs.png", "metrics.csv"} do
      assert.is_true(exists(folder .. "/out/" .. name), name)
    end
  end)

  it("regression_csv predicts what it has made up", function()
    local result = run(("experiments/regression_csv.lua --epochs 20 --out %s/out"):format(folder))
    assert.equal(0, result.status, result.stderr)
    local r2 = tonumber(result.stdout:match("y of the validation rows: R² ([%d.]+)"))
    assert.is_true(r2 > 0.8)
    for _, name in ipairs {"made_up.csv", "metrics.csv", "model.safetensors", "residuals.png"} do
      assert.is_true(exists(folder .. "/out/" .. name), name)
    end
  end)

  it("regression_csv takes texts, gaps and any target", function()
    local lines = {"size,price,town,note"}
    for i = 1, 40 do
      lines[#lines + 1] = ("%s,%d,%s,n%d"):format(i == 7 and "" or i, 3 * i + i % 2 * 50,
                                                   i % 2 == 1 and "Å" or "Oslo", i)
    end
    local path = support.write_file(folder .. "/towns.csv", table.concat(lines, "\n") .. "\n")
    local arguments = ("experiments/regression_csv.lua %s --no-plots --out %s/out "):format(path,
                                                                                           folder)
    local result = run(arguments .. "--target price --epochs 60 --lr 0.02")
    assert.equal(0, result.status, result.stderr)
    assert.truthy(result.stdout:find("left out the column note, which holds 40 different texts"))
    assert.truthy(result.stdout:find("left out 1 of 40 rows", 1, true))
    assert.truthy(result.stdout:find("32 training and 7 validation rows, 3 features", 1, true))
    assert.is_true(tonumber(result.stdout:match("R² ([%d.]+), mean")) > 0.9)
    shell(("rm -r %s/out"):format(folder))
    for pattern, options in pairs {["'prise'.-'price'"] = "--target prise",
                                   ["'note'.-texts"] = ""} do
      result = run(arguments .. options)
      assert.equal(1, result.status)
      assert.truthy(result.stderr:find("^regression_csv: [^\n]*" .. pattern), result.stderr)
      assert.is_false(exists(folder .. "/out"))
    end
  end)

  it("spiral learns the arms and draws the plane on the way", function()
    local result = run("experiments/spiral.lua --epochs 60 --points 100 --lr 0.01 --every 60 --out "
                       .. folder .. "/out")
    assert.equal(0, result.status, result.stderr)
    local accuracy = tonumber(result.stdout:match("epoch  60 .* accuracy ([%d.]+)%%"))
    assert.is_true(accuracy > 85)
    for _, name in ipairs {"epoch_0001.png", "epoch_0060.png", "metrics.csv", "config.json"} do
      assert.is_true(exists(folder .. "/out/" .. name), name)
    end
  end)

  it("backprop_microscope shows each step, and finds every mistake planted in one", function()
    local options = "--train 60 --hidden 8,6 --out " .. folder .. "/out"
    local result = run("experiments/backprop_microscope.lua --epochs 2 " .. options)
    assert.equal(0, result.status, result.stderr)
    assert.matches("\n  dz3 = da4 %(a4 > 0%) +[%-%d]", result.stdout)
    local off = tonumber(result.stdout:match("largest difference from autograd: (%S+)"))
    assert.is_true(off < 1e-12)
    for _, name in ipairs {"activations", "gradients", "norms"} do
      assert.is_true(exists(("%s/out/epoch_0002-%s.png"):format(folder, name)), name)
    end
    for mistake, name in pairs {sign = "weight", factor = "weight", bias = "bias",
                                transpose = "weight"} do
      result = run(("experiments/backprop_microscope.lua --no-plots --mistake %s %s"):format(
        mistake, options))
      assert.equal(0, result.status, result.stderr)
      assert.matches("gradient check FAILED", result.stdout)
      assert.matches("note: the gradient of 1." .. name .. " is wrong", result.stdout, mistake)
    end
  end)

  it("autoencoder learns to copy digits and draws copies and codes", function()
    local result = run("experiments/autoencoder.lua --epochs 3 --train 600 --test 100 --hidden 32 "
                       .. "--out " .. folder .. "/out")
    assert.equal(0, result.status, result.stderr)
    local errors = {}
    for value in result.stdout:gmatch("test error ([%d.]+)") do
      errors[#errors + 1] = tonumber(value)
    end
    assert.equal(3, #errors)
    assert.is_true(errors[3] < errors[1] and errors[3] < 0.1)
    for _, name in ipairs {"reconstructions.png", "codes.png", "model.safetensors"} do
      assert.is_true(exists(folder .. "/out/" .. name), name)
    end
  end)
end)

describe("experiments/char_rnn.lua", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(function() support.remove(folder) end)

  local CHAR_RNN = "experiments/char_rnn.lua "
  local BRIEF = " --epochs 4 --hidden 24 --embedding 8 --batch 4 --steps 16 --lr 0.02 --sample 40 "

  it("learns a text, writes in its manner, and goes on from the saved model", function()
    local path = support.write_file(folder .. "/text", ("größer als der Hase\n"):rep(60))
    local function learn(name, options)
      local result = run(CHAR_RNN .. path .. BRIEF .. "--out " .. folder .. "/" .. name .. options)
      assert.equal(0, result.status, result.stderr)
      return result.stdout
    end
    local stdout = learn("a", "")
    assert.truthy(stdout:find("1200 characters, 12 different ones", 1, true))
    local first, last = stdout:match("training loss ([%d.]+).*training loss ([%d.]+)")
    assert.is_true(tonumber(last) < 0.6 * tonumber(first))
    for _, name in ipairs {"config.json", "metrics.csv", "model.safetensors", "loss.png"} do
      assert.is_true(exists(folder .. "/a/" .. name), name)
    end
    -- the same bits again, whatever the samples
    learn("b", " --no-plots --sample 0")
    for _, name in ipairs {"metrics.csv", "model.safetensors"} do
      assert.equal(support.read_file(folder .. "/a/" .. name),
                   support.read_file(folder .. "/b/" .. name))
    end
    local from = CHAR_RNN .. "--from " .. folder .. "/a/model.safetensors --sample 50 "
    local sample = run(from .. "--prime 'größer als' --temperature 0").stdout
    assert.equal(10 + 50 + 1, utf8.len(sample))
    assert.truthy(sample:find("^größer als"))
    assert.equal(run(from .. "--seed 3").stdout, run(from .. "--seed 3").stdout)
    assert.not_equal(run(from .. "--seed 3").stdout, run(from .. "--seed 4").stdout)
    local refused = run(from .. "--prime X")
    assert.equal(1, refused.status)
    assert.equal("char_rnn: the model has never seen the character 'X'\n", refused.stderr)
  end)

  it("refuses what it cannot learn in one line", function()
    support.write_file(folder .. "/short", "abc")
    for arguments, message in pairs {
      [folder .. "/nowhere"] = "char_rnn: [^\n]*nowhere[^\n]*\n$",
      [folder] = "char_rnn: [^\n]*\n$",
      [folder .. "/short"] = "char_rnn: [^\n]* has 3 characters: too few[^\n]*\n$",
      ["--from " .. folder .. "/short"] = "char_rnn: [^\n]*short[^\n]*\n$",
      ["--from tests/fixtures/python.safetensors"] = "char_rnn: [^\n]*it has no alphabet\n$",
    } do
      local result = run(CHAR_RNN .. arguments)
      assert.equal(1, result.status, arguments)
      assert.truthy(result.stderr:find("^" .. message), result.stderr)
    end
  end)
end)

-- Every experiment that saves checkpoints: killed on the way and resumed, it ends with the same
-- bytes.

local support = require "tests.cli.support"

local quote = support.quote
local here = support.shell("pwd").stdout:gsub("\n", "")

local LAST = "checkpoints/checkpoint-000004.safetensors"
local DIGITS = "--train 60 --test 20 "

-- Name, options, epochs between two of the four checkpoints, and the file with the weights: the
-- last checkpoint of those that save no model. Of these the whole run has checkpoints too; of the
-- others it has none, so that these are seen to change nothing.
local EXPERIMENTS = {
  {"autoencoder", DIGITS .. "--epochs 4 --hidden 16 --batch 16", 1, "model.safetensors"},
  {"char_rnn", "text --epochs 4 --hidden 8 --embedding 4 --batch 2 --steps 8 --layers 2 --sample 9",
   1, "model.safetensors"},
  {"custom_loop", DIGITS .. "--epochs 4 --hidden 8", 1, LAST},
  {"l2_sweep", DIGITS .. "--epochs 6 --lambdas 0,10", 3, LAST},
  {"mnist_25x25", "--train 10 --test 10 --epochs 8 --hidden 4", 2, "model.safetensors"},
  {"mnist_best_mlp", DIGITS .. "--epochs 8 --hidden 16 --batch 16", 2, "model.safetensors"},
  {"mnist_cnn", DIGITS .. "--epochs 4 --channels 2,3 --batch-size 16", 1, "model.safetensors"},
  {"regression_csv", "--epochs 8 --hidden 8", 2, "model.safetensors"},
  {"sine_by_lbfgs", "--evaluations 40", 10, LAST},
  {"spiral", "--epochs 8 --points 20 --hidden 8", 2, LAST},
  {"xor", "--epochs 40", 10, LAST},
}

local WITHOUT_PLOTS = {custom_loop = true, xor = true}

describe("an experiment that is killed and resumed", function()
  local folder
  before_each(function()
    folder = support.folder()
    support.write_file(folder .. "/text", ("the hare and the tortoise\n"):rep(4))
  end)
  after_each(function() support.remove(folder) end)

  -- In the folder, where there is no MNIST: digits are synthetic.
  local function nnlua(status, arguments)
    local result = support.shell(("cd %s && env -u NNLUA_DATA --default-signal=INT %s %s"):format(
      quote(folder), support.nnlua, arguments))
    assert.equal(status, result.status, result.stderr)
    return result
  end

  -- Runs the experiment whole, and with a signal at the Nth call of a function; resumes the latter.
  local function compare(entry, status, signal, call)
    local name, options, every, weights = table.unpack(entry)
    local script = quote(("%s/experiments/%s.lua"):format(here, name))
    local plots = WITHOUT_PLOTS[name] and "" or " --no-plots"
    local saving = " --checkpoint-every " .. every
    nnlua(0, ("%s %s%s%s --out whole"):format(script, options, plots,
                                              weights == LAST and saving or ""))
    nnlua(status, ("%s %s %s %s %s%s%s --out parts"):format(
      quote(here .. "/tests/cli/killed.lua"), signal, call, script, options, plots, saving))
    assert.is_nil(io.open(folder .. "/parts/" .. weights))
    nnlua(0, ("%s%s --resume parts"):format(script, plots))
    for _, file in ipairs {"metrics.csv", weights} do
      assert.is_true(support.read_file(folder .. "/whole/" .. file)
                     == support.read_file(folder .. "/parts/" .. file), file)
    end
  end

  for _, entry in ipairs(EXPERIMENTS) do
    it("ends with the same bytes: " .. entry[1], function()
      compare(entry, 137, "KILL", "checkpoint.save 3")
    end)
  end

  it("does so when Ctrl-C comes within an epoch of char_rnn", function()
    compare(EXPERIMENTS[2], 130, "INT", "clip_grad_norm 16")
  end)

  it("is left as it was by a resumption that is refused", function()
    local xor = quote(here .. "/experiments/xor.lua")
    local spiral = quote(here .. "/experiments/spiral.lua")
    nnlua(0, xor .. " --epochs 4 --checkpoint-every 2 --out a")
    local function read(name) return support.read_file(folder .. "/a/" .. name) end
    local config, rows = read("config.json"), read("metrics.csv")
    for pattern, command in pairs {
      ["^xor: checkpoint [^\n]* does not fit[^\n]*\n$"] = xor .. " --hidden 5",
      ["^spiral: run: a/metrics.csv has other columns\n$"] = spiral,
    } do
      local stderr = nnlua(1, command .. " --resume a").stderr
      assert.truthy(stderr:find(pattern), stderr)
      assert.equal(config, read("config.json"))
      assert.equal(rows, read("metrics.csv"))
    end
    assert.truthy(nnlua(2, xor .. " --resume a/config.json").stderr:find(
      "there is no folder 'a/config.json'", 1, true))
  end)

  it("draws its pictures unless it is told again not to", function()
    local spiral = quote(here .. "/experiments/spiral.lua")
    nnlua(0, spiral .. " --epochs 2 --points 10 --checkpoint-every 1 --no-plots --out a")
    local function resume(options, picture)
      nnlua(0, ("%s --resume a %s"):format(spiral, options))
      local file <close> = io.open(folder .. "/a/" .. picture)
      return file ~= nil, support.read_file(folder .. "/a/config.json"):match('"no_plots": (%a+)')
    end
    assert.same({false, "true"}, {resume("--epochs 3 --no-plots", "epoch_0003.png")})
    assert.same({true, "false"}, {resume("--epochs 4", "epoch_0004.png")})
  end)
end)

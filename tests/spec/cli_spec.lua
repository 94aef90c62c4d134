-- cli_spec.lua - lua/nnlua/cli.lua: declared options, their errors, their help

local cli = require "nnlua.cli"
local nn = require "nnlua"

local OPTIONS = {
  {"epochs", 5000, "passes over the training set", min = 1},
  {"lr", 0.01, "learning rate", above = 0},
  {"lambda", 10.0, "L2 penalty", min = 0},
  {"hidden", {25, 25}, "sizes of the hidden layers", min = 1, empty = true},
  {"scales", {0.5, 1}, "scales to try"},
  {"activation", "relu", "of the hidden layers", choices = {"relu", "sigmoid", "tanh"}},
  {"train", 6000, "training samples", min = 1, max = 60000},
  {"offset", 0, "any integer"},
  {"momentum", 0.5, "momentum", min = 0, below = 1},
  {"data", nil, "folder of the data set", kind = "string", metavar = "DIR"},
  {"no_plots", false, "draw no pictures"},
}

-- Parses words separated by blanks.
local function parse(line, options)
  local argv = {}
  for word in line:gmatch("%S+") do argv[#argv + 1] = word end
  return cli.pparse("prog", "Does things.", options or OPTIONS, argv)
end

local function fails(line, message, options)
  local opts, text, status = parse(line, options)
  assert.is_nil(opts)
  assert.equal(message .. "; see --help", text)
  assert.equal(2, status)
end

describe("cli.pparse", function()
  it("returns the defaults, and the names in their order", function()
    local opts, names = parse("")
    assert.same({
      epochs = 5000, lr = 0.01, lambda = 10.0, hidden = {25, 25}, scales = {0.5, 1.0},
      activation = "relu", train = 6000, offset = 0, momentum = 0.5, no_plots = false,
    }, opts)
    assert.same({"epochs", "lr", "lambda", "hidden", "scales", "activation", "train", "offset",
                 "momentum", "data", "no_plots"}, names)
  end)

  it("converts values to the kind of their default", function()
    local opts = parse("--epochs 1e3 --lambda 3 --hidden 7 --scales 1,2.5 --data some/dir "
      .. "--activation=tanh --offset -12 --no-plots")
    assert.equal("integer", math.type(opts.epochs))
    assert.equal(1000, opts.epochs)
    assert.equal("float", math.type(opts.lambda))
    assert.equal(3.0, opts.lambda)
    assert.same({7}, opts.hidden)
    assert.same({1.0, 2.5}, opts.scales)
    assert.equal("some/dir", opts.data)
    assert.equal("tanh", opts.activation)
    assert.equal(-12, opts.offset)
    assert.is_true(opts.no_plots)
  end)

  it("keeps every digit of a default", function()
    local third = 1 / 3
    assert.equal(third, parse("", {{"x", third}}).x)
  end)

  it("understands underscores for dashes, and takes the last of several", function()
    local opts = parse("--no_plots --epochs 1 --epochs 2")
    assert.is_true(opts.no_plots)
    assert.equal(2, opts.epochs)
  end)

  it("allows an empty list only where it is declared", function()
    local opts = cli.pparse("prog", "", OPTIONS, {"--hidden", ""})
    assert.same({}, opts.hidden)
    local _, text = cli.pparse("prog", "", OPTIONS, {"--scales="})
    assert.matches("expected a comma-separated list of numbers, got ''", text, 1, true)
  end)

  it("names option, expectation and value of a bad number", function()
    fails("--epochs abc", "option '--epochs': expected a positive integer, got 'abc'")
    fails("--epochs 0", "option '--epochs': expected a positive integer, got '0'")
    fails("--epochs 1.5", "option '--epochs': expected a positive integer, got '1.5'")
    fails("--epochs -1", "option '--epochs': expected a positive integer, got '-1'")
    fails("--epochs 0x10", "option '--epochs': expected a positive integer, got '0x10'")
    fails("--epochs 99999999999999999999",
          "option '--epochs': expected a positive integer, got '99999999999999999999'")
    fails("--lr 0", "option '--lr': expected a positive number, got '0'")
    fails("--lambda -.5", "option '--lambda': expected a non-negative number, got '-.5'")
    fails("--train 70000", "option '--train': expected an integer from 1 to 60000, got '70000'")
    fails("--momentum 1",
          "option '--momentum': expected a number of at least 0 and below 1, got '1'")
    fails("--offset x", "option '--offset': expected an integer, got 'x'")
  end)

  it("takes neither NaN nor infinity, however written", function()
    for _, value in ipairs {"nan", "-nan", "inf", "1e999", "0x1p4000"} do
      fails("--lr=" .. value, ("option '--lr': expected a positive number, got '%s'"):format(value))
    end
  end)

  it("checks every element of a list", function()
    local expected = "option '--hidden': expected a comma-separated list of positive integers, "
    fails("--hidden 25,0", expected .. "got '25,0'")
    fails("--hidden 25,,3", expected .. "got '25,,3'")
    fails("--hidden 25,", expected .. "got '25,'")
    fails("--hidden 25;3", expected .. "got '25;3'")
  end)

  it("lists the choices", function()
    fails("--activation rleu",
          "option '--activation': expected one of relu, sigmoid, tanh, got 'rleu'")
  end)

  it("suggests the option that was meant", function()
    fails("--epoch 3", "unknown option '--epoch' (did you mean '--epochs'?)")
    fails("--noplots", "unknown option '--noplots' (did you mean '--no-plots'?)")
    fails("-epochs 3", "unknown option '-epochs' (did you mean '--epochs'?)")
    fails("--unheard-of", "unknown option '--unheard-of'")
  end)

  it("refuses missing and surplus words", function()
    fails("--data", "option '--data' requires an argument")
    fails("--data --no-plots", "option '--data' requires an argument")
    fails("--no-plots=1", "option '--no-plots' does not take arguments")
    fails("stray", "unexpected argument 'stray'")
    fails("--epochs 3 4", "unexpected argument '4'")
  end)

  it("keeps its message on one line whatever the value holds", function()
    local _, text = cli.pparse("prog", "", OPTIONS, {"--epochs", "1\n2"})
    assert.equal("option '--epochs': expected a positive integer, got '1?2'; see --help", text)
  end)

  it("takes positional arguments, required or with a default", function()
    local options = {
      {"file", nil, "what to read", kind = "string", positional = true},
      {"count", 3, "how many", positional = true, min = 1},
      {"quiet", false, "say nothing"},
    }
    assert.same({file = "a.csv", count = 3, quiet = false}, (parse("a.csv", options)))
    assert.same({file = "a.csv", count = 5, quiet = true}, (parse("--quiet a.csv 5", options)))
    fails("", "missing argument 'file'", options)
    fails("a.csv 0", "argument 'count': expected a positive integer, got '0'", options)
    fails("a.csv 1 2", "unexpected argument '2'", options)
  end)

  it("takes many positional arguments, or none where they are optional", function()
    local options = {{"id", nil, "of runs", kind = "string", positional = true, many = true},
                     {"quiet", false, "say nothing"}}
    assert.same({"a", "b"}, parse("a --quiet b", options).id)
    assert.same({"a"}, parse("a", options).id)
    fails("", "missing argument 'id'", options)
    options[1].optional = true
    assert.same({}, parse("", options).id or {})
  end)

  it("shows every option with its default in the help", function()
    local opts, text, status = parse("--help")
    assert.is_nil(opts)
    assert.equal(0, status)
    for _, part in ipairs {
      "Does things.", "--epochs N", "passes over the training set (default: 5000)",
      "(default: 0.01)", "(default: 10)", "(default: 25,25)", "relu|sigmoid|tanh",
      "(default: relu)", "--data DIR", "--no-plots", "--help",
    } do
      assert.matches(part, text, 1, true)
    end
    assert.not_matches("no_plots", text, 1, true)
    assert.not_matches("rest", text, 1, true)
    for line in text:gmatch("[^\n]+") do assert.is_true(#line <= 100) end
  end)

  it("blames the script that declares an option wrongly", function()
    local function declared(...)
      local options = {...}
      local ok, message = pcall(function()
        local opts = cli.pparse("prog", "", options, {})
        return opts
      end)
      assert.is_false(ok)
      return message
    end
    assert.matches("cli_spec.lua:%d+: .*bad option name 'two words'", declared({"two words", 1}))
    assert.matches("cli_spec.lua:%d+: .*'x' needs a default or a kind", declared({"x"}))
    assert.matches("cli_spec.lua:%d+: .*'x' has an unknown field 'mni'",
                   declared({"x", 1, mni = 2}))
    assert.matches("cli_spec.lua:%d+: .*'x' is declared twice", declared({"x", 1}, {"x", 2}))
    assert.matches("cli_spec.lua:%d+: .*the default of 'x' is not a positive integer",
                   declared({"x", 0, "", min = 1}))
    assert.matches("flag 'x' must be an option that is false", declared({"x", true}))
  end)
end)

describe("an option that continues a run", function()
  local dir
  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
    assert(nn.io.mkdir_p(dir))
  end)
  after_each(function()
    os.remove(dir .. "/config.json")
    os.remove(dir)
  end)

  local RESUMABLE = {
    {"epochs", 10, "passes", min = 1},
    {"lr", 0.1, "rate", above = 0},
    {"hidden", {25}, "sizes", min = 1},
    {"batch-size", 8, "rows"},
    {"moved", false, "move the images"},
    {"no_plots", false, "draw no pictures", once = true},
    {"out", nil, "folder", kind = "string", once = true},
    table.unpack(cli.checkpoints),
  }

  local function resume(saved, line)
    assert(nn.io.write_file(dir .. "/config.json", nn.io.json_encode {options = saved}))
    return parse(("--resume %s %s"):format(dir, line), RESUMABLE)
  end

  it("takes over what that run was given, but for what is declared with once", function()
    local saved = {epochs = 20, lr = 1, hidden = {5, 6}, batch_size = 4, moved = true,
                   no_plots = true, out = "runs/x", checkpoint_every = 3, resume = "elsewhere",
                   unknown = 1}
    assert.same({epochs = 20, lr = 1.0, hidden = {5, 6}, batch_size = 4, moved = true,
                 no_plots = false, checkpoint_every = 3, resume = dir}, resume(saved, ""))
    assert.same({epochs = 30, lr = 1.0, hidden = {7}, batch_size = 4, moved = true,
                 no_plots = true, out = "here", checkpoint_every = 3, resume = dir},
                resume(saved, "--hidden 7 --no-plots --epochs 30 --out here"))
    assert.equal(10, resume({moved = false}, "").epochs)
    assert.is_true(resume({moved = false}, "--moved").moved)
  end)

  it("names a saved value that does not fit", function()
    for message, saved in pairs {
      ["option '--epochs': expected a positive integer, got '0'"] = {epochs = 0},
      ["option '--epochs': expected a positive integer, got 'x'"] = {epochs = "x"},
      ["option '--lr': expected a positive number, got a boolean"] = {lr = true},
      ["option '--hidden': expected a comma-separated list of positive integers, got a table"] =
        {hidden = {{1}}},
    } do
      local opts, text, status = resume(saved, "")
      assert.is_nil(opts)
      assert.equal(2, status)
      assert.equal(("option '--resume': %s/config.json: %s"):format(dir, message), text)
    end
  end)
end)

describe("cli.fit_checkpoint", function()
  it("counts steps where the options count epochs", function()
    assert.is_nil(cli.fit_checkpoint({}, "dir", 7))
    assert.same({dir = "dir", every = 14, resume = false},
                cli.fit_checkpoint({checkpoint_every = 2}, "dir", 7))
    assert.same({dir = "dir", resume = true}, cli.fit_checkpoint({resume = "run"}, "dir", 7))
  end)
end)

describe("cli.try", function()
  it("hands on what the function returns", function()
    assert.same({1, nil, 3}, {cli.try("prog", function(...) return ... end, 1, nil, 3)})
    assert.same({}, {cli.try("prog", function() end)})
  end)

  it("lets an interruption through", function()
    local ok, message = pcall(cli.try, "prog", function() error("interrupted", 0) end)
    assert.is_false(ok)
    assert.equal("interrupted", message)
  end)
end)

describe("a script's process", function()
  -- Runs a script under the interpreter that runs this spec.
  local function run(code)
    local script, out, err = os.tmpname(), os.tmpname(), os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write(("package.path = %q\npackage.cpath = %q\nlocal cli = require 'nnlua.cli'\n"):format(
      package.path, package.cpath), code)
    file:close()
    local lowest = 0
    while arg[lowest - 1] do lowest = lowest - 1 end
    local _, _, status = os.execute(("%s %s >%s 2>%s"):format(arg[lowest], script, out, err))
    local texts = {}
    for i, name in ipairs {out, err} do
      file = assert(io.open(name))
      texts[i] = file:read("a")
      file:close()
    end
    for _, name in ipairs {script, out, err} do os.remove(name) end
    return status, texts[1], texts[2]
  end

  it("ends with one line and status 2 after a mistake", function()
    local status, out, err = run("cli.parse('prog', '', {{'n', 1}}, {'--n', 'x'}) print('on')")
    assert.equal(2, status)
    assert.equal("", out)
    assert.equal("prog: option '--n': expected an integer, got 'x'; see --help\n", err)
  end)

  it("ends with status 0 after --help", function()
    local status, out, err = run("cli.parse('prog', 'Text.', {{'n', 1}}, {'--help'}) print('on')")
    assert.equal(0, status)
    assert.matches("^Usage: prog.*Text%..*%-%-n N.*%(default: 1%)\n", out)
    assert.not_matches("\non\n", out)
    assert.equal("", err)
  end)

  it("ends with one line and status 1 after cli.fail", function()
    local status, _, err = run("cli.fail('prog', 'no such folder:\\n  /x')")
    assert.equal(1, status)
    assert.equal("prog: no such folder: /x\n", err)
  end)

  it("ends with one line, without position, when cli.try meets an error", function()
    local status, _, err = run("cli.try('prog', function() error('file is damaged') end)")
    assert.equal(1, status)
    assert.equal("prog: file is damaged\n", err)
    status, _, err = run("cli.try('prog', io.open, '/no/such/file')")
    assert.equal(1, status)
    assert.equal("prog: /no/such/file: No such file or directory\n", err)
  end)
end)

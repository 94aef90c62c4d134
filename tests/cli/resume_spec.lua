-- Trainings that are killed, interrupted and resumed. `make torture` kills a hundred times.

local kills = require "tests.stress.kills"
local support = require "tests.cli.support"

describe("a training that is killed and resumed", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(function() support.remove(folder) end)

  for i, training in ipairs {kills.trainings[1], kills.trainings[6]} do
    it("ends with the same bytes: " .. training.name, function()
      local moments = {}
      local count, problem = kills.torture {
        training = training, count = 3, seed = i, dir = folder,
        log = function(line) moments[#moments + 1] = line end,
      }
      assert.is_truthy(count, tostring(problem) .. "\n" .. table.concat(moments, "\n"))
    end)
  end
end)

describe("Ctrl-C", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(function() support.remove(folder) end)

  -- Starts an endless training, sends it SIGINT at step 20; -> exit status, what it printed.
  local function interrupted(script)
    local path = support.write_file(folder .. "/script.lua", script)
    local log = folder .. "/log"
    local text = support.shell(("env --default-signal=INT %s %s %s >%s 2>&1 & pid=$!; "
      .. "for i in $(seq 1000); do grep -q 'step 20' %s && break; sleep 0.02; done; "
      .. "kill -INT $pid; wait $pid; echo status $?"):format(support.nnlua, path, folder, log, log))
    return tonumber(text.stdout:match("status (%d+)")), support.read_file(log)
  end

  it("ends nn.fit after the step, with a checkpoint and its metrics", function()
    local status, text = interrupted([[
      local nn = require "nnlua"
      local dir = ...
      io.stdout:setvbuf("line")
      local model = nn.Linear(2, 2)
      nn.fit {model = model, criterion = nn.CrossEntropyLoss(), epochs = 1000000,
              optimizer = nn.optim.SGD(model:parameters(), {lr = 0.1}),
              train = {nn.randn(30, 2), nn.ones(30, {dtype = "int64"})}, batch_size = 10,
              checkpoint = {dir = dir .. "/checkpoints"},
              callbacks = {nn.fit.csv(dir), {on_batch_end = function(state)
                print("step " .. state.step)
                local start = nn.clock()
                while nn.clock() - start < 0.005 do end
              end}}}
      print("not reached")]])
    assert.equal(130, status, text)
    assert.truthy(text:find("interrupted at " .. folder .. "/script.lua:5", 1, true), text)
    assert.is_nil(text:find("not reached", 1, true))
    local last = tonumber(text:match(".*\nstep (%d+)"))
    local saved = support.run(("-e 'local list = require(%q).checkpoint.list(%q) "
      .. "print(list[#list].step)'"):format("nnlua", folder .. "/checkpoints"))
    assert.equal(last, tonumber(saved.stdout), saved.stderr)
    assert.truthy(support.read_file(folder .. "/metrics.csv"):find("^epoch,loss,lr\n1,"))
  end)

  it("ends a loop with a saver after the step", function()
    local status, text = interrupted([[
      local nn = require "nnlua"
      io.stdout:setvbuf("line")
      local saver <close> = nn.checkpoint.saver(... .. "/checkpoints", {}, {every = 1000000})
      local step = 0
      while true do
        step = step + 1
        print("step " .. step)
        local start = nn.clock()
        while nn.clock() - start < 0.005 do end
        print("done " .. step)
        saver:update(step)
      end]])
    assert.equal(130, status, text)
    local step, done = text:match(".*\nstep (%d+)\ndone (%d+)\n[^\n]*interrupted")
    assert.equal(step, done)
    assert.is_true(step ~= nil, text)
  end)
end)

describe("--resume", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(function() support.remove(folder) end)

  it("takes over the options of the run, but for those it is given", function()
    local command = "experiments/xor.lua --hidden 5 --epochs 40 --checkpoint-every 20 --out "
    assert.equal(0, support.run(command .. folder .. "/a").status)
    local result = support.run(("experiments/xor.lua --resume %s/a --epochs 60"):format(folder))
    assert.equal(0, result.status, result.stderr)
    assert.truthy(result.stdout:find("^epoch 48  loss"), result.stdout)
    assert.equal(0, support.run(("%s%s/b --epochs 60"):format(command, folder)).status)
    assert.equal(support.read_file(folder .. "/b/metrics.csv"),
                 support.read_file(folder .. "/a/metrics.csv"))
  end)

  it("says what is wrong in one line", function()
    local function refused(status, pattern, arguments)
      local result = support.run("experiments/xor.lua " .. arguments)
      assert.equal(status, result.status, result.stderr)
      assert.truthy(result.stderr:find("^xor: [^\n]+\n$"), result.stderr)
      assert.truthy(result.stderr:find(pattern, 1, true), result.stderr)
    end
    refused(2, "there is no folder '" .. folder .. "/none'", "--resume " .. folder .. "/none")
    assert.equal(0, support.run("experiments/xor.lua --epochs 9 --checkpoint-every 3 --out "
                                .. folder).status)
    refused(1, "does not fit: load_state_dict: '1.weight' is [4,2], expected [6,2]",
            "--hidden 6 --resume " .. folder)
    refused(1, "holds checkpoints already", "--checkpoint-every 3 --out " .. folder)
    support.write_file(folder .. "/config.json", "{")
    refused(2, "config.json is damaged", "--resume " .. folder)
  end)
end)

-- nn.fit: the loop, its callbacks, and going on from a checkpoint at any step.

local nn = require "nnlua"
local lfs = require "lfs"
local support = require "tests.spec.support"

local raises = support.raises

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function remove(path)
  if lfs.attributes(path, "mode") == "directory" then
    for name in lfs.dir(path) do
      if name ~= "." and name ~= ".." then remove(path .. "/" .. name) end
    end
    lfs.rmdir(path)
  else
    os.remove(path)
  end
end

-- Data, a model with dropout, and what else nn.fit needs; the same each time.
local function setup(optimizer)
  nn.manual_seed(1)
  local x, y = nn.randn(50, 6), nn.randint(1, 4, 50)
  local model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
  return {model = model, criterion = nn.CrossEntropyLoss(), train = {x, y},
          validation = {nn.randn(20, 6), nn.randint(1, 4, 20)}, epochs = 4, batch_size = 16,
          metrics = {accuracy = nn.metrics.accuracy}, progress = false,
          optimizer = (optimizer or nn.optim.Adam)(model:parameters(), {lr = 0.01})}
end

local function bytes_of(model)
  local parts = {}
  for i, pair in ipairs(model:state_dict()) do
    parts[i] = nn.pretty(pair[2]:totable(), {items = 1e6})
  end
  return table.concat(parts)
end

describe("nn.fit", function()
  it("leaves the model's mode even if the last callback raises", function()
    local o = setup()
    o.model:eval()
    o.callbacks = {{on_exit = function() error("the last one") end}}
    raises({"the last one"}, nn.fit, o)
    assert.is_false(o.model.training)
  end)

  it("names what is no list, no function, no event", function()
    local function refuses(option, value, ...)
      local o = setup()
      o[option] = value
      raises({"bad option '" .. option .. "' to 'fit'", ...}, nn.fit, o)
    end
    refuses("metrics", 3, "table expected, got number")
    refuses("callbacks", false, "table expected, got boolean")
    refuses("checkpoint", "runs", "table expected, got string")
    refuses("callbacks", {{on_batch_end = 3}}, "entry 1: on_batch_end is a number")
    refuses("callbacks", {{}, {on_batch_ends = print}},
            "entry 2 has an unknown 'on_batch_ends' (did you mean 'on_batch_end'?)")
    refuses("train", function() end, "the function gave a nil, expected an iterator")
    local o = setup()
    o.checkpoint = {dir = "unused", best = 3}
    raises({"'checkpoint': the name of a metric expected, got number"}, nn.fit, o)
  end)
end)

describe("nn.fit", function()
  local dir
  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
    -- In memory if there is such a place: hundreds of checkpoints wait for their disk here.
    if lfs.attributes("/dev/shm") then dir = "/dev/shm/" .. dir:match("[^/]*$") end
  end)
  after_each(function() remove(dir) end)

  it("is the loop that everyone writes", function()
    local o = setup()
    local history = nn.fit(o)
    local p = setup()
    local losses, model = {}, p.model
    local loader = nn.data.loader {dataset = nn.data.TensorDataset(table.unpack(p.train)),
                                   batch_size = 16, shuffle = true}
    for epoch = 1, 4 do
      local sum = 0
      for x, y in loader() do
        p.optimizer:zero_grad()
        local loss = nn.backprop(model, p.criterion, x, y)
        p.optimizer:step()
        sum = sum + loss:item() * #x
      end
      losses[epoch] = sum / 50
    end
    assert.equal(bytes_of(model), bytes_of(o.model))
    for epoch, row in ipairs(history) do
      assert.equal(losses[epoch], row.loss)
      assert.same({epoch, 0.01}, {row.epoch, row.lr})
      assert.is_true(row.accuracy >= 0 and row.validation_accuracy <= 1 and row.time > 0)
    end
    model:eval()
    local loss, accuracy = nn.evaluate(model, p.criterion, p.validation[1], p.validation[2])
    assert.is_true(math.abs(loss:item() - history[4].validation_loss) < 1e-6)
    assert.is_true(math.abs(accuracy - history[4].validation_accuracy) < 1e-12)
    assert.is_true(o.model.training)
    assert.is_nil(history.stopped)
  end)

  it("takes loaders, data sets, functions, and metrics that are objects", function()
    local o = setup()
    local set = nn.data.TensorDataset(table.unpack(o.train))
    o.metrics = {top2 = nn.metrics.TopK(2), one = function() return nn.ones(1) end}
    o.epochs = 1
    local loader = nn.data.loader {dataset = set, batch_size = 10}
    for _, given in ipairs {set, loader, function() return loader() end} do
      o.train = given
      local row = nn.fit(o)[1]
      assert.equal(1, row.one)
      assert.is_true(row.top2 > 0.5 and row.validation_top2 > 0.4)
    end
  end)

  it("leaves a loss that is a sum as the mean of its rows", function()
    local o = setup()
    o.optimizer.groups[1].lr = 0
    local mean = nn.fit(o)[1].validation_loss
    o.criterion = nn.CrossEntropyLoss {reduction = "sum"}
    assert.is_true(math.abs(mean - nn.fit(o)[1].validation_loss) < 1e-6)
  end)

  it("calls the callbacks in their order, and stops when one says so", function()
    local o, calls = setup(), {}
    local spy = {}
    for _, name in ipairs {"on_train_begin", "on_epoch_begin", "on_batch_begin", "on_gradients",
                           "on_batch_end", "on_epoch_end", "on_train_end", "on_exit"} do
      spy[name] = function(state)
        calls[#calls + 1] = ("%s %d.%d"):format(name:sub(4), state.epoch, state.batch)
        if name == "on_batch_end" and state.step == 5 then return nn.fit.STOP end
      end
    end
    o.callbacks = {spy}
    local history = nn.fit(o)
    assert.equal("train_begin 0.0,epoch_begin 1.0,batch_begin 1.0,gradients 1.0,batch_end 1.1",
                 table.concat(calls, ",", 1, 5))
    assert.equal("batch_end 2.1,epoch_end 2.1,train_end 2.1,exit 2.1",
                 table.concat(calls, ",", #calls - 3))
    assert.equal(2, #history)
    assert.equal("a callback stopped it", history.stopped)
    o.callbacks = {{on_epoch_end = function(state) state.stop, state.reason = true, "enough" end}}
    assert.equal("enough", nn.fit(o).stopped)
    calls = {}
    o.callbacks = {{on_batch_end = function() error("mine", 0) end}, spy}
    raises({"mine"}, nn.fit, o)
    assert.equal("exit 1.1", calls[#calls])
  end)

  it("stops early and goes back to the best weights", function()
    local o, best = setup(), {loss = math.huge}
    o.epochs, o.optimizer.groups[1].lr = 40, 0.1
    o.callbacks = {{on_epoch_end = function(state)
      if state.row.validation_loss < best.loss then
        best = {loss = state.row.validation_loss, epoch = state.epoch, bytes = bytes_of(o.model)}
      end
    end}, nn.fit.early_stopping {patience = 3}}
    local history = nn.fit(o)
    assert.equal(best.epoch + 3, #history)
    assert.equal(best.epoch, history.best_epoch)
    assert.equal("no better validation_loss for 3 epochs", history.stopped)
    assert.equal(best.bytes, bytes_of(o.model))
  end)

  it("steps a schedule per epoch, per step, or by a metric", function()
    local schedules = nn.optim.lr_scheduler
    local function rates(make)
      local o, list = setup(nn.optim.SGD), {}
      o.schedule = make(o.optimizer)
      for i, row in ipairs(nn.fit(o)) do list[i] = row.lr end
      return list
    end
    assert.same({0.01, 0.005, 0.0025, 0.00125}, rates(function(opt)
      return schedules.StepLR(opt, 1, {gamma = 0.5})
    end))
    assert.same({0.005, 0.0025, 0.00125, 0.000625}, rates(function(opt)
      return {schedules.StepLR(opt, 4, {gamma = 0.5}), per = "step"}
    end))
    assert.same({0.01, 0.01, 0.001, 0.0001}, rates(function(opt)
      return {schedules.ReduceLROnPlateau(opt, {patience = 0}), monitor = "epoch"}
    end))
  end)

  it("clips gradients as PyTorch does", function()
    local o, norms = setup(), {}
    local function norm()
      local sum = 0
      for _, p in ipairs(o.model:parameters()) do sum = sum + (p.grad ^ 2):sum():item() end
      return math.sqrt(sum)
    end
    o.epochs = 1
    o.callbacks = {{on_gradients = function() norms[#norms + 1] = norm() end},
                   nn.fit.clip_gradients {norm = 0.1},
                   {on_gradients = function() norms[#norms + 1] = norm() end},
                   nn.fit.clip_gradients {value = 0.01},
                   {on_gradients = function()
                     for _, p in ipairs(o.model:parameters()) do
                       assert(p.grad:abs():max():item() <= 0.01000001)
                     end
                   end}}
    nn.fit(o)
    for i = 1, #norms, 2 do
      assert.is_true(norms[i] > 0.1 and math.abs(norms[i + 1] - 0.1) < 1e-5)
    end
  end)

  it("writes metrics.csv as a run does", function()
    local o = setup()
    o.callbacks = {nn.fit.csv(dir)}
    local history = nn.fit(o)
    local lines = {}
    for line in io.lines(dir .. "/metrics.csv") do lines[#lines + 1] = line end
    assert.equal("epoch,loss,accuracy,validation_loss,validation_accuracy,lr", lines[1])
    assert.equal(("2,%.15g"):format(history[2].loss), lines[3]:match("^2,[^,]*"))
    assert.equal(5, #lines)
  end)

  it("logs what a run has columns for, and prints a line", function()
    local o, printed = setup(), {}
    local run = nn.run {name = "log", dir = dir, columns = {"validation_loss", "epoch"}}
    o.callbacks = {nn.fit.log(run, function(row)
      return row.epoch % 2 == 0 and ("epoch %d"):format(row.epoch) or nil
    end), {on_train_begin = function(state)
      function state.print(_, text) printed[#printed + 1] = text end
    end}}
    local history = nn.fit(o)
    assert.same({1, 2, 3, 4}, run.history.epoch)
    assert.equal(history[3].validation_loss, run.history.validation_loss[3])
    assert.same({"epoch 2", "epoch 4"}, printed)
    run:close()
    local other <close> = nn.run {name = "log", dir = dir, columns = {"acuracy"}}
    o.callbacks = {nn.fit.log(other)}
    raises({"log: no metric 'acuracy' (did you mean 'accuracy'?)"}, nn.fit, o)
    raises({"bad argument #1 to 'log' (run expected, got string)"}, nn.fit.log, dir)
    raises({"bad argument #2 to 'log' (function expected, got string)"}, nn.fit.log, run, "epoch")
  end)

  it("prints with the progress line out of the way", function()
    local o, events = setup(), {}
    o.epochs = 1
    o.callbacks = {{
      on_train_begin = function(state)
        state.bar = {clear = function() events[#events + 1] = "clear" end}
      end,
      on_epoch_end = function(state)
        local before = print
        _G.print = function(text) events[#events + 1] = text end
        state:print("text")
        _G.print = before
      end,
    }}
    nn.fit(o)
    assert.same({"clear", "text"}, events)
  end)

  it("keeps a progress line in step", function()
    local o = setup()
    o.progress = true -- draws on a terminal only
    assert.equal(4, #nn.fit(o))
  end)

  it("draws the curves that it is asked for, those before a resumption too", function()
    local function drawn(live, more)
      local o, written = setup(), {}
      o.live = live
      for name, value in pairs(more or {}) do o[name] = value end
      local original = io.stderr
      io.stderr = {write = function(_, ...) -- luacheck: ignore
        for _, text in ipairs {...} do written[#written + 1] = text end
      end, flush = function() end}
      local ok, message = pcall(nn.fit, o)
      io.stderr = original -- luacheck: ignore
      return table.concat(written), ok, message
    end
    assert.matches("● loss   ■ validation loss\n", drawn(true), 1, true)
    assert.equal("", (drawn(false)))
    assert.matches("● accuracy\n", drawn({"accuracy"}, {progress = true}), 1, true)
    local _, ok, message = drawn({"acuracy"})
    assert.is_false(ok)
    assert.matches("no metric 'acuracy' (did you mean 'accuracy'?)", message, 1, true)
    _, ok, message = drawn("loss")
    assert.is_false(ok)
    assert.matches("true or a list of names expected, got string", message, 1, true)

    drawn(false, {epochs = 3, checkpoint = {dir = dir .. "/live"}})
    local text = drawn(true, {epochs = 5, checkpoint = {dir = dir .. "/live", resume = true}})
    local axis = text:match("└[^\n]*\n([^\n]*)\n *epoch\n$")
    assert(axis and axis:find("^ *1 .*5 *$"), text)
  end)

  -- Trains in one go and in pieces that end with an error after some step; -> what both wrote.
  local function in_pieces(name, optimizer, schedule, every, breaks, change)
    local function train(folder, resume, last)
      local o = setup(optimizer)
      o.schedule = schedule and schedule(o.optimizer)
      o.callbacks = {nn.fit.csv(folder), nn.fit.early_stopping {patience = 9},
                     {on_batch_end = function(state)
                       if state.step == last then error("break", 0) end
                     end}}
      o.metrics.mean = nn.metrics.TopK(2)
      o.checkpoint = {dir = folder .. "/checkpoints", every = every, resume = resume}
      if change then change(o) end
      local history = nn.fit(o)
      for _, row in ipairs(history) do row.time = nil end
      return bytes_of(o.model), read(folder .. "/metrics.csv"), nn.pretty(history, {depth = 5})
    end
    local whole = {train(dir .. "/whole", false)}
    for _, last in ipairs(breaks) do
      raises({"break"}, train, dir .. "/pieces", true, last)
    end
    local parts = {train(dir .. "/pieces", true)}
    assert.equal(whole[1], parts[1], name)
    assert.equal(whole[2], parts[2], name)
    assert.equal(whole[3], parts[3], name)
    assert.same(parts, {train(dir .. "/pieces", true)}) -- resumed when it has ended
    remove(dir)
  end

  it("goes on from every step as if nothing had happened", function()
    in_pieces("at each step", nil, nil, 1, {2, 3, 4, 5, 6, 8, 9, 12, 13, 16})
    in_pieces("now and then", nil, nil, 3, {2, 5, 11, 14})
    in_pieces("per epoch", nil, nil, "epoch", {3, 6, 13})
    in_pieces("per epoch, the best kept", nil, nil, "epoch", {6, 13}, function(o)
      o.checkpoint.best = "validation_loss"
    end)
  end)

  it("does so with every optimizer", function()
    for _, name in ipairs {"SGD", "Adam", "AdamW", "NAdam", "RMSprop", "Adagrad", "Adadelta",
                           "Rprop", "Lion", "LBFGS"} do
      in_pieces(name, nn.optim[name], nil, 3, {5, 10})
    end
    in_pieces("momentum", function(p)
      return nn.optim.SGD(p, {lr = 0.1, momentum = 0.9, nesterov = true})
    end, nil, 3, {5, 10})
  end)

  it("does so with every kind of schedule", function()
    local schedules = nn.optim.lr_scheduler
    for name, make in pairs {
      StepLR = function(opt) return schedules.StepLR(opt, 2, {gamma = 0.5}) end,
      ExponentialLR = function(opt) return {schedules.ExponentialLR(opt, 0.9), per = "step"} end,
      CosineAnnealingLR = function(opt) return schedules.CosineAnnealingLR(opt, 4) end,
      OneCycleLR = function(opt)
        return {schedules.OneCycleLR(opt, 0.05, {total_steps = 16}), per = "step"}
      end,
      ReduceLROnPlateau = function(opt)
        return {schedules.ReduceLROnPlateau(opt, {patience = 0}), monitor = "validation_loss"}
      end,
      SequentialLR = function(opt)
        return schedules.SequentialLR(opt, {schedules.LinearLR(opt), schedules.StepLR(opt, 1)}, {2})
      end,
    } do
      in_pieces(name, nil, make, 3, {7})
    end
  end)

  it("raises where a checkpoint is of another training, and changes nothing", function()
    local o = setup()
    o.checkpoint = {dir = dir, resume = true}
    nn.fit(o)
    local p = setup()
    p.checkpoint = o.checkpoint
    p.callbacks = {nn.fit.early_stopping {}}
    local before = bytes_of(p.model)
    raises({"does not fit", "0 callbacks, this training 1 "}, nn.fit, p)
    p.callbacks, p.batch_size = {}, 10
    raises({"does not fit", "batch_size"}, nn.fit, p)
    p.batch_size, p.optimizer = 16, nn.optim.SGD(p.model:parameters(), {lr = 1})
    raises({"does not fit", "SGD"}, nn.fit, p)
    assert.equal(before, bytes_of(p.model))
    p = setup()
    p.checkpoint = {dir = dir}
    raises({dir .. " holds checkpoints already"}, nn.fit, p)
  end)
end)

describe("nn.fit.stop_on_nan", function()
  -- A module that computes something of its own.
  local function module_of(f)
    local Own = nn.class("Own", nn.Module)
    function Own.forward(_, x) return f(x) end
    return Own()
  end

  local function fails(patterns, model, change)
    local o = setup()
    o.model, o.optimizer = model, nn.optim.SGD(model:parameters(), {lr = 0.1})
    o.callbacks = {nn.fit.stop_on_nan()}
    if change then change(o) end
    local before = bytes_of(model)
    raises(patterns, nn.fit, o)
    assert.equal(before, bytes_of(model))
  end

  it("names the layer and the operation", function()
    fails({"fit: the loss is nan in step 1 (epoch 1, batch 1)", "layer 2 (Own)", "operation 'log'",
           "gives nan"},
          nn.Sequential(nn.Linear(6, 3), module_of(function(x) return x:log() end), nn.ReLU()))
    fails({"the loss is", "layer 2.1 (Own)", "operation 'exp' gives inf"},
          nn.Sequential(nn.Linear(6, 3), nn.Sequential(module_of(function(x)
            return (x * 1e30):exp()
          end))))
  end)

  it("names what nothing recorded", function()
    fails({"layer 1 (Own) gives nan"},
          nn.Sequential(module_of(function(x) return x:log() end), nn.Linear(6, 3)))
  end)

  it("names inputs and parameters", function()
    local model = nn.Sequential(nn.Linear(6, 3))
    fails({"the input of the batch holds nan"}, model, function(o)
      o.train[1][{1, 1}] = 0 / 0
      o.shuffle = false
    end)
    nn.init.constant_(model[1].bias, 1 / 0)
    fails({"the parameter '1.bias' holds inf before the step"}, model)
  end)

  it("names where a gradient went wrong", function()
    -- sqrt is finite at 0, its gradient is not.
    fails({"the gradient of '1.weight' is not finite", "layer 2 (Own)",
           "the gradient of operation 'sqrt' is"},
          nn.Sequential(nn.Linear(6, 3), module_of(function(x) return (x * 0):sqrt() end)))
  end)

  it("finds what a random draw brought about", function()
    nn.manual_seed(3)
    fails({"layer 3 (Own)", "operation 'log'"},
          nn.Sequential(nn.Linear(6, 3), nn.Dropout(0.5), module_of(function(x)
            return x:abs():log()
          end)))
  end)

  it("says nothing where all is well", function()
    local o = setup()
    o.callbacks = {nn.fit.stop_on_nan()}
    assert.equal(4, #nn.fit(o))
  end)
end)

-- Learning-rate schedules: recorded PyTorch sequences, composition, saved state, messages.

local nn = require "nnlua"
local support = require "tests.spec.support"

local recorded = support.fixture("schedule")
local schedules = nn.optim.lr_scheduler

local function optimizer_of(name)
  local groups = {
    {params = {nn.zeros(1):requires_grad_()}, lr = 0.5},
    {params = {nn.zeros(1):requires_grad_()}, lr = 0.125},
  }
  return nn.optim[name](groups, name == "SGD" and {lr = 1, momentum = 0.5} or nil)
end

-- The schedule of {name, arguments, options}; a constructor's last argument is the options.
local function make(optimizer, name, arguments, options, parts)
  local list = {optimizer}
  if #parts > 0 then
    local made = {}
    for i, part in ipairs(parts) do made[i] = make(optimizer, part[1], part[2], part[3], {}) end
    list = name == "ChainedScheduler" and {made} or {optimizer, made}
  end
  table.move(arguments, 1, #arguments, #list + 1, list)
  if next(options) then list[#list + 1] = options end
  return schedules[name](table.unpack(list))
end

local function made_of(run, optimizer)
  return make(optimizer, run.schedule, run.arguments, run.options, run.parts)
end

local function step(schedule, run, t)
  schedule:step(run.schedule == "ReduceLROnPlateau" and recorded.metrics[t] or nil)
end

local EXACT = {rtol = 1e-12, atol = 1e-16}

local function check(run, t, optimizer, schedule)
  local label = ("%s, epoch %d"):format(run.schedule, t)
  local rates, momenta = {}, {}
  for i, group in ipairs(optimizer.groups) do
    rates[i] = group.lr
    momenta[i] = group.betas and group.betas[1] or group.momentum
  end
  support.close(rates, run.rates[t + 1], label, EXACT)
  assert.same(rates, schedule:get_last_lr())
  if #run.momenta > 0 then
    support.close(momenta, run.momenta[t + 1], label .. ", momentum", EXACT)
  end
end

-- A table holds what a file can: tensors, numbers, strings, booleans, lists and tables by name.
local function check_plain(value)
  if type(value) == "table" then
    assert.is_nil(getmetatable(value))
    for key, item in pairs(value) do
      assert.is_true(type(key) == "string" or math.type(key) == "integer" and key <= #value)
      check_plain(item)
    end
  else
    assert.truthy(({number = true, string = true, boolean = true})[type(value)])
  end
end

describe("schedules", function()
  for number, run in ipairs(recorded.runs) do
    it(("follow PyTorch's %s (%d)"):format(run.schedule, number), function()
      local optimizer = optimizer_of(run.optimizer)
      local schedule = made_of(run, optimizer)
      for t = 0, #run.rates - 1 do
        if t > 0 then step(schedule, run, t) end
        check(run, t, optimizer, schedule)
      end
    end)

    it(("go on with the same bits from a saved %s (%d)"):format(run.schedule, number), function()
      local optimizer = optimizer_of(run.optimizer)
      local schedule = made_of(run, optimizer)
      for t = 1, 9 do step(schedule, run, t) end
      local dict, options = schedule:state_dict(), optimizer:state_dict()
      check_plain(dict)
      -- Optimizer first and schedule first: the rates and momenta are those of epoch 9.
      for _, early in ipairs {true, false} do
        local fresh = optimizer_of(run.optimizer)
        if early then fresh:load_state_dict(options) end
        local resumed = made_of(run, fresh)
        assert.is_true(rawequal(resumed, resumed:load_state_dict(dict)))
        if not early then fresh:load_state_dict(options) end
        check(run, 9, fresh, resumed)
        local original = optimizer_of(run.optimizer)
        local whole = made_of(run, original)
        for t = 1, #run.rates - 1 do
          step(whole, run, t)
          if t > 9 then
            step(resumed, run, t)
            for i, group in ipairs(original.groups) do
              assert.equal(group.lr, fresh.groups[i].lr)
              assert.equal(group.momentum, fresh.groups[i].momentum)
              assert.same(group.betas, fresh.groups[i].betas)
            end
          end
        end
      end
    end)
  end

  it("take any function of the epoch", function()
    local optimizer = optimizer_of("SGD")
    local schedule = schedules.LambdaLR(optimizer, function(epoch) return 1 / (1 + epoch) end)
    schedule:step()
    schedule:step()
    assert.same({0.5 / 3, 0.125 / 3}, schedule:get_last_lr())
    optimizer = optimizer_of("SGD")
    schedule = schedules.LambdaLR(optimizer, {function() return 2 end, function(e) return e end})
    schedule:step()
    assert.same({1, 0.125}, schedule:get_last_lr())
  end)

  it("go through LambdaLR, OneCycleLR and plateaus in sequence", function()
    local optimizer = optimizer_of("SGD")
    local schedule = schedules.SequentialLR(optimizer, {
      schedules.LambdaLR(optimizer, function(epoch) return (epoch + 1) / 4 end),
      schedules.ReduceLROnPlateau(optimizer, {patience = 0, factor = 0.5}),
    }, {3})
    local rates = {optimizer.groups[1].lr}
    for t = 1, 6 do
      schedule:step(1)
      rates[t + 1] = optimizer.groups[1].lr
    end
    assert.same({0.125, 0.25, 0.375, 0.5, 0.5, 0.25, 0.125}, rates)
  end)

  it("leave groups alone that came later", function()
    local optimizer = optimizer_of("SGD")
    local schedule = schedules.StepLR(optimizer, 1)
    optimizer:add_group {params = {nn.zeros(1):requires_grad_()}, lr = 3}
    schedule:step()
    assert.equal(0.05, optimizer.groups[1].lr)
    assert.equal(3, optimizer.groups[3].lr)
  end)

  it("change nothing when a step raises", function()
    local optimizer = optimizer_of("SGD")
    local schedule = schedules.ChainedScheduler {
      schedules.ExponentialLR(optimizer, 0.5),
      schedules.LambdaLR(optimizer, function(epoch)
        if epoch > 1 then error("no epoch 2", 0) end
        return 1
      end),
    }
    schedule:step()
    local rates, dict = schedule:get_last_lr(), schedule:state_dict()
    support.raises({"no epoch 2"}, function() schedule:step() end)
    assert.same(rates, {optimizer.groups[1].lr, optimizer.groups[2].lr})
    assert.same(dict, schedule:state_dict())
  end)
end)

describe("a schedule's arguments", function()
  local optimizer = optimizer_of("SGD")

  local function refused(name, patterns, ...)
    local arguments = table.pack(...)
    table.insert(patterns, name)
    table.insert(patterns, "schedule_spec")
    support.raises(patterns, function()
      schedules[name](table.unpack(arguments, 1, arguments.n))
    end)
  end

  it("are checked, and named in messages", function()
    refused("StepLR", {"argument #1", "optimizer expected, got nil"}, nil, 3)
    refused("StepLR", {"argument #2", "positive integer", "got nil"}, optimizer)
    refused("StepLR", {"argument #2", "0"}, optimizer, 0)
    refused("StepLR", {"unknown option 'gama'", "gamma"}, optimizer, 3, {gama = 1})
    refused("StepLR", {"option 'gamma'", "-1"}, optimizer, 3, {gamma = -1})
    refused("MultiStepLR", {"argument #2", "list"}, optimizer, 3)
    refused("MultiStepLR", {"argument #2[2]", "1.5"}, optimizer, {1, 1.5})
    refused("LambdaLR", {"argument #2", "1 functions for 2 groups"}, optimizer, {print})
    refused("LambdaLR", {"epoch 0", "returned a nil"}, optimizer, function() end)
    refused("LambdaLR", {"group 1 in epoch 0", "nan"}, optimizer, function() return 0 / 0 end)
    refused("LinearLR", {"'start_factor'", "0"}, optimizer, {start_factor = 0})
    refused("CosineAnnealingLR", {"'eta_min'"}, optimizer, 5, {eta_min = -1})
    refused("OneCycleLR", {"total_steps"}, optimizer, 0.5)
    refused("OneCycleLR", {"'steps_per_epoch'", "nil"}, optimizer, 0.5, {epochs = 3})
    refused("OneCycleLR", {"3 values for 2 groups"}, optimizer, {1, 2, 3}, {total_steps = 5})
    refused("OneCycleLR", {"anneal_strategy", "cubic"}, optimizer, 1,
            {total_steps = 5, anneal_strategy = "cubic"})
    refused("OneCycleLR", {"Adagrad", "cycle_momentum"}, optimizer_of("Adagrad"), 1,
            {total_steps = 5})
    refused("ReduceLROnPlateau", {"'mode'", "least"}, optimizer, {mode = "least"})
    refused("ReduceLROnPlateau", {"'factor'", "1"}, optimizer, {factor = 1})
    refused("SequentialLR", {"argument #2", "schedule 1 is a number"}, optimizer, {3}, {})
    refused("SequentialLR", {"argument #3", "0 epochs", "1"}, optimizer,
            {schedules.StepLR(optimizer, 1)}, {4})
    refused("SequentialLR", {"schedule 1 is another optimizer's"}, optimizer,
            {schedules.StepLR(optimizer_of("SGD"), 1)}, {})
    refused("ChainedScheduler", {"argument #1", "an empty one"}, {})
    assert.has_error(function() return schedules.StepLr end)
  end)

  it("end OneCycleLR after total_steps", function()
    local schedule = schedules.OneCycleLR(optimizer, 1, {total_steps = 3})
    for _ = 1, 3 do schedule:step() end
    support.raises({"OneCycleLR", "step 4", "total_steps = 3"}, function() schedule:step() end)
    assert.equal(3, schedule.last_epoch)
  end)

  it("include a plateau's metric", function()
    local schedule = schedules.ReduceLROnPlateau(optimizer)
    support.raises({"argument #1 to 'step'", "metric", "nil"}, function() schedule:step() end)
    schedule:step(nn.tensor(0.5))
    assert.equal(0.5, schedule.best)
  end)
end)

describe("a schedule's load_state_dict", function()
  it("refuses damaged states, and changes nothing", function()
    local optimizer = optimizer_of("SGD")
    local schedule = schedules.ChainedScheduler {
      schedules.StepLR(optimizer, 2), schedules.CosineAnnealingWarmRestarts(optimizer, 5),
    }
    schedule:step()
    local before = schedule:state_dict()
    local function refused(damage, ...)
      local dict = schedule:state_dict()
      dict = damage(dict) or dict
      support.raises({"bad argument #1 to 'load_state_dict'", "ChainedScheduler", ...},
                     function() schedule:load_state_dict(dict) end)
      assert.same(before, schedule:state_dict())
    end
    refused(function() return 3 end)
    refused(function() return {} end, "2 'schedules'")
    refused(function(d) d.scheduler = "StepLR" end, "'scheduler' that is StepLR")
    refused(function(d) d.last_epoch = 1.5 end, "'last_epoch'", "1.5")
    refused(function(d) d.last_lr[2] = nil end, "'last_lr'", "1 values")
    refused(function(d) d.last_lr[2] = "high" end, "'last_lr'", "[2]", "string")
    refused(function(d) d.more = 1 end, "unknown 'more'")
    refused(function(d) d.schedules[2].T_cur = nil end, "schedule 2", "no 'T_cur'")
    refused(function(d) d.schedules[1] = false end, "schedule 1", "boolean")
  end)
end)

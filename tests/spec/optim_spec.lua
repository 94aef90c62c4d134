-- Optimizers: recorded PyTorch trajectories, groups, saved state, messages.

local nn = require "nnlua"
local support = require "tests.spec.support"

local recorded = support.fixture("optim")
local F64 = {dtype = "float64"}

local function parameters(dtype)
  local list = {}
  for i, record in ipairs(recorded.initial) do
    list[i] = support.tensor(record, dtype):requires_grad_()
  end
  return list
end

-- Gives every parameter the gradient that the recording had at step t.
local function set_gradients(params, t)
  for i, p in ipairs(params) do
    local scale, target, drift = support.tensor(recorded.scale[i]),
      support.tensor(recorded.target[i]), support.tensor(recorded.drift[i])
    p.grad = (scale * (p:detach():to("float64") - target) + drift * t):to(p:dtype())
  end
end

local function optimizer_of(run, params)
  local groups = {}
  for i, group in ipairs(run.groups) do
    local own = {}
    for key, value in pairs(group) do
      own[key] = value
    end
    own.params = {}
    for j, number in ipairs(group.params) do
      own.params[j] = params[number]
    end
    groups[i] = own
  end
  return nn.optim[run.optimizer](groups, run.options)
end

local function check_positions(run, t, params, options)
  for i, p in ipairs(params) do
    support.close(p:detach():reshape(-1), run.trajectory[t][i],
                  ("%s %s, step %d, parameter %d"):format(run.optimizer, run.name, t, i), options)
  end
end

describe("optimizers", function()
  for _, run in ipairs(recorded.runs) do
    it(("follow PyTorch's %s: %s"):format(run.optimizer, run.name), function()
      local params = parameters()
      local optimizer = optimizer_of(run, params)
      for t = 1, #run.trajectory do
        set_gradients(params, t)
        optimizer:step()
        check_positions(run, t, params)
      end
    end)

    it(("continue %s: %s from a saved state"):format(run.optimizer, run.name), function()
      local params = parameters()
      local optimizer = optimizer_of(run, params)
      for t = 1, 4 do
        set_gradients(params, t)
        optimizer:step()
      end
      local saved, copies = optimizer:state_dict(), {}
      for i, p in ipairs(params) do
        copies[i] = p:detach():clone():requires_grad_()
      end
      set_gradients(params, 5)
      optimizer:step() -- must not reach into what was saved
      local resumed = optimizer_of(run, copies)
      assert.is_true(rawequal(resumed, resumed:load_state_dict(saved)))
      for t = 5, #run.trajectory do
        set_gradients(copies, t)
        resumed:step()
        check_positions(run, t, copies)
      end
    end)
  end

  it("work in float32", function()
    for _, run in ipairs(recorded.runs) do
      local params = parameters("float32")
      local optimizer = optimizer_of(run, params)
      for t = 1, #run.trajectory do
        set_gradients(params, t)
        optimizer:step()
      end
      -- ten steps, each a few roundings; values up to about 5
      check_positions(run, #run.trajectory, params, {rtol = 1e-5, atol = 1e-5})
      assert.equal("float32", params[1]:dtype())
    end
  end)

  it("leave parameters without a gradient alone, state included", function()
    for _, name in ipairs {"SGD", "Adam", "AdamW"} do
      local a, b = nn.ones(2):requires_grad_(), nn.ones(2):requires_grad_()
      local optimizer = nn.optim[name]({a, b}, {lr = 0.1, weight_decay = 0.5})
      a.grad = nn.ones(2)
      optimizer:step()
      assert.is_false(a:detach() == nn.ones(2))
      support.equal(b:detach(), nn.ones(2))
      assert.is_nil(optimizer.state[b])
    end
  end)

  -- Parameters of a tensor each, that are rows of one, and that are strided.
  it("change nothing when memory runs out in a step", function()
    local core = require "nnlua.core"
    local function one_step(name, layout, failure)
      nn.manual_seed(5)
      local whole, params = nn.randn(9, 4, F64), {}
      for i = 1, 3 do
        local rows = whole[{ {3 * i - 2, 3 * i} }]
        params[i] = (layout == "own" and rows:clone() or layout == "strided" and rows:t() or rows)
          :detach():requires_grad_()
        params[i].grad = nn.randn(params[i]:shape(), F64)
      end
      local before = whole:clone()
      local optimizer = nn.optim[name](params, {lr = 0.1})
      if name == "SGD" then
        optimizer.groups[1].momentum, optimizer.groups[1].dampening = 0.9, 0.5
      end
      core.fail_allocation(failure)
      local ok = pcall(optimizer.step, optimizer)
      core.fail_allocation(0)
      if not ok then
        assert.is_nil(next(optimizer.state))
        assert.is_true(whole == before)
        optimizer:step()
      end
      return ok, params
    end
    for _, name in ipairs {"SGD", "Adam", "AdamW"} do
      for _, layout in ipairs {"own", "rows", "strided"} do
        local _, expected = one_step(name, layout, 0)
        local failure = 0
        repeat
          failure = failure + 1
          local ok, params = one_step(name, layout, failure)
          for i, p in ipairs(params) do assert.is_true(p:detach() == expected[i]:detach()) end
        until ok
        assert.is_true(failure > 5)
      end
    end
  end)

  it("drop gradients in zero_grad", function()
    local a = nn.ones(2):requires_grad_()
    a.grad = nn.ones(2)
    nn.optim.SGD({a}, {lr = 1}):zero_grad()
    assert.is_nil(a.grad)
  end)

  it("use options that are assigned to a group", function()
    local a, b = nn.ones(1, F64):requires_grad_(), nn.ones(1, F64):requires_grad_()
    local optimizer = nn.optim.SGD({{params = {a}}, {params = {b}}}, {lr = 0.5})
    a.grad, b.grad = nn.ones(1, F64), nn.ones(1, F64)
    optimizer.groups[2].lr = 0.25
    optimizer:step()
    assert.equal(0.5, a:item())
    assert.equal(0.75, b:item())
    optimizer.groups[2].lr = -1
    support.raises({"bad option 'lr' to 'SGD'", "-1", "optim_spec"}, function()
      optimizer:step()
    end)
  end)

  it("keep the betas of different groups apart", function()
    local a, b = nn.ones(1):requires_grad_(), nn.ones(1):requires_grad_()
    local optimizer = nn.optim.Adam {{params = {a}}, {params = {b}}}
    optimizer.groups[1].betas[1] = 0.5
    assert.equal(0.9, optimizer.groups[2].betas[1])
    assert.equal(0.9, nn.optim.Adam({a}).groups[1].betas[1])
  end)

  it("train: a step is noticed by graphs that still need the old values", function()
    local W = nn.ones(2):requires_grad_()
    local loss = (W * W):sum()
    loss:backward({retain_graph = true})
    nn.optim.SGD({W}, {lr = 0.1}):step()
    support.raises({"modified in place"}, function() loss:backward() end)
  end)
end)

describe("an optimizer's options", function()
  local p = nn.ones(2):requires_grad_()

  local function refused(name, options, ...)
    support.raises({"bad option", ("'%s'"):format(name), "optim_spec", ...}, function()
      nn.optim[name]({p}, options)
    end)
  end

  it("are checked by name and value", function()
    refused("SGD", {lr = -0.1}, "'lr'", "-0.1")
    refused("SGD", {lr = 0 / 0}, "'lr'")
    refused("SGD", {lr = "high"}, "'lr'", "high")
    refused("SGD", {lr = 1, momentum = -1}, "'momentum'", "-1")
    refused("SGD", {lr = 1, weight_decay = -1}, "'weight_decay'")
    refused("SGD", {lr = 1, nesterov = true}, "'nesterov'", "momentum")
    refused("Adam", {betas = {0.9, 1}}, "'betas'", "betas[2] is 1")
    refused("Adam", {betas = {-0.5, 0.9}}, "'betas'", "betas[1] is -0.5")
    refused("AdamW", {betas = {0.9}}, "'betas'")
    refused("AdamW", {betas = 0.9}, "'betas'")
    refused("AdamW", {eps = -1e-8}, "'eps'")
    support.raises({"unknown option 'momentun' to 'SGD'", "momentum"}, function()
      nn.optim.SGD({p}, {lr = 1, momentun = 0.9})
    end)
    support.raises({"unknown option 'lt' to 'Adam'"}, function()
      nn.optim.Adam({{params = {p}, lt = 1}})
    end)
  end)

  it("include a learning rate for SGD, for all or for each group", function()
    support.raises({"'SGD' needs the option 'lr'"}, function() nn.optim.SGD({p}) end)
    assert.equal(0.5, nn.optim.SGD({{params = {p}, lr = 0.5}}).groups[1].lr)
    assert.equal(0.001, nn.optim.Adam({p}).groups[1].lr)
    assert.equal(0.01, nn.optim.AdamW({p}).groups[1].weight_decay)
  end)
end)

describe("an optimizer's parameters", function()
  local p = nn.ones(2):requires_grad_()

  it("are distinct tensors that require a gradient", function()
    local function refused(params, ...)
      support.raises({"SGD", ...}, function() nn.optim.SGD(params, {lr = 1}) end)
    end
    refused(nil, "bad argument #1", "nil")
    refused({}, "bad argument #1", "empty")
    refused({{lr = 1}}, "group 1", "params")
    refused({p, 3}, "parameter 2", "number")
    refused({p, nn.ones(2)}, "parameter 2", "does not require a gradient")
    refused({p, p}, "parameter 2", "parameter 1")
    refused({{params = {p}}, {params = {p}}}, "parameter 2", "parameter 1")
  end)
end)

describe("load_state_dict", function()
  local function optimizer(...)
    local params = {}
    for i, size in ipairs {...} do
      params[i] = nn.ones(size):requires_grad_()
      params[i].grad = nn.ones(size)
    end
    local made = nn.optim.SGD(params, {lr = 0.1, momentum = 0.9})
    made:step()
    return made, params
  end

  it("refuses other groups, sizes and shapes, and changes nothing", function()
    local target, params = optimizer(2, 3)
    local buffer = target.state[params[1]].momentum_buffer:clone()
    local function refused(dict, ...)
      support.raises({...}, function() target:load_state_dict(dict) end)
      support.equal(target.state[params[1]].momentum_buffer, buffer)
      assert.equal(0.1, target.groups[1].lr)
    end
    local other = optimizer(2, 4)
    other.groups[1].lr = 0.7
    refused(other:state_dict(), "parameter 2", "[4]", "[3]")
    refused((optimizer(2)):state_dict(), "group 1", "1 parameters", "2")
    refused({groups = {}, state = {}}, "0 groups", "1")
    refused({}, "bad argument #1 to 'load_state_dict'")
    refused(nil, "bad argument #1 to 'load_state_dict'")
    local damaged = target:state_dict()
    damaged.state[2] = nil
    refused(damaged, "parameter 2", "no entry")
    damaged = target:state_dict()
    damaged.groups[1].lr = -1
    refused(damaged, "'lr'", "-1")
  end)
end)

describe("an option of an optimizer", function()
  it("is set per group; setting it on the optimizer raises", function()
    local opt = nn.optim.SGD({nn.ones(1):requires_grad_()}, {lr = 0.1})
    local ok, message = pcall(function() opt.lr = 0.01 end)
    assert.is_false(ok)
    assert.truthy(message:find("groups[1].lr", 1, true))
    opt.groups[1].lr = 0.01
    assert.has_error(function() return nn.optim.SDG end)
  end)
end)

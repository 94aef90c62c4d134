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
    for _, name in ipairs {"SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Lion"} do
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
    for _, name in ipairs {"SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Lion"} do
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
    refused("NAdam", {momentum_decay = -1}, "'momentum_decay'")
    refused("RMSprop", {alpha = -1}, "'alpha'")
    refused("Adagrad", {lr_decay = -1}, "'lr_decay'")
    refused("Adadelta", {rho = 1.5}, "'rho'", "1.5")
    refused("Rprop", {etas = {0.5, 1}}, "'etas'", "etas[2] is 1")
    refused("Rprop", {step_sizes = {2, 1}}, "'step_sizes'", "step_sizes[2] is 1")
    refused("Lion", {betas = {1, 0.9}}, "'betas'", "betas[1] is 1")
    refused("LBFGS", {max_iter = 0}, "'max_iter'", "0")
    refused("LBFGS", {history_size = 1.5}, "'history_size'", "1.5")
    refused("LBFGS", {line_search_fn = "armijo"}, "'line_search_fn'", "armijo")
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

-- L-BFGS and closures -----------------------------------------------------------------------------

local inputs, wanted = support.tensor(recorded.inputs), support.tensor(recorded.wanted)
local losses = {
  rosenbrock = function(p) return (1 - p[1]) ^ 2 + 100 * (p[2] - p[1] ^ 2) ^ 2 end,
  regression = function(w, b, v)
    return ((inputs:matmul(w) + b):tanh():matmul(v) - wanted):square():mean()
  end,
  corner = function(p)
    local d = p - nn.tensor({0.25, -0.25}, F64)
    return ((d:square() + 1e-6):sqrt() * nn.tensor({1, 8}, F64)):sum()
  end,
}

local function lbfgs_of(run, from)
  local params = {}
  for i, start in ipairs(from or recorded.starts[run.loss]) do
    params[i] = (from and start:detach():clone() or support.tensor(start)):requires_grad_()
  end
  local optimizer = nn.optim.LBFGS(params, run.options)
  local function closure()
    optimizer:zero_grad()
    local loss = losses[run.loss](table.unpack(params))
    loss:backward()
    return loss
  end
  return optimizer, params, closure
end

describe("L-BFGS", function()
  -- The curvature of the last step of a history is a quotient of differences: it loses digits.
  local CLOSE = {rtol = 1e-9, atol = 1e-12}

  for number, run in ipairs(recorded.closures) do
    it(("follows PyTorch's: %s (%d)"):format(run.loss, number), function()
      local optimizer, params, closure = lbfgs_of(run)
      for t = 1, #run.trajectory do
        support.close({optimizer:step(closure):item()}, {run.losses[t]}, "loss " .. t, CLOSE)
        for i, p in ipairs(params) do
          support.close(p:detach():reshape(-1), run.trajectory[t][i], "step " .. t, CLOSE)
        end
        assert.equal(run.evaluations[t], optimizer.state[params[1]].func_evals)
      end
    end)

    it(("goes on with the same bits from a saved state: %s (%d)"):format(run.loss, number),
       function()
      local optimizer, params, closure = lbfgs_of(run)
      optimizer:step(closure)
      optimizer:step(closure)
      local dict = optimizer:state_dict()
      local resumed, copies, its_closure = lbfgs_of(run, params)
      resumed:load_state_dict(dict)
      for _ = 1, 2 do
        assert.equal(optimizer:step(closure):item(), resumed:step(its_closure):item())
        for i, p in ipairs(params) do support.equal(copies[i]:detach(), p:detach()) end
      end
    end)
  end

  it("works in float32 and with parameters that have no gradient", function()
    local a, b = nn.tensor({3, -2}):requires_grad_(), nn.ones(2):requires_grad_()
    local optimizer = nn.optim.LBFGS({b, a}, {line_search_fn = "strong_wolfe"})
    optimizer:step(function()
      optimizer:zero_grad()
      local loss = (a * a):sum()
      loss:backward()
      return loss:item()
    end)
    support.close(a:detach(), nn.zeros(2), nil, {atol = 1e-6})
    support.equal(b:detach(), nn.ones(2))
  end)

  it("puts everything back when the closure raises", function()
    for failure = 1, 9 do
      local optimizer, params, closure = lbfgs_of(recorded.closures[1])
      optimizer:step(closure)
      local before, dict = params[1]:detach():clone(), optimizer:state_dict()
      local calls = 0
      local ok = pcall(optimizer.step, optimizer, function()
        calls = calls + 1
        if calls == failure then error("no") end
        return closure()
      end)
      if not ok then
        support.equal(params[1]:detach(), before)
        assert.equal(dict.state[1].n_iter, optimizer.state[params[1]].n_iter)
        assert.equal(#dict.state[1].ro, #optimizer.state[params[1]].ro)
      end
      assert.equal(failure <= 5, not ok)
    end
  end)

  it("says what it needs", function()
    local p = nn.ones(2):requires_grad_()
    local optimizer = nn.optim.LBFGS({p})
    support.raises({"bad argument #1 to 'step'", "LBFGS", "optim_spec"}, function()
      optimizer:step()
    end)
    support.raises({"closure returned a nil"}, function() optimizer:step(function() end) end)
    support.raises({"one group expected, got 2"}, function()
      nn.optim.LBFGS {{params = {p}}, {params = {nn.ones(1):requires_grad_()}}}
    end)
    support.raises({"LBFGS", "one group"}, function() optimizer:add_group {params = {p}} end)
  end)
end)

describe("step(closure)", function()
  it("computes the gradients first and returns the loss, for every optimizer", function()
    for _, name in ipairs {"SGD", "Adam", "AdamW", "NAdam", "RMSprop", "Adagrad", "Adadelta",
                           "Rprop", "Lion", "LBFGS"} do
      local p = nn.ones(2):requires_grad_()
      local optimizer = nn.optim[name]({p}, {lr = 0.125})
      local loss = optimizer:step(function()
        optimizer:zero_grad()
        local loss = (p * p):sum()
        loss:backward()
        return loss
      end)
      assert.equal(2, loss:item())
      assert.is_true(p[1]:item() < 1)
    end
  end)
end)

-- Groups and state --------------------------------------------------------------------------------

describe("an optimizer's groups", function()
  it("are stepped together or not at all", function()
    for _, name in ipairs {"SGD", "Adam", "RMSprop", "Adagrad", "Adadelta", "Rprop", "Lion"} do
      local a, b = nn.ones(2):requires_grad_(), nn.ones(2):requires_grad_()
      local optimizer = nn.optim[name]({{params = {a}}, {params = {b}}}, {lr = 0.5})
      a.grad, b.grad = nn.ones(2), nn.ones(2)
      nn.no_grad(function() require("nnlua.core").set_data(b, nn.ones(2, F64)) end)
      support.raises({name .. ": parameter 2 is float64 but its gradient is float32"}, function()
        optimizer:step()
      end)
      support.equal(a:detach(), nn.ones(2))
      assert.is_nil(next(optimizer.state))
    end
  end)

  it("can be added", function()
    local a, b = nn.ones(1, F64):requires_grad_(), nn.ones(1, F64):requires_grad_()
    local optimizer = nn.optim.SGD({a}, {lr = 0.5, momentum = 0.5})
    optimizer:add_group {params = {b}, lr = 0.25}
    assert.equal(0.5, optimizer.groups[2].momentum)
    a.grad, b.grad = nn.ones(1, F64), nn.ones(1, F64)
    optimizer:step()
    assert.equal(0.75, b:item())
    local c = nn.ones(1):requires_grad_()
    support.raises({"parameter 4", "parameter 2", "optim_spec"}, function()
      optimizer:add_group {params = {c, b}}
    end)
    support.raises({"unknown option 'lt'"}, function()
      optimizer:add_group {params = {c}, lt = 1}
    end)
    support.raises({"'lr'", "-1"}, function() optimizer:add_group {params = {c}, lr = -1} end)
    support.raises({"bad argument #1 to 'add_group'", "group 3"}, function()
      optimizer:add_group {c}
    end)
    assert.equal(2, #optimizer.groups)
  end)
end)

describe("a saved state", function()
  local function check_plain(value)
    if type(value) == "table" then
      assert.is_nil(getmetatable(value))
      for key, item in pairs(value) do
        assert.is_true(type(key) == "string" or math.type(key) == "integer" and key <= #value)
        check_plain(item)
      end
    elseif type(value) == "userdata" then
      assert.equal("number", type(value:numel()))
    else
      assert.truthy(({number = true, string = true, boolean = true})[type(value)])
    end
  end

  local function started(run)
    local params = parameters()
    local optimizer = optimizer_of(run, params)
    for t = 1, 3 do
      set_gradients(params, t)
      optimizer:step()
    end
    return optimizer, params
  end

  it("is made of plain values, and going on from it gives the same bits", function()
    for _, run in ipairs(recorded.runs) do
      local optimizer, params = started(run)
      local dict, copies = optimizer:state_dict(), {}
      check_plain(dict)
      for i, p in ipairs(params) do copies[i] = p:detach():clone():requires_grad_() end
      local resumed = optimizer_of(run, copies):load_state_dict(dict)
      for t = 4, 6 do
        for each, of in pairs {[optimizer] = params, [resumed] = copies} do
          set_gradients(of, t)
          each:step()
        end
        for i, p in ipairs(params) do
          support.equal(copies[i]:detach(), p:detach(), run.optimizer .. " " .. run.name)
        end
      end
    end
    local lbfgs, _, closure = lbfgs_of(recorded.closures[1])
    lbfgs:step(closure)
    check_plain(lbfgs:state_dict())
  end)

  it("is converted to the parameters' dtype", function()
    for _, run in ipairs(recorded.runs) do
      local optimizer, params = started(run)
      local converted = parameters("float32")
      local resumed = optimizer_of(run, converted):load_state_dict(optimizer:state_dict())
      set_gradients(converted, 4)
      resumed:step()
      for _, state in pairs(resumed.state) do
        for _, value in pairs(state) do
          assert.is_true(type(value) == "number" or value:dtype() == "float32")
        end
      end
      assert.equal("float64", params[1]:dtype())
    end
  end)

  it("of another dtype than its parameter is what a step complains about", function()
    local model = nn.Sequential(nn.Linear(2, 1))
    local optimizer = nn.optim.Adam(model:parameters())
    local function train()
      optimizer:zero_grad()
      model(nn.ones(1, 2, {dtype = model:parameters()[1]:dtype()})):sum():backward()
      optimizer:step()
    end
    train()
    model:to("float64")
    support.raises({"Adam: parameter 1 is float64 but its exp_avg is float32", "load_state_dict"},
                   train)
    optimizer:load_state_dict(optimizer:state_dict())
    train()
    assert.equal("float64", optimizer.state[model:parameters()[1]].exp_avg:dtype())
  end)
end)

describe("load_state_dict", function()
  local function optimizer(...)
    local params = {}
    for i, size in ipairs {...} do
      params[i] = nn.ones(size):requires_grad_()
      params[i].grad = nn.ones(size)
    end
    local made = nn.optim.Adam(params, {lr = 0.1})
    made:step()
    return made, params
  end

  it("refuses anything but a state of its own, and changes nothing", function()
    local target, params = optimizer(2, 3)
    local buffer = target.state[params[1]].exp_avg:clone()
    local function refused(dict, ...)
      support.raises({"optim_spec", ...}, function() target:load_state_dict(dict) end)
      support.equal(target.state[params[1]].exp_avg, buffer)
      assert.equal(1, target.state[params[1]].step)
      assert.equal(0.1, target.groups[1].lr)
    end
    local function damaged(damage, ...)
      local dict = target:state_dict()
      dict.groups[1].lr = 0.7
      damage(dict)
      refused(dict, ...)
    end
    local other = optimizer(2, 4)
    refused(other:state_dict(), "parameter 2", "exp_avg", "[4]", "[3]")
    refused((optimizer(2)):state_dict(), "group 1", "1 parameters", "2")
    refused({}, "bad argument #1 to 'load_state_dict'")
    refused(nil, "bad argument #1 to 'load_state_dict'")
    refused(nn.optim.SGD({nn.ones(1):requires_grad_()}, {lr = 1}):state_dict(), "Adam",
            "the state is of SGD")
    damaged(function(d) d.groups = {} end, "0 groups", "1")
    damaged(function(d) d.groups[1] = 3 end, "group 1", "params")
    damaged(function(d) d.groups[1].params = nil end, "group 1", "params")
    damaged(function(d) d.groups[1].params[2] = 7 end, "params[2] of group 1 is 7, expected 2")
    damaged(function(d) d.groups[1].lr = -1 end, "'lr'", "-1")
    damaged(function(d) d.groups[1].betas = {0.9} end, "'betas'")
    damaged(function(d) d.groups[1].extra = 1 end, "unknown option 'extra'")
    damaged(function(d) d.state[2] = nil end, "parameter 2 is missing")
    damaged(function(d) d.state[3] = false end, "3 parameters", "2")
    damaged(function(d) d.state[2] = "x" end, "parameter 2 is a string, expected a table")
    damaged(function(d) d.state[2] = {} end, "parameter 2 has no 'exp_avg'")
    damaged(function(d) d.state[2].step = nil end, "parameter 2 has no 'step'")
    damaged(function(d) d.state[2].step = "1" end, "'step'", "a string, expected a number")
    damaged(function(d) d.state[2].exp_avg = 5 end, "'exp_avg'", "5, expected a tensor")
    damaged(function(d) d.state[2].exp_avg = nn.ones(3, {dtype = "int64"}) end, "'exp_avg'",
            "int64")
    damaged(function(d) d.state[2].exp_avg_sq = nil end, "no 'exp_avg_sq'")
    damaged(function(d) d.state[2].mean = nn.ones(3) end, "unknown 'mean'")
  end)

  it("refuses a damaged L-BFGS state", function()
    local target, params, closure = lbfgs_of(recorded.closures[5])
    target:step(closure)
    local function damaged(damage, ...)
      local dict = target:state_dict()
      damage(dict.state[1], dict)
      support.raises({"LBFGS", ...}, function() target:load_state_dict(dict) end)
      assert.equal(2, target.state[params[1]].n_iter)
    end
    damaged(function(s) table.remove(s.old_dirs) end, "'old_dirs'", "values")
    damaged(function(s) s.old_stps[1] = nn.ones(2) end, "'old_stps'", "[1]", "[2]", "[12]")
    damaged(function(s) s.n_iter = 1.5 end, "'n_iter'", "1.5")
    damaged(function(s) s.d = nil end, "no 'd'")
    damaged(function(s, d) d.state[2] = s end, "parameter 2 should be false")
  end)
end)

describe("an option of an optimizer", function()
  it("is set per group; setting it on the optimizer raises", function()
    local opt = nn.optim.SGD({nn.ones(1):requires_grad_()}, {lr = 0.1})
    local ok, message = pcall(function() opt.momentum = 0.01 end)
    assert.is_false(ok)
    assert.truthy(message:find("groups[1].momentum", 1, true))
    opt.groups[1].momentum = 0.01
    assert.has_error(function() return nn.optim.SDG end)
  end)

  it("is the learning rate: opt.lr is that of the first group, and sets that of all", function()
    local p, q = nn.ones(1):requires_grad_(), nn.ones(1):requires_grad_()
    for _, name in ipairs {"SGD", "Adam", "Lion"} do
      local opt = nn.optim[name]({{params = {p}}, {params = {q}, lr = 0.5}}, {lr = 0.25})
      assert.equal(0.25, opt.lr)
      opt.lr = opt.lr / 2
      assert.equal(0.125, opt.groups[1].lr)
      assert.equal(0.125, opt.groups[2].lr)
      assert.is_nil(rawget(opt, "lr"))
    end
    local opt = nn.optim.SGD({p}, {lr = 1})
    opt.lr = -1
    p.grad = nn.ones(1)
    assert.has_error(function() opt:step() end)
    opt.lr = 0.5
    opt:step()
    assert.equal(0.5, p:item())
  end)
end)

-- nn.inspect: its numbers against direct computation, its judgement on planted faults.

local nn = require "nnlua"
local core = require "nnlua.core"

local float64 = {dtype = "float64"}

local function norm(t) return math.sqrt((t ^ 2):sum():item()) end

local function network(activation)
  nn.manual_seed(3)
  return nn.Sequential(nn.Linear(4, 6, float64), activation or nn.ReLU(), nn.Linear(6, 3, float64))
end

local function samples(n)
  return nn.randn(n, 4, float64), nn.randint(1, 4, {n})
end

local function has_note(inspection, pattern)
  for _, note in ipairs(inspection.notes) do
    if note:find(pattern) then return true end
  end
  return false
end

describe("nn.inspect", function()
  it("tells what each layer gives and what the loss asks of it", function()
    local model = network()
    local x, y = samples(5)
    local inspection = nn.inspect(model, x, y)
    local h = model[1](x):detach()
    local z = model(x):detach()
    local p = nn.softmax(z)
    local dz = (p - nn.eye(3, float64)[y]) / 5 -- the gradient of the mean cross-entropy
    assert.equal(3, #inspection.layers)
    assert.equal("1", inspection.layers[1].name)
    assert.equal("ReLU", inspection.layers[2].title)
    assert.same({5, 3}, inspection.layers[3].shape)
    assert.near(h:mean():item(), inspection.layers[1].mean, 1e-15)
    assert.near(h:std({unbiased = false}):item(), inspection.layers[1].std, 1e-14)
    assert.equal(h:min():item(), inspection.layers[1].min)
    assert.equal(h:max():item(), inspection.layers[1].max)
    local zeros = h:le(0):to("float64"):mean():item()
    assert.near(zeros, inspection.layers[2].zeros, 1e-15)
    assert.near(zeros, inspection.layers[2].saturated, 1e-15) -- where ReLU is flat
    assert.is_nil(inspection.layers[1].saturated)
    assert.near(norm(dz), inspection.layers[3].gradient_norm, 1e-14)
    local da = dz:matmul(model[3].weight:detach())
    assert.near(norm(da), inspection.layers[2].gradient_norm, 1e-14)
    assert.near(nn.softmax_cross_entropy(z, y):item(), inspection.loss, 1e-14)
    assert.is_true(inspection.output == z)
    assert.equal(4, #inspection.parameters)
    assert.equal("3.weight", inspection.parameters[3].name)
    assert.near(norm(dz:t():matmul(h:relu())), inspection.parameters[3].gradient_norm, 1e-14)
    assert.same({}, inspection.notes)
    assert.is_true(inspection.gradient_check.relative_difference < 1e-7)
  end)

  it("takes one sample with its label", function()
    local model = network()
    local x, y = samples(5)
    local one = nn.inspect(model, x[2], y[2]:item())
    local batch = nn.inspect(model, x[{ {2, 2} }], y[{ {2, 2} }])
    assert.equal(1, one.samples)
    assert.equal(batch.loss, one.loss)
    assert.same({1, 6}, one.layers[1].shape)
  end)

  it("measures the next step of the optimizer, and of gradient descent without one", function()
    local model = network()
    local x, y = samples(8)
    local optimizer = nn.optim.Adam(model:parameters(), {lr = 0.01, weight_decay = 0.1})
    local criterion = nn.CrossEntropyLoss()
    local function backward()
      optimizer:zero_grad()
      criterion(model(x), y):backward()
    end
    backward()
    optimizer:step() -- so that there is state
    local plain = nn.inspect(model, x, y, {lr = 0.5})
    local inspection = nn.inspect(model, x, y, {optimizer = optimizer})
    backward()
    local before = {}
    for i, p in ipairs(model:parameters()) do
      before[i] = p:detach():clone()
      assert.near(0.5 * norm(p.grad) / norm(before[i]), plain.parameters[i].update_ratio, 1e-14)
    end
    optimizer:step()
    for i, p in ipairs(model:parameters()) do
      assert.near(norm(p:detach() - before[i]) / norm(before[i]),
                  inspection.parameters[i].update_ratio, 1e-14)
    end
  end)

  it("leaves no trace", function()
    local model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.5),
                                nn.Linear(6, 3)) -- float32: checked in float64, and back
    local optimizer = nn.optim.Adam(model:parameters())
    local x, y = nn.randn(7, 4), nn.randint(1, 4, {7})
    nn.CrossEntropyLoss()(model(x), y):backward()
    optimizer:step()
    local p = model:parameters()[1]
    local grad, state = p.grad, optimizer.state[p]
    local before, generator = model:state_dict({clone = true}), nn.default_generator():get_state()
    nn.inspect(model, x, y, {optimizer = optimizer})
    assert.equal(grad, p.grad)
    assert.equal(state, optimizer.state[p])
    assert.is_true(model.training)
    assert.is_true(model[3].training)
    assert.same(generator, nn.default_generator():get_state())
    for i, entry in ipairs(model:state_dict()) do
      assert.equal(before[i][2]:dtype(), entry[2]:dtype())
      assert.is_true(before[i][2] == entry[2], entry[1])
    end
    local calls = 0
    model[1]:register_forward_hook(function() calls = calls + 1 end)
    assert.has_error(function() nn.inspect(model, nn.randn(7, 5), y) end)
    assert.is_true(model.training)
    assert.equal(grad, p.grad)
    model(x)
    assert.equal(1, calls)
  end)

  it("finds dead units, saturation and a gradient that vanishes", function()
    local model = network()
    nn.no_grad(function() model[1].bias:fill_(-100) end)
    local x, y = samples(20)
    local dead = nn.inspect(model, x, y)
    assert.same({1, 2, 3, 4, 5, 6}, dead.layers[2].dead)
    assert.is_true(has_note(dead, "layer 2 %(ReLU%): 6 of 6 units are 0 for all 20 samples"))

    model = network(nn.Tanh())
    nn.no_grad(function() model[1].weight:mul_(100) end)
    local flat = nn.inspect(model, x, y)
    -- 1 - tanh(z)^2 < 0.05
    local expected = (1 - model[1](x):detach():tanh() ^ 2):lt(0.05):to("float64"):mean():item()
    assert.near(expected, flat.layers[2].saturated, 1e-15)
    assert.is_true(expected > 0.5)
    assert.is_true(has_note(flat, "layer 2 %(Tanh%) is saturated"))

    local deep = nn.Sequential()
    for _ = 1, 8 do deep:add(nn.Linear(4, 4, float64)):add(nn.Sigmoid()) end
    deep:add(nn.Linear(4, 3, float64))
    assert.is_true(has_note(nn.inspect(deep, x, y), "the gradient vanishes on its way to layer 1"))
  end)

  it("finds a wrong gradient, a parameter without one, and what is not finite", function()
    local half = nn.Function {
      name = "half", forward = function(_, x) return x * 1 end,
      backward = function(_, dy) return dy * 0.5 end,
    }
    local Wrong = nn.class("Wrong", nn.Module)
    function Wrong:init()
      self.inner = nn.Linear(4, 3, float64)
      self.unused = nn.Linear(4, 3, float64)
    end
    function Wrong:forward(x) return half(self.inner(x)) end
    local x, y = samples(6)
    local inspection = nn.inspect(Wrong(), x, y)
    assert.is_false(inspection.gradient_check.ok)
    assert.is_true(has_note(inspection, "the gradient of inner.weight is wrong"))
    assert.is_true(has_note(inspection, "unused.weight gets no gradient"))
    assert.is_nil(inspection.parameters[3].update_ratio)

    local model = network()
    nn.no_grad(function() model[3].weight:fill_(0 / 0) end)
    assert.is_true(has_note(nn.inspect(model, x, y, {gradcheck = false}),
                            "layer 3 %(Linear 6→3%) gives values that are not finite"))
    local fast = nn.inspect(network(), x, y, {lr = 1000})
    assert.is_true(has_note(fast, "a step moves 1.weight by .*too large"))
  end)

  it("sees channels of images, results of sequences, shared modules, other losses", function()
    nn.manual_seed(1)
    local shared = nn.Tanh()
    local image = nn.Sequential(nn.Conv2d(1, 3, 3, float64), shared, nn.Flatten(),
                                nn.Linear(48, 2, float64), shared)
    nn.no_grad(function() image[1].weight[2]:fill_(0); image[1].bias[2]:fill_(0) end)
    local seen = nn.inspect(image, nn.randn(4, 1, 6, 6, float64), nn.randn(4, 2, float64))
    assert.same({2}, seen.layers[1].dead)
    assert.equal(3, seen.layers[1].units)
    assert.equal(5, #seen.layers)
    assert.equal("2", seen.layers[5].name)
    assert.is_true(seen.gradient_check.ok)

    local Last = nn.class("Last", nn.Module)
    function Last:init()
      self.lstm = nn.LSTM(3, 5, {batch_first = true, dtype = "float64"})
      self.output = nn.Linear(5, 1, float64)
    end
    function Last:forward(x) return self.output((self.lstm(x))[{ {}, -1 }]) end
    local sequence = nn.inspect(Last(), nn.randn(2, 4, 3, float64), nn.randn(2, 1, float64),
                                {criterion = nn.L1Loss()})
    assert.equal(5, sequence.layers[1].units)
    assert.is_true(sequence.gradient_check.ok)
  end)

  it("prints tables and draws pictures", function()
    local model = network()
    local x, y = samples(5)
    local inspection = nn.inspect(model, x, y, {classes = {"a", "b", "c"}})
    local text = tostring(inspection)
    assert.matches("^5 samples, loss %d", text)
    assert.matches("\n1 +Linear 4→6 +%[5,6%]", text)
    assert.matches("\n3.weight +%[3,6%]", text)
    assert.matches("gradient check passed: relative difference [%d.e-]+ over 47 entries", text)
    local prefix = os.tmpname()
    assert(inspection:draw(prefix, {extension = ".svg"}))
    for _, name in ipairs {"activations", "gradients", "norms"} do
      local path = ("%s-%s.svg"):format(prefix, name)
      local file = assert(io.open(path, "rb"))
      local svg = file:read("a")
      assert.matches("^<%?xml", svg)
      assert.equal(name == "activations", svg:find(">activation<", 1, true) ~= nil)
      file:close()
      os.remove(path)
    end
    os.remove(prefix)
    local ok, message = inspection:draw("/nowhere/at/all")
    assert.is_nil(ok)
    assert.matches("/nowhere/at/all", message)
  end)

  it("names what is wrong with its arguments", function()
    local model = network()
    local x, y = samples(5)
    local function fails(pattern, ...)
      local arguments = table.pack(...)
      local ok, message = pcall(function()
        nn.inspect(table.unpack(arguments, 1, arguments.n))
      end)
      assert.is_false(ok)
      assert.matches(pattern, message)
    end
    fails("#1 to 'inspect' %(module expected, got tensor", x, x, y)
    fails("#1 to 'inspect' %(ReLU has no parameters", nn.ReLU(), x, y)
    fails("#2 to 'inspect' %(tensor of samples expected, got nil", model, nil, y)
    fails("#3 to 'inspect' %(tensor of targets, or the label of one sample, expected, got nil",
          model, x)
    fails("targets %[5%] do not fit samples %[4%]", model, x[1], y)
    fails("unknown option 'optimiser' to 'inspect' %(did you mean 'optimizer'", model, x, y,
          {optimiser = 1})
    fails("bad option 'optimizer' to 'inspect' %(optimizer expected, got number", model, x, y,
          {optimizer = 1})
    fails("a step of LBFGS evaluates the loss", model, x, y,
          {optimizer = nn.optim.LBFGS(model:parameters())})
    fails("bad option 'gradcheck'", model, x, y, {gradcheck = 0})
    fails("bad option 'lr'", model, x, y, {lr = -1})
    fails("bad option 'criterion'", model, x, y, {criterion = 1})
    fails("input is %[5,3%], expected %[%*,4%]", model, nn.zeros(5, 3, float64), y)
  end)

  it("runs out of memory cleanly", function()
    local model = network()
    local x, y = samples(3)
    local limit = 0
    repeat
      limit = limit + 7
      core.fail_allocation(limit)
      local ok, message = pcall(nn.inspect, model, x, y, {gradcheck = 1})
      core.fail_allocation(0)
      if not ok then assert.matches("memory", message) end
      assert.is_true(model.training)
      assert.is_nil(model[1].weight.grad)
    until ok
  end)
end)

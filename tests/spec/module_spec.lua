-- Modules: registration and order, training mode, state, messages; and a network against PyTorch.

local nn = require "nnlua"
local support = require "tests.spec.support"

local F64 = {dtype = "float64"}

local function names(module)
  local list = {}
  for name in module:named_parameters() do
    list[#list + 1] = name
  end
  return list
end

local function network()
  return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
end

describe("a network recorded in PyTorch", function()
  local recorded = support.tensors(support.fixture("modules"))
  local order = {"1.weight", "1.bias", "3.weight", "3.bias", "5.weight", "5.bias"}
  local model

  before_each(function()
    model = network():to("float64")
    model:load_state_dict(recorded.parameters)
  end)

  it("gives the same scores, loss and gradients", function()
    assert.same(order, names(model))
    local x = recorded.input:clone():requires_grad_()
    local scores = model(x)
    support.close(scores:detach(), recorded.scores)
    local loss = nn.CrossEntropyLoss()(scores, recorded.labels)
    support.close(loss:detach(), recorded.loss)
    loss:backward()
    for name, p in model:named_parameters() do
      support.close(p.grad, recorded.grads[name], name)
    end
    support.close(x.grad, recorded.input_grad)
  end)

  it("takes the same three steps of SGD", function()
    local optimizer = nn.optim.SGD(model:parameters(), recorded.sgd)
    local criterion = nn.CrossEntropyLoss()
    for i, step in ipairs(recorded.steps) do
      optimizer:zero_grad()
      local loss = criterion(model(recorded.input), recorded.labels)
      loss:backward()
      optimizer:step()
      support.close(loss:detach(), step.loss, "loss of step " .. i)
      for name, p in model:named_parameters() do
        support.close(p:detach(), step.parameters[name], name .. " after step " .. i)
      end
    end
  end)
end)

describe("a module of one's own", function()
  local Net = nn.class("Net", nn.Module)

  function Net:init()
    self.scale = nn.ones(2):requires_grad_()
    self.second, self.steps = nn.Linear(3, 2), 7
    self.first = nn.Linear(2, 3)
    self.table = nn.ones(4) -- no gradient: a plain field
    self:register("mean", nn.zeros(2), {parameter = false})
  end

  function Net:forward(x)
    return self.second(self.first(x * self.scale)) + self.mean
  end

  it("lists its parameters in the order of assignment", function()
    local net = Net()
    assert.same({"scale", "second.weight", "second.bias", "first.weight", "first.bias"}, names(net))
    assert.equal(5, #net:parameters())
    assert.same({net.second, net.first}, net:children())
    assert.equal("Net", tostring(net))
  end)

  it("trains and saves, registered state included", function()
    local net = Net()
    local y = net(nn.ones(4, 2))
    assert.same({4, 2}, y:shape())
    y:sum():backward()
    assert.is_not_nil(net.scale.grad)
    assert.is_nil(net.mean.grad)
    local dict = net:state_dict()
    assert.equal("mean", dict[#dict][1])
    net:zero_grad()
    assert.is_nil(net.scale.grad)
  end)

  it("may replace a field, and freeze a parameter", function()
    local net = Net()
    net.first = nn.Linear(2, 5)
    net.first.weight.requires_grad = false
    assert.same({5, 2}, net:state_dict()["first.weight"]:shape())
    assert.equal("first.weight", names(net)[4])
    net.first = nil
    assert.equal(3, #net:parameters())
  end)

  it("counts shared weights once, and survives holding itself", function()
    local net = Net()
    net.tied = net.first
    net.parent = net
    net.same = net.scale
    assert.equal(5, #net:parameters())
    assert.is_not_nil(net:state_dict()["tied.weight"])
    assert.matches("\n19 parameters %(76 B%)$", net:summary())
  end)

  it("may keep a number, a table or nn itself in a field", function()
    local net = Net()
    net.nn, net.data, net.text = nn, {1, 2}, "x"
    assert.equal(5, #net:parameters())
  end)

  it("needs a forward", function()
    local empty = nn.class("Empty", nn.Module)()
    support.raises({"Empty has no method 'forward'"}, function() empty() end)
  end)

  it("registers tensors only", function()
    support.raises({"bad argument #2 to 'register'", "number"}, function()
      Net():register("x", 1)
    end)
  end)
end)

describe("train and eval", function()
  it("reach every module", function()
    local model = nn.Sequential(nn.Sequential(nn.Dropout(0.5)), nn.Linear(2, 2))
    assert.is_true(model[1][1].training)
    assert.is_true(rawequal(model, model:eval()))
    assert.is_false(model[1][1].training)
    assert.is_false(model.training)
    model:train()
    assert.is_true(model[1][1].training)
  end)

  it("decide what Dropout does", function()
    local x = nn.ones(1000, F64)
    local dropout = nn.Dropout(0.25, {generator = nn.Generator(5)})
    local y = dropout(x)
    -- kept: 750 +- 4 standard deviations of 13.7
    local kept = y:gt(0):sum():item()
    assert.is_true(math.abs(kept - 750) < 55)
    assert.is_true(math.abs(y:max():item() - 1 / 0.75) < 1e-15)
    assert.is_false(y == dropout(x))
    dropout:eval()
    assert.is_true(rawequal(x, dropout(x)))
  end)
end)

describe("state_dict", function()
  it("is an ordered list that answers by name and shares memory", function()
    local model = network()
    local dict = model:state_dict()
    assert.equal(6, #dict)
    assert.equal("3.weight", dict[3][1])
    assert.is_true(rawequal(dict[3][2], dict["3.weight"]))
    assert.is_nil(dict["9.weight"])
    local n = 0
    for _ in ipairs(dict) do
      n = n + 1
    end
    assert.equal(6, n)
    dict["1.bias"]:fill_(3)
    assert.equal(3.0, model[1].bias[1]:item())
    local snapshot = model:state_dict({clone = true})
    dict["1.bias"]:fill_(4)
    assert.equal(3.0, snapshot["1.bias"][1]:item())
  end)

  it("goes into another module, converted to its dtype, in place", function()
    local from, into = network(), network():to("float64")
    local weight = into[1].weight
    into:load_state_dict(from:state_dict())
    assert.is_true(rawequal(weight, into[1].weight))
    assert.equal("float64", into[1].weight:dtype())
    for name, p in into:named_parameters() do
      support.equal(p:detach(), from:state_dict()[name]:to("float64"), name)
    end
  end)

  it("survives a safetensors file", function()
    local model, path = network(), os.tmpname()
    finally(function() os.remove(path) end)
    assert(nn.io.save_safetensors(path, model:state_dict(), {}))
    local other = network()
    other:load_state_dict(nn.io.load_safetensors(path))
    for name, p in other:named_parameters() do
      support.equal(p:detach(), model:state_dict()[name], name)
    end
  end)

  it("names everything that does not fit in one error, and then changes nothing", function()
    local model = network()
    local before = model:state_dict({clone = true})
    local dict = {}
    for i, pair in ipairs(model:state_dict()) do
      dict[i] = {pair[1], pair[2] + 1}
    end
    dict[2] = {"7.bias", nn.ones(1)}
    dict[3][2] = nn.ones(2, 2)
    dict[4][2] = "text"
    local message = support.raises({
      "load_state_dict", "'1.bias' is missing", "'7.bias' is unexpected",
      "'3.weight' is [2,2], expected [6,4]", "'3.bias' is a string", "module_spec",
    }, function() model:load_state_dict(dict) end)
    assert.not_matches("5.weight", message)
    for _, pair in ipairs(before) do
      support.equal(model:state_dict()[pair[1]], pair[2], pair[1])
    end
    -- shapes must fit even when names need not
    support.raises({"'3.weight' is [2,2]"}, function()
      model:load_state_dict(dict, {strict = false})
    end)
    model:load_state_dict({["1.bias"] = nn.full({4}, 9)}, {strict = false})
    assert.equal(9.0, model[1].bias[1]:item())
    support.raises({"bad argument #1 to 'load_state_dict'"}, function() model:load_state_dict() end)
    support.raises({"entry 1"}, function() model:load_state_dict({nn.ones(1)}) end)
  end)
end)

describe("module:to", function()
  it("converts parameters and keeps what requires a gradient", function()
    local model = network()
    model[1].bias.requires_grad = false
    local before, weight = model:state_dict {clone = true}, model[1].weight
    assert.is_true(rawequal(model, model:to("float64")))
    assert.is_true(rawequal(weight, model[1].weight)) -- so optimizers keep working
    for name, p in model:named_parameters() do
      assert.equal("float64", p:dtype())
      support.equal(p:detach(), before[name]:to("float64"))
      assert.equal(name ~= "1.bias", p.requires_grad)
    end
    support.raises({"bad argument #1 to 'to'", "int64"}, function() model:to("int64") end)
  end)
end)

describe("Sequential", function()
  it("names the layer that its input does not fit", function()
    local model = nn.Sequential(nn.Linear(784, 25), nn.ReLU(), nn.Linear(25, 10))
    local message = support.raises({"layer 1 (Linear 784→25): input is [64,30], expected [*,784]"},
                                   function() model(nn.ones(64, 30)) end)
    assert.matches("module_spec.lua:%d+: layer", message)
    model[1] = nn.Linear(784, 30)
    support.raises({"layer 3 (Linear 25→10): input is [64,30], expected [*,25]"},
                   function() model(nn.ones(64, 784)) end)
    support.raises({"layer 1 (Linear 784→30): input is uint8, the weights are float32"},
                   function() model(nn.ones(64, 784, {dtype = "uint8"})) end)
    support.raises({"layer 1", "input is a table"}, function() model({}) end)
  end)

  it("names a layer inside a nested container by its path", function()
    local model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU(), nn.Linear(5, 2)))
    support.raises({"layer 2.2 (Linear 5→2): input is [3,4], expected [*,5]"},
                   function() model(nn.ones(3, 4)) end)
    assert.same({"1.weight", "1.bias", "2.2.weight", "2.2.bias"}, names(model))
  end)

  it("grows, and takes modules only", function()
    local model = nn.Sequential():add(nn.Linear(2, 3)):add(nn.ReLU())
    assert.equal(2, #model)
    assert.equal("Sequential(\n  (1): Linear 2→3\n  (2): ReLU\n)", tostring(model))
    support.raises({"bad argument #2 to 'Sequential'", "module expected, got function"}, function()
      nn.Sequential(nn.ReLU(), print)
    end)
    support.raises({"bad argument #1 to 'add'", "table"}, function() model:add({}) end)
  end)

  it("is the identity when empty", function()
    local x = nn.ones(2)
    assert.is_true(rawequal(x, nn.Sequential()(x)))
  end)
end)

describe("Linear", function()
  it("starts as PyTorch's does, weight before bias", function()
    local layer = nn.Linear(4, 3, {dtype = "float64", generator = nn.Generator(9)})
    local draws, bound = nn.Generator(9), 1 / math.sqrt(4)
    local given = {dtype = "float64", generator = draws}
    support.close(layer.weight:detach(), nn.rand(3, 4, given) * (2 * bound) - bound)
    support.close(layer.bias:detach(), nn.rand(3, given) * (2 * bound) - bound)
  end)

  it("works without a bias and on more dimensions", function()
    local layer = nn.Linear(4, 3, {bias = false})
    assert.is_nil(layer.bias)
    assert.same({"weight"}, names(layer))
    local x = nn.randn(2, 5, 4)
    local y = layer(x)
    assert.same({2, 5, 3}, y:shape())
    support.close(y:detach(), x:matmul(layer.weight:detach():t()))
  end)

  it("complains on its own too", function()
    support.raises({"Linear 4→3: input is [2,5], expected [*,4]"}, function()
      nn.Linear(4, 3)(nn.ones(2, 5))
    end)
    support.raises({"bad argument #2 to 'Linear'", "0"}, function() nn.Linear(4, 0) end)
    support.raises({"bad argument #1 to 'Linear'", "nil"}, function() nn.Linear() end)
    support.raises({"unknown option 'baias' to 'Linear'", "bias"}, function()
      nn.Linear(4, 3, {baias = false})
    end)
  end)
end)

describe("activation modules", function()
  it("apply the function of their name with their options", function()
    local x = nn.randn(3, 4)
    local cases = {
      {nn.ReLU(), nn.relu(x), "ReLU"},
      {nn.LeakyReLU {negative_slope = 0.2}, nn.leaky_relu(x, {negative_slope = 0.2}),
       "LeakyReLU(negative_slope=0.2)"},
      {nn.Sigmoid(), nn.sigmoid(x), "Sigmoid"},
      {nn.Tanh(), nn.tanh(x), "Tanh"},
      {nn.Softplus {beta = 2}, nn.softplus(x, {beta = 2}), "Softplus(beta=2, threshold=20)"},
      {nn.GELU {approximate = "tanh"}, nn.gelu(x, {approximate = "tanh"}),
       "GELU(approximate=tanh)"},
      {nn.ELU {alpha = 0.5}, nn.elu(x, {alpha = 0.5}), "ELU(alpha=0.5)"},
      {nn.Softmax {dim = 1}, nn.softmax(x, {dim = 1}), "Softmax(dim=1)"},
      {nn.LogSoftmax(), nn.log_softmax(x), "LogSoftmax(dim=-1)"},
    }
    for _, case in ipairs(cases) do
      local module, expected, text = table.unpack(case)
      support.equal(module(x), expected, text)
      assert.equal(text, tostring(module))
    end
    support.raises({"unknown option 'slope' to 'LeakyReLU'"}, function()
      nn.LeakyReLU {slope = 1}
    end)
  end)
end)

describe("Flatten", function()
  it("joins all dimensions but the first", function()
    assert.same({2, 12}, nn.Flatten()(nn.ones(2, 3, 4)):shape())
    assert.same({0, 12}, nn.Flatten()(nn.ones(0, 3, 4)):shape())
    support.raises({"Flatten: input is [3], expected [N,*]"}, function()
      nn.Flatten()(nn.ones(3))
    end)
  end)
end)

describe("Rescaling", function()
  local bytes = nn.tensor({{0, 1}, {2, 255}}, {dtype = "uint8"})

  it("makes numbers of bytes, rounded to float32 in either dtype", function()
    local rescaling = nn.Rescaling(1 / 255, {offset = -0.5})
    local expected = (bytes:to("float64") / 255 - 0.5):to("float32")
    support.equal(rescaling(bytes), expected)
    local model = nn.Sequential(rescaling):to("float64")
    support.equal(model(bytes), expected:to("float64"))
    assert.equal(0, #model:state_dict())
  end)

  it("takes bytes and finite numbers only", function()
    support.raises({"Rescaling ×2: input is float32, expected uint8"}, nn.Rescaling(2),
                   nn.ones(2))
    for _, scale in ipairs {0, 0 / 0, math.huge, "1"} do
      support.raises({"bad argument #1 to 'Rescaling'", "finite number"}, nn.Rescaling, scale)
    end
    for _, offset in ipairs {0 / 0, -math.huge} do
      support.raises({"bad option 'offset' to 'Rescaling'", "finite number"}, nn.Rescaling, 1,
                     {offset = offset})
    end
    support.raises({"bad dtype 'int64' to 'Rescaling'"}, nn.Rescaling, 1, {dtype = "int64"})
  end)
end)

describe("Dropout", function()
  it("takes a probability below 1", function()
    for _, p in ipairs {1, -0.1, 0 / 0} do
      support.raises({"bad argument #1 to 'Dropout'"}, function() nn.Dropout(p) end)
    end
    assert.equal("Dropout(p=0.5)", tostring(nn.Dropout()))
  end)
end)

describe("loss modules", function()
  local labels = nn.tensor({1, 3}, {dtype = "int64"})
  local z, y = nn.randn(2, 3), nn.softmax(nn.randn(2, 3))
  local p = nn.sigmoid(z)

  it("give the loss of the function of their name, and only that", function()
    local weight = nn.tensor {1, 2, 3}
    local cases = {
      {nn.CrossEntropyLoss {weight = weight, label_smoothing = 0.1}, z, labels,
       (nn.softmax_cross_entropy(z, labels, {weight = weight, label_smoothing = 0.1}))},
      {nn.BCELoss(), p, y, (nn.binary_cross_entropy(p, y))},
      {nn.BCEWithLogitsLoss {pos_weight = weight, reduction = "sum"}, z, y,
       (nn.binary_cross_entropy_with_logits(z, y, {pos_weight = weight, reduction = "sum"}))},
      {nn.SummedBCELoss(), y, labels, (nn.summed_binary_cross_entropy(y, labels))},
      {nn.MSELoss {reduction = "none"}, z, y, (nn.mse_loss(z, y, {reduction = "none"}))},
      {nn.L1Loss(), z, y, (nn.l1_loss(z, y))},
      {nn.HuberLoss {delta = 0.3}, z, y, (nn.huber_loss(z, y, {delta = 0.3}))},
    }
    for _, case in ipairs(cases) do
      local criterion, a, b, expected = table.unpack(case)
      assert.equal(1, select("#", criterion(a, b)))
      support.equal(criterion(a, b), expected, tostring(criterion))
    end
  end)

  it("check their options when they are made", function()
    support.raises({"bad option 'reduction' to 'MSELoss' (mean|sum|none expected, got average)"},
                   function() nn.MSELoss {reduction = "average"} end)
    support.raises({"bad option 'weight' to 'CrossEntropyLoss' (tensor expected, got table)"},
                   function() nn.CrossEntropyLoss {weight = {1, 2}} end)
    support.raises({"unknown option 'pos_weight' to 'CrossEntropyLoss'"},
                   function() nn.CrossEntropyLoss {pos_weight = nn.ones(3)} end)
  end)

  it("name the row of a label out of range", function()
    support.raises({"4"}, function()
      nn.CrossEntropyLoss()(z, nn.tensor({1, 4}, {dtype = "int64"}))
    end)
  end)
end)

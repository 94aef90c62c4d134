-- interrupt_spec.lua - computations that are given up: the error is one, and nothing has changed

local core = require "nnlua.core"
local nn = require "nnlua"
local support = require "tests.spec.support"

local generator = core.default_generator()

local function random(...)
  return nn.randn({...}, {dtype = "float64"})
end

-- name -> function that makes {run, the tensors that run must leave alone ...}
local cases = {}

local function case(name, make)
  cases[#cases + 1] = {name = name, make = make}
end

local function method(name, ...)
  local arguments = table.pack(...)
  case(name, function()
    local x = random(70, 300)
    return function() return x[name](x, table.unpack(arguments, 1, arguments.n)) end, x
  end)
end

for _, name in ipairs {"exp", "abs", "sum", "mean", "std", "norm", "max", "argmin", "softmax",
                       "clone", "isinf", "relu"} do
  method(name)
end
method("sum", 1)
method("max", 2)
method("clamp", -1, 1)
method("to", "float32")
method("add", 1.5)
method("pow", 2)
method("index_select", 1, nn.tensor({3, 1, 70, 5}, {dtype = "int64"}))

case("transposed copy", function()
  local x = random(300, 200)
  return function() return x:t():contiguous() end, x
end)
case("matmul", function()
  local a, b = random(300, 130), random(130, 270)
  return function() return a:matmul(b) end, a, b
end)
case("matmul of integers", function()
  local a = nn.ones(200, 200, {dtype = "int64"})
  return function() return a:matmul(a) end, a
end)
case("batches of matrices", function()
  local a, b = random(5, 30, 40), random(5, 40, 20)
  return function() return a:matmul(b) end, a, b
end)
case("cat", function()
  local a, b = random(100, 50), random(60, 50)
  return function() return nn.cat({a, b}, 1) end, a, b
end)
for _, name in ipairs {"rand", "randn"} do
  case(name, function() return function() return nn[name](9000) end end)
end
case("randint", function() return function() return nn.randint(1, 100, 9000) end end)
case("randperm", function() return function() return nn.randperm(9000) end end)
case("arange", function() return function() return nn.arange(9000) end end)
case("linspace", function() return function() return nn.linspace(0, 1, 9000) end end)
case("full", function() return function() return nn.full({300, 30}, 2) end end)
case("dropout", function()
  local x = random(90, 100)
  return function() return (nn.dropout(x, 0.5)) end, x
end)
case("index_add_", function()
  local x, index = random(70, 300), nn.arange(1, 71, {dtype = "int64"})
  return function() return x:index_add_(1, index, x * 2) end, x
end)
case("assignment by a mask", function()
  local x = random(70, 300)
  return function() x[x:gt(0)] = 0 end, x
end)
case("AUC", function()
  local x = random(50000)
  local y = x:gt(0)
  return function() return nn.tensor({core.rank(x, y)}) end, x
end)
case("exact sums", function()
  local x, sums = random(70000), core.exact_sums(1)
  return function() return core.exact_add_(sums, x) end, x, sums
end)

-- A step of a module: forward and backward, whose gradients must be all or none.
local function module(name, make, ...)
  local shape = {...}
  case(name, function()
    local layer, x = make():to("float64"), random(table.unpack(shape))
    x.requires_grad = true
    local state = {x}
    for _, p in ipairs(layer:parameters()) do
      p.grad = nn.ones_like(p)
      state[#state + 1], state[#state + 2] = p, p.grad
    end
    return function() layer(x):sum():backward() end, table.unpack(state)
  end)
end

module("Linear", function() return nn.Linear(60, 50) end, 200, 60)
module("Conv2d", function() return nn.Conv2d(3, 8, 3) end, 6, 3, 20, 20)
module("ConvTranspose2d", function() return nn.ConvTranspose2d(3, 8, 3) end, 6, 3, 10, 10)
module("BatchNorm2d", function() return nn.BatchNorm2d(3) end, 6, 3, 20, 20)
module("LayerNorm", function() return nn.LayerNorm(50) end, 200, 50)
module("MaxPool2d", function() return nn.MaxPool2d(2) end, 6, 3, 20, 20)
module("AvgPool2d", function() return nn.AvgPool2d(2) end, 6, 3, 20, 20)

case("batch_norm's running statistics", function()
  local layer, x = nn.BatchNorm2d(3):to("float64"), random(6, 3, 20, 20)
  return function() return layer(x) end, x, layer.running_mean, layer.running_var
end)

-- The fused step, on rows of each form.
for _, form in ipairs {"plain", "sparse", "bytes"} do
  case("backprop, " .. form, function()
    local model = nn.Sequential(nn.Rescaling(1 / 255), nn.Linear(90, 70), nn.ReLU(),
                                nn.Linear(70, 10))
    local x = nn.randint(0, 256, 500, 90, {dtype = "uint8"})
    if form == "sparse" then x[nn.rand(500, 90):gt(0.1)] = 0 end
    if form == "plain" then
      model = nn.Sequential(nn.Linear(90, 70), nn.ReLU(), nn.Linear(70, 10))
      x = x:to("float32")
    end
    local y, state = nn.randint(1, 11, 500), {}
    for _, p in ipairs(model:parameters()) do
      p.grad = nn.ones_like(p)
      state[#state + 1], state[#state + 2] = p, p.grad
    end
    return function() return (nn.backprop(model, nn.CrossEntropyLoss(), x, y)) end,
           table.unpack(state)
  end)
end

describe("a computation that is given up", function()
  for _, it_is in ipairs(cases) do
    it("raises and changes nothing: " .. it_is.name, function()
      nn.manual_seed(3)
      local made = table.pack(it_is.make())
      local run, state = made[1], {table.unpack(made, 2, made.n)}
      local ended = support.interruptions(it_is.name, run, function()
        local all = {generator:get_state()}
        for i, t in ipairs(state) do all[i + 1] = t end
        return all
      end)
      assert.is_true(ended > 0)
    end)
  end

  it("is looked at often in wide rows, which are cut into columns", function()
    local x = nn.ones(3, 200001)
    for _, name in ipairs {"sum", "max"} do
      core.interrupt_after(30)
      assert.error(function() x[name](x, 1) end, "interrupted")
      core.interrupt_after(0)
      assert.equal(200001 * (name == "sum" and 3 or 1), x[name](x, 1):sum():item())
    end
  end)

  it("gives what it gives, when it is run again", function()
    local a, b = nn.randn(300, 130), nn.randn(130, 270)
    local expected = a:matmul(b)
    core.interrupt_after(1)
    assert.error(function() a:matmul(b) end, "interrupted")
    assert.is_true(a:matmul(b) == expected)
  end)

  it("is none that writes in place, which is run to its end", function()
    local x, p = nn.ones(200, 300), nn.ones(200, 300)
    p.requires_grad = true
    local optimizer = nn.optim.SGD({p}, {lr = 1})
    p.grad = nn.ones(200, 300)
    for name, run in pairs {
      add_ = function() x:add_(1) end,
      exp_ = function() x:exp_() end,
      copy_ = function() x:copy_(p:detach()) end,
      fill_ = function() x:fill_(2) end,
      shuffle_ = function() x:shuffle_() end,
      step = function() optimizer:step() end,
    } do
      core.interrupt_after(1)
      local ok, message = pcall(run)
      core.interrupt_after(0)
      assert(ok, name .. ": " .. tostring(message))
    end
  end)

  it("waits for the end of what belongs together", function()
    local a = nn.ones(50, 50)
    core.interrupt_after(1)
    do
      local whole <close> = core.uninterrupted() -- luacheck: ignore whole
      a:matmul(a)
    end
    assert.error(function() a:matmul(a) end, "interrupted")
    core.interrupt_after(0)
  end)

  it("leaves an older file as it was", function()
    local path = os.tmpname()
    assert(nn.io.save_npy(path, nn.ones(3)))
    core.interrupt_after(2)
    local ok, message = pcall(nn.io.save_npy, path, nn.zeros(100000))
    core.interrupt_after(0)
    assert.is_false(ok)
    assert.equal("interrupted", message)
    assert.is_true(nn.io.load_npy(path) == nn.ones(3))
    core.interrupt_after(1)
    assert.error(function() nn.io.load_npy(path) end, "interrupted")
    core.interrupt_after(0)
    os.remove(path)
  end)
end)

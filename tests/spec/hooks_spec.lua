-- hooks_spec.lua - hooks of modules and tensors: what they see, replace, and how they go away.

local nn = require "nnlua"
local support = require "tests.spec.support"

local F64 = {dtype = "float64"}

local function f64(v)
  return nn.tensor(v, F64)
end

describe("forward hooks", function()
  local layer = nn.Linear(2, 1, {dtype = "float64"})
  nn.no_grad(function() layer.weight:copy_(f64 {{1, 2}}); layer.bias:fill_(0.5) end)
  local x = f64 {{1, 1}, {2, 0}}

  it("see and replace inputs and output, in order, until removed", function()
    local log = {}
    local pre = layer:register_forward_pre_hook(function(m, inputs)
      assert.is_true(rawequal(m, layer))
      assert.equal(1, inputs.n)
      log[#log + 1] = "pre"
      return inputs[1] * 2
    end)
    local second = layer:register_forward_pre_hook(function(_, inputs)
      return {inputs[1] + 1}
    end)
    local after = layer:register_forward_hook(function(_, inputs, output)
      log[#log + 1] = "after"
      support.equal(inputs[1], x * 2 + 1)
      return output * 10
    end)
    support.equal(layer(x):detach(), (x * 2 + 1):matmul(f64 {1, 2}):unsqueeze(2) * 10 + 5)
    assert.same({"pre", "after"}, log)
    pre:remove()
    pre:remove()
    second:remove()
    after:remove()
    support.equal(layer(x):detach(), f64 {{3.5}, {2.5}})
    assert.same({"pre", "after"}, log)
  end)

  it("run inside Sequential, nested too, and keep the layer's place in messages", function()
    local inner = nn.Sequential(nn.Tanh(), nn.Linear(2, 3))
    local model = nn.Sequential(nn.Linear(2, 2), inner)
    local seen = {}
    local handles = {}
    for _, m in ipairs {model, inner, inner[2]} do
      handles[#handles + 1] = m:register_forward_hook(function(_, _, output)
        seen[#seen + 1] = output:shape()[2]
      end)
    end
    local pre = inner[2]:register_forward_pre_hook(function(_, inputs)
      return inputs[1][{{}, {1}}]
    end)
    support.raises({"layer 2.2 (Linear 2→3): input is [4,1], expected [*,2]"}, model,
                   nn.ones(4, 2))
    pre:remove()
    model(nn.ones(4, 2))
    assert.same({3, 3, 3}, seen)
  end)

  it("get and replace several results as a list", function()
    local Two = nn.class("Two", nn.Module)
    function Two.forward(_, a, b) return a, b end
    local two = Two()
    two:register_forward_hook(function(_, inputs, outputs)
      assert.equal(2, inputs.n)
      assert.equal(2, outputs.n)
      return {outputs[2], outputs[1]}
    end)
    local a, b = two(1, 2)
    assert.equal(2, a)
    assert.equal(1, b)
  end)

  it("may remove themselves, and must be functions", function()
    local handle, calls = nil, 0
    handle = layer:register_forward_hook(function() calls = calls + 1; handle:remove() end)
    layer(x)
    layer(x)
    assert.equal(1, calls)
    support.raises({"bad argument #1 to 'register_forward_hook'", "function expected, got nil"},
                   layer.register_forward_hook, layer)
    support.raises({"'register_full_backward_hook'"}, layer.register_full_backward_hook, layer, 1)
    support.raises({"'register_forward_pre_hook'"}, layer.register_forward_pre_hook, layer, {})
  end)
end)

describe("backward hooks", function()
  local function setup()
    local layer = nn.Linear(2, 1, {dtype = "float64", bias = false})
    nn.no_grad(function() layer.weight:copy_(f64 {{3, 4}}) end)
    return layer, f64({{1, 2}}):requires_grad_()
  end

  it("see the gradients at both ends and replace those of the inputs", function()
    local layer, x = setup()
    local calls = 0
    local handle = layer:register_full_backward_hook(function(m, grad_inputs, grad_outputs)
      calls = calls + 1
      assert.is_true(rawequal(m, layer))
      support.equal(grad_inputs[1], f64 {{6, 8}})
      support.equal(grad_outputs[1], f64 {{2}})
      return {grad_inputs[1] * 100}
    end)
    local y = layer(x) * 2
    y:sum():backward()
    assert.equal(1, calls)
    support.equal(x.grad, f64 {{600, 800}})
    support.equal(layer.weight.grad, f64 {{2, 4}}) -- as it was
    handle:remove()
    x.grad = nil
    layer(x):sum():backward()
    support.equal(x.grad, f64 {{3, 4}})
    assert.equal(1, calls)
  end)

  it("work for inputs without gradients, for several, and for unused ones", function()
    local layer, x = setup()
    layer:register_full_backward_hook(function(_, grad_inputs, grad_outputs)
      assert.equal(1, grad_inputs.n)
      assert.is_nil(grad_inputs[1])
      support.equal(grad_outputs[1], f64 {{1}})
    end)
    layer(x:detach()):sum():backward()
    support.equal(layer.weight.grad, f64 {{1, 2}})

    local Mix = nn.class("Mix", nn.Module)
    function Mix.forward(_, a, b, c) return a * b, a + 0 * b, c end
    local mix, seen = Mix(), nil
    mix:register_full_backward_hook(function(_, gi, go) seen = {gi, go} end)
    local a, b, c = f64(2):requires_grad_(), f64(5):requires_grad_(), f64(7):requires_grad_()
    local p = mix(a, b, c)
    p:backward()
    support.equal(seen[1][1], f64(5))
    support.equal(seen[1][2], f64(2))
    support.equal(seen[1][3], f64(0))
    support.equal(seen[2][1], f64(1))
    support.equal(a.grad, f64(5))
    support.equal(c.grad, f64(0))
  end)

  it("are called again on a retained graph, and do nothing without gradients", function()
    local layer, x = setup()
    local calls = 0
    layer:register_full_backward_hook(function() calls = calls + 1 end)
    local y = layer(x):sum()
    y:backward({retain_graph = true})
    y:backward()
    assert.equal(2, calls)
    support.equal(x.grad, f64 {{6, 8}})
    nn.no_grad(function() layer(x) end)
    assert.equal(2, calls)
  end)

  it("refuse a gradient of another shape, before anything changes", function()
    local layer, x = setup()
    layer:register_full_backward_hook(function() return nn.ones(3, F64) end)
    local y = layer(x)
    support.raises({"backward hook", "float64 [3], expected float64 [1,2]"}, function()
      y:sum():backward()
    end)
    assert.is_nil(x.grad)
    assert.is_nil(layer.weight.grad)
  end)

  it("keep gradients right", function()
    local model = nn.Sequential(nn.Linear(3, 4, F64), nn.Tanh(), nn.Linear(4, 2, F64))
    for i = 1, 3 do model[i]:register_full_backward_hook(function() end) end
    model:register_full_backward_hook(function() end)
    assert(nn.gradcheck(model, {nn.randn(5, 3, F64):requires_grad_()}))
  end)
end)

describe("hooks of tensors", function()
  it("get the whole gradient once and may replace it", function()
    local x = f64({1, 2}):requires_grad_()
    local y, seen = x * 2, {}
    y:register_hook(function(g)
      seen[#seen + 1] = g:clone()
      return g * 10
    end)
    local leaf = x:register_hook(function(g)
      seen[#seen + 1] = g:clone()
      return g + 1
    end)
    local loss = (y * y):sum() + y:sum()
    loss:backward({retain_graph = true})
    support.equal(seen[1], f64 {5, 9})
    support.equal(seen[2], f64 {100, 180})
    support.equal(x.grad, f64 {101, 181})
    leaf:remove()
    loss:backward()
    support.equal(x.grad, f64 {201, 361}) -- accumulated
    assert.equal(3, #seen)
  end)

  it("of the root and of several leaves all run before a gradient changes", function()
    local a, b = f64(1):requires_grad_(), f64(2):requires_grad_()
    local loss = a * b
    loss:register_hook(function(g) return g * 3 end)
    local failing = b:register_hook(function() error("stop") end)
    support.raises({"stop"}, loss.backward, loss, {retain_graph = true})
    assert.is_nil(a.grad)
    failing:remove()
    loss:backward()
    support.equal(a.grad, f64(6))
  end)

  it("give the leaf a gradient of its own", function()
    local x, kept = f64({1, 2}):requires_grad_(), nil
    x:register_hook(function(g) kept = g end)
    x:exp():sum():backward()
    x.grad:zero_()
    assert.is_true(kept:sum():item() > 0)
  end)

  it("refuse what is not tracked and gradients of another shape", function()
    support.raises({"register_hook", "does not require"}, function()
      f64(1):register_hook(print)
    end)
    local x = f64({1, 2}):requires_grad_()
    x:register_hook(function() return 3 end)
    support.raises({"register_hook", "a number, expected a gradient float64 [2]"}, function()
      x:sum():backward()
    end)
  end)
end)

describe("a fused step", function()
  it("goes to the tape while there are hooks", function()
    local model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    local criterion, x, y = nn.CrossEntropyLoss(), nn.randn(5, 3), nn.randint(1, 3, 5)
    local function path()
      return (select(4, nn.backprop(model, criterion, x, y)))
    end
    assert.equal("fused", path())
    for _, hook in ipairs {
      function(f) return model:register_forward_hook(f) end,
      function(f) return model[2]:register_full_backward_hook(f) end,
      function(f) return criterion:register_forward_pre_hook(f) end,
      function(f) return model[3].bias:register_hook(f) end,
    } do
      local calls = 0
      local handle = hook(function() calls = calls + 1 end)
      assert.equal("tape", path())
      assert.equal(1, calls)
      handle:remove()
      assert.equal("fused", path())
    end
  end)
end)

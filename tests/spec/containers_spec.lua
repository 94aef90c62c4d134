-- containers_spec.lua - containers and models of one's own: what they compute, share and refuse.

local nn = require "nnlua"
local support = require "tests.spec.support"

local F64 = {dtype = "float64"}

local function names(module)
  local list = {}
  for name in module:named_parameters() do list[#list + 1] = name end
  return list
end

describe("ModuleList", function()
  it("grows, shrinks and keeps the order of its parameters", function()
    local a, b, c = nn.Linear(1, 1, {bias = false}), nn.Linear(2, 2, {bias = false}), nn.Tanh()
    local list = nn.ModuleList(a)
    list:extend({b, c}):insert(1, nn.Linear(3, 3, {bias = false})):add(nn.Linear(4, 4))
    assert.equal(5, #list)
    assert.is_true(rawequal(a, list[2]))
    assert.same({"1.weight", "2.weight", "3.weight", "5.weight", "5.bias"}, names(list))
    assert.is_true(rawequal(c, list:remove(4)))
    assert.same({4, 4}, list:remove().weight:shape())
    assert.same({"1.weight", "2.weight", "3.weight"}, names(list))
    assert.equal(6, #list:extend(list))
    local n = 0
    for i, module in ipairs(list) do
      n = n + 1
      assert.is_true(rawequal(module, list[i]))
    end
    assert.equal(6, n)
  end)

  it("refuses what is no module, and calls", function()
    local list = nn.ModuleList(nn.Tanh())
    support.raises({"bad argument #2 to 'insert'", "module expected, got nil"}, list.insert, list,
                   1)
    support.raises({"bad argument #1 to 'insert'", "1..2", "got 3"}, list.insert, list, 3,
                   nn.Tanh())
    support.raises({"bad argument #1 to 'remove'", "1..1"}, list.remove, list, 2)
    support.raises({"bad argument #1 to 'extend'"}, list.extend, list, {nn.Tanh(), 1})
    support.raises({"cannot hold itself"}, list.add, list, list)
    assert.equal(1, #list)
    support.raises({"a ModuleList cannot be called"}, list, nn.ones(1))
    assert.equal("ModuleList(\n  (1): Tanh\n)", tostring(list))
  end)
end)

describe("ModuleDict", function()
  it("keeps modules by name in order", function()
    local dict = nn.ModuleDict {b = nn.Linear(1, 2), a = nn.Tanh()}
    dict:set("0", nn.Linear(2, 1, {bias = false}))
    local order = {}
    for name, module in dict:items() do
      order[#order + 1] = name
      assert.is_true(rawequal(module, dict[name]))
    end
    assert.same({"a", "b", "0"}, order)
    assert.same({"b.weight", "b.bias", "0.weight"}, names(dict))
    assert.same({2, 1}, dict.b.weight:shape())
    dict:set("b", nn.Linear(3, 3))
    assert.same({3, 3}, dict:state_dict()["b.weight"]:shape())
    support.raises({"'set'", "forward"}, dict.set, dict, "forward", nn.Tanh())
    support.raises({"bad argument #2 to 'set'"}, dict.set, dict, "c", 1)
    support.raises({"a ModuleDict cannot be called"}, dict, 1)
  end)
end)

describe("Sequential", function()
  it("gives slices that share its layers, and still runs after changes", function()
    local model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    local x = nn.randn(5, 3)
    local head = model:slice(1, 2)
    assert.is_true(rawequal(head[1], model[1]))
    support.equal(model:slice(-1)(head(x)), model(x))
    assert.equal(2, #model:slice(-2, -1))
    support.raises({"bad argument #2 to 'slice'", "1..3", "4"}, model.slice, model, 1, 4)
    model:insert(2, nn.Linear(4, 4)):remove(3)
    assert.same({"1.weight", "1.bias", "2.weight", "2.bias", "3.weight", "3.bias"}, names(model))
    assert.same({5, 2}, model(x):shape())
    assert.equal("fused", select(4, nn.backprop(nn.Sequential(nn.Linear(3, 2)), nn.MSELoss(), x,
                                                nn.zeros(5, 2))))
  end)
end)

describe("Concat, Parallel and Residual", function()
  local a, b = nn.Linear(3, 4), nn.Linear(3, 1)
  local x = nn.randn(5, 3)

  it("join what their modules give", function()
    support.equal(nn.Concat(2, a, b)(x):detach(), nn.cat({a(x):detach(), b(x):detach()}, 2))
    local pair = nn.stack({x, x * 2}, 2)
    support.equal(nn.Parallel(2, -1, a, b)(pair):detach(),
                  nn.cat({a(x):detach(), b(x * 2):detach()}, 2))
    local square = nn.Linear(3, 3)
    support.equal(nn.Residual(square)(x):detach(), x + square(x):detach())
  end)

  it("say their output shape, as the forward pass finds it", function()
    for _, case in ipairs {
      {nn.Concat(2, a, b), {5, 3}}, {nn.Concat(-1, a, b), {2, 5, 3}},
      {nn.Concat(1, a, a), {5, 3}},
      {nn.Parallel(2, 2, a, b), {5, 2, 3}}, {nn.Parallel(1, -1, a, b), {2, 7, 3}},
      {nn.Residual(nn.Linear(3, 3)), {5, 3}}, {nn.Residual(a, {shortcut = a}), {5, 3}},
    } do
      assert.same(case[1](nn.ones(case[2])):shape(), case[1]:output_shape(case[2]))
    end
    assert.matches("15 multiply%-adds", nn.Concat(2, a, b):summary {1, 3})
    assert.matches("\n1 +Linear 3→4 +%[5,4%] +16 +60 ", nn.Concat(2, a, b):summary {5, 3})
  end)

  it("print their settings and parts", function()
    assert.equal("Concat(dim=2\n  (1): Linear 3→4\n)", tostring(nn.Concat(2, a)))
    assert.matches("^Parallel%(input_dim=1, output_dim=2\n", tostring(nn.Parallel(1, 2, a)))
    assert.equal("Residual(\n  (body): Linear 3→4\n  (shortcut): Linear 3→4\n)",
                 tostring(nn.Residual(a, {shortcut = a})))
  end)

  it("complain with the place and both shapes", function()
    support.raises({"Concat, branch 2 (Linear 4→1): input is [5,3], expected [*,4]"},
                   nn.Concat(2, a, nn.Linear(4, 1)), x)
    support.raises({"expected size 2 in dimension 2", "[5,3]"}, nn.Parallel(2, 1, a, b), x)
    support.raises({"Residual: the module's result is [5,4], the input [5,3]"}, nn.Residual(a), x)
    support.raises({"result is [5,4], the shortcut's [5,1]"}, nn.Residual(a, {shortcut = b}), x)
    support.raises({"bad argument #1 to 'Concat'", "dimension expected"}, nn.Concat, a)
    support.raises({"bad argument #3 to 'Concat'", "module"}, nn.Concat, 1, a, 2)
    support.raises({"bad argument #2 to 'Parallel'"}, nn.Parallel, 1, a)
    support.raises({"bad argument #2 to 'Residual'"}, nn.Residual, a, {shortcut = 1})
    support.raises({"unknown option 'shortcat' to 'Residual'"}, nn.Residual, a, {shortcat = b})
  end)
end)

describe("a module that is used in several places", function()
  local function build()
    local shared = nn.Linear(3, 3)
    local model = nn.Sequential(shared, nn.Tanh(), nn.Residual(shared), nn.Linear(3, 3))
    model[4].weight = shared.weight -- tied as a tensor, too
    return model, shared
  end

  it("has its parameters once, and its state under every name", function()
    local model, shared = build()
    assert.same({"1.weight", "1.bias", "4.bias"}, names(model))
    local dict = model:state_dict()
    assert.equal(6, #dict)
    support.equal(dict["3.body.weight"], shared.weight:detach())
    support.equal(dict["4.weight"], shared.weight:detach())
    local other = build()
    other:load_state_dict(dict)
    local x = nn.randn(2, 3)
    support.equal(other(x):detach(), model(x):detach())
    assert.is_true(rawequal(other[4].weight, other[1].weight))
  end)

  it("is converted once, gathers gradients of all uses, and loses them together", function()
    local model, shared = build()
    model:to("float64")
    assert.equal("float64", shared.weight:dtype())
    assert.is_true(rawequal(model[4].weight, shared.weight))
    local ok, report = nn.gradcheck(model, {nn.randn(4, 3, F64)})
    assert(ok, tostring(report))
    assert.equal(3, #report.tensors)
    model(nn.randn(4, 3, F64)):sum():backward()
    assert.is_not_nil(shared.weight.grad)
    model:zero_grad()
    assert.is_nil(model[4].weight.grad)
    model:eval()
    assert.is_false(model[3].body.training)
    nn.optim.SGD(model:parameters(), {lr = 0.1}) -- which refuses a tensor that comes twice
  end)

  it("counts once in the summary", function()
    local text = build():summary {2, 3}
    assert.matches("3.body  is 1", text, 1, true)
    assert.matches("\n15 parameters (60 B)\n54 multiply-adds", text, 1, true)
  end)
end)

describe("a module of one's own", function()
  -- Under twenty lines: learned frequencies and phases, and a matrix as a plain tensor.
  local Fourier = nn.class("Fourier", nn.Module)
  function Fourier:init(inputs, waves, outputs)
    self.frequency = nn.randn(waves, inputs):requires_grad_()
    self.phase = nn.zeros(waves):requires_grad_()
    self.mix = nn.Linear(waves, outputs)
  end
  function Fourier:forward(x)
    return self.mix((x:matmul(self.frequency:t()) + self.phase):sin())
  end

  local function build()
    nn.manual_seed(3)
    return nn.Sequential(Fourier(1, 16, 8), nn.ReLU(), nn.Linear(8, 1))
  end

  it("trains", function()
    local model, x = build(), nn.linspace(-2, 2, 64):unsqueeze(2)
    local y, criterion = (x * 3):sin(), nn.MSELoss()
    local optimizer = nn.optim.Adam(model:parameters(), {lr = 0.02})
    local first, loss
    for _ = 1, 150 do
      optimizer:zero_grad()
      loss = nn.backprop(model, criterion, x, y):item()
      first = first or loss
      optimizer:step()
    end
    assert.is_true(first > 0.3 and loss < 0.02, ("%g -> %g"):format(first, loss))
  end)

  it("saves, loads and gives the same bits", function()
    local model, path = build(), os.tmpname()
    finally(function() os.remove(path) end)
    assert(nn.io.save_safetensors(path, model:state_dict()))
    local other = nn.Sequential(Fourier(1, 16, 8), nn.ReLU(), nn.Linear(8, 1))
    other:load_state_dict(nn.io.load_safetensors(path))
    local x = nn.randn(5, 1)
    support.equal(other(x):detach(), model(x):detach())
  end)

  it("passes the gradient check", function()
    local ok, report = nn.gradcheck(build():to("float64"), {nn.randn(6, 1, F64):requires_grad_()})
    assert(ok, tostring(report))
    assert.equal(7, #report.tensors)
  end)

  it("shows up in the summary", function()
    local text = build():summary {64, 1}
    assert.matches("\n1 +Fourier +%[64,8%] +32 ", text)
    assert.matches("\n1.mix +Linear 16→8 +%[64,8%] +136 +8,192 ", text)
    assert.matches("\n177 parameters", text)
  end)
end)

-- regularization_spec.lua - penalties of lists, clipped gradients, limited rows.

local nn = require "nnlua"
local support = require "tests.spec.support"

local F64 = {dtype = "float64"}

local function f64(values)
  return nn.tensor(values, F64)
end

-- Parameters whose gradients are the values.
local function with_gradients(...)
  local list = {}
  for i, values in ipairs {...} do
    local gradient = f64(values)
    list[i] = nn.zeros_like(gradient):requires_grad_()
    list[i].grad = gradient
  end
  return list
end

describe("elastic_net_penalty", function()
  it("adds up both penalties of all tensors, each once", function()
    local a, b = f64({{1, -2}, {0, 3}}):requires_grad_(), f64({-4}):requires_grad_()
    local value = nn.elastic_net_penalty({a, b, a}, 0.5, 0.1)
    support.close(value:detach(), f64(0.5 * 10 + 0.05 * 30))
    value:backward()
    support.close(a.grad, f64 {{0.6, -0.7}, {0, 0.8}})
    support.close(b.grad, f64 {-0.9})
    support.close(nn.elastic_net_penalty(b, 0, 2):detach(), f64(16))
    support.close(nn.elastic_net_penalty(b, 2, 0):detach(), f64(8))
    support.close(nn.elastic_net_penalty(b, 0, 0):detach(), f64(0))
    assert(nn.gradcheck(function(x, y) return nn.elastic_net_penalty({x, y}, 0.3, 0.7) * 2 end,
                        {f64({1, -2}):requires_grad_(), f64({3}):requires_grad_()}))
  end)

  it("refuses what is no list of tensors", function()
    support.raises({"bad argument #1 to 'elastic_net_penalty'", "pass its :parameters()"},
                   nn.elastic_net_penalty, nn.Linear(1, 1), 1, 1)
    support.raises({"entry 2 is a number"}, nn.elastic_net_penalty, {nn.ones(1), 2}, 1, 1)
    support.raises({"the list is empty"}, nn.elastic_net_penalty, {}, 1, 1)
    support.raises({"bad argument #3", "got -1"}, nn.elastic_net_penalty, nn.ones(1), 1, -1)
  end)
end)

describe("clip_grad_norm", function()
  it("scales all gradients together, as PyTorch does", function()
    local list = with_gradients({3, 0}, {{-4}, {12}})
    support.close(nn.clip_grad_norm(list, 6.5), 13)
    local factor = 6.5 / (13 + 1e-6)
    support.close(list[1].grad, f64 {3 * factor, 0})
    support.close(list[2].grad, f64 {{-4 * factor}, {12 * factor}})
  end)

  it("leaves small ones alone, to the bit, and counts shared ones once", function()
    local list = with_gradients({3}, {4})
    list[3] = list[1]
    list[4] = nn.zeros(1, F64):requires_grad_() -- has no gradient
    assert.equal(5.0, nn.clip_grad_norm(list, 6))
    support.equal(list[1].grad, f64 {3})
    assert.equal(0.0, nn.clip_grad_norm({}, 1))
  end)

  it("knows other norms", function()
    assert.equal(7.0, nn.clip_grad_norm(with_gradients({3}, {-4}), 100, {norm_type = 1}))
    local list = with_gradients({3}, {-4})
    assert.equal(4.0, nn.clip_grad_norm(list, 2, {norm_type = math.huge}))
    support.close(list[2].grad, f64 {-4 * 2 / (4 + 1e-6)})
  end)

  it("raises for what is not finite if told so, else passes it on", function()
    local list = with_gradients({math.huge}, {1})
    support.raises({"clip_grad_norm", "inf"}, nn.clip_grad_norm, list, 1,
                   {error_if_nonfinite = true})
    support.equal(list[2].grad, f64 {1})
    assert.equal(math.huge, nn.clip_grad_norm(list, 1))
    support.equal(list[2].grad, f64 {0})
    for _, p in ipairs {2, math.huge} do
      for _, values in ipairs {{{0 / 0}, {1}}, {{1}, {0 / 0}}} do
        local norm = nn.clip_grad_norm(with_gradients(table.unpack(values)), 1, {norm_type = p})
        assert.is_true(norm ~= norm)
      end
    end
  end)

  it("gives the same bits for any number of threads", function()
    local threads = nn.get_num_threads()
    finally(function() nn.set_num_threads(threads) end)
    local norms = {}
    for _, n in ipairs {1, 3} do
      nn.set_num_threads(n)
      nn.manual_seed(1)
      local p = nn.zeros(100003):requires_grad_()
      p.grad = nn.randn(100003)
      norms[#norms + 1] = nn.clip_grad_norm({p}, 1)
    end
    assert.equal(norms[1], norms[2])
  end)

  it("checks its arguments", function()
    support.raises({"bad argument #2 to 'clip_grad_norm'", "nil"}, nn.clip_grad_norm, {})
    support.raises({"'norm_type'", "got 0"}, nn.clip_grad_norm, {}, 1, {norm_type = 0})
  end)
end)

describe("clip_grad_value", function()
  it("clamps gradients", function()
    local list = with_gradients({3, -0.5, -7})
    nn.clip_grad_value(list, 2)
    support.equal(list[1].grad, f64 {2, -0.5, -2})
    support.raises({"bad argument #2 to 'clip_grad_value'"}, nn.clip_grad_value, list, -1)
  end)
end)

describe("max_norm_", function()
  it("shortens rows that are too long and keeps the others' bits", function()
    local W = f64({{3, 4}, {0.1, 0.2}, {0, 0}}):requires_grad_()
    assert.is_true(rawequal(W, nn.max_norm_(W, 1)))
    support.equal(W:detach()[2], f64 {0.1, 0.2})
    support.close(W:detach()[1], f64 {3, 4} / (5 + 1e-7))
    support.equal(W:detach()[3], f64 {0, 0})
  end)

  it("runs along any dimension, under any norm, over further ones", function()
    local W = f64({{3, 0.5}, {4, 0.5}})
    nn.max_norm_({W}, 1, {dim = 2})
    support.close(W, f64 {{3 / (5 + 1e-7), 0.5}, {4 / (5 + 1e-7), 0.5}})
    local V = nn.ones(2, 2, 2, F64)
    nn.max_norm_(V, 2, {p = 1})
    support.close(V, nn.full({2, 2, 2}, 2 / (4 + 1e-7), F64))
    local b = f64 {-3, 0.5}
    nn.max_norm_(b, 1, {p = math.huge})
    support.close(b, f64 {-3 / (3 + 1e-7), 0.5})
  end)

  it("changes nothing if a tensor does not fit", function()
    local W = f64 {{3, 4}}
    support.raises({"bad option 'dim' to 'max_norm_'", "2 in a tensor of 1 dimensions"},
                   nn.max_norm_, {W, f64 {1}}, 1, {dim = 2})
    support.equal(W, f64 {{3, 4}})
  end)

  it("changes nothing if a later tensor cannot be written to", function()
    local W = f64 {{3, 4}}
    support.raises({"argument #1 to 'max_norm_'", "entry 2 is an expanded tensor"},
                   nn.max_norm_, {W, f64({1}):expand(2, 2)}, 1)
    support.equal(W, f64 {{3, 4}})
  end)
end)

describe("clipping", function()
  it("changes nothing if a later gradient cannot be written to", function()
    local p, q = f64({3}):requires_grad_(), f64({1, 2}):requires_grad_()
    p.grad, q.grad = f64 {8}, f64({5}):expand(2)
    for name, clip in pairs {clip_grad_norm = nn.clip_grad_norm,
                             clip_grad_value = nn.clip_grad_value} do
      support.raises({"argument #1 to '" .. name .. "'", "the gradient of entry 2 is an expanded"},
                     clip, {p, q}, 1)
      support.equal(p.grad, f64 {8})
    end
  end)
end)

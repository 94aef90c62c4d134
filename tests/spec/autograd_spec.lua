-- The tape: every differentiable operation against finite differences, and what backward promises.

local autograd = require "nnlua.autograd"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local leaves = require "tests.spec.cases.leaves"
local nn = require "nnlua"
local support = require "tests.spec.support"

local F64 = {dtype = "float64"}

local leaf, f64, int64 = leaves.leaf, leaves.f64, leaves.int64

-- For each operation a list of calls {f, inputs...}; f calls it through nn or a method.
local samples = support.cases("ops")

describe("differentiable operations", function()
  for _, op in ipairs(functional.ops) do
    it(("%s has the gradient that finite differences show"):format(op.name), function()
      local calls = samples[op.name]
      assert(calls, "no calls in tests/spec/cases/ops_*.lua of the operation " .. op.name)
      -- counts the walks through the rule: a sample that goes another way proves nothing
      local run, walks = op.run, 0
      op.run = function(...)
        walks = walks + 1
        return run(...)
      end
      finally(function() op.run = run end)
      for i, call in ipairs(calls) do
        walks = 0
        local ok, report = nn.gradcheck(call[1], {table.unpack(call, 2)})
        assert(ok, ("sample %d: %s"):format(i, report))
        assert.equal(0, #report.kinks)
        assert(walks > 0, ("sample %d does not use %s"):format(i, op.name))
        assert.is_true(report.relative_difference < 1e-7)
      end
    end)
  end

  -- What a gradient cannot pass, because the result is an integer, a boolean or a Lua value, and
  -- what takes and gives tensors as data.
  local plain = {}
  for name in ([[shape size stride ndim numel dtype is_contiguous item totable tobytes all any
    argmax argmin eq ne lt le gt ge isnan isinf isfinite logical_and logical_or logical_not detach
    backward register_hook dot outer]]):gmatch("%S+") do
    plain[name] = true
  end

  it("are all methods of tensors, but for those that have no gradient", function()
    local unknown = {}
    for name in pairs(core.Tensor.methods) do
      if not (functional[name] or plain[name] or name:find("_$")) then
        unknown[#unknown + 1] = name
      end
    end
    assert.same({}, unknown)
  end)

  it("give the same values whether tracked or not", function()
    for _, op in ipairs(functional.ops) do
      for _, call in ipairs(samples[op.name]) do
        local inputs = {}
        for i = 2, #call do
          inputs[i - 1] = call[i]:detach()
        end
        support.equal(call[1](table.unpack(inputs)), call[1](table.unpack(call, 2)):detach(),
                      op.name)
      end
    end
  end)

  it("share the gradient of ties", function()
    local a, b = f64({1, 2, 3}):requires_grad_(), f64({1, 5, 0}):requires_grad_()
    nn.maximum(a, b):sum():backward()
    support.equal(a.grad, f64 {0.5, 0, 1})
    support.equal(b.grad, f64 {0.5, 1, 0})
    local x = f64({3, 1, 3, 2}):requires_grad_()
    x:max():backward()
    support.equal(x.grad, f64 {0.5, 0, 0.5, 0})
    local m = f64({{3, 3}, {1, 2}}):requires_grad_()
    m:max(2):sum():backward() -- along a dimension the index decides: the first one
    support.equal(m.grad, f64 {{1, 0}, {0, 1}})
  end)

  it("are finite where PyTorch's are", function()
    local x = f64({0, 0, 0}):requires_grad_()
    local y = x:norm() + x:std() + (x ^ 2):sum() + (x ^ 0):sum() + (f64(0) ^ (x + 1)):sum()
    y:backward()
    support.equal(x.grad, f64 {0, 0, 0})
  end)

  it("bring gradients back to the dtype and shape of each operand", function()
    local a = nn.ones(3):requires_grad_()
    local b = nn.ones(2, 3, F64):requires_grad_()
    local y = (a * b + a:to("float64")):sum()
    y:backward()
    support.equal(a.grad, nn.tensor {4, 4, 4})
    support.equal(b.grad, nn.ones(2, 3, F64))
    local c, d = nn.ones(2):requires_grad_(), nn.ones(2, F64):requires_grad_()
    nn.cat({c, d}):sum():backward()
    assert.equal("float32", c.grad:dtype())
    assert.equal("float64", d.grad:dtype())
  end)

  it("include dot and outer of vectors", function()
    local a, b = f64({1, 2}):requires_grad_(), f64({3, 5, 7}):requires_grad_()
    assert.equal(5.0, a:dot(a):item())
    support.equal(a:outer(b):detach(), f64 {{3, 5, 7}, {6, 10, 14}})
    assert(nn.gradcheck(nn.outer, {a, b}))
    support.raises({"bad argument #2 to 'dot'", "[1,2]", "autograd_spec"}, function()
      a:dot(nn.ones(1, 2))
    end)
    support.raises({"bad argument #2 to 'outer'", "number"}, function() a:outer(3) end)
  end)

  it("give as many results tracked as untracked", function()
    local x = leaf(2, 3)
    assert.equal(1, select("#", x:exp()))
    assert.equal(1, select("#", x:max()))
    assert.equal(2, select("#", x:max(1)))
  end)

  it("refuse to lose the gradient of a target", function()
    local z, y = leaf(2, 3), nn.softmax(leaf(2, 3):detach()):requires_grad_()
    support.raises({"bad argument #2 to 'softmax_cross_entropy'", "detach", "autograd_spec"},
      function() nn.softmax_cross_entropy(z, y) end)
  end)

  it("take keys and options as they were at the time of the call", function()
    local x, range, options = leaf(4, 2), {1, 2}, {dim = 1}
    local y, s = x[{range, {}}], nn.softmax(x, options)
    range[1], options.dim = 2, 2
    local before = nn.softmax(x:detach(), {dim = 1})
    y:sum():backward()
    support.equal(x.grad, f64 {{1, 1}, {1, 1}, {0, 0}, {0, 0}})
    x.grad = nil
    s:sum():backward() -- columns sum to 1 whatever x is
    support.close(x.grad, nn.zeros(4, 2, F64), nil, {atol = 1e-15})
    support.equal(s:detach(), before)
  end)
end)

describe("backward", function()
  it("adds to gradients that are there, and zero_grad is assigning nil", function()
    local x = leaf(3)
    x:sum():backward()
    local first = x.grad
    x:sum():backward()
    support.equal(x.grad, f64 {2, 2, 2})
    assert.is_true(rawequal(first, x.grad))
    x.grad = nil
    assert.is_nil(x.grad)
  end)

  it("gives every leaf a gradient of its own", function()
    local a, b = leaf(3), leaf(3)
    local dy = f64 {1, 2, 3}
    local y = a + b
    y:backward(dy)
    a.grad:mul_(10)
    support.equal(b.grad, dy)
    support.equal(dy, f64 {1, 2, 3})
  end)

  it("sums over all paths", function()
    local x = f64({2}):requires_grad_()
    local a = x * x
    local b = a + a * x
    b:backward() -- x^2 + x^3
    assert.equal(16.0, x.grad:item())
  end)

  it("starts from the gradient it is given", function()
    local x = leaf(3)
    local y = x * 2
    y:backward(f64 {1, 2, 3})
    support.equal(x.grad, f64 {2, 4, 6})
    support.raises({"bad argument #1 to 'backward'", "float64 [2]", "float64 [3]"}, function()
      (x * 2):backward(f64 {1, 2})
    end)
    support.raises({"bad argument #1 to 'backward'", "float32"}, function()
      (x * 2):backward(nn.ones(3))
    end)
    support.raises({"bad argument #1 to 'backward'", "number"}, function() (x * 2):backward(1) end)
  end)

  it("wants a gradient for more than one element, and names the count", function()
    local x = leaf(3)
    support.raises({"backward", "3 elements"}, function() (x * 2):backward() end)
  end)

  it("raises for what was not tracked", function()
    support.raises({"backward", "requires a gradient"}, function() nn.ones(1):backward() end)
    local x = leaf(1)
    support.raises({"backward", "no_grad"}, function()
      nn.no_grad(function() return x * 2 end):backward()
    end)
  end)

  it("frees the graph unless asked not to", function()
    local x = leaf(3)
    local y = (x * x):sum()
    y:backward({retain_graph = true})
    y:backward()
    support.close(x.grad, x:detach() * 4)
    support.raises({"freed", "retain_graph", "autograd_spec"}, function() y:backward() end)
    support.raises({"unknown option 'retain'"}, function() y:backward({retain = true}) end)
  end)

  it("raises where a saved tensor was modified in place, and changes nothing", function()
    local x, factor = leaf(3), f64 {1, 2, 3}
    local y = (x * factor):sum()
    factor[2] = 7
    support.raises({"backward", "float64 [3]", "'mul'", "modified in place"}, function()
      y:backward()
    end)
    assert.is_nil(x.grad)
    local h = x:exp()
    local z = h:sum()
    nn.no_grad(function() h:zero_() end)
    support.raises({"'exp'"}, function() z:backward() end)
    local W = leaf(3)
    local loss = (W * x):sum()
    nn.no_grad(function() W:sub_(0.1) end)
    support.raises({"'mul'", "modified in place"}, function() loss:backward() end)
    -- what no formula reads may change
    local unread = f64 {1, 2, 3}
    local sum = (x + unread):sum()
    unread:zero_()
    sum:backward()
    support.equal(x.grad, f64 {1, 1, 1})
  end)

  it("walks a chain of 100,000 operations", function()
    local x = f64({1}):requires_grad_()
    local y = x
    for _ = 1, 100000 do
      y = y + 1
    end
    y:backward()
    assert.equal(1.0, x.grad:item())
  end)

  it("adds in one order: the same bits every time", function()
    local function gradient()
      local x = leaf(50)
      local y = f64(0)
      for i = 1, 20 do
        y = y + (x * (1 / i)):exp():sum() * (0.1 * i)
      end
      y:backward()
      return x.grad
    end
    support.equal(gradient(), gradient())
  end)

  it("leaves out leaves that stopped requiring a gradient", function()
    local x, w = leaf(2), leaf(2)
    local y = (x * w):sum()
    w.requires_grad = false
    y:backward()
    assert.is_nil(w.grad)
    assert.is_not_nil(x.grad)
  end)
end)

describe("tracking", function()
  it("is a property of float leaves that can be switched", function()
    local x = nn.ones(2)
    assert.is_false(x.requires_grad)
    assert.is_true(rawequal(x, x:requires_grad_()))
    assert.is_true(x.requires_grad)
    assert.is_true((x * 2).requires_grad)
    x:requires_grad_(false)
    assert.is_false((x * 2).requires_grad)
    support.raises({"int64", "autograd_spec"}, function()
      int64({1}).requires_grad = true
    end)
    support.raises({"leaf"}, function()
      local y = leaf(2) * 2
      y.requires_grad = false
    end)
    support.raises({"true or false"}, function() x.requires_grad = 1 end)
  end)

  it("checks a gradient that is assigned", function()
    local x = leaf(2)
    x.grad = f64 {1, 2}
    support.equal(x.grad, f64 {1, 2})
    support.raises({"float64 [3]", "float64 [2]"}, function() x.grad = f64 {1, 2, 3} end)
    support.raises({"tensor or nil"}, function() x.grad = 0 end)
    local plain = nn.ones(2)
    plain.grad = nn.ones(2)
    assert.is_false(plain.requires_grad)
  end)

  it("ends at detach, which shares the elements", function()
    local x = leaf(2)
    local y = (x * 2):detach()
    assert.is_false(y.requires_grad)
    local z = x:detach()
    z:fill_(5)
    assert.equal(5.0, x[1]:item())
  end)

  it("is off inside no_grad, which gives f's results through", function()
    local x = leaf(2)
    assert.is_true(nn.is_grad_enabled())
    local y, extra = nn.no_grad(function(a, b)
      assert.is_false(nn.is_grad_enabled())
      nn.no_grad(function() end)
      assert.is_false(nn.is_grad_enabled())
      return x * a, b
    end, 3, "b")
    assert.is_true(nn.is_grad_enabled())
    assert.is_false(y.requires_grad)
    assert.equal("b", extra)
    support.raises({"bad argument #1 to 'no_grad'", "nil"}, function() nn.no_grad() end)
  end)

  it("comes back after an error inside no_grad", function()
    assert.has_error(function() nn.no_grad(function() error("inside", 0) end) end, "inside")
    assert.is_true(nn.is_grad_enabled())
  end)

  it("is off for the coroutine that called no_grad only", function()
    local co = coroutine.wrap(function()
      nn.no_grad(function()
        coroutine.yield(nn.is_grad_enabled())
      end)
      coroutine.yield(nn.is_grad_enabled())
    end)
    assert.is_false(co())
    assert.is_true(nn.is_grad_enabled())
    assert.is_true(co())
    nn.no_grad(function()
      local abandoned = coroutine.create(function()
        nn.no_grad(coroutine.yield)
      end)
      coroutine.resume(abandoned)
      coroutine.close(abandoned)
      assert.is_false(nn.is_grad_enabled())
    end)
    assert.is_true(nn.is_grad_enabled())
  end)

  it("goes through one output only where the other is an index", function()
    local x = leaf(2, 3)
    local values, indices = x:max(2)
    assert.is_true(values.requires_grad)
    assert.is_false(indices.requires_grad)
    local loss, dz = nn.softmax_cross_entropy(x, int64 {1, 2})
    assert.is_true(loss.requires_grad)
    assert.is_false(dz.requires_grad)
    loss:backward()
    support.equal(x.grad, dz)
    dz:zero_() -- the caller's, not x's
    assert.is_true(x.grad:abs():sum():item() > 0)
  end)
end)

describe("in-place operations", function()
  it("refuse a leaf outside no_grad, and work inside", function()
    local W = leaf(2)
    support.raises({"add_", "requires a gradient", "no_grad", "autograd_spec"}, function()
      W:add_(1)
    end)
    support.raises({"x[key] = value", "requires a gradient"}, function() W[1] = 3 end)
    support.raises({"x[key] = value", "would be lost"}, function() nn.zeros(2)[1] = W[1] end)
    support.raises({"add_"}, function() nn.add_(W, 1) end)
    nn.no_grad(function()
      W:zero_()
      W[1] = 3
    end)
    support.equal(W:detach(), f64 {3, 0})
  end)

  it("refuse a tracked result", function()
    local h = leaf(2) * 2
    support.raises({"mul_", "recorded graph"}, function() h:mul_(2) end)
  end)

  it("refuse to swallow the gradient of their argument", function()
    local total, loss = f64 {0, 0}, leaf(2) * 2
    support.raises({"add_", "gradient of the argument", "'add'"}, function() total:add_(loss) end)
    total:add_(loss:detach())
    support.equal(total, loss:detach())
  end)
end)

describe("nn.Function", function()
  local cube = nn.Function {
    name = "cube",
    forward = function(ctx, x, scale)
      ctx:save(x, scale)
      return x ^ 3 * scale
    end,
    backward = function(ctx, dy)
      local x, scale = table.unpack(ctx.saved)
      return dy * 3 * x ^ 2 * scale
    end,
  }

  it("makes an operation of two functions", function()
    assert(nn.gradcheck(cube, {leaf(2, 3), 2.5}))
    assert.is_false(cube(nn.ones(2), 1).requires_grad)
    assert.is_true((cube(leaf(2), 1) * 2).requires_grad)
  end)

  it("tells backward which arguments need a gradient", function()
    local seen
    local scaled = nn.Function {
      forward = function(ctx, a, b) ctx:save(a, b) return a * b end,
      backward = function(ctx, dy)
        local a, b = table.unpack(ctx.saved)
        seen = ctx.needs
        return ctx.needs[1] and dy * b or nil, ctx.needs[2] and dy * a or nil
      end,
    }
    assert(nn.gradcheck(scaled, {leaf(3), leaf(3)}))
    scaled(leaf(3), f64 {1, 2, 3}):sum():backward()
    assert.same({true, false}, seen)
  end)

  it("passes further results through and records nothing inside", function()
    local W = leaf(2)
    local f = nn.Function {
      forward = function(_, x) assert.is_false((x * W).requires_grad) return x * W, "more" end,
      backward = function(_, dy) return dy * W end,
    }
    local x = leaf(2)
    local y, more = f(x)
    assert.equal("more", more)
    y:sum():backward()
    support.equal(x.grad, W:detach())
    assert.is_nil(W.grad)
  end)

  it("may hand its argument back", function()
    local identity = nn.Function {
      forward = function(_, x) return x end,
      backward = function(_, dy) return dy * -1 end,
    }
    local x = leaf(2)
    identity(x):sum():backward()
    support.equal(x.grad, f64 {-1, -1})
  end)

  local function returning(...)
    local results = table.pack(...)
    return nn.Function {
      name = "odd",
      forward = function(_, a, b) return a * b end,
      backward = function() return table.unpack(results, 1, results.n) end,
    }
  end

  it("checks what backward returns", function()
    local function try(f)
      return function() f(leaf(2), leaf(2)):sum():backward() end
    end
    local g = f64 {1, 1}
    support.raises({"'odd'", "returned 1 values", "2"}, try(returning(g)))
    support.raises({"'odd'", "returned 3 values", "2"}, try(returning(g, g, g)))
    support.raises({"'odd'", "no gradient for argument 2"}, try(returning(g, nil)))
    support.raises({"'odd'", "float64 [3]", "argument 1", "float64 [2]"},
                   try(returning(f64 {1, 1, 1}, g)))
    support.raises({"'odd'", "float32 [2]", "argument 2"}, try(returning(g, nn.ones(2))))
    support.raises({"'odd'", "number", "argument 1"}, try(returning(1, g)))
  end)

  it("checks what forward returns and what it is made of", function()
    local f = nn.Function {name = "empty", forward = function() end, backward = function() end}
    support.raises({"'empty'", "nil", "tensor expected"}, function() f(leaf(2)) end)
    support.raises({"'Function' needs the option 'backward'"}, function()
      nn.Function {forward = print}
    end)
    support.raises({"'forward'", "number"}, function()
      nn.Function {forward = 1, backward = print}
    end)
  end)

  it("notices that a saved tensor was modified", function()
    local x = leaf(2)
    local y = cube(x, 1):sum()
    nn.no_grad(function() x:add_(1) end)
    support.raises({"'cube'", "modified in place"}, function() y:backward() end)
  end)
end)

describe("the cost of recording", function()
  it("is nothing for untracked tensors", function()
    local x = nn.ones(2)
    assert.is_nil(core.get_record(x:exp():add(x)))
    assert.is_false(autograd.is_tracked(x))
  end)
end)

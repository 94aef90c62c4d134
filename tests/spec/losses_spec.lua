-- losses_spec.lua - what the losses refuse, ignore and agree on; values: recorded_layers_spec.lua.

local nn = require "nnlua"
local support = require "tests.spec.support"

local F64 = {dtype = "float64"}
local NAN = 0 / 0

local function int64(values)
  return nn.tensor(values, {dtype = "int64"})
end

local x = nn.tensor({{1, 2, 0.5}, {NAN, NAN, NAN}, {0, -1, 3}, {2, 0, 1}}, F64)
local labels = int64 {2, 0, 3, 1}

describe("ignored rows", function()
  local kept = x[int64 {1, 3, 4}]
  local kept_labels = int64 {2, 3, 1}

  it("count nothing, whatever is in them", function()
    for _, f in ipairs {nn.softmax_cross_entropy, nn.nll_loss} do
      for _, weight in ipairs {false, nn.tensor({0.5, 2, 3}, F64)} do
        for _, smoothing in ipairs {0, f == nn.softmax_cross_entropy and 0.2 or 0} do
          local o = {ignore_index = 0, weight = weight or nil,
                     label_smoothing = smoothing > 0 and smoothing or nil}
          local loss, dx = f(x, labels, o)
          local expected, part = f(kept, kept_labels, o)
          support.equal(loss, expected)
          support.equal(dx[2], nn.zeros(3, F64))
          support.equal(dx[int64 {1, 3, 4}], part)
          o.reduction = "none"
          assert.equal(0.0, f(x, labels, o)[2]:item())
        end
      end
    end
  end)

  it("may be a class, and leave nothing to take a mean of", function()
    local loss = nn.nll_loss(kept, kept_labels, {ignore_index = 3})
    support.close(loss, nn.nll_loss(kept[int64 {1, 3}], int64 {2, 1}))
    assert.is_true(nn.softmax_cross_entropy(kept, int64 {-100, -100, -100}):isnan():item())
    assert.equal(0.0, nn.softmax_cross_entropy(kept, int64 {-100, -100, -100},
                                               {reduction = "sum"}):item())
  end)

  it("are the same in a fused step", function()
    nn.manual_seed(4)
    local model = nn.Sequential(nn.Linear(3, 5, F64), nn.ReLU(), nn.Linear(5, 4, F64))
    local inputs = nn.randn(6, 3, F64)
    local y, criterion = int64 {1, -1, 4, 2, -1, 3}, nn.CrossEntropyLoss {ignore_index = -1}
    local fused, _, _, path = nn.backprop(model, criterion, inputs, y)
    assert.equal("fused", path)
    local gradients = {}
    for i, p in ipairs(model:parameters()) do gradients[i] = p.grad end
    model:zero_grad()
    local loss = criterion(model(inputs), y)
    loss:backward()
    support.close(fused, loss:detach())
    for i, p in ipairs(model:parameters()) do support.close(gradients[i], p.grad) end
  end)
end)

describe("losses of labels", function()
  it("name the row, the value and the range of a wrong label", function()
    for _, f in ipairs {nn.softmax_cross_entropy, nn.nll_loss, nn.multi_margin_loss} do
      support.raises({"bad argument #2", "label 4 in row 3 is outside 1..3"}, f, x,
                     int64 {1, 2, 4, 0})
    end
    for _, f in ipairs {nn.softmax_cross_entropy, nn.nll_loss} do
      support.raises({"label 0 in row 4 is outside 1..3"}, f, x, int64 {-100, 2, 1, 0})
    end
    support.raises({"bad argument #2 to 'nll_loss' (y is [4,3], expected labels [4])"},
                   nn.nll_loss, x, x)
    support.raises({"bad argument #3 to 'nll_loss'", "weight is [2], expected [3]"}, nn.nll_loss, x,
                   int64 {1, 1, 1, 1}, {weight = nn.ones(2)})
    support.raises({"bad argument #3 to 'multi_margin_loss'", "p is 3"}, nn.multi_margin_loss, x,
                   int64 {1, 1, 1, 1}, {p = 3})
    support.raises({"labels are float64, expected int64"}, nn.nll_loss, x, nn.ones(4, F64))
  end)

  it("keep NaN where a row counts", function()
    for _, f in ipairs {nn.nll_loss, nn.multi_margin_loss} do
      assert.is_true(f(x, int64 {1, 1, 1, 1}):isnan():item())
    end
  end)
end)

describe("losses of signs", function()
  local a, b = nn.tensor {1, 2, 3}, nn.tensor {3, 2, 1}

  it("take 1 and -1 only", function()
    support.raises({"bad argument #2 to 'hinge_embedding_loss'", "element 2 of y is 0"},
                   nn.hinge_embedding_loss, a, int64 {1, 0, -1})
    support.raises({"bad argument #3 to 'margin_ranking_loss'", "element 3 of y is 2"},
                   nn.margin_ranking_loss, a, b, int64 {1, -1, 2})
    support.raises({"bad argument #3 to 'cosine_embedding_loss'", "y is [3], expected []"},
                   nn.cosine_embedding_loss, a, b, int64 {1, -1, 1})
    support.raises({"bad argument #2 to 'margin_ranking_loss'", "x2 is [2] but x1 is [3]"},
                   nn.margin_ranking_loss, a, nn.ones(2), int64 {1, 1, 1})
  end)

  it("have PyTorch's slope at the corner", function()
    local p = nn.tensor {1, 1}
    p:requires_grad_()
    nn.hinge_embedding_loss(p, nn.tensor {-1, 1}, {reduction = "sum"}):backward()
    support.equal(p.grad, nn.tensor {-1, 1})
  end)
end)

describe("cosine_similarity", function()
  it("is the cosine along a dimension", function()
    local u = nn.tensor({{3, 4}, {1, 0}, {0, 0}}, F64)
    local v = nn.tensor({{4, 3}, {0, 2}, {1, 1}}, F64)
    support.close(nn.cosine_similarity(u, v), nn.tensor({0.96, 0, 0}, F64))
    support.close(nn.cosine_similarity(u:t(), v:t(), {dim = 1}), nn.tensor({0.96, 0, 0}, F64))
    support.close(nn.cosine_similarity(u[1], v[1], {dim = -1}), nn.tensor(0.96, F64))
    local a, b = nn.randn(4, 3, F64):requires_grad_(), nn.randn(4, 3, F64):requires_grad_()
    assert(nn.gradcheck(nn.cosine_similarity, {a, b}))
    support.raises({"unknown option 'dims' to 'cosine_similarity'"}, nn.cosine_similarity, a, b,
                   {dims = 1})
  end)
end)

describe("criteria", function()
  it("check their options when they are made", function()
    support.raises({"bad option 'reduction' to 'KLDivLoss' (mean|sum|none|batchmean expected"},
                   nn.KLDivLoss, {reduction = "avg"})
    support.raises({"bad option 'reduction' to 'NLLLoss' (mean|sum|none expected"}, nn.NLLLoss,
                   {reduction = "batchmean"})
    support.raises({"bad option 'weight' to 'NLLLoss'"}, nn.NLLLoss, {weight = {1, 2}})
    support.raises({"beta is -1"}, nn.smooth_l1_loss, nn.ones(1), nn.ones(1), {beta = -1})
    support.raises({"bad option 'reduction' to 'margin_ranking_loss'"}, nn.margin_ranking_loss,
                   nn.ones(1), nn.ones(1), nn.ones(1), {reduction = "x"})
  end)
end)

-- convolution_spec.lua - convolutions and pooling: edges, errors, threads, instruction sets.
--
-- Values beside PyTorch's: recorded_layers_spec.lua; gradients: autograd_spec.lua.

local core = require "nnlua.core"
local nn = require "nnlua"
local support = require "tests.spec.support"

local nan = 0 / 0

-- Large enough for several tiles, slices and blocks; sizes are ragged.
local function results(dtype)
  nn.manual_seed(3)
  local o = {dtype = dtype}
  local list = {}
  local function add(name, ...)
    for i, value in ipairs {...} do list[#list + 1] = {name .. " " .. i, value} end
  end
  for _, case in ipairs {
    {"plain", {19, 3, 13, 11}, {7, 3, 3, 3}, {}},
    {"strided", {2, 21, 30, 33}, {5, 21, 3, 5}, {stride = 2, padding = {1, 2}}},
    {"grouped", {3, 6, 9, 150}, {10, 3, 3, 1}, {groups = 2, dilation = {2, 1}}},
  } do
    local x, W, b = nn.randn(case[2], o), nn.randn(case[3], o), nn.randn(case[3][1], o)
    local y = nn.conv2d(x, W, b, case[4])
    local dy = nn.randn(y:shape(), o)
    local back = nn.conv_transpose2d(dy, W, nn.randn(x:size(2), o), case[4])
    add(case[1], y, back, core.conv2d_backward(dy, x, W, case[4]))
    add(case[1] .. " transposed", core.conv_transpose2d_backward(nn.randn(back:shape(), o), dy, W,
                                                                 case[4]))
  end
  local x = nn.randn(17, 5, 13, 27, o)
  for i, pool in ipairs {{2, {}}, {{3, 2}, {stride = {2, 1}, padding = 1}}, {3, {stride = 1}}} do
    local y = nn.max_pool2d(x, pool[1], pool[2])
    add("max " .. i, y, core.max_pool2d_backward(y, x, pool[1], pool[2]))
    y = nn.avg_pool2d(x, pool[1], pool[2])
    add("avg " .. i, y, core.avg_pool2d_backward(y, x:shape(), pool[1], pool[2]))
  end
  local y = nn.adaptive_avg_pool2d(x, {5, 4})
  add("adaptive", y, core.adaptive_avg_pool2d_backward(y, x:shape()))
  return list
end

describe("convolutions and pooling", function()
  local threads, isa = nn.get_num_threads(), core.build_info().isa
  after_each(function()
    nn.set_num_threads(threads)
    core.set_isa(isa)
  end)

  it("give the same bits for any number of threads", function()
    nn.set_num_threads(1)
    local expected = results("float32")
    for _, n in ipairs {2, 5} do
      nn.set_num_threads(n)
      for i, entry in ipairs(results("float32")) do
        assert(entry[2]:tobytes() == expected[i][2]:tobytes(), entry[1])
      end
    end
  end)

  it("are to rounding what their naive twins give", function()
    for _, dtype in ipairs {"float64", "float32"} do
      core.set_isa(isa)
      local tuned = results(dtype)
      assert.is_true(core.set_isa("ref"))
      for i, entry in ipairs(results(dtype)) do
        local difference = (entry[2] - tuned[i][2]):to("float64"):norm():item()
        local size = entry[2]:to("float64"):norm():item()
        assert(difference <= (dtype == "float64" and 1e-14 or 2e-6) * size, entry[1])
      end
    end
  end)

  it("give an image the same bits in any batch", function()
    local x, W = nn.randn(9, 3, 12, 14), nn.randn(4, 3, 3, 3)
    local y = nn.conv2d(x, W)
    for i = 1, 9 do support.equal(nn.conv2d(x[i], W), y[i]) end
  end)

  it("take tensors that are not contiguous", function()
    local x, W, b = nn.randn(2, 3, 6, 5), nn.randn(4, 3, 3, 2), nn.randn(4)
    local y, p = nn.conv2d(x, W, b), nn.max_pool2d(x, 2)
    local dy = nn.randn(y:shape())
    support.equal(nn.conv2d(support.strided(x), support.strided(W), support.strided(b)), y)
    support.equal(nn.max_pool2d(support.strided(x), 2), p)
    support.equal(nn.avg_pool2d(support.strided(x), 2), nn.avg_pool2d(x, 2))
    local got = {core.conv2d_backward(support.strided(dy), support.strided(x), support.strided(W))}
    for i, expected in ipairs {core.conv2d_backward(dy, x, W)} do
      support.equal(got[i], expected)
    end
    support.equal(core.max_pool2d_backward(support.strided(p), support.strided(x), 2),
                  core.max_pool2d_backward(p, x, 2))
  end)

  it("take batches of nothing", function()
    local x, W, b = nn.zeros(0, 3, 6, 5):requires_grad_(), nn.ones(4, 3, 3, 2), nn.ones(4)
    local y = nn.conv2d(x, W:requires_grad_(), b:requires_grad_())
    assert.same({0, 4, 4, 4}, y:shape())
    y:sum():backward()
    assert.same({0, 3, 6, 5}, x.grad:shape())
    support.equal(W.grad, nn.zeros(4, 3, 3, 2))
    support.equal(b.grad, nn.zeros(4))
    assert.same({0, 3, 3, 2}, nn.max_pool2d(x, 2):shape())
    assert.same({0, 3, 3, 2}, nn.avg_pool2d(x, 2):shape())
    assert.same({0, 3, 1, 1}, nn.adaptive_avg_pool2d(x, 1):shape())
    assert.same({0, 2, 12, 10}, nn.conv_transpose2d(x, nn.ones(3, 2, 2, 2), {stride = 2}):shape())
  end)

  it("treat an image without a batch as a batch of one", function()
    local x, W = nn.randn(1, 2, 5, 6), nn.randn(3, 2, 2, 2)
    support.equal(nn.conv2d(x[1], W), nn.conv2d(x, W)[1])
    support.equal(nn.max_pool2d(x[1], 2), nn.max_pool2d(x, 2)[1])
    local signal, kernel = nn.randn(2, 7), nn.randn(3, 2, 2)
    support.equal(nn.conv1d(signal, kernel), nn.conv1d(signal:unsqueeze(1), kernel)[1])
  end)

  it("let a NaN win a maximum, and its gradient go there", function()
    for width = 2, 20 do -- the vectors and what is left of them
      for at = 1, width - width % 2 do
        local x = nn.zeros(1, 1, 2, width)
        x[1][1][1 + at % 2][at] = nan
        x:requires_grad_()
        local y = nn.max_pool2d(x, 2)
        for i = 1, width // 2 do
          local value = y[1][1][1][i]:item()
          assert.equal(i == (at + 1) // 2, value ~= value)
        end
        y:sum():backward()
        assert.equal(1, x.grad[1][1][1 + at % 2][at]:item())
      end
    end
    local x = nn.zeros(1, 4, 4)
    x[1][2][2] = nan
    local y = nn.max_pool2d(x, 3, {stride = 1})
    assert.is_true(y:isnan():all():item())
  end)

  it("give the gradient of equal maxima to the first", function()
    for _, kernel in ipairs {2, 3} do
      local x = nn.full({1, 6, 6}, -math.huge):requires_grad_()
      nn.max_pool2d(x, kernel):sum():backward()
      local expected = nn.zeros(1, 6, 6)
      for i = 1, 6, kernel do
        for j = 1, 6, kernel do expected[1][i][j] = 1 end
      end
      support.equal(x.grad, expected)
    end
  end)

  it("start as PyTorch's do: the weight first, both within 1/sqrt(fan_in)", function()
    local conv = nn.Conv2d(3, 4, {2, 5}, {generator = nn.Generator(7)})
    local draws = nn.rand(4 * 3 * 2 * 5 + 4, {generator = nn.Generator(7), dtype = "float64"})
    local expected = ((draws * 2 - 1) * (1 / math.sqrt(3 * 2 * 5))):to("float32")
    support.close(conv.weight:detach():flatten(), expected[{ {1, 120} }])
    support.close(conv.bias:detach(), expected[{ {121, 124} }])
    local transposed = nn.ConvTranspose2d(2, 6, 3, {groups = 2})
    assert.same({2, 3, 3, 3}, transposed.weight:shape())
    assert.same({6}, transposed.bias:shape())
    assert.is_true(transposed.weight:abs():max():item() <= 1 / math.sqrt(3 * 9))
  end)

  it("know the shapes of their results", function()
    for _, case in ipairs {
      {nn.Conv2d(3, 4, {2, 3}, {stride = {2, 1}, padding = {1, 0}, dilation = {1, 2}}),
       {2, 3, 7, 9}},
      {nn.Conv2d(2, 4, 1, {groups = 2}), {2, 3, 3}}, {nn.Conv1d(3, 4, 2, {stride = 3}), {2, 3, 8}},
      {nn.ConvTranspose2d(3, 2, 3, {stride = 2, padding = 1, output_padding = 1}), {2, 3, 4, 5}},
      {nn.MaxPool2d(3, {stride = 2, padding = 1, ceil_mode = true}), {1, 2, 6, 7}},
      {nn.MaxPool2d(2, {dilation = 2}), {2, 7, 8}}, {nn.AvgPool2d({3, 2}), {2, 1, 7, 7}},
      {nn.AdaptiveAvgPool2d({2, 5}), {2, 3, 7, 7}},
    } do
      assert.same(case[1](nn.ones(case[2])):shape(), case[1]:output_shape(case[2]))
    end
    assert.is_nil(nn.Conv2d(3, 4, 3):output_shape {2, 1, 8, 8})
    assert.is_nil(nn.Conv2d(3, 4, 3):output_shape {2, 3, 2, 8})
    assert.is_nil(nn.MaxPool2d(3):output_shape {2, 8})
    -- out numel times terms of each sum; of a transposed convolution, in numel times taps
    assert.equal(2 * 4 * 24 * 24 * 25, nn.Conv2d(1, 4, 5):multiply_adds {2, 1, 28, 28})
    assert.equal(2 * 3 * 4 * 5 * (2 * 9), nn.ConvTranspose2d(3, 2, 3):multiply_adds {2, 3, 4, 5})
    assert.equal(0, nn.MaxPool2d(2):multiply_adds {2, 3, 4, 5})
  end)

  it("say what they are", function()
    assert.equal("Conv2d 1→8 5×5", tostring(nn.Conv2d(1, 8, 5)))
    assert.equal("Conv2d 4→8 3×1 stride 2×2 padding 1×0 groups 2",
                 tostring(nn.Conv2d(4, 8, {3, 1}, {stride = 2, padding = {1, 0}, groups = 2})))
    assert.equal("Conv1d 2→3 4", tostring(nn.Conv1d(2, 3, 4)))
    assert.equal("MaxPool2d 2×2", tostring(nn.MaxPool2d(2)))
    assert.equal("MaxPool2d 3×3 stride 2×2 padding 1×1 ceil_mode",
                 tostring(nn.MaxPool2d(3, {stride = 2, padding = 1, ceil_mode = true})))
    assert.equal("AdaptiveAvgPool2d 1×1", tostring(nn.AdaptiveAvgPool2d(1)))
  end)

  it("run out of memory without harm", function()
    local x, W = nn.randn(2, 3, 8, 8), nn.randn(4, 3, 3, 3)
    local y = nn.conv2d(x, W)
    local calls = {
      function() return nn.conv2d(support.strided(x), W) end,
      function() return core.conv2d_backward(y, x, W) end,
      function() return nn.max_pool2d(x, 2) end,
      function() return nn.avg_pool2d(x, 2) end,
      function() return core.avg_pool2d_backward(nn.avg_pool2d(x, 2), x:shape(), 2) end,
    }
    for _, f in ipairs(calls) do
      local failures, done = 0, false
      for n = 1, 100 do
        collectgarbage()
        local before = nn.memory()
        core.fail_allocation(n)
        done = pcall(f)
        core.fail_allocation(0)
        collectgarbage()
        assert.equal(before, (nn.memory()))
        if done then break end
        failures = failures + 1
      end
      assert.is_true(done and failures > 0)
    end
  end)
end)

describe("wrong arguments", function()
  local x, W = nn.zeros(2, 3, 6, 5), nn.zeros(4, 3, 3, 2)

  local function refused(parts, f, ...)
    parts[#parts + 1] = "convolution_spec"
    local arguments = table.pack(...)
    support.raises(parts, function() f(table.unpack(arguments, 1, arguments.n)) end)
  end

  it("of the operations name sizes and values", function()
    refused({"bad argument #1 to 'conv2d'", "x is [3]", "[N,C,H,W] or [C,H,W]"}, nn.conv2d,
            nn.zeros(3), W)
    refused({"bad argument #2 to 'conv2d'", "W is [3,2]"}, nn.conv2d, x, nn.zeros(3, 2))
    refused({"#2 to 'conv2d'", "W is [4,2,3,2] but x is [2,3,6,5]"}, nn.conv2d, x,
            nn.zeros(4, 2, 3, 2))
    refused({"#2 to 'conv2d'", "the kernel spans 9, the padded input has 8"}, nn.conv2d, x,
            nn.zeros(4, 3, 9, 2), nil, {padding = 1})
    refused({"#2 to 'conv2d'", "the kernel spans 7, the padded input has 5"}, nn.conv2d, x,
            nn.zeros(4, 3, 2, 3), {dilation = {1, 3}})
    refused({"#3 to 'conv2d'", "b is [3], expected [4]"}, nn.conv2d, x, W, nn.zeros(3))
    refused({"#2 to 'conv2d'", "W is float64"}, nn.conv2d, x, W:to("float64"))
    refused({"#1 to 'conv2d'", "int64"}, nn.conv2d, x:to("int64"), W)
    refused({"#2 to 'conv2d'", "no multiple of 3 groups"}, nn.conv2d, x, nn.zeros(4, 1, 3, 2),
            {groups = 3})
    refused({"#4 to 'conv2d'", "stride is [0,1]"}, nn.conv2d, x, W, {stride = {0, 1}})
    refused({"#4 to 'conv2d'", "padding is [-1,-1]"}, nn.conv2d, x, W, {padding = -1})
    refused({"#4 to 'conv2d'", "groups is 0"}, nn.conv2d, x, W, {groups = 0})
    refused({"bad option 'stride' to 'conv2d' (integer or {h, w}"}, nn.conv2d, x, W,
            {stride = {1, 2, 3}})
    refused({"bad option 'stride' to 'conv1d' (integer expected"}, nn.conv1d, x[1], W[1],
            {stride = {1, 2}})
    refused({"unknown option 'strides' to 'conv2d'", "'stride'"}, nn.conv2d, x, W, {strides = 2})
    refused({"unknown option 'output_padding'"}, nn.conv2d, x, W, {output_padding = 0})
    refused({"#4 to 'conv_transpose2d'", "output_padding is [2,2]"}, nn.conv_transpose2d, x,
            nn.zeros(3, 1, 2, 2), {output_padding = 2, stride = 2})
    refused({"#2 to 'conv_transpose2d'", "W is [4,3,3,2] but x is [2,3,6,5]"}, nn.conv_transpose2d,
            x, W)
    refused({"#2 to 'conv_transpose2d'", "nothing"}, nn.conv_transpose2d, nn.zeros(1, 3, 1, 1),
            nn.zeros(3, 1, 2, 2), {padding = 3})
    refused({"#1 to 'conv2d_backward'", "dy is [1]", "expected [2,4,4,4]"}, core.conv2d_backward,
            nn.zeros(1), x, W)
    refused({"#1 to 'max_pool2d'", "the kernel spans 7, the padded input has 6"}, nn.max_pool2d, x,
            7)
    refused({"#1 to 'max_pool2d'", "x is [3]"}, nn.max_pool2d, nn.zeros(3), 2)
    refused({"#2 to 'max_pool2d'", "integer or {h, w} expected, got nil"}, nn.max_pool2d, x)
    refused({"#2 to 'max_pool2d'", "kernel is [0,2]"}, nn.max_pool2d, x, {0, 2})
    refused({"#3 to 'max_pool2d'", "padding is [2,2]", "half"}, nn.max_pool2d, x, 3, {padding = 2})
    refused({"unknown option 'dilation'"}, nn.avg_pool2d, x, 2, {dilation = 1})
    refused({"#2 to 'adaptive_avg_pool2d'", "size is [0,0]"}, nn.adaptive_avg_pool2d, x, 0)
    refused({"#1 to 'avg_pool2d_backward'", "expected [2,3,3,2]"}, core.avg_pool2d_backward, x,
            x:shape(), 2)
    refused({"#1 to 'adaptive_avg_pool2d_backward'"}, core.adaptive_avg_pool2d_backward,
            nn.zeros(2, 2, 1, 1), x:shape())
  end)

  it("of the layers name the layer and what it expects", function()
    local model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                                nn.Linear(4, 2))
    refused({"layer 1 (Conv2d 3→4 3×3): input is [2,1,6,6], expected [N,3,H,W] or [3,H,W]"}, model,
            nn.zeros(2, 1, 6, 6))
    refused({"layer 1 (Conv2d 3→4 3×3): input is [2,3,6,2], expected at least 3×3 pixels"}, model,
            nn.zeros(2, 3, 6, 2))
    refused({"layer 3 (MaxPool2d 2×2): input is [2,4,1,3], expected at least 2×2 pixels"}, model,
            nn.zeros(2, 3, 3, 5))
    refused({"input is float64, the weights are float32"}, model, x:to("float64"))
    refused({"input is a number"}, nn.MaxPool2d(2), 3)
    refused({"#1 to 'Conv2d'", "got 0"}, nn.Conv2d, 0, 1, 1)
    refused({"#2 to 'Conv2d'", "3 channels are not divisible into 2 groups"}, nn.Conv2d, 2, 3, 1,
            {groups = 2})
    refused({"#3 to 'Conv2d'", "positive integer, or a list {h, w}", "{1, 2, 3}"}, nn.Conv2d, 1, 1,
            {1, 2, 3})
    refused({"bad option 'padding' to 'Conv2d'", "from 0 on", "got -1"}, nn.Conv2d, 1, 1, 1,
            {padding = -1})
    refused({"bad option 'output_padding' to 'ConvTranspose2d'"}, nn.ConvTranspose2d, 1, 1, 2,
            {output_padding = 1})
    refused({"bad option 'padding' to 'AvgPool2d'", "half"}, nn.AvgPool2d, 2, {padding = 2})
    refused({"unknown option 'dilation' to 'AvgPool2d'"}, nn.AvgPool2d, 2, {dilation = 2})
    refused({"#1 to 'AdaptiveAvgPool2d'"}, nn.AdaptiveAvgPool2d, "x")
  end)
end)

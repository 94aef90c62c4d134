-- layers_spec.lua - normalization, embedding, recurrent layers, attention: modes, state, messages.
-- Their numbers are PyTorch's: recorded_layers_spec.lua.

local nn = require "nnlua"
local support = require "tests.spec.support"

local F64 = {dtype = "float64"}

local function int64(values)
  return nn.tensor(values, {dtype = "int64"})
end

local function names(module)
  local list = {}
  for i, pair in ipairs(module:state_dict()) do list[i] = pair[1] end
  return list
end

describe("BatchNorm", function()
  local x = nn.tensor({{1, 10}, {2, 30}, {6, 20}}, F64)

  it("normalizes by the batch while training and follows it", function()
    local norm = nn.BatchNorm1d(2, F64)
    local y = norm(x):detach()
    support.close(y:mean(1), {0, 0}, "mean", {atol = 1e-12})
    support.close(y:var(1, {unbiased = false}), {1, 1}, "variance", {rtol = 1e-5})
    -- var of n - 1: 7 and 100
    support.close(norm.running_mean, {0.1 * 3, 0.1 * 20})
    support.close(norm.running_var, {0.9 + 0.1 * 7, 0.9 + 0.1 * 100})
    assert.equal(1, norm.num_batches_tracked:item())
  end)

  it("uses the running statistics in eval mode and leaves them", function()
    local norm = nn.BatchNorm1d(2, F64)
    norm(x)
    norm:eval()
    local before = norm:state_dict {clone = true}
    local y = norm(x):detach()
    support.close(y, (x - norm.running_mean) / (norm.running_var + 1e-5):sqrt())
    for _, pair in ipairs(before) do
      support.equal(norm:state_dict()[pair[1]], pair[2], pair[1])
    end
  end)

  it("averages all batches with momentum = false", function()
    local norm = nn.BatchNorm1d(2, {momentum = false, dtype = "float64"})
    norm(x)
    norm(x + 3)
    norm(x + 6)
    support.close(norm.running_mean, {6, 23})
    support.close(norm.running_var, {7, 100})
    norm:reset_running_stats()
    support.equal(norm.running_mean, nn.zeros(2, F64))
    assert.equal(0, norm.num_batches_tracked:item())
    norm(x)
    support.close(norm.running_mean, {3, 20})
    norm:eval()(x)
  end)

  it("keeps its state through dtypes, files and modules", function()
    local norm, path = nn.BatchNorm2d(3), os.tmpname()
    finally(function() os.remove(path) end)
    for _ = 1, 5 do norm(nn.randn(2, 3, 2, 2)) end
    assert.same({"weight", "bias", "running_mean", "running_var", "num_batches_tracked"},
                names(norm))
    assert.equal(2, #norm:parameters())
    norm:to("float64")
    assert.equal("float64", norm.running_var:dtype())
    assert.equal("int64", norm.num_batches_tracked:dtype())
    assert(nn.io.save_safetensors(path, norm:state_dict()))
    local other = nn.BatchNorm2d(3)
    other:load_state_dict(nn.io.load_safetensors(path))
    assert.equal("int64", other.num_batches_tracked:dtype())
    assert.equal(5, other.num_batches_tracked:item())
    assert.same({}, other.num_batches_tracked:shape())
    support.equal(other.running_mean, norm.running_mean:to("float32"))
    assert.same({}, names(nn.BatchNorm1d(2, {affine = false, track_running_stats = false})))
  end)

  it("changes nothing when the input is wrong", function()
    local norm = nn.BatchNorm2d(3)
    support.raises({"BatchNorm2d(3): input is [2,4,5,5], expected [N,3,H,W]"}, norm,
                   nn.ones(2, 4, 5, 5))
    support.raises({"BatchNorm1d(3): input is [3], expected [N,3] or [N,3,L]"},
                   nn.BatchNorm1d(3), nn.ones(3))
    support.raises({"input is [1,3,1,1]: training needs more than one element"}, norm,
                   nn.ones(1, 3, 1, 1))
    support.raises({"input is float64, the weights are float32"}, norm, nn.ones(1, 3, 2, 2, F64))
    assert.equal(0, norm.num_batches_tracked:item())
    norm:eval()(nn.ones(1, 3, 1, 1))
    support.raises({"bad option 'momentum' to 'BatchNorm1d'", "string"}, nn.BatchNorm1d, 3,
                   {momentum = "0.1"})
    support.raises({"bad argument #1 to 'BatchNorm2d'", "0"}, nn.BatchNorm2d, 0)
  end)

  it("keeps digits far from zero", function()
    local far = nn.tensor({{1e4}, {1e4 + 0.25}, {1e4 + 0.5}})
    support.close(nn.BatchNorm1d(1, {eps = 1e-10})(far):detach(),
                  {-1.5 ^ 0.5, 0, 1.5 ^ 0.5}, nil, {rtol = 1e-6})
  end)
end)

describe("LayerNorm", function()
  it("normalizes the last dimensions", function()
    local y = nn.LayerNorm({2, 3}, F64)(nn.randn(4, 2, 3, F64)):detach():reshape(4, 6)
    support.close(y:mean(2), nn.zeros(4, F64), nil, {atol = 1e-12})
    support.close(y:var(2, {unbiased = false}), nn.ones(4, F64), nil, {rtol = 1e-3})
  end)

  it("says what does not fit", function()
    support.raises({"LayerNorm(2×3): input is [3,2], expected [*,2,3]"}, nn.LayerNorm {2, 3},
                   nn.ones(3, 2))
    support.raises({"bad argument #1 to 'LayerNorm'"}, nn.LayerNorm, 0)
    support.raises({"bad argument #1 to 'layer_norm' (x is [3,2], which does not end in [3])"},
                   nn.layer_norm, nn.ones(3, 2), 3)
  end)
end)

describe("Embedding", function()
  it("gives no gradient to the padding entry, whose row starts as zeros", function()
    local table = nn.Embedding(4, 3, {padding_idx = -3})
    assert.equal(2, table.padding_idx)
    support.equal(table.weight[2]:detach(), nn.zeros(3))
    table(int64 {{2, 1}, {1, 4}}):sum():backward()
    support.equal(table.weight.grad:sum(2), nn.tensor {6, 0, 0, 3})
  end)

  it("names the position, the index and the range", function()
    local table = nn.Embedding(4, 3)
    support.raises({"index 5 at position [2,1] is outside 1..4", "layers_spec"}, function()
      table(int64 {{1, 2}, {5, 1}})
    end)
    support.raises({"index 0 at position [1] is outside 1..4"}, table, int64 {0})
    support.raises({"index -1 at position [2] is outside 1..4"}, table, int64 {1, -1})
    support.raises({"Embedding 4→3: input is float32, expected int64"}, table, nn.ones(2))
    support.raises({"bad option 'padding_idx' to 'Embedding'", "1..4", "5"}, nn.Embedding, 4, 3,
                   {padding_idx = 5})
  end)

  it("takes indices of any shape and none", function()
    local table = nn.Embedding(4, 3)
    assert.same({3}, table(int64(2)):shape())
    assert.same({0, 3}, table(nn.zeros(0, {dtype = "int64"})):shape())
    assert.same({2, 1, 2, 3}, table(nn.ones(2, 1, 2, {dtype = "int64"})):shape())
  end)

  it("draws from its generator", function()
    local given = {generator = nn.Generator(3), dtype = "float64"}
    support.equal(nn.Embedding(3, 2, given).weight:detach(),
                  nn.randn(3, 2, {generator = nn.Generator(3), dtype = "float64"}))
  end)
end)

describe("Dropout2d", function()
  it("drops whole channels and scales the others", function()
    local x = nn.ones(40, 50, 2, 3, F64)
    local y = nn.Dropout2d(0.25, {generator = nn.Generator(1)})(x):reshape(2000, 6)
    support.equal(y:max(2), (y:min(2)))
    -- kept: 1500 +- 4 standard deviations of 19.4
    assert.is_true(math.abs(y:gt(0):any(2):to("int64"):sum():item() - 1500) < 78)
    assert.is_true(math.abs(y:max():item() - 1 / 0.75) < 1e-15)
    assert.is_true(rawequal(x, nn.Dropout2d(0.25):eval()(x)))
    support.raises({"Dropout2d(p=0.5): input is [2,3], expected [N,C,H,W]"}, nn.Dropout2d(),
                   nn.ones(2, 3))
  end)
end)

describe("changes of shape", function()
  it("undo each other", function()
    local x = nn.randn(2, 3, 4, 5)
    local y = nn.Flatten({start_dim = 2, end_dim = -2})(x)
    assert.same({2, 12, 5}, y:shape())
    support.equal(nn.Unflatten(2, {-1, 4})(y), x)
    assert.is_true(rawequal(x, nn.Identity()(x)))
  end)

  it("say what does not fit", function()
    support.raises({"Flatten(start_dim=3, end_dim=4): input is [2,3], which has no dimensions 3 "
                    .. "to 4"}, nn.Flatten {start_dim = 3, end_dim = 4}, nn.ones(2, 3))
    support.raises({"input is [2,7], whose dimension 2 does not divide into [2,-1]"},
                   nn.Unflatten(2, {2, -1}), nn.ones(2, 7))
    support.raises({"bad argument #2 to 'Unflatten' (only one size can be -1)"}, nn.Unflatten, 1,
                   {-1, -1})
    support.raises({"bad option 'start_dim' to 'Flatten'", "0"}, nn.Flatten, {start_dim = 0})
  end)

  it("keep a Flatten of their own off the fused pass", function()
    local x, y = nn.randn(4, 2, 3), int64 {1, 2, 1, 2, 1, 2, 1, 2}
    local model = nn.Sequential(nn.Flatten {start_dim = 1, end_dim = 2}, nn.Linear(3, 2))
    local _, _, scores, path = nn.backprop(model, nn.CrossEntropyLoss(), x, y)
    assert.equal("tape", path)
    assert.same({8, 2}, scores:shape())
  end)
end)

describe("recurrent layers", function()
  it("name their parameters as PyTorch does", function()
    assert.same({"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0",
                 "weight_ih_l0_reverse", "weight_hh_l0_reverse", "bias_ih_l0_reverse",
                 "bias_hh_l0_reverse"}, names(nn.GRU(3, 2, {bidirectional = true})))
    local lstm = nn.LSTM(3, 2, {num_layers = 2, bias = false})
    assert.same({"weight_ih_l0", "weight_hh_l0", "weight_ih_l1", "weight_hh_l1"}, names(lstm))
    assert.same({8, 3}, lstm.weight_ih_l0:shape())
    assert.same({8, 2}, lstm.weight_ih_l1:shape())
    assert.equal("LSTM 3→2, 2 layers", tostring(lstm))
    assert.equal("GRU 3→4, bidirectional", tostring(nn.GRU(3, 2, {bidirectional = true})))
  end)

  it("draw uniformly in +-1/sqrt(hidden), in the order of their parameters", function()
    local rnn = nn.RNN(2, 4, {generator = nn.Generator(7), dtype = "float64"})
    local given = {generator = nn.Generator(7), dtype = "float64"}
    for _, p in rnn:named_parameters() do
      support.close(p:detach(), nn.rand(p:shape(), given) - 0.5)
    end
  end)

  it("go on from where they stopped", function()
    local x = nn.randn(6, 2, 3, F64)
    for _, class in ipairs {"RNN", "GRU", "LSTM"} do
      local layer = nn[class](3, 4, {num_layers = 2, dtype = "float64"})
      local whole, h = layer(x)
      local first, h1, c1 = layer(x[{{1, 2}}])
      local second, h2 = layer(x[{{3, 6}}], h1, c1)
      support.close(nn.cat {first:detach(), second:detach()}, whole:detach(), class)
      support.close(h2:detach(), h:detach(), class)
      support.equal(h[2]:detach(), whole[6]:detach(), class)
    end
  end)

  it("give the rows of a batch what each gets alone", function()
    local layer, x = nn.LSTM(3, 5), nn.randn(4, 19, 3)
    local y = layer(x):detach()
    for n = 1, 19, 6 do
      support.close(layer(x[{{}, n}]):detach(), y[{{}, n}]:contiguous(), nil, {rtol = 1e-5})
    end
  end)

  it("drop between layers while training only", function()
    local x = nn.randn(5, 2, 3)
    local layer = nn.GRU(3, 4, {num_layers = 2, dropout = 0.5, generator = nn.Generator(1)})
    assert.is_false(layer(x) == layer(x))
    layer:eval()
    assert.is_true(layer(x) == layer(x))
  end)

  it("say what does not fit", function()
    local lstm = nn.LSTM(3, 2, {batch_first = true})
    support.raises({"LSTM 3→2: input is [4,5,2], expected [N,T,3] or [T,3]"}, lstm,
                   nn.ones(4, 5, 2))
    support.raises({"input is [4,0,3]: a sequence of no steps"}, lstm, nn.ones(4, 0, 3))
    support.raises({"h0 is [1,5,2], expected [1,4,2]"}, lstm, nn.ones(4, 5, 3), nn.ones(1, 5, 2))
    support.raises({"c0 is a number, expected a tensor"}, lstm, nn.ones(4, 5, 3), nil, 1)
    support.raises({"input is float64, the weights are float32"}, lstm, nn.ones(4, 5, 3, F64))
    support.raises({"unknown option 'nonlinearity' to 'LSTM'"}, nn.LSTM, 3, 2,
                   {nonlinearity = "relu"})
    support.raises({"bad option 'nonlinearity' to 'RNN' (tanh or relu expected, got gelu)"}, nn.RNN,
                   3, 2, {nonlinearity = "gelu"})
    support.raises({"bad option 'num_layers' to 'GRU'"}, nn.GRU, 3, 2, {num_layers = 0})
    support.raises({"bad option 'dropout' to 'GRU'"}, nn.GRU, 3, 2, {dropout = 1})
    assert.same({0, 1, 2}, {table.unpack((lstm(nn.ones(0, 1, 3))):shape())})
  end)

  it("pass their output, not their state, through a Sequential", function()
    local model = nn.Sequential(nn.LSTM(3, 4), nn.Linear(4, 2))
    assert.same({5, 2, 2}, model(nn.ones(5, 2, 3)):shape())
    support.raises({"layer 1 (LSTM 3→4): input is [5,2,2]"}, model, nn.ones(5, 2, 2))
  end)
end)

describe("attention", function()
  it("names its parameters as PyTorch does, zero biases and all", function()
    local attention = nn.MultiheadAttention(4, 2)
    assert.same({"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"},
                names(attention))
    support.equal(attention.out_proj.bias:detach(), nn.zeros(4))
    attention = nn.MultiheadAttention(4, 2, {kdim = 3})
    assert.same({"q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias",
                 "out_proj.weight", "out_proj.bias"}, names(attention))
  end)

  it("does not look where it must not", function()
    local q = nn.randn(3, 2, F64)
    local y, weights = nn.scaled_dot_product_attention(q, q, q, {is_causal = true})
    support.equal(y[1]:contiguous(), q[1]:contiguous())
    assert.equal(0, weights[1][3]:item())
    support.close(weights:sum(2), nn.ones(3, F64))
    local mask = nn.tensor {{true, false, false}, {true, true, false}, {true, true, true}}
    support.equal((nn.scaled_dot_product_attention(q, q, q, {attn_mask = mask})), y)
  end)

  it("says what does not fit", function()
    local attention = nn.MultiheadAttention(4, 2)
    local q, k = nn.ones(3, 2, 4), nn.ones(5, 2, 4)
    support.raises({"MultiheadAttention 4, 2 heads: key is [5,2,3], expected [L,N,4] or [L,4]"},
                   attention, q, nn.ones(5, 2, 3), k)
    support.raises({"query is [3,2,4], key [5,2,4] and value [3,2,4]: they do not go together"},
                   attention, q, k, q)
    support.raises({"attn_mask is [3,3], expected [3,5] or [4,3,5]"}, attention, q, k, k,
                   {attn_mask = nn.ones(3, 3)})
    support.raises({"key_padding_mask is [5,2], expected [2,5]"}, attention, q, k, k,
                   {key_padding_mask = nn.ones(5, 2)})
    support.raises({"unknown option 'attn_msk'"}, attention, q, k, k, {attn_msk = 1})
    support.raises({"bad argument #2 to 'MultiheadAttention'", "embed_dim 5 is no multiple of 2"},
                   nn.MultiheadAttention, 5, 2)
    support.raises({"bad argument #3 to 'scaled_dot_product_attention'"},
                   nn.scaled_dot_product_attention, q, q, nn.ones(3))
  end)
end)

describe("what a layer does to a shape", function()
  -- {layer, input shape, multiply-adds}; the shape is compared with that of a real result.
  local cases = {
    {nn.BatchNorm1d(3), {4, 3}, 12}, {nn.BatchNorm2d(3), {4, 3, 2, 2}, 48},
    {nn.LayerNorm(5), {2, 5}, 10}, {nn.Identity(), {2, 3}, 0}, {nn.Dropout2d(), {1, 2, 3, 4}, 0},
    {nn.Flatten(), {2, 3, 4}, 0}, {nn.Flatten {end_dim = 3}, {2, 3, 4, 5}, 0},
    {nn.Unflatten(-1, {2, 2}), {3, 4}, 0},
    {nn.RNN(3, 4), {5, 2, 3}, 10 * 4 * (3 + 4)},
    {nn.GRU(3, 4, {num_layers = 2, bidirectional = true}), {5, 2, 3},
     10 * 2 * 12 * (3 + 4 + 8 + 4)},
    {nn.LSTM(3, 4, {batch_first = true}), {2, 5, 3}, 10 * 16 * (3 + 4)},
  }

  it("is what output_shape says", function()
    for _, case in ipairs(cases) do
      local layer, shape, multiply_adds = table.unpack(case)
      local y = layer(nn.ones(shape))
      assert.same({table.unpack(y:shape())}, {table.unpack(layer:output_shape(shape))})
      assert.equal(multiply_adds, layer:multiply_adds(shape))
      assert.equal("integer", math.type(layer:multiply_adds(shape)))
    end
    local attention, x = nn.MultiheadAttention(4, 2), nn.ones(3, 2, 4)
    assert.same({3, 2, 4}, attention:output_shape({3, 2, 4}))
    assert.same({3, 2, 4}, {table.unpack((attention(x, x, x)):shape())})
    assert.equal(2 * 3 * 4 * 12 + 2 * 2 * 9 * 4, attention:multiply_adds({3, 2, 4}))
    assert.same({2, 3, 5}, nn.Embedding(4, 5):output_shape({2, 3}))
    assert.is_nil(nn.Unflatten(1, {2, -1}):output_shape({3}))
    assert.is_nil(nn.Flatten():output_shape({3}))
  end)
end)

describe("the number of threads and the instruction set", function()
  local core = require "nnlua.core"
  local threads, isa = nn.get_num_threads(), core.build_info().isa
  after_each(function()
    nn.set_num_threads(threads)
    core.set_isa(isa)
  end)

  local function results()
    nn.manual_seed(3)
    local lstm, norm = nn.LSTM(33, 21), nn.BatchNorm1d(70)
    local x, n = nn.randn(7, 37, 33), nn.randn(300, 70):requires_grad_()
    lstm(x):square():sum():backward()
    norm(n):square():square():sum():backward()
    return {lstm.weight_hh_l0.grad, lstm.bias_hh_l0.grad, n.grad, norm.weight.grad}
  end

  it("change no bit, or only rounding", function()
    nn.set_num_threads(1)
    local expected = results()
    nn.set_num_threads(3)
    for i, value in ipairs(results()) do
      assert.equal(expected[i]:tobytes(), value:tobytes())
    end
    core.set_isa("ref")
    for i, value in ipairs(results()) do
      support.close(value, expected[i], nil, {rtol = 1e-3, atol = 1e-5})
    end
  end)
end)

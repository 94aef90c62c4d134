-- ops_foundation.lua - calls of the operations on tensors, activations and the first losses.

local leaves = require "tests.spec.cases.leaves"
local nn = require "nnlua"

local f64, int64, leaf, positive = leaves.f64, leaves.int64, leaves.leaf, leaves.positive
local probability = leaves.probability

-- For each operation a list of calls {f, inputs...}; f calls it through nn or a method.
local samples = {
  add = {{nn.add, leaf(2, 3), leaf(3)}, {function(x) return 2 + x end, leaf(2)}},
  sub = {{nn.sub, leaf(2, 3), leaf(2, 1)}, {function(x) return 2 - x end, leaf(2)}},
  mul = {{nn.mul, leaf(2, 3), leaf(2, 1)}, {function(x) return x * x end, leaf(4)}},
  div = {{nn.div, leaf(3), leaf(2, 3)}, {function(x) return 2 / x end, leaf(4)}},
  floor_divide = {{nn.floor_divide, leaf(2, 3), positive(3)}},
  remainder = {{nn.remainder, leaf(2, 3), positive(3)}, {function(x) return x % 0.3 end, leaf(4)}},
  pow = {
    {nn.pow, positive(2, 3), leaf(3)}, {function(x) return x ^ 3 end, leaf(4)},
    {function(x) return 2 ^ x end, leaf(4)}, {function(x) return x ^ 0 + x end, leaf(4)},
    {function(x) return nn.pow(x, f64 {0, 1, 2}) + x end, leaf(3)},
  },
  maximum = {{nn.maximum, leaf(2, 3), leaf(3, 2):detach():t():mul(1.1):requires_grad_()},
             {function(x) return nn.maximum(x, 0.5) end, leaf(4)}},
  minimum = {{nn.minimum, leaf(2, 3), leaf(3, 2):detach():t():mul(1.1):requires_grad_()}},
  where = {{function(a, b) return nn.where(f64({{1, 0, 1}, {0, 1, 1}}):to("bool"), a, b) end,
            leaf(2, 3), leaf(3)}},
  neg = {{function(x) return -x end, leaf(3)}},
  abs = {{nn.abs, leaf(5)}},
  sign = {{function(x) return x:sign() + x end, leaf(5)}},
  floor = {{function(x) return x:floor() + x end, leaf(5)}},
  ceil = {{function(x) return x:ceil() + x end, leaf(5)}},
  round = {{function(x) return x:round() + x end, leaf(5)}},
  exp = {{nn.exp, leaf(5)}},
  expm1 = {{nn.expm1, leaf(5)}},
  log = {{nn.log, positive(5)}},
  log1p = {{nn.log1p, positive(5)}},
  sqrt = {{nn.sqrt, positive(5)}},
  square = {{nn.square, leaf(5)}},
  reciprocal = {{nn.reciprocal, leaf(5)}},
  sin = {{nn.sin, leaf(5)}},
  cos = {{nn.cos, leaf(5)}},
  clamp = {
    {function(x) return x:clamp(-0.5, 0.7) end, leaf(7)},
    {function(x) return x:clamp(nil, 0.7) end, leaf(7)},
    {function(x) return x:clamp(-0.5) end, leaf(7)},
  },
  sum = {
    {function(x) return x:sum() end, leaf(2, 3)}, {function(x) return x:sum(1) end, leaf(2, 3)},
    {function(x) return x:sum(-1, {keepdim = true}) end, leaf(2, 3)},
    {function(x) return x:sum({keepdim = true}) end, leaf(2, 3)},
  },
  mean = {
    {function(x) return x:mean() end, leaf(2, 3)}, {function(x) return x:mean(-1) end, leaf(2, 3)},
    {function(x) return x:mean(1, {keepdim = true}) end, leaf(2, 3)},
  },
  prod = {
    {function(x) return x:prod() end, leaf(2, 3)}, {function(x) return x:prod(2) end, leaf(2, 3)},
    {function(x) return x:prod(1, {keepdim = true}) end, leaf(2, 3)},
    {function(x) return x:prod(2) end, f64({{0, 2, 3}, {0, 0, 3}, {1, 2, 3}}):requires_grad_()},
  },
  var = {
    {function(x) return x:var() end, leaf(2, 3)}, {function(x) return x:var(2) end, leaf(2, 3)},
    {function(x) return x:var(-2, {unbiased = false, keepdim = true}) end, leaf(4, 3)},
    {function(x) return x:var({unbiased = false}) end, leaf(4, 3)},
  },
  std = {
    {function(x) return x:std() end, leaf(2, 3)}, {function(x) return x:std(2) end, leaf(2, 3)},
    {function(x) return x:std(-2, {unbiased = false, keepdim = true}) end, leaf(4, 3)},
  },
  norm = {
    {function(x) return x:norm() end, leaf(2, 3)}, {function(x) return x:norm(2) end, leaf(2, 3)},
    {function(x) return x:norm(1, {p = 3, keepdim = true}) end, leaf(2, 3)},
    {function(x) return x:norm({p = 1}) end, leaf(2, 3)},
    {function(x) return x:norm({p = math.huge}) end, leaf(2, 3)},
  },
  max_all = {{function(x) return x:max() end, leaf(2, 3)}},
  min_all = {{function(x) return x:min() end, leaf(2, 3)}},
  max_dim = {
    {function(x) return (x:max(2)) end, leaf(2, 3)},
    {function(x) return (x:max(-2, {keepdim = true})) end, leaf(2, 3)},
  },
  min_dim = {{function(x) return (x:min(1)) end, leaf(2, 3)}},
  reshape = {{function(x) return x:reshape(3, 2) end, leaf(2, 3)},
             {function(x) return x:t():reshape({-1}) end, leaf(2, 3)}},
  view = {{function(x) return x:view(-1) end, leaf(2, 3)}},
  flatten = {{function(x) return x:flatten(2) end, leaf(2, 3, 2)}},
  squeeze = {{function(x) return x:squeeze() end, leaf(2, 1, 3)},
             {function(x) return x:squeeze(2) end, leaf(2, 1, 3)}},
  unsqueeze = {{function(x) return x:unsqueeze(-1) end, leaf(2, 3)}},
  transpose = {{function(x) return x:transpose(1, -1) end, leaf(2, 3, 2)}},
  t = {{function(x) return x:t() end, leaf(2, 3)}},
  permute = {{function(x) return x:permute(3, 1, -2) end, leaf(2, 3, 2)},
             {function(x) return x:permute({2, 3, 1}) end, leaf(2, 3, 2)}},
  expand = {{function(x) return x:expand(4, 2, 3) end, leaf(2, 1)}},
  to = {{function(x) return x:to("float64") * 2 end, leaf(3)}},
  contiguous = {{function(x) return x:t():contiguous() end, leaf(2, 3)}},
  clone = {{function(x) return x:clone() end, leaf(2, 3)}},
  cat = {
    {function(a, b) return nn.cat({a, b, a}, 2) end, leaf(2, 3), leaf(2, 1)},
    {function(a, b) return nn.cat({a, b}, -2) end, leaf(2, 3), leaf(1, 3):detach()},
  },
  stack = {
    {function(a, b) return nn.stack({a, b}, 2) end, leaf(2, 3), leaf(2, 3)},
    {function(a, b) return nn.stack({a, b}, -1) end, leaf(2, 3), leaf(2, 3)},
  },
  index = {
    {function(x) return x[2] end, leaf(3, 2)}, {function(x) return x[{{}, -1}] end, leaf(3, 2)},
    {function(x) return x[{{3, 1, -2}, {2, 2}}] end, leaf(3, 2)},
    {function(x) return x[int64 {1, 3, 1, -1}] end, leaf(3, 2)},
    {function(x) return x[x:gt(0)] end, leaf(3, 2)},
  },
  index_select = {{function(x) return x:index_select(2, int64 {2, 1, 2}) end, leaf(3, 2)}},
  gather = {{function(x) return x:gather(2, int64 {{2, 2, 1}, {1, 3, 3}}) end, leaf(2, 3)}},
  masked_select = {{function(x) return x:masked_select(x:gt(0)) end, leaf(2, 3)}},
  matmul = {
    {nn.matmul, leaf(2, 3), leaf(3, 4)}, {nn.dot, leaf(3), leaf(3)},
    {nn.matmul, leaf(2, 3), leaf(3)}, {nn.matmul, leaf(3), leaf(3, 4)},
    {nn.matmul, leaf(2, 2, 3), leaf(3, 2)}, {nn.matmul, leaf(2, 3), leaf(2, 3, 2)},
    {nn.matmul, leaf(2, 1, 2, 3), leaf(2, 3, 2)}, {nn.matmul, leaf(3), leaf(2, 3, 2)},
    {nn.matmul, leaf(2, 2, 3), leaf(3)},
  },
  linear = {
    {nn.linear, leaf(4, 3), leaf(2, 3), leaf(2)}, {nn.linear, leaf(4, 3), leaf(2, 3)},
    {nn.linear, leaf(4, 3):detach(), leaf(2, 3), leaf(2)},
    {nn.linear, leaf(2, 2, 3), leaf(2, 3):detach(), leaf(2)},
  },
  relu = {{nn.relu, leaf(7)}},
  leaky_relu = {{nn.leaky_relu, leaf(7)},
                {function(x) return nn.leaky_relu(x, {negative_slope = 0.3}) end, leaf(7)}},
  softplus = {{nn.softplus, leaf(7)},
              {function(x) return nn.softplus(x, {beta = 2, threshold = 1}) end, leaf(7)}},
  gelu = {{nn.gelu, leaf(7)},
          {function(x) return nn.gelu(x, {approximate = "tanh"}) end, leaf(7)}},
  elu = {{nn.elu, leaf(7)}, {function(x) return nn.elu(x, {alpha = 0.5}) end, leaf(7)}},
  sigmoid = {{nn.sigmoid, leaf(7)}},
  tanh = {{nn.tanh, leaf(7)}},
  softmax = {{nn.softmax, leaf(2, 4)},
             {function(x) return nn.softmax(x, {dim = 1}) end, leaf(3, 2)}},
  log_softmax = {{nn.log_softmax, leaf(2, 4)},
                 {function(x) return nn.log_softmax(x, {dim = 1}) end, leaf(3, 2)}},
  l2_penalty = {{function(x) return (nn.l2_penalty(x, 0.3)) * 2 end, leaf(2, 3)}},
  l1_penalty = {{function(x) return (nn.l1_penalty(x, 0.3)) * 2 end, leaf(2, 3)}},
  dropout = {
    {function(x) return (nn.dropout(x, 0.4, {generator = nn.Generator(3)})) end, leaf(4, 5)},
    {function(x) return (nn.dropout(x, 0.4, {training = false})) * 2 end, leaf(4, 5)},
  },
}

-- Losses: under each reduction, with a factor behind them so that dy is not 1.
local function loss_samples(f, x, targets, options)
  local calls = {}
  for _, y in ipairs(targets) do
    for _, reduction in ipairs {"mean", "sum", "none"} do
      local given = {reduction = reduction}
      for _, name in ipairs {"weight", "pos_weight", "label_smoothing", "delta"} do
        given[name] = options and options[name]
      end
      calls[#calls + 1] = {function(a, b) return (f(a, b, given)) * 3 end, x, y}
    end
  end
  return calls
end

local labels, rows = int64 {1, 3, 2, 3}, nn.softmax(leaf(4, 3):detach())
samples.softmax_cross_entropy = loss_samples(nn.softmax_cross_entropy, leaf(4, 3), {labels, rows},
  {weight = f64 {0.5, 2, 1}, label_smoothing = 0.1})
samples.binary_cross_entropy =
  loss_samples(nn.binary_cross_entropy, probability(4, 3), {rows})
samples.binary_cross_entropy_with_logits = loss_samples(nn.binary_cross_entropy_with_logits,
  leaf(4, 3), {rows}, {pos_weight = f64 {0.5, 2, 1}})
samples.summed_binary_cross_entropy =
  loss_samples(nn.summed_binary_cross_entropy, probability(4, 3), {labels, rows})
samples.mse_loss = loss_samples(nn.mse_loss, leaf(4, 3), {leaf(3, 4):detach():t():requires_grad_()})
samples.l1_loss = loss_samples(nn.l1_loss, leaf(4, 3), {rows, (rows - 3):requires_grad_()})
samples.huber_loss = loss_samples(nn.huber_loss, leaf(4, 3), {(rows * 2):requires_grad_()},
  {delta = 0.6})

return samples

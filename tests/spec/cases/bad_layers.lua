-- bad_layers.lua - mistakes with attention, losses, layers and modules; see bad_inputs_spec.lua.

local nn = require "nnlua"

local attention = nn.scaled_dot_product_attention

return {
  ["attention without a key"] = {
    function() return attention(nn.zeros(3, 4)) end,
    "argument #2 to 'scaled_dot_product_attention'", "got nil"},
  ["attention on keys of another width"] = {
    function() return attention(nn.zeros(3, 4), nn.zeros(3, 5), nn.zeros(3, 4)) end,
    "argument #2 to 'scaled_dot_product_attention'", "k is [3,5] but q is [3,4]"},
  ["attention on fewer values than keys"] = {
    function() return attention(nn.zeros(3, 4), nn.zeros(3, 4), nn.zeros(2, 4)) end,
    "argument #3 to 'scaled_dot_product_attention'", "v is [2,4] but k is [3,4]"},
  ["attention on mixed dtypes"] = {
    function()
      return attention(nn.zeros(3, 4), nn.zeros(3, 4, {dtype = "float64"}), nn.zeros(3, 4))
    end,
    "argument #2 to 'scaled_dot_product_attention'", "k is float64 but q is float32"},
  ["attention with a mask that is none"] = {
    function()
      return attention(nn.zeros(3, 4), nn.zeros(3, 4), nn.zeros(3, 4), {attn_mask = true})
    end,
    "option 'attn_mask' to 'scaled_dot_product_attention'", "tensor expected, got boolean"},
  ["attention that drops out too much"] = {
    function()
      return attention(nn.zeros(3, 4), nn.zeros(3, 4), nn.zeros(3, 4), {dropout_p = 1.5})
    end,
    "option 'dropout_p' to 'scaled_dot_product_attention'", "1.5"},
  ["attention with keys of no width"] = {
    function() return nn.MultiheadAttention(4, 2, {kdim = -1}) end,
    "option 'kdim' to 'MultiheadAttention'", "got -1"},
  ["a cosine along a dimension that is not there"] = {
    function() return nn.cosine_similarity(nn.zeros(3), nn.zeros(3)) end,
    "option 'dim' to 'cosine_similarity'", "2 of x1, a tensor of 1 dimensions"},
  ["ranking by bools"] = {
    function()
      return nn.margin_ranking_loss(nn.zeros(3), nn.zeros(3), nn.ones(3, {dtype = "bool"}))
    end,
    "argument #3 to 'margin_ranking_loss'", "y is bool"},
  ["ranking of mixed dtypes"] = {
    function()
      return nn.margin_ranking_loss(nn.zeros(3), nn.zeros(3, {dtype = "float64"}), nn.ones(3))
    end,
    "argument #2 to 'margin_ranking_loss'", "x2 is float64 but x1 is float32"},
  ["a layer with a number for a generator"] = {
    function() return nn.Linear(2, 2, {generator = 3}) end,
    "option 'generator' to 'Linear'", "Generator expected, got number"},
  ["a recurrent layer whose gates overflow"] = {
    function() return nn.LSTM(3, 1 << 62) end,
    "argument #2 to 'LSTM'", "4611686018427387904"},
  ["a slice from the smallest integer on"] = {
    function() return nn.Sequential(nn.ReLU()):slice(math.mininteger) end,
    "argument #1 to 'slice'", "1..1 expected, got -9223372036854775808"},
  ["rows of limited norm along the smallest integer"] = {
    function() return nn.max_norm_(nn.ones(2, 2), 1, {dim = math.mininteger}) end,
    "option 'dim' to 'max_norm_'", "-9223372036854775808"},
  ["a parameter without a name"] = {
    function() return nn.ReLU():register(nil, nn.zeros(2)) end,
    "argument #1 to 'register'", "got nil"},
  ["split sizes with a gap"] = {
    function()
      return nn.data.split(nn.data.TensorDataset(nn.zeros(4, 2)), {1, nil, 3})
    end,
    "argument #2 to 'split'", "size 2 is nil"},
  ["sizes that are a number"] = {
    function() return nn.Conv2d(1, 1, 1):trace_shape(3) end,
    "argument #1 to 'trace_shape'", "list of sizes expected, got number"},
  ["a step with a tensor for a closure"] = {
    function()
      local p = nn.zeros(2):requires_grad_()
      return nn.optim.SGD({p}, {lr = 1}):step(nn.zeros(1))
    end,
    "argument #1 to 'step'", "got tensor"},
  ["betas whose first is missing"] = {
    function()
      return nn.optim.Adam({nn.zeros(2):requires_grad_()}, {betas = {nil, 0.9}})
    end,
    "option 'betas' to 'Adam'", "betas[1] is nil"},
  ["a confusion matrix of all integers"] = {
    function() return nn.metrics.ConfusionMatrix(1 << 40) end,
    "zeros", "[1099511627776,1099511627776]"},
}

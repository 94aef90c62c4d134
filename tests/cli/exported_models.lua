-- exported_models.lua - a model of every kind that can be exported, and inputs for them

local nn = require "nnlua"

nn.manual_seed(7)

-- {name, input_shape, model [, dtype of the input], c = whether it can be C, too}
local models = {
  {"mlp", {784}, nn.Sequential(nn.Linear(784, 25), nn.ReLU(), nn.Linear(25, 25), nn.ReLU(),
                               nn.Linear(25, 10))},
  {"pixels", {6, 4}, nn.Sequential(nn.Rescaling(1 / 255), nn.Flatten(), nn.Dropout(0.3),
                                   nn.Linear(24, 3, {bias = false})), "uint8"},
  {"offset", {5}, nn.Rescaling(2 / 255, {offset = -1}), "uint8"},
  {"rank3", {4, 6}, nn.Sequential(nn.Linear(6, 3), nn.Tanh(), nn.Linear(3, 2, {bias = false}))},
  {"float64", {6}, nn.Sequential(nn.Linear(6, 3, {dtype = "float64"}), nn.Sigmoid())},
  {"relu", {9}, nn.ReLU()},
  {"leaky_relu", {9}, nn.LeakyReLU {negative_slope = 1}},
  {"sigmoid", {9}, nn.Sigmoid()},
  {"tanh", {9}, nn.Tanh()},
  {"softplus", {9}, nn.Softplus()},
  {"softplus_options", {9}, nn.Softplus {beta = 2, threshold = 1}},
  {"gelu", {9}, nn.GELU()},
  {"gelu_tanh", {9}, nn.GELU {approximate = "tanh"}},
  {"elu", {9}, nn.ELU {alpha = 2}},
  {"softmax", {3, 4}, nn.Softmax()},
  {"softmax_dim", {3, 4}, nn.Softmax {dim = 2}},
  {"log_softmax", {3, 4}, nn.LogSoftmax {dim = 1}, c = false},
  {"identity", {9}, nn.Dropout()},
  {"conv1d", {2, 11}, nn.Conv1d(2, 4, 3, {stride = 2, padding = 1, dilation = 2})},
  {"conv2d", {2, 9, 7}, nn.Conv2d(2, 4, {3, 2}, {stride = {2, 1}, padding = {1, 0}, groups = 2})},
  {"conv_transpose2d", {4, 5, 3}, nn.ConvTranspose2d(4, 2, 3, {
    stride = 2, padding = 1, output_padding = 1, groups = 2, bias = false})},
  {"max_pool2d", {2, 8, 9}, nn.MaxPool2d(3, {stride = 2, padding = 1})},
  {"max_pool2d_ceil", {2, 8, 9}, nn.MaxPool2d(2, {ceil_mode = true, dilation = 2})},
  {"avg_pool2d", {2, 8, 9}, nn.AvgPool2d({3, 2}, {stride = 2, padding = 1})},
  {"avg_pool2d_uncounted", {2, 8, 9}, nn.AvgPool2d(3, {padding = 1, count_include_pad = false})},
  {"global_pool", {2, 8, 9}, nn.AdaptiveAvgPool2d(1)},
  {"adaptive_pool", {2, 8, 9}, nn.AdaptiveAvgPool2d {4, 3}},
  {"lenet", {1, 28, 28}, nn.Sequential(
    nn.Conv2d(1, 6, 5, {padding = 2}), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
    nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 84), nn.ReLU(), nn.Linear(84, 10))},
  {"residual", {6}, nn.Sequential(nn.Residual(nn.Sequential(nn.Linear(6, 6), nn.Tanh())),
                                  nn.Residual(nn.Linear(6, 3), {shortcut = nn.Linear(6, 3)}),
                                  nn.Residual(nn.Residual(nn.Dropout())),
                                  nn.Residual(nn.ReLU()))},
  {"concat", {2, 6}, nn.Sequential(nn.ELU(), nn.Concat(2, nn.ReLU(), nn.Linear(6, 6)),
                                   nn.Concat(-1, nn.Tanh(), nn.Dropout(), nn.Linear(6, 2)))},
  {"batch_norm1d", {5}, nn.Sequential(nn.BatchNorm1d(5), nn.Linear(5, 3))},
  {"batch_norm2d", {2, 6, 5}, nn.Sequential(nn.BatchNorm2d(2, {affine = false, eps = 0.1}))},
  {"layer_norm", {3, 6}, nn.LayerNorm({3, 6}, {eps = 0.01})},
  {"layer_norm_last", {3, 6}, nn.Sequential(nn.Linear(6, 4), nn.LayerNorm(4))},
  {"unflatten", {12}, nn.Sequential(nn.Unflatten(2, {3, -1}), nn.Identity(), nn.Linear(4, 2),
                                    nn.Dropout2d())},
  {"embedding", {4}, nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Linear(12, 2)), "int64",
   c = false},
  {"rnn", {4, 3}, nn.RNN(3, 5, {batch_first = true, nonlinearity = "relu"}), c = false},
  {"gru", {4, 3}, nn.GRU(3, 5, {batch_first = true, num_layers = 2}), c = false},
  {"lstm", {4, 3}, nn.LSTM(3, 5, {batch_first = true, bidirectional = true, num_layers = 2}),
   c = false},
  {"lstm_time_first", {2, 3}, nn.LSTM(3, 4, {bias = false}), c = false},
  {"nested", {4}, nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.ELU()), nn.Linear(4, 2))},
}

-- One layer twice: its weight is one initializer.
local shared = nn.Linear(4, 4)
models[#models + 1] = {"shared", {4}, nn.Sequential(shared, nn.Tanh(), shared)}

--- models.batch(entry, rows) -> a batch of what the model of an entry takes.
function models.batch(entry, rows)
  local _, shape, model, dtype = table.unpack(entry)
  local first = model:parameters()[1]
  dtype = dtype or first and first:dtype() or "float32"
  local sizes = {rows, table.unpack(shape)}
  if dtype == "uint8" then
    return nn.randint(0, 256, sizes, {dtype = "uint8"})
  elseif dtype == "int64" then
    return nn.randint(1, 8, sizes)
  end
  return nn.randn(sizes, {dtype = dtype}) * 3
end

return models

-- bad_data.lua - mistakes with data sets, loaders, transforms and metrics; see bad_inputs_spec.lua.

local nn = require "nnlua"

local data = nn.data

local function int64(values)
  return nn.tensor(values, {dtype = "int64"})
end

local function rows(n)
  return data.TensorDataset(nn.zeros(n, 3), nn.ones(n, {dtype = "int64"}))
end

local function epoch(transform)
  local images = nn.zeros(4, 9, {dtype = "uint8"})
  for _ in data.loader({dataset = data.TensorDataset(images), transform = transform})() do end
end

return {
  ["a data set of tensors with different numbers of rows"] = {
    function() return data.TensorDataset(nn.zeros(5, 2), nn.zeros(4)) end,
    "argument #2 to 'TensorDataset'", "4 rows", "#1 has 5", "[4] and [5,2]"},
  ["a row that a data set does not have"] = {
    function() return rows(6):batch {1, 7} end,
    "argument #1 to 'batch'", "row 7 is outside 1..6"},
  ["row 0 of a data set"] = {
    function() return rows(6)[0] end,
    "row 0 of a data set", "1..6"},
  ["split sizes that do not add up"] = {
    function() return data.split(rows(10), {3, 6}) end,
    "argument #2 to 'split'", "3 + 6 add up to 9", "10 rows"},
  ["split fractions that do not add up"] = {
    function() return data.split(rows(10), {0.8, 0.3}) end,
    "argument #2 to 'split'", "0.8 + 0.3 add up to 1.1"},
  ["a stratified split without labels"] = {
    function() return data.stratified_split(data.TensorDataset(nn.zeros(4, 2)), {0.5, 0.5}) end,
    "'stratified_split' needs the option 'labels'", "one tensor"},
  ["more folds than rows"] = {
    function() return data.kfold(rows(4), 5) end,
    "argument #2 to 'kfold'", "2..4 folds", "got 5"},
  ["a column to standardise with a NaN"] = {
    function() return data.standardize(nn.tensor {{1, 2}, {3, 0 / 0}}) end,
    "argument #1 to 'standardize'", "column 2", "not finite"},
  ["columns that were not those standardised"] = {
    function() return data.standardize(nn.zeros(4, 2), nn.zeros(4, 3)) end,
    "argument #2 to 'standardize'", "[4,3]", "rows of [2]"},
  ["labels from 0"] = {
    function() return data.one_hot(int64 {1, 9, 0}, 10) end,
    "argument #1 to 'one_hot'", "label 0 in row 3 is outside 1..10"},
  ["a loader with a misspelt option"] = {
    function() return data.loader {dataset = rows(4), batchsize = 2} end,
    "unknown option 'batchsize' to 'loader'", "did you mean 'batch_size'?"},
  ["a loader with batches of no rows"] = {
    function() return data.loader {dataset = rows(4), batch_size = 0} end,
    "option 'batch_size' to 'loader'", "got 0"},
  ["a loader of a tensor"] = {
    function() return data.loader {dataset = nn.zeros(3, 3)} end,
    "option 'dataset' to 'loader'", "data set expected, got tensor"},
  ["the place of a loader of another data set"] = {
    function()
      local state = data.loader({dataset = rows(4)}):state_dict()
      return data.loader({dataset = rows(5)}):load_state_dict(state)
    end,
    "'load_state_dict'", "rows: the state has 4, the loader 5"},
  ["rows of pixels to a transform that was not told their size"] = {
    function() return epoch(data.transforms.random_affine {degrees = 5}) end,
    "argument #1 to 'random_affine'", "[1,9]", "'size'"},
  ["scores of other classes than the confusion matrix"] = {
    function() return nn.metrics.ConfusionMatrix(3):update(nn.zeros(2, 4), int64 {1, 2}) end,
    "'ConfusionMatrix:update'", "[N,3]", "[2,4]"},
  ["class labels in place of 0 and 1"] = {
    function() return nn.metrics.AUC():update(nn.zeros(2), int64 {1, 2}) end,
    "argument #2 to 'AUC:update'", "0 and 1"},
}

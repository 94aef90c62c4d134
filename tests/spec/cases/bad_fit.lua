-- bad_fit.lua - saving, checkpoints and nn.fit: what cannot be saved, is damaged, or does not fit.

local nn = require "nnlua"

-- A folder of checkpoints of a small model: one per given number of hidden units.
local function checkpoints(folder, ...)
  for step, units in ipairs {...} do
    assert(nn.checkpoint.save(folder, {model = nn.Linear(2, units)}, {step = step}))
  end
  return folder
end

local function overwrite(path, change)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("a")
  file:close()
  assert(nn.io.write_file(path, change(bytes)))
end

local function fit(change)
  local model = nn.Linear(2, 3)
  local o = {model = model, criterion = nn.CrossEntropyLoss(), epochs = 1, progress = false,
             optimizer = nn.optim.SGD(model:parameters(), {lr = 0.1}),
             train = {nn.ones(4, 2), nn.ones(4, {dtype = "int64"})}}
  for name, value in pairs(change) do o[name] = value end
  return nn.fit(o)
end

return {
  ["saving a function"] = {
    function(folder) return nn.save(folder .. "/f", {layers = {{activation = print}}}) end,
    "#2 to 'save'", "value.layers[1].activation is a function"},
  ["saving a model instead of its state dict"] = {
    function(folder) return nn.save(folder .. "/m", {model = nn.Linear(1, 1)}) end,
    "value.model is a Linear", ":state_dict()"},
  ["saving a table that contains itself"] = {
    function(folder)
      local t = {1}
      t.again = {t}
      return nn.save(folder .. "/t", t)
    end,
    "value.again[1]", "the table that contains it"},
  ["a saved file with a flipped bit"] = {
    function(folder)
      local path = folder .. "/x.safetensors"
      nn.save(path, {x = nn.ones(4)})
      overwrite(path, function(bytes) return bytes:sub(1, -2) .. "\xbf" end)
      return nn.load(path)
    end,
    "x.safetensors", "SHA-256 differs"},
  ["a checkpoint of a model of another size"] = {
    function(folder)
      return nn.checkpoint.load(checkpoints(folder, 3), {model = nn.Linear(2, 4)})
    end,
    "checkpoint-000001.safetensors does not fit", "'weight' is [3,2], expected [4,2]"},
  ["a checkpoint without the object that is asked for"] = {
    function(folder)
      return nn.checkpoint.load(checkpoints(folder, 3), {model = nn.Linear(2, 3),
                                                         schedule = nn.Linear(1, 1)})
    end,
    "checkpoint-000001.safetensors", "'schedule' is not in it"},
  ["a folder with no intact checkpoint"] = {
    function(folder)
      overwrite(checkpoints(folder, 3) .. "/checkpoint-000001.safetensors", function(bytes)
        return bytes:sub(1, 200)
      end)
      return nn.checkpoint.load(folder)
    end,
    "none in", "is intact", "checkpoint-000001.safetensors"},
  ["new checkpoints in the folder of another training"] = {
    function(folder)
      return fit {checkpoint = {dir = checkpoints(folder, 3)}}
    end,
    "holds checkpoints already", "resume"},
  ["training on what is no data"] = {
    function() return fit {train = nn.ones(4, 2)} end,
    "'train' to 'fit'", "a loader, a data set or {x, y} expected, got tensor"},
  ["an option of nn.fit with a typo"] = {
    function() return fit {epoch = 3} end,
    "unknown option 'epoch' to 'fit'", "did you mean 'epochs'?"},
  ["early stopping on a metric that is not measured"] = {
    function() return fit {callbacks = {nn.fit.early_stopping {}}} end,
    "early_stopping: no metric 'validation_loss'", "there are epoch, loss, lr, time"},
  ["a metric that is no function"] = {
    function() return fit {metrics = {accuracy = 1}} end,
    "'metrics' to 'fit'", "'accuracy' is a number"},
}

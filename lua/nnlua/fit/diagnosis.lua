-- Where a NaN or an infinity of a training step first came up.
--
-- The step is done once more on the tape, with every module and every operation watched: first the
-- values in the order in which they are computed, then the gradients on the way back.

local autograd = require "nnlua.autograd"
local core = require "nnlua.core"
local generators = require "nnlua.generators"
local Module = require "nnlua.module"

local FLOATS = {float32 = true, float64 = true}

local diagnosis = {}

-- "nan" or "inf" if a tensor holds one, else nil.
local function flaw(t)
  if not core.is_tensor(t) or not FLOATS[core.dtype(t)] then return nil end
  if core.item(core.any(core.isnan(t))) then return "nan" end
  return core.item(core.any(core.isinf(t))) and "inf" or nil
end

--- diagnosis.is_finite(t) -> whether all elements of a tensor are; cheap if so.
function diagnosis.is_finite(t)
  local sum = core.item(core.sum(t))
  return sum - sum == 0 or flaw(t) == nil
end

--- diagnosis.streams(model) -> a function that puts the default generator and those of the model
--- back to where they are now.
function diagnosis.streams(model)
  local list, states = generators.of(model), {}
  list[#list + 1] = core.default_generator()
  for i, generator in ipairs(list) do states[i] = generator:get_state() end
  return function()
    for i, generator in ipairs(list) do generator:set_state(states[i]) end
  end
end

-- The field of a module that holds a child.
local function key_of(module, child)
  for key, value in next, module do
    if value == child then return tostring(key) end
  end
end

-- Calls visit(module, name) for a module and all inside it.
local function each_layer(module, name, visit)
  visit(module, name)
  for _, child in ipairs(module:children()) do
    local key = key_of(module, child)
    each_layer(child, name == "" and key or name .. "." .. key, visit)
  end
end

local Watch = {}
Watch.__index = Watch

-- "layer 2 (ReLU)", the innermost module that runs.
function Watch:here()
  return self.running[#self.running] or "the criterion"
end

function Watch:found(format, ...)
  self.result = self.result or format:format(...)
end

-- Makes the module note that it runs and look at what it returns, until undone.
function Watch:wrap(module, name)
  local own, running = rawget(module, "forward"), self.running
  local forward = module.forward
  local label = name == "" and ("the model (%s)"):format(module.class_name)
    or ("layer %s (%s)"):format(name, tostring(module):match("^[^\n(]*"))
  rawset(module, "forward", function(...)
    running[#running + 1] = label
    local results = table.pack(forward(...))
    running[#running] = nil
    for i = 1, results.n do
      local what = flaw(results[i])
      if what then self:found("%s gives %s", label, what) end
    end
    return table.unpack(results, 1, results.n)
  end)
  self.undo[#self.undo + 1] = function() rawset(module, "forward", own) end
end

function Watch.__close(watch)
  autograd.watch = nil
  for _, undo in ipairs(watch.undo) do undo() end
end

local function watch_everything(model, criterion)
  local watch = setmetatable({running = {}, undo = {}, places = {}}, Watch)
  each_layer(model, "", function(module, name) watch:wrap(module, name) end)
  if Module.is_module(criterion) then watch:wrap(criterion, "") end
  autograd.watch = function(node, y, gradients)
    if y then
      watch.places[node] = watch:here()
      local what = flaw(y)
      if what then watch:found("%s: operation '%s' gives %s", watch:here(), node.op.name, what) end
      return
    end
    for i = 1, #node.records do
      local what = flaw(gradients[i])
      if what then
        watch:found("%s: the gradient of operation '%s' is %s", watch.places[node] or "the model",
                    node.op.name, what)
      end
    end
  end
  return watch
end

-- What is wrong before anything is computed, or nil.
local function flaw_of_inputs(model, x, y)
  for _, pair in ipairs {{"the input", x}, {"the target", y}} do
    local what = flaw(pair[2])
    if what then return ("%s of the batch holds %s"):format(pair[1], what) end
  end
  for name, parameter in model:named_parameters() do
    local what = flaw(parameter)
    if what then return ("the parameter '%s' holds %s before the step"):format(name, what) end
  end
end

--- diagnosis.first_flaw(model, criterion, x, y, restore) -> text: the place of the first NaN or
--- infinity in criterion(model(x), y) or its gradient; nil if there is none. restore() puts the
--- generators to where they were before the step. Gradients of the parameters are dropped.
function diagnosis.first_flaw(model, criterion, x, y, restore)
  local found = flaw_of_inputs(model, x, y)
  if found then return found end
  local before = diagnosis.streams(model)
  restore()
  local watch <close> = watch_everything(model, criterion)
  local loss = criterion(model(x), y)
  if not watch.result then loss:backward() end
  model:zero_grad()
  before()
  return watch.result
end

return diagnosis

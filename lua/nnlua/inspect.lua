-- nn.inspect: a look into a network while samples go through it, forward and back.
--
-- Invariant: afterwards everything is as before: parameters, buffers, gradients, modes, optimizer,
-- generator, hooks. The network is seen in eval mode, without dropout, so that what is seen is a
-- function of the input and its gradients can be checked.

local core = require "nnlua.core"
local gradcheck = require "nnlua.gradcheck"
local Inspection = require "nnlua.inspect.inspection"
local layers = require "nnlua.inspect.layers"
local losses = require "nnlua.loss"
local Module = require "nnlua.module"
local options = require "nnlua.options"
local Optimizer = require "nnlua.optim.optimizer"
local untouched = require "nnlua.untouched"
local updates = require "nnlua.inspect.updates"

local DEFAULTS = {
  criterion = options.optional, optimizer = options.optional, lr = 0.01,
  gradcheck = options.optional, classes = options.optional,
}
local SAMPLES = 20 -- entries of each parameter that the gradient check looks at

local function check_options(given)
  local o = options.check("inspect", given, DEFAULTS)
  if o.criterion ~= nil and not options.is_callable(o.criterion) then
    options.raise("bad option 'criterion' to 'inspect' (loss module or function expected, got %s)",
                  options.type_name(o.criterion))
  end
  if not (o.lr >= 0 and o.lr < math.huge) then
    options.raise("bad option 'lr' to 'inspect' (a number >= 0 expected, got %s)", o.lr)
  end
  local optimizer = o.optimizer
  if optimizer ~= nil and not (type(optimizer) == "table" and optimizer.is
                               and optimizer:is(Optimizer)) then
    options.raise("bad option 'optimizer' to 'inspect' (optimizer expected, got %s)",
                  options.type_name(optimizer))
  elseif optimizer and not optimizer.kernel then
    options.raise("bad option 'optimizer' to 'inspect' (a step of %s evaluates the loss; leave it "
                  .. "out)", optimizer.class_name)
  end
  if o.gradcheck == nil or o.gradcheck == true then
    o.gradcheck = SAMPLES
  elseif o.gradcheck and (math.type(o.gradcheck) ~= "integer" or o.gradcheck < 1) then
    options.raise("bad option 'gradcheck' to 'inspect' (entries of each parameter, an integer >= 1,"
                  .. " or false expected, got %s)", tostring(o.gradcheck))
  end
  return o
end

-- The samples and their targets as batches: a label by itself belongs to one sample.
local function batch_of(x, y)
  if not core.is_tensor(x) then
    core.arg_error(2, "inspect", "tensor of samples expected, got " .. options.type_name(x))
  end
  if math.type(y) == "integer" then y = core.tensor(y, {dtype = "int64"}) end
  if not core.is_tensor(y) then
    core.arg_error(3, "inspect", "tensor of targets, or the label of one sample, expected, got "
      .. options.type_name(y))
  end
  if y:ndim() == 0 then x, y = x:unsqueeze(1), y:unsqueeze(1) end
  if x:ndim() == 0 or x:size(1) == 0 or x:size(1) ~= y:size(1) then
    core.arg_error(3, "inspect", ("targets %s do not fit samples %s"):format(
      layers.shape_text(y), layers.shape_text(x)))
  end
  return x, y
end

local function is_float(tensor)
  return tensor:dtype() == "float32" or tensor:dtype() == "float64"
end

local function in_float64(tensor)
  return is_float(tensor) and tensor:to("float64") or tensor
end

-- The report of nn.gradcheck on the loss, whatever the model's dtype.
local function check_gradients(model, parameters, x, y, criterion, samples)
  local dtype = parameters[1]:dtype()
  local back <close> = setmetatable({}, {__close = function() -- luacheck: ignore back
    if dtype ~= "float64" then model:to(dtype) end
  end})
  if dtype ~= "float64" then model:to("float64") end
  x, y = in_float64(x), in_float64(y)
  local _, report = gradcheck(function() return criterion(model(x), y) end, model,
                              {samples = samples})
  return report
end

--- nn.inspect(model, x, y [, {criterion, optimizer, lr = 0.01, gradcheck = 20, classes}])
--- -> inspection: what samples meet on their way through the network and back.
---
--- model: a module with at least one parameter. x: a batch [N,...] with targets y [N] (int64
--- labels) or [N,...]; or one sample without the batch axis, with its label as a number. criterion:
--- gives the loss; default nn.CrossEntropyLoss() for labels, nn.MSELoss() for floats. optimizer:
--- whose next step the updates are, tried on copies; default: gradient descent with lr. gradcheck:
--- how many entries of each parameter are compared with finite differences; false: none. classes:
--- names of the labels.
---
--- inspection.loss; .output (the model's result); .samples (their number);
--- .layers: a list in the order of the calls, {name, title, module, shape, mean, std, min, max,
--- zeros (fraction of the outputs that are 0), units (their number: the last axis, of images the
--- channels), dead (list of the units that are 0 for all samples), saturated (of an elementwise
--- activation: fraction of inputs where its slope is below 5% of its largest), gradient_norm
--- (Euclidean, of the loss by the output; nil if the loss does not depend on it by a parameter),
--- values, gradient (tensors)};
--- .parameters: a list {name, shape, norm, gradient_norm (nil without a gradient), update_ratio
--- (length of the update over that of the parameter; nil where that is 0)};
--- .gradient_check: the report of nn.gradcheck, or nil;
--- .notes: list of lines about what looks wrong, by rules of thumb (nnlua/inspect/notes.lua);
--- tostring(inspection): all this as tables; inspection:draw(prefix): as pictures.
--- Raises if the arguments do not fit each other.
return function(model, x, y, given)
  if not Module.is_module(model) then
    core.arg_error(1, "inspect", "module expected, got " .. options.type_name(model))
  end
  local o = check_options(given)
  local parameters, buffers, modules = model:parameters(), {}, {}
  if #parameters == 0 then
    core.arg_error(1, "inspect", ("%s has no parameters"):format(tostring(model)))
  end
  x, y = batch_of(x, y)
  for _, module in model:named_modules() do modules[#modules + 1] = module end
  for _, entry in ipairs(model:state_dict()) do buffers[#buffers + 1] = entry[2] end
  local criterion = o.criterion or is_float(y) and losses.MSELoss() or losses.CrossEntropyLoss()

  local kept <close> = untouched(modules, buffers, parameters) -- luacheck: ignore kept
  model:eval()
  for _, parameter in ipairs(parameters) do parameter.grad = nil end
  local seen, output, loss = layers.watch(model, function()
    local output = model(x)
    local loss = criterion(output, y)
    loss:backward()
    return output:detach(), loss:item()
  end)
  local inspection = Inspection {
    loss = loss, output = output, samples = x:size(1), x = x:detach(), y = y, classes = o.classes,
    layers = seen, parameters = updates.of(model, o.optimizer, o.lr),
  }
  if o.gradcheck then
    inspection.gradient_check = check_gradients(model, parameters, x, y, criterion, o.gradcheck)
  end
  return inspection:conclude()
end

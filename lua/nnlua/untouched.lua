-- Looking at a module without leaving a trace: modes, buffers, gradients and the default generator.
--
-- Invariant: closing the result of untouched(...) restores them all, also after an error.

local core = require "nnlua.core"

-- {training = {[i] = mode}, ...}: what there is to restore.
local Kept = {}

function Kept:__close()
  core.default_generator():set_state(self.generator)
  for i, module in ipairs(self.modules) do rawset(module, "training", self.training[i]) end
  for _, tensor in ipairs(self.tensors) do
    if core.version(tensor.value) ~= tensor.version then core.copy_(tensor.value, tensor.copy) end
  end
  for i, parameter in ipairs(self.parameters) do parameter.grad = self.gradients[i] end
end

--- untouched(modules, tensors [, parameters]) -> a value to be closed, which puts back the modes of
--- the modules, the values of the tensors that were written to, the parameters' gradients (the same
--- tensors as before) and the state of the default generator.
return function(modules, tensors, parameters)
  local kept = {generator = core.default_generator():get_state(), modules = modules, training = {},
                tensors = {}, parameters = parameters or {}, gradients = {}}
  for i, module in ipairs(modules) do kept.training[i] = rawget(module, "training") end
  for i, value in ipairs(tensors) do
    kept.tensors[i] = {value = value, version = core.version(value), copy = core.clone(value)}
  end
  for i, parameter in ipairs(kept.parameters) do kept.gradients[i] = parameter.grad end
  return setmetatable(kept, Kept)
end

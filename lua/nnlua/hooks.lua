-- Hooks of modules: functions that see, and may replace, what goes into and comes out of a call.
--
-- Forward hooks run around forward. A backward hook needs the gradients at both ends of the call:
-- its tracked inputs and outputs pass through a barrier of the tape (autograd.barrier), where all
-- gradients of one end arrive together.
--
-- Invariant: a module without hooks costs one look into a table.

local autograd = require "nnlua.autograd"
local core = require "nnlua.core"
local hook_list = require "nnlua.hook_list"
local options = require "nnlua.options"

local hooks = {}

-- [module] = {pre = list, forward = list, backward = list}
local registry = setmetatable({}, {__mode = "k"})

--- hooks.add(module, kind, f, function_name) -> handle; kind: "pre", "forward" or "backward".
function hooks.add(module, kind, f, function_name)
  local lists = registry[module] or {pre = {}, forward = {}, backward = {}}
  local handle = hook_list.add(lists[kind], f, function_name)
  registry[module] = lists
  return handle
end

--- hooks.on(module) -> whether the module has hooks.
function hooks.on(module)
  local lists = registry[module]
  return lists ~= nil and #lists.pre + #lists.forward + #lists.backward > 0
end

-- What a hook returned as a list: itself if it is a plain table, else a list of it.
local function list_of(value)
  if type(value) == "table" and getmetatable(value) == nil then
    return {n = value.n or #value, table.unpack(value, 1, value.n or #value)}
  end
  return {n = 1, value}
end

-- The gradients that a backward hook returned in place of `before`.
local function replaced(before, value)
  local after = list_of(value)
  for i = 1, before.n do
    if before[i] and not (core.is_tensor(after[i])
                          and autograd.describe(after[i]) == autograd.describe(before[i])) then
      options.raise("backward hook: gradient %d is %s, expected %s", i, core.is_tensor(after[i])
        and autograd.describe(after[i]) or "a " .. options.type_name(after[i]),
        autograd.describe(before[i]))
    end
  end
  after.n = before.n
  return after
end

-- Calls f(grad_inputs, grad_outputs) on the way back through a call; -> its two ends, functions
-- that let the inputs and the outputs of the call pass.
local function backward_ends(list, module)
  local grad_outputs, has_inputs, count = nil, false, 0
  local function run(grad_inputs)
    for _, f in hook_list.each(list) do
      local result = f(module, grad_inputs, grad_outputs or {n = 0})
      if result ~= nil then grad_inputs = replaced(grad_inputs, result) end
    end
    grad_outputs = nil
    return grad_inputs
  end
  local function enter(inputs)
    count, has_inputs = inputs.n, autograd.barrier(inputs, run)
  end
  local function leave(outputs)
    autograd.barrier(outputs, function(gradients)
      grad_outputs = table.move(gradients, 1, gradients.n, 1, {n = gradients.n})
      if not has_inputs then run({n = count}) end
      return gradients
    end)
  end
  return enter, leave
end

--- hooks.call(module, invoke, ...) -> invoke(module, ...), with the module's hooks around it.
function hooks.call(module, invoke, ...)
  local lists, inputs = registry[module], table.pack(...)
  local enter, leave
  for _, f in hook_list.each(lists.pre) do
    local result = f(module, inputs)
    if result ~= nil then inputs = list_of(result) end
  end
  if #lists.backward > 0 then
    enter, leave = backward_ends(lists.backward, module)
    enter(inputs)
  end
  local outputs = table.pack(invoke(module, table.unpack(inputs, 1, inputs.n)))
  for _, f in hook_list.each(lists.forward) do
    local several = outputs.n > 1
    local result = f(module, inputs, several and outputs or outputs[1])
    if result ~= nil then outputs = several and list_of(result) or {n = 1, result} end
  end
  if leave then leave(outputs) end
  return table.unpack(outputs, 1, outputs.n)
end

return hooks

-- nn.Flatten: joins all dimensions but the first, [N, a, b, ...] to [N, a*b*...].

local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.Flatten()
local Flatten = class("Flatten", Module)

function Flatten.check(_, x)
  if not core.is_tensor(x) then
    return ("input is a %s, expected a tensor"):format(options.type_name(x))
  elseif core.ndim(x) < 2 then
    return ("input is [%s], expected [N,*]"):format(table.concat(x:shape(), ","))
  end
end

function Flatten.forward(_, x)
  return functional.flatten(x, 2)
end

function Flatten.output_shape(_, input_shape)
  if #input_shape < 2 then return nil end
  local features = 1
  for i = 2, #input_shape do features = features * input_shape[i] end
  return {input_shape[1], features}
end

return Flatten

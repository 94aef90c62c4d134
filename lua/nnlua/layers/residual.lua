-- nn.Residual: y = x + f(x), or shortcut(x) + f(x).
--
-- Shapes: f(x) and what is added to it are alike; nothing broadcasts.

local branches = require "nnlua.layers.branches"
local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.Residual(module [, {shortcut = module}]) : fields `body` and `shortcut`. A shortcut brings x
--- to the shape of f(x) where that is another.
local Residual = class("Residual", Module)

function Residual:init(body, given)
  local o = options.check("Residual", given, {shortcut = options.optional})
  branches.check(self, 1, "Residual", body)
  self.body = body
  if o.shortcut ~= nil then
    branches.check(self, 2, "Residual", o.shortcut)
    self.shortcut = o.shortcut
  end
end

function Residual:forward(x)
  local y = branches.call(self, "body", x)
  local beside = self.shortcut and branches.call(self, "shortcut", x) or x
  local a, b = table.concat(core.shape(y), ","), table.concat(core.shape(beside), ",")
  if a ~= b then
    options.raise("Residual: the module's result is [%s], the %s [%s]; a shortcut that gives [%s] "
                  .. "is needed", a, self.shortcut and "shortcut's" or "input", b, a)
  end
  return functional.add(beside, y)
end

function Residual:output_shape(input_shape, noted)
  if self.shortcut then self.shortcut:trace_shape(input_shape, noted) end
  return self.body:trace_shape(input_shape, noted)
end

function Residual:__tostring()
  local lines = {"Residual("}
  for _, name in ipairs {"body", "shortcut"} do
    if self[name] then
      lines[#lines + 1] = ("  (%s): %s"):format(name, (tostring(self[name]):gsub("\n", "\n  ")))
    end
  end
  return table.concat(lines, "\n") .. "\n)"
end

return Residual

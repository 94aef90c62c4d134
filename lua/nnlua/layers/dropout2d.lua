-- nn.Dropout2d: while training, zeroes whole channels with probability p and scales the others up.
--
-- x [N,C,...]: one draw for each of the N*C channels, as neighbouring pixels are so alike that
-- dropping single ones hides little. Tompson et al. 2015.

local class = require "nnlua.class"
local core = require "nnlua.core"
local Dropout = require "nnlua.layers.dropout"
local functional = require "nnlua.functional"
local options = require "nnlua.options"

--- nn.Dropout2d([p = 0.5 [, {generator}]]), 0 <= p < 1
local Dropout2d = class("Dropout2d", Dropout)

function Dropout2d.check(_, x)
  if not core.is_tensor(x) then
    return ("input is a %s, expected a tensor"):format(options.type_name(x))
  elseif core.ndim(x) < 3 then
    return ("input is [%s], expected [N,C,H,W]"):format(table.concat(core.shape(x), ","))
  end
end

function Dropout2d:forward(x)
  if not self.training then
    return x
  end
  local shape = core.shape(x)
  for d = 3, #shape do
    shape[d] = 1
  end
  local ones = core.ones(shape, {dtype = core.dtype(x)})
  return functional.mul(x, (core.dropout(ones, self.p, {generator = self.generator})))
end

function Dropout2d:__tostring()
  return ("Dropout2d(p=%s)"):format(self.p)
end

return Dropout2d

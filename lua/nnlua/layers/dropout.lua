-- nn.Dropout: while training, zeroes every element with probability p and scales the others up.
--
-- y = x mask / (1 - p), mask drawn anew at every call; in eval mode y = x.

local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.Dropout([p = 0.5 [, {generator}]]), 0 <= p < 1
local Dropout = class("Dropout", Module)

function Dropout:init(p, given)
  p = p or 0.5
  if type(p) ~= "number" or not (p >= 0 and p < 1) then
    core.arg_error(1, "Dropout", ("probability in [0,1) expected, got %s"):format(tostring(p)))
  end
  self.p = p
  self.generator = options.check("Dropout", given, {generator = options.generator}).generator
end

function Dropout:forward(x)
  if not self.training then
    return x
  end
  return (functional.dropout(x, self.p, {generator = self.generator}))
end

function Dropout.output_shape(_, input_shape)
  return input_shape
end

function Dropout:__tostring()
  return ("Dropout(p=%s)"):format(self.p)
end

return Dropout

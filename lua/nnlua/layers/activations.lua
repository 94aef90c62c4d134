-- Activation functions as modules: they have no parameters and keep the input's shape.
--
-- Invariant: the options are checked when the module is made; forward hands them to the function of
-- nnlua.functional that has the formula.

local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local Module = require "nnlua.module"
local options = require "nnlua.options"

-- A module class that applies functional[operation]; defaults: the options it takes.
local function activation(name, operation, defaults)
  local apply, names = functional[operation], options.sorted_keys(defaults)
  local Activation = class(name, Module)

  --- Whether each element of the result depends on one element of the input only.
  Activation.elementwise = defaults.dim == nil

  function Activation:init(given)
    local checked = options.check(name, given, defaults)
    rawset(self, "options", #names > 0 and checked or nil)
    -- So that a wrong value raises here and not at forward; of the highest rank, for dim.
    apply(core.zeros(1, 1, 1, 1, 1, 1, 1, 1), self.options)
  end

  function Activation:forward(x)
    return apply(x, self.options)
  end

  function Activation.output_shape(_, input_shape)
    return input_shape
  end

  function Activation:__tostring()
    local shown = {}
    for i, option in ipairs(names) do
      shown[i] = ("%s=%s"):format(option, tostring(self.options[option]))
    end
    return #shown > 0 and ("%s(%s)"):format(name, table.concat(shown, ", ")) or name
  end

  return Activation
end

return {
  --- nn.ReLU() : max(x, 0)
  ReLU = activation("ReLU", "relu", {}),
  --- nn.LeakyReLU{negative_slope = 0.01} : x where x > 0, else negative_slope x
  LeakyReLU = activation("LeakyReLU", "leaky_relu", {negative_slope = 0.01}),
  --- nn.Sigmoid() : 1 / (1 + exp(-x))
  Sigmoid = activation("Sigmoid", "sigmoid", {}),
  --- nn.Tanh()
  Tanh = activation("Tanh", "tanh", {}),
  --- nn.Softplus{beta = 1, threshold = 20} : log(1 + exp(beta x)) / beta, x for large beta x
  Softplus = activation("Softplus", "softplus", {beta = 1, threshold = 20}),
  --- nn.GELU{approximate = "none"} : x Phi(x); approximate = "tanh": Hendrycks & Gimpel's formula
  GELU = activation("GELU", "gelu", {approximate = "none"}),
  --- nn.ELU{alpha = 1} : x where x > 0, else alpha (exp(x) - 1)
  ELU = activation("ELU", "elu", {alpha = 1}),
  --- nn.Softmax{dim = -1} : exp(x) / sum exp(x) along dim
  Softmax = activation("Softmax", "softmax", {dim = -1}),
  --- nn.LogSoftmax{dim = -1} : the logarithm of softmax
  LogSoftmax = activation("LogSoftmax", "log_softmax", {dim = -1}),
}

-- nn.RNN, nn.GRU, nn.LSTM: layers that read a sequence step by step and remember.
--
-- With s the sigmoid and, for every gate, i = x W_ih^T + b_ih and g = h W_hh^T + b_hh:
--
--   RNN    h' = tanh(i + g), or relu
--   GRU    r = s(i_r + g_r), z = s(i_z + g_z), n = tanh(i_n + r g_n), h' = (1 - z) n + z h
--   LSTM   i, f, o = s(i + g), g = tanh(i_g + g_g), c' = f c + i g, h' = o tanh(c')
--
-- Invariants, PyTorch's: parameters of layer k (from 0) are weight_ih_lk, weight_hh_lk, bias_ih_lk,
-- bias_hh_lk, with _reverse behind for the other direction; gates stand in the order r, z, n and
-- i, f, g, o along the first dimension; all start uniform in +-1/sqrt(hidden_size).
-- The input part of all steps is one product; the core runs the steps (src/nn/recurrent.h).

local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local init = require "nnlua.initializers"
local Module = require "nnlua.module"
local options = require "nnlua.options"

local LARGEST = 1 << 40 -- beyond, a matrix of a layer has more bytes than can be addressed

local function check_size(name, position, value)
  if math.type(value) ~= "integer" or value < 1 then
    core.arg_error(position, name, "positive integer expected, got " .. tostring(value))
  elseif value > LARGEST then
    core.arg_error(position, name, ("size %d is larger than any memory"):format(value))
  end
end

local function shape_text(x)
  return "[" .. table.concat(core.shape(x), ",") .. "]"
end

-- The suffix of the parameters' names; layer counts from 0.
local function suffix(layer, reverse)
  return ("_l%d%s"):format(layer, reverse and "_reverse" or "")
end

-- What the three classes share. gates: how many; states: names of the initial states; extra: an
-- option of this class alone, with its default.
local function recurrent(name, gates, states, extra)
  local Recurrent = class(name, Module)

  -- How many directions there are.
  local function directions(self)
    return self.bidirectional and 2 or 1
  end

  -- The features that go into a layer.
  local function inputs_of(self, layer)
    return layer == 0 and self.input_size or self.hidden_size * directions(self)
  end

  local function add_parameters(self, dtype)
    local bound, H = 1 / math.sqrt(self.hidden_size), self.hidden_size
    local range = {low = -bound, high = bound, generator = self.generator}
    for layer = 0, self.num_layers - 1 do
      for direction = 1, directions(self) do
        local ending = suffix(layer, direction == 2)
        local function add(kind, ...)
          self:register(kind .. ending,
                        init.uniform_(core.zeros({gates * H, ...}, {dtype = dtype}), range))
        end
        add("weight_ih", inputs_of(self, layer))
        add("weight_hh", H)
        if self.bias then
          add("bias_ih")
          add("bias_hh")
        end
      end
    end
  end

  function Recurrent:init(input_size, hidden_size, given)
    local defaults = {
      num_layers = 1, bias = true, batch_first = false, dropout = 0, bidirectional = false,
      dtype = "float32", generator = options.generator,
    }
    for option, default in pairs(extra) do
      defaults[option] = default
    end
    local o = options.check(name, given, defaults)
    check_size(name, 1, input_size)
    check_size(name, 2, hidden_size)
    if math.type(o.num_layers) ~= "integer" or o.num_layers < 1 then
      options.raise("bad option 'num_layers' to '%s' (positive integer expected, got %s)", name,
                    tostring(o.num_layers))
    elseif not (o.dropout >= 0 and o.dropout < 1) then
      options.raise("bad option 'dropout' to '%s' (probability in [0,1) expected, got %s)", name,
                    tostring(o.dropout))
    elseif o.nonlinearity and o.nonlinearity ~= "tanh" and o.nonlinearity ~= "relu" then
      options.raise("bad option 'nonlinearity' to '%s' (tanh or relu expected, got %s)", name,
                    o.nonlinearity)
    end
    for _, option in ipairs {"num_layers", "bias", "batch_first", "dropout", "bidirectional"} do
      self[option] = o[option]
    end
    self.input_size, self.hidden_size, self.generator = input_size, hidden_size, o.generator
    self.cell = o.nonlinearity or name:lower()
    add_parameters(self, o.dtype)
  end

  -- What is wrong with an initial state for this input, or nil.
  local function check_state(self, what, state, x)
    if not core.is_tensor(state) then
      return ("%s is a %s, expected a tensor"):format(what, options.type_name(state))
    end
    local expected = {self.num_layers * directions(self), self.hidden_size}
    if core.ndim(x) == 3 then
      table.insert(expected, 2, core.size(x, self.batch_first and 1 or 2))
    end
    local text = "[" .. table.concat(expected, ",") .. "]"
    if shape_text(state) ~= text then
      return ("%s is %s, expected %s"):format(what, shape_text(state), text)
    elseif core.dtype(state) ~= core.dtype(x) then
      return ("%s is %s, input is %s"):format(what, core.dtype(state), core.dtype(x))
    end
  end

  function Recurrent:check(x, ...)
    if not core.is_tensor(x) then
      return ("input is a %s, expected a tensor"):format(options.type_name(x))
    end
    local ndim, weight = core.ndim(x), self.weight_ih_l0
    local steps = (ndim == 3 and self.batch_first) and 2 or 1
    if ndim ~= 2 and ndim ~= 3 or core.size(x, ndim) ~= self.input_size then
      return ("input is %s, expected [%s,%d] or [T,%d]"):format(
        shape_text(x), self.batch_first and "N,T" or "T,N", self.input_size, self.input_size)
    elseif core.size(x, steps) == 0 then
      return ("input is %s: a sequence of no steps"):format(shape_text(x))
    elseif core.dtype(x) ~= core.dtype(weight) then
      return ("input is %s, the weights are %s"):format(core.dtype(x), core.dtype(weight))
    end
    for i, what in ipairs(states) do
      local state = (select(i, ...))
      local problem = state ~= nil and check_state(self, what, state, x)
      if problem then
        return problem
      end
    end
  end

  -- One direction of one layer: x [T,N,in] -> h of all steps [T,N,H], the last h, an LSTM's last c.
  local function run(self, x, layer, reverse, h0, c0)
    local ending = suffix(layer, reverse)
    local steps = core.size(x, 1)
    local input = functional.linear(x, self["weight_ih" .. ending], self["bias_ih" .. ending])
    local out = functional.recurrent(input, self["weight_hh" .. ending], self["bias_hh" .. ending],
                                     h0, c0, {cell = self.cell, reverse = reverse})
    local last = functional.index(out, reverse and 1 or steps)
    if self.cell ~= "lstm" then
      return out, last
    end
    return functional.index(out, {{1, steps}}), last, functional.index(out, steps + 1)
  end

  -- x [T,N,in], h0 and c0 [layers*directions,N,H] or nil -> y, lists of the last h and c.
  local function run_layers(self, x, h0, c0)
    local last_h, last_c = {}, {}
    for layer = 0, self.num_layers - 1 do
      local outs = {}
      for direction = 1, directions(self) do
        local k = #last_h + 1
        outs[direction], last_h[k], last_c[k] =
          run(self, x, layer, direction == 2, h0 and functional.index(h0, k),
              c0 and functional.index(c0, k))
      end
      x = self.bidirectional and functional.cat(outs, 3) or outs[1]
      if self.training and self.dropout > 0 and layer < self.num_layers - 1 then
        x = (functional.dropout(x, self.dropout, {generator = self.generator}))
      end
    end
    return x, last_h, last_c
  end

  function Recurrent:forward(x, h0, c0)
    local unbatched = core.ndim(x) == 2
    local function batched(state)
      return state and unbatched and functional.unsqueeze(state, 2) or state
    end
    if unbatched then
      x = functional.unsqueeze(x, 2)
    elseif self.batch_first then
      x = functional.transpose(x, 1, 2)
    end
    local y, last_h, last_c = run_layers(self, x, batched(h0), batched(c0))
    local h, c = functional.stack(last_h), last_c[1] and functional.stack(last_c)
    if unbatched then
      y, h, c = functional.squeeze(y, 2), functional.squeeze(h, 2), c and functional.squeeze(c, 2)
    elseif self.batch_first then
      y = functional.transpose(y, 1, 2)
    end
    if c then
      return y, h, c
    end
    return y, h
  end

  function Recurrent:output_shape(shape)
    local result = table.move(shape, 1, #shape, 1, {})
    result[#result] = self.hidden_size * directions(self)
    return result
  end

  function Recurrent:multiply_adds(shape)
    local rows, per_row = 1, 0
    for d = 1, #shape - 1 do
      rows = rows * shape[d]
    end
    for layer = 0, self.num_layers - 1 do
      per_row = per_row + directions(self) * gates * self.hidden_size
                          * (inputs_of(self, layer) + self.hidden_size)
    end
    return rows * per_row
  end

  function Recurrent:__tostring()
    return ("%s %d→%d%s%s"):format(name, self.input_size, self.hidden_size * directions(self),
      self.num_layers > 1 and (", %d layers"):format(self.num_layers) or "",
      self.bidirectional and ", bidirectional" or "")
  end

  return Recurrent
end

return {
  --- nn.RNN(input_size, hidden_size [, {num_layers = 1, nonlinearity = "tanh", bias = true,
  --- batch_first = false, dropout = 0, bidirectional = false, dtype = "float32", generator}])
  --- rnn(x [, h0]) -> y, h. x [T,N,in], with batch_first [N,T,in], or [T,in] for a single sequence;
  --- y like it with hidden_size features (twice that if bidirectional: both directions side by
  --- side), h0 and h [layers*directions,N,H], zeros if h0 is not given. nonlinearity "tanh" or
  --- "relu"; dropout: on the output of all layers but the last, while training.
  RNN = recurrent("RNN", 1, {"h0"}, {nonlinearity = "tanh"}),
  --- nn.GRU(input_size, hidden_size [, {num_layers = 1, bias = true, batch_first = false,
  --- dropout = 0, bidirectional = false, dtype = "float32", generator}])
  --- gru(x [, h0]) -> y, h. Shapes and options as RNN's.
  GRU = recurrent("GRU", 3, {"h0"}, {}),
  --- nn.LSTM(input_size, hidden_size [, {num_layers = 1, bias = true, batch_first = false,
  --- dropout = 0, bidirectional = false, dtype = "float32", generator}])
  --- lstm(x [, h0, c0]) -> y, h, c. Shapes and options as RNN's; c as h.
  LSTM = recurrent("LSTM", 4, {"h0", "c0"}, {}),
}

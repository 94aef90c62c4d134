-- ONNX operators that read sequences: RNN, GRU, LSTM.
--
-- X [T,N,in], W [D,G*H,in], R [D,G*H,H], B [D,2*G*H], initial states [D,N,H] -> Y [T,D,N,H], the
-- last h and c [D,N,H]; D directions, G gates. layout = 1 puts N first in all of them.

local core = require "nnlua.core"
local functional = require "nnlua.functional"
local gates = require "nnlua.onnx.gates"
local options = require "nnlua.options"

local index = functional.index

-- h of all steps [T,N,H] of a GRU whose reset gate comes before the product:
--   r, z = s(i + g), n = tanh(i_n + (r h) W_n^T + b_n), h' = (1 - z) n + z h
local function gru_reset_first(input, R, bias, h, reverse)
  local T, H, hs = input:size(1), R:size(2), {}
  bias = bias or core.zeros(R:size(1), {dtype = R:dtype()})
  local R_gates, R_new = index(R, {{1, 2 * H}}), index(R, {{2 * H + 1, 3 * H}})
  local b_gates, b_new = index(bias, {{1, 2 * H}}), index(bias, {{2 * H + 1, 3 * H}})
  for step = 1, T do
    local t = reverse and T + 1 - step or step
    local i = index(input, t)
    local s = functional.sigmoid(index(i, {{}, {1, 2 * H}})
                                 + functional.linear(h, R_gates, b_gates))
    local r, z = index(s, {{}, {1, H}}), index(s, {{}, {H + 1, 2 * H}})
    local n = functional.tanh(index(i, {{}, {2 * H + 1, 3 * H}})
                              + functional.linear(r * h, R_new, b_new))
    h = n + z * (h - n)
    hs[t] = h
  end
  return functional.stack(hs)
end

-- The engine's name for the cell; raises for activations that it does not have.
local function cell_of(operator, a)
  local usual = {RNN = "Tanh", GRU = "SigmoidTanh", LSTM = "SigmoidTanhTanh"}
  local given = table.concat(a.activations or {})
  local directions = a.direction == "bidirectional" and 2 or 1
  if operator == "RNN" and given == ("Relu"):rep(directions) then
    return "relu"
  elseif given ~= "" and given ~= usual[operator]:rep(directions) then
    options.raise("the activations %s are not supported", table.concat(a.activations, ", "))
  end
  return operator == "RNN" and "tanh" or operator:lower()
end

-- One direction: h of all steps [T,N,H], the last h and c.
local function run(operator, a, x, W, R, B, h, c, reverse)
  local H = R:size(2)
  local rows = gates.count(operator) * H
  local function bias(first)
    return B and gates.from_onnx(operator, index(B, {{first, first + rows - 1}}))
  end
  R = gates.from_onnx(operator, R)
  local input = functional.linear(x, gates.from_onnx(operator, W), bias(1))
  local T, cell = x:size(1), cell_of(operator, a)
  if operator == "GRU" and a.linear_before_reset == 0 then
    local hs = gru_reset_first(input, R, bias(rows + 1), h, reverse)
    return hs, index(hs, reverse and 1 or T)
  end
  local hs = functional.recurrent(input, R, bias(rows + 1), h, c, {cell = cell, reverse = reverse})
  local last = index(hs, reverse and 1 or T)
  if operator ~= "LSTM" then return hs, last end
  return index(hs, {{1, T}}), last, index(hs, T + 1)
end

local function swapped(t, layout, a, b)
  return layout == 1 and t and functional.transpose(t, a, b) or t
end

local function layer(operator)
  return function(a, x, W, R, B, lengths, h0, c0, P)
    if P then
      options.raise("peepholes are not supported")
    elseif a.direction ~= "forward" and a.direction ~= "reverse"
        and a.direction ~= "bidirectional" then
      options.raise("direction '%s' is not supported", a.direction)
    end
    x = swapped(x, a.layout, 1, 2)
    if lengths and core.ne(lengths, x:size(1)):any():item() then
      options.raise("sequences of different lengths are not supported")
    end
    h0, c0 = swapped(h0, a.layout, 1, 2), swapped(c0, a.layout, 1, 2)
    local hs, last_h, last_c = {}, {}, {}
    for d = 1, W:size(1) do
      local state = core.zeros(x:size(2), R:size(3), {dtype = x:dtype()})
      local c = operator == "LSTM" and (c0 and index(c0, d) or state) or nil
      hs[d], last_h[d], last_c[d] = run(
        operator, a, x, index(W, d), index(R, d), B and index(B, d),
        h0 and index(h0, d) or state, c, d == 2 or a.direction == "reverse")
    end
    local y, h = functional.stack(hs, 2), functional.stack(last_h)
    local c = last_c[1] and functional.stack(last_c)
    if a.layout == 1 then
      y = functional.permute(y, 3, 1, 2, 4)
    end
    return y, swapped(h, a.layout, 1, 2), swapped(c, a.layout, 1, 2)
  end
end

return function(define, operators)
  for operator, further in pairs {
    RNN = {}, GRU = {linear_before_reset = 0}, LSTM = {input_forget = 0},
  } do
    local attributes = {
      activations = operators.OPTIONAL, direction = "forward", hidden_size = operators.OPTIONAL,
      layout = 0,
    }
    for name, default in pairs(further) do
      attributes[name] = default
    end
    local run_layer = layer(operator)
    define(operator, attributes, function(a, ...)
      if a.input_forget == 1 then options.raise("input_forget is not supported") end
      return run_layer(a, ...)
    end)
  end
end

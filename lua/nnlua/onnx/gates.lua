-- The order of the gates of recurrent layers: PyTorch's, which is the engine's, and ONNX's.

local core = require "nnlua.core"
local functional = require "nnlua.functional"

local gates = {}

-- By operator: which of PyTorch's gates stands at place i in ONNX. LSTM: i f g o, and i o f g;
-- GRU: r z n, and z r n.
local ORDER = {RNN = {1}, GRU = {2, 1, 3}, LSTM = {1, 4, 2, 3}}

--- gates.count(operator) -> how many the operator has
function gates.count(operator)
  return #ORDER[operator]
end

-- The entries of dimension 1, in as many blocks as there are gates, with block order[i] at place i.
local function rearranged(t, order)
  local size, rows = t:size(1) // #order, {}
  for _, gate in ipairs(order) do
    for row = (gate - 1) * size + 1, gate * size do
      rows[#rows + 1] = row
    end
  end
  return functional.index_select(t, 1, core.tensor(rows, {dtype = "int64"}))
end

--- gates.to_onnx(operator, t) -> t [gates*H, ...] with the gates in ONNX's order
function gates.to_onnx(operator, t)
  return rearranged(t, ORDER[operator])
end

--- gates.from_onnx(operator, t) -> t with the gates in PyTorch's order
function gates.from_onnx(operator, t)
  local inverse = {}
  for place, gate in ipairs(ORDER[operator]) do
    inverse[gate] = place
  end
  return rearranged(t, inverse)
end

return gates

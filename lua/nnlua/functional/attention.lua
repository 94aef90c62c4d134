-- Attention, put together from matrix products and softmax.

local core = require "nnlua.core"
local options = require "nnlua.options"

local NAME = "scaled_dot_product_attention"

local function shape_text(x)
  return "[" .. table.concat(core.shape(x), ",") .. "]"
end

return function(_, functional)
  -- What is added to the scores: 0 where a bool mask is true, -infinity elsewhere.
  local function additive(mask, dtype)
    if core.dtype(mask) ~= "bool" then
      return mask
    end
    return core.to(core.where(mask, 0.0, -math.huge), dtype)
  end

  local function check(q, k, v)
    local given = {q, k, v}
    for i = 1, 3 do
      local x = given[i]
      if not core.is_tensor(x) or core.ndim(x) < 2 then
        core.arg_error(i, NAME, ("tensor [...,L,E] expected, got %s")
          :format(core.is_tensor(x) and shape_text(x) or options.type_name(x)))
      elseif core.dtype(x) ~= core.dtype(q) then
        core.arg_error(i, NAME, ("%s is %s but q is %s"):format(("qkv"):sub(i, i), core.dtype(x),
                                                                core.dtype(q)))
      end
    end
    if core.size(k, -1) ~= core.size(q, -1) then
      core.arg_error(2, NAME, ("k is %s but q is %s: the last sizes differ"):format(
        shape_text(k), shape_text(q)))
    elseif core.size(v, -2) ~= core.size(k, -2) then
      core.arg_error(3, NAME, ("v is %s but k is %s: the numbers of keys differ"):format(
        shape_text(v), shape_text(k)))
    end
  end

  -- Raises unless the options fit.
  local function check_options(o)
    if o.attn_mask ~= nil and not core.is_tensor(o.attn_mask) then
      options.raise("bad option 'attn_mask' to '%s' (tensor expected, got %s)", NAME,
                    options.type_name(o.attn_mask))
    elseif o.scale ~= nil and type(o.scale) ~= "number" then
      options.raise("bad option 'scale' to '%s' (number expected, got %s)", NAME,
                    options.type_name(o.scale))
    elseif not (o.dropout_p >= 0 and o.dropout_p <= 1) then
      options.raise("bad option 'dropout_p' to '%s' (a number in 0..1 expected, got %s)", NAME,
                    tostring(o.dropout_p))
    end
  end

  --- nn.scaled_dot_product_attention(q, k, v [, {attn_mask, dropout_p = 0, is_causal = false,
  --- scale, generator}]) -> y, weights. q [...,L,E], k [...,S,E], v [...,S,Ev]; y [...,L,Ev],
  --- weights [...,L,S]:
  ---
  ---   weights = softmax(q k^T scale + mask),  y = dropout(weights) v
  ---
  --- attn_mask broadcasts to [...,L,S]: bool, true where attention may go, or float, added.
  --- is_causal: position i attends to 1..i only. scale: 1/sqrt(E). The weights are those before
  --- dropout. Vaswani et al. 2017; PyTorch's function of this name, whose masks these are.
  function functional.scaled_dot_product_attention(q, k, v, given)
    local o = options.check(NAME, given, {
      attn_mask = options.optional, dropout_p = 0, is_causal = false, scale = options.optional,
      generator = options.generator,
    })
    check(q, k, v)
    check_options(o)
    local dtype, scale = core.dtype(q), o.scale or 1 / math.sqrt(core.size(q, -1))
    local scores = functional.matmul(functional.mul(q, scale), functional.transpose(k, -1, -2))
    if o.is_causal then
      local rows = core.unsqueeze(core.arange(core.size(q, -2)), 2)
      scores = functional.add(scores, additive(core.le(core.arange(core.size(k, -2)), rows), dtype))
    end
    if o.attn_mask then
      scores = functional.add(scores, additive(o.attn_mask, dtype))
    end
    local weights = functional.softmax(scores)
    local kept = o.dropout_p == 0 and weights
                 or functional.dropout(weights, o.dropout_p, {generator = o.generator})
    return functional.matmul(kept, v), weights
  end
end

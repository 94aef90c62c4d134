-- Attention, put together from matrix products and softmax.

local core = require "nnlua.core"
local options = require "nnlua.options"

return function(_, functional)
  -- What is added to the scores: 0 where a bool mask is true, -infinity elsewhere.
  local function additive(mask, dtype)
    if core.dtype(mask) ~= "bool" then
      return mask
    end
    return core.to(core.where(mask, 0.0, -math.huge), dtype)
  end

  local function check(q, k, v)
    for i, x in ipairs {q, k, v} do
      if not core.is_tensor(x) or core.ndim(x) < 2 then
        core.arg_error(i, "scaled_dot_product_attention", ("tensor [...,L,E] expected, got %s")
          :format(core.is_tensor(x) and "[" .. table.concat(core.shape(x), ",") .. "]"
                  or options.type_name(x)))
      end
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
    local o = options.check("scaled_dot_product_attention", given, {
      attn_mask = options.optional, dropout_p = 0, is_causal = false, scale = options.optional,
      generator = options.optional,
    })
    check(q, k, v)
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

-- nn.MultiheadAttention: every query gathers what it finds where its keys match, in several heads.
--
--   head_i = softmax(q_i k_i^T / sqrt(E/heads) + mask) v_i,   y = concat(heads) W_o^T + b_o
--
-- q_i, k_i, v_i are parts of the projections of query, key and value. Vaswani et al. 2017.
-- Invariants, PyTorch's: in_proj_weight [3E,E] holds the three projections one below the other, or
-- q_proj_weight, k_proj_weight and v_proj_weight do, where kdim or vdim differ from E; masks are
-- true (or -infinity) where attention must not go.

local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local init = require "nnlua.initializers"
local Linear = require "nnlua.layers.linear"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.MultiheadAttention(embed_dim, num_heads [, {dropout = 0, bias = true, kdim, vdim,
--- batch_first = false, dtype = "float32", generator}])
--- attention(query, key, value [, {attn_mask, key_padding_mask, need_weights = true,
--- average_attn_weights = true}]) -> y, weights
--- query [L,N,E], key [S,N,kdim], value [S,N,vdim], with batch_first [N,L,E] and so on, or without
--- N; y like query; weights [N,L,S], the mean over the heads, else [N,heads,L,S]; nil unless
--- need_weights. attn_mask: [L,S] or [N*heads,L,S], key_padding_mask: [N,S]; both bool (true: not
--- there) or float (added to the scores). dropout: on the weights, while training.
local MultiheadAttention = class("MultiheadAttention", Module)

local function check_size(position, value)
  if math.type(value) ~= "integer" or value < 1 then
    core.arg_error(position, "MultiheadAttention",
                   "positive integer expected, got " .. tostring(value))
  end
end

function MultiheadAttention:init(embed_dim, num_heads, given)
  local o = options.check("MultiheadAttention", given, {
    dropout = 0, bias = true, kdim = options.optional, vdim = options.optional,
    batch_first = false, dtype = "float32", generator = options.generator,
  })
  check_size(1, embed_dim)
  check_size(2, num_heads)
  if embed_dim % num_heads ~= 0 then
    core.arg_error(2, "MultiheadAttention", ("embed_dim %d is no multiple of %d heads")
      :format(embed_dim, num_heads))
  end
  for _, option in ipairs {"kdim", "vdim"} do
    if o[option] ~= nil and (math.type(o[option]) ~= "integer" or o[option] < 1) then
      options.raise("bad option '%s' to 'MultiheadAttention' (positive integer expected, got %s)",
                    option, math.type(o[option]) and tostring(o[option])
                    or options.type_name(o[option]))
    end
  end
  self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, o.dropout
  self.kdim, self.vdim = o.kdim or embed_dim, o.vdim or embed_dim
  self.batch_first, self.generator = o.batch_first, o.generator
  local dtype, random = {dtype = o.dtype}, {generator = o.generator}
  local out_proj = Linear(embed_dim, embed_dim, {bias = o.bias, dtype = o.dtype,
                                                 generator = o.generator}) -- draws first
  local function add(name, rows, columns)
    self:register(name, init.xavier_uniform_(core.zeros(rows, columns, dtype), random))
  end
  if self.kdim == embed_dim and self.vdim == embed_dim then
    add("in_proj_weight", 3 * embed_dim, embed_dim)
  else
    add("q_proj_weight", embed_dim, embed_dim)
    add("k_proj_weight", embed_dim, self.kdim)
    add("v_proj_weight", embed_dim, self.vdim)
  end
  if o.bias then
    self:register("in_proj_bias", core.zeros(3 * embed_dim, dtype))
    core.zero_(out_proj.bias)
  end
  self.out_proj = out_proj
end

local function shape_text(x)
  return "[" .. table.concat(core.shape(x), ",") .. "]"
end

-- N and L (or S) of a batched or single sequence.
local function sizes(self, x)
  if core.ndim(x) == 2 then
    return 1, core.size(x, 1)
  end
  local n = self.batch_first and 1 or 2
  return core.size(x, n), core.size(x, 3 - n)
end

local function check_mask(what, mask, ...)
  if not core.is_tensor(mask) then
    return ("%s is a %s, expected a tensor"):format(what, options.type_name(mask))
  end
  local dtype, allowed = core.dtype(mask), {}
  for i, shape in ipairs {...} do
    allowed[i] = "[" .. table.concat(shape, ",") .. "]"
    if allowed[i] == shape_text(mask) then
      return dtype == "int64" and ("%s is int64, expected bool or float"):format(what) or nil
    end
  end
  return ("%s is %s, expected %s"):format(what, shape_text(mask), table.concat(allowed, " or "))
end

function MultiheadAttention:check(query, key, value, given)
  local named = {{"query", query, self.embed_dim}, {"key", key, self.kdim},
                 {"value", value, self.vdim}}
  local dtype = core.dtype(self.out_proj.weight)
  for _, entry in ipairs(named) do
    local what, x, features = table.unpack(entry, 1, 3)
    if not core.is_tensor(x) then
      return ("%s is a %s, expected a tensor"):format(what, options.type_name(x))
    end
    local ndim = core.ndim(x)
    if ndim < 2 or ndim > 3 or core.size(x, ndim) ~= features then
      return ("%s is %s, expected [%s,%d] or [L,%d]"):format(
        what, shape_text(x), self.batch_first and "N,L" or "L,N", features, features)
    elseif core.dtype(x) ~= dtype then
      return ("%s is %s, the weights are %s"):format(what, core.dtype(x), dtype)
    end
  end
  local N, L = sizes(self, query)
  local keys, S = sizes(self, key)
  local values, S2 = sizes(self, value)
  if keys ~= N or values ~= N or S ~= S2 or core.ndim(key) ~= core.ndim(query)
     or core.ndim(value) ~= core.ndim(query) then
    return ("query is %s, key %s and value %s: they do not go together"):format(
      shape_text(query), shape_text(key), shape_text(value))
  end
  given = type(given) == "table" and given or {}
  return given.attn_mask ~= nil
         and check_mask("attn_mask", given.attn_mask, {L, S}, {N * self.num_heads, L, S})
         or given.key_padding_mask ~= nil
         and check_mask("key_padding_mask", given.key_padding_mask, {N, S},
                        core.ndim(query) == 2 and {S} or nil) or nil
end

-- The k-th projection (1..3) of x as heads: [N,heads,L,E/heads].
local function project(self, x, k, N, length)
  local E = self.embed_dim
  local rows = {{(k - 1) * E + 1, k * E}}
  local weight = self.in_proj_weight and functional.index(self.in_proj_weight, rows)
                 or self[({"q", "k", "v"})[k] .. "_proj_weight"]
  local bias = self.in_proj_bias and functional.index(self.in_proj_bias, rows)
  local y = functional.linear(x, weight, bias)
  y = functional.reshape(y, {N, length, self.num_heads, E // self.num_heads})
  return functional.transpose(y, 2, 3)
end

-- What a mask adds to the scores.
local function additive(mask, dtype)
  if core.dtype(mask) == "bool" or core.dtype(mask) == "uint8" then
    return core.to(core.where(core.ne(mask, 0), -math.huge, 0.0), dtype)
  end
  return functional.to(mask, dtype)
end

-- Both masks as one that broadcasts to [N,heads,L,S], or nil.
local function joined_mask(self, o, dtype, N)
  local mask
  if o.attn_mask then
    mask = additive(o.attn_mask, dtype)
    if core.ndim(mask) == 3 then
      mask = functional.reshape(mask, {N, self.num_heads, core.size(mask, 2), core.size(mask, 3)})
    end
  end
  if o.key_padding_mask then
    local padding = additive(o.key_padding_mask, dtype)
    padding = functional.reshape(padding, {N, 1, 1, core.size(padding, -1)})
    mask = mask and functional.add(mask, padding) or padding
  end
  return mask
end

function MultiheadAttention:forward(query, key, value, given)
  local o = options.check("MultiheadAttention", given, {
    attn_mask = options.optional, key_padding_mask = options.optional, need_weights = true,
    average_attn_weights = true,
  })
  local single = core.ndim(query) == 2
  local N, L = sizes(self, query)
  local _, S = sizes(self, key)
  local function batch_first(x)
    if single then
      return functional.unsqueeze(x, 1)
    end
    return self.batch_first and x or functional.transpose(x, 1, 2)
  end
  local y, weights = functional.scaled_dot_product_attention(
    project(self, batch_first(query), 1, N, L), project(self, batch_first(key), 2, N, S),
    project(self, batch_first(value), 3, N, S), {
      attn_mask = joined_mask(self, o, core.dtype(query), N),
      dropout_p = self.training and self.dropout or 0, generator = self.generator,
    })
  y = functional.reshape(functional.transpose(y, 2, 3), {N, L, self.embed_dim})
  y = self.out_proj(y)
  if single then
    y = functional.squeeze(y, 1)
  elseif not self.batch_first then
    y = functional.transpose(y, 1, 2)
  end
  if not o.need_weights then
    return y
  end
  weights = o.average_attn_weights and functional.mean(weights, 2) or weights
  return y, single and functional.squeeze(weights, 1) or weights
end

function MultiheadAttention:output_shape(shape, noted)
  return self.out_proj:trace_shape(shape, noted)
end

--- For query, key and value of one shape, without out_proj.
function MultiheadAttention:multiply_adds(shape)
  local N = #shape == 3 and shape[self.batch_first and 1 or 2] or 1
  local L = #shape == 3 and shape[self.batch_first and 2 or 1] or shape[1]
  local E = self.embed_dim
  return N * L * E * (E + self.kdim + self.vdim) + 2 * N * L * L * E
end

function MultiheadAttention:__tostring()
  return ("MultiheadAttention %d, %d heads"):format(self.embed_dim, self.num_heads)
end

return MultiheadAttention

-- nn.Embedding: a trainable row of numbers for each of a vocabulary's entries.

local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local init = require "nnlua.initializers"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.Embedding(num_embeddings, embedding_dim [, {padding_idx, dtype = "float32", generator}])
--- indices [*] int64 in 1..num_embeddings -> [*, embedding_dim]. Field: weight
--- [num_embeddings, embedding_dim], normal with mean 0 and variance 1 at first.
--- padding_idx (negative: from the end): the entry that stands for no entry; its row starts as
--- zeros and gets no gradient.
local Embedding = class("Embedding", Module)

local function check_size(position, value)
  if math.type(value) ~= "integer" or value < 1 then
    core.arg_error(position, "Embedding", "positive integer expected, got " .. tostring(value))
  end
end

-- padding_idx as 1..num, or nil.
local function read_padding(padding, num)
  if padding == nil then
    return nil
  end
  local index = math.type(padding) == "integer" and (padding < 0 and num + 1 + padding or padding)
  if not index or index < 1 or index > num then
    options.raise("bad option 'padding_idx' to 'Embedding' (integer in 1..%d or -%d..-1 expected, "
                  .. "got %s)", num, num, tostring(padding))
  end
  return index
end

function Embedding:init(num_embeddings, embedding_dim, given)
  local o = options.check("Embedding", given, {
    padding_idx = options.optional, dtype = "float32", generator = options.generator,
  })
  check_size(1, num_embeddings)
  check_size(2, embedding_dim)
  self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
  self.padding_idx = read_padding(o.padding_idx, num_embeddings)
  local weight = core.zeros(num_embeddings, embedding_dim, {dtype = o.dtype})
  init.normal_(weight, {generator = o.generator})
  if self.padding_idx then
    core.zero_(core.index(weight, self.padding_idx))
  end
  self:register("weight", weight)
end

function Embedding.check(_, x)
  if not core.is_tensor(x) then
    return ("input is a %s, expected a tensor of indices"):format(options.type_name(x))
  elseif core.dtype(x) ~= "int64" and core.dtype(x) ~= "uint8" then
    return ("input is %s, expected int64"):format(core.dtype(x))
  end
end

function Embedding:forward(x)
  return functional.embedding(x, self.weight, {padding_idx = self.padding_idx})
end

function Embedding:output_shape(shape)
  local result = table.move(shape, 1, #shape, 1, {})
  result[#result + 1] = self.embedding_dim
  return result
end

function Embedding:__tostring()
  return ("Embedding %d→%d"):format(self.num_embeddings, self.embedding_dim)
end

return Embedding

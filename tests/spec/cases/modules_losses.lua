-- modules_losses.lua - the losses beyond the first ones, as modules_spec.lua checks them.

local leaves = require "tests.spec.cases.leaves"
local nn = require "nnlua"

local f64, int64, leaf, positive = leaves.f64, leaves.int64, leaves.leaf, leaves.positive

local labels, rows = int64 {1, 3, 2, 3}, nn.softmax(leaf(4, 3):detach())
local signs = f64 {1, -1, 1, -1}

-- Two inputs whose rows are not alike.
local second = nn.flatten(leaf(3, 4):detach():t():mul(0.7):contiguous()):reshape(4, 3)

local function make(class, options)
  return function() return class(options) end
end

return {
  NLLLoss = {{make(nn.NLLLoss), leaf(4, 3), labels},
             {make(nn.NLLLoss, {weight = f64 {1, 2, 3}, ignore_index = 2}), leaf(4, 3), labels}},
  KLDivLoss = {{make(nn.KLDivLoss), leaf(4, 3), rows},
               {make(nn.KLDivLoss, {reduction = "batchmean", log_target = true}), leaf(4, 3),
                rows}},
  MultiMarginLoss = {{make(nn.MultiMarginLoss), leaf(4, 3), labels},
                     {make(nn.MultiMarginLoss, {p = 2, margin = 0.7}), leaf(4, 3), labels}},
  HingeEmbeddingLoss = {{make(nn.HingeEmbeddingLoss), positive(4), signs}},
  MarginRankingLoss = {{make(nn.MarginRankingLoss, {margin = 0.3}), leaf(4), positive(4), signs}},
  CosineEmbeddingLoss = {
    {make(nn.CosineEmbeddingLoss), leaf(4, 3), second:clone():requires_grad_(), signs},
    {make(nn.CosineEmbeddingLoss, {margin = -0.4, reduction = "sum"}), leaf(4, 3),
     second:clone():requires_grad_(), signs:to("int64")},
    {make(nn.CosineEmbeddingLoss), leaf(3), positive(3), nn.tensor(-1, {dtype = "float64"})},
  },
  SmoothL1Loss = {{make(nn.SmoothL1Loss, {beta = 0.6}), leaf(4, 3), rows}},
}

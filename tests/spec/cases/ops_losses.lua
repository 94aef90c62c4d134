-- ops_losses.lua - calls of the losses beyond the first ones.

local leaves = require "tests.spec.cases.leaves"
local nn = require "nnlua"

local f64, int64, leaf, positive = leaves.f64, leaves.int64, leaves.leaf, leaves.positive

local labels, rows = int64 {1, 3, 2, 3}, nn.softmax(leaf(4, 3):detach())
local signs = f64 {{1, -1, 1}, {-1, -1, 1}, {1, 1, -1}, {-1, 1, -1}}

-- f(x, y, options) under the reductions and each of several further options, with a factor behind
-- it so that dy is not 1.
local function calls(f, x, y, variants, reductions)
  local list = {}
  for _, variant in ipairs(variants) do
    for _, reduction in ipairs(reductions or {"mean", "sum", "none"}) do
      local given = {reduction = reduction}
      for _, name in ipairs {"weight", "ignore_index", "p", "margin", "beta", "log_target"} do
        given[name] = variant[name]
      end
      list[#list + 1] = {function(a, b) return (f(a, b, given)) * 3 end, x, y}
    end
  end
  return list
end

return {
  nll_loss = calls(nn.nll_loss, leaf(4, 3), labels,
                   {{}, {weight = f64 {0.5, 2, 1}, ignore_index = 3}}),
  multi_margin_loss = calls(nn.multi_margin_loss, leaf(4, 3), labels,
                            {{}, {p = 2, margin = 0.7, weight = f64 {0.5, 2, 1}}}),
  hinge_embedding_loss = calls(nn.hinge_embedding_loss, positive(4, 3), signs,
                               {{}, {margin = 0.8}}),
  margin_loss = calls(function(x, y, o) return nn.margin_ranking_loss(x, x * 0.3, y, o) end,
                      leaf(4, 3), signs, {{}, {margin = 0.55}}),
  kl_div = calls(nn.kl_div, leaf(4, 3), rows:clone():requires_grad_(), {{}, {log_target = true}},
                 {"mean", "sum", "none", "batchmean"}),
  smooth_l1_loss = calls(nn.smooth_l1_loss, leaf(4, 3), (rows * 2):requires_grad_(),
                         {{}, {beta = 0.6}, {beta = 0}}),
}

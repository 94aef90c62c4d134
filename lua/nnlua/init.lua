-- nnlua: tensors and neural networks for Lua 5.4.
--
--   local nn = require "nnlua"
--
-- One table: the core's functions (nn.zeros, nn.manual_seed, ...), the differentiable operations in
-- their place (nn.exp is x:exp()), modules, losses, nn.init, nn.optim, nn.gradcheck. What a script
-- may not need (nn.plot, nn.data, nn.cli, ...) is loaded when it is first named.
--
-- Invariants: reading a field that does not exist raises; loading touches no global.

local core = require "nnlua.core"

core.set_library(debug.getinfo(1, "S").source:match("^(.*)init%.lua$"))

local autograd = require "nnlua.autograd"
local class = require "nnlua.class"
local functional = require "nnlua.functional"
local options = require "nnlua.options"
local tensor = require "nnlua.tensor"

local nn = {}

local function take(from, names)
  for _, name in ipairs(names or options.sorted_keys(from)) do
    nn[name] = from[name]
  end
end

-- What the core offers to this library only.
local INTERNAL = {"Tensor", "arg_error", "chain_backprop", "chain_evaluate", "count_correct",
                  "display_clip", "display_width", "documentation", "edit_distance",
                  "end_with_parent", "exact_add_", "exact_sums", "exact_value", "fail_allocation",
                  "gaussian_blur", "get_record", "hold_interrupt", "hooks", "host", "index",
                  "isatty", "last_seed", "margin_loss", "now", "optimizer_step", "process", "raise",
                  "rank", "recurrent", "recurrent_backward", "rescale", "set_data", "set_index",
                  "set_isa", "set_library", "set_record", "sleep", "spawn", "sqlite", "storage",
                  "sum_to", "terminal_size", "terminal_width", "version", "warp_affine",
                  "warp_field"}

take(core)
take(functional)
take(tensor.in_place)
for _, name in ipairs(INTERNAL) do
  nn[name] = nil
end
nn.ops = nil

take(autograd, {"is_grad_enabled", "no_grad"})
nn.Function = require "nnlua.function"

nn.class = class
nn.Module = require "nnlua.module"
nn.Linear = require "nnlua.layers.linear"
nn.Sequential = require "nnlua.layers.sequential"
nn.ModuleList = require "nnlua.layers.module_list"
nn.ModuleDict = require "nnlua.layers.module_dict"
nn.Concat = require "nnlua.layers.concat"
nn.Parallel = require "nnlua.layers.parallel"
nn.Residual = require "nnlua.layers.residual"
nn.Dropout = require "nnlua.layers.dropout"
nn.Flatten = require "nnlua.layers.flatten"
nn.Unflatten = require "nnlua.layers.unflatten"
nn.Identity = require "nnlua.layers.identity"
nn.Rescaling = require "nnlua.layers.rescaling"
nn.Dropout2d = require "nnlua.layers.dropout2d"
nn.LayerNorm = require "nnlua.layers.layer_norm"
nn.Embedding = require "nnlua.layers.embedding"
nn.MultiheadAttention = require "nnlua.layers.attention"
take(require("nnlua.layers.batch_norm"), nil)
take(require("nnlua.layers.recurrent"), nil)
take(require("nnlua.layers.activations"), nil) -- require gives two values
take(require("nnlua.layers.convolution"), nil)
take(require("nnlua.layers.pooling"), nil)
take(require("nnlua.loss"), nil)

take(require("nnlua.regularization"), nil)

nn.init = options.strict("nn.init", require "nnlua.initializers")
nn.optim = options.strict("nn.optim", require "nnlua.optim")
nn.io = require "nnlua.io"
take(require("nnlua.save"), nil)
nn.metrics = require "nnlua.metrics"
nn.gradcheck = require "nnlua.gradcheck"
take(require("nnlua.backprop"), nil)

--- nn.version: the library's version, "0.1.0".
nn.version = core.build_info().version

-- Files that are loaded when their field is first read.
local LAZY = {"checkpoint", "cli", "data", "export", "figures", "fit", "inspect", "onnx", "plot",
              "pretty", "progress", "run", "sweep"}
local lazy = {}
for _, name in ipairs(LAZY) do
  lazy[name] = true
end

-- __lazy: what else reading gives, for whoever lists the names (completion in the REPL).
local strict = {__lazy = LAZY}

function strict.__index(_, name)
  if lazy[name] then
    nn[name] = require("nnlua." .. name)
    return nn[name]
  end
  local known = options.sorted_keys(nn)
  table.move(LAZY, 1, #LAZY, #known + 1, known)
  options.raise("nnlua has no '%s'%s", tostring(name), options.suggest(tostring(name), known))
end

return setmetatable(nn, strict)

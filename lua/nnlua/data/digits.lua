-- Handwritten digits for experiments: MNIST if its files are there, otherwise synthetic ones.
--
-- Invariant: synthetic digits are announced on standard error and named in `title`, so that no
-- figure measured on them passes for MNIST's.

local mnist = require("nnlua.data.mnist").mnist
local options = require "nnlua.options"
local synthetic = require "nnlua.data.synthetic"

--- data.digits{train=60000, test=10000, dir=, seed=0} -> data set as data.mnist's, with
--- title = "MNIST" or "synthetic digits". seed is that of the synthetic digits. With dir the
--- files must be there.
return function(given)
  local opts = options.check("data.digits", given,
                             {train = 60000, test = 10000, dir = options.optional, seed = 0})
  local set, message = mnist {train = opts.train, test = opts.test, dir = opts.dir}
  if set then
    set.title = "MNIST"
    return set
  end
  io.stderr:write("*** ", message, "\n",
                  "*** Using synthetic digits instead: these figures are NOT MNIST's.\n")
  set = synthetic.digits {train = opts.train, test = opts.test, seed = opts.seed}
  set.title = "synthetic digits"
  return set
end

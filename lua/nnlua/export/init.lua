-- nn.export: trained models for other programs.

local options = require "nnlua.options"

return options.strict("nn.export", {
  onnx = require("nnlua.onnx.write").save,
  c_source = require "nnlua.export.c_source",
})

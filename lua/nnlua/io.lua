-- nn.io: files. The core's readers and writers, with tensors in state dicts.

local core = require "nnlua.core"
local options = require "nnlua.options"
local state_dict = require "nnlua.state_dict"

local io = {}
for _, name in ipairs(options.sorted_keys(core.io)) do
  io[name] = core.io[name]
end

--- nn.io.save_safetensors(path, dict [, metadata]) -> true, or nil and a message if the system
--- refuses. dict: a state dict, a list of {name, tensor}, or a table of tensors by name (written in
--- alphabetical order). metadata: strings by name. Written whole or not at all.
function io.save_safetensors(path, dict, metadata)
  return core.io.save_safetensors(path, state_dict.read(2, "save_safetensors", dict), metadata)
end

--- nn.io.load_safetensors(path) -> state dict, metadata; or nil and a message if the file is
--- missing or unreadable. Raises if its content is not a safetensors file's.
function io.load_safetensors(path)
  local list, metadata = core.io.load_safetensors(path)
  if not list then return nil, metadata end
  return state_dict.named(list), metadata
end

return io

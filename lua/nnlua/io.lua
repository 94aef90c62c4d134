-- nn.io: files. The core's readers and writers, with tensors in state dicts.

local core = require "nnlua.core"
local csv = require "nnlua.csv"
local image_folder = require "nnlua.image_folder"
local options = require "nnlua.options"
local state_dict = require "nnlua.state_dict"

local io = {}
for _, name in ipairs(options.sorted_keys(core.io)) do
  io[name] = core.io[name]
end
for _, name in ipairs {"append_file", "crc32c", "csv_row", "is_locked", "lock_file", "mkdir_new",
                       "safetensors_digest", "scalars_record", "sort_bytes", "tfrecord"} do
  io[name] = nil -- for this library
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

--- nn.io.save_npz(path, dict [, {compress = false}]) -> true, or nil and a message if the system
--- refuses. dict: as for save_safetensors; tensor "w" becomes the entry "w.npy". Written whole or
--- not at all.
function io.save_npz(path, dict, given)
  return core.io.save_npz(path, state_dict.read(2, "save_npz", dict), given)
end

--- nn.io.load_npz(path) -> state dict in the order of the archive; or nil and a message if the file
--- is missing or unreadable. Raises if its content is not an archive of arrays of numbers.
function io.load_npz(path)
  local list, message = core.io.load_npz(path)
  if not list then return nil, message end
  return state_dict.named(list)
end

--- nn.io.load_csv(path [, {delimiter = ",", header = "auto", missing = "error", types, columns}])
--- -> table (nnlua.csv), or nil and a message if the file is missing or unreadable. Raises, with
--- line and column, if its content is wrong.
--- header: "auto" (the first line names the columns if none of its cells is a number), true or
--- false (names are "1", "2", ...); missing: "error" or "nan", for an empty cell in a column of
--- numbers; types: {name = "number" or "text"}, for columns that are not to be guessed (numbers if
--- all cells are); columns: a list of names or numbers, to keep only those.
io.load_csv = csv.load

--- nn.io.parse_csv(text [, {delimiter = ",", header = "auto", missing = "error", types, columns}])
--- -> table: nn.io.load_csv for a string.
io.parse_csv = csv.parse

--- nn.io.save_csv(path, t [, {names, delimiter = ","}]) -> true, or nil and a message if the system
--- refuses. t: a tensor [N] or [N,K] (without names there is no header), a table of load_csv, or a
--- list of {name, tensor [N] or list of strings}. Numbers read back as the same ones.
io.save_csv = csv.save

--- nn.io.load_image_folder(dir) -> images uint8 [N,C,H,W], labels int64 [N], classes: the PNG files
--- of the folder's sub-folders, which name the classes; both sorted by the bytes of their names. Or
--- nil and a message if the folder is missing. Raises if there is no image, or one of another size.
io.load_image_folder = image_folder.load

return io

-- bad_files.lua - damaged files of every format: the message says which file, what, and where.

local nn = require "nnlua"

local io_open = io.open

-- A call of `load` on a file NAME that holds `bytes`.
local function reading(load, name, bytes)
  return function(folder)
    local path = folder .. "/" .. name
    local file = assert(io_open(path, "wb"))
    assert(file:write(bytes))
    assert(file:close())
    return load(path)
  end
end

-- The bytes that `save` writes of `value`.
local function saved(save, value)
  local path = os.tmpname()
  assert(save(path, value))
  local file <close> = assert(io_open(path, "rb"))
  local bytes = file:read("a")
  os.remove(path)
  return bytes
end

local function npy(dictionary, data)
  return "\x93NUMPY\1\0" .. ("<s2"):pack(dictionary .. "\n") .. data
end

local function safetensors(header, data)
  return ("<s8"):pack(header) .. data
end

local function flip(bytes, at)
  return bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 255) .. bytes:sub(at + 1)
end

local load_npy, load_npz, load_csv = nn.io.load_npy, nn.io.load_npz, nn.io.load_csv
local load_png, read_idx, load_safetensors = nn.io.load_png, nn.io.read_idx, nn.io.load_safetensors

local array = saved(nn.io.save_npy, nn.ones(2, 3))
local archive = saved(nn.io.save_npz, {{"weight", nn.ones(20)}})
local picture = saved(nn.io.save_png, nn.zeros(4, 4))
local model = saved(nn.io.save_safetensors, {{"weight", nn.ones(2, 3)}})
local digits = saved(nn.io.save_idx, nn.zeros(3, 2, 2, {dtype = "uint8"}))

return {
  ["an NPY file of complex numbers"] = {
    reading(load_npy, "c.npy", npy("{'descr': '<c16', 'fortran_order': False, 'shape': (1,)}",
                                   ("x"):rep(16))),
    "c.npy", "descr", "'<c16'", "not supported"},
  ["an NPY file that would run code"] = {
    reading(load_npy, "o.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "c")),
    "o.npy", "descr", "'|O'"},
  ["an NPY file cut short"] = {
    reading(load_npy, "short.npy", array:sub(1, -2)),
    "short.npy", "F32 [2,3] (24 bytes)", "the file has 23"},
  ["an NPY header with a typo"] = {
    reading(load_npy, "typo.npy", npy("{'descr': '<f4', 'fortran': False, 'shape': (1,)}", "1234")),
    "typo.npy", "NPY header, byte 18", "'fortran_order'", "'fortran': False"},
  ["an NPZ archive with a flipped byte"] = {
    reading(load_npz, "flip.npz", flip(archive, 200)),
    "flip.npz", "entry 'weight.npy'", "CRC"},
  ["an NPZ archive cut short"] = {
    reading(load_npz, "short.npz", archive:sub(1, #archive // 2)), "short.npz", "zip archive"},
  ["a CSV file with a line too short"] = {
    reading(load_csv, "ragged.csv", "a,b,c\n1,2,3\n4,5\n"),
    "ragged.csv", "line 3", "2 cells", "expected 3"},
  ["a word in a column of numbers"] = {
    function(folder)
      local t = reading(load_csv, "word.csv", "age,height\n31,170\n45,tall\n")(folder)
      return t:tensor {"age", "height"}
    end,
    "word.csv", "'height'", "line 3", "'tall'"},
  ["an empty cell in a column of numbers"] = {
    reading(load_csv, "hole.csv", "age,height\n31,170\n,180\n"),
    "hole.csv", "line 3, column 1 ('age')", "empty", "nan"},
  ["a CSV file whose quote has no end"] = {
    reading(load_csv, "quote.csv", 'name,age\n"Ann,31\nBob,45\n'),
    "quote.csv", "line 2, column 1", "quote"},
  ["a PNG file cut short"] = {
    reading(load_png, "short.png", picture:sub(1, 50)), "short.png", "after 50 bytes"},
  ["a picture that is no PNG"] = {
    reading(load_png, "photo.png", "\xFF\xD8\xFF\xE0JFIF-------"), "photo.png", "not a PNG file"},
  ["an IDX file with a byte too many"] = {
    reading(read_idx, "long.idx", digits .. "x"),
    "long.idx", "3x2x2 (28 bytes)", "the file has 29"},
  ["an IDX file of an unknown type"] = {
    reading(read_idx, "type.idx", flip(digits, 3)), "type.idx", "0xf7", "expected 0x08"},
  ["a safetensors file whose offsets do not fit the shape"] = {
    reading(load_safetensors, "x.safetensors", safetensors(
      '{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}}', ("x"):rep(20))),
    "x.safetensors", "tensor 'w'", "[2,3]", "20 bytes"},
  ["a safetensors file cut short"] = {
    reading(load_safetensors, "short.safetensors", model:sub(1, -2)),
    "short.safetensors", "24 bytes of data", "the file has 23"},
}

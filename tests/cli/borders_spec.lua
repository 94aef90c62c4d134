-- borders_spec.lua - files that cross to other programs: ours read by NumPy, zlib and safetensors

local support = require "tests.cli.support"

local quote = support.quote

-- Writes a file of every format into the folder that it is given.
local WRITE = [=[
local nn = require "nnlua"
local folder = arg[1] .. "/"
local list = {
  {"bool", nn.tensor({true, false, true}, {dtype = "bool"})},
  {"uint8", nn.tensor({{0, 255}, {7, 8}}, {dtype = "uint8"})},
  {"int64", nn.tensor({math.mininteger, math.maxinteger, 0}, {dtype = "int64"})},
  {"float32", (nn.arange(6):reshape(2, 3) / 8):t()},
  {"float64", nn.tensor(0.1, {dtype = "float64"})},
  {"none", nn.zeros(0, 3)},
}
for _, pair in ipairs(list) do assert(nn.io.save_npy(folder .. pair[1] .. ".npy", pair[2])) end
assert(nn.io.save_npy(folder .. "float32.npy.gz", list[4][2]))
assert(nn.io.save_npz(folder .. "stored.npz", list))
assert(nn.io.save_npz(folder .. "deflated.npz", list, {compress = true}))
assert(nn.io.save_npz(folder .. "empty.npz", {}))
assert(nn.io.save_safetensors(folder .. "model.safetensors", list, {epoch = "6"}))
for channels = 1, 4 do
  local x = (nn.arange(channels * 35) * 7 % 256):to("uint8"):reshape(channels, 5, 7)
  assert(nn.io.save_png(folder .. channels .. ".png", x))
end
assert(nn.io.save_idx(folder .. "int.idx.gz",
  nn.tensor({{-1, 2}, {3, 2147483647}}, {dtype = "int64"})))
assert(nn.io.save_csv(folder .. "table.csv", {
  {"x", nn.tensor({0.1, 1 / 3, -1e300, 5e-324}, {dtype = "float64"})},
  {"text", {"a,b", 'say "x"', "1\n2", ""}},
}))
]=]

-- Reads what Python wrote.
local READ = [=[
local nn = require "nnlua"
local folder = arg[1] .. "/"
local dict, metadata = assert(nn.io.load_safetensors(folder .. "python.safetensors"))
print(metadata.k, dict.w, dict["ü"])
for i, pair in ipairs(assert(nn.io.load_npz(folder .. "python.npz"))) do
  print(pair[1], pair[2]:dtype(), "[" .. table.concat(pair[2]:shape(), ",") .. "]")
  assert(pair[2] == nn.io.load_npy(folder .. pair[1] .. ".npy"))
end
]=]

describe("a file of nnlua", function()
  it("is read by Python, and Python's by nnlua", function()
    local folder = support.folder()
    finally(function() support.remove(folder) end)
    local function run(script)
      local path = support.write_file(folder .. "/script.lua", script)
      local result = support.run(quote(path) .. " " .. quote(folder))
      assert.equal("", result.stderr)
      return result.stdout
    end
    run(WRITE)
    local result = support.shell("PYTHONPATH=build/python /usr/bin/python3 tests/cli/borders.py "
      .. quote(folder))
    assert.equal("", result.stderr)
    assert.equal("npy\nnpz\npng\nidx\ncsv\nsafetensors\n", result.stdout)
    assert.equal([[
v	  0.  1.  2.  3.
[float64 4]	  true
[bool 1]
bool	bool	[3]
uint8	uint8	[2,2]
int64	int64	[3]
float32	float32	[3,2]
float64	float64	[]
none	float32	[0,3]
]], run(READ))
  end)
end)

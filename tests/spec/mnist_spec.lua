-- mnist_spec.lua - the loader returns MNIST or one of its kin, or says what is wrong.
--
-- The real files are read where they are at hand; the faults are played with made-up folders.

local lfs = require "lfs"
local nn = require "nnlua"
local support = require "tests.spec.support"

-- luacheck: ignore 122 (os.getenv is replaced, to move $NNLUA_DATA)

local NAMES = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
               "t10k-labels-idx1-ubyte"}
local real_getenv = os.getenv
local start = assert(lfs.currentdir())
local mnist = nn.data.mnist -- loaded while LUA_PATH, relative to this folder, still holds
local folder

local function write(path, bytes)
  local file <close> = assert(io.open(path, "wb"))
  file:write(bytes)
end

local function with_data(path)
  os.getenv = function(name)
    if name == "NNLUA_DATA" then
      return path
    end
    return real_getenv(name)
  end
end

-- The folder of the real files, or nil.
local function real_folder()
  for _, path in ipairs {real_getenv("NNLUA_DATA") or "", start .. "/data/mnist",
                         start .. "/../shared/mnist"} do
    local found = 0
    for _, name in ipairs(NAMES) do
      if lfs.attributes(path .. "/" .. name) or lfs.attributes(path .. "/" .. name .. ".gz") then
        found = found + 1
      end
    end
    if found == #NAMES then
      return path
    end
  end
end

before_each(function()
  folder = os.tmpname()
  os.remove(folder)
  assert(lfs.mkdir(folder))
end)

after_each(function()
  os.getenv = real_getenv
  assert(lfs.chdir(start))
  for name in lfs.dir(folder) do
    os.remove(folder .. "/" .. name)
  end
  assert(lfs.rmdir(folder))
end)

describe("data.mnist", function()
  local dir = real_folder()
  local it_with_files = dir and it or function() end
  it_with_files("reads the first images and labels in file order", function()
    local set = assert(mnist {train = 6, test = 5, dir = dir})
    assert.equal("mnist", set.source)
    assert.same({"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, set.classes)
    assert.same({6, 28, 28}, set.train.images:shape())
    assert.equal("uint8", set.train.images:dtype())
    assert.equal("int64", set.train.labels:dtype())
    -- the files begin 5 0 4 1 9 2 and 7 2 1 0 4
    assert.same({6, 1, 5, 2, 10, 3}, set.train.labels:totable())
    assert.same({8, 3, 2, 1, 5}, set.test.labels:totable())
    -- the first training digit, a 5, has 166 pixels with ink that add up to 27,525 (NumPy)
    assert.equal(27525, set.train.images[1]:to("int64"):sum():item())
    assert.equal(166, set.train.images[1]:gt(0):sum():item())

    with_data(dir)
    assert(lfs.chdir(folder))
    local found = assert(mnist {train = 0, test = 5})
    assert.truthy(found.test.images == set.test.images)
    assert.same({0, 28, 28}, found.train.images:shape())
  end)

  it("says what to run where the files are nowhere", function()
    with_data(nil)
    assert(lfs.chdir(folder))
    local set, message = mnist {train = 10, test = 10}
    assert.is_nil(set)
    for _, part in ipairs {"data/mnist", "../shared/mnist", "data/fetch"} do
      assert.truthy(message:find(part, 1, true), message)
    end
    with_data(folder .. "/elsewhere")
    set, message = mnist()
    assert.is_nil(set)
    assert.truthy(message:find(folder .. "/elsewhere", 1, true), message)
  end)

  it("names a given folder that is missing or incomplete, and looks nowhere else", function()
    support.raises({"dir", "data.mnist", "/nonexistent", NAMES[1]}, mnist,
                   {dir = "/nonexistent"})
    for i = 1, 3 do
      write(folder .. "/" .. NAMES[i] .. (i == 2 and ".gz" or ""), "")
    end
    support.raises({"dir", folder, NAMES[4]}, mnist, {dir = folder})
  end)

  it("refuses files that are not MNIST's", function()
    -- valid IDX files of one black image each: only their hashes are wrong
    for i, name in ipairs(NAMES) do
      local idx = i % 2 == 1 and string.pack(">I4I4I4I4", 0x803, 1, 28, 28) .. ("\0"):rep(784)
                  or string.pack(">I4I4", 0x801, 1) .. "\0"
      write(folder .. "/" .. name, idx)
    end
    support.raises({folder .. "/" .. NAMES[1]}, mnist, {train = 1, test = 1, dir = folder})
    with_data(folder)
    support.raises({folder .. "/" .. NAMES[1]}, mnist, {train = 1, test = 1})
  end)

  it("raises for counts that MNIST does not have, and unknown options", function()
    support.raises({"train", "data.mnist", "60000", "60001"}, mnist, {train = 60001})
    support.raises({"test", "10000", "-1"}, mnist, {test = -1})
    support.raises({"test", "0.5"}, mnist, {test = 0.5})
    support.raises({"trian", "train"}, mnist, {trian = 5})
    support.raises({"dir", "number"}, mnist, {dir = 5})
  end)
end)

describe("data.fashion_mnist and data.kmnist", function()
  local core = require "nnlua.core"
  local sha256 = core.io.sha256
  local load = {fashion_mnist = nn.data.fashion_mnist, kmnist = nn.data.kmnist}
  local sums = {}
  for key in pairs(load) do
    sums[key] = {}
    for line in io.lines(start .. "/data/" .. key .. ".sha256") do
      local sum, name = line:match("^(%x+)  (%S+)%.gz$")
      sums[key][name] = sum
    end
  end
  after_each(function() core.io.sha256 = sha256 end)

  -- IDX files of two black images and two labels, 3 and 9; the hash of file i is made out to be
  -- what the list in data/ says.
  local function make(key)
    local hashes = {}
    for i, name in ipairs(NAMES) do
      local idx = i % 2 == 1 and string.pack(">I4I4I4I4", 0x803, 2, 28, 28) .. ("\0"):rep(1568)
                  or string.pack(">I4I4", 0x801, 2) .. "\3\9"
      write(folder .. "/" .. name .. ".gz", idx)
      hashes[i] = sums[key][name]
    end
    local i = 0
    core.io.sha256 = function()
      i = i + 1
      return hashes[i]
    end
  end

  it("reads the files whose sums data/ lists", function()
    for _, key in ipairs {"fashion_mnist", "kmnist"} do
      make(key)
      local set = load[key] {train = 2, test = 1, dir = folder}
      assert.equal(key, set.source)
      assert.equal(10, #set.classes)
      assert.same({2, 28, 28}, set.train.images:shape())
      assert.same({4}, set.test.labels:totable())
    end
    make("kmnist")
    assert.equal("ki", load.kmnist({dir = folder, train = 0, test = 0}).classes[2])
  end)

  it("refuses other files", function()
    make("kmnist")
    core.io.sha256 = sha256
    support.raises({"data.kmnist", folder .. "/" .. NAMES[1] .. ".gz", sums.kmnist[NAMES[1]]},
                   load.kmnist, {dir = folder})
  end)

  it("says what is missing and how to get it", function()
    with_data(folder)
    assert(lfs.chdir(folder))
    local set, message = load.fashion_mnist()
    assert.is_nil(set)
    assert.truthy(message:find(folder .. "/fashion_mnist", 1, true), message)
    assert.truthy(message:find("run data/fetch fashion_mnist to get them", 1, true), message)
    support.raises({"dir", "data.kmnist", "no " .. NAMES[1] .. ".gz"}, load.kmnist, {dir = folder})
    support.raises({"train", "data.kmnist", "60001"}, load.kmnist, {train = 60001})
  end)
end)

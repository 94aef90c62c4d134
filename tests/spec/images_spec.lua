-- images_spec.lua - PNG files, folders of them by class, and writing IDX

local nn = require "nnlua"
local support = require "tests.spec.support"

local raises = support.raises
local folder, paths

-- A path in this spec's own folder; the file or folder is removed afterwards.
local function path(name)
  paths[#paths + 1] = folder .. "/" .. name
  return paths[#paths]
end

local function write(name, bytes)
  local full = path(name)
  local file <close> = assert(io.open(full, "wb"))
  assert(file:write(bytes))
  return full
end

local function read(full)
  local file <close> = assert(io.open(full, "rb"))
  return file:read("a")
end

before_each(function()
  folder, paths = os.tmpname(), {}
  os.remove(folder)
  assert(nn.io.mkdir_p(folder))
end)

after_each(function()
  for i = #paths, 1, -1 do os.remove(paths[i]) end
  assert(os.remove(folder))
end)

local function image(channels, height, width, first)
  local n = channels * height * width
  return ((nn.arange(n) * 7 + (first or 0)) % 256):to("uint8"):reshape(channels, height, width)
end

local function crc32(bytes)
  local crc = 0xFFFFFFFF
  for i = 1, #bytes do
    crc = crc ~ bytes:byte(i)
    for _ = 1, 8 do crc = crc >> 1 ~ (0xEDB88320 & -(crc & 1)) end
  end
  return crc ~ 0xFFFFFFFF
end

local function chunk(name, data)
  return (">I4"):pack(#data) .. name .. data .. (">I4"):pack(crc32(name .. data))
end

local function adler32(bytes)
  local a, b = 1, 0
  for i = 1, #bytes do
    a = (a + bytes:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return b << 16 | a
end

-- A PNG made by hand: rows, filter bytes included, in one stored deflate block.
local function png(width, height, depth, colour, rows, options)
  options = options or {}
  local header = (">I4I4BBBBB"):pack(width, height, depth, colour, 0, 0, options.interlace or 0)
  local data = "\x78\1\1" .. ("<I2I2"):pack(#rows, #rows ~ 0xFFFF) .. rows
    .. (">I4"):pack(adler32(rows))
  return "\x89PNG\r\n\26\n" .. chunk("IHDR", header) .. (options.before or "")
    .. chunk("IDAT", data) .. chunk("IEND", "")
end

describe("PNG", function()
  it("brings back bytes of 1 to 4 channels", function()
    for channels = 1, 4 do
      local x = image(channels, 3, 5)
      local full = path("x.png")
      assert.is_true(nn.io.save_png(full, x))
      support.equal(nn.io.load_png(full), x)
    end
    assert.is_true(nn.io.save_png(path("y.png"), image(1, 4, 3)[1]:t()))
    support.equal(nn.io.load_png(path("y.png")), image(1, 4, 3)[1]:t():reshape(1, 3, 4))
  end)

  it("takes floats of 0 to 1", function()
    local full = path("x.png")
    assert.is_true(nn.io.save_png(full, nn.tensor {{0, 0.5, 1}}))
    assert.same({{{0, 128, 255}}}, nn.io.load_png(full):totable())
    raises({"the image holds 1.5, expected values in 0..1"}, nn.io.save_png, full,
           nn.tensor {{1.5}})
    raises({"0..1"}, nn.io.save_png, full, nn.tensor {{0 / 0}})
  end)

  it("expands small depths and palettes, scales 16 bits, orders interlaced rows", function()
    local function load(...) return nn.io.load_png(write("x.png", png(...))):totable() end
    assert.same({{{0, 255, 255}}}, load(3, 1, 1, 0, "\0\x60"))
    assert.same({{{0, 85, 170, 255}}}, load(4, 1, 2, 0, "\0\x1B"))
    assert.same({{{255, 1}}}, load(2, 1, 16, 0, "\0\xFF\xFF\1\1"))
    assert.same({{{10, 40}}, {{20, 50}}, {{30, 60}}}, load(2, 1, 8, 3, "\0\0\1", {
      before = chunk("PLTE", "\10\20\30\40\50\60")}))
    assert.same({{{10, 40}}, {{20, 50}}, {{30, 60}}, {{0, 255}}}, load(2, 1, 8, 3, "\0\0\1", {
      before = chunk("PLTE", "\10\20\30\40\50\60") .. chunk("tRNS", "\0")}))
    -- Adam7: pass 1 has pixel (0,0), pass 6 (0,1), pass 7 the second row.
    assert.same({{{1, 2}, {3, 4}}}, load(2, 2, 8, 0, "\0\1\0\2\0\3\4", {interlace = 1}))
  end)

  it("that is damaged is refused, and why", function()
    local good = png(2, 2, 8, 0, "\0\1\2\0\3\4")
    assert.same({{{1, 2}, {3, 4}}}, nn.io.load_png(write("x.png", good)):totable())
    raises({"x.png", "ends within the PNG data, after 60 bytes"}, nn.io.load_png,
           write("x.png", good:sub(1, 60)))
    raises({"x.png", "the PNG data is damaged (IDAT"}, nn.io.load_png,
           write("x.png", good:sub(1, 50) .. "\xFF" .. good:sub(52)))
    raises({"not a PNG file"}, nn.io.load_png, write("x.png", "hello, world"))
    raises({"PNG header says 60000x60000 pixels"}, nn.io.load_png,
           write("x.png", png(60000, 60000, 8, 0, "\0\1")))
    raises({"damaged (Invalid IHDR data)"}, nn.io.load_png,
           write("x.png", png(70000, 1, 8, 0, "\0\1")))
    local x, message = nn.io.load_png(folder .. "/none.png")
    assert.is_nil(x)
    assert.is_truthy(message:find("none.png': No such file", 1, true))
  end)

  it("raises for tensors that are no image", function()
    local full = path("x.png")
    raises({"[5,2,2]", "C = 1"}, nn.io.save_png, full, image(5, 2, 2))
    raises({"[3]", "expected [H,W] or [C,H,W]"}, nn.io.save_png, full, nn.zeros(3))
    raises({"[0,2]", "1 to 65535 pixels"}, nn.io.save_png, full, nn.zeros(0, 2))
    raises({"the image is int64"}, nn.io.save_png, full, nn.zeros(2, 2, {dtype = "int64"}))
    local ok, message = nn.io.save_png(folder .. "/none/x.png", nn.zeros(2, 2))
    assert.is_nil(ok)
    assert.is_truthy(message:find("No such file", 1, true))
  end)

  it("leaves nothing behind when memory is out", function()
    local full = path("x.png")
    local x = nn.rand(3, 4, 5)
    assert.is_true(nn.io.save_png(full, x))
    for _, run in ipairs {
      function() nn.io.load_png(full) end, function() nn.io.save_png(full, x) end,
    } do
      assert.is_true(support.failing_allocations(run) > 5)
    end
  end)
end)

describe("nn.io.load_image_folder", function()
  local function save(name, x) assert(nn.io.save_png(path(name), x)) end

  it("gives images, labels and classes in the order of their bytes", function()
    for _, name in ipairs {"b", "B", "a"} do assert(nn.io.mkdir_p(path(name))) end
    save("b/2.png", image(3, 2, 4, 1))
    save("b/10.PNG", image(3, 2, 4, 2))
    save("B/x.png", image(3, 2, 4, 3))
    write("b/notes.txt", "x")
    write("x.png", "not looked at")
    local images, labels, classes = nn.io.load_image_folder(folder)
    assert.same({"B", "a", "b"}, classes)
    assert.same({1, 3, 3}, labels:totable())
    assert.same({3, 3, 2, 4}, images:shape())
    assert.equal("int64", labels:dtype())
    support.equal(images[1], image(3, 2, 4, 3))
    support.equal(images[2], image(3, 2, 4, 2))
    support.equal(images[3], image(3, 2, 4, 1))
  end)

  it("names the file whose size differs, and both sizes", function()
    for _, name in ipairs {"a", "b"} do assert(nn.io.mkdir_p(path(name))) end
    save("a/1.png", image(1, 2, 2))
    save("b/1.png", image(1, 2, 3))
    raises({"b/1.png' is [1,2,3]", "a/1.png' is [1,2,2]"}, nn.io.load_image_folder, folder)
  end)

  it("says that there is nothing", function()
    raises({"has no sub-folder with PNG files"}, nn.io.load_image_folder, folder)
    local images, message = nn.io.load_image_folder(folder .. "/none")
    assert.is_nil(images)
    assert.is_truthy(message:find("none': No such file", 1, true))
    raises({"bad argument #1 to 'load_image_folder'"}, nn.io.load_image_folder, 3)
  end)
end)

describe("nn.io.save_idx", function()
  it("writes what read_idx reads, and the bytes that the format prescribes", function()
    for _, name in ipairs {"x.idx", "x.idx.gz"} do
      local full = path(name)
      for _, x in ipairs {
        image(2, 3, 4), nn.tensor({{1, -2}, {3, 1 << 30}}, {dtype = "int64"}):t(), nn.randn(3),
        nn.randn(2, 2, {dtype = "float64"}), nn.zeros(0, 3),
      } do
        assert.is_true(nn.io.save_idx(full, x))
        support.equal(nn.io.read_idx(full), x)
      end
    end
    assert.is_true(nn.io.save_idx(path("y"), nn.tensor({true, false}, {dtype = "bool"})))
    assert.equal("\0\0\8\1\0\0\0\2\1\0", read(path("y")))
    assert.is_true(nn.io.save_idx(path("y"), nn.tensor({-2}, {dtype = "int64"})))
    assert.equal("\0\0\12\1\0\0\0\1\xFF\xFF\xFF\xFE", read(path("y")))
  end)

  it("refuses what IDX cannot hold", function()
    raises({"holds 2147483648", "32 bits"}, nn.io.save_idx, path("x"),
           nn.tensor({2147483648}, {dtype = "int64"}))
    raises({"is []", "at least one dimension"}, nn.io.save_idx, path("x"), nn.tensor(1))
    local ok, message = nn.io.save_idx(folder .. "/none/x", nn.zeros(1))
    assert.is_nil(ok)
    assert.is_truthy(message:find("No such file", 1, true))
  end)
end)

-- Image transforms, against PyTorch's and SciPy's results for the same draws.

local nn = require "nnlua"
local support = require "tests.spec.support"

local t = nn.data.transforms
local recorded = support.fixture "transforms"
local images = support.tensor(recorded.x) -- float64 [2,2,6,9] of whole numbers 0..255

local MAKE = {
  random_affine = function(case, size)
    return t.random_affine {degrees = case.degrees, shear = case.shear, scale = case.scale,
                            translate = case.translate, fill = case.fill, size = size}
  end,
  random_shift = function(case, size)
    return t.random_shift {pixels = case.pixels, fill = case.fill, size = size}
  end,
  elastic = function(case, size)
    return t.elastic {alpha = case.alpha, sigma = case.sigma, fill = case.fill, size = size}
  end,
}
local NAMES = {"random_affine", "random_shift", "elastic"}

local function each(check)
  for _, name in ipairs(NAMES) do
    for i, case in ipairs(recorded[name]) do
      check(case, MAKE[name], name .. " " .. i)
    end
  end
end

describe("data.transforms", function()
  it("gives what PyTorch and SciPy give", function()
    each(function(case, make, label)
      local labels = nn.arange(1, 3)
      local y, kept = make(case)(images, labels, nn.Generator(case.seed))
      support.close(y, case.y, label, {rtol = 1e-11, atol = 1e-13})
      assert.equal(labels, kept)
      y = make(case)(images:to("float32"), nil, nn.Generator(case.seed))
      support.close(y, support.tensor(case.y, "float32"), label)
    end)
  end)

  it("rounds bytes", function()
    each(function(case, make, label)
      local y = make(case)(images:to("uint8"), nil, nn.Generator(case.seed))
      assert.equal("uint8", y:dtype())
      local apart = (y:to("float64") - support.tensor(case.y)):abs():max():item()
      assert.is_true(apart <= 0.5 + 1e-9, label)
    end)
  end)

  it("takes single images and rows of pixels, strided ones too, and leaves them as they are",
    function()
      each(function(case, make, label)
        local first = images[{{}, 1}]
        local expected = support.tensor(case.y)[{{}, 1}]
        local options = {rtol = 1e-11, atol = 1e-13}
        support.close(make(case)(first, nil, nn.Generator(case.seed)), expected, label, options)
        local rows = first:reshape(2, 54)
        support.close(make(case, {6, 9})(rows, nil, nn.Generator(case.seed)),
                      expected:reshape(2, 54), label, options)
        support.equal(images, recorded.x)
        assert.same({0, 6, 9}, make(case)(images[{{2, 1}, 1}]):shape())
      end)
    end)

  it("has the same bits for any number of threads", function()
    local threads = nn.get_num_threads()
    local many = nn.randint(0, 256, 40, 17, 23, {generator = nn.Generator(1), dtype = "uint8"})
      :to("float32")
    each(function(case, make, label)
      nn.set_num_threads(1)
      local one = make(case)(many, nil, nn.Generator(2))
      nn.set_num_threads(4)
      support.equal(make(case)(many, nil, nn.Generator(2)), one, label)
      nn.set_num_threads(threads)
    end)
  end)

  it("does nothing where nothing is asked for", function()
    support.equal(t.random_affine {}(images), images)
    support.equal(t.random_shift {pixels = 0}(images), images)
    support.equal(t.compose {}(images), images)
  end)

  it("turns clockwise, and moves down and right", function()
    local x = nn.tensor {{{1, 2}, {3, 4}}}
    support.close(t.random_affine {degrees = {90, 90}}(x), nn.tensor {{{3, 1}, {4, 2}}})
    local seen = {}
    local shift = t.random_shift {pixels = 1}
    local g = nn.Generator(1)
    for _ = 1, 100 do
      seen[table.concat(support.flat(shift(x, nil, g)), " ")] = true
    end
    assert.is_true(seen["0.0 0.0 0.0 1.0"] and seen["4.0 0.0 0.0 0.0"])
  end)

  it("survives huge displacements", function()
    local far = t.elastic {alpha = 1e300, sigma = 1}(images:to("uint8"))
    assert.equal("uint8", far:dtype())
  end)

  it("composes in order, passing y and the generator on", function()
    local log = {}
    local function step(name)
      return function(x, y, g)
        log[#log + 1] = name .. g
        return x + 1, y * 2
      end
    end
    local x, y = t.compose {step "a", step "b"}(1, 3, "g")
    assert.same({{"ag", "bg"}, 3, 12}, {log, x, y})
  end)

  it("adds noise that is normal, and cuts bytes to 0..255", function()
    local noisy = t.noise {std = 2}(nn.zeros(10000), nil, nn.Generator(3))
    support.equal(noisy, nn.randn(10000, {generator = nn.Generator(3)}) * 2)
    local bytes = t.noise {std = 300}(nn.full({100}, 128, {dtype = "uint8"}), nil, nn.Generator(3))
    assert.equal("uint8", bytes:dtype())
    local expected = (nn.randn(100, {generator = nn.Generator(3)}) * 300 + 128):round()
    support.equal(bytes:to("float32"), expected:clamp(0, 255))
  end)

  it("normalises, bytes as shares of 255, by channel too", function()
    local x = nn.tensor({{0, 255}, {51, 102}}, {dtype = "uint8"})
    local expected = nn.tensor {{-0.5, 2}, {0, 0.5}}
    support.close(t.normalize {mean = 0.2, std = 0.4}(x), expected)
    support.close(t.normalize {mean = 0.2, std = 0.4}(x:to("float64") / 255),
                  expected:to("float64"))
    local colour = nn.tensor({{{{0, 255}}, {{51, 102}}}}, {dtype = "uint8"})
    local by_channel = nn.tensor {{{{-0.5, 2}}, {{-1.5, -0.5}}}}
    support.close(t.normalize {mean = {0.2, 0.5}, std = {0.4, 0.2}}(colour), by_channel)
    support.close(t.normalize {mean = {0.2, 0.5}, std = {0.4, 0.2}}(colour:to("float32") / 255),
                  by_channel)
  end)

  it("raises where memory runs out, and leaks nothing", function()
    local core = require "nnlua.core"
    local bytes = images:to("uint8"):permute(1, 2, 4, 3)
    local all = t.compose {t.random_affine {degrees = 5}, t.elastic {alpha = 3, sigma = 1}}
    collectgarbage()
    collectgarbage()
    local before, failures = core.memory(), 0
    for n = 1, 100 do
      core.fail_allocation(n)
      local ok, message = pcall(all, bytes)
      core.fail_allocation(0)
      if ok then break end
      failures = failures + 1
      assert.truthy(tostring(message):find("not enough memory", 1, true))
    end
    assert.is_true(failures > 8 and failures < 100)
    collectgarbage()
    collectgarbage()
    assert.equal(before, (core.memory()))
  end)

  it("names what does not fit", function()
    support.raises({"random_affine", "[2,54]", "'size'"}, t.random_affine {}, images:reshape(4, 54)
      [{{1, 2}}])
    support.raises({"random_affine", "54 pixels", "5x9"}, t.random_affine {size = {5, 9}},
                   images:reshape(4, 54))
    support.raises({"'scale'", "random_affine"}, t.random_affine, {scale = {1.2, 0.8}})
    support.raises({"'degrees'", "ten"}, t.random_affine, {degrees = "ten"})
    support.raises({"'degrees'", "{true, 3}"}, t.random_affine, {degrees = {true, 3}})
    support.raises({"'pixels'", "1.5"}, t.random_shift, {pixels = 1.5})
    support.raises({"needs the option 'sigma'"}, t.elastic, {alpha = 3})
    support.raises({"sigma is 2000"}, t.elastic {alpha = 3, sigma = 2000}, images)
    support.raises({"fill is 300"}, t.random_shift {pixels = 1, fill = 300}, images:to("uint8"))
    support.raises({"images are int64"}, t.random_affine {}, images:to("int64"))
    support.raises({"normalize", "[2,2,6,9]", "[N,3,H,W]"},
                   t.normalize {mean = {1, 2, 3}, std = 1}, images)
    support.raises({"2 and 3 channels"}, t.normalize, {mean = {1, 2}, std = {1, 2, 3}})
    support.raises({"'std'"}, t.normalize, {mean = 0, std = 0})
    support.raises({"transform 2", "number"}, t.compose, {print, 5})
  end)
end)

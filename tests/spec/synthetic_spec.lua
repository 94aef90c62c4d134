-- synthetic_spec.lua - the digits drawn in place of MNIST: reproducible, balanced, told apart.

local nn = require "nnlua"
local support = require "tests.spec.support"
local synthetic = require "nnlua.data.synthetic"

local function counts(labels)
  local count = {}
  for _, label in ipairs(labels:totable()) do
    count[label] = (count[label] or 0) + 1
  end
  return count
end

describe("data.synthetic_digits", function()
  it("gives MNIST's structure, labelled as synthetic", function()
    local set = nn.data.synthetic_digits {train = 30, test = 20}
    assert.equal("synthetic", set.source)
    assert.same({"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, set.classes)
    for split, n in pairs {train = 30, test = 20} do
      assert.same({n, 28, 28}, set[split].images:shape())
      assert.equal("uint8", set[split].images:dtype())
      assert.same({n}, set[split].labels:shape())
      assert.equal("int64", set[split].labels:dtype())
    end
  end)

  it("gives the same bytes for the same seed, and others for another", function()
    local function draw(seed)
      return nn.data.synthetic_digits {train = 40, test = 10, seed = seed}
    end
    local a, b, c = draw(7), draw(7), draw(8)
    assert.truthy(a.train.images == b.train.images and a.train.labels == b.train.labels)
    assert.truthy(a.test.images == b.test.images and a.test.labels == b.test.labels)
    assert.falsy(a.train.images == c.train.images)
    assert.falsy(a.train.labels == c.train.labels)
  end)

  it("does not touch the default generator", function()
    nn.manual_seed(3)
    local expected = nn.rand(4)
    nn.manual_seed(3)
    nn.data.synthetic_digits {train = 10, test = 10}
    assert.truthy(nn.rand(4) == expected)
  end)

  it("balances and shuffles the labels", function()
    local set = nn.data.synthetic_digits {train = 205, test = 10, seed = 1}
    local count = counts(set.train.labels)
    for label = 1, 10 do
      assert.truthy(count[label] == 20 or count[label] == 21, "label " .. label)
      assert.equal(1, counts(set.test.labels)[label])
    end
    local sorted = set.train.labels:totable()
    local rises = 0
    for i = 2, #sorted do
      rises = rises + (sorted[i] == sorted[i - 1] % 10 + 1 and 1 or 0)
    end
    assert.truthy(rises < 60, "the classes come in turn") -- 20 of 204 expected by chance
  end)

  it("never draws a digit twice", function()
    local set = nn.data.synthetic_digits {train = 300, test = 100}
    local seen = {}
    for _, split in ipairs {set.train, set.test} do
      for _, image in ipairs(split.images:reshape(-1, 784):totable()) do
        local key = table.concat(image, ",")
        assert.is_nil(seen[key])
        seen[key] = true
      end
    end
  end)

  it("follows MNIST's convention: white ink on black, about 20 pixels, in the middle", function()
    local images = nn.data.synthetic_digits({train = 200, test = 0}).train.images
    for _, image in ipairs(images:totable()) do
      local mass, sum_x, sum_y, top, bottom, left, right = 0, 0, 0, 99, 0, 99, 0
      local white = 0
      for y, row in ipairs(image) do
        for x, v in ipairs(row) do
          mass, sum_x, sum_y = mass + v, sum_x + v * x, sum_y + v * y
          white = math.max(white, v)
          if v > 127 then
            top, bottom = math.min(top, y), math.max(bottom, y)
            left, right = math.min(left, x), math.max(right, x)
          end
        end
      end
      local side = math.max(bottom - top, right - left) + 1
      assert.truthy(side >= 15 and side <= 22, side)
      assert.truthy(white >= 200)
      -- the first 6,000 of MNIST: 3 to 34 % of the image's white, mass at pixel 15 of 28
      assert.truthy(mass > 0.02 * 784 * 255 and mass < 0.4 * 784 * 255)
      assert.truthy(math.abs(sum_x / mass - 15) < 2 and math.abs(sum_y / mass - 15) < 2)
    end
  end)

  it("draws digits that the nearest class mean tells apart", function()
    local set = nn.data.synthetic_digits {train = 1000, test = 300, seed = 5}
    local function rows(split)
      return split.images:reshape(-1, 784):to("float32")
    end
    local x, means = rows(set.train), {}
    for label = 1, 10 do
      means[label] = x[set.train.labels:eq(label)]:mean(1)
    end
    means = nn.stack(means, 1)
    -- |x - m|^2 = |x|^2 - 2 x m + |m|^2; |x|^2 is the same for every class
    local scores = rows(set.test):matmul(means:t()) * 2 - means:square():sum(2)
    local correct = scores:argmax(2):eq(set.test.labels):sum():item()
    -- 82 % of MNIST's test digits, 89 % of these in trials; chance is 10 %
    assert.truthy(correct > 0.8 * 300, correct)
    assert.truthy(correct < 300, "too easy to be handwriting")
  end)

  it("allows empty splits and raises for wrong options", function()
    local set = nn.data.synthetic_digits {train = 0, test = 0}
    assert.same({0, 28, 28}, set.train.images:shape())
    assert.same({0}, set.test.labels:shape())
    support.raises({"train", "data.synthetic_digits", "-1"}, nn.data.synthetic_digits, {train = -1})
    support.raises({"test", "2.5"}, nn.data.synthetic_digits, {test = 2.5})
    support.raises({"seed", "4294967296"}, nn.data.synthetic_digits, {seed = 1 << 32})
    support.raises({"sed", "seed"}, nn.data.synthetic_digits, {sed = 1})
  end)
end)

describe("synthetic.draw", function()
  it("depends on the given random numbers only, for every digit", function()
    for digit = 0, 9 do
      local function uniform(seed)
        local g = nn.Generator(seed)
        return function()
          return nn.rand(1, {generator = g, dtype = "float64"}):item()
        end
      end
      local image = synthetic.draw(digit, uniform(digit))
      assert.equal(784, #image)
      assert.equal(image, synthetic.draw(digit, uniform(digit)))
      assert.not_equal(image, synthetic.draw(digit, uniform(digit + 100)))
    end
  end)

  it("stays inside the image at the ends of the random range", function()
    for digit = 0, 9 do
      for _, u in ipairs {0.0, 0.5, 1 - 2 ^ -53} do
        local image = synthetic.draw(digit, function() return u end)
        assert.equal(784, #image)
        assert.truthy(image:find("\255"), "there is ink")
      end
    end
  end)
end)

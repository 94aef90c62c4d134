-- plot_points_spec.lua - points by class, and a model's view of the plane behind them.

local lfs = require "lfs"
local nn = require "nnlua"
local pictures = require "tests.spec.pictures"
local support = require "tests.spec.support"

local folder

before_each(function()
  folder = os.tmpname()
  os.remove(folder)
  assert(lfs.mkdir(folder))
end)

after_each(function()
  for name in lfs.dir(folder) do os.remove(folder .. "/" .. name) end
  assert(lfs.rmdir(folder))
end)

local POINTS = {{-1, -1}, {1, 1}, {1, -1}}

describe("plot.points", function()
  it("draws every class with its name, under title and labels", function()
    local path = folder .. "/points.svg"
    assert(nn.plot.points(path, {points = nn.tensor(POINTS), labels = {1, 2, 1},
                                 classes = {"zero", "one", "none of them"}, title = "A title",
                                 xlabel = "across", ylabel = "up"}))
    local file <close> = assert(io.open(path))
    local text = file:read("a")
    for _, shown in ipairs {"zero", "one", "none of them", "A title", "across", "up"} do
      assert.truthy(text:find(shown, 1, true), shown)
    end
  end)

  it("takes points without labels, that are not finite, or all the same", function()
    assert(nn.plot.points(folder .. "/a.png", {points = POINTS}))
    assert(nn.plot.points(folder .. "/b.png", {points = {{0 / 0, 1}, {1, math.huge}}}))
    assert(nn.plot.points(folder .. "/c.png", {points = {{2, 2}, {2, 2}}, x_range = {0, 3}}))
  end)

  it("colours points by their values and sizes them by area", function()
    local path = folder .. "/v.png"
    assert(nn.plot.points(path, {points = {{0, 0}, {1, 1}, {2, 0}}, values = {0, 5, 10},
                                 sizes = {1, 0, 4}, value_label = "value"}))
    local png = pictures.png(path)
    -- the ends of the colour map; above them in the same columns there is nothing, but the colour
    -- bar stands at the right
    local low, high = png:areas("#440154", 3)[1], png:areas("#fde725", 3)[1]
    assert.near(2, (high.right - high.left) / (low.right - low.left), 0.15)
    assert.truthy(low.right < high.left)
    local bar = png:areas("#440154", 3)[2]
    assert.truthy(bar.left > high.right and bar.bottom > png.height / 2)
    assert(nn.plot.points(folder .. "/v.svg", {points = {{0, 0}, {2, 0}}, values = {0, 10},
                                               sizes = {1, 4}, value_label = "value",
                                               size_label = "weight"}))
    pictures.shows(folder .. "/v.svg", "value", "area: weight, up to 4", "10")
  end)

  it("raises for wrong arguments and writes nothing", function()
    local path = folder .. "/x.png"
    support.raises({"bad option 'values'", "2 values of 3 points"}, nn.plot.points, path,
                   {points = POINTS, values = {1, 2}})
    support.raises({"bad option 'values'", "labels"}, nn.plot.points, path,
                   {points = POINTS, values = {1, 2, 3}, labels = {1, 1, 1}})
    support.raises({"bad option 'colormap'", "viridis", "jet"}, nn.plot.points, path,
                   {points = POINTS, values = {1, 2, 3}, colormap = "jet"})
    support.raises({"bad option 'points' to 'plot.points'", "[n,2] expected, got [1,3]"},
                   nn.plot.points, path, {points = {{1, 2, 3}}})
    support.raises({"bad option 'labels'", "2 labels of 3 points"}, nn.plot.points, path,
                   {points = POINTS, labels = {1, 2}})
    support.raises({"label 0.0 in row 2"}, nn.plot.points, path,
                   {points = POINTS, labels = {1, 0, 1}})
    support.raises({"bad option 'classes'"}, nn.plot.points, path,
                   {points = POINTS, labels = {1, 2, 1}, classes = {"one"}})
    support.raises({"unknown option 'label'", "labels"}, nn.plot.points, path,
                   {points = POINTS, label = {}})
    assert.is_nil(lfs.attributes(path))
  end)
end)

describe("plot.decision_boundary", function()
  it("colours the plane by the model's probabilities, left and right, up and down", function()
    -- class 1 at the left, 2 at the right below, 3 at the right above
    local function model(x)
      assert.same({20 * 20, 2}, x:shape())
      assert.equal("float64", x:dtype())
      local right, up = x[{{}, 1}]:gt(0):to("float64"), x[{{}, 2}]:gt(0):to("float64")
      return nn.stack({1 - right, right * (1 - up), right * up}, 2) * 100
    end
    local path = folder .. "/plane.png"
    assert(nn.plot.decision_boundary(path, model, {
      points = nn.tensor(POINTS, {dtype = "float64"}), x_range = {-5, 5}, y_range = {-5, 5},
      resolution = 20}))
    local png, at = pictures.png(path), {}
    for i, place in ipairs {{0.3, 0.7}, {0.3, 0.2}, {0.8, 0.7}, {0.8, 0.2}} do
      at[i] = png:at(place[1] * png.width // 1, place[2] * png.height // 1)
    end
    local function pale(r, g, b)
      local c = {}
      for i, v in ipairs {r, g, b} do c[i] = math.floor(255 - 0.45 * (255 - v) + 0.5) end
      return c
    end
    assert.same({pale(0, 114, 178), pale(0, 114, 178), pale(213, 94, 0), pale(0, 158, 115)}, at)
  end)

  it("takes modules and the scores of two classes, and records nothing", function()
    local model = nn.Sequential(nn.Linear(2, 1))
    assert(nn.plot.decision_boundary(folder .. "/a.png", model, {points = POINTS, resolution = 5}))
    assert(nn.plot.decision_boundary(folder .. "/b.png", function(x)
      assert.is_false(nn.is_grad_enabled())
      return x[{{}, 1}]
    end, {points = POINTS, labels = {1, 1, 2}, resolution = 5}))
  end)

  it("raises for what gives no scores", function()
    local path = folder .. "/x.png"
    support.raises({"bad argument #2 to 'plot.decision_boundary'", "model expected, got nil"},
                   nn.plot.decision_boundary, path, nil, {points = POINTS})
    support.raises({"it gives [3], expected scores [25,C]"}, nn.plot.decision_boundary, path,
                   function() return nn.ones(3) end, {points = POINTS, resolution = 5})
    support.raises({"it gives a number"}, nn.plot.decision_boundary, path,
                   function() return 1 end, {points = POINTS, resolution = 5})
    assert.is_nil(lfs.attributes(path))
  end)
end)

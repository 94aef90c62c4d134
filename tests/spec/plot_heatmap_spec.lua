-- plot_heatmap_spec.lua - matrices as colours: heat maps, confusion matrices, filters.

local nn = require "nnlua"
local heatmap = require "nnlua.plot.heatmap"
local pictures = require "tests.spec.pictures"
local support = require "tests.spec.support"

local plot = nn.plot

local folder

before_each(function() folder = pictures.folder() end)
after_each(function() pictures.remove(folder) end)

describe("plot.heatmap", function()
  it("shows the first row on top, zero white, negative values blue, positive ones red", function()
    local path = folder .. "/a.png"
    assert.is_true(plot.heatmap(path, {values = {{-1, 0}, {0, 1}}}))
    local png = pictures.png(path)
    local blue, red = png:areas("#053061", 4), png:areas("#67001f", 4)
    -- the largest areas: others are the ends of the colour bar
    assert.truthy(blue[1].count > 20000 and red[1].count > 20000)
    assert.truthy(blue[1].right < red[1].left and blue[1].bottom < red[1].top)
  end)

  it("writes numbers, the names of rows, columns and axes, and the scale", function()
    local path = folder .. "/a.svg"
    assert.is_true(plot.heatmap(path, {
      values = {{0.5, 12.25}, {-3, 0 / 0}}, numbers = true, row_labels = {"up", "down"},
      column_labels = {"left", "right"}, title = "A title", xlabel = "across", ylabel = "along",
      value_label = "amount"}))
    pictures.shows(path, "0.50", "12.25", "−3.00", "nan", "up", "down", "left", "right", "A title",
                   "across", "along", "amount", "−10", "10")
  end)

  it("writes in black or white, whichever has more contrast, 4.5 to 1 or more", function()
    assert.equal("#000000", heatmap.ink("\255\255\255"))
    assert.equal("#ffffff", heatmap.ink("\0\0\0"))
    -- WCAG 2.1's own example of enough: #767676 on white has 4.54 to 1
    assert.equal("#ffffff", heatmap.ink("\x70\x70\x70"))
    assert.equal("#000000", heatmap.ink("\x80\x80\x80"))
  end)

  it("draws one cell, a row, a thousand columns, numbers that are not finite", function()
    for i, values in ipairs {{{3}}, nn.zeros(1, 5), nn.rand(2, 1000),
                             {{0 / 0, 1 / 0}, {-1 / 0, 1e308}}} do
      assert.is_true(plot.heatmap(("%s/%d.svg"):format(folder, i), {values = values}))
    end
  end)

  it("raises for wrong arguments", function()
    local function wrong(patterns, options)
      support.raises(patterns, plot.heatmap, folder .. "/a.svg", options)
    end
    wrong({"values", "plot.heatmap", "nothing"}, {})
    wrong({"values", "row 2 has 1 columns"}, {values = {{1, 2}, {1}}})
    wrong({"row_labels", "1 strings", "2"}, {values = {{1}}, row_labels = {"a", "b"}})
    wrong({"colormap", "diverging", "jet"}, {values = {{1}}, colormap = "jet"})
    wrong({"numbers", "%.2f", "number"}, {values = {{1}}, numbers = 2})
    wrong({"numbers", "%.2f", "%q%"}, {values = {{1}}, numbers = "%q%"})
    wrong({"range", "lo < hi"}, {values = {{1}}, range = {1, 1}})
  end)
end)

describe("plot.confusion", function()
  it("shows counts and shares of the rows, with the names of a ConfusionMatrix", function()
    local m = nn.metrics.ConfusionMatrix {"cat", "dog", "emu"}
    m:update(nn.tensor({1, 1, 2, 2, 2}, {dtype = "int64"}),
             nn.tensor({1, 1, 1, 2, 2}, {dtype = "int64"}))
    local path = folder .. "/a.svg"
    assert.is_true(plot.confusion(path, {matrix = m, title = "Pets"}))
    local texts = table.concat(pictures.texts(path), "|")
    -- row by row: two of three cats, one of them taken for a dog; two of two dogs; no emus
    assert.truthy(texts:find("2|66.7%|1|33.3%|0|0|2|100%|0|0|0|0", 1, true), texts)
    pictures.shows(path, "cat", "dog", "emu", "Pets", "true class", "predicted class")
  end)

  it("says 100% and 0% only of all and of nothing", function()
    local path = folder .. "/a.svg"
    assert.is_true(plot.confusion(path, {matrix = {{99999, 1}, {0, 5}}}))
    pictures.shows(path, "99.9%", "0.1%", "100%", "99999")
  end)

  it("colours a row by its shares, and one without samples grey", function()
    local path = folder .. "/a.png"
    assert.is_true(plot.confusion(path, {matrix = {{5, 0}, {0, 0}}}))
    local png = pictures.png(path)
    assert.truthy(png:areas("#08306b")[1].count > 10000)
    assert.truthy(png:areas("#cccccc")[1].count > 20000)
  end)

  it("raises for what is no matrix of counts", function()
    local function wrong(patterns, options)
      support.raises(patterns, plot.confusion, folder .. "/a.svg", options)
    end
    wrong({"matrix", "plot.confusion", "nothing"}, {})
    wrong({"matrix", "square", "[1,2]"}, {matrix = {{1, 2}}})
    wrong({"matrix", "counts", "[1,2] is -1.0"}, {matrix = {{1, -1}, {0, 0}}})
    wrong({"matrix", "counts", "0.5"}, {matrix = {{0.5}}})
    wrong({"classes", "2 strings", "1"}, {matrix = {{1, 2}, {0, 0}}, classes = {"a"}})
  end)
end)

describe("plot.filters", function()
  it("shows the units of a dense layer and the filters of a convolution", function()
    local path = folder .. "/a.svg"
    assert.is_true(plot.filters(path, {weights = nn.Linear(12, 5), height = 3, title = "Dense"}))
    pictures.shows(path, "1", "5", "Dense", "weight")
    assert.is_true(plot.filters(path, {weights = nn.Conv2d(3, 40, 5).weight}))
    pictures.shows(path, "1.1", "21.3", "(21 of 40 filters, 3 of 3 channels)")
  end)

  it("shows a unit's weights row after row", function()
    local path = folder .. "/a.png"
    assert.is_true(plot.filters(path, {weights = nn.tensor {{1, 1, 1, 1, -1, 1}}, width = 3}))
    local dark = pictures.png(path):areas("#053061", 4)[1] -- the only negative weight
    local red = pictures.png(path):areas("#67001f", 4)[1]
    assert.near(dark.left + dark.right, red.left + red.right, 8) -- in the middle
    assert.truthy(dark.bottom >= red.bottom - 4)                 -- of the lower row
  end)

  it("raises for what is no image", function()
    local function wrong(patterns, options)
      support.raises(patterns, plot.filters, folder .. "/a.svg", options)
    end
    wrong({"weights", "plot.filters", "nil"}, {})
    wrong({"weights", "[3]"}, {weights = nn.zeros(3)})
    wrong({"weights", "empty"}, {weights = nn.zeros(0, 4)})
    wrong({"height", "12 weights", "5 x 2"}, {weights = nn.zeros(2, 12), height = 5})
    wrong({"height", "12 weights", "name them"}, {weights = nn.zeros(2, 12)})
    wrong({"height", "[2,1,3,3]"}, {weights = nn.zeros(2, 1, 3, 3), height = 3})
    wrong({"labels", "2 strings"}, {weights = nn.zeros(2, 4), labels = {"a"}})
  end)
end)

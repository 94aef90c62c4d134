-- plot_bars_spec.lua - bars are as high as their values, histograms count what NumPy counts.

local nn = require "nnlua"
local bins = require "nnlua.plot.bins"
local pictures = require "tests.spec.pictures"
local support = require "tests.spec.support"

local plot = nn.plot
local BLUE, ORANGE = "#0072b2", "#d55e00"

local folder

before_each(function() folder = pictures.folder() end)
after_each(function() pictures.remove(folder) end)

describe("plot.bars", function()
  it("draws bars at equal distances, as high as the values, negative ones downwards", function()
    local path = folder .. "/a.png"
    assert.is_true(plot.bars(path, {values = {4, -2, 0 / 0, 1}, labels = {"a", "b", "c", "d"}}))
    local bars = pictures.png(path):areas(BLUE)
    assert.equal(3, #bars)
    local zero, unit = bars[1].bottom, (bars[1].bottom - bars[1].top) / 4
    assert.truthy(unit > 50)
    assert.near(zero, bars[2].top, 4)
    assert.near(2 * unit, bars[2].bottom - zero, 4)
    assert.near(zero, bars[3].bottom, 4)
    assert.near(unit, bars[3].bottom - bars[3].top, 4)
    -- the third is a gap
    assert.near(2 * (bars[2].left - bars[1].left), bars[3].left - bars[2].left, 4)
  end)

  it("draws several series side by side, with error bars", function()
    local path = folder .. "/a.png"
    assert.is_true(plot.bars(path, {
      series = {{name = "train", values = {3, 2}, errors = {1, 0.5}},
                {name = "test", values = {1, 4}}}, range = {0, 5}}))
    local png = pictures.png(path)
    local blue, orange = png:areas(BLUE, 1, 120), png:areas(ORANGE, 1, 120)
    assert.equal(2, #orange)
    local unit = (orange[2].bottom - orange[2].top) / 4
    assert.near(unit, orange[1].bottom - orange[1].top, 4)
    -- the error bar parts the columns of a blue one
    assert.near(3 * unit, blue[1].bottom - blue[1].top, 4)
    assert.near(2 * unit, blue[#blue].bottom - blue[#blue].top, 4)
    assert.truthy(blue[1].right < orange[1].left and orange[1].right < blue[#blue].left
                  and blue[#blue].right < orange[2].left)
    local whiskers = {}
    for _, area in ipairs(png:areas("#222222", 3, 120)) do
      if area.bottom < blue[1].bottom and area.left > blue[1].left then
        whiskers[#whiskers + 1] = area
      end
    end
    assert.equal(2, #whiskers)
    assert.near(2 * unit, whiskers[1].bottom - whiskers[1].top, 8)
    assert.near(unit, whiskers[2].bottom - whiskers[2].top, 8)
  end)

  it("breaks names where they fit, turns them, or lays the bars down", function()
    local path = folder .. "/a.svg"
    assert.is_true(plot.bars(path, {values = {1, 2}, xlabel = "which",
                                    labels = {"momentum and weight decay", "x"}}))
    pictures.shows(path, "x", "which", "2.0")
    assert.is_nil(pictures.read(path):find("rotate%(%-90"))
    local labels, values = {}, {}
    for i = 1, 15 do labels[i], values[i] = "configuration_" .. i, i end
    assert.is_true(plot.bars(path, {values = values, labels = labels}))
    pictures.shows(path, "configuration_15")
    assert.truthy(pictures.read(path):find("rotate%(%-90"))
    for i = 16, 40 do labels[i], values[i] = "configuration_" .. i, i end
    assert.is_true(plot.bars(path, {values = values, labels = labels, xlabel = "which"}))
    pictures.shows(path, "configuration_40", "which")
    local svg = pictures.read(path)
    local height = tonumber(svg:match('<svg%s+width="%d+" height="(%d+)"'))
    assert.truthy(height > 40 * 17, "every name has a line")
  end)

  it("draws no bars, one, equal ones, and values that are not finite", function()
    for i, values in ipairs {{}, {0}, {-3}, {1e308, 0 / 0, 1 / 0}} do
      assert.is_true(plot.bars(("%s/%d.svg"):format(folder, i), {values = values}))
    end
  end)

  it("raises for wrong arguments", function()
    local function wrong(patterns, options)
      support.raises(patterns, plot.bars, folder .. "/a.svg", options)
    end
    wrong({"values", "plot.bars", "nothing"}, {})
    wrong({"series", "empty"}, {series = {}})
    wrong({"values", "belongs into the series"}, {values = {1}, series = {{values = {1}}}})
    wrong({"series[2].values", "1 values", "first series has 2"},
          {series = {{values = {1, 2}}, {values = {1}}}})
    wrong({"errors", "1 errors of 2 values"}, {values = {1, 2}, errors = {1}})
    wrong({"labels", "2 strings", "1"}, {values = {1, 2}, labels = {"a"}})
    wrong({"horizontal", "boolean", "string"}, {values = {1}, horizontal = "yes"})
    wrong({"lables", "labels"}, {values = {1}, lables = {"a"}})
  end)
end)

describe("the bins of a histogram", function()
  it("are NumPy's, to the bit, and hold what NumPy counts", function()
    for i, case in ipairs(support.fixture("histograms")) do
      local edges = case.edges
      if case.bins ~= "edges" then
        local lo, hi = table.unpack(case.range or {})
        edges = bins.edges(bins.sorted {case.values}, case.bins, lo, hi)
      end
      assert.same(case.edges, edges, "case " .. i)
      local counts, outside = bins.count(case.values, edges)
      assert.same(case.counts, counts, "case " .. i)
      local sum = outside
      for _, n in ipairs(counts) do sum = sum + n end
      assert.equal(#case.values, sum)
    end
  end)

  it("are at most 200, and hold no NaN or infinity", function()
    local values = {0 / 0, 1 / 0, -1 / 0}
    for i = 1, 5000 do values[i + 3] = i % 2 == 0 and i / 1e9 or 1000.0 * (i == 1 and 1 or 0) end
    local edges = bins.edges(bins.sorted {values}, "auto")
    assert.equal(201, #edges)
    assert.equal(3, select(2, bins.count(values, edges)))
  end)
end)

describe("plot.histogram", function()
  it("draws areas as high as the counts", function()
    local path = folder .. "/a.png"
    assert.is_true(plot.histogram(path, {values = {1, 1, 1, 1, 2, 2, 3, 3, 3},
                                         edges = {1, 2, 3, 4}}))
    local png = pictures.png(path)
    -- the outline's colour along the middle of each bin, from above
    local area = png:areas(BLUE)[1]
    local width = (area.right - area.left) / 3
    local mask = png:mask(BLUE)
    local tops = {}
    for k = 1, 3 do
      local column = mask[{{}, (area.left + (k - 0.5) * width) // 1}]:totable()
      local y = 1
      while column[y] == 0 do y = y + 1 end
      tops[k] = area.bottom - y
    end
    assert.near(2, tops[1] / tops[2], 0.04)
    assert.near(1.5, tops[3] / tops[2], 0.04)
  end)

  it("says how many values it does not show, and what its heights are", function()
    local path = folder .. "/a.svg"
    assert.is_true(plot.histogram(path, {values = nn.tensor {{1, 2}, {0 / 0, 9}}, range = {0, 3},
                                         bins = 3}))
    pictures.shows(path, "2 of 4 values are outside, or no numbers", "count")
    assert.is_true(plot.histogram(path, {series = {{name = "a", values = {1, 2}},
                                                   {name = "b", values = {}}}, density = true}))
    pictures.shows(path, "a", "b", "density")
  end)

  it("draws no values, equal ones, and counts on a logarithmic axis", function()
    for i, values in ipairs {{}, {5, 5}, {0 / 0}, {1e300, -1e300}} do
      assert.is_true(plot.histogram(("%s/%d.svg"):format(folder, i),
                                    {values = values, log_y = i % 2 == 1}))
    end
  end)

  it("raises for wrong arguments", function()
    local function wrong(patterns, options)
      support.raises(patterns, plot.histogram, folder .. "/a.svg", options)
    end
    wrong({"values", "plot.histogram", "nothing"}, {})
    wrong({"bins", "positive integer", "0"}, {values = {1}, bins = 0})
    wrong({"bins", "10000"}, {values = {1}, bins = 1e6})
    wrong({"edges", "ascending", "element 2"}, {values = {1}, edges = {1, 1}})
    wrong({"edges", "at least two"}, {values = {1}, edges = {1}})
    wrong({"range", "edges say it"}, {values = {1}, edges = {1, 2}, range = {0, 1}})
    wrong({"values", "either"}, {values = {1}, series = {{values = {1}}}})
    wrong({"densty", "density"}, {values = {1}, densty = true})
  end)
end)

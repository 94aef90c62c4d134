-- plot_curves_spec.lua - means over runs with bands; bands and error bars of lines.

local nn = require "nnlua"
local curves = require "nnlua.plot.curves"
local pictures = require "tests.spec.pictures"
local student = require "nnlua.student"
local support = require "tests.spec.support"

local plot = nn.plot

local folder

before_each(function() folder = pictures.folder() end)
after_each(function() pictures.remove(folder) end)

local function near(expected, given)
  assert.equal(#expected, #given)
  for i, v in ipairs(expected) do
    assert.truthy(v ~= v and given[i] ~= given[i] or math.abs(v - given[i]) < 1e-9, given[i])
  end
end

describe("curves over several runs", function()
  it("are the mean of the runs that got so far, between the ends of the band", function()
    local runs = {{1, 2, 4}, {3, 2}, {5, 5, 0 / 0, 7}}
    local mean, lower, upper = curves.combine(runs, "range")
    near({3, 3, 4, 7}, mean)
    near({1, 2, 4, 7}, lower)
    near({5, 5, 4, 7}, upper)
    lower, upper = select(2, curves.combine(runs, "std"))
    near({1, 3 - math.sqrt(3), 4, 7}, lower)
    near({5, 3 + math.sqrt(3), 4, 7}, upper)
    lower, upper = select(2, curves.combine(runs, "ci"))
    local t = 4.302652729749462 -- scipy.stats.t.ppf(0.975, 2)
    near({3 - t * 2 / math.sqrt(3), 3 - t, 4, 7}, lower)
    near({3 + t * 2 / math.sqrt(3), 3 + t, 4, 7}, upper)
  end)

  it("have gaps where no run has a number", function()
    near({0 / 0, 1}, (curves.combine({{0 / 0, 1}, {1 / 0}}, "std")))
  end)

  it("take Student's quantiles", function()
    -- NIST/SEMATECH e-Handbook, 1.3.6.7.2
    for _, known in ipairs {{1, 12.706}, {10, 2.228}, {31, 2.040}, {60, 2.000}, {100, 1.984}} do
      assert.near(known[2], student.quantile(known[1]), 6e-4)
    end
  end)
end)

describe("plot.curves", function()
  it("draws the means over pale bands, and says what they are", function()
    local path = folder .. "/a.png"
    local options = {title = "Loss", band = "range", y_range = {0, 4},
                     series = {{name = "train", runs = {{1, 1, 1}, {3, 3, 3}}},
                               {name = "test", runs = {nn.tensor {3.5, 3.5}}}}}
    assert.is_true(plot.curves(path, options))
    local png = pictures.png(path)
    -- a fifth of #0072b2 on white
    local band = png:areas("#cce3f0", 3, 240)[1]
    -- from 1 to 3 of the 320 units that are 4
    assert.near(3 * 320 / 2, band.bottom - band.top, 12)
    path = folder .. "/a.svg"
    assert.is_true(plot.curves(path, options))
    pictures.shows(path, "train", "test", "Loss", "epoch",
                   "mean of 1 to 2 runs; band: from the least to the largest")
  end)

  it("draws one run, runs of one value, and runs without any", function()
    for i, runs in ipairs {{{1, 2}}, {{1}, {2}}, {{}, {}}, {{0 / 0}, {1 / 0}}} do
      assert.is_true(plot.curves(("%s/%d.svg"):format(folder, i),
                                 {series = {{runs = runs}}, log_y = i % 2 == 0, band = "ci"}))
    end
  end)

  it("raises for wrong arguments", function()
    local function wrong(patterns, options)
      support.raises(patterns, plot.curves, folder .. "/a.svg", options)
    end
    wrong({"series", "plot.curves"}, {})
    wrong({"series[1].runs", "nil"}, {series = {{}}})
    wrong({"series[1].runs", "empty"}, {series = {{runs = {}}}})
    wrong({"series[1].runs[2]", "element 1"}, {series = {{runs = {{1}, {"x"}}}}})
    wrong({"band", "'std', 'range' or 'ci'", "se"}, {series = {{runs = {{1}}}}, band = "se"})
    wrong({"series[1]", "1 x values", "2"}, {series = {{runs = {{1, 2}}}}, x = {1}})
    wrong({"run", "runs"}, {series = {{run = {{1}}}}})
  end)
end)

describe("plot.lines", function()
  it("draws error bars as far as the errors reach, on a logarithmic axis, too", function()
    local path = folder .. "/a.png"
    assert.is_true(plot.lines(path, {
      series = {{x = {1, 2, 3}, y = {10, 10, 10}, errors = {9, 9, 90}, points = true}},
      y_range = {1, 100}, log_y = true}))
    local bars = pictures.png(path):areas("#0072b2", 40)
    local reach = bars[#bars].bottom - bars[#bars].top
    -- two decades over 320 units: 10 - 90 goes down to the axis, 10 + 90 up to the other end
    assert.near(3 * 320, reach, 12)
  end)

  it("leaves out points of long lines, but none that changes the picture", function()
    local x, y = {}, {}
    for i = 1, 14000 do x[i], y[i] = i, math.sin(i / 900) + 0.002 * (i * 7919 % 101) / 101 end
    local short = {series = {{x = x, y = y}}}
    -- the same line, drawn whole because its end, a gap, lies at the left
    local x2, y2 = table.move(x, 1, 14000, 1, {}), table.move(y, 1, 14000, 1, {})
    for _, point in ipairs {{14000, 0 / 0}, {1, y[1]}} do
      x2[#x2 + 1], y2[#y2 + 1] = point[1], point[2]
    end
    assert.is_true(plot.lines(folder .. "/short.png", short))
    assert.is_true(plot.lines(folder .. "/whole.png", {series = {{x = x2, y = y2}}}))
    -- no dot of either line is more than one away from a dot of the other
    local masks = {}
    for i, name in ipairs {"short", "whole"} do
      local mask = pictures.png(("%s/%s.png"):format(folder, name)):mask("#0072b2", 40)
      masks[i] = mask:to("float32"):unsqueeze(1):unsqueeze(1)
    end
    for i = 1, 2 do
      local around = nn.max_pool2d(masks[3 - i], 3, {stride = 1, padding = 1})
      assert.equal(0, (masks[i] * (1 - around)):sum():item())
      assert.truthy(masks[i]:sum():item() > 5000)
    end
  end)

  it("keeps first, lowest, highest and last point of every column of dots, and gaps", function()
    local thinned = require "nnlua.plot.thinned"
    local x, y = {}, {}
    for i = 1, 40000 do x[i], y[i] = i, (i * 7919) % 1013 + 0.0 end
    y[5000] = 0 / 0
    local xs, ys = thinned(x, y, function(i) return y[i] == y[i] end,
                           function(v) return (v - 1) / 39999 end)
    assert.truthy(#xs < 6100 and #xs > 5000)
    assert.same({1, 40000}, {xs[1], xs[#xs]})
    local function extremes(list_x, list_y)
      local columns = {}
      for i, v in ipairs(list_x) do
        local column = (v - 1) / 39999 * 1500 // 1
        local c = columns[column] or {math.huge, -math.huge}
        columns[column] = list_y[i] == list_y[i]
          and {math.min(c[1], list_y[i]), math.max(c[2], list_y[i])} or c
      end
      return columns
    end
    assert.same(extremes(x, y), extremes(xs, ys))
    local gaps = 0
    for i, v in ipairs(ys) do
      assert.truthy(i == 1 or xs[i] > xs[i - 1])
      gaps = gaps + (v ~= v and 1 or 0)
    end
    assert.equal(1, gaps)
  end)

  it("raises for half a band, and for bounds of another length", function()
    local function wrong(patterns, series)
      support.raises(patterns, plot.lines, folder .. "/a.svg", {series = {series}})
    end
    wrong({"series[1]", "lower", "upper"}, {y = {1}, lower = {1}})
    wrong({"series[1]", "errors", "lower"}, {y = {1}, lower = {1}, upper = {1}, errors = {1}})
    wrong({"series[1].errors", "2 values, 1 y values"}, {y = {1}, errors = {1, 2}})
  end)
end)

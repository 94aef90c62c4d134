-- plot_formats_spec.lua - every picture is whole in every format and legible.

local lfs = require "lfs"
local nn = require "nnlua"
local palette = require "nnlua.plot.palette"
local pictures = require "tests.spec.pictures"
local support = require "tests.spec.support"

local plot = nn.plot
local HOSTILE = pictures.HOSTILE

local folder

before_each(function() folder = pictures.folder() end)
after_each(function() pictures.remove(folder) end)

local function names(count, text)
  local list = {}
  for i = 1, count do list[i] = ("%s %d"):format(text, i) end
  return list
end

local function model(x)
  return x * 3
end

-- A picture of each kind, with awkward texts and data: functions of the path.
local function rows(n, m)
  return nn.linspace(-3, 3, n * m):reshape(n, m)
end

local LONG = "a text that is so long that it has to be broken or cut wherever it may stand"
local TEXTS = {title = LONG, xlabel = LONG .. LONG, ylabel = LONG .. LONG}

local function with(options)
  for key, value in pairs(TEXTS) do
    if options[key] == nil then options[key] = value end
  end
  return options
end

local KINDS = {
  {"lines", function(path)
    return plot.lines(path, with {series = {
      {name = LONG, y = {1, 2, 0 / 0, 4}, errors = {1, 1, 1, 1}},
      {name = "band", y = {1e6, 2e6, 3e6, 1e6}, lower = {0, 0, 0, -1e6},
       upper = {3e6, 3e6, 4e6, 2e6}},
      {name = "points", y = {5, 4, 3, 2}, points = true}}})
  end},
  {"lines on logarithmic axes", function(path)
    return plot.lines(path, with {x = {1e-5, 1e-3, 1e2}, log_x = true, log_y = true,
                                  series = {{y = {1e-9, 1, 1e9}}}})
  end},
  {"curves", function(path)
    return plot.curves(path, with {xlabel = nil, series = {
      {name = "train", runs = {{3, 2, 1}, {4, 3}}},
      {name = "test", runs = {{5, 4, 3}, {6, 5, 4}}}}})
  end},
  {"bars", function(path)
    return plot.bars(path, with {series = {{name = "a", values = {0.9, 0.8, -0.3}},
                                           {name = "b", values = {0.7, 0 / 0, 0.1}}},
                                 labels = {"784-25-25-10", "two convolutions and dropout", "ü"}})
  end},
  {"turned bars", function(path)
    return plot.bars(path, with {values = rows(1, 16)[1],
                                 labels = names(16, "configuration_of_the_number")})
  end},
  {"lying bars", function(path)
    return plot.bars(path, with {values = rows(1, 50)[1], labels = names(50, LONG:sub(1, 30))})
  end},
  {"histogram", function(path)
    return plot.histogram(path, with {log_y = true, range = {0, 2}, series = {
      {name = "before", values = rows(20, 50)}, {name = "after", values = {0 / 0, 1, 1 / 0}}}})
  end},
  {"points", function(path)
    return plot.points(path, with {points = rows(20, 2) * 1e5, values = rows(1, 20),
                                   value_label = LONG, sizes = rows(1, 20), size_label = LONG})
  end},
  {"decision_boundary", function(path)
    return plot.decision_boundary(path, model, with {
      points = rows(20, 2), labels = nn.arange(20) % 2 + 1, classes = {LONG, "no"}})
  end},
  {"heatmap", function(path)
    return plot.heatmap(path, with {values = rows(6, 9) * 1e3, numbers = true, value_label = LONG,
                                    row_labels = names(6, LONG), column_labels = names(9, LONG)})
  end},
  {"heatmap of one cell", function(path)
    return plot.heatmap(path, with {values = {{0}}, numbers = "%.4f"})
  end},
  {"confusion", function(path)
    return plot.confusion(path, {matrix = (nn.eye(10) * 54321 + 123):to("int64"), title = LONG,
                                 classes = names(10, "automobile")})
  end},
  {"images", function(path)
    return plot.images(path, {images = nn.rand(7, 3, 2), labels = names(7, LONG), title = LONG,
                              value_label = "grey", columns = 3})
  end},
  {"filters", function(path)
    return plot.filters(path, {weights = nn.Conv2d(3, 40, 3), title = LONG})
  end},
}

-- The charts, which are 560 units wide; matrices and images are as wide as they need.
local CHART = {}
for _, name in ipairs {"lines", "lines on logarithmic axes", "curves", "bars", "turned bars",
                       "lying bars", "histogram", "points", "decision_boundary"} do
  CHART[name] = true
end

for _, kind in ipairs(KINDS) do
  it("draws " .. kind[1] .. " as a whole PDF, no text in another's way or too small", function()
    local path = folder .. "/a.pdf"
    assert.is_true(kind[2](path))
    local bytes = pictures.read(path)
    assert.truthy(bytes:find("^%%PDF%-") and bytes:find("%%%%EOF%s*$"))
    assert.is_nil(bytes:find("CreationDate", 1, true), "the same picture is the same bytes")
    local words, width = pictures.assert_legible(path)
    if CHART[kind[1]] then
      -- in a column of 8 cm; a line is 1.164 times as high as its letters' size
      local scale = 8 / 2.54 * 72 / width / 1.164
      for _, word in ipairs(words) do
        local height = math.min(word.right - word.left, word.bottom - word.top)
        assert.truthy(utf8.len(word.text) < 4 or height * scale >= 6, word.text)
      end
    end
  end)
end

-- As PNG and SVG the specs of each kind look at them.
it("draws a decision boundary as a whole PNG and SVG", function()
  local draw
  for _, kind in ipairs(KINDS) do
    if kind[1] == "decision_boundary" then draw = kind[2] end
  end
  assert.is_true(draw(folder .. "/a.png"))
  assert.equal(1680, pictures.png(folder .. "/a.png").width)
  assert.is_true(draw(folder .. "/a.svg"))
  assert.truthy(pictures.read(folder .. "/a.svg"):find("</svg>%s*$"))
end)

describe("texts", function()
  it("are shown literally in an SVG and a PDF, whatever they contain", function()
    local options = {values = {{1, 2}}, title = HOSTILE, xlabel = HOSTILE,
                     row_labels = {HOSTILE}, column_labels = {"{/Symbol a}", "x\ny\0z\xff"}}
    local function words(path)
      return (path:find("svg$") and table.concat(pictures.texts(path), " ") or (function()
        local list = {}
        for i, word in ipairs(pictures.words(path)) do list[i] = word.text end
        return table.concat(list, " ")
      end)())
    end
    for _, extension in ipairs {"svg", "pdf"} do
      local path = ("%s/a.%s"):format(folder, extension)
      assert.is_true(plot.heatmap(path, options))
      local shown = words(path)
      -- the title, broken at blanks
      local at = 1
      for word in HOSTILE:gmatch("%S+") do
        at = assert(shown:find(word, at, true), ("'%s' is missing in %s"):format(word, shown))
      end
      assert.truthy(shown:find("{/Symbol a}", 1, true))
      assert.truthy(shown:find("x y z\u{FFFD}", 1, true), shown)
    end
    assert.is_nil(lfs.attributes("x"))
  end)
end)

describe("the path '-'", function()
  -- What a call prints, and what it returns.
  local function printed(...)
    local written, stdout = {}, io.stdout
    io.stdout = { -- luacheck: ignore 122
      write = function(_, ...) written[#written + 1] = table.concat {...} end,
      flush = function() end,
    }
    local result = table.pack(pcall(...))
    io.stdout = stdout -- luacheck: ignore 122
    assert(result[1], result[2])
    return table.concat(written), result[2]
  end

  for _, kind in ipairs(KINDS) do
    it("prints " .. kind[1], function()
      local text, result = printed(kind[2], "-")
      assert.is_true(result)
      assert.truthy(select(2, text:gsub("\n", "")) > 3, text)
    end)
  end

  it("checks the options like any other", function()
    support.raises({"series", "plot.lines"}, plot.lines, "-", {})
  end)

  it("is nil and one line for a kind the terminal does not draw", function()
    local ok, message = require("nnlua.plot.screen").show("sculpture", {})
    assert.is_nil(ok)
    assert.truthy(message:find("plot.sculpture", 1, true) and message:find(".png", 1, true))
  end)
end)

describe("the palette", function()
  -- Simulated by the matrices for linear RGB at severity 1.0 of Machado, Oliveira and Fernandes ("A
  -- physiologically-based model for simulation of color vision deficiency", 2009, table 1).
  local VISIONS = {
    normal = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
    protanopia = {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216},
                  {-0.003882, -0.048116, 1.051998}},
    deuteranopia = {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413},
                    {-0.011820, 0.042940, 0.968881}},
    tritanopia = {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602},
                  {0.004733, 0.691367, 0.303900}},
  }
  -- linear sRGB to XYZ (IEC 61966-2-1), each by the white point D65
  local XYZ = {{0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505}, {0.2126, 0.7152, 0.0722},
               {0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089}}

  local function times(matrix, v)
    local result = {}
    for i, row in ipairs(matrix) do result[i] = row[1] * v[1] + row[2] * v[2] + row[3] * v[3] end
    return result
  end

  -- CIE L*a*b* of red, green, blue in 0..255, as somebody with this vision sees it.
  local function lab(vision, ...)
    local linear = {}
    for c, v in ipairs {...} do
      v = v / 255
      linear[c] = v <= 0.04045 and v / 12.92 or ((v + 0.055) / 1.055) ^ 2.4
    end
    linear = times(vision, linear)
    for c, v in ipairs(linear) do linear[c] = math.max(0, math.min(1, v)) end
    local f = times(XYZ, linear)
    for c, t in ipairs(f) do f[c] = t > 0.008856 and t ^ (1 / 3) or 7.787 * t + 16 / 116 end
    return {116 * f[2] - 16, 500 * (f[1] - f[2]), 200 * (f[2] - f[3])}
  end

  local function distance(a, b)
    return math.sqrt((a[1] - b[1]) ^ 2 + (a[2] - b[2]) ^ 2 + (a[3] - b[3]) ^ 2)
  end

  it("is told apart, and from white, with any colour vision", function()
    -- sRGB's red, as published
    assert.truthy(distance(lab(VISIONS.normal, 255, 0, 0), {53.2, 80.1, 67.2}) < 0.5)
    for name, vision in pairs(VISIONS) do
      local seen = {}
      for i = 1, palette.SIZE do
        seen[i] = lab(vision, palette.rgb(i))
        assert.truthy(distance(seen[i], {100, 0, 0}) > 35, name .. " " .. palette.colour(i))
        for k = 1, i - 1 do
          -- a difference of 2 to 3 is just seen; these are several times that
          assert.truthy(distance(seen[i], seen[k]) > 15,
                        ("%s: %s %s"):format(name, palette.colour(i), palette.colour(k)))
        end
      end
    end
  end)
end)

-- plot_spec.lua - pictures are complete, show what they were given, or are not there at all.
--
-- Pixels are read back through libpng, which had no part in the drawing.

-- luacheck: ignore 122 (functions of os are replaced, to watch temporary files and gnuplot)

local lfs = require "lfs"
local nn = require "nnlua"
local pictures = require "tests.spec.pictures"
local plot = require "nnlua.plot"
local scale = require "nnlua.plot.scale"
local support = require "tests.spec.support"

local HOSTILE =
  [[a "b" 'c' \n \101 `touch x` $(touch x) $HOME @term {/Bold d}_2^3 %d %% <e> &amp; #]]

local real_execute, real_tmpname = os.execute, os.tmpname

local folder, temporaries

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read("a")
end

local function write(path, bytes)
  local file <close> = assert(io.open(path, "wb"))
  file:write(bytes)
end

local function names(path)
  local list = {}
  for name in lfs.dir(path) do
    if name ~= "." and name ~= ".." then
      list[#list + 1] = name
    end
  end
  table.sort(list)
  return list
end

-- Width and height in the header of a PNG whose end is there too.
local function png_size(path)
  local bytes = assert(read(path))
  assert.equal("\137PNG\r\n\26\n", bytes:sub(1, 8))
  assert.truthy(bytes:find("IEND....$"))
  return string.unpack(">I4I4", bytes, 17)
end

-- How many pixels have this colour, up to `margin` in each channel.
local function near(picture, colour, margin)
  return picture:mask(colour, margin):sum():item()
end

local svg_texts, shows = pictures.texts, pictures.shows

local LINE = {series = {{name = "one", y = {1, 2, 3}}}}

before_each(function()
  folder = real_tmpname()
  os.remove(folder)
  assert(lfs.mkdir(folder))
  temporaries = {}
  os.tmpname = function()
    local name = real_tmpname()
    temporaries[#temporaries + 1] = name
    return name
  end
end)

after_each(function()
  os.execute, os.tmpname = real_execute, real_tmpname
  for _, name in ipairs(names(folder)) do
    os.remove(folder .. "/" .. name)
  end
  assert(lfs.rmdir(folder))
end)

-- No temporary file is left, and the folder holds only these names.
local function assert_only(...)
  for _, name in ipairs(temporaries) do
    assert.is_nil(lfs.attributes(name), name .. " was left")
  end
  assert.same({...}, names(folder))
end

describe("plot.lines", function()
  it("draws every series in its colour, title, labels and legend", function()
    local path = folder .. "/costs.png"
    local x, falling, rising = {}, {}, {}
    for i = 1, 5000 do
      x[i], falling[i], rising[i] = i - 1, 4 * math.exp(-i / 800) + 1, math.sqrt(i) / 20
    end
    assert.is_true(plot.lines(path, {x = x, series = {{name = "train", y = falling},
                                                      {name = "test", y = rising}},
                                     title = "Cost", xlabel = "epoch", ylabel = "cost"}))
    local width, height = png_size(path)
    assert.truthy(width >= 1200 and height >= 700, "fit to print")
    local picture = pictures.png(path)
    -- either line, 5 dots thick, crosses over 1,000 dots, part of them in a dash's gaps
    assert.truthy(near(picture, "#0072b2") > 2000)
    assert.truthy(near(picture, "#d55e00") > 1500)
    assert_only("costs.png")
  end)

  it("writes the same as SVG, with texts as texts", function()
    local path = folder .. "/costs.svg"
    assert.is_true(plot.lines(path, {x = {0, 2500, 5000}, title = "Cost",
                                     series = {{name = "train", y = {3, 2, 1}}},
                                     xlabel = "epoch", ylabel = "cost per digit"}))
    for _, text in ipairs {"Cost", "epoch", "cost per digit", "train", "5,000", "3.0"} do
      shows(path, text)
    end
  end)

  it("shows any text literally", function()
    local path = folder .. "/hostile.svg"
    assert.is_true(plot.lines(path, {series = {{name = HOSTILE, y = {1, 2}}}, ylabel = HOSTILE,
                                     xlabel = HOSTILE, title = HOSTILE .. "\n" .. HOSTILE}))
    -- title and axes, broken at the single spaces that set words apart here, and the legend, cut
    local all, seen = table.concat(svg_texts(path), " "), 0
    for _ in all:gmatch(HOSTILE:gsub("%p", "%%%0")) do seen = seen + 1 end
    assert.equal(4, seen, all)
    assert.truthy(all:find(HOSTILE:sub(1, 48), 1, true))
    assert_only("hostile.svg")
    assert.is_nil(lfs.attributes("x"))
  end)

  it("survives texts that are not UTF-8 and control characters", function()
    assert.is_true(plot.lines(folder .. "/a.png", {series = LINE.series, title = "\xff\xc3 a\0b\27",
                                                   ylabel = ""}))
    assert.is_true(plot.lines(folder .. "/a.svg", {series = LINE.series,
                                                   title = "\xff\xc3 a\0b\27"}))
    shows(folder .. "/a.svg", "\u{FFFD}\u{FFFD} a b")
  end)

  it("takes tensors, and a series' own positions", function()
    local path = folder .. "/t.svg"
    assert.is_true(plot.lines(path, {
      x = nn.arange(5), series = {{y = nn.tensor({1, 2, 3, 4, 5}, {dtype = "float64"})},
                                  {x = {0, 9000}, y = nn.tensor({1, 5}, {dtype = "int64"})}}}))
    shows(path, "8,000")
  end)

  it("leaves gaps for NaN, infinities and what a logarithm cannot show", function()
    local path = folder .. "/gap.png"
    local y = {}
    for i = 1, 200 do
      y[i] = i + 10
    end
    for i = 81, 120 do
      y[i] = ({0 / 0, 1 / 0, -1 / 0, 0, -5})[i % 5 + 1]
    end
    assert.is_true(plot.lines(path, {series = {{y = y}}, log_y = true}))
    local parts = pictures.png(path):areas("#0072b2")
    assert.equal(2, #parts)
    local leftmost, rightmost = parts[1].left, parts[2].right
    assert.truthy(rightmost - leftmost > png_size(path) / 2, "the axis spans all points")
    local function place(column)
      return 1 + 199 * (column - leftmost) / (rightmost - leftmost)
    end
    assert.near(80, place(parts[1].right), 1)
    assert.near(121, place(parts[2].left), 1)
  end)

  it("draws what leaves no range: one point, equal values, nothing at all", function()
    for i, y in ipairs {{3}, {7, 7, 7}, {0, 0}, {}, {0 / 0, 1 / 0}, {1e308, -1e308},
                        {1e-320, 1e299}, {1 + 2 ^ -52, 1}} do
      local ok, message = plot.lines(("%s/%d.svg"):format(folder, i), {
        series = {{name = "n", y = y}}, log_y = i % 2 == 0, log_x = i % 2 == 1})
      assert.is_true(ok, message)
    end
  end)

  it("keeps to a given range", function()
    local path = folder .. "/r.svg"
    assert.is_true(plot.lines(path, {series = {{y = {1, 2, 3}}}, y_range = {-50, 50}}))
    shows(path, "−40")
  end)

  it("replaces an existing picture", function()
    local path = folder .. "/old.png"
    write(path, "old")
    assert.is_true(plot.lines(path, LINE))
    png_size(path)
    assert_only("old.png")
  end)

  it("hands no path to a shell", function()
    for _, name in ipairs {"|touch x.svg", "< a.svg", "~.svg", "new\nline.svg", "-e.svg", "%d.svg",
                           "it's \"q\" $(touch y) `touch z`.svg"} do
      assert.is_true(plot.lines(folder .. "/" .. name, LINE))
      assert.same({name}, names(folder))
      os.remove(folder .. "/" .. name)
    end
    local here = assert(lfs.currentdir())
    assert(lfs.chdir(folder))
    local ok, message = plot.lines("|touch x.svg", LINE)
    assert(lfs.chdir(here))
    assert.is_true(ok, message)
    assert_only("|touch x.svg")
  end)

  it("raises for wrong arguments and writes nothing", function()
    local path = folder .. "/no.png"
    local function wrong(patterns, options)
      support.raises(patterns, plot.lines, path, options)
    end
    for _, bad in ipairs {folder .. "/costs.jpg", "png", folder .. "/.png", 3, {}} do
      support.raises({"#1", "plot.lines", tostring(bad), ".png, .svg or .pdf"}, plot.lines, bad,
                     LINE)
    end
    support.raises({"#1", "plot.lines", "nil"}, plot.lines, nil, LINE)
    wrong({"series", "plot.lines"}, {})
    wrong({"series", "empty"}, {series = {}})
    wrong({"series[2].y", "plot.lines", "nothing"}, {series = {{y = {1}}, {name = "b"}}})
    wrong({"series[1].y", "element 2", "x"}, {series = {{y = {1, "x"}}}})
    wrong({"series[1]", "2 x values", "3 y values"}, {x = {1, 2}, series = {{y = {1, 2, 3}}}})
    wrong({"y_range", "lo < hi", "{2, 1}"}, {series = LINE.series, y_range = {2, 1}})
    wrong({"y_range", "logarithmic", "0"}, {series = LINE.series, y_range = {0, 1}, log_y = true})
    wrong({"titel", "plot.lines", "title"}, {series = LINE.series, titel = "t"})
    wrong({"title", "string", "table"}, {series = LINE.series, title = {}})
    assert_only()
  end)
end)

describe("a picture that cannot be drawn", function()
  local function with_gnuplot(body)
    local program = folder .. "/gnuplot"
    write(program, "#!/bin/sh\n" .. body)
    assert(real_execute("chmod +x " .. program))
    os.execute = function(command)
      return real_execute(("PATH=%s:$PATH; export PATH; %s"):format(folder, command))
    end
  end

  it("is nil and one line where gnuplot is missing", function()
    os.execute = function(command)
      return real_execute("PATH=/nonexistent; export PATH; " .. command)
    end
    local path = folder .. "/a.png"
    write(path, "old")
    local ok, message = plot.lines(path, LINE)
    assert.is_nil(ok)
    assert.truthy(message:find("gnuplot", 1, true) and message:find(path, 1, true), message)
    assert.is_nil(message:find("\n"))
    assert.equal("old", read(path))
    assert_only("a.png")
  end)

  it("carries gnuplot's own complaint where gnuplot fails", function()
    with_gnuplot("echo; echo '         ^' >&2; echo '\"s\" line 3: out of ink' >&2; exit 3\n")
    local ok, message = plot.images(folder .. "/a.svg", {images = {{{1}}}})
    assert.is_nil(ok)
    assert.truthy(message:find("out of ink", 1, true) and message:find("3", 1, true), message)
    assert_only("gnuplot")
  end)

  it("is not half a picture where gnuplot stops half-way without a word", function()
    -- the script's third line names the output
    with_gnuplot("out=$(sed -n 's/^set output .\\(.*\\).$/\\1/p' \"$2\")\n"
                 .. "printf '\\211PNG\\r\\n\\032\\nhalf' > \"$(printf \"$out\")\"\n")
    local ok, message = plot.lines(folder .. "/a.png", LINE)
    assert.is_nil(ok)
    assert.truthy(message:find("gnuplot failed", 1, true), message)
    assert_only("gnuplot")
  end)

  it("is nil and one line where the folder is missing", function()
    local ok, message = plot.lines(folder .. "/none/a.png", LINE)
    assert.is_nil(ok)
    assert.truthy(message:find(folder .. "/none/a.png", 1, true), message)
    assert.is_nil(message:find("\n"))
    assert_only()
  end)
end)

describe("plot.images", function()
  it("centres diverging colours at zero", function()
    local path = folder .. "/w.png"
    assert.is_true(plot.images(path, {images = {{{-1, 0, 2}}}, colormap = "diverging"}))
    local picture = pictures.png(path)
    -- on a scale of -2 to 2, -1 is the fourth of the map's eleven colours, or near it
    assert.truthy(near(picture, "#67acd1", 5) > 3000)
    assert.truthy(near(picture, "#f7f7f7") > 3000)
    assert.truthy(near(picture, "#67001f") > 3000)
    assert_only("w.png")
  end)

  it("puts the first row on top and the first image at the left", function()
    local path = folder .. "/order.png"
    assert.is_true(plot.images(path, {images = {{{255, 255}, {0, 0}}, {{100, 0}, {0, 0}}},
                                      columns = 2}))
    local picture = pictures.png(path)
    -- 3 dots a unit: a margin of 16 units, pixels of 20, 10 between the images
    local function pixel(image, row, column)
      return picture:at(3 * (16 + (image - 1) * 50 + column * 20 - 10), 3 * (16 + row * 20 - 10))
    end
    assert.same({255, 255, 255}, pixel(1, 1, 1))
    assert.same({0, 0, 0}, pixel(1, 2, 1))
    assert.same({100, 100, 100}, pixel(2, 1, 1))
    assert.same({0, 0, 0}, pixel(2, 1, 2))
  end)

  it("labels every image and the colour bar", function()
    local path = folder .. "/labels.svg"
    local images, labels = {}, {}
    for i = 1, 25 do
      images[i], labels[i] = {{i, -i}, {0, 1}}, "unit " .. i
    end
    labels[24], labels[25] = "\xff\xfe", "<&" .. '"'
    assert.is_true(plot.images(path, {images = images, labels = labels, columns = 5,
                                      title = "Weights", value_label = "weight",
                                      colormap = "diverging"}))
    for _, text in ipairs {"unit 1", "unit 23", "\u{FFFD}\u{FFFD}", '<&"', "Weights", "weight",
                           "0"} do
      shows(path, text)
    end
  end)

  it("takes a tensor, numbers that are not finite, and constant images", function()
    assert.is_true(plot.images(folder .. "/t.svg", {images = nn.rand(7, 5, 4), smooth = true}))
    assert.is_true(plot.images(folder .. "/u.svg", {images = nn.zeros(2, 3, 3),
                                                    colormap = "diverging"}))
    assert.is_true(plot.images(folder .. "/v.png", {images = {{{0 / 0, 1 / 0}, {-1 / 0, 1e308}}},
                                                    colormap = "sequential", smooth = true}))
    assert.truthy(near(pictures.png(folder .. "/v.png"), "#cccccc") > 3000, "NaN is grey")
  end)

  it("raises for wrong arguments and writes nothing", function()
    local function wrong(patterns, options)
      support.raises(patterns, plot.images, folder .. "/no.png", options)
    end
    wrong({"images", "plot.images", "nothing"}, {})
    wrong({"images", "none"}, {images = {}})
    wrong({"images[2]", "[1,2]", "[1,1]"}, {images = {{{1}}, {{1, 2}}}})
    wrong({"images[1]", "row 2 has 1 columns", "row 1 has 2"}, {images = {{{1, 2}, {1}}}})
    wrong({"images[1]", "empty"}, {images = nn.zeros(1, 0, 4)})
    wrong({"images[1]", "row 1"}, {images = nn.zeros(3, 4)})
    wrong({"labels", "2 strings", "1"}, {images = {{{1}}, {{2}}}, labels = {"a"}})
    wrong({"colormap", "diverging", "jet"}, {images = {{{1}}}, colormap = "jet"})
    wrong({"columns", "positive integer", "0"}, {images = {{{1}}}, columns = 0})
    wrong({"colourmap", "colormap"}, {images = {{{1}}}, colourmap = "gray"})
    assert_only()
  end)
end)

describe("plot.activations", function()
  local function options()
    return {
      images = nn.rand(3, 28, 28), labels = {"7", "2", "1"}, labels_title = "digit",
      notes = {"7 (99%)", "2 (80%)", "<1>"}, notes_title = "answer", title = "What layers do",
      layers = {
        {name = "hidden layer 1", values = nn.rand(3, 25)},
        {name = "hidden layer 2", values = nn.rand(3, 300) - 0.5},
        {name = "output", values = {{0, 1}, {1, 0}, {0.5, 0.5}}, units = {"no", "yes"}},
      },
    }
  end

  it("shows images, layers, units, answers and their headings", function()
    local path = folder .. "/a.svg"
    assert.is_true(plot.activations(path, options()))
    for _, text in ipairs {"7", "digit", "answer", "7 (99%)", "<1>", "What layers do",
                           "hidden layer 1", "hidden layer 2", "output", "no", "yes", "unit",
                           "activation", "25", "300", "1.0"} do
      shows(path, text)
    end
    assert_only("a.svg")
  end)

  it("shows zero white and the layer's largest activation darkest", function()
    local path = folder .. "/a.png"
    assert.is_true(plot.activations(path, {images = {{{0}}}, layers = {{values = {{0, 4}}}}}))
    -- two cells of 26 by 42 units, 3 by 3 dots a unit
    assert.truthy(near(pictures.png(path), "#08306b") > 0.8 * 26 * 42 * 9)
  end)

  it("raises for wrong arguments", function()
    local function wrong(patterns, name, value)
      local given = options()
      given[name] = value
      support.raises(patterns, plot.activations, folder .. "/no.png", given)
    end
    wrong({"layers", "plot.activations", "empty"}, "layers", {})
    wrong({"layers[1].values", "2 rows for 3 images"}, "layers", {{values = nn.rand(2, 4)}})
    wrong({"layers[1].units", "4 strings", "1"}, "layers",
          {{values = nn.rand(3, 4), units = {"a"}}})
    wrong({"vales", "values"}, "layers", {{vales = nn.rand(3, 4)}})
    wrong({"labels", "3 strings", "2"}, "labels", {"1", "2"})
    assert_only()
  end)
end)

describe("figures.activations", function()
  it("numbers the hidden layers from the first that learns: bytes are only prepared", function()
    local images = nn.randint(0, 256, 4, 3, 2):to("uint8")
    local labels = nn.tensor({2, 1, 2, 3}, {dtype = "int64"})
    local model = nn.Sequential(nn.Rescaling(1 / 255), nn.Flatten(), nn.Linear(6, 5), nn.ReLU(),
                                nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    local path = folder .. "/a.svg"
    assert.is_true(nn.figures.activations(path, model, {images = images, x = images,
                                                        labels = labels}, {"a", "b", "c"}, "?"))
    for _, text in ipairs {"hidden layer 1", "(ReLU)", "hidden layer 2", "(Tanh)"} do
      shows(path, text)
    end
    for _, absent in ipairs {"Rescaling", "Flatten", "hidden layer 3"} do
      assert.is_nil(read(path):find(absent, 1, true), absent)
    end
    assert_only("a.svg")
  end)
end)

describe("the scale of an axis", function()
  local function texts(marks)
    local list = {}
    for i, mark in ipairs(marks) do
      list[i] = mark[2]
    end
    return table.concat(list, " ")
  end

  it("ends on round numbers that the labels tell apart", function()
    local range, marks = scale.linear(0.43, 3.55, 6)
    assert.same({0.0, 4.0}, range)
    assert.equal("0 1 2 3 4", texts(marks))
    range, marks = scale.linear(0, 4999, 8, "near")
    assert.same({0, 5000.0}, range)
    assert.equal("0 1,000 2,000 3,000 4,000 5,000", texts(marks))
    assert.equal("0 10⁻⁹ 2·10⁻⁹", texts(select(2, scale.linear(0, 2e-9, 3))))
    assert.equal("1.000·10⁹ 1.001·10⁹ 1.002·10⁹",
                 (texts(select(2, scale.linear(1e9, 1.002e9, 3))):gsub("^10⁹", "1.000·10⁹")))
    assert.equal("−0.2 0.0 0.2", texts(select(2, scale.linear(-0.27, 0.27, 3, "exact"))))
  end)

  it("marks powers of ten, and 2 and 5 times them on a short logarithmic axis", function()
    assert.equal("0.2 0.5 1 2 5", texts(select(2, scale.logarithmic(0.3, 4))))
    assert.equal("10⁻⁶ 10⁻⁵ 10⁻⁴ 10⁻³ 10⁻² 10⁻¹ 1", texts(select(2, scale.logarithmic(1e-6, 1))))
  end)

  it("is never empty, whatever the numbers", function()
    for _, pair in ipairs {{0, 0}, {5, 5}, {-1e300, 1e300}, {1, 1 + 2 ^ -50}, {-3e-310, 0}} do
      local range, marks = scale.linear(pair[1], pair[2], 6)
      assert.truthy(range[1] < range[2] and range[2] - range[1] < math.huge)
      assert.truthy(#marks >= 2 and #marks < 20, #marks)
    end
    for _, pair in ipairs {{1, 1}, {1e-300, 1e300}, {3, 3.0001}} do
      local range, marks = scale.logarithmic(pair[1], pair[2])
      assert.truthy(range[1] > 0 and range[1] < range[2] and range[2] < math.huge)
      assert.truthy(#marks >= 1 and #marks < 40, #marks)
    end
  end)
end)

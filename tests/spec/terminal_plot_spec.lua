-- Pictures as text: what is drawn is the data, nothing is wider than it may be.

local core = require "nnlua.core"
local display = require "nnlua.display"
local nn = require "nnlua"
local terminal = require "nnlua.plot.terminal"

local PLAIN = {width = 80, height = 22, colour = 0, utf8 = true}

local function look(changes)
  local result = {}
  for name, value in pairs(PLAIN) do result[name] = value end
  for name, value in pairs(changes) do result[name] = value end
  return result
end

local function lines_of(text)
  assert.equal("\n", text:sub(-1))
  local list = {}
  for line in text:gmatch("([^\n]*)\n") do list[#list + 1] = line end
  return list
end

-- The dots of a picture of one curve as a set of "x,y" from the bottom left of the area between the
-- axes, its size in dots, and how many there are.
local function dots_of(text)
  local dots, count, rows, width = {}, 0, {}, 0
  for _, line in ipairs(lines_of(text)) do
    local at = line:find("│", 1, true) or line:find("┤", 1, true)
    if at then rows[#rows + 1] = line:sub(at + #"│") end
  end
  for r, area in ipairs(rows) do
    local cell = 0
    for _, code in utf8.codes(area) do
      if code >= 0x2800 and code <= 0x28FF then
        local bits = code - 0x2800
        -- Unicode numbers the dots of a cell 1 2 3 7 down the left column, 4 5 6 8 down the right
        for bit, place in ipairs {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}} do
          if bits & 1 << (bit - 1) ~= 0 then
            dots[2 * cell + place[1] .. "," .. 4 * (#rows - r) + 3 - place[2]] = true
            count = count + 1
          end
        end
      end
      cell = cell + 1
    end
    width = math.max(width, 2 * cell)
  end
  return dots, 4 * #rows, count, width
end

local function curve(x, y, more)
  local given = {series = {{name = "", x = x, y = y}}}
  for name, value in pairs(more or {}) do given[name] = value end
  return given
end

describe("a line chart in the terminal", function()
  it("is exactly this", function()
    assert.equal([[
     Cost
● a   ■ b
per digit
4┤          ⢀⠔●
 │■⣀     ⢀⡠⠊⠁
 │  ⠉⠒⢤⣠●⠁
2┤ ⢀⡠⠒⠁ ■⠑⠢⢄⣀
 │●⠁         ⠉■
0┤
 └┬─────┬─────┬
  1     2     3
      epoch
]], terminal.lines({title = "Cost", xlabel = "epoch", ylabel = "per digit", series = {
      {name = "a", x = {1, 2, 3}, y = {1, 2.5, 4}}, {name = "b", x = {1, 2, 3}, y = {3, 2, 1}}}},
      look {width = 15, height = 12}))
  end)

  it("is exactly this in ASCII", function()
    assert.equal([[
* a   + b
4+           *
 |          *
 |        **
3+++     *
 |  +++ *
2+    *++
 |   *   ++
 | **      ++
1+*          +
 ++-----+----+
  1     2    3
]], terminal.lines({series = {
      {name = "a", x = {1, 2, 3}, y = {1, 2.5, 4}}, {name = "b", x = {1, 2, 3}, y = {3, 2, 1}}}},
      look {width = 14, height = 12, utf8 = false}))
  end)

  it("breaks a legend that is too long", function()
    local series = {}
    for i = 1, 6 do series[i] = {name = "series " .. i, x = {1, 2}, y = {i, i}} end
    local list = lines_of(terminal.lines({series = series}, look {width = 25}))
    assert.same({"● series 1   ■ series 2", "▲ series 3   ◆ series 4",
                 "▼ series 5   ★ series 6"}, {table.unpack(list, 1, 3)})
  end)

  it("puts a dot within half a dot of every point", function()
    local x, y = {}, {}
    for i = 1, 100 do x[i], y[i] = i + 0.0, math.sin(i / 9) * i end
    local text = terminal.lines(curve(x, y, {x_range = {1, 100}, y_range = {-100, 100}}),
                                look {width = 60, height = 20})
    local dots, height = dots_of(text)
    local width = 2 * (60 - display.width("−100┤"))
    for i = 1, 100 do
      local px = math.floor((x[i] - 1) / 99 * (width - 1) + 0.5)
      local py = (y[i] + 100) / 200 * (height - 1)
      assert(dots[px .. "," .. math.floor(py)] or dots[px .. "," .. math.ceil(py)],
             ("point %d is not there:\n%s"):format(i, text))
    end
  end)

  it("has dots nowhere but on the curve", function()
    local text = terminal.lines(curve({0, 10}, {0, 10}, {x_range = {0, 10}, y_range = {0, 10}}),
                                look {width = 44, height = 23})
    local dots, height, count, _ = dots_of(text)
    local width = 2 * (44 - 3)
    for x = 0, width - 1 do
      local y = x / (width - 1) * (height - 1)
      -- the two ends have marks in the place of their cells' dots
      if x >= 2 and x < width - 2 then
        assert(dots[x .. "," .. math.floor(y)] or dots[x .. "," .. math.ceil(y)], text)
      end
    end
    assert.is_true(count <= math.max(width, height))
  end)

  it("shows one spike among 100,000 points, up to its height", function()
    local x, y = {}, {}
    for i = 1, 100000 do x[i], y[i] = i + 0.0, 1.0 end
    y[70001] = 9.0
    local start = os.clock()
    local text = terminal.lines(curve(x, y, {y_range = {0, 10}}), PLAIN)
    assert.is_true(os.clock() - start < 5)
    local dots, height = dots_of(text)
    local width = 2 * (80 - 3)
    local px = math.floor(70000 / 99999 * (width - 1) + 0.5)
    for py = math.ceil(0.1 * height), math.floor(0.9 * (height - 1)) do
      assert(dots[px .. "," .. py], text)
    end
  end)

  it("leaves gaps for what cannot be drawn", function()
    local nan, inf = 0 / 0, math.huge
    local text = terminal.lines(curve({1, 2, 3, 4, 5, 6, 7}, {1, 1, nan, 1, inf, 1, 1}), PLAIN)
    local _, _, count = dots_of(text)
    assert.is_true(count > 10 and count < 80, text)
    assert.matches("1", terminal.lines(curve({}, {}), PLAIN), 1, true)
    assert.matches("1", terminal.lines(curve({nan}, {inf}), PLAIN), 1, true)
  end)

  it("has logarithmic axes", function()
    local x, y = {}, {}
    for i = 1, 50 do x[i], y[i] = i + 0.0, 10.0 ^ (-4 * (i - 1) / 49) end
    local text = terminal.lines(curve(x, y, {log_y = true, y_range = {1e-4, 1}}), PLAIN)
    assert.matches("0.001┤", text, 1, true)
    -- a straight line in it: a dot in the middle of the picture
    local dots, height = dots_of(text)
    local width = 2 * (80 - display.width("10⁻⁴┤"))
    local found
    for dy = -2, 2 do
      found = found or dots[width // 2 .. "," .. height // 2 + dy]
    end
    assert(found, text)
    assert.truthy(terminal.lines(curve({1}, {-1}, {log_y = true, log_x = true}), PLAIN))
  end)

  it("has sparse dots for a band and strokes for errors", function()
    local function picture(more)
      local given = curve({1, 2, 3}, {2, 2, 2}, {y_range = {0, 4}})
      for name, value in pairs(more) do given.series[1][name] = value end
      return select(3, dots_of(terminal.lines(given, PLAIN)))
    end
    local alone = picture {}
    local band = picture {lower = {1, 1, 1}, upper = {3, 3, 3}}
    assert.is_true(band > alone + 500 and band < alone + 3000, band)
    local bars = picture {errors = {1, 1, 1}}
    assert.is_true(bars > alone + 60 and bars < alone + 110, bars)
  end)
end)

-- A description of every kind, with texts that are hard to fit.
local HARD = "日本語 e\u{301}\u{301} \27[31mred\7 \xff \u{85} über die Maßen lange Bezeichnung 😀"
local function descriptions()
  local x, y, matrix, image, counts = {}, {}, {}, {}, {}
  for i = 1, 30 do x[i], y[i] = i + 0.0, (i * 7919 % 31) / 3 - 4 end
  for i = 1, 7 do
    matrix[i], image[i], counts[i] = {}, {}, {}
    for j = 1, 40 do matrix[i][j] = math.sin(i * j) end
    for j = 1, 9 do image[i][j] = (i + j) / 16 end
    for j = 1, 7 do counts[i][j] = i == j and 1000 or i == 7 and 0 or j end
  end
  counts[7][7] = 0
  local class = {name = HARD, xs = x, ys = y, values = {}, sizes = {}}
  local labels = {}
  for i = 1, 7 do labels[i] = HARD:sub(1, 3 * i) end
  local texts = {title = HARD, xlabel = HARD, ylabel = HARD, note = HARD}
  local function with(t)
    for name, value in pairs(texts) do t[name] = value end
    return t
  end
  return {
    {"lines", with {series = {{name = HARD, x = x, y = y}, {name = "b", x = x, y = x}}}},
    {"points", with {classes = {class, class}, points = {}, x_range = {0, 31}, y_range = {-5, 9}}},
    {"decision_boundary", with {classes = {class, class}, x_range = {0, 31}, y_range = {-5, 9},
                                probabilities = {{1, 0}, {0, 1}, {0, 1}, {1, 0}}, resolution = 2}},
    {"bars", with {series = {{name = HARD, values = {1, -2, 0, 0 / 0, 3e9, 1e-9, 2}},
                             {name = "b", values = {1, 2, 3, 4, 5, 6, 7},
                              errors = {1, 1, 1, 1, 1, 1, 1}}}, labels = labels}},
    {"histogram", with {series = {{name = HARD, heights = {1, 5, 0, 2}}}, edges = {0, 1, 2, 3, 4}}},
    {"histogram", with {series = {{name = HARD, heights = {1, 5}}, {name = "b", heights = {0, 3}}},
                        edges = {-1e-5, 0, 1e-5}, log_y = true}},
    {"heatmap", with {values = matrix, range = {-1, 1}, colormap = "diverging",
                      row_labels = labels, value_label = HARD}},
    {"confusion", with {matrix = counts, classes = labels}},
    {"images", with {images = {image, image, image}, labels = {HARD, "b", ""}, columns = 3,
                     range = {0, 1}, colormap = "diverging", value_label = HARD}},
    {"activations", with {images = {image, image}, labels = {HARD, "b"}, notes = {"c", HARD},
                          layers = {{name = HARD, values = {matrix[1], matrix[2]}, lo = -1, hi = 1,
                                     colour = function() return "\0\0\0" end}}}},
  }
end

local function stripped(line)
  return (line:gsub("\27%[[%d;]*m", ""))
end

describe("every picture in the terminal", function()
  it("is within its width and height, whatever they are, and has no other control codes", function()
    for _, pair in ipairs(descriptions()) do
      local kind, given = pair[1], pair[2]
      local charts = kind == "lines" or kind == "points" or kind == "histogram"
                     or kind == "decision_boundary"
      for width = 1, 100, 9 do
        local height = 1 + width % 25
        for _, colour in ipairs {0, 8, 256, 2 ^ 24} do
          for _, utf8_wanted in ipairs {true, false} do
            local text = terminal[kind](given, {width = width, height = height, colour = colour,
                                                utf8 = utf8_wanted})
            local list = lines_of(text)
            for _, line in ipairs(list) do
              local shown = stripped(line)
              assert(display.width(shown) <= width,
                     ("%s: %d columns of %d:\n%s"):format(kind, display.width(shown), width, shown))
              assert.is_nil(shown:find("%c"))
              assert.truthy(utf8.len(shown))
              assert(utf8_wanted or not shown:find("[\x80-\xff]"), kind .. shown)
              assert.is_true(colour > 0 or shown == line)
              assert.is_true(shown == line or line:match(".*(\27%[[%d;]*m)") == "\27[0m")
            end
            assert(not charts or #list <= height, ("%s: %d rows of %d"):format(kind, #list, height))
          end
        end
      end
    end
  end)

  it("goes to standard output for the path '-', without gnuplot", function()
    local execute, written = os.execute, {}
    os.execute = function() error("gnuplot was called") end -- luacheck: ignore
    local real = io.stdout
    io.stdout = {write = function(_, ...) -- luacheck: ignore
      for _, text in ipairs {...} do written[#written + 1] = text end
    end, flush = function() end}
    local ok, message = pcall(nn.plot.lines, "-", {series = {{name = "a", y = {1, 3, 2}}}})
    io.stdout, os.execute = real, execute -- luacheck: ignore
    assert.is_true(ok, message)
    assert.matches("● a\n", table.concat(written), 1, true)
  end)

  it("is told nothing that it does not know", function()
    assert.has_error(function() terminal.lines(curve({1}, {1}), {widht = 3}) end,
                     "unknown option 'widht' to 'lines' (did you mean 'width'?)")
  end)
end)

describe("matrices in the terminal", function()
  it("show two pixels in a character, the upper one in front", function()
    local text = terminal.images({images = {{{0, 1}, {1, 0}}}, columns = 1, range = {0, 1},
                                  colormap = "gray"}, look {width = 2, colour = 2 ^ 24})
    assert.equal("\27[0;38;2;0;0;0;48;2;255;255;255m▀\27[0;38;2;255;255;255;48;2;0;0;0m▀\27[0m\n",
                 text)
  end)

  it("show means where they are smaller than the data", function()
    local row = {}
    for i = 1, 100 do row[i] = i % 2 end
    local text = terminal.images({images = {{row, row}}, columns = 1, range = {0, 1},
                                  colormap = "gray"}, look {width = 50, colour = 2 ^ 24})
    assert.equal(50, select(2, text:gsub("▀", "")))
    assert.is_nil(text:find("38;2;0;0;0", 1, true))
    assert.is_nil(text:find("38;2;255;255;255", 1, true))
    assert.truthy(text:find("38;2;12[78];12[78];12[78]"))
  end)

  it("show a confusion matrix with its counts", function()
    assert.equal([[
true class
a  9  1
b  0 10
   a  b
predicted class
0    ░░░░░░▒▒▒▒▒▒▓▓▓▓▓▓███ 1  share of row
]], terminal.confusion({matrix = {{9, 1}, {0, 10}}, classes = {"a", "b"}, title = ""}, PLAIN))
  end)
end)

describe("bars in the terminal", function()
  it("are as long as their values", function()
    local text = terminal.bars({series = {{name = "", values = {1, 2, 4}}},
                                labels = {"a", "b", "c"}}, look {width = 28})
    assert.equal([[
a ██████ 1
b ████████████ 2
c ████████████████████████ 4
]], text)
  end)
end)

describe("the display", function()
  it("counts columns as terminals do", function()
    for text, width in pairs {[""] = 0, abc = 3, ["äöü"] = 3, ["日本"] = 4, ["e\u{301}"] = 1,
                              ["😀"] = 2, ["\u{200b}"] = 0, ["한글"] = 4, ["\xff"] = 1,
                              ["⣿"] = 1} do
      assert.equal(width, display.width(text), text)
    end
  end)

  it("cuts before a character that would not fit whole", function()
    assert.equal("日…", display.clip("日本語", 4))
    assert.equal("日本…", display.clip("日本語", 5))
    assert.equal("日本語", display.clip("日本語", 6))
    assert.equal("e\u{301}…", display.clip("e\u{301}e\u{301}e\u{301}", 2))
    assert.equal("", display.clip("abc", 0))
    assert.same({"日", 2}, {core.display_clip("日本語", 3)})
  end)

  it("takes UTF-8 unless the locale says otherwise, colours unless NO_COLOR does", function()
    local real, environment = os.getenv, {}
    os.getenv = function(name) return environment[name] end -- luacheck: ignore
    local isatty = core.isatty
    core.isatty = function() return true end
    local function with(t)
      environment = t
      return display.utf8(), display.colours("stdout")
    end
    assert.same({true, 0}, {with {}})
    assert.same({false, 256}, {with {LANG = "C", TERM = "xterm-256color"}})
    assert.same({true, 0}, {with {LC_ALL = "de_DE.utf8", LANG = "C", NO_COLOR = "1",
                                  TERM = "xterm"}})
    assert.same({false, 8}, {with {LC_CTYPE = "de_DE.ISO-8859-1", NO_COLOR = "", TERM = "xterm"}})
    assert.same({true, 2 ^ 24}, {with {LANG = "C.UTF-8", TERM = "xterm", COLORTERM = "truecolor"}})
    assert.same({true, 0}, {with {TERM = "dumb", COLORTERM = "truecolor"}})
    core.isatty = function() return false end
    assert.same({true, 0}, {with {TERM = "xterm-256color"}})
    os.getenv, core.isatty = real, isatty -- luacheck: ignore
  end)
end)

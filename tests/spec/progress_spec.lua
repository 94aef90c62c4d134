-- progress_spec.lua - lua/nnlua/progress.lua: the line and its curves, on a pretended terminal

local Curves = require "nnlua.progress.curves"
local display = require "nnlua.display"
local progress = require "nnlua.progress"

-- A bar whose clock, stream and size the test holds in its hands. Columns are counted by `display`,
-- whose own spec compares them with a terminal's.
local function make(options)
  local world = {now = 100, written = {}, columns = 80, rows = 24}
  local stream = {
    write = function(_, ...)
      for _, text in ipairs {...} do world.written[#world.written + 1] = text end
    end,
    flush = function() end,
  }
  local bar = progress {
    total = options.total, unit = options.unit, terminal = options.terminal ~= false,
    samples = options.samples, start = options.start, curves = options.curves,
    stream = stream,
    clock = function() return world.now end,
    size = function() return world.columns, world.rows end,
  }
  function world.take()
    local text = table.concat(world.written)
    world.written = {}
    return text
  end
  return bar, world
end

local ERASE = "\r\27[K\0277\27[B\27[J\0278"

-- The line in what was drawn; fails if it is anything but one line in place.
local function line_of(drawn)
  local text = drawn:gsub("^\r\27%[K\0277\27%[B\27%[J\0278", "\r", 1)
                    :match("^\r([^\r\n\27]*)\27%[[JK]\r$")
  return assert(text, ("not one line in place: %q"):format(drawn))
end

describe("progress", function()
  it("shows count, rate, time passed and left and text on one line in place", function()
    local bar, world = make {total = 5000, unit = "epoch"}
    world.now = 110
    bar:update(1000, "cost 0.9")
    assert.equal("\repoch 1000/5000  100/s  10s  40s left  cost 0.9\27[J\r", world.take())
  end)

  it("shows samples per second where it knows them", function()
    local bar, world = make {total = 100, unit = "epoch", samples = 6000}
    world.columns = 100
    world.now = 102
    bar:update(40)
    assert.equal("epoch 40/100  20.0/s  120k samples/s  2s  3s left", line_of(world.take()))
  end)

  it("leaves out what it does not know", function()
    local bar, world = make {}
    bar:update(nil, "reading")
    assert.equal("reading", line_of(world.take()))
    world.now = 104
    bar:update(2)
    assert.equal("2  2.0s each  4s", line_of(world.take()))
  end)

  it("counts what is done by a run that goes on from where it stopped", function()
    local bar, world = make {total = 1000, start = 900}
    world.now = 110
    bar:update(910)
    assert.equal("910/1000  1.0/s  10s  1m 30s left", line_of(world.take()))
  end)

  it("shows shares of steps, and no rate before anything is done", function()
    local bar, world = make {total = 3, unit = "epoch"}
    bar:update(0)
    assert.equal("epoch 0/3  0s", line_of(world.take()))
    world.now = 101
    bar:update(0.25)
    assert.equal("epoch 0.2/3  4.0s each  1s  11s left", line_of(world.take()))
    bar:update(-1)
    world.now = 102
    bar:update(0)
    assert.matches("^epoch 0/3", line_of(world.take()))
  end)

  it("knows the time left from the recent rate", function()
    local bar, world = make {total = 10000}
    local done = 0
    local function run(seconds, rate)
      for _ = 1, seconds * 5 do
        world.now = world.now + 0.2
        done = done + rate / 5
        world.take()
        bar:update(done)
      end
      return tonumber(world.take():match("([%d.]+)/s"))
    end
    assert.near(50, run(60, 50), 1)
    assert.near(5, run(90, 5), 1) -- ten times slower: known after a minute and a half
    local noisy = {}
    for i = 1, 40 do noisy[i] = run(1, i % 2 == 0 and 8 or 2) end
    for i = 21, 40 do assert.near(5, noisy[i], 0.5) end
  end)

  it("goes on when nothing was done for a very long time", function()
    local bar, world = make {total = 10}
    world.now = 110
    bar:update(5)
    world.take()
    for _, seconds in ipairs {1e3, 1e4, 1e6, 1e9} do
      world.now = 110 + seconds
      bar:update(5)
      assert.matches("^5/10  ", line_of(world.take()))
    end
  end)

  it("draws at most ten times a second", function()
    local bar, world = make {total = 1000}
    local drawn = 0
    for i = 1, 1000 do
      world.now = 100 + i / 1000
      bar:update(i)
      if world.take() ~= "" then drawn = drawn + 1 end
    end
    assert.is_true(drawn >= 9 and drawn <= 11, drawn .. " drawings in one second")
  end)

  it("is never wider than the terminal, and drops whole parts, what matters least first", function()
    local seen = {}
    for columns = 1, 120 do
      local bar, world = make {total = 5000, unit = "epoch", samples = 1000}
      world.columns, world.now = columns, 110
      bar:update(1000, "cost 0.9  accuracy 97 %")
      local text = line_of(world.take())
      assert.is_true(display.width(text) < math.max(2, columns), text)
      if text ~= seen[#seen] then seen[#seen + 1] = text end
    end
    assert.same({
      "epoch 1000/5000",
      "epoch 1000/5000  cost 0.9",
      "epoch 1000/5000  40s left  cost 0.9",
      "epoch 1000/5000  100k samples/s  40s left  cost 0.9",
      "epoch 1000/5000  100k samples/s  40s left  cost 0.9  accuracy 97 %",
      "epoch 1000/5000  100/s  100k samples/s  40s left  cost 0.9  accuracy 97 %",
      "epoch 1000/5000  100/s  100k samples/s  10s  40s left  cost 0.9  accuracy 97 %",
    }, {table.unpack(seen, #seen - 6)})
    assert.equal("epoch 1000/50…", seen[#seen - 7])
  end)

  it("counts wide and combining characters as the terminal does", function()
    local bar, world = make {}
    world.columns = 10
    bar:update(nil, "日本語日本語\n")
    assert.equal("日本語日…", line_of(world.take()))
    world.now = 101
    bar:update(nil, ("e\u{301}"):rep(9))
    assert.equal(("e\u{301}"):rep(9), line_of(world.take()))
    world.now = 102
    bar:update(nil, "\27[31mä\xff")
    assert.equal(" [31mä\u{FFFD}", line_of(world.take()))
  end)

  it("works where the terminal does not tell its width", function()
    local bar, world = make {}
    world.columns = nil
    bar:update(nil, ("x"):rep(200))
    assert.equal(("x"):rep(78) .. "…", line_of(world.take()))
  end)

  it("erases what a terminal that became narrower has wrapped", function()
    local bar, world = make {}
    bar:update(nil, ("x"):rep(70))
    assert.equal("\r" .. ("x"):rep(70) .. "\27[J\r", world.take())
    world.now, world.columns = 101, 40
    bar:update(nil, "y")
    assert.equal(ERASE .. "y\27[J\r", world.take())
  end)

  it("takes the line away for other output and at the end", function()
    local bar, world = make {}
    bar:update(1)
    world.take()
    bar:clear()
    assert.equal(ERASE, world.take())
    bar:clear()
    assert.equal("", world.take())
    bar:update(2)
    assert.not_equal("", world.take())
    bar:finish()
    assert.equal(ERASE, world.take())
    bar:finish()
    world.now = 200
    bar:update(3)
    assert.equal("", world.take())
  end)

  it("is taken away by to-be-closed variables, also after an error", function()
    local bar, world = make {}
    pcall(function()
      local closing <close> = bar
      closing:update(1)
      error("x")
    end)
    assert.matches(ERASE, world.take(), 1, true)
  end)

  it("can be hidden or finished by who does not have it", function()
    local bar, world = make {}
    bar:update(1)
    world.take()
    progress.hide()
    progress.hide()
    assert.equal(ERASE, world.take())
    bar:update(2)
    assert.equal("2", line_of(world.take()):match("^%d+"))
    local other, elsewhere = make {}
    other:update(7) -- there is room for one
    assert.equal(ERASE, world.take())
    progress.finish()
    assert.matches(ERASE, elsewhere.take(), 1, true)
    other:update(8)
    assert.equal("", elsewhere.take())
    progress.finish()
    bar:finish()
  end)

  it("writes plain lines at growing intervals where there is no terminal", function()
    local bar, world = make {total = 1000, terminal = false}
    for second = 1, 200 do
      world.now = 100 + second
      bar:update(5 * second, "cost 0.9")
      bar:clear()
    end
    bar:finish()
    assert.equal([[
50/1000  5.0/s  10s  3m 10s left  cost 0.9
150/1000  5.0/s  30s  2m 50s left  cost 0.9
300/1000  5.0/s  1m 00s  2m 20s left  cost 0.9
600/1000  5.0/s  2m 00s  1m 20s left  cost 0.9
900/1000  5.0/s  3m 00s  20s left  cost 0.9
1000/1000  5.0/s  3m 20s  0s left  cost 0.9
]], world.take())
  end)

  it("writes nothing about a short loop where there is no terminal", function()
    local bar, world = make {total = 10, terminal = false}
    bar:update(5, "text")
    bar:clear()
    world.now = 109
    bar:update(10)
    bar:finish()
    assert.equal("", world.take())
  end)

  it("writes durations for people", function()
    assert.equal("0s", progress.duration(0.2))
    assert.equal("1m 00s", progress.duration(59.6))
    assert.equal("3m 05s", progress.duration(185))
    assert.equal("2h 07m", progress.duration(7620))
    assert.equal("3d 04h", progress.duration(3 * 86400 + 4 * 3600))
    assert.equal("?", progress.duration(math.huge))
    assert.equal("?", progress.duration(1e30))
    assert.equal("?", progress.duration(0 / 0))
  end)

  it("refuses an option that it does not know", function()
    assert.has_error(function() progress {totel = 3} end,
                     "unknown option 'totel' to 'progress' (did you mean 'total'?)")
    assert.has_error(function() progress {curves = {history = {}, x = "epoch", y = {}}} end,
                     "bad option 'y' to 'progress: curves' (a list of names expected)")
  end)
end)

describe("the curves above a progress line", function()
  local function grow(history, from, to)
    for i = from, to do history.epoch[i], history.cost[i] = i, 1 / i end
  end

  it("are drawn in place, at most four times a second, and stay in the end", function()
    local history = {epoch = {}, cost = {}}
    local bar, world = make {total = 100, unit = "epoch",
                             curves = {history = history, x = "epoch", y = {"cost"}}}
    bar:update(0)
    line_of(world.take())
    local pictures = 0
    for i = 1, 100 do
      grow(history, i, i)
      world.now = world.now + 0.05
      bar:update(i)
      local drawn = world.take()
      local picture = drawn:match("^\r(.*)\27%[J\27%[20A\r$")
      if picture then
        assert.equal(20, select(2, picture:gsub("\27%[K\r\n", "")))
        pictures = pictures + 1
      elseif pictures > 0 and drawn ~= "" then -- the line alone, below the picture
        assert.matches("^\r\27%[20B[^\r\n\27]*\27%[K\27%[20A\r$", drawn)
      end
    end
    -- fewer on a machine where drawing one takes longer
    assert.is_true(pictures >= 1 and pictures <= 20, pictures .. " pictures in 5 seconds")
    bar:finish()
    local left = world.take()
    assert.matches(ERASE, left, 1, true)
    assert.matches("● cost", left, 1, true)
    assert.equal("\27[J\r\n\r", left:sub(-6))
    assert.is_nil(left:find("epoch 100", 1, true))
  end)

  it("fit into the terminal, or are left out", function()
    local history = {epoch = {}, cost = {}}
    grow(history, 1, 100)
    for rows = 1, 30 do
      for columns = 2, 100, 7 do
        local bar, world = make {curves = {history = history, x = "epoch", y = {"cost"}}}
        world.rows, world.columns = rows, columns
        bar:update(100)
        local drawn = world.take():gsub("\27%[[%d;]*%a", ""):gsub("^\r", ""):gsub("\r$", "")
        local lines = 0
        for line in (drawn .. "\r\n"):gmatch("(.-)\r\n") do
          lines = lines + 1
          assert.is_true(display.width(line) < columns)
        end
        assert.is_true(lines <= math.max(1, rows - 1), lines .. " of " .. rows)
        assert.is_true(rows < 8 or lines > 1)
      end
    end
  end)

  it("are drawn once, at the end, without control codes, where there is no terminal", function()
    local history = {epoch = {}, cost = {}}
    local bar, world = make {terminal = false,
                             curves = {history = history, x = "epoch", y = {"cost"}}}
    grow(history, 1, 50)
    bar:update(50)
    assert.equal("", world.take())
    bar:finish()
    local text = world.take()
    assert.matches("● cost\n", text, 1, true)
    assert.is_nil(text:gsub("\n", ""):find("%c"))
  end)

  it("show a spike in a long history that they look at once", function()
    local reads = 0
    local costs = setmetatable({}, {__index = function(_, i)
      reads = reads + 1
      return i == 70001 and 9.0 or 1.0
    end})
    local epochs = {}
    local curves = Curves("test", {history = {epoch = epochs, cost = costs}, x = "epoch",
                                   y = {"cost"}})
    assert.is_nil(curves:text(60, 12, 0, true))
    for i = 1, 100000 do epochs[i] = i end
    local text = curves:text(60, 12, 0, true)
    assert.equal(100000, reads)
    assert.matches("10┤", text, 1, true)
    local found = 0
    for line in text:gmatch("[^\n]+") do
      if line:find("[⡇⢸⣇⣸⢰⡆⡄⢠⡀⢀⠇⠸]") and line:find("│") then found = found + 1 end
    end
    assert.is_true(found >= 5, text)
    for i = 100001, 100500 do epochs[i] = i end
    curves:text(60, 12, 0, true)
    assert.equal(100500, reads)
    local start = os.clock()
    for _ = 1, 10 do curves:text(100, 20, 256, true) end
    assert.is_true(os.clock() - start < 1)
  end)

  it("begin anew with a history that became shorter", function()
    local history = {epoch = {1, 2, 3}, cost = {5, 6, 7}}
    local curves = Curves("test", {history = history, x = "epoch", y = {"cost"}})
    assert.matches("7┤", curves:text(40, 12, 0, true), 1, true)
    history.epoch, history.cost = {1, 2}, {50, 80}
    assert.matches("80┤", curves:text(40, 12, 0, true), 1, true)
  end)
end)

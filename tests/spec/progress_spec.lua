-- progress_spec.lua - lua/nnlua/progress.lua: the progress line, on a pretended terminal

local progress = require "nnlua.progress"

-- A bar whose clock, stream and width the test holds in its hands.
local function make(options)
  local world = {now = 100, written = {}, width = 80}
  local stream = {
    write = function(_, ...)
      for _, text in ipairs {...} do world.written[#world.written + 1] = text end
    end,
    flush = function() end,
  }
  local bar = progress {
    total = options.total, unit = options.unit, terminal = options.terminal ~= false,
    stream = stream,
    clock = function() return world.now end,
    width = function() return world.width end,
  }
  function world.take()
    local text = table.concat(world.written)
    world.written = {}
    return text
  end
  return bar, world
end

describe("progress", function()
  it("shows count, rate, time left and text on one line in place", function()
    local bar, world = make {total = 5000, unit = "epoch"}
    world.now = 110
    bar:update(1000, "cost 0.9")
    assert.equal("\repoch 1000/5000  100/s  40s left  cost 0.9\27[K", world.take())
  end)

  it("leaves out what it does not know", function()
    local bar, world = make {}
    bar:update(nil, "reading")
    assert.equal("\rreading\27[K", world.take())
    world.now = 104
    bar:update(2)
    assert.equal("\r2  2.0s each\27[K", world.take())
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

  it("never writes more than the terminal is wide, counted in characters", function()
    local bar, world = make {}
    world.width = 10
    bar:update(nil, "äöüäöüäöüäöü\n")
    assert.equal("\räöüäöüäöü\27[K", world.take())
  end)

  it("works where the terminal does not tell its width", function()
    local bar, world = make {}
    world.width = nil
    bar:update(nil, ("x"):rep(200))
    assert.equal("\r" .. ("x"):rep(79) .. "\27[K", world.take())
  end)

  it("takes the line away for other output and at the end", function()
    local bar, world = make {}
    bar:update(1)
    world.take()
    bar:clear()
    assert.equal("\r\27[K", world.take())
    bar:clear()
    assert.equal("", world.take())
    bar:update(2)
    assert.not_equal("", world.take())
    bar:finish()
    assert.equal("\r\27[K", world.take())
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
    assert.matches("\r\27[K", world.take(), 1, true)
  end)

  it("writes nothing where there is no terminal", function()
    local bar, world = make {total = 10, terminal = false}
    bar:update(5, "text")
    bar:clear()
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
    assert.equal("?", progress.duration(0 / 0))
  end)
end)

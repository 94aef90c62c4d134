-- live_spec.lua - progress lines and curves on a real terminal, which is tmux: its screen is what a
-- user sees, and it wraps what does not fit when it becomes narrower
--
-- The scripts take a step for every Enter, so that the screen is looked at between two steps. Their
-- clock is a second a step.

local sleep = require("system").sleep
local support = require "tests.cli.support"

local folder

setup(function() folder = support.folder() end)
teardown(function() support.remove(folder) end)

local LONGEST_WAIT = 30 -- seconds; only reached when a test fails, or under valgrind

local Session = {}
Session.__index = Session

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  pipe:close()
  return text
end

local sessions = 0 -- each has a server of its own

-- A terminal of that size in which the command runs, then a shell.
local function start(columns, rows, command)
  sessions = sessions + 1
  local self = setmetatable({
    tmux = ("tmux -u -f /dev/null -S %s/tmux%d "):format(folder, sessions)}, Session)
  local script = support.write_file(folder .. "/session", (
    "stty -echo\ntrap : INT\n%s\ntrap - INT\nPS1=ready exec sh\n"):format(command))
  -- A test run in the background ignores SIGINT, and children inherit that.
  assert(os.execute(("env -u NO_COLOR LC_ALL=C.UTF-8 %snew-session -d -x %d -y %d "
    .. "'exec env --default-signal=INT TERM=screen-256color sh %s'"):format(
    self.tmux, columns, rows, script)))
  return self
end

function Session:call(arguments)
  return output_of(self.tmux .. arguments)
end

-- What is on the screen. (What tmux pushes above it when lines wrap, nobody can erase.)
function Session:screen()
  return self:call("capture-pane -p")
end

--- Waits until the screen holds that text.
function Session:expect(text)
  local waited = 0
  while true do
    local screen = self:screen()
    if screen:find(text, 1, true) then return screen end
    if waited > LONGEST_WAIT then
      error(("expected %q on the terminal, which shows:\n%s"):format(text, screen), 2)
    end
    sleep(0.01)
    waited = waited + 0.01
  end
end

function Session:keys(names)
  self:call("send-keys " .. names)
end

function Session:resize(columns, rows)
  self:call(("resize-window -x %d -y %d"):format(columns, rows))
  -- tmux tells the programs a little later
  local tty = self:call("display -p '#{pane_tty}'"):gsub("\n", "")
  local wanted = ("%d %d\n"):format(rows, columns)
  repeat until output_of("stty size -F " .. tty) == wanted
end

function Session:close()
  self:call("kill-server")
end

Session.__close = Session.close

local STEPS = [[
  local nn = require "nnlua"
  local history, now = {epoch = {}, train_cost = {}, test_cost = {}}, 0
  local bar <close> = nn.progress {total = 1000, unit = "epoch", clock = function() return now end,
    curves = LIVE and {history = history, x = "epoch", y = {"train_cost", "test_cost"}}}
  for step in (ENDLESS and function() return "" end or io.lines()) do
    now = now + 1
    for i = 1, 10 do
      local epoch = #history.epoch + 1
      history.epoch[epoch], history.train_cost[epoch] = epoch, 1 / epoch
      history.test_cost[epoch] = 0.2 + 1 / epoch
    end
    if step == "p" then bar:print("printed at", now) end
    if step == "q" then break end
    bar:update(10 * now, ("train cost %.4f  test cost %.4f"):format(1 / now, 0.2 + 1 / now))
  end
]]

local function script(settings)
  return support.nnlua .. " " .. support.write_file(folder .. "/steps.lua", settings .. STEPS)
end

local function count(text, part)
  local n, from = 0, 1
  while true do
    local first, last = text:find(part, from, true)
    if not first then return n end
    n, from = n + 1, last + 1
  end
end

-- Without the empty lines at the end.
local function trimmed(screen)
  return (screen:gsub("%s+$", ""))
end

describe("a progress line on a terminal", function()
  it("is one line, whatever the terminal's width becomes", function()
    local session <close> = start(80, 24, script "local LIVE, ENDLESS = false, false ")
    session:keys("Enter")
    session:expect("epoch 10/1000  10.0/s  1s  1m 39s left  train cost 1.0000  test cost 1.2000")
    for step, columns in ipairs {30, 100} do
      session:resize(columns, 24)
      session:keys("Enter")
      local screen = trimmed(session:expect("epoch " .. 10 * (step + 1)))
      assert.equal(1, count(screen, "epoch"), screen)
      assert.is_nil(screen:find("\n", 1, true), screen)
      assert.is_true(utf8.len(screen) < columns)
    end
    session:keys("p Enter")
    session:expect("epoch 40/")
    session:keys("q Enter")
    local screen = session:expect("ready")
    assert.matches("^printed at *4\nready$", trimmed(screen))
  end)

  it("ends with Ctrl-C, and nothing of it is left", function()
    local session <close> = start(60, 20, script "local LIVE, ENDLESS = false, true ")
    session:expect("/1000")
    session:keys("C-c")
    local screen = session:expect("ready")
    assert.matches("interrupted", screen)
    assert.equal(0, count(screen, "/1000"), screen)
    assert.equal("1\n", session:call("display -p '#{cursor_flag}'"))
  end)
end)

describe("curves on a terminal", function()
  it("are redrawn in place, also in a terminal of another size", function()
    local session <close> = start(80, 24, script "local LIVE, ENDLESS = true, false ")
    session:keys("Enter")
    session:expect("epoch 10/1000")
    session:keys("p Enter")
    session:expect("epoch 20/1000")
    local shown = 2
    for _, size in ipairs {{30, 12}, {120, 40}} do
      session:resize(size[1], size[2])
      shown = shown + 1
      session:keys("Enter")
      local screen = session:expect(("epoch %d/1000"):format(10 * shown))
      assert.equal(1, count(screen, "/1000"), screen)
      assert.equal(1, count(screen, "● train cost   ■ test cost"), screen)
      assert.is_true(count(screen, "printed at") <= 1, screen)
      assert.equal(1, count(screen, "└"), screen)
      for line in screen:gmatch("[^\n]+") do
        assert.is_true(utf8.len(line) < size[1], screen)
      end
    end
    session:keys("p Enter")
    session:expect(("epoch %d/1000"):format(10 * (shown + 1)))
    session:keys("q Enter")
    local screen = session:expect("ready")
    assert.equal(0, count(screen, "/1000"), screen)
    assert.matches("printed at *5\n● train cost   ■ test cost\n.*┤.*└.*epoch\n"
                   .. "ready", trimmed(screen))
    assert.equal("1\n", session:call("display -p '#{cursor_flag}'"))
  end)

  it("stay after Ctrl-C, above the message", function()
    local session <close> = start(60, 30, script "local LIVE, ENDLESS = true, true ")
    session:expect("● train cost")
    session:keys("C-c")
    local screen = session:expect("ready")
    assert.matches("● train cost   ■ test cost\n.*└.*epoch\n.*interrupted", screen)
    assert.equal(0, count(screen, "/1000"), screen)
    assert.equal("1\n", session:call("display -p '#{cursor_flag}'"))
  end)
end)

describe("the width of a text", function()
  it("is the one that the terminal gives it", function()
    local texts = {"abc", "äöü", "日本語", "한글", "e\u{301}x", "⣿⡇", "●■▲", "▏█", "−1·10⁻³", "ｆｕｌｌ"}
    local path = support.write_file(folder .. "/texts", table.concat(texts, "\n") .. "\n")
    local counted = support.run(support.write_file(folder .. "/widths.lua", ([[
      local display = require "nnlua.display"
      for line in io.lines(%q) do print(display.width(line)) end
    ]]):format(path)))
    local session <close> = start(80, 24, ("stty raw; while read -r text; do "
      .. "printf '\\r\\033[K%%s' \"$text\"; head -c 1 </dev/tty >/dev/null; done <%s"):format(path))
    local measured = ""
    for _, text in ipairs(texts) do
      session:expect(text)
      measured = measured .. session:call("display -p '#{cursor_x}'")
      session:keys("x")
    end
    assert.equal(measured, counted.stdout)
  end)
end)

describe("--live without a terminal", function()
  it("draws once, at the end, and sends no control codes into pipes", function()
    local command = "experiments/mnist_25x25.lua --epochs 12 --train 100 --test 50 --hidden 5 "
      .. "--no-plots --log-every 4 --out " .. support.quote(folder) .. "/"
    local plain = support.run(command .. "plain")
    local live = support.run(command .. "live --live")
    assert.equal(0, live.status, live.stderr)
    local function comparable(text)
      return (text:gsub("Time: [^\n]*\n", ""))
    end
    assert.equal(comparable(plain.stdout), comparable(live.stdout))
    assert.matches("● train cost   ■ test cost\n", live.stderr, 1, true)
    assert.is_nil(live.stderr:gsub("\n", ""):find("%c"))
    assert.is_nil(plain.stderr:find("train cost", 1, true))
  end)
end)

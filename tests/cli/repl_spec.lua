-- repl_spec.lua - the interactive session, on a terminal and through a pipe

local support = require "tests.cli.support"

local Repl = require "tests.cli.repl"

local PROMPT, MORE = Repl.PROMPT, Repl.MORE

describe("the REPL", function()
  local folder, session

  before_each(function() folder = support.folder() end)
  after_each(function()
    if session then session:close() end
    session = nil
    support.remove(folder)
  end)

  local function start(...)
    session = Repl.start(folder, ...)
    return session
  end

  local function enter(input) session:enter(input) end

  local function leave()
    local status, screen = session:leave()
    session = nil
    return status, screen
  end

  it("greets in one line and leaves on Ctrl-D with a newline", function()
    start()
    session:expect("nnlua ")
    assert.matches("help.*Ctrl%-D", session:expect("\n"))
    local status, screen = leave()
    assert.equal(0, status)
    assert.matches("\n> \n$", screen)
  end)

  it("shows results without = or return", function()
    start()
    enter("1 + 1")
    session:expect("2\n")
    enter("'text', nil, true")
    session:expect("text\tnil\ttrue\n")
    enter("{3, {4}, name = 'x'}")
    session:expect('{3, {4}, name = "x"}\n')
    enter("x = 5")
    enter("x")
    session:expect("5\n")
    enter("y = x + 1; y")
    session:expect("6\n")
  end)

  it("shows nothing after a semicolon, and keeps the last result in _", function()
    start()
    assert.equal("", session:ask("6 * 7;"))
    assert.equal("42", session:ask("_"))
    assert.equal("", session:ask("'a' .. 'b'; -- quiet"))
    assert.equal("ab", session:ask("_"))
    assert.equal("abc", session:ask("_ .. 'c'"))
    assert.equal("", session:ask("x = 1"))
    assert.equal("abc", session:ask("_"))
    assert.equal("", session:ask("_ = 'mine'"))
    assert.equal("", session:ask("1 + 1;"))
    assert.equal("mine", session:ask("_"))
  end)

  it("cuts big values to what one wants to see, at the width of the terminal", function()
    start(nil, {columns = 40})
    assert.equal("{\n  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,\n"
      .. "  12, 13, 14, 15, 16, 17, 18, 19, 20,\n  21, 22, 23, 24, 25\n}",
      session:ask("t = {} for i = 1, 25 do t[i] = i end; t"))
    assert.equal("{{{{...}, 4}, 3}, 2}", session:ask("{{{{1}, 4}, 3}, 2}"))
    assert.matches("^{\n.*%.%.%. 960 more\n}$",
                   session:ask("t = {} for i = 1, 1000 do t[i] = i end; t"))
    assert.equal("     1     2     3  ...  1998  1999  2000\n[int64 2000]",
                 session:ask("nn.arange(1, 2001)"))
    assert.matches("^[^\n]+%.%.%.[^\n]+\n[^\n]+\n[^\n]+\n  %.%.%.\n.*\n%[float64 100x200%]$",
                   session:ask("nn.randn(100, 200, {dtype = 'float64'})"))
  end)

  it("has the library in nn and a help text", function()
    start()
    enter("nn == require 'nnlua'")
    session:expect("true\n")
    enter("help")
    session:expect("Ctrl-D")
  end)

  it("continues an incomplete input, statement or expression", function()
    start()
    enter("function twice(x)")
    session:expect(MORE)
    session:send("return 2 * x\r")
    session:expect(MORE)
    session:send("end\r")
    enter("twice(21)")
    session:expect("42\n")
    enter("{1,")
    session:expect(MORE)
    session:send("2}\r")
    session:expect("{1, 2}\n")
  end)

  it("survives what it needs being overwritten", function()
    start()
    enter("load, print, type, pairs, error, io = 1, 2, 3")
    enter("6 * 7")
    session:expect("42\n")
  end)

  it("returns to the prompt when Ctrl-C stops a computation, again and again", function()
    start()
    for _ = 1, 3 do
      enter("print('run' .. 'ning') while true do end")
      session:expect("running\n")
      session:send("\3")
      session:expect("interrupted\n")
    end
    enter("1 + 1")
    session:expect("2\n")
  end)

  it("drops the input when Ctrl-C comes at a prompt", function()
    start()
    session:expect(PROMPT)
    session:send("error('typed')")
    session:expect("error('typed')")
    session:send("\3")
    session:expect("^C\n")
    enter("function f(")
    session:expect(MORE)
    session:send("\3")
    session:expect("^C\n")
    enter("1 + 1")
    session:expect("2\n")
    local status, screen = leave()
    assert.equal(0, status)
    assert.not_matches("In[", screen, 1, true)
  end)

  it("says once that a local does not outlive its input", function()
    start()
    enter("local x = 1")
    session:expect("note: a local lives only in its own input")
    enter("local y = 2")
    enter("_G.x, _G.y")
    assert.not_matches("note", session:expect("nil\tnil\n"))
  end)

  it("keeps its history across sessions, inputs of several lines whole", function()
    start()
    enter("answer = 42")
    enter("function f()")
    session:expect(MORE)
    session:send("return 'both lines'\r")
    session:expect(MORE)
    session:send("end\r")
    leave()

    start()
    session:expect(PROMPT)
    session:send("\27[A\r") -- cursor up: the last input
    session:expect("end\n")
    enter("f()")
    session:expect("both lines\n")
    session:expect(PROMPT)
    session:send("\16\16\16\r") -- Ctrl-P: beyond f() and the function, to the first
    session:expect("answer = 42")
    enter("answer")
    session:expect("42\n")
    leave()
    assert.matches("answer = 42\n", support.read_file(folder .. "/state/nnlua/history"), 1, true)
  end)

  it("works where the history cannot be written", function()
    support.write_file(folder .. "/state", "a file, not a folder")
    start()
    enter("1 + 1")
    session:expect("2\n")
    assert.equal(0, (leave()))
  end)

  it("follows the script with -i, also after its error", function()
    local path = support.write_file(folder .. "/script.lua", "value = 'kept'\nerror('late')")
    start("-i " .. path)
    session:expect("script.lua:2: late")
    enter("value")
    session:expect("kept\n")
    assert.equal(0, (leave()))
  end)

  describe("without a terminal", function()
    it("prints results only", function()
      local result = support.run("-i", "1 + 1\nx = {\n  3}\nx\nlocal y = 1")
      assert.equal("2\n{3}\n", result.stdout)
      assert.equal("", result.stderr)
      assert.equal(0, result.status)
    end)

    it("shows errors on standard error and goes on", function()
      local result = support.run("-i", "error('boom')\nfoo bar\n1 + 1\nfunction f(")
      assert.equal("2\n", result.stdout)
      assert.matches("^In%[1%]:1: boom\n"
                     .. "In%[2%]:1: syntax error near 'bar'\n"
                     .. "In%[4%]:1: [^\n]*<eof>\n$", result.stderr)
    end)
  end)
end)

-- repl_spec.lua - the interactive session, on a terminal and through a pipe

local support = require "tests.cli.support"

local nnlua = support.nnlua
local PROMPT, MORE = "> ", ">> "

describe("the REPL", function()
  local folder, session

  before_each(function() folder = support.folder() end)
  after_each(function()
    if session then session:close() end
    session = nil
    support.remove(folder)
  end)

  local function start(arguments)
    session = support.terminal(nnlua .. " " .. (arguments or ""), folder)
    return session
  end

  -- Types one input at the prompt and returns what is shown until the next prompt.
  local function enter(input)
    session:expect(PROMPT)
    session:send(input .. "\r")
    session:expect(input .. "\n")
  end

  local function leave()
    session:expect(PROMPT)
    session:send("\4")
    local status, screen = session:close()
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

  it("shows errors and goes on", function()
    start()
    enter("error('boom')")
    session:expect("In[1]:1: boom\n")
    enter("x = = 1")
    session:expect("In[2]:1: unexpected symbol near '='\n")
    enter("error({code = 3})")
    session:expect("error object: {code = 3}\n")
    enter("load, print, type = 1, 2, 3")
    enter("6 * 7")
    session:expect("42\n")
  end)

  it("shows the functions that an error came through, not its own", function()
    start()
    enter("function f() error('deep') end")
    enter("function g() f() return 1 end")
    enter("g()")
    session:expect("In[1]:1: deep\n  In[1]:1: in 'f'\n  In[2]:1: in ")
    assert.not_matches("repl", session:expect(PROMPT))
    session:send("\4")
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
    enter("x, y")
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

    it("shows the library's errors at the user's line, without its own functions", function()
      local result = support.run("-i", "f = function() local y = nn.ones(2, 3):matmul(1) end\nf()")
      assert.matches("^In%[1%]:1: [^\n]*'matmul'[^\n]*\n$", result.stderr)
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

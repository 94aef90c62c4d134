-- repl_errors_spec.lua - what a session shows of mistakes, and where it uses colour

local support = require "tests.cli.support"

local Repl = require "tests.cli.repl"

describe("the REPL's errors", function()
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

  it("name the input and its line, and the session goes on", function()
    start()
    assert.equal("In[1]:1: boom", session:ask("error('boom')"))
    assert.equal("In[2]:1: unexpected symbol near '='", session:ask("x = = 1"))
    assert.equal("error object: {code = 3}", session:ask("error({code = 3})"))
    assert.equal("mine", session:ask("error(setmetatable({}, {__tostring = function() "
                                     .. "return 'mine' end}))"))
    assert.equal("In[5]:1: unfinished string near <eof>", session:ask("'abc"))
    assert.equal("42", session:ask("6 * 7"))
  end)

  it("show the user's functions with their lines, the library's as a number", function()
    local path = support.write_file(folder .. "/script.lua", [[
function forward(x)
  local h = x:matmul(nn.ones(4, 5))
  return h
end]])
    start("-i " .. path)
    session:enter("function step(x)")
    session:expect(Repl.MORE)
    session:send("local loss = forward(x)\r")
    session:expect(Repl.MORE)
    session:send("return loss end\r")
    local shown = session:ask("step(nn.ones(2, 3))")
    shown = shown:gsub(folder:gsub("%p", "%%%0"), "FOLDER")
    assert.matches("\n  FOLDER/script.lua:2 in 'forward'\n    local h = x:matmul(nn.ones(4, 5))\n",
                   shown, 1, true)
    assert.equal("local loss = forward(x)", shown:match("In%[1%]:2 in 'step'%s+([^\n]*)"))
    assert.equal("step(nn.ones(2, 3))", shown:match("\n  In%[2%]:1%s+([^\n]*)"))
    assert.matches("inner sizes 3 and 4 differ", shown:match("^[^\n]*"))
    assert.equal("  (and 1 function of the library: %traceback)", shown:match("[^\n]*$"))
    assert.not_matches("session.lua", shown, 1, true)

    shown = session:ask("%traceback")
    assert.matches("stack traceback:\n.*operation%.lua.*in function 'forward'.*\n"
                   .. "\tIn%[1%]:2: in function 'step'\n\tIn%[2%]:1: in main chunk$", shown)
    assert.not_matches("session.lua", shown, 1, true)
  end)

  it("show the source line unless it was just typed and the only one", function()
    start()
    assert.equal("In[1]:1: attempt to index a nil value (field 'x')", session:ask("_G.x.y"))
    session:enter("x = {")
    session:expect(Repl.MORE)
    session:send("_G.x.y}\r")
    session:expect("_G.x.y}\n")
    assert.equal("In[2]:2: attempt to index a nil value (field 'x')\n  In[2]:2  _G.x.y}\n",
                 session:expect(Repl.PROMPT))
    session:send("f(\r")
    session:expect(Repl.MORE)
    session:send("1 1)\r")
    session:expect("1 1)\n")
    assert.equal("In[3]:2: ')' expected (to close '(' at line 1) near '1'\n  In[3]:2  1 1)\n",
                 session:expect(Repl.PROMPT))
    session:send("\4")
  end)

  it("show a recursion once", function()
    start()
    session:ask("function r(n) return 1 + r(n + 1) end")
    assert.equal("In[1]:1: stack overflow\n"
      .. "  In[1]:1 in 'r'  function r(n) return 1 + r(n + 1) end\n  ... again and again",
      (session:ask("r(1)"):gsub(" %(message[^\n]*", "")))
  end)

  it("are cut at the width of the terminal", function()
    start(nil, {columns = 40})
    session:ask("function f() local a = 'quite a long line of source' error('boom') end")
    for line in session:ask("f() -- called in a line that is long, too"):gmatch("[^\n]+") do
      assert.is_true(#line < 40, line)
    end
  end)

  it("name undefined variables and the nearest one, in functions of the session too", function()
    start()
    session:ask("model = 1")
    assert.equal("In[2]:1: undefined variable 'modle' (did you mean 'model'?)",
                 session:ask("modle"))
    assert.equal("In[3]:1: undefined variable 'modle' (did you mean 'model'?)",
                 session:ask("modle == nil"))
    session:ask("function f() if prnt then return 1 end end")
    assert.matches("^In%[4%]:1: undefined variable 'prnt' %(did you mean 'print'%?%)",
                   session:ask("f()"))
    assert.equal("In[6]:1: undefined variable 'qqqqqq'", session:ask("qqqqqq"))
  end)

  it("leave alone variables that were set to nil, and the globals of files", function()
    local path = support.write_file(folder .. "/module.lua", "return {seen = UNSET == nil}")
    start()
    assert.equal("", session:ask("best = nil"))
    assert.equal("nil", session:ask("best"))
    assert.equal("nil", session:ask("_G.nothing"))
    assert.equal("{seen = true}", session:ask(("dofile '%s'"):format(path)))
  end)

  it("are red on a terminal, results are not coloured", function()
    start(nil, {environment = "TERM=xterm-256color"})
    session:ask("error('bo' .. 'om')")
    session:ask("'re' .. 'sult'")
    local raw = session:raw()
    assert.matches("\27[31mIn[1]:1: boom\27[0m", raw, 1, true)
    assert.matches("\27[36m>\27[0m ", raw, 1, true)
    assert.matches("\rresult\r?\n", raw)
  end)

  -- Every kind of output, among it what would be coloured.
  local INPUTS = {
    "1 + 1", "error('boom')", "function f() error('x') end", "f()", "nn.ones(2)", "who()",
    "%time 1", "%nothing", "%help", "local x = 1", "modle", "x = = 1", "!exit 3", "help",
  }

  it("hold no control codes with NO_COLOR, nor on a dumb terminal", function()
    for _, environment in ipairs {"TERM=xterm-256color NO_COLOR=1", "TERM=dumb", "-u TERM"} do
      start(nil, {environment = environment})
      for _, input in ipairs(INPUTS) do session:ask(input) end
      assert.is_nil(session:raw():find("\27", 1, true), environment)
      session:leave()
    end
  end)

  it("hold no control codes through a pipe", function()
    local result = support.shell("TERM=xterm-256color " .. support.nnlua .. " -i",
                                 table.concat(INPUTS, "\n"))
    assert.matches("^2\n", result.stdout)
    assert.is_nil((result.stdout .. result.stderr):find("[\1-\8\11-\31]"))
  end)

  it("of the library stand at the user's line without a terminal as well", function()
    local result = support.run("-i", "local y = nn.ones(2, 3):matmul(1)")
    assert.matches("^In%[1%]:1: [^\n]*'matmul'[^\n]*\n$", result.stderr)
  end)
end)

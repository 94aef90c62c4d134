-- repl_commands_spec.lua - who(), the commands with %, the shell with !, pasted sessions, history

local support = require "tests.cli.support"

local Repl = require "tests.cli.repl"

-- The sessions of docs/repl.md: {inputs, shown}.
local function documented_sessions()
  local sessions = {}
  local page = support.read_file("docs/repl.md"):gsub("<!%-%- varies %-%->%s*```text.-\n```", "")
  for block in page:gmatch("\n```text\n(.-)```") do
    local inputs, shown = {}, {}
    for line in block:gmatch("(.-)\n") do
      local typed = line:match("^>+ (.*)$")
      table.insert(typed and inputs or shown, typed or line)
    end
    sessions[#sessions + 1] = {table.concat(inputs, "\n"), table.concat(shown, "\n")}
  end
  return sessions
end

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

  it("lists the user's variables with who()", function()
    start()
    assert.equal("no variables", session:ask("who()"))
    session:ask("images = nn.zeros(60, 784, {dtype = 'uint8'})")
    session:ask("row = images[1]; model = nn.Sequential(nn.Linear(784, 25));")
    session:ask("text, n, t = 'abc\\n', 3, {1, 2, x = images}")
    session:ask("function f() end")
    local shown = session:ask("who()")
    assert.equal([[
name    type        value or size     dtype   memory
f       function    In[5]:1
images  tensor      60x784            uint8  47.0 kB
model   Sequential  19625 parameters         78.5 kB
n       integer     3
row     tensor      784               uint8  47.0 kB
t       table       3 entries                47.0 kB
text    string      "abc\n"]], (shown:gsub("\n[^\n]*$", "")))
    assert.matches("\n7 variables with 125%.5 kB of tensors; all living tensors take [%d.]+ kB$",
                   shown)
    assert.equal(shown, session:ask("who"))
    assert.equal(shown, session:ask("%who"))
    session:ask("print = nil")
    session:ask("type = 5")
    assert.matches("\ntype +integer +5\n", session:ask("who()"))
  end)

  it("shows what its guide page says", function()
    local sessions = documented_sessions()
    assert.is_true(#sessions >= 5)
    for _, one in ipairs(sessions) do
      local result = support.shell(("cd %s && %s -i 2>&1"):format(folder, support.nnlua), one[1])
      assert.equal(one[2], (result.stdout:gsub("%s+$", "")))
    end
  end)

  it("keeps who() within a narrow terminal", function()
    start(nil, {columns = 50})
    session:ask("text = ('long '):rep(100)")
    session:ask("x = nn.zeros(3, 4)")
    for line in session:ask("who"):gmatch("([^\n]+)\n") do assert.is_true(#line < 50, line) end
  end)

  it("times an input once with %time", function()
    start()
    assert.matches("^42\n[%d.]+ [mnµ]*s %([%d.]+ [mnµ]*s of processor time%)$",
                   session:ask("%time 6 * 7"))
    assert.equal("43", session:ask("_ + 1"))
    assert.matches("^[%d.]+ [mnµ]*s %(", session:ask("%time x = 5;"))
    assert.equal("5", session:ask("x"))
    session:enter("%time for i = 1, 2 do")
    session:expect(Repl.MORE)
    session:send("x = x + i end\r")
    session:expect("processor time")
    assert.equal("8", session:ask("x"))
    assert.matches("undefined variable 'y'", session:ask("%time y"))
    assert.equal("%time needs INPUT: %time INPUT", session:ask("%time"))
  end)

  it("times an input often with %timeit", function()
    start()
    session:ask("calls = 0 function f() calls = calls + 1 end")
    local best, unit, mean, runs, loops = session:ask("%timeit f()"):match(
      "^best ([%d.]+) (%S+), mean ([%d.]+) [^\n]* ± [^\n]*\n(%d+) runs of ([%d,]+) calls each$")
    assert.is_true(unit == "ns" or unit == "µs")
    assert.is_true(tonumber(best) <= tonumber(mean))
    loops = tonumber((loops:gsub(",", "")))
    assert.is_true(tonumber(session:ask("calls")) > tonumber(runs) * loops)
    assert.matches("^In%[%d+%]:1: undefined", session:ask("%timeit g()"))
  end)

  it("runs a line of the shell with ! and says how it failed", function()
    start(nil, {environment = "TERM=vt100 SHELL=/bin/bash"})
    assert.equal("HELLO bash", session:ask("!echo hello $(basename $BASH) | sed s/hello/HELLO/"))
    assert.equal("exit status 3", session:ask("! exit 3"))
    assert.equal("ended by signal 15", session:ask("!kill $$"))
    session:enter("!echo rea''dy; sleep 60")
    session:expect("ready\n")
    session:send("\3")
    assert.matches("ended by signal 2\n", session:expect(Repl.PROMPT))
    session:send("1 + 1\r")
    session:expect("2\n")
  end)

  it("runs a file with %load, whose globals become variables", function()
    local path = support.write_file(folder .. "/my file.lua", "loaded = UNSET == nil\nprint 'ran'")
    start()
    assert.equal("ran", session:ask("%load " .. path))
    assert.equal("true", session:ask("loaded"))
    assert.equal("ran", session:ask("%load '~/my file.lua'"))
    assert.equal("cannot open /nowhere.lua: No such file or directory",
                 session:ask("%load /nowhere.lua"))
    support.write_file(path, "local a = 1\nerror('broken')")
    local shown = session:ask("%load " .. path)
    assert.matches("my file.lua:2: broken\n", shown, 1, true)
    assert.matches(":2%s+error%('broken'%)", shown)
    support.write_file(path, "local a = = 1")
    assert.matches("my file.lua:1: unexpected symbol near '='", session:ask("%load " .. path), 1,
                   true)
  end)

  it("saves its inputs with %save as a script that does the same", function()
    local path = folder .. "/saved.lua"
    start()
    session:ask("x = 2")
    session:ask("x * 21")
    session:ask("local x = 7; x")
    session:ask("_ + x")
    session:ask("nn.ones(2):sum():item() -- a comment")
    session:ask("print(x)")
    session:ask("error('once')")
    session:ask("who()")
    session:ask("'unseen';")
    session:ask("%time x + 1;")
    session:ask("return 5")
    session:enter("function f(a)")
    session:expect(Repl.MORE)
    session:send("return a + x end\r")
    session:ask("f(1)")
    assert.equal("12 inputs in " .. path, session:ask("%save " .. path))
    local result = support.run(support.quote(path))
    assert.equal("", result.stderr)
    assert.equal("42\n7\n9\n2.0\n2\n3\n", result.stdout)
    assert.matches("\n-- failed: error('once')\n", support.read_file(path), 1, true)

    assert.matches("exists; replace it with %%save %-f ", session:ask("%save " .. path))
    assert.equal("2 inputs in " .. path, session:ask("%save -f " .. path .. " 1-2"))
    assert.equal("42\n", support.run(support.quote(path)).stdout)
    assert.matches("no such input", session:ask("%save -f " .. path .. " 900"))
    assert.matches("/no/such/folder/x.lua", session:ask("%save /no/such/folder/x.lua"), 1, true)
  end)

  it("numbers its inputs in %history", function()
    start()
    session:ask("x = 1")
    session:enter("t = {")
    session:expect(Repl.MORE)
    session:send("2}\r")
    session:ask("!true")
    assert.equal("   1  x = 1\n   2  t = {\n      2}\n   3  !true\n   4  %history",
                 session:ask("%history"))
    assert.equal("   2  t = {\n      2}", session:ask("%history 2"))
    assert.matches("a range like 3-7 expected, got 'x'", session:ask("%history x"), 1, true)
  end)

  it("forgets its variables with %reset, and what they hold", function()
    start()
    session:ask("x = nn.zeros(1000, 1000)")
    session:ask("x")
    session:ask("y = 1")
    assert.equal("2 variables forgotten, 4.0 MB of tensors freed", session:ask("%reset"))
    assert.equal("no variables", session:ask("who()"))
    assert.equal("nil", session:ask("_"))
    assert.matches("undefined variable 'x'", session:ask("x"))
    assert.equal("0", session:ask("nn.memory()"):match("^%d+"))
  end)

  it("lists its commands with %help or %, and suggests one for a wrong name", function()
    start()
    local shown = session:ask("%help")
    for _, name in ipairs {"!COMMAND", "%history", "%load FILE", "%reset", "%save FILE",
                           "%time INPUT", "%timeit INPUT", "%who"} do
      assert.matches(name, shown, 1, true)
    end
    assert.equal(shown, session:ask("%"))
    assert.equal("there is no command '%lod' (did you mean '%load'?)", session:ask("%lod x"))
    assert.equal("there is no command '%nothing'", session:ask("%nothing"))
  end)

  it("runs a session that was copied with its prompts and outputs", function()
    start()
    session:expect(Repl.PROMPT)
    session:paste("> function f(x)\n>> return 2 * x\n>> end\n> f(4)\n8\n> y = f(5) + 1\n"
      .. "> {1,\n>> y}\n{1, 11}\n")
    session:send("\r")
    session:expect("\n8\n{1, 11}\n")
    assert.equal("10", session:ask("_[2] - 1"))
    session:expect(Repl.PROMPT)
    session:paste("> error('first')\n> z = 1\n> z = 2")
    session:send("\r")
    session:expect("first\n(2 more pasted inputs not run)\n")
    assert.matches("undefined variable 'z'", session:ask("z"))
  end)

  it("strips prompts that come line by line, but no operator", function()
    local result = support.run("-i", "> x = 1\n>> function f()\n>> return 5\n>> end\n> f()\n"
      .. "x = (8\n>> 2)\nx\n")
    assert.equal("In[2]:1: unexpected symbol near '>>'\n", result.stderr:match("^[^\n]*\n"))
    result = support.run("-i", "> function f()\n>> return 5\n>> end\n> f()\nx = (8\n>> 2)\nx\n")
    assert.equal("5\n2\n", result.stdout)
    assert.equal("", result.stderr)
  end)

  it("takes pasted code as one input, tabs and commands in it too", function()
    start()
    session:expect(Repl.PROMPT)
    session:paste("local a = 2\nif a then\n\ta = a * 3\nend\na")
    session:send("\r")
    session:expect("\n6\n")
    session:expect(Repl.PROMPT)
    session:paste("x = 4\n%time x = x + 1;\nx")
    session:send("\r")
    session:expect("processor time)\n5\n")
    session:expect(Repl.PROMPT)
    session:send("if\tx\tthen\tx = 'tabs' end\r") -- pasted where pastes are not marked
    assert.equal("tabs", session:ask("x"))
  end)

  it("gives inputs of several lines back whole, to be changed", function()
    start()
    session:enter("x = {")
    session:expect(Repl.MORE)
    session:send("1,\r")
    session:expect(Repl.MORE)
    session:send("2}\r")
    session:expect(Repl.PROMPT)
    session:send("\27[A")
    session:expect("2}")
    session:send("\127\127345}\1\6\127y\r") -- the end changed; from the start, the second letter
    session:expect(Repl.PROMPT)
    session:send("y\r")
    session:expect("{1, 345}\n")
  end)

  it("searches its history with Ctrl-R", function()
    start(nil, {environment = "TERM=xterm"}) -- a vt100 is sent filling between letters
    session:ask("needle = 'fo' .. 'und'")
    session:ask("other = 1")
    session:expect(Repl.PROMPT)
    session:send("\18need")
    session:expect("needle")
    session:send("\r")
    session:expect("\n") -- behind the line, which is drawn again with a prompt
    assert.equal("found", session:ask("needle"))
    session:expect(Repl.PROMPT)
    session:send("\18oth")
    session:expect("h': oth")
    session:send("\3")
    session:expect("^C\n")
    assert.equal("2", session:ask("1 + 1"))
  end)

  it("keeps the inputs of sessions side by side, and whole ones when it cuts a long history",
     function()
    local path = folder .. "/state/nnlua/history"
    start()
    local first = session
    local second = Repl.start(folder)
    second:ask("from_second = 1")
    first:ask("from_first = 1")
    second:ask("again_second = 1")
    second:leave()
    first:leave()
    local kept = support.read_file(path):gsub("#%d+\n", "")
    assert.equal("from_second = 1\nfrom_first = 1\nagain_second = 1\n", kept)

    local old = {}
    for i = 1, 4001 do old[i] = ("#17%08d\nx%d = {\n%d}\n"):format(i, i, i) end
    support.write_file(path, table.concat(old))
    start()
    session:ask("newest = 1")
    session:leave()
    kept = support.read_file(path)
    assert.equal("#1700002002\nx2002 = {\n2002}\n", kept:sub(1, 28))
    assert.equal(2001, select(2, kept:gsub("#%d+\n", "")))
    assert.matches("4001}\n#%d+\nnewest = 1\n$", kept)
  end)
end)

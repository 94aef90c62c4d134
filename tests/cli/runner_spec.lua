-- runner_spec.lua - the executable as a script runner: options, arguments, errors, Ctrl-C

local support = require "tests.cli.support"

local run, shell, nnlua = support.run, support.shell, support.nnlua

local function lines(text)
  local _, count = text:gsub("\n", "")
  return count
end

describe("nnlua", function()
  local folder

  setup(function() folder = support.folder() end)
  teardown(function() support.remove(folder) end)

  -- Writes a script and returns its path.
  local function script(text, name)
    return support.write_file(folder .. "/" .. (name or "script.lua"), text)
  end

  describe("runs", function()
    it("a script with its arguments in arg and ...", function()
      local path = script("print(#arg, arg[1], arg[2], ...) print(arg[0])")
      local result = run(path .. " one 'two words'")
      assert.equal("2\tone\ttwo words\tone\ttwo words\n" .. path .. "\n", result.stdout)
      assert.equal("", result.stderr)
      assert.equal(0, result.status)
    end)

    it("options of the script as the script's, whatever their name", function()
      local result = run(script("print(...)") .. " --help -e -i --nonsense")
      assert.equal("--help\t-e\t-i\t--nonsense\n", result.stdout)
    end)

    it("a script with what stands before it at negative indices of arg", function()
      local result = run("-e 'x = 1' " .. script("print(arg[-1], arg[-2], arg[-3] ~= nil)"))
      assert.equal("x = 1\t-e\ttrue\n", result.stdout)
    end)

    it("code given with -e, several times and before the script", function()
      local result = run("-e 'x = 1' -e'x = x + 1' " .. script("print(x, ...)") .. " y")
      assert.equal("2\ty\n", result.stdout)
      assert.equal(0, result.status)
    end)

    it("code alone, with nnlua at arg[0]", function()
      local result = run("-e 'print(arg[0]:match(\"[^/]*$\"), #arg)'")
      assert.matches("^%S+\t2\n$", result.stdout)
    end)

    it("standard input for -, with arguments", function()
      assert.equal("a\tb\n", run("- a b", "print(...)").stdout)
    end)

    it("standard input when it is no terminal and nothing else is given", function()
      local result = run("", "print(6 * 7)")
      assert.equal("42\n", result.stdout)
      assert.equal("", result.stderr)
    end)

    it("a script whose name begins with a dash, after --", function()
      script("print('dashed', ...)", "-e.lua")
      local result = shell(("cd %s && %s -- -e.lua 1"):format(folder, nnlua))
      assert.equal("dashed\t1\n", result.stdout)
    end)

    it("scripts without setting globals of its own", function()
      local stock = {}
      for name in pairs(_G) do stock[name] = true end
      local result = run("-e 'for k in pairs(_G) do io.write(k, \"\\n\") end'")
      for name in result.stdout:gmatch("%S+") do
        assert.is_true(stock[name] or name == "arg", "global " .. name)
      end
    end)

    it("busted as its Lua interpreter", function()
      local spec = script("it('works', function() assert.truthy(require 'nnlua.core') end)",
                          "tiny_spec.lua")
      local result = shell(("busted --lua=%s %s"):format(nnlua, spec))
      assert.matches("1 success / 0 failures / 0 errors", result.stdout, 1, true)
      assert.equal(0, result.status)
    end)
  end)

  describe("finds the Lua library", function()
    local program = [[-e 'print(type(require "nnlua"), package.searchpath("nnlua", package.path))']]

    it("from any folder, without environment variables", function()
      local result = shell(("cd / && env -i %s %s"):format(nnlua, program))
      assert.matches("^table\t/.*/lua/nnlua/init.lua\n$", result.stdout)
    end)

    it("and other modules where LUA_PATH says", function()
      script("return 'mine'", "my_module.lua")
      local result = shell(("LUA_PATH='%s/?.lua;;' %s -e 'print((require \"my_module\"))'"):format(
        folder, nnlua))
      assert.equal("mine\n", result.stdout)
    end)
  end)

  describe("says about itself", function()
    it("its versions", function()
      local result = run("--version")
      assert.matches("^nnlua %d+%.%d+%.%d+\n", result.stdout)
      for _, what in ipairs {"Lua +5%.4", "BLAS +%S", "instruction set +%S", "threads +%d"} do
        assert.matches(what, result.stdout)
      end
      assert.equal(0, result.status)
    end)

    it("every option in its help", function()
      local result = run("--help")
      for _, option in ipairs {"FILE", "-e CODE", "-i ", "- ", "--version", "--help"} do
        assert.matches(option, result.stdout, 1, true)
      end
      assert.is_true(lines(result.stdout) <= 20)
      assert.equal(0, result.status)
    end)
  end)

  describe("refuses", function()
    local function refused(arguments, message, status)
      local result = run(arguments)
      assert.equal("nnlua: " .. message .. "\n", result.stderr)
      assert.equal("", result.stdout)
      assert.equal(status, result.status)
    end

    it("an unknown option", function()
      refused("--frobnicate", "unknown option '--frobnicate'; see nnlua --help", 2)
      refused("-x", "unknown option '-x'; see nnlua --help", 2)
    end)

    it("-e without code", function()
      refused("-e", "option '-e' needs code; see nnlua --help", 2)
    end)

    it("a wrong option before running anything", function()
      refused("-e 'print(1)' --frobnicate", "unknown option '--frobnicate'; see nnlua --help", 2)
    end)

    it("a script that does not exist", function()
      refused("no_such.lua", "cannot open no_such.lua: No such file or directory", 1)
    end)

    it("a folder as a script", function()
      local result = run(folder)
      assert.matches("^nnlua: cannot read [^\n]+\n$", result.stderr)
      assert.equal(1, result.status)
    end)

    it("a syntax error, with its line and no traceback", function()
      local path = script("x = 1\nx = = 2\n")
      refused(path, path .. ":2: unexpected symbol near '='", 1)
    end)
  end)

  describe("reports an error", function()
    it("with the script's lines only", function()
      local path = script("local function inner(x)\n  error('boom ' .. x)\nend\n"
        .. "local function outer()\n  inner(1)\n  return 1\nend\nouter()\n")
      local result = shell(("cd %s && %s script.lua"):format(folder, nnlua))
      assert.equal(table.concat({
        "nnlua: script.lua:2: boom 1",
        "stack traceback:",
        "\tscript.lua:2: in upvalue 'inner'",
        "\tscript.lua:5: in local 'outer'",
        "\tscript.lua:8: in main chunk",
        "",
      }, "\n"), result.stderr)
      assert.equal(1, result.status)
      os.remove(path)
    end)

    it("with the library function that called back", function()
      local result = run(script("table.sort({2, 1}, function() error('in callback') end)"))
      assert.matches("[C]: in function 'table.sort'", result.stderr, 1, true)
      assert.not_matches("[C]: in ?", result.stderr, 1, true)
    end)

    it("after what the script printed", function()
      local result = shell(nnlua .. " " .. script("io.write('before ') error('x', 0)") .. " 2>&1")
      assert.matches("^before nnlua: x\n", result.stdout)
    end)

    it("given as an object with __tostring", function()
      local result = run(script([[
        error(setmetatable({}, {__tostring = function() return "mine" end}))]]))
      assert.matches("^nnlua: mine\n", result.stderr)
      assert.equal(1, result.status)
    end)

    it("given as any other value", function()
      assert.matches("^nnlua: %(error object is a table value%)\n", run("-e 'error {}'").stderr)
      assert.matches("^nnlua: %(error object is a nil value%)\n", run("-e 'error()'").stderr)
    end)

    it("in -e and does not run what follows", function()
      local result = run("-e 'error(1)' " .. script("print('not reached')"))
      assert.equal("", result.stdout)
      assert.equal(1, result.status)
    end)

    it("of infinite recursion", function()
      local result = run("-e 'local function f() return 1 + f() end f()'")
      assert.matches("stack overflow", result.stderr)
      assert.is_true(lines(result.stderr) < 40)
      assert.equal(1, result.status)
    end)

    it("that names function and shapes, for a tensor operation", function()
      local result = run("-e 'local nn = require \"nnlua\"; "
        .. "print(nn.ones(2, 3):matmul(nn.ones(4, 5)))'")
      assert.matches("^nnlua: %(command line%):1: [^\n]*'matmul'[^\n]*%[2,3%][^\n]*%[4,5%]",
                     result.stderr)
      assert.equal(1, result.status)
    end)
  end)

  describe("ends", function()
    it("with the status that the script gives os.exit", function()
      assert.equal(7, run("-e 'os.exit(7)'").status)
      assert.equal(0, run("-e 'os.exit(true)'").status)
      assert.equal(1, run("-e 'os.exit(false)'").status)
    end)

    it("by closing the Lua state", function()
      local result = run(script("setmetatable({}, {__gc = function() print('collected') end})"))
      assert.equal("collected\n", result.stdout)
    end)

    it("with status 1 when standard output cannot be written", function()
      for _, code in ipairs {"print(1)", "io.write(1)", "print(1) os.exit(0)"} do
        local result = shell(("%s -e '%s' >/dev/full"):format(nnlua, code))
        assert.matches("^nnlua: cannot write to standard output[^\n]*\n$", result.stderr)
        assert.equal(1, result.status)
      end
      assert.equal(1, shell(nnlua .. " --version >/dev/full").status)
    end)

    it("with status 1 when standard output is closed and was written to", function()
      assert.equal(1, shell(nnlua .. " -e 'io.write(1)' >&-").status)
      assert.equal(0, shell(nnlua .. " -e 'x = 1' >&-").status)
    end)

    it("soon, cleanly and with status 1 when nobody reads its output", function()
      local path = script([[
        local mark <close> = setmetatable({}, {__close = function()
          io.stderr:write("closed\n")
        end})
        while true do print("line") end]])
      local result = shell(("{ %s %s; echo $? >&2; } | head -1"):format(nnlua, path))
      assert.equal("line\n", result.stdout)
      assert.equal("closed\nnnlua: cannot write to standard output: Broken pipe\n1\n",
                   result.stderr)
    end)

    it("not because another pipe breaks", function()
      local result = run(script([[
        local pipe = io.popen("exec true", "w")
        repeat local ok = pipe:write("x") and pipe:flush() until not ok
        pipe:close()
        print("still here")]]))
      assert.equal("still here\n", result.stdout)
      assert.equal(0, result.status)
    end)
  end)

  -- A script says that it has come to where it is to be stopped on the line, and within the call,
  -- that does not end by itself.
  describe("on Ctrl-C", function()
    local function start(text, name)
      local path = script(text, name)
      return support.terminal(("%s %s"):format(nnlua, path), folder), path
    end

    it("stops the script, closes what it had open, and dies by the signal", function()
      local session, path = start(([[
        local mark <close> = setmetatable({}, {__close = function() print("closed") end})
        setmetatable({}, {__gc = function() print("collected") end})
        local file = io.open("%s/out.txt", "w")
        file:write("unflushed")
        print("running") while true do end]]):format(folder))
      session:expect("running")
      session:send("\3")
      session:expect("closed")
      session:expect("\nnnlua: interrupted at " .. path .. ":5\n")
      session:expect("collected")
      assert.equal(130, (session:close()))
      assert.equal("unflushed", support.read_file(folder .. "/out.txt"))
    end)

    it("is seen by a calling shell as an interruption", function()
      local path = script("print('running') while true do end")
      local session = support.terminal(
        ("sh -c %s"):format(support.quote(nnlua .. " " .. path .. "; echo not reached")), folder)
      session:expect("running")
      session:send("\3")
      local status, screen = session:close()
      assert.equal(130, status)
      assert.not_matches("not reached", screen, 1, true)
    end)

    it("names the script's line while a module runs", function()
      script("return function() print('busy') while true do end end", "busy_module.lua")
      local session, path = start(("package.path = '%s/?.lua'\nlocal busy = require 'busy_module'\n"
        .. "busy()\n"):format(folder))
      session:expect("busy")
      session:send("\3")
      session:expect("nnlua: interrupted at " .. path .. ":3\n")
      assert.equal(130, (session:close()))
    end)

    it("stops a script that waits for input", function()
      local session, path = start("local read = io.read\nprint('waiting') read()")
      session:expect("waiting")
      session:send("\3")
      session:expect("nnlua: interrupted at " .. path .. ":2\n")
      assert.equal(130, (session:close()))
    end)

    it("raises 'interrupted', which a script may catch", function()
      local session = start([[
        local ok, message = pcall(function() print("running") while true do end end)
        print(ok, message)
        os.exit(3)]])
      session:expect("running")
      session:send("\3")
      session:expect("false\tinterrupted")
      assert.equal(3, (session:close()))
    end)

    it("kills at once when it comes a second time", function()
      local session = start([[
        pcall(function() print("running") while true do end end)
        print("caught")
        while true do end]])
      session:expect("running")
      session:send("\3")
      session:expect("caught")
      session:send("\3")
      local status, screen = session:close()
      assert.equal(130, status)
      assert.not_matches("interrupted", screen)
    end)
  end)
end)

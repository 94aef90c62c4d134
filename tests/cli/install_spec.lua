-- install_spec.lua - make install and make uninstall: what lies below PREFIX works from anywhere

local support = require "tests.cli.support"

local quote, shell = support.quote, support.shell

describe("make install", function()
  local folder, prefix

  -- Runs a target that must succeed.
  local function make(target, settings)
    local result = shell(("make --no-print-directory %s PREFIX=%s %s"):format(
      target, quote(prefix), settings or ""))
    assert.equal(0, result.status, result.stdout .. result.stderr)
  end

  -- Runs a command where no variable and no folder can help it to find the library.
  local function elsewhere(command)
    return shell("cd / && env -i " .. command)
  end

  local function files_below(path)
    return shell(("cd %s && find . ! -type d | sort"):format(quote(path))).stdout
  end

  setup(function()
    folder = support.folder()
    prefix = folder .. "/usr"
    make("install")
  end)
  teardown(function() support.remove(folder) end)

  local code = quote [[
    local nn = require "nnlua"
    print(package.searchpath("nnlua", package.path))
    print(nn.ones(2, 3):matmul(nn.ones(3, 1)):sum():item())
  ]]

  it("gives an nnlua that finds its library without environment variables", function()
    local result = elsewhere(quote(prefix .. "/bin/nnlua") .. " -e " .. code)
    assert.equal("", result.stderr)
    local found, sum = result.stdout:match("^(.*)\n(.*)\n$")
    assert.equal(prefix .. "/share/lua/5.4/nnlua/init.lua", (found:gsub("/bin/%.%./", "/")))
    assert.equal(6, tonumber(sum))
  end)

  it("gives a REPL that knows the documentation of what is written in Lua and in C", function()
    local result = elsewhere(("printf %s | %s -i"):format(quote("?nn.zeros\n?nn.Linear\n"),
                                                         quote(prefix .. "/bin/nnlua")))
    assert.equal("", result.stderr)
    assert.matches("^nn%.zeros%(sizes", result.stdout)
    assert.matches("\nnn%.Linear%(in_features", result.stdout)
  end)

  it("gives a module that loads into the stock lua5.4", function()
    local result = elsewhere(("LUA_PATH=%s LUA_CPATH=%s PATH=%s lua5.4 -e %s"):format(
      quote(prefix .. "/share/lua/5.4/?.lua;" .. prefix .. "/share/lua/5.4/?/init.lua"),
      quote(prefix .. "/lib/lua/5.4/?.so"), quote(os.getenv("PATH")), code))
    assert.equal("", result.stderr)
    assert.equal(6, tonumber(result.stdout:match("\n(.*)\n$")))
  end)

  it("installs every file of the library", function()
    assert.equal(shell("cd lua && find . -type f | sort").stdout,
      files_below(prefix .. "/share/lua/5.4"))
  end)

  it("puts everything below DESTDIR when that is given", function()
    local root = folder .. "/root"
    make("install", "DESTDIR=" .. quote(root))
    assert.equal(files_below(prefix), files_below(root .. prefix))
    make("uninstall", "DESTDIR=" .. quote(root))
    assert.equal("", files_below(root))
    assert.not_equal("", files_below(prefix))
  end)

  it("is undone by make uninstall, which leaves the files of others", function()
    local other = support.write_file(prefix .. "/share/lua/5.4/other.lua", "")
    make("uninstall")
    assert.equal("./share/lua/5.4/other.lua\n", files_below(prefix))
    os.remove(other)
    make("install")
    make("uninstall")
    assert.equal("", files_below(prefix))
    assert.equal("", shell("find " .. quote(prefix) .. " -name nnlua -o -name 5.4").stdout)
  end)
end)

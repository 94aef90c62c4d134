-- Models as C: a strict compiler takes them without a warning; they compute what the engine does.

local support = require "tests.cli.support"

local COMPILE = "cd %s && ${CC:-cc} -std=c99 -Wall -Wextra -Werror -pedantic -O1 -o main main.c -lm"

describe("nn.export.c_source", function()
  local folder = support.folder()
  local models = support.run("tests/cli/c_models.lua " .. folder)
  local compiler = support.shell(COMPILE:format(folder))
  local result = support.shell(folder .. "/main")
  teardown(function() support.remove(folder) end)

  it("writes every model", function()
    assert.equals(0, models.status, models.stderr)
  end)

  it("writes what a strict compiler takes", function()
    assert.equals(0, compiler.status, compiler.stderr)
    assert.equals(0, result.status, result.stderr)
  end)

  for name in models.stdout:gmatch("[%w_]+") do
    it("computes what the engine computes: " .. name, function()
      assert.equals(name .. " passed", ("\n" .. result.stdout):match("\n(" .. name .. " [^\n]*)"))
    end)
  end
end)

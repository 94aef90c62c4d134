-- browser.lua - a page in Chromium, for the specs: what a script wrote, checked by a Python script

local assert = require "luassert"
local support = require "tests.cli.support"

local browser = {}

--- browser.specs(it, folder, written, script, checks): the specs of a page, made by busted's `it`.
--- written: the result of the command that wrote it into the folder; script: looks at it there and
--- prints a line for each of the checks in their order, "passed NAME" or why not.
function browser.specs(it, folder, written, script, checks)
  local result = support.shell(("/usr/bin/python3 %s %s"):format(script, folder))

  it("is written", function()
    assert.equal("", written.stderr)
    assert.equal(0, written.status)
  end)

  it("is opened", function()
    assert.equal(0, result.status, result.stderr)
  end)

  for _, name in ipairs(checks) do
    it(name, function()
      assert.equal("passed " .. name,
                   ("\n" .. result.stdout):match("\n(%l+ " .. name .. "[^\n]*)"), result.stderr)
    end)
  end

  it("has no other checks", function()
    local _, count = result.stdout:gsub("\n", "\n")
    assert.equal(#checks, count, result.stdout)
  end)
end

return browser

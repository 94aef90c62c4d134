-- The page of nnlua.sweep.report in a browser: Chromium, as users have it.

local support = require "tests.cli.support"

-- The checks of sweep_browser.py, in their order.
local CHECKS = {
  "loads without errors and without the network", "takes texts of a study for texts",
  "says what came out", "filters and sorts", "selects by a brush", "selects by keyboard",
  "reads out trials", "hides the trials of a state", "shows why a trial failed",
  "writes a csv file", "draws logarithmic values", "fits a phone in the dark",
  "shows means over seeds", "shows a study without trials", "has had no error by now",
}

describe("the report of a study in a browser", function()
  local folder = support.folder()
  local written = support.shell(("%s tests/cli/sweep_studies.lua %s"):format(support.nnlua, folder))
  local result = support.shell("/usr/bin/python3 tests/cli/sweep_browser.py " .. folder)
  teardown(function() support.remove(folder) end)

  it("is written", function()
    assert.equal("", written.stderr)
    assert.equal(0, written.status)
  end)

  it("is opened", function()
    assert.equal(0, result.status, result.stderr)
  end)

  for _, name in ipairs(CHECKS) do
    it(name, function()
      assert.equal("passed " .. name,
                   ("\n" .. result.stdout):match("\n(%l+ " .. name .. "[^\n]*)"), result.stderr)
    end)
  end

  it("does nothing else", function()
    local _, count = result.stdout:gsub("\n", "\n")
    assert.equal(#CHECKS, count, result.stdout)
  end)
end)

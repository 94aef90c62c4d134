-- The page of nnlua.sweep.report in a browser: Chromium, as users have it.

local browser = require "tests.cli.browser"
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
  teardown(function() support.remove(folder) end)

  browser.specs(it, folder, written, "tests/cli/sweep_browser.py", CHECKS)
end)

-- The page of nnlua.runs.report in a browser: Chromium, as users have it.

local browser = require "tests.cli.browser"
local support = require "tests.cli.support"

local RUNS, EPOCHS = 8, 300

-- The checks of report_browser.py, in their order.
local CHECKS = {
  "loads without errors and without the network", "takes texts of runs for texts",
  "refuses scripts that are not its own", "shows last values", "sorts by a click on a column",
  "sorts by keyboard with what is no number last", "filters by expressions",
  "names what a filter does not know", "hides the runs of a state",
  "shows differences of the chosen runs", "reads out values",
  "joins the values of a sparse column", "reads out values by keyboard",
  "zooms by dragging and back by a double click", "draws logarithmic scales", "smooths",
  "colours by a setting", "shows everything else of a run", "has room for its menu", "fits a phone",
  "follows the dark scheme", "has had no error by now", "shows a single run",
  "says which pictures did not fit",
}

local WRITE = [[
  local reader, report = require "nnlua.runs.reader", require "nnlua.runs.report"
  local folder, runs = ...
  runs = {}
  for dir in io.lines() do runs[#runs + 1] = assert(reader.read(dir)) end
  assert(report.write(folder .. "/report.html", runs))
  assert(report.write(folder .. "/one.html", {runs[1]}))
  assert(report.write(folder .. "/small.html", runs, {max_bytes = 150000}))
]]

describe("the report in a browser", function()
  local folder = support.folder()
  local script = support.write_file(folder .. "/write.lua", WRITE)
  local written = support.shell(("%s tests/cli/report_runs.lua %s %d %d | %s %s %s"):format(
    support.nnlua, folder, RUNS, EPOCHS, support.nnlua, script, folder))
  teardown(function() support.remove(folder) end)

  browser.specs(it, folder, written, "tests/cli/report_browser.py", CHECKS)
end)

-- report.lua - the report of many long runs: how long it takes, how large it is, how fast it opens
--
--   nnlua tests/stress/report.lua [RUNS [EPOCHS]]     from the top folder; 200 runs, 5,000 epochs
--
-- Fails if the page has more than 10 MB, takes more than 5 s to write, or Chromium more than 2 s to
-- open.

local core = require "nnlua.core"
local reader = require "nnlua.runs.reader"
local report = require "nnlua.runs.report"
local runs_of = require "tests.cli.report_runs"
local support = require "tests.cli.support"

local MOST_BYTES, MOST_SECONDS, MOST_OPENING = 10e6, 5, 2000

local count, epochs = tonumber(arg[1] or 200), tonumber(arg[2] or 5000)
local folder = support.folder()
local failed = false

local function say(what, value, most, unit)
  local ok = value <= most
  failed = failed or not ok
  print(("%-14s %8.4g %s, at most %g%s"):format(what, value, unit, most, ok and "" or ": TOO MUCH"))
end

local dirs = {}
for i = 1, count do dirs[i] = runs_of.make(folder, i, epochs) end

local began, page = core.clock(), folder .. "/report.html"
local runs = {}
for i, dir in ipairs(dirs) do runs[i] = assert(reader.facts(dir)) end
assert(report.write(page, runs))
say("written in", core.clock() - began, MOST_SECONDS, "s")
say("size", #support.read_file(page) / 1e6, MOST_BYTES / 1e6, "MB")

local result = support.shell(("/usr/bin/python3 tests/cli/report_browser.py --time %s %d"):format(
  support.quote(page), count))
io.stderr:write(result.stderr)
say("opened in", tonumber(result.stdout) or math.huge, MOST_OPENING, "ms")
support.remove(folder)
os.exit(not failed, true)

-- One HTML page about a study: history, parameters, importance, curves, the table of trials.
--
--   local report = require "nnlua.sweep.report"
--   report.write("l2.html", store, store:study("l2"))
--
-- Invariants: the page is one file that works from disk, without network; it is written whole or
-- not at all. What a study reported is thinned out evenly where it is too much for one page.

local core = require "nnlua.core"
local document = require "nnlua.page.document"
local options = require "nnlua.options"
local record = require "nnlua.sweep.report.record"
local results = require "nnlua.sweep.results"
local safe = require "nnlua.page.safe"

local report = {}

local FORMAT <const> = 1

local PARTS = {
  folder = debug.getinfo(1, "S").source:match("^@(.*)report%.lua$") .. "report/",
  scripts = {"data", "state", "columns", "scatter", "overview", "history", "parallel",
             "importance", "slices", "contour", "curves", "configurations", "details", "table",
             "csv", "main"},
  styles = {"sweep"},
}

--- report.write(path, store, study [, {title = nil}]) -> true, or nil and a message if the system
--- refuses. Writes the HTML page at path. study: as store:study gives it. title: default: the
--- study's name.
function report.write(path, store, study, given)
  local o = options.check("report.write", given, {title = options.optional})
  local title = o.title and tostring(o.title) or study.name
  local data = safe.value(record(store, study.id, results.read(store, study)))
  data.format, data.title = FORMAT, safe.text(title)
  data.written = os.date("%Y-%m-%d %H:%M")
  data.version = core.build_info().version
  return core.io.write_file(path, document.html(title, data, PARTS))
end

return report

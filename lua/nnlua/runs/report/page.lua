-- The page about runs: its parts around their data.

local document = require "nnlua.page.document"

local PARTS = {
  folder = debug.getinfo(1, "S").source:match("^@(.*)page%.lua$"),
  scripts = {"data", "state", "columns", "table", "series", "chart", "readout", "curves",
             "details", "media", "histograms", "main"},
  styles = {"pictures"},
}

local page = {}

--- page.html(title, data) -> the bytes of the page. data: a table that becomes JSON.
function page.html(title, data)
  return document.html(title, data, PARTS)
end

return page

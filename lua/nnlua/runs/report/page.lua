-- The HTML page around the data: one file that needs nothing else and may load nothing else.
--
-- Invariants: the data stand in the page as JSON without any '<', so nothing in a run can end their
-- element; the scripts build the page from texts only. The Content-Security-Policy names the hashes
-- of the one style sheet and the one script, so no other can run, and allows no address but data:.

local base64 = require "nnlua.runs.report.base64"
local core = require "nnlua.core"
local safe = require "nnlua.runs.report.safe"

local page = {}

local FOLDER = debug.getinfo(1, "S").source:match("^@(.*)page%.lua$")

-- In this order they make one script, in one function.
local SCRIPTS = {"data", "format", "dom", "state", "columns", "filter", "table", "series", "axes",
                 "chart", "readout", "curves", "details", "media", "histograms", "main"}

local function read(name)
  local file <close> = assert(io.open(FOLDER .. name, "rb"))
  return file:read("a")
end

local function hash(text)
  local bytes = core.io.sha256(text):gsub("%x%x", function(hex)
    return string.char(tonumber(hex, 16))
  end)
  return "'sha256-" .. base64.encode(bytes) .. "'"
end

local ESCAPES = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;"}

local function escape(text)
  return (safe.text(text):gsub('[&<>"]', ESCAPES))
end

--- page.html(title, data) -> the bytes of the page. data: a table that becomes JSON.
function page.html(title, data)
  local parts = {}
  for i, name in ipairs(SCRIPTS) do
    parts[i] = read("script/" .. name .. ".js")
  end
  local script = "\"use strict\";\n(() => {\n" .. table.concat(parts, "\n") .. "})();\n"
  local style = read("style.css")
  local policy = ("default-src 'none'; img-src data:; style-src %s; script-src %s; "
    .. "base-uri 'none'; form-action 'none'"):format(hash(style), hash(script))
  local json = core.io.json_encode(data):gsub("<", "\\u003c")
  local fields = {title = escape(title), policy = policy, style = style, script = script,
                  data = json}
  return (read("page.html"):gsub("{{(%w+)}}", fields))
end

return page

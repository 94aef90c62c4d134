-- The HTML page around data: one file that needs nothing else and may load nothing else.
--
-- Invariants: the data stand in the page as JSON without any '<', so nothing in a run can end their
-- element; the scripts build the page from texts only. The Content-Security-Policy names the hashes
-- of the one style sheet and the one script, so no other can run, and allows no address but data:.

local base64 = require "nnlua.page.base64"
local core = require "nnlua.core"
local safe = require "nnlua.page.safe"

local document = {}

local FOLDER = debug.getinfo(1, "S").source:match("^@(.*)document%.lua$")

-- What pages have in common; a page's own scripts come behind them.
local SCRIPTS = {"values", "format", "events", "colours", "dom", "order", "filter", "axes", "panel"}

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function read_all(paths)
  local parts = {}
  for i, path in ipairs(paths) do parts[i] = read(path) end
  return table.concat(parts, "\n")
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

--- document.html(title, data, {folder =, scripts =, styles =}) -> the bytes of the page. data: a
--- table that becomes JSON. folder: of the page's own parts, with a slash at its end; scripts: names
--- of those in FOLDERscript/NAME.js, styles: of those in FOLDERNAME.css, in their order.
function document.html(title, data, own)
  local scripts, styles = {}, {FOLDER .. "style.css"}
  for i, name in ipairs(SCRIPTS) do scripts[i] = FOLDER .. "script/" .. name .. ".js" end
  for _, name in ipairs(own.scripts) do
    scripts[#scripts + 1] = own.folder .. "script/" .. name .. ".js"
  end
  for _, name in ipairs(own.styles) do styles[#styles + 1] = own.folder .. name .. ".css" end
  local script = "\"use strict\";\n(() => {\n" .. read_all(scripts) .. "})();\n"
  local style = read_all(styles)
  local policy = ("default-src 'none'; img-src data:; style-src %s; script-src %s; "
    .. "base-uri 'none'; form-action 'none'"):format(hash(style), hash(script))
  local json = core.io.json_encode(data):gsub("<", "\\u003c")
  local fields = {title = escape(title), policy = policy, style = style, script = script,
                  data = json}
  return (read(FOLDER .. "page.html"):gsub("{{(%w+)}}", fields))
end

return document

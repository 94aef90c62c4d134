-- gnuplot as a child process: one picture in, one PNG, SVG or PDF file out.
--
-- Invariants: the same picture is the same bytes, whenever it is drawn; numbers and pixels reach
-- gnuplot only as binary files; every text becomes a double-quoted literal in which all but
-- harmless ASCII is an octal escape; the shell and gnuplot see no path but those of our own
-- temporary files. The picture appears under its name complete or not at all, and no temporary file
-- outlives the call.

local options = require "nnlua.options"

local gnuplot = {}

-- Fontconfig and CSS both resolve it; on Debian it is DejaVu Sans, which gnuplot-nox brings along.
local FONT = "sans-serif"

--- gnuplot.DOTS: pixels of a PNG per unit of the figure, each way: 500 dpi in a column of a paper.
gnuplot.DOTS = 3

-- Units per inch of a PDF: a chart of 560 is 8.9 cm wide, and the 12-point font of its tics, which
-- is 16 units high, is 7.2 points on paper.
local PER_INCH = 160

-- What a whole picture begins and ends with.
local HEADS = {png = "^\137PNG\r\n\26\n", svg = "^<%?xml", pdf = "^%%PDF%-"}
local TAILS = {png = "IEND....$", svg = "</svg>%s*$", pdf = "%%%%EOF%s*$"}

--- gnuplot.format(fname, path) -> "png" | "svg" | "pdf", by the path's extension, or "terminal" for
--- "-". Raises for any other.
function gnuplot.format(fname, path)
  if path == "-" then
    return "terminal"
  end
  local extension = type(path) == "string" and path:lower():match("[^/]%.(%a+)$")
  if not HEADS[extension] then
    options.raise("bad argument #1 to '%s' (path '%s' must end in .png, .svg or .pdf, or be '-' "
                  .. "for the terminal)", fname, tostring(path))
  end
  return extension
end

-- Text that any terminal can show: bytes that are no UTF-8 become U+FFFD (pango drops a whole text
-- for one of them), control characters other than newline spaces.
local function clean(text)
  local length, bad = utf8.len(text)
  while not length do
    text = text:sub(1, bad - 1) .. "\u{FFFD}" .. text:sub(bad + 1)
    length, bad = utf8.len(text, bad)
  end
  return (text:gsub("[\0-\9\11-\31\127]", " "))
end

--- gnuplot.quote(text) -> a gnuplot string literal that shows exactly `text`: no macro, no command
--- substitution, no escape is expanded.
function gnuplot.quote(text)
  -- digits too: gnuplot would read one that follows an octal escape as part of it
  return '"' .. clean(text):gsub("[^%a ,.:()/=+-]", function(c)
    return ("\\%03o"):format(c:byte())
  end) .. '"'
end

--- gnuplot.tics(marks [, minor]) -> the argument of `set xtics`; marks: list of {value, text};
--- minor: list of values that get a short tic without text.
function gnuplot.tics(marks, minor)
  local parts = {}
  for i, mark in ipairs(marks) do
    -- gnuplot runs the text of a tic through its own printf
    parts[i] = ("%s %.17g"):format(gnuplot.quote(mark[2]:gsub("%%", "%%%%")), mark[1])
  end
  for _, value in ipairs(minor or {}) do
    parts[#parts + 1] = ("'' %.17g 1"):format(value)
  end
  return "(" .. table.concat(parts, ", ") .. ")"
end

--- gnuplot.cut(text, width) -> one line: `text`, or its first characters and "…" where it is longer
--- than `width` characters.
function gnuplot.cut(text, width)
  text = clean(text):gsub("\n", " ")
  if utf8.len(text) > width then
    text = text:sub(1, utf8.offset(text, math.max(1, width // 1)) - 1) .. "…"
  end
  return text
end

--- gnuplot.wrap(text, width) -> list of lines: `text` broken at its newlines, and at spaces
--- where a line would be longer than `width` characters; a longer word is cut ("…").
function gnuplot.wrap(text, width)
  local lines = {}
  for paragraph in (clean(text) .. "\n"):gmatch("(.-)\n") do
    local line
    for word in paragraph:gmatch("%S+") do
      word = gnuplot.cut(word, width)
      if line and utf8.len(line) + 1 + utf8.len(word) <= width then
        line = line .. " " .. word
      else
        lines[#lines + 1] = line
        line = word
      end
    end
    lines[#lines + 1] = line
  end
  return lines
end

local Figure = {}
Figure.__index = Figure

--- gnuplot.figure(width, height) -> an empty figure of that many units (SVG pixels; a PNG has
--- DOTS times as many each way). Commands and data are collected; nothing runs before `save`.
function gnuplot.figure(width, height)
  return setmetatable({
    width = width,   -- units
    height = height, -- units
    commands = {},   -- lines of the gnuplot script, in order
    chunks = {},     -- pieces of the data file, in order
    bytes = 0,       -- their total length
  }, Figure)
end

--- figure:add(format, ...) appends one command; texts must come from gnuplot.quote.
function Figure:add(format, ...)
  self.commands[#self.commands + 1] = format:format(...)
end

--- figure:data(bytes) -> "data binary skip=…": the head of a plot element that reads them.
function Figure:data(bytes)
  local offset = self.bytes
  self.chunks[#self.chunks + 1] = bytes
  self.bytes = offset + #bytes
  return ("data binary skip=%d"):format(offset)
end

local function read_all(path)
  local file <close>, message = io.open(path, "rb")
  if not file then
    return nil, message
  end
  return file:read("a")
end

local function shell_quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- Writes all or nothing: on failure the file does not exist (nil, message).
local function write_all(path, bytes)
  local file, message = io.open(path, "wb")
  if not file then
    return nil, message
  end
  local ok, why = file:write(bytes)
  local closed, why_closed = file:close()
  if ok and closed then
    return true
  end
  os.remove(path)
  return nil, why or why_closed
end

local function header(self, format, data, output)
  local terminal
  local dots = gnuplot.DOTS
  if format == "png" then
    terminal = ("pngcairo size %d,%d font %s fontscale %d linewidth %d pointscale %d dashlength %d")
      :format(dots * self.width, dots * self.height, gnuplot.quote(FONT .. ",12"),
              dots, dots, dots, dots)
  elseif format == "pdf" then
    -- a line of width 1 is half a point wide; the font, as in a PNG, 4/3 dot a point
    local point = 72 / PER_INCH
    terminal = ("pdfcairo size %.6fin,%.6fin font %s fontscale %g linewidth %g pointscale %g "
                .. "dashlength 1.8")
      :format(self.width / PER_INCH, self.height / PER_INCH, gnuplot.quote(FONT .. ",12"), point,
              2 * point, 1.1 * point)
  else
    -- pngcairo takes a font size as points of 3/4 unit, svg as units
    terminal = ("svg size %d,%d font %s fontscale 1.333 linewidth 1.2"):format(
      self.width, self.height, gnuplot.quote(FONT .. ",12"))
  end
  return {
    "set encoding utf8",
    "set terminal " .. terminal .. " rounded noenhanced background rgb 'white'",
    "set output " .. gnuplot.quote(output),
    "data = " .. gnuplot.quote(data),
  }
end

-- The line of gnuplot's complaint that says what is wrong: the last one that is not empty.
local function complaint(log)
  local last = "no message"
  for line in (log or ""):gmatch("[^\r\n]+") do
    last = line:find("%S") and line:gsub("^%s+", "") or last
  end
  return last
end

local function delete_all(names)
  for _, name in ipairs(names) do
    os.remove(name)
  end
end

-- Runs the figure's script. The picture's bytes and a name no other file has, or nil and one line.
local function render(self, format)
  local names <close> = setmetatable({}, {__close = delete_all})
  for i = 1, 4 do
    local ok, name = pcall(os.tmpname)
    if not ok then
      return nil, "no temporary file: " .. name
    end
    names[i] = name
  end
  local data, script, output, log = table.unpack(names)
  local lines = header(self, format, data, output)
  table.move(self.commands, 1, #self.commands, #lines + 1, lines)
  lines[#lines + 1] = "unset output\n"
  local ok, message = write_all(data, table.concat(self.chunks))
  if ok then
    ok, message = write_all(script, table.concat(lines, "\n"))
  end
  if not ok then
    return nil, "no temporary file: " .. message
  end

  -- -d: neither the system's nor the user's start-up file
  local how, code
  ok, how, code = os.execute(("gnuplot -d %s >%s 2>&1 </dev/null"):format(shell_quote(script),
                                                                          shell_quote(log)))
  if how == "exit" and (code == 126 or code == 127) then
    return nil, "gnuplot is missing: install it to get pictures (Debian: gnuplot-nox)"
  end
  local picture = read_all(output)
  local whole = picture and picture:find(HEADS[format]) and picture:find(TAILS[format])
  if not ok or not whole then
    return nil, ("gnuplot failed (%s %d): %s"):format(how, code, complaint(read_all(log)))
  end
  if format == "pdf" then
    -- cairo knows no way to leave out the time; blanks keep the offsets of the file's objects
    picture = picture:gsub("/CreationDate %b()", function(entry) return (" "):rep(#entry) end)
  end
  return picture, output:match("[^/]*$")
end

--- figure:save(fname, path) -> true, or nil and one line that names the path: gnuplot missing or
--- failed, or the file cannot be written. An existing file is replaced only by a whole new one.
--- Raises for an extension that is none of a picture, in the name of `fname`.
function Figure:save(fname, path)
  local picture, message = render(self, gnuplot.format(fname, path))
  if picture then
    local part = path .. "." .. message .. ".part" -- beside it, so that rename cannot fail half-way
    local ok
    ok, message = write_all(part, picture)
    if ok then
      ok, message = os.rename(part, path)
      if ok then
        return true
      end
      os.remove(part)
    end
  end
  return nil, ("cannot draw '%s': %s"):format(path, message)
end

return gnuplot

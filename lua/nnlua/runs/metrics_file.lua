-- The rows of a run's metrics.csv, as texts, as they stand there while the run may still go on.
--
--   local file = metrics_file.open(dir)
--   for cells in file:rows() do print(cells[1]) end
--   file:close()
--
-- Invariants: a row counts once its line feed is there, so what a kill tore off is not seen; cells
-- are texts, quotes removed, and an empty cell is "". An older run that was killed has its rows in
-- metrics.csv.partial.

local metrics_file = {}

local Rows = {}
Rows.__index = Rows

local CHUNK = 1 << 20

-- The cells of a line; nil if a quoted cell goes on in the next line.
local function split(line)
  local cells, n = {}, 0
  if not line:find('"', 1, true) then
    for cell in (line .. ","):gmatch("([^,]*),") do
      n = n + 1
      cells[n] = cell
    end
    return cells
  end
  local at = 1
  while at <= #line + 1 do
    n = n + 1
    if line:sub(at, at) == '"' then
      local last = at
      repeat
        last = line:find('"', last + 1, true)
        if not last then return nil end
        local doubled = line:sub(last + 1, last + 1) == '"'
        if doubled then last = last + 1 end
      until not doubled
      cells[n] = line:sub(at + 1, last - 1):gsub('""', '"')
      at = (line:find(",", last, true) or #line + 1) + 1
    else
      local comma = line:find(",", at, true) or #line + 1
      cells[n] = line:sub(at, comma - 1)
      at = comma + 1
    end
  end
  return cells
end

--- metrics_file.open(dir) -> file | nil, message. file.columns: the names; empty if the header is
--- not there yet.
function metrics_file.open(dir)
  local handle, message = io.open(dir .. "/metrics.csv", "rb")
  if not handle then
    handle = io.open(dir .. "/metrics.csv.partial", "rb")
    if not handle then return nil, message end
  end
  local file = setmetatable({_handle = handle, _from = 0, _rest = "", columns = {}}, Rows)
  file.columns = file:_next() or {}
  return file
end

-- The cells of the next complete record, or nil.
function Rows:_next()
  local pending = ""
  while true do
    local first, last = self._rest:find("\r?\n", self._at or 1)
    if first then
      local line = pending .. self._rest:sub(self._at or 1, first - 1)
      self._at = last + 1
      local cells = split(line)
      if cells then
        self._from = self._from + #line + (last - first + 1)
        return cells
      end
      pending = line .. self._rest:sub(first, last)
    else
      local chunk = self._handle:read(CHUNK)
      if not chunk then return nil end
      self._rest, self._at = self._rest:sub(self._at or 1) .. chunk, 1
    end
  end
end

--- file:seek(bytes) goes on behind the first `bytes` bytes, which file:position() gave: true, or
--- false if the file is shorter by now.
function Rows:seek(bytes)
  local size = self._handle:seek("end")
  if size < bytes then return false end
  self._handle:seek("set", bytes)
  self._from, self._rest, self._at = bytes, "", 1
  return true
end

--- file:position() -> bytes of the rows that were read, the header among them.
function Rows:position()
  return self._from
end

--- file:rows() -> iterator of lists of cells. Rows with more or fewer cells than there are columns
--- are damaged and left out, as are empty lines.
function Rows:rows()
  local width = #self.columns
  return function()
    repeat
      local cells = self:_next()
      if not cells then return nil end
      if #cells == width and (width > 1 or cells[1] ~= "") then return cells end
    until false
  end
end

function Rows:close()
  if self._handle then self._handle:close() end
  self._handle = nil
end

Rows.__close = Rows.close

local WORDS = {
  ["nan"] = 0 / 0, ["-nan"] = 0 / 0, ["inf"] = math.huge, ["-inf"] = -math.huge,
  ["infinity"] = math.huge, ["-infinity"] = -math.huge,
}

--- metrics_file.number(cell) -> the number that a cell holds, NaN and infinities too, or nil.
function metrics_file.number(cell)
  if cell:find("^%s*[+-]?%.?%d") then return tonumber(cell) end
  return WORDS[cell:lower()]
end

return metrics_file

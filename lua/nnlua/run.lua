-- A run keeps what an experiment finds: its configuration, its metrics, its files.
--
--   local run <close> = nn.run {name = "xor", config = opts, columns = {"epoch", "cost"}}
--   run:log {epoch = 0, cost = 0.7}
--   nn.plot.lines(run:path("cost.png"), {x = run.history.epoch, series = {{y = run.history.cost}}})
--
-- Invariants: rows of metrics go to metrics.csv.partial, flushed at least every second, so a killed
-- run keeps them there; close() puts the complete metrics.csv in place in one step (temporary name,
-- synced, renamed). Floats have 15 significant digits, enough to compare runs.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"

local Run = class("Run")

local FLUSH_INTERVAL = 1 -- seconds

local function check(ok, message)
  if not ok then options.raise("run: %s", message) end
  return ok
end

local function cell(value)
  if math.type(value) == "float" then return ("%.15g"):format(value) end
  local text = tostring(value)
  if text:find('[",\r\n]') then text = '"' .. text:gsub('"', '""') .. '"' end
  return text
end

--- nn.run{name=, columns=, dir=, config=} -> run, its folder made.
---
--- name: of the experiment. dir: the folder; default runs/NAME/DATE-TIME, with -2, -3, ... after it
--- if that exists. config: a table that becomes config.json. columns: names of the metrics, the
--- header of metrics.csv. Raises if the folder or a file cannot be made.
function Run:init(given)
  local o = options.check("run", given, {name = options.required, columns = options.required,
                                         dir = options.optional, config = options.optional})
  self.dir = o.dir
  if not self.dir then
    local base = ("runs/%s/%s"):format(o.name, os.date("%Y%m%d-%H%M%S"))
    local number = 1
    self.dir = base
    while os.rename(self.dir, self.dir) do -- exists
      number = number + 1
      self.dir = ("%s-%d"):format(base, number)
    end
  end
  check(core.io.mkdir_p(self.dir))
  self.columns = o.columns
  self.history = {}
  for _, column in ipairs(self.columns) do self.history[column] = {} end
  if o.config then
    check(core.io.write_file(self:path("config.json"),
                             core.io.json_encode(o.config, {indent = 2}) .. "\n"))
  end
  self.partial = self:path("metrics.csv.partial")
  os.rename(self.partial, self.partial .. ".old") -- rows of a killed run, if there are any
  self.file = check(io.open(self.partial, "w"))
  self.flushed = core.clock()
  self:write_row(self.columns)
end

--- run:path(name) -> path of a file in the run's folder.
function Run:path(name)
  return self.dir .. "/" .. name
end

function Run:write_row(values)
  local cells = {}
  for i = 1, #self.columns do cells[i] = cell(values[i]) end
  check(self.file:write(table.concat(cells, ","), "\n"))
  local now = core.clock()
  if now - self.flushed > FLUSH_INTERVAL then
    check(self.file:flush())
    self.flushed = now
  end
end

--- run:log{column = value, ...} appends one row of metrics; every column needs a value. The values
--- are also appended to the lists run.history[column].
function Run:log(metrics)
  if not self.file then options.raise("run: %s is closed", self.dir) end
  local row = {}
  for i, column in ipairs(self.columns) do
    row[i] = metrics[column]
    if row[i] == nil then options.raise("run: no value for the column '%s'", column) end
  end
  for _, name in ipairs(options.sorted_keys(metrics)) do
    if not self.history[name] then
      options.raise("run: no column '%s'%s", name, options.suggest(name, self.columns))
    end
  end
  for i, column in ipairs(self.columns) do
    local list = self.history[column]
    list[#list + 1] = row[i]
  end
  self:write_row(row)
end

--- run:last(column) -> the value of the last row, or nil if there is none.
function Run:last(column)
  local list = self.history[column]
  return list and list[#list]
end

--- run:close() puts metrics.csv in place; closing again does nothing. If that fails it raises, and
--- the rows are still in metrics.csv.partial.
function Run:close()
  if not self.file then return end
  local file = self.file
  self.file = nil
  check(file:close())
  local written <close> = check(io.open(self.partial, "rb"))
  check(core.io.write_file(self:path("metrics.csv"), written:read("a")))
  os.remove(self.partial)
end

Run.__close = Run.close

return Run

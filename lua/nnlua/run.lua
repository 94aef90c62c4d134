-- A run keeps what an experiment finds: its configuration, its metrics, its files.
--
--   local run <close> = nn.run {name = "xor", config = opts, columns = {"epoch", "cost"}}
--   run:log {epoch = 0, cost = 0.7}
--   nn.plot.lines(run:path("cost.png"), {x = run.history.epoch, series = {{y = run.history.cost}}})
--
-- Invariants: rows of metrics go to metrics.csv.partial, flushed at least every second, so a killed
-- run keeps them there; close() puts the complete metrics.csv in place in one step (temporary name,
-- synced, renamed). A resumed run goes on behind the rows of its checkpoint, so that the file gets
-- the bytes that it would have had without a break. Floats have 15 significant digits, enough to
-- compare runs.

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

local function row_text(values)
  local cells = {}
  for i, value in ipairs(values) do cells[i] = cell(value) end
  return table.concat(cells, ",")
end

-- Where an earlier run of the folder left its rows, or nil.
local function rows_left(self)
  for _, path in ipairs {self.partial, self:path("metrics.csv")} do
    local file = io.open(path, "rb")
    if file then
      file:close()
      return path
    end
  end
end

-- What is wrong with the rows in the folder if `bytes` bytes of them are to be kept, or nil.
local function problem_with_rows(self, bytes)
  local path = rows_left(self)
  local file <close> = path and io.open(path, "rb")
  if not file then return ("there is no %s"):format(self.partial) end
  local header = file:read("l") -- nil if the run died before it was written
  if header and header ~= row_text(self.columns) then
    return ("%s has other columns"):format(path)
  elseif file:seek("end") < bytes then
    return ("%s has %d bytes, expected at least %d"):format(path, file:seek("end"), bytes)
  end
end

-- Opens metrics.csv.partial, with the first `bytes` bytes of what stands in the folder, or else a
-- header. From here on the folder is this run's: so is its config.json.
local function open(self, bytes)
  if self.config then check(core.io.write_file(self:path("config.json"), self.config)) end
  self.config = nil
  local source = bytes > 0 and check(io.open(rows_left(self), "rb"))
  if source then
    check(core.io.write_file(self.partial, source:read(bytes)))
    source:close()
  else
    os.rename(self.partial, self.partial .. ".old") -- rows of a killed run, if there are any
  end
  self.file = check(io.open(self.partial, "a"))
  self.flushed = core.clock()
  if not source then self:write_row(self.columns) end
end

--- nn.run{name=, columns=, dir=, config=, resume=false} -> run, its folder made.
---
--- name: of the experiment. dir: the folder; default runs/NAME/DATE-TIME, with -2, -3, ... after it
--- if that exists. config: a table that becomes config.json. columns: names of the metrics, the
--- header of metrics.csv. resume: leaves the rows in the folder alone until load_state_dict says
--- how many of them count, or log writes the first row of a new file; config.json is written no
--- sooner, so that a run that cannot go on changes nothing.
--- Raises if the folder or a file cannot be made, or if the rows there have other columns.
function Run:init(given)
  local o = options.check("run", given, {name = options.required, columns = options.required,
                                         dir = options.optional, config = options.optional,
                                         resume = false})
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
  self.config = o.config and core.io.json_encode(o.config, {indent = 2}) .. "\n"
  self.partial = self:path("metrics.csv.partial")
  self.kept = 0 -- bytes of the rows in the folder that count; until the file is open
  if not o.resume then
    open(self, 0)
  elseif rows_left(self) then
    local problem = problem_with_rows(self, 0)
    if problem then options.raise("run: %s", problem) end
  end
end

--- run:path(name) -> path of a file in the run's folder.
function Run:path(name)
  return self.dir .. "/" .. name
end

function Run:write_row(values)
  if not self.file then open(self, self.kept) end
  check(self.file:write(row_text(values), "\n"))
  local now = core.clock()
  if now - self.flushed > FLUSH_INTERVAL then
    check(self.file:flush())
    self.flushed = now
  end
end

--- run:log{column = value, ...} appends one row of metrics; every column needs a value. The values
--- are also appended to the lists run.history[column].
function Run:log(metrics)
  if self.closed then options.raise("run: %s is closed", self.dir) end
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

-- A column of the history as one tensor if its values are all floats or all integers.
local function packed(list)
  local kind = math.type(list[1])
  for i = 2, #list do
    if math.type(list[i]) ~= kind then return list end
  end
  return kind and core.tensor(list, {dtype = kind == "float" and "float64" or "int64"}) or list
end

--- run:state_dict() -> {bytes, history}: how much of the file of metrics there is, on the disk by
--- now, and what it says.
function Run:state_dict()
  local state = {bytes = self.kept, history = {}}
  if self.file then
    check(self.file:flush())
    check(core.io.sync_file(self.partial))
    state.bytes = self.file:seek("end")
  end
  for i, column in ipairs(self.columns) do state.history[i] = packed(self.history[column]) end
  return state
end

--- run:load_state_dict(state) -> run, made with resume = true, now with the rows of the state: the
--- next row that is logged comes behind them, in history and file. Raises, and changes nothing, if
--- the folder does not have them.
function Run:load_state_dict(state)
  if type(state) ~= "table" or math.type(state.bytes) ~= "integer"
     or type(state.history) ~= "table" or #state.history ~= #self.columns then
    core.arg_error(1, "load_state_dict", "not the state of a run with these columns")
  elseif self.file then
    options.raise("run: %s has rows already; make it with resume = true", self.dir)
  end
  local problem = state.bytes > 0 and problem_with_rows(self, state.bytes)
  if problem then options.raise("run: %s", problem) end
  self.kept = state.bytes
  for i, column in ipairs(self.columns) do
    local list = state.history[i]
    self.history[column] = core.is_tensor(list) and list:totable() or list
  end
  return self
end

--- run:close() puts metrics.csv in place; closing again does nothing. If that fails it raises, and
--- the rows are still in metrics.csv.partial.
function Run:close()
  if not self.file and not self.closed and self.kept > 0 then open(self, self.kept) end
  local file = self.file
  self.file, self.closed = nil, true
  if not file then return end
  check(file:close())
  local written <close> = check(io.open(self.partial, "rb"))
  check(core.io.write_file(self:path("metrics.csv"), written:read("a")))
  os.remove(self.partial)
end

Run.__close = Run.close

return Run

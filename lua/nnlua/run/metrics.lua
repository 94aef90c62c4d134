-- The table of a run's metrics: in memory, and as metrics.csv, which grows by a row per write.
--
--   local metrics = Metrics(columns or nil)
--   metrics:open(path);  metrics:add {epoch = 1, loss = 0.7}
--
-- Invariants: a row that add() returned from is in the file, whole, whatever becomes of the process
-- (core.io.append_file). The file holds what the table says and nothing else: with the same rows it
-- has the same bytes, resumed or not. Floats have 15 significant digits, enough to compare runs.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"

local Metrics = class("Metrics")

local NAN <const> = -(0 / 0) -- without a sign

-- Columns that count: they come first when rows name the columns, and give TensorBoard its step.
Metrics.COUNTERS = {"step", "epoch", "iteration", step = true, epoch = true, iteration = true}

local function check(ok, message)
  if not ok then options.raise("run: %s", message) end
  return ok
end

-- columns: their names if they are declared: then every row has all of them and no others. Else the
-- rows name them.
function Metrics:init(columns)
  self.declared = columns ~= nil
  self.columns, self.history = {}, {}
  self.gaps = {} -- column -> {row = true}: where the history's value stands for none
  self.rows = 0
  for _, name in ipairs(columns or {}) do self:add_column(name) end
end

function Metrics:add_column(name)
  if type(name) ~= "string" or name == "" or not utf8.len(name) then
    options.raise("run: the name of a column is %s, expected a text in UTF-8",
                  type(name) == "string" and ("'%s'"):format(name) or "a " .. type(name))
  elseif self.history[name] then
    options.raise("run: two columns '%s'", name)
  end
  self.columns[#self.columns + 1] = name
  local list, gaps = {}, {}
  for row = 1, self.rows do list[row], gaps[row] = NAN, true end
  self.history[name], self.gaps[name] = list, gaps
end

-- The first line of the file.
local function header(columns)
  return #columns > 0 and core.io.csv_row(columns, #columns) or ""
end

-- The line of a row of the table.
local function line(self, row)
  local values = {}
  for i, name in ipairs(self.columns) do
    if not self.gaps[name][row] then values[i] = self.history[name][row] end
  end
  return core.io.csv_row(values, #self.columns)
end

--- metrics:fits(path) -> whether the file there has the columns of this table. One whose first line
--- is torn or missing does, and without declared columns every file.
function Metrics:fits(path)
  local file <close> = io.open(path, "rb")
  local first = file and file:read("L")
  return not self.declared or not first or first:sub(-1) ~= "\n" or first == header(self.columns)
end

-- Puts the whole table in the place of the file, and goes on writing behind it.
function Metrics:rewrite()
  if self.file then self.file:close() end
  self.file = nil
  local lines = {header(self.columns)}
  for row = 1, self.rows do lines[row + 1] = line(self, row) end
  check(core.io.write_file(self.path, table.concat(lines)))
  self.file = check(core.io.append_file(self.path))
end

--- metrics:open(path): from here on the file at path holds this table.
function Metrics:open(path)
  self.path = path
  self:rewrite()
end

-- The value that a cell gets: a number, text or boolean; of a tensor its only element.
local function plain(name, value)
  if core.is_tensor(value) and value:numel() == 1 then return value:item() end
  local kind = type(value)
  if kind ~= "number" and kind ~= "string" and kind ~= "boolean" then
    options.raise("run: the value of '%s' is a %s, expected a number, a text or a boolean", name,
                  options.type_name(value))
  end
  return value
end

-- The columns of the row that the table does not have, counters first.
function Metrics:new_columns(row)
  local new = {}
  local function take(name)
    if row[name] ~= nil and not self.history[name] then new[#new + 1] = name end
  end
  for _, name in ipairs(Metrics.COUNTERS) do take(name) end
  for _, name in ipairs(options.sorted_keys(row)) do
    if not Metrics.COUNTERS[name] then take(name) end
  end
  return new
end

-- Raises if the columns are declared; else the table gets the columns that the row has beyond it.
function Metrics:widen(row)
  if self.declared then
    for _, name in ipairs(options.sorted_keys(row)) do
      if not self.history[name] then
        options.raise("run: no column '%s'%s", name, options.suggest(name, self.columns))
      end
    end
  end
  local new = self:new_columns(row)
  if #new == 0 then options.raise("run: a row is a table {column = value}") end
  for _, name in ipairs(new) do plain(name, row[name]) end
  for _, name in ipairs(new) do self:add_column(name) end
  self:rewrite()
end

--- metrics:add(row) -> its values in the order of the columns, nil for none. row: {column = value}.
--- Raises, and changes nothing, if a declared column has
--- no value, the row has others, or a value is none for a cell.
function Metrics:add(row)
  local columns, values, known = self.columns, {}, 0
  for i = 1, #columns do
    local name = columns[i]
    local value = row[name]
    if value == nil then
      if self.declared then options.raise("run: no value for the column '%s'", name) end
    else
      known = known + 1
      values[i] = math.type(value) and value or plain(name, value)
    end
  end
  for _ in pairs(row) do known = known - 1 end
  if known < 0 then
    self:widen(row)
    return self:add(row)
  end
  local history, at = self.history, self.rows + 1
  check(self.file:write(core.io.csv_row(values, #columns)))
  for i = 1, #columns do
    local value = values[i]
    if value == nil then self.gaps[columns[i]][at], value = true, NAN end
    history[columns[i]][at] = value
  end
  self.rows = at
  return values
end

--- metrics:close(): the file is complete as it is; closing again does nothing.
function Metrics:close()
  if self.file then self.file:close() end
  self.file = nil
end

-- A column of the history as one tensor if its values are all floats or all integers.
local function packed(list)
  local kind = math.type(list[1])
  for i = 2, #list do
    if math.type(list[i]) ~= kind then return list end
  end
  return kind and core.tensor(list, {dtype = kind == "float" and "float64" or "int64"}) or list
end

--- metrics:state_dict() -> what load_state_dict needs for the same table: {columns, history, gaps}.
function Metrics:state_dict()
  local state = {columns = table.move(self.columns, 1, #self.columns, 1, {}), history = {},
                 gaps = {}}
  for i, name in ipairs(self.columns) do
    state.history[i] = packed(self.history[name])
    local rows = {}
    for row = 1, self.rows do
      if self.gaps[name][row] then rows[#rows + 1] = row end
    end
    state.gaps[i] = packed(rows)
  end
  return state
end

local function unpacked(list)
  return core.is_tensor(list) and list:totable() or list
end

--- metrics:load_state_dict(state): this table, which has no rows and whose columns, if any are
--- declared, are those of the state, becomes that one.
function Metrics:load_state_dict(state)
  if type(state) ~= "table" or type(state.columns) ~= "table" or type(state.history) ~= "table"
     or type(state.gaps) ~= "table" or #state.history ~= #state.columns
     or #state.gaps ~= #state.columns
     or self.declared and table.concat(self.columns, ",") ~= table.concat(state.columns, ",") then
    core.arg_error(1, "load_state_dict", "not the state of a run with these columns")
  end
  -- The lists are filled, not replaced: run.columns and run.history are these.
  for i, name in ipairs(state.columns) do
    self.columns[i] = name
    self.history[name], self.gaps[name] = unpacked(state.history[i]), {}
    for _, row in ipairs(unpacked(state.gaps[i])) do self.gaps[name][row] = true end
    self.rows = #self.history[name]
  end
end

return Metrics

-- Tables of columns, as CSV files hold them: what nn.io.load_csv gives.
--
--   local iris = assert(nn.io.load_csv("iris.csv"))
--   local x = iris:tensor {"sepal_length", "petal_length"}     -- [150,2], float32
--   local y, classes = iris:classes("species")                 -- int64 1..3, {"setosa", ...}
--
-- Invariants: numbers are kept in float64 and converted when they are asked for, so that no digit
-- is lost before; a table of columns is never changed.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"

local csv = {}

local Table = class("Table")

-- Columns by name -------------------------------------------------------------------------------

--- table.names: the columns' names, a list; table.rows: how many rows there are.
function Table:init(columns, rows, source)
  self.names, self.rows = {}, rows
  self._columns, self._source = columns, source
  self._place = {}
  for i, column in ipairs(columns) do
    self.names[i] = column.name
    self._place[column.name] = i
  end
end

function Table:__tostring()
  return ("Table of %d rows: %s"):format(self.rows, table.concat(self.names, ", "))
end

-- The column of that name or number; raises for `function_name` if there is none.
local function find(self, key, function_name)
  local column = self._columns[math.type(key) == "integer" and key or self._place[key]]
  if column then return column end
  if type(key) ~= "string" then
    options.raise("bad argument #1 to '%s' (a column's name or 1..%d expected, got %s)",
                  function_name, #self.names,
                  math.type(key) and tostring(key) or options.type_name(key))
  end
  options.raise("bad argument #1 to '%s' (%s has no column '%s'%s)", function_name, self._source,
                key, options.suggest(key, self.names))
end

-- The column's float64 tensor; raises, with the cell that is no number, if it holds texts.
local function numbers(self, key, function_name)
  local column = find(self, key, function_name)
  if column.numbers then return column.numbers end
  local why = column.bad
    and (": line %d holds '%s', which is not a number"):format(column.bad_line, column.bad) or ""
  options.raise("bad argument #1 to '%s' (column '%s' of %s holds texts%s)", function_name,
                column.name, self._source, why)
end

-- Raises if integers of that dtype cannot hold the values.
local function convert(x, dtype, name, function_name)
  local result = x:to(dtype)
  if dtype ~= "float32" and dtype ~= "float64" and result:to("float64") ~= x then
    options.raise("%s: column '%s' holds values that %s cannot hold", function_name, name, dtype)
  end
  return result
end

--- table:column(name_or_number [, {dtype = "float32"}]) -> tensor [rows] of a column of numbers.
--- Raises if it holds texts, naming the first cell that is no number; if an integer dtype cannot
--- hold its values.
function Table:column(key, given)
  local o = options.check("column", given, {dtype = "float32"})
  local x = numbers(self, key, "column")
  return convert(x, o.dtype, find(self, key, "column").name, "column"):clone()
end

--- table:tensor([names] [, {dtype = "float32"}]) -> tensor [rows, #names] of columns of numbers;
--- without a list, of all of them, in the file's order. Raises as column does.
function Table:tensor(names, given)
  if type(names) == "table" and #names == 0 and next(names) ~= nil and given == nil then
    names, given = nil, names
  end
  local o = options.check("tensor", given, {dtype = "float32"})
  if names == nil then
    names = {}
    for i, column in ipairs(self._columns) do
      if column.numbers then names[#names + 1] = i end
    end
  elseif type(names) ~= "table" then
    options.raise("bad argument #1 to 'tensor' (a list of column names expected, got %s)",
                  options.type_name(names))
  end
  local result = core.zeros(self.rows, #names, {dtype = o.dtype})
  for j, key in ipairs(names) do
    local x = numbers(self, key, "tensor")
    result[{{}, j}] = convert(x, o.dtype, find(self, key, "tensor").name, "tensor")
  end
  return result
end

-- A number as people write it: 3, not 3.0.
local function number_text(value)
  local integer = math.tointeger(value)
  if integer then return tostring(integer) end
  local short = ("%.15g"):format(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

--- table:text(name_or_number) -> a list of strings, one a row. Numbers are written shortly; quotes
--- and the blanks of a number are those of the file no more.
function Table:text(key)
  local column = find(self, key, "text")
  if column.texts then return table.move(column.texts, 1, self.rows, 1, {}) end
  local texts = column.numbers:totable()
  for i, value in ipairs(texts) do
    texts[i] = number_text(value)
  end
  return texts
end

-- The distinct texts: those of numbers by value, others by their bytes.
local function distinct(texts, are_numbers)
  local seen, list = {}, {}
  for _, text in ipairs(texts) do
    if not seen[text] then
      seen[text] = true
      list[#list + 1] = text
    end
  end
  if are_numbers then
    table.sort(list, function(a, b) return tonumber(a) < tonumber(b) end)
    return list
  end
  return core.io.sort_bytes(list)
end

--- table:classes(name_or_number [, {classes}]) -> labels int64 [rows], classes: a column as class
--- labels 1..n, and the n names, sorted: numbers by value, texts by bytes. classes: the names in
--- their order, for a file that must be coded as another was; a value that is not among them
--- raises. So does NaN.
function Table:classes(key, given)
  local o = options.check("classes", given, {classes = options.optional})
  local column, texts = find(self, key, "classes"), self:text(key)
  for i, text in ipairs(texts) do
    if column.numbers and text:find("nan", 1, true) then
      options.raise("classes: row %d of column '%s' is nan, which is no class", i, column.name)
    end
  end
  local classes = o.classes or distinct(texts, column.numbers ~= nil)
  local label = {}
  for i, name in ipairs(classes) do
    label[name] = i
  end
  local labels = {}
  for i, text in ipairs(texts) do
    labels[i] = label[text]
    if not labels[i] then
      options.raise("classes: row %d of column '%s' is '%s', which is not among the %d classes", i,
                    column.name, text, #classes)
    end
  end
  if #labels == 0 then return core.zeros(0, {dtype = "int64"}), classes end
  return core.tensor(labels, {dtype = "int64"}), classes
end

-- Reading ---------------------------------------------------------------------------------------

local DEFAULTS = {delimiter = ",", header = options.optional, missing = "error",
                  types = options.optional, columns = options.optional}

-- The options as the core takes them.
local function raw_options(o, function_name)
  local headers = {auto = "auto", [true] = "yes", [false] = "no"}
  local header = headers[o.header == nil and "auto" or o.header]
  if not header then
    options.raise("bad option 'header' to '%s' (true, false or \"auto\" expected, got %s)",
                  function_name, tostring(o.header))
  end
  if o.types ~= nil and type(o.types) ~= "table" then
    options.raise("bad option 'types' to '%s' (table expected, got %s)", function_name,
                  options.type_name(o.types))
  end
  local types = {}
  for i, name in ipairs(options.sorted_keys(o.types or {})) do
    types[i] = {name, o.types[name]}
  end
  return {delimiter = o.delimiter, header = header, missing = o.missing, types = types}
end

-- The table of the columns that were asked for.
local function make(columns, rows, source, o, function_name)
  local all = Table(columns, rows, source)
  if o.columns == nil then return all end
  if type(o.columns) ~= "table" then
    options.raise("bad option 'columns' to '%s' (list expected, got %s)", function_name,
                  options.type_name(o.columns))
  end
  local chosen = {}
  for i, key in ipairs(o.columns) do
    chosen[i] = find(all, key, function_name)
  end
  return Table(chosen, rows, source)
end

--- csv.load(path, options), csv.parse(text, options): nn.io.load_csv and nn.io.parse_csv.
function csv.load(path, given)
  local o = options.check("load_csv", given, DEFAULTS)
  local columns, rows = core.io.load_csv(path, raw_options(o, "load_csv"))
  if not columns then return nil, rows end
  return make(columns, rows, ("'%s'"):format(path), o, "load_csv")
end

function csv.parse(text, given)
  local o = options.check("parse_csv", given, DEFAULTS)
  local columns, rows = core.io.parse_csv(text, raw_options(o, "parse_csv"))
  return make(columns, rows, "the table", o, "parse_csv")
end

-- Writing ---------------------------------------------------------------------------------------

-- The columns of a tensor [N] or [N,K] as raw pairs, and N.
local function tensor_columns(x, names)
  local ndim = core.ndim(x)
  if ndim ~= 1 and ndim ~= 2 then
    core.arg_error(2, "save_csv", ("the tensor has %d dimensions, expected 1 or 2"):format(ndim))
  end
  local columns, count = {}, ndim == 1 and 1 or core.size(x, 2)
  for j = 1, count do
    columns[j] = {names and names[j] or false, ndim == 1 and x or x[{{}, j}]}
  end
  return columns, core.size(x, 1)
end

-- The columns of a Table, or of a list of {name, tensor or list of strings}.
local function listed_columns(t)
  if Table.is(t, Table) then
    local columns = {}
    for i, column in ipairs(t._columns) do
      columns[i] = {column.name, column.numbers or column.texts}
    end
    return columns, t.rows
  end
  local columns, rows = {}, 0
  for i, pair in ipairs(t) do
    if type(pair) ~= "table" or type(pair[1]) ~= "string" then
      core.arg_error(2, "save_csv", ("column %d is not a pair {name, values}"):format(i))
    end
    local values = pair[2]
    if core.is_tensor(values) then
      rows = core.ndim(values) == 1 and core.size(values, 1) or rows
    elseif type(values) == "table" then
      rows, values = #values, table.move(values, 1, #values, 1, {})
    end
    columns[i] = {pair[1], values}
  end
  return columns, rows
end

--- csv.save(path, t, options): nn.io.save_csv.
function csv.save(path, t, given)
  local o = options.check("save_csv", given, {names = options.optional, delimiter = ","})
  local columns, rows
  if core.is_tensor(t) then
    columns, rows = tensor_columns(t, o.names)
  elseif type(t) == "table" then
    columns, rows = listed_columns(t)
  else
    core.arg_error(2, "save_csv", "a tensor, a table of load_csv or a list of columns expected, "
      .. "got " .. options.type_name(t))
  end
  if o.names ~= nil then
    if type(o.names) ~= "table" or #o.names ~= #columns then
      options.raise("bad option 'names' to 'save_csv' (a list of %d names expected)", #columns)
    end
    for i, column in ipairs(columns) do
      column[1] = o.names[i]
    end
  end
  return core.io.save_csv(path, columns, rows, {delimiter = o.delimiter})
end

--- csv.Table: the class of what load and parse give.
csv.Table = Table

return csv

-- data.TensorDataset: tensors whose rows belong together: inputs, labels, ...
--
-- Invariants: all tensors have as many rows; a subset shares its data set's tensors and holds a
-- list of row numbers; batches are copies, so that changing one never changes the data.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"

local TensorDataset = class("TensorDataset")

local function shape_text(t)
  return "[" .. table.concat(core.shape(t), ",") .. "]"
end

-- The strings of the option `classes`, as a list of its own.
local function check_classes(classes)
  if classes == nil then return nil end
  if type(classes) ~= "table" then
    options.raise("bad option 'classes' to 'TensorDataset' (list of names expected, got %s)",
                  options.type_name(classes))
  end
  local names = {}
  for i, name in ipairs(classes) do
    names[i] = tostring(name)
  end
  return names
end

--- data.TensorDataset(x [, y, ...] [, {classes}])
---
--- x, y, ...: tensors with the same first size N, any dtypes. classes: the names of the labels
--- 1, 2, ...; kept as ds.classes.
--- #ds is N; ds[i] the list of the views x[i], y[i], ... (i from 1, or negative from the end).
--- Raises if the numbers of rows differ.
function TensorDataset:init(...)
  local count = select("#", ...)
  local given = {...}
  local opts = {}
  if count > 0 and type(given[count]) == "table" then
    opts = options.check("TensorDataset", given[count], {classes = options.optional})
    given[count], count = nil, count - 1
  end
  if count == 0 then
    core.arg_error(1, "TensorDataset", "tensor expected, got no value")
  end
  for i = 1, count do
    local t = given[i]
    if not core.is_tensor(t) then
      core.arg_error(i, "TensorDataset", "tensor expected, got " .. options.type_name(t))
    elseif core.ndim(t) == 0 then
      core.arg_error(i, "TensorDataset", "a 0-dim tensor has no rows")
    elseif core.size(t, 1) ~= core.size(given[1], 1) then
      core.arg_error(i, "TensorDataset", ("%d rows, but argument #1 has %d: %s and %s"):format(
        core.size(t, 1), core.size(given[1], 1), shape_text(t), shape_text(given[1])))
    end
  end
  self.tensors = given
  self.classes = check_classes(opts.classes)
  self.count = core.size(given[1], 1)
end

-- The row numbers `given` (int64 tensor, or list of integers) as an int64 tensor of numbers in
-- 1..n; they are argument #1 of the function.
local function check_rows(given, n, function_name)
  local rows = given
  if type(given) == "table" then
    for i, row in ipairs(given) do
      if math.type(row) ~= "integer" then
        core.arg_error(1, function_name, ("row numbers expected, entry %d is %s"):format(
          i, math.type(row) and tostring(row) or options.type_name(row)))
      end
    end
    rows = #given > 0 and core.tensor(given, {dtype = "int64"}) or core.zeros(0, {dtype = "int64"})
  elseif not core.is_tensor(given) then
    core.arg_error(1, function_name, "list of row numbers expected, got "
      .. options.type_name(given))
  end
  if core.ndim(rows) ~= 1 or core.dtype(rows) ~= "int64" then
    core.arg_error(1, function_name, ("int64 vector of row numbers expected, got %s %s"):format(
      core.dtype(rows), shape_text(rows)))
  end
  if core.numel(rows) > 0 then
    local low, high = core.item(core.min(rows)), core.item(core.max(rows))
    if low < -n or high > n or low <= 0 and core.item(core.any(core.eq(rows, 0))) then
      core.arg_error(1, function_name, ("row %d is outside 1..%d"):format(
        high > n and high or low < -n and low or 0, n))
    elseif low < 0 then
      rows = core.where(core.lt(rows, 0), core.add(rows, n + 1), rows)
    end
  end
  return rows
end

-- The rows (checked) of every tensor, copied.
local function gather(self, rows)
  if self.rows then
    rows = core.index_select(self.rows, 1, rows)
  end
  local copies = {}
  for i, t in ipairs(self.tensors) do
    copies[i] = core.index_select(t, 1, rows)
  end
  return table.unpack(copies)
end

--- ds:batch(rows) -> x, y, ...: the rows of every tensor, in that order; copies.
--- rows: int64 vector or list of integers, from 1 or negative from the end. Raises outside that.
function TensorDataset:batch(rows)
  return gather(self, check_rows(rows, self.count, "batch"))
end

--- ds:all() -> x, y, ...: everything; the tensors themselves, or copies if ds is a subset.
function TensorDataset:all()
  if not self.rows then return table.unpack(self.tensors) end
  return gather(self, core.arange(1, self.count + 1))
end

--- ds:subset(rows) -> a data set of these rows (as for ds:batch; repeated ones too), sharing ds's
--- tensors.
function TensorDataset:subset(rows)
  rows = check_rows(rows, self.count, "subset")
  return setmetatable({
    tensors = self.tensors,
    classes = self.classes,
    count = core.numel(rows),
    rows = self.rows and core.index_select(self.rows, 1, rows) or core.clone(rows),
  }, getmetatable(self))
end

function TensorDataset:__len()
  return self.count
end

-- ds[i] as list of views; any other key is a method.
function TensorDataset:__index(key)
  if math.type(key) ~= "integer" then return TensorDataset[key] end
  local n = self.count
  if key == 0 or key < -n or key > n then
    options.raise("row %d of a data set is outside 1..%d", key, n)
  end
  local row = key > 0 and key or key + n + 1
  if self.rows then
    row = core.item(self.rows[row])
  end
  local sample = {}
  for i, t in ipairs(self.tensors) do
    sample[i] = core.index(t, row)
  end
  return sample
end

function TensorDataset:__tostring()
  local parts = {}
  for i, t in ipairs(self.tensors) do
    local shape = core.shape(t)
    shape[1] = "*"
    parts[i] = ("%s [%s]"):format(core.dtype(t), table.concat(shape, ","))
  end
  return ("TensorDataset(%d rows: %s)"):format(self.count, table.concat(parts, ", "))
end

return TensorDataset

-- support.lua - what the specs share: recorded fixtures as tensors, and closeness of tensors.
--
-- A recorded tensor is {shape = {...}, dtype = "...", data = {...}}, elements flat in row-major
-- order (tests/fixtures/README.md). Failures are raised as busted failures with the place of the
-- worst element, so that a spec can compare hundreds of cases and still say which is wrong.

local busted = require "busted"
local lfs = require "lfs"
local core = require "nnlua.core"
local nn = require "nnlua"

local support = {}

local here = debug.getinfo(1, "S").source:match("^@(.*)support%.lua$") or "tests/spec/"
local fixtures = here .. "../fixtures/"

--- The path of a file in tests/fixtures.
function support.path(name)
  return fixtures .. name
end

--- What tests/fixtures/NAME.lua returns.
function support.fixture(name)
  return dofile(fixtures .. name .. ".lua")
end

--- The tables that tests/spec/cases/KIND_*.lua return, as one.
function support.cases(kind)
  local names, merged = {}, {}
  for name in lfs.dir(here .. "cases") do
    names[#names + 1] = name:match("^(" .. kind .. "_.*)%.lua$")
  end
  table.sort(names)
  for _, name in ipairs(names) do
    for key, value in pairs(dofile(here .. "cases/" .. name .. ".lua")) do
      assert(merged[key] == nil, "two case files have " .. key)
      merged[key] = value
    end
  end
  return merged
end

--- The names of all classes of modules that nn has, but for Module itself, sorted.
function support.module_names()
  local names = {}
  for name, value in pairs(nn) do
    if type(value) == "table" and rawget(value, "class_name") and value ~= nn.Module
       and nn.Module.is(setmetatable({}, value), nn.Module) then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

--- Runs run() with its 1st, 2nd, ... allocation failing until none does, and gives the number of
--- runs. Each must end well or raise "not enough memory", and leave no memory behind.
function support.failing_allocations(run)
  collectgarbage()
  local before, runs = core.memory(), 0
  repeat
    runs = runs + 1
    core.fail_allocation(runs)
    local ok, message = pcall(run)
    core.fail_allocation(0)
    if not ok and not tostring(message):find("not enough memory", 1, true) then
      support.fail("allocation " .. runs, "%s", message)
    end
    collectgarbage()
    collectgarbage()
    if core.memory() ~= before then support.fail("allocation " .. runs, "memory is left behind") end
  until ok
  return runs
end

--- Runs run() with the 1st, 2nd, ... (soon not every) look at whether to go on finding that it is
--- not, until all of it is run, and gives the number of runs that were ended. Each must raise just
--- "interrupted" and leave what state() gives, a list of tensors, as it was.
function support.interruptions(label, run, state)
  local function bytes()
    local all = {}
    for i, t in ipairs(state()) do all[i] = t:tobytes() end
    return table.concat(all, "|")
  end
  local n, runs = 1, 0
  while true do
    local before = bytes()
    core.interrupt_after(n)
    local ok, message = pcall(run)
    if core.interrupt_after(0) then support.fail(label, "look %d: nobody has taken it", n) end
    if ok then return runs end
    if message ~= "interrupted" then support.fail(label, "look %d: %s", n, message) end
    if bytes() ~= before then support.fail(label, "look %d: the state has changed", n) end
    n, runs = n + 1 + n // 8, runs + 1
  end
end

--- Ends the running spec as failed; `label` says which case it was.
function support.fail(label, format, ...)
  local message = string.format(format, ...)
  busted.fail(label and (label .. ": " .. message) or message, 3)
end

function support.is_record(value)
  return type(value) == "table" and value.shape ~= nil and value.data ~= nil
end

local floats = {float32 = true, float64 = true}

--- A recorded tensor as a tensor. `float` (a dtype) replaces the dtype of floating-point ones.
function support.tensor(record, float)
  local dtype = floats[record.dtype] and float or record.dtype
  if #record.data == 0 then
    return nn.zeros(record.shape, {dtype = dtype})
  end
  local flat = nn.tensor(record.data, {dtype = dtype})
  if #record.shape == 0 then
    return flat[1]
  end
  return flat:reshape(table.unpack(record.shape))
end

--- Recorded tensors anywhere inside a table as tensors; everything else as it is.
function support.tensors(value, float)
  if support.is_record(value) then
    return support.tensor(value, float)
  elseif type(value) ~= "table" then
    return value
  end
  local result = {}
  for key, item in pairs(value) do
    result[key] = support.tensors(item, float)
  end
  return result
end

--- The same values with other strides: a view of a larger tensor whose gaps hold NaN or 99.
function support.strided(x)
  if x:ndim() == 0 or x:numel() == 0 then
    return x
  end
  local shape, region = x:shape(), {}
  for dim, size in ipairs(shape) do
    shape[dim] = 2 * size + 1
    region[dim] = {2, 2 * size, 2}
  end
  local gap = floats[x:dtype()] and 0 / 0 or (x:dtype() == "bool" and 1 or 99)
  local view = nn.full(shape, gap, {dtype = x:dtype()})[region]
  view:copy_(x)
  return view
end

--- The elements as a flat list in row-major order.
function support.flat(x)
  if x:numel() == 0 then
    return {}
  elseif x:ndim() == 0 then
    return {x:item()}
  end
  return x:reshape(x:numel()):totable()
end

local function shown(list)
  return "[" .. table.concat(list, ",") .. "]"
end

local function number(value)
  return math.type(value) == "float" and string.format("%.17g", value) or tostring(value)
end

local function same(a, b)
  return a == b or (a ~= a and b ~= b)
end

-- The dtype's default tolerance: a few hundred roundings relative to the element, and a few
-- relative to the largest one, because sums cancel: |a - e| <= rtol*|e| + atol*(1 + max|e|).
local tolerances = {
  float64 = {rtol = 1e-12, atol = 4e-15},
  float32 = {rtol = 2e-6, atol = 5e-7},
}

local function largest(list)
  local most = 0
  for _, value in ipairs(list) do
    if math.type(value) and math.abs(value) < math.huge then
      most = math.max(most, math.abs(value))
    end
  end
  return most
end

--- nil if the lists agree, otherwise what is wrong. options: {rtol=, atol=, exact=false}.
function support.difference(actual, expected, options, dtype)
  options = options or {}
  if #actual ~= #expected then
    return string.format("%d elements, expected %d", #actual, #expected)
  end
  local default = tolerances[dtype]
  local exact = options.exact or not (default or options.rtol or options.atol)
  default = default or {rtol = 0, atol = 0}
  local rtol, atol = options.rtol or default.rtol, options.atol or default.atol
  local floor = exact and 0 or atol * (1 + largest(expected))
  local wrong, worst, at = 0, -1, nil
  for i, e in ipairs(expected) do
    local a = actual[i]
    if not same(a, e) then
      local excess = math.huge
      if not exact and math.type(a) and math.type(e) and math.abs(e) < math.huge then
        excess = a ~= a and math.huge or math.abs(a - e) / (rtol * math.abs(e) + floor)
      end
      if excess > 1 then
        wrong = wrong + 1
        if excess > worst then
          worst, at = excess, i
        end
      end
    end
  end
  if wrong > 0 then
    local by = worst < math.huge and string.format(" (%.3g tolerances apart)", worst) or ""
    return string.format("%d of %d elements differ; element %d is %s, expected %s%s", wrong,
      #expected, at, number(actual[at]), number(expected[at]), by)
  end
  return nil
end

-- Recorded float32 values have the few digits that identify them: the doubles that float32
-- elements read back as.
local function widened(list)
  local result = {}
  for i, value in ipairs(list) do
    result[i] = string.unpack("f", string.pack("f", value))
  end
  return result
end

--- Fails unless `actual` is close to `expected`.
-- expected: a recorded tensor or a tensor (dtype and shape must agree too), a number, or a flat
-- list of numbers. options: {rtol=, atol=, exact=false, dtype=} where dtype is what the result must
-- have instead of the recorded one; the defaults depend on the dtype of the result.
function support.close(actual, expected, label, options)
  options = options or {}
  local shape, dtype, data
  if support.is_record(expected) then
    shape, dtype, data = expected.shape, options.dtype or expected.dtype, expected.data
    data = expected.dtype == "float32" and widened(data) or data
  elseif type(expected) == "userdata" then
    shape, dtype = expected:shape(), options.dtype or expected:dtype()
    data = support.flat(expected)
  elseif type(expected) == "number" then
    data = {expected}
  else
    data = expected
  end
  if type(actual) == "number" then
    actual = {actual}
  elseif type(actual) ~= "table" and type(actual) ~= "userdata" then
    support.fail(label, "expected a tensor, got %s", tostring(actual))
  end
  local values, of = actual, "float64"
  if type(actual) == "userdata" then
    of = actual:dtype()
    if shape and shown(actual:shape()) ~= shown(shape) then
      support.fail(label, "shape is %s, expected %s", shown(actual:shape()), shown(shape))
    end
    if dtype and of ~= dtype then
      support.fail(label, "dtype is %s, expected %s", of, dtype)
    end
    values = support.flat(actual)
  end
  local wrong = support.difference(values, data, options, of)
  if wrong then
    support.fail(label, "%s", wrong)
  end
end

--- Fails unless values, shape and dtype are the same to the last bit (NaN equals NaN).
function support.equal(actual, expected, label)
  support.close(actual, expected, label, {exact = true})
end

--- The message that f(...) raises; fails if it raises none. Every further pattern of `patterns`
-- (plain text) must be in it.
function support.raises(patterns, f, ...)
  local ok, message = pcall(f, ...)
  if ok then
    support.fail(nil, "no error was raised (expected one that names %s)",
      table.concat(patterns, ", "))
  end
  message = tostring(message)
  for _, pattern in ipairs(patterns) do
    if not message:find(pattern, 1, true) then
      support.fail(nil, "the error does not name '%s': %s", pattern, message)
    end
  end
  return message
end

return support

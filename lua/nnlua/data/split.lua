-- Data sets cut into parts: at random, by labels, into folds. Parts are subsets: they share the
-- data, and every row is in exactly one of them.

local core = require "nnlua.core"
local options = require "nnlua.options"

local split = {}

local function check_dataset(ds, function_name)
  if type(ds) ~= "table" or type(ds.subset) ~= "function" then
    core.arg_error(1, function_name, "a data set expected, got " .. options.type_name(ds))
  end
end

-- The numbers of rows of the parts of n rows.
local function part_sizes(given, n, function_name)
  if type(given) ~= "table" or #given == 0 then
    core.arg_error(2, function_name, "list of sizes or fractions expected, got "
      .. (type(given) == "table" and "an empty one" or options.type_name(given)))
  end
  local total, whole = 0, true
  for i = 1, #given do
    local size = given[i]
    if not math.type(size) or not (size >= 0 and size < math.huge) then
      core.arg_error(2, function_name, ("size %d is %s"):format(i, tostring(size)))
    end
    total, whole = total + size, whole and math.type(size) == "integer"
  end
  if whole then
    if total ~= n then
      core.arg_error(2, function_name, ("the sizes %s add up to %d, the data set has %d rows")
        :format(table.concat(given, " + "), total, n))
    end
    return table.move(given, 1, #given, 1, {})
  elseif math.abs(total - 1) > 1e-9 then
    core.arg_error(2, function_name, ("the fractions %s add up to %.10g, not 1"):format(
      table.concat(given, " + "), total))
  end
  -- rounded down (to the tenth digit: 0.29 of 100 rows are 29), the rest given to the first ones
  local sizes, left = {}, n
  for i, fraction in ipairs(given) do
    sizes[i] = math.min(math.floor(fraction * n + 1e-9 * n), left)
    left = left - sizes[i]
  end
  local i = 1
  while left > 0 do
    if given[i] > 0 then
      sizes[i], left = sizes[i] + 1, left - 1
    end
    i = i % #given + 1
  end
  return sizes
end

-- All row numbers, shuffled or not.
local function row_order(n, opts)
  if opts.shuffle then return core.randperm(n, {generator = opts.generator}) end
  return core.arange(1, n + 1)
end

local function rows_between(order, first, last)
  if first > last then return core.zeros(0, {dtype = "int64"}) end
  return core.index(order, {{first, last}})
end

--- data.split(ds, sizes [, {shuffle = true, generator}]) -> a data set per size.
--- sizes: whole numbers that add up to #ds, or fractions that add up to 1; fractions are rounded
--- down, and rows left over go one by one to the first parts, as PyTorch's random_split does.
--- Raises for sizes that do not add up.
function split.split(ds, sizes, given)
  check_dataset(ds, "split")
  local opts = options.check("split", given, {shuffle = true, generator = options.generator})
  local counts = part_sizes(sizes, #ds, "split")
  local order, parts, first = row_order(#ds, opts), {}, 1
  for i, count in ipairs(counts) do
    parts[i] = ds:subset(rows_between(order, first, first + count - 1))
    first = first + count
  end
  return table.unpack(parts)
end

-- The labels of all rows of ds as a list, from the option or the data set's second tensor.
local function label_list(ds, labels)
  if labels == nil then
    labels = select(2, ds:all())
    if labels == nil then
      options.raise("'stratified_split' needs the option 'labels' (the data set has one tensor)")
    end
  end
  local fits = core.is_tensor(labels) and core.ndim(labels) == 1
    and (core.dtype(labels) == "int64" or core.dtype(labels) == "uint8")
  if not fits or core.size(labels, 1) ~= #ds then
    options.raise("bad option 'labels' to 'stratified_split' (int64 [%d] expected, got %s)", #ds,
      core.is_tensor(labels)
        and ("%s [%s]"):format(core.dtype(labels), table.concat(core.shape(labels), ","))
        or options.type_name(labels))
  end
  return core.totable(labels)
end

-- Positions 1..#keys ordered by key (an integer), those of one key in their own order.
local function order_by(keys)
  local groups, distinct = {}, {}
  for i, key in ipairs(keys) do
    if not groups[key] then
      groups[key] = {}
      distinct[#distinct + 1] = key
    end
    table.insert(groups[key], i)
  end
  table.sort(distinct)
  local positions = {}
  for _, key in ipairs(distinct) do
    table.move(groups[key], 1, #groups[key], #positions + 1, positions)
  end
  return positions
end

--- data.stratified_split(ds, sizes [, {labels, shuffle = true, generator}]) -> a data set per size.
--- As data.split, but every label has its share in every part. labels: int64 [#ds]; default the
--- second tensor of ds. Sizes are exact; of the rows of a label each part gets its share to within
--- one row, two with three or more parts.
function split.stratified_split(ds, sizes, given)
  check_dataset(ds, "stratified_split")
  local opts = options.check("stratified_split", given, {
    labels = options.optional, shuffle = true, generator = options.generator})
  local n = #ds
  local counts = part_sizes(sizes, n, "stratified_split")
  local labels = label_list(ds, opts.labels)
  local order, keys = core.totable(row_order(n, opts)), {}
  for i, row in ipairs(order) do
    keys[i] = labels[row]
  end
  -- Rows in the order of labels, from which each part takes every (size / what is left)-th one:
  -- position p where floor(p size / left) steps, so its size is exact and its steps are even.
  local left, part_of = order_by(keys), {}
  for part, size in ipairs(counts) do
    local rest = {}
    for p, position in ipairs(left) do
      if p * size // #left > (p - 1) * size // #left then
        part_of[position] = part
      else
        rest[#rest + 1] = position
      end
    end
    left = rest
  end
  local parts = {}
  for part = 1, #counts do
    parts[part] = {}
  end
  for position, row in ipairs(order) do
    table.insert(parts[part_of[position]], row)
  end
  for part, rows in ipairs(parts) do
    parts[part] = ds:subset(rows)
  end
  return table.unpack(parts)
end

--- data.kfold(ds, k [, {shuffle = false, generator}]) -> iterator over k pairs of data sets:
--- for train, validation in data.kfold(ds, 5) do. Every row is in one validation part; the first
--- #ds % k of these have a row more, as scikit-learn's KFold. k: 2..#ds.
function split.kfold(ds, k, given)
  check_dataset(ds, "kfold")
  local opts = options.check("kfold", given, {shuffle = false, generator = options.generator})
  local n, folds = #ds, math.type(k) and math.tointeger(k)
  if not folds or folds < 2 or folds > n then
    core.arg_error(2, "kfold", ("2..%d folds of %d rows expected, got %s"):format(n, n,
                                                                                tostring(k)))
  end
  local order, fold, first = row_order(n, opts), 0, 1
  return function()
    fold = fold + 1
    if fold > folds then return nil end
    local last = first + n // folds - (fold <= n % folds and 0 or 1)
    local train = core.cat({rows_between(order, 1, first - 1), rows_between(order, last + 1, n)})
    local validation = rows_between(order, first, last)
    first = last + 1
    return ds:subset(train), ds:subset(validation)
  end
end

return split

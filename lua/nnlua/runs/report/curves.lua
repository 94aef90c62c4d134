-- A metric's values as the page draws them: no more of them than a screen can show.
--
-- Of a long curve each of `bins` stretches of rows keeps its lowest and its highest value, its
-- first value that is no finite number, and the mean of its finite ones (what smoothing works on),
-- so that no spike and no gap is lost; the first and the last row are always kept. What the table
-- shows (first, last, extremes) is not taken from the curve: it is exact.
--
-- A sparse column, logged in some rows only, has gaps between most of its values; these are not
-- shown as gaps: its values are joined.
--
-- A packed curve: {n = rows, v = values, s = true if sparse}, every row of a short one; a long one
-- also has k = rows of a stretch, r = distances between the kept rows (the first from row 0), w =
-- bytes of such a distance, m = means. f = 8 if float32 (4 bytes, the default) cannot hold the
-- values' size. All numbers are little-endian, as base64.

local base64 = require "nnlua.page.base64"

local curves = {}

local BLOCK = 200 -- numbers that are packed at a time; Lua's stack holds them
local LARGEST, SMALLEST = 3.4e38, 1.2e-38 -- of float32, without denormals

local function pack(list, format)
  local parts = {}
  for first = 1, #list, BLOCK do
    local last = math.min(first + BLOCK - 1, #list)
    parts[#parts + 1] = string.pack("<" .. format:rep(last - first + 1),
                                    table.unpack(list, first, last))
  end
  return base64.encode(table.concat(parts))
end

-- "f" if all finite values fit float32, else "d".
local function number_format(values)
  for i = 1, #values do
    local size = math.abs(values[i])
    if size > LARGEST and size < math.huge or size < SMALLEST and size > 0 then return "d" end
  end
  return "f"
end

-- The rows of values[first..last] that are kept, appended to rows, of a sparse column without gaps;
-- the mean of the finite ones.
local function keep(values, first, last, rows, sparse)
  local low, high, gap, sum, count = nil, nil, nil, 0.0, 0
  local lowest, highest = math.huge, -math.huge
  for i = first, last do
    local v = values[i]
    if v - v == 0 then -- finite
      if v < lowest then low, lowest = i, v end
      if v > highest then high, highest = i, v end
      sum, count = sum + v, count + 1
    elseif not sparse then
      gap = gap or i
    end
  end
  local kept = {first == 1 and 1 or false, low or false, high or false, gap or false,
                last == #values and last or false}
  local from = #rows
  for i = 1, 5 do
    local row = kept[i]
    local place = #rows
    while row and place > from and rows[place] > row do place = place - 1 end
    if row and (place == from or rows[place] ~= row) then table.insert(rows, place + 1, row) end
  end
  return count > 0 and sum / count or 0 / 0
end

--- curves.pack(values, bins [, sparse]) -> the packed curve of a list of numbers.
function curves.pack(values, bins, sparse)
  local n = #values
  if n <= 2 * bins then
    local format = number_format(values)
    return {n = n, v = pack(values, format), s = sparse, f = format == "d" and 8 or nil}
  end
  local stretch = (n + bins - 1) // bins
  local rows, means = {}, {}
  for first = 1, n, stretch do
    means[#means + 1] = keep(values, first, math.min(first + stretch - 1, n), rows,
                             sparse)
  end
  local distances, kept, before = {}, {}, 0
  for i, row in ipairs(rows) do
    distances[i], kept[i], before = row - before, values[row], row
  end
  local width = 2 * stretch < 256 and 1 or 2 * stretch < 65536 and 2 or 4
  local format = number_format(kept) -- the means lie between them
  return {n = n, k = stretch, s = sparse, w = width, r = pack(distances, "I" .. width),
          v = pack(kept, format), m = pack(means, format), f = format == "d" and 8 or nil}
end

local SPARSE = 0.2 -- part of the rows before the last value that are gaps

-- Of a list: its first and last finite value, or nil; how many others are between them, how many in
-- a row at most, and how many behind.
local function gaps_of(values)
  local first, last, inside, longest, since = nil, nil, 0, 0, 0
  for i = 1, #values do
    local v = values[i]
    if v - v == 0 then
      if not first then since = 0 end
      inside, longest = inside + since, math.max(longest, since)
      first, last, since = first or v, v, 0
    else
      since = since + 1
    end
  end
  return first, last, inside, longest, since
end

--- curves.summary(values) -> {first, last, min, max, min_row, max_row, gaps, rising}, sparse: exact
--- values; min and max of the finite ones; gaps: how many are not finite; rising: whether the
--- values never fall and are all finite, as those of an x axis. Of a sparse column first and last
--- are the first and last that are there, unless the end looks like a training that has diverged:
--- no value for much longer than before.
function curves.summary(values)
  local n = #values
  local low, high, gaps, rising, before = nil, nil, 0, true, -math.huge
  local lowest, highest = math.huge, -math.huge
  for i = 1, n do
    local v = values[i]
    if v - v == 0 then
      if v < lowest then low, lowest = i, v end
      if v > highest then high, highest = i, v end
      rising = rising and v >= before
      before = v
    else
      gaps, rising = gaps + 1, false
    end
  end
  local first, last, sparse = values[1], values[n], nil
  if gaps > 0 then
    local from, to, inside, longest, behind = gaps_of(values)
    sparse = inside > SPARSE * (n - behind) or nil
    if sparse then first = from end
    if sparse and behind <= 2 * longest then last = to end
  end
  return {first = first, last = last, min = low and lowest, max = high and highest,
          min_row = low, max_row = high, gaps = gaps > 0 and gaps or nil,
          rising = n > 1 and rising or nil}, sparse
end

return curves

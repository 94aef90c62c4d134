-- Axes and colours: ranges that are never empty, tics on round numbers, colour maps.
--
-- Invariants: a range {lo, hi} is finite with lo < hi, whatever the data (none, one value, all
-- equal, NaN, infinities, 1e300); a colour is three bytes.

local scale = {}

-- Values beyond this are drawn like infinities, as gaps: spans and paddings must not overflow.
local HUGE = 1e300

-- Differences below this count as none: tics that close would underflow.
local TINY = 1e-290

--- scale.drawable(v, log) -> whether v has a place on a linear, or logarithmic, axis.
function scale.drawable(v, log)
  return math.abs(v) <= HUGE and (not log or v >= 1 / HUGE)
end

--- scale.extent(lists, log) -> smallest and largest drawable value of several lists of numbers, or
--- nil, nil.
function scale.extent(lists, log)
  local lo, hi = math.huge, -math.huge
  for _, list in ipairs(lists) do
    for _, v in ipairs(list) do
      if scale.drawable(v, log) then
        lo, hi = math.min(lo, v), math.max(hi, v)
      end
    end
  end
  if lo > hi then
    return nil, nil
  end
  return lo + 0.0, hi + 0.0
end

-- The smallest of 1, 2, 5 times a power of ten that is at least `v` (up to rounding).
local function nice_step(v)
  local power = 10.0 ^ math.floor(math.log(v, 10))
  for _, factor in ipairs {1, 2, 5} do
    if factor * power >= v * (1 - 1e-9) then
      return factor * power
    end
  end
  return 10 * power
end

local SUPERSCRIPT = {["-"] = "⁻", ["0"] = "⁰", ["1"] = "¹", ["2"] = "²", ["3"] = "³", ["4"] = "⁴",
                     ["5"] = "⁵", ["6"] = "⁶", ["7"] = "⁷", ["8"] = "⁸", ["9"] = "⁹"}

-- v to that many significant digits, as mantissa and power of ten.
local function scientific(v, digits)
  if v == 0 then
    return "0"
  end
  local mantissa, exponent = ("%.*e"):gsub("%*", digits - 1):format(v):match("^(.-)e(.*)$")
  mantissa = mantissa:gsub("(%..-)0+$", "%1"):gsub("%.$", ""):gsub("^-", "−")
  local power = "10" .. tostring(math.tointeger(tonumber(exponent))):gsub(".", SUPERSCRIPT)
  return mantissa == "1" and power or mantissa .. "·" .. power
end

--- scale.text(v [, step [, size]]) -> v as a reader wants it at an axis: as many decimals as
--- `step`, the distance of the tics, needs (4 digits without it), thousands grouped; a power of
--- ten where `size`, the largest number at that axis, is very large or small.
function scale.text(v, step, size)
  size = size or math.abs(v)
  if size ~= 0 and (size >= 1e7 or size < 1e-4) then
    return scientific(v, step and math.ceil(math.max(0, math.log(size / step, 10))) + 1 or 3)
  end
  local text = (math.abs(v) < 1e4 and "%.4g" or "%.0f"):format(v)
  if step then
    local decimals = math.max(0, -math.floor(math.log(step, 10) + 1e-9))
    text = ("%." .. decimals .. "f"):format(v)
  end
  local sign, whole, rest = text:match("^(-?)(%d+)(.*)$")
  if #whole > 3 then
    whole = whole:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  end
  if sign == "-" and text:find("[1-9]") then
    sign = "−"
  else
    sign = ""
  end
  return sign .. whole .. rest
end

--- scale.linear(lo, hi, tics [, fixed [, least]]) -> {lo, hi}, marks: the range of an axis, and
--- about `tics` marks {value, text} on round numbers in it, at least `least` apart.
-- The range is widened to marks at both ends; with fixed = "exact" it is {lo, hi} as given, with
-- "near" too, except that hi moves to a mark right above it. lo = nil: there is nothing to draw.
function scale.linear(lo, hi, tics, fixed, least)
  if not lo then
    lo, hi = 0.0, 1.0
  end
  -- closer together than the labels could tell apart counts as equal
  local size = math.max(math.abs(lo), math.abs(hi))
  if hi - lo <= math.max(1e-12 * size, TINY) then
    local margin = size <= TINY and 1.0 or size / 2
    lo, hi = lo - margin, hi + margin
  end
  local step = nice_step(math.max((hi - lo) / tics, least or 0))
  local first, last = math.floor(lo / step + 1e-9), math.ceil(hi / step - 1e-9)
  if fixed == "near" and last * step - hi < 0.02 * (hi - lo) then
    hi = last * step
  end
  if fixed then
    first, last = math.ceil(lo / step - 1e-9), math.floor(hi / step + 1e-9)
  else
    lo, hi = first * step, last * step
  end
  size = math.max(math.abs(lo), math.abs(hi))
  local marks = {}
  for i = first, last do
    marks[#marks + 1] = {i * step, scale.text(i * step, step, size)}
  end
  return {lo, hi}, marks
end

--- scale.marks(lo, hi, tics) -> about `tics` marks {place, text} on a bar from lo (0) to hi (1).
function scale.marks(lo, hi, tics)
  local _, marks = scale.linear(lo, hi, math.max(2, tics), "exact")
  for _, mark in ipairs(marks) do
    mark[1] = (mark[1] - lo) / (hi - lo)
  end
  return marks
end

--- scale.logarithmic(lo, hi [, fixed [, most]]) -> {lo, hi}, marks, minor for an axis in powers of
--- ten: the marks are the decades, and 2 and 5 times them where there are few; about `most`
--- (default 9); minor: where marks without
--- text stand, the other whole multiples, or the decades between. With `fixed` the range is
--- {lo, hi}.
function scale.logarithmic(lo, hi, fixed, most)
  most = most or 9
  if not lo then
    lo, hi = 0.1, 1.0
  end
  local first, last = math.floor(math.log(lo, 10) + 1e-9), math.ceil(math.log(hi, 10) - 1e-9)
  local factors = last - first > most // 3 and {1} or {1, 2, 5}
  local every = math.max(1, math.ceil((last - first) / most))
  local all = {}
  for decade = first, last do
    if (decade - first) % every == 0 then
      for _, factor in ipairs(factors) do
        all[#all + 1] = factor * 10.0 ^ decade
      end
    end
  end
  if not fixed then
    -- out to the next mark on either side
    local low, high = all[1], all[#all]
    for _, v in ipairs(all) do
      if v <= lo * (1 + 1e-9) then
        low = v
      elseif v >= hi * (1 - 1e-9) then
        high = v
        break
      end
    end
    lo, hi = low, math.max(high, hi)
    if lo == hi then
      lo, hi = lo / 2, hi * 2
    end
  end
  local marks, minor, taken, powers = {}, {}, {}, false
  for _, v in ipairs(all) do
    taken[v] = true
    if v >= lo * (1 - 1e-9) and v <= hi * (1 + 1e-9) then
      marks[#marks + 1] = {v, scale.text(v)}
      powers = powers or marks[#marks][2]:find("10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]") ~= nil
    end
  end
  for _, mark in ipairs(powers and marks or {}) do -- all alike, but for the plainest
    mark[2] = (mark[1] == 1 or mark[1] == 10) and mark[2] or scientific(mark[1], 1)
  end
  for decade = first - 1, last do
    for factor = 1, last - first > 8 and 1 or 9 do
      local v = factor * 10.0 ^ decade
      if not taken[v] and v > lo and v < hi then
        minor[#minor + 1] = v
      end
    end
  end
  return {lo, hi}, marks, minor
end

-- Anchors at equal distances, from the low end to the high one. diverging: ColorBrewer's RdBu,
-- blue for negative, white for zero, red for positive; sequential: ColorBrewer's Blues from white;
-- viridis: S. van der Walt and N. Smith's, for points, which must not vanish on white; gray: black
-- to white. All read the same with any colour vision.
local MAPS = {
  diverging = {"053061", "2166ac", "4393c3", "92c5de", "d1e5f0", "f7f7f7",
               "fddbc7", "f4a582", "d6604d", "b2182b", "67001f"},
  sequential = {"ffffff", "deebf7", "c6dbef", "9ecae1", "6baed6", "4292c6", "2171b5", "08519c",
                "08306b"},
  viridis = {"440154", "482475", "414487", "355f8d", "2a788e", "21918c", "22a884", "44bf70",
             "7ad151", "bddf26", "fde725"},
  gray = {"000000", "ffffff"},
  ink = {"ffffff", "000000"},
}

--- scale.MISSING: the colour of NaN.
scale.MISSING = "\xcc\xcc\xcc"

--- scale.colormap(name) -> function (v, lo, hi): three bytes for v on a scale from lo to hi
--- (clamped; MISSING for what is not drawable), or nil for a name other than diverging, sequential,
--- viridis, gray (0 is black) and ink (0 is white).
function scale.colormap(name)
  local anchors = MAPS[name]
  if not anchors then
    return nil
  end
  local colours, last = {}, #anchors - 1
  for i = 0, 255 do
    local place = i / 255 * last
    local k = math.min(math.floor(place), last - 1)
    local bytes = {}
    for c = 1, 5, 2 do
      local a = tonumber(anchors[k + 1]:sub(c, c + 1), 16)
      local b = tonumber(anchors[k + 2]:sub(c, c + 1), 16)
      bytes[#bytes + 1] = math.floor(a + (b - a) * (place - k) + 0.5)
    end
    colours[i] = string.char(table.unpack(bytes))
  end
  return function(v, lo, hi)
    if not scale.drawable(v) then
      return scale.MISSING
    end
    local t = (v - lo) / (hi - lo)
    return colours[math.floor(math.max(0, math.min(1, t)) * 255 + 0.5)]
  end
end

return scale

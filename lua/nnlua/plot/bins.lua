-- The bins of a histogram: their edges, and how many values fall into each.
--
-- Invariants: edges and counts are NumPy's, bit for bit (numpy.histogram_bin_edges, histogram); a
-- bin holds its lower edge and not its upper one, but the last bin holds both; every value that is
-- drawable and within the edges is counted once.

local scale = require "nnlua.plot.scale"

local bins = {}

-- bins.MOST: as many bins as a chart can show; narrower ones would be less than a dot of it wide.
bins.MOST = 200

-- The q-quantile of a sorted list, linear between its elements.
local function quantile(sorted, q)
  local at = 1 + (#sorted - 1) * q
  local below = math.floor(at)
  local lo, hi = sorted[below], sorted[math.min(below + 1, #sorted)]
  local share = at - below
  -- from the nearer end, as NumPy does
  return share < 0.5 and lo + (hi - lo) * share or hi - (hi - lo) * (1 - share)
end

--- bins.sorted(lists) -> the drawable values of all lists in ascending order.
function bins.sorted(lists)
  local all = {}
  for _, list in ipairs(lists) do
    for _, v in ipairs(list) do
      if scale.drawable(v) then all[#all + 1] = v end
    end
  end
  table.sort(all)
  return all
end

-- Bins for sorted values within lo..hi: as wide as the narrower of what Freedman and Diaconis ("On
-- the histogram as a density estimator: L2 theory", 1981: 2 IQR n^(-1/3)) and Sturges ("The choice
-- of a class interval", 1926: range / (log2 n + 1)) say; NumPy's "auto".
local function automatic(sorted, lo, hi)
  local n = #sorted
  if n == 0 or lo == hi then return 1 end
  local span = sorted[n] - sorted[1]
  local width = span / (math.log(n, 2) + 1)
  local iqr = quantile(sorted, 0.75) - quantile(sorted, 0.25)
  local narrower = 2 * iqr / n ^ (1 / 3)
  if narrower > 0 then width = math.min(width, narrower) end
  if width <= 0 then return 1 end
  return math.max(1, math.ceil(math.min((hi - lo) / width, bins.MOST)))
end

--- bins.edges(sorted, count [, lo, hi]) -> list of count + 1 edges at equal distances. count: a
--- number, or "auto"; lo, hi: the ends, by default the least and the largest value.
function bins.edges(sorted, count, lo, hi)
  local within = sorted
  if lo then
    within = {}
    for _, v in ipairs(sorted) do
      if v >= lo and v <= hi then within[#within + 1] = v end
    end
  else
    lo, hi = sorted[1] or 0.0, sorted[#sorted] or 1.0
  end
  if lo == hi then lo, hi = lo - 0.5, hi + 0.5 end
  if count == "auto" then count = automatic(within, lo, hi) end
  local edges, step = {}, (hi - lo) / count
  for i = 0, count do edges[i + 1] = lo + i * step end
  edges[count + 1] = hi
  return edges
end

--- bins.count(values, edges) -> list of counts, one per bin, and how many values are in none.
function bins.count(values, edges)
  local counts, left_out, n = {}, 0, #edges - 1
  for i = 1, n do counts[i] = 0 end
  for _, v in ipairs(values) do
    if v >= edges[1] and v <= edges[n + 1] then
      local low, high = 1, n -- the bin is among these
      while low < high do
        local middle = (low + high + 1) // 2
        if v >= edges[middle] then low = middle else high = middle - 1 end
      end
      counts[low] = counts[low] + 1
    else
      left_out = left_out + 1
    end
  end
  return counts, left_out
end

return bins

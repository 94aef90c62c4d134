-- A long line with fewer points that looks the same.
--
-- Invariants: of all points within a column of dots the first, the lowest, the highest and the
-- last stay, in their order, so that the line covers the same dots but for shades at its edges (U.
-- Jugel and others, "M4: A Visualization-Oriented Time Series Data Aggregation", 2014); gaps stay
-- gaps; a line that does not run from left to right, or has few points, stays as it is. (cairo
-- takes minutes for 100,000 points that jump up and down.)

-- Columns of dots: as many as a PNG has between its axes.
local COLUMNS = 1500

-- The positions, in ascending order, of the points of first..last that stay.
local function corners(y, first, last, kept)
  local low, high = first, first
  for i = first, last do
    if y[i] < y[low] then low = i end
    if y[i] > y[high] then high = i end
  end
  local before
  for _, i in ipairs {first, math.min(low, high), math.max(low, high), last} do
    if i ~= before then kept[#kept + 1] = i end
    before = i
  end
end

--- thinned(x, y, drawable, place) -> lists of the x and y that stay. drawable(i): whether a point
--- is no gap; place(x): where it is, from 0 at the left to 1 at the right end of the axis.
return function(x, y, drawable, place)
  if #x <= 4 * COLUMNS then
    return x, y
  end
  local kept, first, column, before = {}, nil, nil, -math.huge
  for i = 1, #x + 1 do
    local there = i <= #x and drawable(i)
    local here = there and place(x[i]) * COLUMNS // 1
    if there and x[i] < before then
      return x, y
    end
    if first and here ~= column then
      corners(y, first, i - 1, kept)
      first = nil
    end
    if there then
      first, column, before = first or i, here, x[i]
    elseif i <= #x then
      kept[#kept + 1], column = i, nil
    end
  end
  local xs, ys = {}, {}
  for k, i in ipairs(kept) do xs[k], ys[k] = x[i], y[i] end
  return xs, ys
end

-- What tells the series of a chart, or the classes of points, apart: colours, dashes, marks.
--
-- Invariants: any two colours differ for every kind of colour vision (the spec simulates them); the
-- first six are the ones to see: they differ most, and stand out from white.

local palette = {}

-- Okabe and Ito's palette ("Color Universal Design", 2008) without its black and its pale yellow,
-- then those that a search found to be farthest from these and from each other.
local COLOURS = {"0072b2", "d55e00", "009e73", "cc79a7", "56b4e9", "e69f00", "222222", "8800ff",
                 "662200", "001177"}

-- As gnuplot writes them: circle, square, triangle, diamond, triangle down, pentagon.
local MARKS = {7, 5, 9, 13, 11, 15}

local DASHES = {"solid", "(14,5)", "(3,4)", "(14,5,3,5)"}

--- palette.SIZE: how many colours there are before the first comes again.
palette.SIZE = #COLOURS

-- The i-th of a list that goes round.
local function nth(list, i)
  return list[(i - 1) % #list + 1]
end

--- palette.colour(i) -> "#rrggbb" of the i-th class or series.
function palette.colour(i)
  return "#" .. nth(COLOURS, i)
end

--- palette.rgb(i) -> red, green, blue in 0..255.
function palette.rgb(i)
  local red, green, blue = nth(COLOURS, i):match("(..)(..)(..)")
  return tonumber(red, 16), tonumber(green, 16), tonumber(blue, 16)
end

--- palette.clear(i, share) -> the colour as gnuplot writes it when only `share` of it covers what
--- lies below.
function palette.clear(i, share)
  return ("#%02x%s"):format(math.floor(255 * (1 - share) + 0.5), nth(COLOURS, i))
end

--- palette.mark(i), palette.dash(i) -> gnuplot's point type and dash type.
function palette.mark(i)
  return nth(MARKS, i)
end

function palette.dash(i)
  return nth(DASHES, i)
end

return palette

-- How a picture in the terminal may look, and what tells its series apart.
--
-- Invariants: the i-th series has the same colour and the same mark in every picture; marks alone
-- tell series apart, too.

local display = require "nnlua.display"
local options = require "nnlua.options"

local style = {}

-- The plots' palette (Okabe and Ito's) as xterm's 256 colours, readable on black and on white;
-- darker ones of the same hues; and as the eight that every colour terminal has.
local COLOURS = {32, 166, 36, 175, 74, 178, 244, 132, 61, 143}
local DARK = {24, 94, 22, 96, 31, 136, 240, 89, 54, 58}
local EIGHT = {34, 31, 32, 35, 36, 33, 34, 31, 32, 35}

local MARKS = {"●", "■", "▲", "◆", "▼", "★", "○", "□", "△", "◇"}
local LETTERS = {"*", "+", "o", "x", "#", "@", "%", "v", "=", "&"}

-- A picture is no higher than this share of its width, within these rows.
local SHARE, LOWEST, HIGHEST = 0.4, 20, 32

local DEFAULTS = {width = options.optional, height = options.optional, colour = options.optional,
                  utf8 = options.optional}

--- style.look(fname, given) -> {width, height, colour, utf8}: what is given, or else what suits the
--- terminal on standard output. colour: how many colours; true means 256.
function style.look(fname, given)
  local o = options.check(fname, given, DEFAULTS)
  local columns, rows = display.size()
  local look = {width = o.width or columns, colour = o.colour, utf8 = o.utf8}
  look.height = o.height or
    math.min(rows - 2, math.max(LOWEST, math.min(HIGHEST, math.floor(SHARE * look.width))))
  look.width, look.height = math.max(look.width, 1), math.max(look.height, 1)
  if look.colour == nil then look.colour = display.colours("stdout") end
  if type(look.colour) == "boolean" then look.colour = look.colour and 256 or 0 end
  if look.utf8 == nil then look.utf8 = display.utf8() end
  return look
end

local function nth(list, i)
  return list[(i - 1) % #list + 1]
end

--- style.series(look, i) -> the SGR code of the i-th series, or nil without colours.
function style.series(look, i)
  if look.colour >= 256 then return "38;5;" .. nth(COLOURS, i) end
  return look.colour > 0 and tostring(nth(EIGHT, i)) or nil
end

--- style.mark(look, i) -> the character that stands for the i-th series.
function style.mark(look, i)
  return nth(look.utf8 and MARKS or LETTERS, i)
end

--- style.background(look, i) -> the code of a dark shade of the i-th series behind text; nil with
--- fewer than 256 colours.
function style.background(look, i)
  return look.colour >= 256 and "48;5;" .. nth(DARK, i) or nil
end

--- style.bold(look), style.faint(look) -> SGR codes, or nil without colours.
function style.bold(look)
  return look.colour > 0 and "1" or nil
end

function style.faint(look)
  return look.colour >= 256 and "38;5;245" or nil
end

-- xterm's colour cube has these values in each channel.
local CUBE = {0, 95, 135, 175, 215, 255}

local function nearest(v)
  local best = 1
  for i = 2, #CUBE do
    if math.abs(CUBE[i] - v) < math.abs(CUBE[best] - v) then best = i end
  end
  return best
end

-- The nearest of xterm's 256 colours: of the cube or of the 24 greys.
local function of_256(r, g, b)
  local ir, ig, ib = nearest(r), nearest(g), nearest(b)
  local grey = math.max(0, math.min(23, math.floor(((r + g + b) / 3 - 8) / 10 + 0.5)))
  local level = 8 + 10 * grey
  local function distance(x, y, z)
    return (x - r) ^ 2 + (y - g) ^ 2 + (z - b) ^ 2
  end
  if distance(level, level, level) < distance(CUBE[ir], CUBE[ig], CUBE[ib]) then
    return 232 + grey
  end
  return 16 + 36 * (ir - 1) + 6 * (ig - 1) + ib - 1
end

local cache = {[256] = {}, [2 ^ 24] = {}} -- three bytes -> SGR code

--- style.rgb(look, colour, background) -> the SGR code of three bytes as the colour of the
--- characters, or of what is behind them; nil with fewer than 256 colours.
function style.rgb(look, colour, background)
  if look.colour < 256 then return nil end
  local known = cache[look.colour >= 2 ^ 24 and 2 ^ 24 or 256]
  local code = known[colour]
  if not code then
    local r, g, b = colour:byte(1, 3)
    code = known == cache[256] and "5;" .. of_256(r, g, b) or ("2;%d;%d;%d"):format(r, g, b)
    known[colour] = code
  end
  return (background and "48;" or "38;") .. code
end

-- From little ink to much.
local SHADES = {" ", "░", "▒", "▓", "█"}
local ASCII_SHADES = {" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"}

--- style.shade(look, share) -> the character that covers about that share (0..1) of a cell.
function style.shade(look, share)
  local list = look.utf8 and SHADES or ASCII_SHADES
  return list[math.floor(math.max(0, math.min(1, share)) * (#list - 1) + 0.5) + 1]
end

return style

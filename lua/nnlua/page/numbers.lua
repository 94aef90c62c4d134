-- Lists of numbers as text for a page: little-endian, as base64.

local base64 = require "nnlua.page.base64"

local numbers = {}

local BLOCK = 200 -- numbers that are packed at a time; Lua's stack holds them
local LARGEST, SMALLEST = 3.4e38, 1.2e-38 -- of float32, without denormals

--- numbers.pack(list, format) -> text. format: of one number, as string.pack has it: "f", "I2".
function numbers.pack(list, format)
  local parts = {}
  for first = 1, #list, BLOCK do
    local last = math.min(first + BLOCK - 1, #list)
    parts[#parts + 1] = string.pack("<" .. format:rep(last - first + 1),
                                    table.unpack(list, first, last))
  end
  return base64.encode(table.concat(parts))
end

--- numbers.float_format(list) -> "f" if all finite numbers fit float32, else "d".
function numbers.float_format(list)
  for i = 1, #list do
    local size = math.abs(list[i])
    if size > LARGEST and size < math.huge or size < SMALLEST and size > 0 then return "d" end
  end
  return "f"
end

return numbers

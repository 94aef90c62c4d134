-- Bytes as base64 (RFC 4648, with padding), the way data: addresses and the page's numbers go.

local base64 = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local BLOCK = 3 * 1024 -- bytes that are unpacked at a time; Lua's stack holds their thirds

-- The two characters of every 12 bits.
local PAIR = {}
for i = 0, 4095 do
  local high, low = i >> 6, i & 63
  PAIR[i] = ALPHABET:sub(high + 1, high + 1) .. ALPHABET:sub(low + 1, low + 1)
end

--- base64.encode(bytes) -> text.
function base64.encode(bytes)
  local out, n = {}, 0
  local whole = #bytes - #bytes % 3
  for first = 1, whole, BLOCK do
    local thirds = math.min(BLOCK, whole - first + 1) // 3
    local words = {string.unpack((">" .. ("I3"):rep(thirds)), bytes, first)}
    for i = 1, thirds do
      local word = words[i]
      out[n + 1], out[n + 2] = PAIR[word >> 12], PAIR[word & 4095]
      n = n + 2
    end
  end
  local rest = bytes:sub(whole + 1)
  if #rest == 1 then
    out[n + 1], out[n + 2] = PAIR[rest:byte() << 4], "=="
  elseif #rest == 2 then
    local a, b = rest:byte(1, 2)
    local word = (a << 8 | b) << 2
    out[n + 1] = PAIR[word >> 6]
    out[n + 2] = PAIR[(word & 63) << 6]:sub(1, 1) .. "="
  end
  return table.concat(out)
end

return base64

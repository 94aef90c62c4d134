-- Random numbers of a sweep: streams that depend on its seed and on what they are for alone, so
-- that a trial gets the same numbers whoever runs it, whenever, and however often.

local core = require "nnlua.core"

local streams = {}

local BATCH = 32

-- 64 bits that depend on every byte of the text: FNV-1a, then the finalizer of SplitMix64
-- (G. L. Steele et al., 2014).
local function hash(text)
  local h = 0xCBF29CE484222325
  for i = 1, #text do h = (h ~ text:byte(i)) * 0x100000001B3 end
  h = (h ~ (h >> 30)) * 0xBF58476D1CE4E5B9
  h = (h ~ (h >> 27)) * 0x94D049BB133111EB
  return h ~ (h >> 31)
end

--- streams.seed(...) -> an integer in 0..2^32-1 that depends on all the numbers and texts.
function streams.seed(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  return hash(table.concat(parts, "\0")) >> 32
end

--- streams.draw(...) -> a function that gives uniform numbers in [0,1), those of NumPy's generator
--- with streams.seed(...).
function streams.draw(...)
  local generator = core.Generator(streams.seed(...))
  local options = {dtype = "float64", generator = generator}
  local numbers, at = {}, BATCH
  return function()
    if at == BATCH then -- a tensor for each number would cost more than the number
      local batch <close> = core.rand(BATCH, options)
      numbers, at = core.totable(batch), 0
    end
    at = at + 1
    return numbers[at]
  end
end

return streams

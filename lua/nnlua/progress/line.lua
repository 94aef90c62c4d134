-- The text of a progress line, made to fit: what matters least goes first.
--
-- Invariants: a line is one line, at most as wide as asked for; parts go whole, and only the count,
-- which stays to the end, is ever cut.

local display = require "nnlua.display"

local line = {}

local GAP = "  "

local FOREVER = 1e10 -- seconds; from there on a duration is "?"

--- line.duration(seconds) -> "42s", "3m 05s", "2h 07m", "3d 04h", "?" for what is no such time
function line.duration(seconds)
  if seconds ~= seconds or math.abs(seconds) >= FOREVER then return "?" end
  local s = math.floor(seconds + 0.5)
  if s < 60 then return ("%ds"):format(s) end
  if s < 3600 then return ("%dm %02ds"):format(s // 60, s % 60) end
  if s < 86400 then return ("%dh %02dm"):format(s // 3600, s % 3600 // 60) end
  return ("%dd %02dh"):format(s // 86400, s % 86400 // 3600)
end

-- "21.3/s", "2.0s each"
local function rate_text(rate)
  if rate >= 100 then return ("%.0f/s"):format(rate) end
  if rate >= 1 then return ("%.1f/s"):format(rate) end
  if rate >= 1 / 60 then return ("%.1fs each"):format(1 / rate) end
  return line.duration(1 / rate) .. " each"
end

-- "950", "12.3k", "128k", "1.50M"
local function short(v)
  for _, unit in ipairs {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} do
    if v >= unit[1] then
      local x = v / unit[1]
      return (x >= 100 and "%.0f%s" or x >= 10 and "%.1f%s" or "%.2f%s"):format(x, unit[2])
    end
  end
  return ("%.0f"):format(v)
end

-- "1200/5000"; a share of a step shows one digit of it.
local function count_text(done, total)
  local text = done % 1 == 0 and ("%.0f"):format(done) or ("%.1f"):format(done)
  return total and ("%s/%.0f"):format(text, total) or text
end

--- line.parts(facts) -> list of {text, weight}: what a line shows, in order; the heavier, the
--- sooner it goes. facts: done, total, unit, samples (of a step), rate (steps per second), elapsed,
--- text (metrics with two spaces between them); all may be nil.
function line.parts(facts)
  local parts = {}
  local function add(weight, text)
    parts[#parts + 1] = {text, weight}
  end
  local done, rate = facts.done, facts.rate
  if done then
    local count = count_text(done, facts.total)
    add(0, facts.unit and facts.unit .. " " .. count or count)
  end
  if done and rate then
    add(facts.samples and 50 or 30, rate_text(rate))
    if facts.samples then add(30, short(rate * facts.samples) .. " samples/s") end
  end
  if done and facts.elapsed then add(60, line.duration(facts.elapsed)) end
  if done and facts.total and rate then
    add(20, line.duration(math.max(facts.total - done, 0) / rate) .. " left")
  end
  local weight = 10
  for piece in (display.clean(facts.text or "") .. GAP):gmatch("(.-)" .. GAP .. "+") do
    if piece:find("%S") then
      add(weight, piece)
      weight = math.max(weight, 30) + 1
    end
  end
  return parts
end

local function join(parts)
  local texts = {}
  for i, part in ipairs(parts) do texts[i] = part[1] end
  return table.concat(texts, GAP)
end

--- line.fit(parts, columns [, utf8 = true]) -> text of at most that many columns. Empties `parts`
--- of what does not fit.
function line.fit(parts, columns, utf8_wanted)
  local text = join(parts)
  while #parts > 1 and display.width(text) > columns do
    local heaviest = 1
    for i, part in ipairs(parts) do
      if part[2] >= parts[heaviest][2] then heaviest = i end
    end
    table.remove(parts, heaviest)
    text = join(parts)
  end
  return display.clip(display.clean(text, utf8_wanted), columns, utf8_wanted)
end

return line

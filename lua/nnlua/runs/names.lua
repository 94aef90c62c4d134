-- The names of runs: short ones that still tell one from all others, and what users type for them.

local core = require "nnlua.core"
local reader = require "nnlua.runs.reader"

local names = {}

-- Endings of "NAME/YYYYMMDD-HHMMSS-N", shorter first.
local ENDINGS <const> = {
  "(%d%d%d%d%d%d)$", "(%d%d%d%d%d%d%-%d+)$", -- the time
  "(%d%d%d%d%-%d%d%d%d%d%d)$", "(%d%d%d%d%-%d%d%d%d%d%d%-%d+)$",
  "(%d%d%d%d%d%d%d%d%-%d%d%d%d%d%d)$", "(%d%d%d%d%d%d%d%d%-%d%d%d%d%d%d%-%d+)$",
}

local function ending(id, level)
  return id:match("%-" .. ENDINGS[2 * level - 1]) or id:match("%-" .. ENDINGS[2 * level])
end

local function ending_of(id, level)
  if level == 1 then return ending(id, 1) end
  return id:match(ENDINGS[2 * level - 1]) or id:match(ENDINGS[2 * level])
end

--- names.short(ids) -> id -> a short name: the time, month, day and time, or date and time, as
--- much as all runs need to be told apart; the id itself where even that is not enough.
function names.short(ids)
  local short
  for level = 1, 3 do
    local count, clash = {}, false
    short = {}
    for _, id in ipairs(ids) do
      local name = ending_of(id, level) or id
      clash = clash or count[name] ~= nil
      count[name] = (count[name] or 0) + 1
      short[id] = name
    end
    if not clash then return short end
    if level == 3 then
      for _, id in ipairs(ids) do
        if count[short[id]] > 1 then short[id] = id end
      end
    end
  end
  return short
end

local function matching(ids, word)
  local starting, ending_so = {}, {}
  for _, id in ipairs(ids) do
    if id:sub(1, #word) == word then starting[#starting + 1] = id end
    if id:sub(-#word) == word then ending_so[#ending_so + 1] = id end
  end
  return #ending_so > 0 and ending_so or starting
end

--- names.find(word, ids, root) -> id, folder | nil, message. word: an id, its unique end or
--- beginning, "latest" or "NAME/latest", or the path of a run's folder, wherever it lies (then the
--- id is that path). ids: all there are, the newest first.
function names.find(word, ids, root)
  for _, id in ipairs(ids) do
    if id == word then return id, root .. "/" .. id end
  end
  local name = word:match("^(.*)/latest$")
  if word == "latest" or name then
    for _, id in ipairs(ids) do
      if not name or id:sub(1, #name + 1) == name .. "/" then return id, root .. "/" .. id end
    end
    return nil, ("there are no runs in '%s'"):format(name and root .. "/" .. name or root)
  end
  local path = word:gsub("(.)/+$", "%1")
  local entries = word:find("/", 1, true) and core.io.read_directory(path)
  if entries and reader.is_run(entries) then
    local below = root .. "/"
    return path:sub(1, #below) == below and path:sub(#below + 1) or path, path
  end
  local found = word ~= "" and matching(ids, word) or {}
  if #found == 1 then return found[1], root .. "/" .. found[1] end
  if #found == 0 then return nil, ("there is no run '%s' in '%s'"):format(word, root) end
  return nil, ("'%s' may be %d runs: %s, %s%s"):format(word, #found, found[1], found[2],
                                                      #found > 2 and ", ..." or "")
end

return names

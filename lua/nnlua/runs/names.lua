-- The names of runs: short ones that still tell one from all others, and what users type for them.

local core = require "nnlua.core"
local reader = require "nnlua.runs.reader"

local names = {}

-- Where short names of "NAME/YYYYMMDD-HHMMSS[-N]" begin, from the "/": time, month, whole date.
local BEGINNINGS <const> = {10, 5, 1}

--- names.short(ids) -> id -> a short name: the time, month, day and time, or date and time, as
--- much as all runs need to be told apart; the id itself where even that is not enough.
function names.short(ids)
  local slashes = {}
  for i, id in ipairs(ids) do
    slashes[i] = id:match("^.*()/%d%d%d%d%d%d%d%d%-%d%d%d%d%d%d[^/]*$") or false
  end
  local short, times_used
  for _, beginning in ipairs(BEGINNINGS) do
    local clash = false
    short, times_used = {}, {}
    for i, id in ipairs(ids) do
      local slash = slashes[i]
      local name = slash and id:sub(slash + beginning) or id
      clash = clash or times_used[name] ~= nil
      times_used[name] = (times_used[name] or 0) + 1
      short[id] = name
    end
    if not clash then return short end
  end
  for _, id in ipairs(ids) do
    if times_used[short[id]] > 1 then short[id] = id end
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

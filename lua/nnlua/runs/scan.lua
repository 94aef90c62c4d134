-- The folders of runs below a root, and when each of them changed: a readdir per experiment.
--
-- Invariants: a folder called DATE-TIME or DATE-TIME-N is a run's and is not looked into; another
-- is if it holds what a run's folder holds, and else may hold runs. Names that begin with a dot are
-- left out.

local core = require "nnlua.core"
local reader = require "nnlua.runs.reader"

local scan = {}

local DEEPEST <const> = 4
local RESOLUTION <const> = 100000000 -- ns; the clock of file systems ticks every 1 to 10 ms

local function is_dated(name)
  local rest = name:match("^%d%d%d%d%d%d%d%d%-%d%d%d%d%d%d(.*)$")
  return rest and (rest == "" or rest:find("^%-%d+$") ~= nil)
end

local function add(list, root, prefix, depth)
  local names, is_directory, modified = core.io.read_directory(root .. prefix)
  if not names then return end
  if prefix ~= "" and reader.is_run(names) then return true end
  if depth == DEEPEST then return end
  for i, name in ipairs(names) do
    if is_directory[i] and name:byte() ~= 46 then
      local path = prefix .. "/" .. name
      if is_dated(name) or add(list, root, path, depth + 1) then
        list[#list + 1] = {id = path:sub(2), modified = modified[i]}
      end
    end
  end
end

--- scan.folders(root) -> list of {id, modified}: the path below the root, nanoseconds since 1970.
function scan.folders(root)
  local list = {}
  add(list, root, "", 0)
  return list
end

--- scan.modified(root, id) -> when the folder of one run changed, or 0.
function scan.modified(root, id)
  local path = root .. "/" .. id
  local parent, name = path:match("^(.*)/([^/]+)$")
  local names, _, modified = core.io.read_directory(parent)
  for i, candidate in ipairs(names or {}) do
    if candidate == name then return modified[i] end
  end
  return 0
end

--- scan.is_settled(modified): whether a further change would show in the time.
function scan.is_settled(modified)
  return core.now() * 1e9 - modified > RESOLUTION
end

return scan

-- Removes the folder of a run.
--
-- Invariant: it first gets a name that no listing shows, so that a removal that is cut short leaves
-- no half of a run behind. Links are removed, never followed.

local core = require "nnlua.core"
local reader = require "nnlua.runs.reader"

local remove = {}

-- os.remove takes files, links and empty folders; what it refuses is a folder with something in it.
local function remove_tree(path)
  if os.remove(path) then return true end
  for _, name in ipairs(core.io.read_directory(path) or {}) do
    local ok, message = remove_tree(path .. "/" .. name)
    if not ok then return nil, message end
  end
  return os.remove(path)
end

--- remove.run(dir, root) -> true | nil, message. Refuses a run that is running. What becomes an
--- empty folder between root and the run goes, too.
function remove.run(dir, root)
  local run, message = reader.facts(dir)
  if not run then return nil, message end
  if run.state == "running" then return nil, ("%s is running"):format(dir) end
  local parent, name = dir:match("^(.*)/([^/]+)$")
  if not parent then parent, name = ".", dir end
  local hidden = ("%s/.removed-%s-%d"):format(parent, name, (core.process()))
  local ok, problem = os.rename(dir, hidden)
  if not ok then return nil, problem end
  ok, problem = remove_tree(hidden)
  if not ok then return nil, problem end
  while parent:sub(1, #root + 1) == root .. "/" and os.remove(parent) do
    parent = parent:match("^(.*)/")
  end
  return true
end

return remove

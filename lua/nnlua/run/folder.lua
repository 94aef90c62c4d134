-- The folders of runs: where they are, and whose.

local core = require "nnlua.core"
local options = require "nnlua.options"

local folder = {}

local function check(ok, message)
  if ok == nil then options.raise("run: %s", message) end
  return ok
end

--- folder.root() -> the folder that runs lie in: $NNLUA_RUNS, or runs in the working directory.
function folder.root()
  local root = os.getenv("NNLUA_RUNS")
  return root and root ~= "" and root:gsub("(.)/+$", "%1") or "runs"
end

-- A new folder NAME/DATE-TIME[-N] below the root. Of processes that start in the same second every
-- one gets its own: mkdir fails for all but one.
local function make_new(name)
  local base = ("%s/%s"):format(folder.root(), name)
  check(core.io.mkdir_p(base))
  local first = ("%s/%s"):format(base, os.date("%Y%m%d-%H%M%S"))
  local dir, number = first, 1
  while not check(core.io.mkdir_new(dir)) do
    number = number + 1
    dir = ("%s-%d"):format(first, number)
  end
  return dir
end

local function check_name(name)
  if type(name) ~= "string" or name == "" or name:find("[%c\\]") or name:find("^/") then
    options.raise("bad option 'name' to 'run' (the name of a folder expected, got %s)",
                  type(name) == "string" and ("'%s'"):format(name:gsub("%c", "?"))
                  or options.type_name(name))
  end
  for part in name:gmatch("[^/]+") do
    if part == "." or part == ".." then
      options.raise("bad option 'name' to 'run' ('%s' leaves the folder of runs)", name)
    end
  end
end

--- folder.make(name, dir or nil) -> the run's folder, its id, its lock. The id is the path below
--- the root; of a folder that lies elsewhere, its path.
function folder.make(name, dir)
  check_name(name)
  if dir ~= nil and (type(dir) ~= "string" or dir == "") then
    options.raise("bad option 'dir' to 'run' (a path expected, got %s)", options.type_name(dir))
  end
  if dir then check(core.io.mkdir_p(dir)) else dir = make_new(name) end
  local lock, problem = core.io.lock_file(dir .. "/lock")
  if not lock then options.raise("run: %s", problem) end
  local below = folder.root() .. "/"
  return dir, dir:sub(1, #below) == below and dir:sub(#below + 1) or dir, lock
end

-- What a run writes, but for the files of the script.
local OWN = {
  ["run.json"] = true, ["config.json"] = true, ["state.json"] = true, ["metrics.csv"] = true,
  ["script.lua"] = true, ["output.log"] = true, ["histograms.jsonl"] = true,
  ["texts.jsonl"] = true, ["confusion.json"] = true, ["examples.json"] = true, images = true,
  examples = true,
}

--- folder.set_aside(dir): moves what an earlier run left there into dir/earlier-N, so that nothing
--- is lost and nothing of it passes for the new run's.
function folder.set_aside(dir)
  local found = {}
  for _, name in ipairs(check(core.io.read_directory(dir))) do
    if OWN[name] or name:find("^events%.out%.tfevents%.") then found[#found + 1] = name end
  end
  if #found == 0 then return end
  local number = 1
  while not check(core.io.mkdir_new(("%s/earlier-%d"):format(dir, number))) do
    number = number + 1
  end
  for _, name in ipairs(found) do
    check(os.rename(("%s/%s"):format(dir, name), ("%s/earlier-%d/%s"):format(dir, number, name)))
  end
end

return folder

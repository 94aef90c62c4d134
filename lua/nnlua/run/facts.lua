-- What a run records of where it came from: machine, versions, command line, script, git.

local core = require "nnlua.core"

local facts = {}

local null = core.io.null

local GIT_SECONDS = 3 -- a slow git is no git

--- facts.time(seconds) -> "2024-03-01T12:00:00+01:00", of the seconds since 1970.
function facts.time(seconds)
  return (os.date("%Y-%m-%dT%H:%M:%S%z", seconds // 1 | 0):gsub("(%d%d)$", ":%1"))
end

--- facts.command() -> the words of the command line, the path of the script or nil.
---
--- The global `arg` has the script at 0 and what stands before it below; without a script, the
--- interpreter at 0.
function facts.command()
  local words, line = {}, rawget(_G, "arg")
  if type(line) ~= "table" then return words, nil end
  local first = 0
  while line[first - 1] ~= nil do first = first - 1 end
  for i = first, #line do words[#words + 1] = tostring(line[i]) end
  local script = type(line[0]) == "string" and line[0] or nil
  if script and first == 0 and not script:find("%.lua$") then script = nil end
  return words, script
end

local function processor()
  local file <close> = io.open("/proc/cpuinfo", "rb")
  local text = file and file:read(4096)
  return text and text:match("model name%s*:%s*([^\n]+)") or nil
end

local function host()
  local found = core.host()
  return {name = found.name or null, system = found.system or null, cpu = processor() or null,
          processors = found.processors or null, memory = found.memory or null}
end

local function versions()
  local info = core.build_info()
  return {nnlua = info.version, lua = info.lua, blas = info.blas or null, isa = info.isa,
          threads = info.threads}
end

-- Starts git where the script lies. It reads nothing, prints nothing to the terminal, takes no
-- lock, starts no program of the repository's and is ended if it takes long.
local function start_git(script)
  local folder = script and script:match("^(.*)/[^/]*$") or "."
  if folder == "" then folder = "/" end
  return io.popen(("timeout %d git -C '%s' -c core.fsmonitor=false --no-optional-locks status "
    .. "--porcelain=v2 --branch --untracked-files=no 2>/dev/null </dev/null"):format(
      GIT_SECONDS, (folder:gsub("'", "'\\''"))), "r")
end

-- {commit, branch, dirty} from what git says, or nil. Files that git does not track do not count.
local function read_git(pipe)
  if not pipe then return nil end
  local text = pipe:read("a") or ""
  local ok = pipe:close()
  local commit = text:match("# branch%.oid (%x+)\n")
  local branch = text:match("# branch%.head ([^\n]+)\n")
  if not ok or not branch then return nil end
  return {commit = commit or null, branch = branch ~= "(detached)" and branch or null,
          dirty = text:find("\n[^#]") ~= nil}
end

--- facts.gather() -> {created, command, script, cwd, host, versions, git}, as in run.json. Takes
--- some milliseconds, most of them git's.
function facts.gather()
  local command, script = facts.command()
  local git = start_git(script)
  local _, directory = core.process()
  return {created = facts.time(core.now()), command = core.io.json_array(command),
          script = script or null, cwd = directory or null, host = host(), versions = versions(),
          git = read_git(git) or null}
end

return facts

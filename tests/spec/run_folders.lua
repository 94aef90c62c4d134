-- run_folders.lua - folders of runs made by hand, as the contract of nn.run has them, for specs

local core = require "nnlua.core"

local run_folders = {}

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

run_folders.write = write

--- run_folders.root() -> path of a new empty folder; remove(path) deletes it.
function run_folders.root()
  local path = os.tmpname()
  os.remove(path)
  assert(core.io.mkdir_p(path))
  return path
end

function run_folders.remove(path)
  os.execute("rm -rf '" .. path .. "'")
end

--- run_folders.make(root, id, {created, state, config, metrics, ...}) -> dir. config: JSON;
--- metrics: the text of the file.
function run_folders.make(root, id, o)
  local dir = root .. "/" .. id
  assert(core.io.mkdir_p(dir))
  local created = o.created or "2026-08-01T12:00:00+02:00"
  write(dir .. "/run.json", ([[{"format": 1, "name": "%s", "id": "%s", "created": "%s", "seed": %d,
    "command": ["nnlua", "a b.lua"], "script": "a b.lua", "cwd": "/tmp", "host": {"name": "h"},
    "versions": {"nnlua": "0.1.0"}, "tags": [%s],
    "git": {"commit": "0123456789abcdef", "branch": "main", "dirty": true}}]]):format(
      id:match("^(.*)/") or id, id, created, o.seed or 1, o.tags or ""))
  write(dir .. "/config.json", o.config or '{"options": {"lr": 0.1}}')
  write(dir .. "/state.json", ([[{"state": "%s", "started": "%s", "ended": null, "seconds": %s,
    "rows": 1, "message": %s}]]):format(
      o.state or "finished", created, o.seconds or 1.5, o.message or "null"))
  write(dir .. "/metrics.csv", o.metrics or "epoch,loss\n1,0.5\n")
  return dir
end

return run_folders

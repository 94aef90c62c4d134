-- many_runs.lua - makes the folders of many runs: nnlua tests/cli/many_runs.lua ROOT COUNT
--
-- Of four experiments, one run per hour, all finished, with a configuration of five values and
-- three rows of four columns.

local core = require "nnlua.core"

local root, count = arg[1], tonumber(arg[2])
local START <const> = 1700000000

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

for i = 1, count do
  local name, seconds = "net" .. i % 4, START + 3600 * i
  local id = name .. "/" .. os.date("!%Y%m%d-%H%M%S", seconds)
  local created = os.date("!%Y-%m-%dT%H:%M:%S+00:00", seconds)
  local dir = root .. "/" .. id
  assert(core.io.mkdir_p(dir))
  write(dir .. "/run.json", ('{"format":1,"name":"%s","id":"%s","created":"%s","seed":%d}'):format(
    name, id, created, i))
  write(dir .. "/config.json", ('{"options":{"lr":%g,"hidden":[%d,10],"epochs":100,"momentum":%g,'
    .. '"data":"mnist"}}'):format(0.001 * (i % 7 + 1), i % 5 * 5 + 5, i % 3 * 0.1))
  write(dir .. "/state.json", ('{"state":"finished","started":"%s","seconds":%g,"rows":3}'):format(
    created, i / 7))
  write(dir .. "/metrics.csv", ("epoch,train_cost,test_cost,test_accuracy\n1,2.3,2.4,0.1\n"
    .. "2,1.1,1.2,0.5\n3,%g,%g,%g\n"):format(1 / i, 2 / i, 1 - 1 / (i + 1)))
end

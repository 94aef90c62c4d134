-- interrupt_spec.lua - how long Ctrl-C takes, from the key to the prompt, inside the largest things
--
-- The promise is 200 ms on a quiet machine. On one with more running processes than processors all
-- of it takes as much longer; and the best of three tries counts, because one may be unlucky.

local support = require "tests.cli.support"
local system = require "system"

local PROMISED = 0.2
local TRIES = 3

-- How many times longer than on a quiet machine things may take now.
local function load_factor()
  local file = io.open("/proc/loadavg")
  local running = file and tonumber(file:read("a"):match("^%S+ %S+ %S+ (%d+)")) or 1
  if file then file:close() end
  local processors = tonumber(support.shell("nproc").stdout) or 1
  return math.max(1, running / processors)
end

describe("Ctrl-C", function()
  local folder, session

  before_each(function() folder = support.folder() end)
  after_each(function()
    if session then session:close() end
    session = nil
    support.remove(folder)
  end)

  -- A session whose globals are those of a script.
  local function start(script)
    local path = support.write_file(folder .. "/script.lua", "nn = require 'nnlua'\n" .. script)
    session = support.terminal(("env NO_COLOR=1 %s -i %s"):format(support.nnlua, path), folder)
  end

  local function shows(input, text)
    session:expect("> ")
    session:send(input .. "\r")
    session:expect(input .. "\n")
    session:expect(text .. "\n")
  end

  -- Ends work() after it has run for a while; the best time that took.
  local function latency(label)
    local best, limit = math.huge, PROMISED
    for _ = 1, TRIES do
      shows("print('run' .. 'ning') work() print('comp' .. 'leted')", "running")
      system.sleep(0.1) -- into the computation, wherever that is
      local start_time = system.monotime()
      session:send("\3")
      local between = session:expect("interrupted\n")
      best = math.min(best, system.monotime() - start_time)
      assert.not_matches("completed", between)
      limit = PROMISED * load_factor()
      if best <= limit then break end
    end
    local report = ("%s: %.0f ms, the limit is %.0f ms"):format(label, 1000 * best, 1000 * limit)
    if os.getenv("NNLUA_LATENCIES") then io.stderr:write(report, "\n") end
    assert(best <= limit, report)
  end

  it("ends a product of 4096x4096 matrices, and the matrices are as they were", function()
    start [[
      a, c = nn.ones(4096, 4096, {dtype = "float64"}), 7
      b = a:clone()
      function work() c = a:matmul(b) end
      function intact() return c == 7 and a:sum():item() + b:sum():item() == 2 * 4096 ^ 2 end
      function again()
        local rows = a[{ {1, 32}, {} }]:matmul(b)
        return rows == nn.full({32, 4096}, 4096, {dtype = "float64"})
      end]]
    latency("4096x4096 matmul, float64")
    shows("intact(), again()", "true\ttrue")
  end)

  it("ends nn.backprop on a large batch, and the gradients are as they were", function()
    start [[
      local model = nn.Sequential(nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(),
                                  nn.Linear(1024, 10))
      local x, y, criterion = nn.rand(40000, 784), nn.randint(1, 11, 40000), nn.CrossEntropyLoss()
      local few = {x[{ {1, 50}, {} }], y[{ {1, 50} }]}
      nn.backprop(model, criterion, few[1], few[2])
      local before = {}
      for i, p in ipairs(model:parameters()) do before[i] = p.grad:clone() end
      function work() nn.backprop(model, criterion, x, y) end
      function intact()
        for i, p in ipairs(model:parameters()) do if p.grad ~= before[i] then return false end end
        return true
      end
      function again()
        nn.backprop(model, criterion, few[1], few[2])
        for i, p in ipairs(model:parameters()) do
          if p.grad ~= before[i] * 2 then return false end
        end
        return true
      end]]
    latency("nn.backprop of 40000 rows")
    shows("intact(), again()", "true\ttrue")
  end)

  it("ends nn.fit", function()
    start [[
      local model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
      local x, y = nn.rand(5000, 784), nn.randint(1, 11, 5000)
      function work()
        nn.fit {model = model, criterion = nn.CrossEntropyLoss(), train = {x, y}, epochs = 1000,
                optimizer = nn.optim.SGD(model:parameters(), {lr = 0.1}), progress = false}
      end]]
    latency("nn.fit")
    shows("1 + 1", "2")
  end)

  it("ends the drawing of random numbers, and the stream goes on from before it", function()
    start [[
      nn.manual_seed(5)
      function work() x = nn.randn(100000000) end
      function intact()
        return x == nil and nn.rand(1) == nn.rand(1, {generator = nn.Generator(5)})
      end]]
    latency("nn.randn of 1e8")
    shows("intact()", "true")
  end)

  it("ends coroutines that never yield", function()
    start "work = coroutine.wrap(function() while true do end end)"
    latency("a coroutine that never yields")
    shows("1 + 1", "2")
  end)

  it("is an error like others to a script that catches it", function()
    support.write_file(folder .. "/other.lua", [[
      local nn = require "nnlua"
      local a = nn.ones(4096, 4096, {dtype = "float64"})
      print("running")
      local ok, message = pcall(a.matmul, a, a)
      print(ok, message)
      print(a:sum():item() == 4096 ^ 2)]])
    session = support.terminal(support.nnlua .. " " .. folder .. "/other.lua", folder)
    session:expect("running\n")
    system.sleep(0.1)
    session:send("\3")
    session:expect("false\tinterrupted\ntrue\n")
    local status = session:close()
    session = nil
    assert.equal(0, status) -- what was caught is over
  end)
end)

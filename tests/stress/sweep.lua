-- sweep.lua - kills and stops the workers of a sweep at random moments; every trial must be
-- recorded once all the same
--
--   nnlua tests/stress/sweep.lua KIND TRIALS WORKERS KILLS STOPS LEASE [SEED]
--   nnlua tests/stress/sweep.lua PostgreSQL 2000 8 200 50 1
--
-- KIND is SQLite or PostgreSQL. A kill is SIGKILL, after which another worker is started; a stop is
-- SIGSTOP until the lease (seconds) has run out, then SIGCONT. They are spread over the sweep; the
-- last comes when nine tenths of the trials have ended. What the database holds is then read
-- by its own shell. Exit status: 0 if nothing was lost, doubled or out of order.

local core = require "nnlua.core"
local databases = require "tests.databases"
local processes = require "tests.processes"

local kind, seed = arg[1], tonumber(arg[7] or 1)
local trials, workers, kills, stops = tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4]),
  tonumber(arg[5])
local lease = tonumber(arg[6])
local STEPS = 5 -- of sweep_worker.lua
local LAST = 0.9 -- share of the trials that have ended when the last kill comes
local LONGEST = 900 -- seconds; only reached when workers hang

local began = core.clock()
local database = databases.start(kind)
local log = os.tmpname()
local nnlua = os.getenv("NNLUA") or "./nnlua"
local crew = processes.crew()
local stopped = {} -- {worker, until}
local store -- of this process
local problems = {}

local function problem(format, ...) problems[#problems + 1] = format:format(...) end

-- Harm ----------------------------------------------------------------

local function start_worker()
  crew:start(("%s tests/stress/sweep_worker.lua '%s' %s %d %s"):format(
    nnlua, database.location, log, trials, lease))
end

-- A worker that has a trial now, at random; nil: none.
local function victim()
  local list, busy = {}, {}
  for _, row in ipairs(store:trials(store:study("stress").id, "running")) do
    busy[tonumber(row.owner:match(":(%d+):"))] = true
  end
  for _, worker in ipairs(crew:running()) do
    local free = not worker.stopped and not worker.killed
    if busy[worker.pid] and free then list[#list + 1] = worker end
  end
  core.sleep(math.random() * 0.02)
  return #list > 0 and list[math.random(#list)] or nil
end

local function kill_one()
  local worker = victim()
  if not worker then return false end
  worker:signal("KILL")
  worker.killed = true
  start_worker()
  return true
end

local function stop_one()
  local worker = #stopped < workers / 2 and victim()
  if not worker then return false end
  worker:signal("STOP")
  worker.stopped = true
  stopped[#stopped + 1] = {worker = worker, ends = core.clock() + lease * (1.2 + math.random())}
  return true
end

local function wake_those_due()
  for i = #stopped, 1, -1 do
    if core.clock() >= stopped[i].ends then
      stopped[i].worker:signal("CONT")
      stopped[i].worker.stopped = nil
      table.remove(stopped, i)
    end
  end
end

-- The kinds of harm in random order.
local function plan()
  local list = {}
  for i = 1, kills + stops do list[i] = i <= kills and kill_one or stop_one end
  for i = #list, 2, -1 do
    local j = math.random(i)
    list[i], list[j] = list[j], list[i]
  end
  return list
end

local function run()
  math.randomseed(seed)
  local planned, done = plan(), 0
  store = database:open()
  for _ = 1, workers do start_worker() end
  local ended = 0
  while ended < trials or #stopped > 0 do
    if core.clock() - began > LONGEST then
      problem("after %d seconds only %d trials have ended", LONGEST, ended)
      break
    end
    core.sleep(math.random() * 0.05)
    local study = store:study("stress")
    ended = study and study.finished or 0
    wake_those_due()
    while done < #planned and done < #planned * ended / (trials * LAST) and planned[done + 1]() do
      done = done + 1
    end
  end
  if done < #planned then problem("only %d of %d kills and stops took place", done, #planned) end
  store:close()
  crew:wait(60)
  local killed = 0
  for _, worker in ipairs(crew.workers) do
    if worker.status == 137 then killed = killed + 1 end
    if worker.status ~= 0 and worker.status ~= 137 then
      problem("a worker ended with status %s:\n%s", worker.status, worker:output())
    end
  end
  if killed ~= kills then problem("%d workers were killed", killed) end
end

-- What is there ----------------------------------------------------------------

local function expect(sql, wanted)
  local found = database:query(sql)
  if found ~= wanted then problem("%s\ngives %s, expected %s", sql, found, wanted) end
end

local function check_counts()
  local n = trials
  for _, column in ipairs {"number", "finished"} do
    expect(("SELECT COUNT(*), COUNT(DISTINCT %s), MIN(%s), MAX(%s) FROM trials"):format(
      column, column, column), ("%d|%d|1|%d"):format(n, n, n))
  end
  expect("SELECT COUNT(*), MAX(finished) FROM studies", "1|" .. n)
  expect("SELECT COUNT(*) FROM trials WHERE state <> 'complete' OR lease IS NOT NULL", "0")
  expect([[SELECT COUNT(*) FROM (SELECT trial, COUNT(*) AS n, MIN(step) AS a, MAX(step) AS z
    FROM reports GROUP BY trial) AS g WHERE n = 5 AND a = 1 AND z = 5]], tostring(n))
  expect([[SELECT COUNT(*) FROM reports AS a JOIN reports AS b ON b.trial = a.trial
    AND b.step = a.step + 1 WHERE b.time < a.time - 0.001]], "0")
  if kind == "SQLite" then expect("PRAGMA integrity_check", "ok") end
end

-- The attempt that has each trial, and whether the reports are its own. -> {number = attempt}
local function check_reports()
  local attempts, at = {}, {number = 0}
  local rows = database:query([[SELECT t.number, t.attempt, t.value, r.step, r.value, r.metrics
    FROM trials AS t JOIN reports AS r ON r.trial = t.id ORDER BY t.number, r.step]])
  for line in rows:gmatch("[^\n]+") do
    local number, attempt, value, step, reported, metrics = line:match(
      "^(%d+)|(%d+)|([%d.]+)|(%d+)|([%d.]+)|(.*)$")
    number, attempt, step = tonumber(number), tonumber(attempt), tonumber(step)
    local by = tonumber(metrics and metrics:match('"attempt":(%d+)'))
    if not by or tonumber(reported) ~= number + step / 8
       or tonumber(value) ~= number + STEPS / 8 then
      problem("a wrong value: %s", line)
      return attempts
    end
    if at.number ~= number then at = {number = number, by = by} end
    if by < at.by or by > attempt or number % 2 == 1 and by ~= attempt then
      problem("reports of another attempt: %s", line)
    end
    at.by = by
    attempts[number] = attempt
  end
  return attempts
end

-- What workers were told about the ends of trials is what stands there.
local function check_log(attempts)
  local told = 0
  for line in io.lines(log) do
    local number, attempt, state = line:match("^(%d+) (%d+) (%a+)$")
    if state == "complete" then
      told = told + 1
      if attempts[tonumber(number)] ~= tonumber(attempt) then
        problem("trial %s counts as ended by attempt %s, but also by %s", number,
                attempts[tonumber(number)], attempt)
      end
    elseif state ~= "lost" then
      problem("a worker says: %s", line)
    end
  end
  if told > trials or told < trials - kills then
    problem("%d ends of %d trials were told to workers", told, trials)
  end
end

local ok, message = xpcall(function()
  run()
  check_counts()
  check_log(check_reports())
end, debug.traceback)
if not ok then problem("%s", message) end
crew:remove()
local again = ok and database:query("SELECT SUM(attempt) - COUNT(*) FROM trials") or "?"
database:remove()
os.remove(log)
for _, text in ipairs(problems) do print("FAILED: " .. text) end
print(("%s: %d trials, %d workers, %d kills, %d stops beyond the lease, %s further attempts, "
       .. "%.1f s: %s"):format(kind, trials, workers, kills, stops, again, core.clock() - began,
          #problems == 0 and "each trial is recorded once" or "FAILED"))
os.exit(#problems == 0)

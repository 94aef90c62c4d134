-- The worker processes of one `nnlua sweep`.
--
-- Invariants: when the pool is closed no process of it runs; a worker that dies while it has a
-- trial is replaced, and attempts of trials are counted, so that this ends.

local class = require "nnlua.class"
local core = require "nnlua.core"
local owner = require "nnlua.sweep.owner"

local Pool = class("Pool")

-- The last line of a file from a place on, or nil.
local function last_line(path, from)
  local file <close> = io.open(path, "rb")
  if not file then return nil end
  file:seek("set", from)
  local last
  for line in file:lines() do
    if line:find("%S") then last = line end
  end
  return last
end

local function size_of(path)
  local file <close> = io.open(path, "rb")
  return file and file:seek("end") or 0
end

-- Starts the worker in place i.
local function start(self, i)
  local log = ("%s/worker-%d.log"):format(self.dir, i)
  local from = size_of(log)
  local process, message = core.spawn(self.words, {env = self.env, output = log})
  if not process then return nil, message end
  self.workers[i] = {process = process, owner = owner.of(process:pid()), log = log, from = from}
  return true
end

--- Pool(count, words, {dir, threads, died}) -> pool, its workers started. words: the command line
--- of one; dir: for what they print; threads: of each. died(owner) -> whether the worker had a
--- trial; false and a message if that cannot be said. Raises if one cannot be started.
function Pool:init(count, words, given)
  self.words, self.dir, self.died = words, given.dir, given.died
  self.env = {("NNLUA_NUM_THREADS=%d"):format(given.threads),
              ("NNLUA_SWEEP_PARENT=%d"):format((core.process()))}
  self.workers, self.places, self.stopping, self.problem = {}, count, false, nil
  for i = 1, count do
    local ok, message = start(self, i)
    if not ok then
      self:close()
      error(message, 0)
    end
  end
end

-- Sees to a worker that has ended.
local function bury(self, i, how, code)
  local worker = self.workers[i]
  self.workers[i] = nil
  if how == "exit" and code == 0 then return end
  local had_trial, message = self.died(worker.owner)
  if how == "exit" then
    self.problem = self.problem or last_line(worker.log, worker.from)
                   or message or ("a worker ended with status %d, see %s"):format(code, worker.log)
  elseif not self.stopping then
    if had_trial then
      start(self, i)
    else
      self.problem = self.problem or message
                     or ("a worker was ended by signal %d, see %s"):format(code, worker.log)
    end
  end
end

--- pool:poll() -> how many workers run. pool.problem: what the first one that gave up said.
function Pool:poll()
  local running = 0
  for i = 1, self.places do
    if self.workers[i] then
      local how, code = self.workers[i].process:poll()
      if how then bury(self, i, how, code) end
      if self.workers[i] then running = running + 1 end
    end
  end
  return running
end

--- pool:stop() asks the workers to put their trials back and end.
function Pool:stop()
  if self.stopping then return end
  self.stopping = true
  for i = 1, self.places do
    if self.workers[i] then self.workers[i].process:kill("interrupt") end
  end
end

--- pool:close() ends the workers at once.
function Pool:close()
  self.stopping = true
  for i = 1, self.places do
    if self.workers[i] then self.workers[i].process:kill("kill") end
  end
end

Pool.__close = Pool.close

return Pool

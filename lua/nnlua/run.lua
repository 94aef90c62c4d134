-- A run keeps what an experiment does and finds, in a folder of its own.
--
--   local run <close> = nn.run {name = "xor", config = opts}
--   run:log {epoch = 0, cost = 0.7}
--   nn.plot.lines(run:path("cost.png"), {x = run.history.epoch, series = {{y = run.history.cost}}})
--
-- The folder, runs/NAME/DATE-TIME unless another is named:
--   run.json      where the run came from (run/facts.lua); written at the start
--   config.json   the configuration, as the script gave it
--   state.json    what became of it: running, finished, failed (and why), interrupted
--   lock          locked while the run is open: "running" without a lock means killed
--   metrics.csv   a row per run:log, there as soon as log returns (run/metrics.lua)
--   script.lua    a copy of the script; output.log: what it printed (run/output.lua)
--
-- Invariants: a folder is one process's at a time. What was logged is in the files, whatever
-- becomes of the process. A resumed run goes on behind the rows of its checkpoint, so that
-- metrics.csv gets the bytes that it would have had without a break; until it goes on, the folder
-- is as it was.

local class = require "nnlua.class"
local core = require "nnlua.core"
local facts = require "nnlua.run.facts"
local folder = require "nnlua.run.folder"
local Metrics = require "nnlua.run.metrics"
local open = require "nnlua.run.open"
local options = require "nnlua.options"
local output = require "nnlua.run.output"

local Run = class("Run")

local null = core.io.null

local FORMAT <const> = 1 -- of the folder: run.json says so

local function check(ok, message)
  if not ok then options.raise("run: %s", message) end
  return ok
end

local function write_json(self, name, value)
  check(core.io.write_file(self:path(name), core.io.json_encode(value, {indent = 2}) .. "\n"))
end

-- What the JSON file says if it is an object, else nil.
local function read_json(self, name)
  local file <close> = io.open(self:path(name), "rb")
  local ok, value = pcall(core.io.json_decode, file and file:read("a") or "")
  return ok and type(value) == "table" and value or nil
end

-- The seed that the configuration names, or else that of the last nn.manual_seed, or null.
local function seed_of(config)
  local nested = type(config) == "table" and config.options
  local seed = type(config) == "table" and config.seed
    or type(nested) == "table" and nested.seed or core.last_seed()
  return math.type(seed) == "integer" and seed or null
end

-- run.json: of a resumed run it stays, with the facts of this process at the end of `resumed`.
local function write_facts(self)
  local found = facts.gather()
  local info = self.resumes and read_json(self, "run.json")
  if info then
    info.resumed = info.resumed or core.io.json_array()
    table.insert(info.resumed, found)
  else
    info = found
    info.format, info.name, info.id = FORMAT, self.name, self.id
    info.seed, info.tags = seed_of(self.config), core.io.json_array(self.tags)
    info.notes = self.notes or null
  end
  write_json(self, "run.json", info)
  local source <close> = found.script ~= null and io.open(found.script, "rb") or nil
  local text = source and source:read("a")
  if text then check(core.io.write_file(self:path("script.lua"), text)) end
end

-- state.json. `seconds` are those in which the run was open, in this process and those before.
local function write_state(self, state, message)
  local running = state == "running"
  write_json(self, "state.json", {
    state = state, started = self.started, ended = running and null or facts.time(core.now()),
    seconds = self.seconds + core.clock() - self.clock, rows = self.metrics.rows,
    message = message,
  })
end

-- From here on the folder is this run's, and so are all files in it.
local function begin(self)
  if self.begun then return end
  self.begun = true
  if not self.resumes then folder.set_aside(self.dir) end
  local before = self.resumes and read_json(self, "state.json") or {}
  self.started = type(before.started) == "string" and before.started or facts.time(core.now())
  self.seconds = type(before.seconds) == "number" and before.seconds or 0.0
  if self.config then write_json(self, "config.json", self.config) end
  write_facts(self)
  self.metrics:open(self:path("metrics.csv"))
  self.output = check(core.io.append_file(self:path("output.log")))
  self.output:write(table.concat(self.printed))
  self.printed = nil
  write_state(self, "running")
end

-- Ends the run. What fails meanwhile is raised when all is done.
local function finish(self, state, message)
  if self.closed then return end
  local ok, problem = true, nil
  if not self.begun and self.metrics.rows > 0 then ok, problem = pcall(begin, self) end
  self.closed = true
  open.remove(self)
  self.stop_listening()
  self.metrics:close()
  if self.begun and ok then ok, problem = pcall(write_state, self, state, message) end
  if self.output then self.output:close() end
  self.lock:close()
  if not ok then error(problem, 0) end
end

--- nn.run{name=, config=, columns=, dir=, resume=false, tags=, notes=} -> run, its folder made.
---
--- name: of the experiment. config: a table that becomes config.json. columns: names of the
--- metrics; if given, every row has these and no others, else the rows name them. dir: the folder;
--- default NAME/DATE-TIME in $NNLUA_RUNS, or in `runs`, with -2, -3, ... after it if that exists.
--- What an earlier run left in a folder that is named moves into earlier-1, -2, ... in it. tags: a
--- list of texts, notes: a text, for those who read the run. resume: leaves the folder as it is
--- until load_state_dict says how many of its rows count and something is logged.
--- Raises if the folder or a file cannot be made, another process uses it, or resume finds rows
--- with other columns.
function Run:init(given)
  local o = options.check("run", given, {name = options.required, columns = options.optional,
                                         dir = options.optional, config = options.optional,
                                         resume = false, tags = {}, notes = options.optional})
  self.name, self.config, self.tags, self.notes = o.name, o.config, o.tags, o.notes
  self.resumes, self.clock = o.resume, core.clock()
  self.metrics = Metrics(o.columns)
  self.columns, self.history = self.metrics.columns, self.metrics.history
  if o.config ~= nil then core.io.json_encode(o.config) end -- raises before anything is made
  self.dir, self.id, self.lock = folder.make(o.name, o.dir)
  if o.resume and not self.metrics:fits(self:path("metrics.csv")) then
    options.raise("run: %s has other columns", self:path("metrics.csv"))
  end
  self.printed = {}
  self.stop_listening = output.listen(function(text)
    if self.output then
      self.output:write(text)
    else
      self.printed[#self.printed + 1] = text
    end
  end)
  open.add(self, finish)
  if not o.resume then begin(self) end
end

--- run:path(name) -> path of a file in the run's folder.
function Run:path(name)
  return self.dir .. "/" .. name
end

local function check_open(self)
  if self.closed then options.raise("run: %s is closed", self.dir) end
  begin(self)
end

--- run:log{column = value, ...} appends one row of metrics, which is in the file when log returns.
--- The values, numbers, texts or booleans, are also appended to the lists run.history[column].
--- Unless the columns are declared, a row may lack some (an empty cell, nan in the history) or
--- bring new ones, which the rows before it lack.
function Run:log(row)
  check_open(self)
  self.metrics:add(row)
end

--- run:last(column) -> the value of the last row, or nil if there is none.
function Run:last(column)
  local list = self.history[column]
  return list and list[#list]
end

--- run:state_dict() -> what load_state_dict needs: the rows.
function Run:state_dict()
  return self.metrics:state_dict()
end

--- run:load_state_dict(state) -> run, made with resume = true, now with the rows of the state: the
--- next row that is logged comes behind them, in history and file.
function Run:load_state_dict(state)
  if self.begun then
    options.raise("run: %s has rows already; make it with resume = true", self.dir)
  end
  self.metrics:load_state_dict(state)
  return self
end

--- run:close() ends the run, which is finished; closing again does nothing. At the end of the scope
--- of `local run <close>` an error that leaves it makes the run failed, or interrupted.
function Run:close()
  finish(self, "finished")
end

function Run:__close(err)
  finish(self, open.state_of(err))
end

return Run

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
--   events.out.tfevents.*   the same and more for TensorBoard (run/events.lua)
--   script.lua    a copy of the script; output.log: what it printed (run/output.lua)
--   images/, histograms.jsonl, texts.jsonl, confusion.json, examples.json (run/pictures.lua)
--   checkpoints/  of nn.checkpoint
--
-- Invariants: a folder is one process's at a time. What was logged is in the files, whatever
-- becomes of the process. A resumed run goes on behind the rows of its checkpoint, so that
-- metrics.csv gets the bytes that it would have had without a break; until it goes on, the folder
-- is as it was.

local checkpoint = require "nnlua.checkpoint"
local class = require "nnlua.class"
local core = require "nnlua.core"
local Events = require "nnlua.run.events"
local facts = require "nnlua.run.facts"
local folder = require "nnlua.run.folder"
local Metrics = require "nnlua.run.metrics"
local open = require "nnlua.run.open"
local options = require "nnlua.options"
local output = require "nnlua.run.output"
local pictures = require "nnlua.run.pictures"

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

-- A message as JSON can hold it: bytes that are no UTF-8 become "?".
local function plain_text(text)
  return utf8.len(text) and text or text:gsub("[\x80-\xff]", "?")
end

-- state.json. `seconds` are those in which the run was open, in this process and those before.
local function write_state(self, state, message)
  local running = state == "running"
  write_json(self, "state.json", {
    state = state, started = self.started, ended = running and null or facts.time(core.now()),
    seconds = self.seconds + core.clock() - self.clock, rows = self.metrics.rows,
    message = message and plain_text(message),
  })
end

-- Tells the index what the folder says now. The index can always be made from the folders, so that
-- a failure is worth one line and no more.
local warned = false
local function tell_index(self)
  if self.id == self.dir then return end -- not below the root
  local ok, told, problem = pcall(function() return require("nnlua.runs.index").note(self.dir) end)
  if not ok and told == "interrupted" then error(told, 0) end
  if ok and told or warned then return end
  warned = true
  io.stderr:write("run: the index of runs is not up to date: ",
                  (tostring(ok and problem or told):gsub("%s*\n.*", "")), "\n")
end

-- Files of one JSON object per line. Those of a resumed run lose the lines that came after its
-- checkpoint.
local LINES = {"histograms.jsonl", "texts.jsonl"}

local function cut_lines(self)
  for _, name in ipairs(LINES) do
    local lines, kept = {}, self.lines[name] or 0
    local file <close> = io.open(self:path(name), "rb")
    while file and #lines < kept do
      local line = file:read("L")
      if not line then break end
      lines[#lines + 1] = line
    end
    self.lines[name] = #lines
    if file then check(core.io.write_file(self:path(name), table.concat(lines))) end
  end
end

-- From here on the folder is this run's, and so are all files in it. Rows that no checkpoint tells
-- of are those of an earlier run.
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
  cut_lines(self)
  self.events = Events(self.dir, self.resumes)
  write_state(self, "running")
  tell_index(self)
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
  if self.events then self.events:close() end
  for _, file in pairs(self.line_files) do file:close() end
  if self.begun and ok then ok, problem = pcall(write_state, self, state, message) end
  if self.output then self.output:close() end
  self.lock:close()
  if self.begun then tell_index(self) end
  if not ok then error(problem, 0) end
end

local function check_texts(option, list)
  if list ~= nil and type(list) ~= "table" then
    options.raise("bad option '%s' to 'run' (a list of texts expected, got %s)", option,
                  options.type_name(list))
  end
  for _, text in ipairs(list or {}) do
    if type(text) ~= "string" or not utf8.len(text) then
      options.raise("bad option '%s' to 'run' (a text in UTF-8 expected, got %s)", option,
                    options.type_name(text))
    end
  end
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
  check_texts("columns", o.columns)
  check_texts("tags", o.tags)
  if o.notes ~= nil then check_texts("notes", {o.notes}) end
  self.name, self.config, self.tags, self.notes = o.name, o.config, o.tags, o.notes
  self.resumes, self.clock = false, core.clock() -- resumes: goes on behind the rows of a state
  self.lines, self.line_files = {}, {} -- of LINES: how many there are, the open files
  self.metrics = Metrics(o.columns)
  self.columns, self.history = self.metrics.columns, self.metrics.history
  self.declares_columns = o.columns ~= nil
  if o.config ~= nil then core.io.json_encode(o.config) end -- raises before anything is made
  if o.resume and o.dir and not self.metrics:fits(o.dir .. "/metrics.csv") then
    options.raise("run: %s/metrics.csv has other columns", o.dir)
  end
  self.dir, self.id, self.lock = folder.make(o.name, o.dir)
  self.printed = {}
  self.stop_listening = output.listen(function(text)
    if self.output then
      self.output:write(text)
    else
      self.printed[#self.printed + 1] = text
    end
  end)
  open.add(self, finish)
  if o.resume then return end
  local ok, problem = pcall(begin, self)
  if not ok then
    pcall(finish, self, open.state_of(problem))
    error(problem, 0)
  end
end

--- run:path(name) -> path of a file in the run's folder.
function Run:path(name)
  return self.dir .. "/" .. name
end

local function check_open(self)
  if self.closed then options.raise("run: %s is closed", self.dir) end
  begin(self)
end

-- The step of the row with these values: that of the first counter among its columns, or its
-- number.
local function step_of_row(self, row)
  for _, name in ipairs(Metrics.COUNTERS) do
    local step = math.tointeger(row[name])
    if step then return step end
  end
  return self.metrics.rows
end

--- run:log{column = value, ...} appends one row of metrics, which is in the file when log returns.
--- The values, numbers, texts or booleans, are also appended to the lists run.history[column].
--- Unless the columns are declared, a row may lack some (an empty cell, nan in the history) or
--- bring new ones, which the rows before it lack. For TensorBoard the row's numbers are scalars at
--- the step that the column step, epoch or iteration says, or else at the number of the row.
function Run:log(row)
  check_open(self)
  if type(row) ~= "table" then
    core.arg_error(1, "log", "a row {column = value} expected, got " .. options.type_name(row))
  end
  local values = self.metrics:add(row)
  self.events:scalars(step_of_row(self, row), self.columns, values, Metrics.COUNTERS)
end

--- run:step() -> the step of the last row, 0 if there is none: that of an image without one.
function Run:step()
  local row = {}
  for _, name in ipairs(Metrics.COUNTERS) do row[name] = self:last(name) end
  return step_of_row(self, row)
end

--- run:last(column) -> the value of the last row, or nil if there is none.
function Run:last(column)
  local list = self.history[column]
  return list and list[#list]
end

--- run:state_dict() -> what load_state_dict needs: the rows, and how many histograms and texts.
function Run:state_dict()
  local state = self.metrics:state_dict()
  state.lines = {}
  for _, name in ipairs(LINES) do state.lines[name] = self.lines[name] or 0 end
  return state
end

--- run:load_state_dict(state) -> run, made with resume = true, now with the rows of the state: the
--- next row that is logged comes behind them, in history and file.
function Run:load_state_dict(state)
  if self.begun then
    options.raise("run: %s has rows already; make it with resume = true", self.dir)
  end
  self.metrics:load_state_dict(state)
  for _, name in ipairs(LINES) do self.lines[name] = state.lines and state.lines[name] or 0 end
  self.resumes = true
  return self
end

--- run:image(tag, image [, {step}]) -> path: images/TAG/STEP.png. image: a tensor [h,w], [c,h,w] or
--- [n,c,h,w] (a grid of n), uint8 or floats of 0 to 1, or the path of a PNG file. step: that of the
--- last row unless given, as below.
function Run:image(tag, image, given)
  check_open(self)
  return pictures.image(self, self.events, tag, image, given)
end

--- run:histogram(tag, tensor [, {step, bins = 30}]): how many elements lie in each of the bins, of
--- one width from the smallest to the largest; nan and infinities are left out.
function Run:histogram(tag, tensor, given)
  check_open(self)
  pictures.histogram(self, self.events, tag, tensor, given)
end

--- run:text(tag, text [, {step}]): keeps a text; TensorBoard shows it as Markdown.
function Run:text(tag, text, given)
  check_open(self)
  pictures.text(self, self.events, tag, text, given)
end

--- run:confusion(matrix [, {classes, step}]): keeps a confusion matrix, in place of the one before.
--- matrix: [C,C], rows the true classes, or an nn.metrics.ConfusionMatrix. classes: their names.
function Run:confusion(matrix, given)
  check_open(self)
  pictures.confusion(self, matrix, given)
end

--- run:examples{images, labels, scores, predictions, classes, count = 20}: keeps those samples that
--- the network got most wrong, in place of the ones before: of scores [N,C], those with the highest
--- cross-entropy; of predictions [N], given instead, those that are not the label. images: [N,h,w]
--- or [N,c,h,w], uint8 or floats of 0 to 1. labels: [N], 1-based. classes: their names.
function Run:examples(given)
  check_open(self)
  pictures.examples(self, given)
end

--- run:checkpoint(objects [, {step, epoch, keep = 3, best, mode = "min"}]) -> path | nil, message:
--- nn.checkpoint.save into the folder checkpoints of the run. step: that of the last row unless
--- given.
function Run:checkpoint(objects, given)
  check_open(self)
  local o = {step = self:step()}
  for key, value in pairs(given or {}) do o[key] = value end
  return checkpoint.save(self:path("checkpoints"), objects, o)
end

--- run:close() ends the run, which is finished; closing again does nothing. At the end of the scope
--- of `local run <close>` an error that leaves it makes the run failed, or interrupted.
function Run:close()
  finish(self, "finished")
end

function Run:__close(err)
  local ok, problem = pcall(finish, self, open.state_of(err))
  if not ok and err == nil then error(problem, 0) end -- another error is on its way and says more
end

return Run

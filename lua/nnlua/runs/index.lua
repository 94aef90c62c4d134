-- The index of the runs below a folder: runs/index.sqlite, which answers questions about thousands
-- of them in milliseconds.
--
--   local runs <close> = index.open("runs")
--   for _, run in ipairs(runs:list {filter = "lr<0.1 state=finished", sort = "-test_accuracy"}) do
--     print(run.id, run.state)
--   end
--
-- Tables:  runs (number, id, name, state, created, ...), params (run, name, value), metrics (run,
--          name, count, last, min, max, ... their steps); what is NaN is NULL
--
-- Invariants: the folders are the truth. refresh() sees from the times of the folders which of them
-- are new, gone or changed and reads no others; what it cannot write (a read-only disk, an index
-- that another process keeps locked) it keeps in memory instead. A change of the index is one
-- transaction. A damaged index, or one of another version, is emptied and filled again.

local class = require "nnlua.class"
local core = require "nnlua.core"
local folder = require "nnlua.run.folder"
local metrics_file = require "nnlua.runs.metrics_file"
local options = require "nnlua.options"
local params = require "nnlua.runs.params"
local query = require "nnlua.runs.query"
local reader = require "nnlua.runs.reader"
local scan = require "nnlua.runs.scan"
local sqlite = require "nnlua.sqlite"
local Totals = require "nnlua.runs.totals"

local Index = class("Index")

local index = {}

local DAMAGED <const> = "the index is damaged: it is made anew from the folders"

local VERSION <const> = 1 -- of the schema: PRAGMA user_version

local SCHEMA <const> = [[
CREATE TABLE runs (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,    -- the path of the folder below the root
  name TEXT NOT NULL,
  state TEXT NOT NULL,        -- running, finished, failed, interrupted, killed
  created REAL, started REAL, -- seconds since 1970
  seconds REAL,               -- how long it took
  seed INTEGER, message TEXT, "commit" TEXT,
  tags TEXT NOT NULL,         -- with a space before and after each
  rows INTEGER NOT NULL,      -- of metrics.csv, and how many bytes they are
  bytes INTEGER NOT NULL,
  modified INTEGER NOT NULL   -- when an entry of the folder last came or went; 0: look again
);
CREATE INDEX runs_created ON runs (created, id);
CREATE TABLE params (
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  name TEXT NOT NULL, value,
  PRIMARY KEY (name, run)     -- a column of a list of runs lies together
) WITHOUT ROWID;
CREATE INDEX params_run ON params (run);
CREATE TABLE metrics (
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  place INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
  last, last_step, min, min_step, max, max_step,
  PRIMARY KEY (name, run)
) WITHOUT ROWID;
CREATE INDEX metrics_run ON metrics (run, place);
]]

-- Opening ---------------------------------------------------------------------------------------

local function prepare_schema(db)
  if db:row("PRAGMA user_version").user_version == VERSION then return end
  db:transaction(function()
    if db:row("PRAGMA user_version").user_version == VERSION then return end -- meanwhile
    db:exec(SCHEMA)
    db:exec(("PRAGMA user_version = %d"):format(VERSION))
  end)
end

local function configure(db)
  db:exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON")
end

-- Whether the database holds nothing, something of another version, or what we put there.
local function is_foreign(db)
  local version = db:row("PRAGMA user_version").user_version
  return version ~= VERSION
         and (version ~= 0 or db:row("SELECT count(*) AS n FROM sqlite_master").n > 0)
end

local function in_memory()
  local db = assert(sqlite.open(":memory:"))
  db:exec("PRAGMA foreign_keys = ON")
  prepare_schema(db)
  return db
end

-- The index file's database, ready for use; or nil and the reason.
local function open_file(self, timeout)
  local db, message = sqlite.open(self.path, {timeout = timeout})
  if not db then return nil, message end
  local ok, problem = pcall(function()
    if is_foreign(db) then
      self.notify("the index is of another version of nnlua: it is made anew")
      db:reset()
    end
    configure(db)
    prepare_schema(db)
  end)
  if not ok and sqlite.code(problem) == "corrupt" then
    self.notify(DAMAGED)
    ok, problem = pcall(function()
      db:reset()
      configure(db)
      prepare_schema(db)
    end)
  end
  if ok then return db end
  db:close()
  return nil, problem
end

--- index.open(root [, {notify, timeout = 1}]) -> index of the runs below the folder `root`, up to
--- date. notify(line) is told what a user should know; default: standard error. timeout: seconds to
--- wait for other processes. Without any run nothing is written.
function index.open(root, given)
  local o = options.check("runs.index.open", given, {notify = options.optional, timeout = 1})
  local self = Index()
  self.root, self.path = root, root .. "/index.sqlite"
  self.notify = o.notify or function(line) io.stderr:write("nnlua: ", line, "\n") end
  local folders = scan.folders(root)
  self.db = (#folders > 0 or core.io.read_directory(root)) and open_file(self, o.timeout)
            or in_memory()
  self:refresh(folders)
  return self
end

-- Writing ---------------------------------------------------------------------------------------

-- The totals of the run's metrics: from where the last reading ended if only rows came since.
local function read_totals(db, dir, row, rows_only)
  local file <close> = metrics_file.open(dir)
  if not file then return Totals({}), 0 end
  local totals
  if rows_only and row.bytes > 0 then
    local list = {}
    for saved in db:rows("SELECT * FROM metrics WHERE run = ? ORDER BY place", row.number) do
      list[#list + 1] = saved
    end
    if #list == #file.columns and file:seek(row.bytes) then
      totals = Totals(file.columns, row.rows, list)
    end
  end
  totals = totals or Totals(file.columns)
  for cells in file:rows() do totals:add(cells) end
  return totals, file:position()
end

local function finite(value)
  return value == value and value or nil
end

-- Puts what the folder of a run says into the index. modified: the time of the folder, taken before
-- it is read. A run whose folder is gone is taken out.
local function put(db, root, id, modified)
  local run = reader.facts(root .. "/" .. id)
  if not run then
    db:exec("DELETE FROM runs WHERE id = ?", id)
    return false
  end
  local row = db:row("SELECT number, modified, rows, bytes FROM runs WHERE id = ?", id)
  local rows_only = row and row.modified == modified and row.modified ~= 0
  local totals, bytes = read_totals(db, run.dir, row, rows_only)
  local git = type(run.info.git) == "table" and run.info.git or {}
  local tags = {}
  for i, tag in ipairs(run.tags) do tags[i] = tostring(tag) end
  db:exec([[
    INSERT INTO runs (id, name, state, created, started, seconds, seed, message, "commit", tags,
                      rows, bytes, modified)
    VALUES (:id, :name, :state, :created, :started, :seconds, :seed, :message, :commit, :tags,
            :rows, :bytes, :modified)
    ON CONFLICT (id) DO UPDATE SET name = :name, state = :state, created = :created,
      started = :started, seconds = :seconds, seed = :seed, message = :message, "commit" = :commit,
      tags = :tags, rows = :rows, bytes = :bytes, modified = :modified]], {
    id = id, name = tostring(run.name), state = run.state, created = run.created,
    started = run.started, seconds = run.seconds, seed = tonumber(run.seed), message = run.message,
    commit = type(git.commit) == "string" and git.commit or nil,
    tags = #tags > 0 and " " .. table.concat(tags, " ") .. " " or "",
    rows = totals.rows, bytes = bytes,
    -- Within the resolution of such times a folder may change twice and look as if it had not.
    modified = scan.is_settled(modified) and modified or 0})
  local number = row and row.number or db:row("SELECT number FROM runs WHERE id = ?", id).number
  if not rows_only then
    db:exec("DELETE FROM params WHERE run = ?", number)
    local insert <close> = db:prepare("INSERT OR REPLACE INTO params VALUES (?, ?, ?)")
    for _, pair in ipairs(params.flatten(run.config)) do
      insert:exec(number, pair[1], finite(pair[2]))
    end
  end
  db:exec("DELETE FROM metrics WHERE run = ?", number)
  local insert <close> = db:prepare("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
  for place, total in ipairs(totals.list) do
    insert:exec(number, place, total.name, total.count, total.last, total.last_step, total.min,
                total.min_step, total.max, total.max_step)
  end
  return true
end

-- What differs between folders and index: {id=, row=, modified=} of those to read, ids gone.
local function differences(db, folders)
  local known = db:columns("SELECT id, state, modified FROM runs")
  local place, changed, gone = {}, {}, {}
  for i, id in ipairs(known.id) do place[id] = i end
  local there = {}
  for _, found in ipairs(folders) do
    local i = place[found.id]
    there[found.id] = true
    if not i or known.modified[i] ~= found.modified or known.state[i] == "running" then
      changed[#changed + 1] = found
    end
  end
  for _, id in ipairs(known.id) do
    if not there[id] then gone[#gone + 1] = id end
  end
  return changed, gone
end

local function bring_up_to_date(self, folders)
  local db = self.db
  local changed, gone = differences(db, folders)
  if #changed == 0 and #gone == 0 then return end
  db:transaction(function()
    for _, id in ipairs(gone) do db:exec("DELETE FROM runs WHERE id = ?", id) end
    for _, found in ipairs(changed) do put(db, self.root, found.id, found.modified) end
  end)
end

-- After an error: what SQLite calls damaged is emptied and filled again; in any other trouble, or
-- again, a database in memory is filled. Errors that are not SQLite's go on.
local function recover(self, problem, folders)
  if not sqlite.code(problem) then error(problem, 0) end
  if sqlite.code(problem) == "corrupt" and not self.recovered then
    self.recovered = true
    self.notify(DAMAGED)
    local ok = pcall(function()
      self.db:reset()
      configure(self.db)
      prepare_schema(self.db)
      bring_up_to_date(self, folders)
    end)
    if ok then return end
  end
  self.db:close()
  self.db = in_memory()
  bring_up_to_date(self, folders)
end

-- f(self, ...), once more after a recovery.
local function guarded(self, f, ...)
  local results = table.pack(pcall(f, self, ...))
  if not results[1] then
    recover(self, results[2], scan.folders(self.root))
    return f(self, ...)
  end
  return table.unpack(results, 2, results.n)
end

--- index:refresh() makes the index say what the folders say.
function Index:refresh(folders)
  guarded(self, bring_up_to_date, folders or scan.folders(self.root))
end

--- index:rebuild() forgets everything and reads all folders.
function Index:rebuild()
  guarded(self, function()
    self.db:transaction(function() self.db:exec("DELETE FROM runs") end)
  end)
  self:refresh()
end

--- index.note(dir) -> true | nil, reason: the index learns what the folder of a run says now. For
--- the process that writes the run, when it begins and ends; nothing is lost without it. A folder
--- that does not lie below the root has no index: nil.
function index.note(dir)
  local root = folder.root()
  local below = root .. "/"
  if dir:sub(1, #below) ~= below then return nil, "not below " .. root end
  local id = dir:sub(#below + 1):gsub("/+$", "")
  local self = {path = root .. "/index.sqlite", notify = function() end}
  local db, reason = open_file(self, 5)
  if not db then return nil, tostring(reason) end
  local ok, problem = pcall(function()
    db:transaction(function()
      put(db, root, id, scan.modified(root, id))
    end)
  end)
  db:close()
  if ok then return true end
  if not sqlite.code(problem) then error(problem, 0) end
  return nil, tostring(problem)
end

-- Reading ---------------------------------------------------------------------------------------

--- index:list{filter, sort, limit, reverse = false} -> list of {number, id, name, state, created,
--- started, seconds, seed, message, commit, tags, rows}, the newest first. filter, sort: see
--- runs/query.lua; limit: only so many. nil and a message if filter or sort are wrong.
function Index:list(given)
  local o = options.check("list", given, {filter = "", sort = options.optional,
                                          limit = options.optional, reverse = false})
  return guarded(self, function()
    local sql, values = query.select(self.db, o)
    if not sql then return nil, values end
    local list = {}
    for row in self.db:rows(sql, table.unpack(values, 1, values.n)) do list[#list + 1] = row end
    return list
  end)
end

-- SQL's condition that a table's `run` is one of the list, and its value: none for all runs.
local function among(db, list)
  if db:row("SELECT count(*) AS n FROM runs").n == #list then return "1" end
  local numbers = core.io.json_array()
  for i, run in ipairs(list) do numbers[i] = run.number end
  return "run IN (SELECT value FROM json_each(?))", core.io.json_encode(numbers)
end

-- db:columns of SQL with "AMONG" for the condition.
local function of_runs(db, list, sql, ...)
  local condition, numbers = among(db, list)
  sql = sql:gsub("AMONG", condition)
  if numbers then return db:columns(sql, numbers, ...) end
  return db:columns(sql, ...)
end

--- index:params(list of runs) -> {n, run, name, value}: lists of the numbers of the runs, the names
--- and values of their parameters. index:param(list, name) -> {n, run, value}: of one parameter.
function Index:params(list)
  return of_runs(self.db, list, "SELECT run, name, value FROM params WHERE AMONG")
end

function Index:param(list, name)
  return of_runs(self.db, list, "SELECT run, value FROM params WHERE AMONG AND name = ?", name)
end

--- index:metrics(list of runs) -> {n, run, name, count, last, last_step, min, min_step, max,
--- max_step}: lists, of all metrics. A `last` that is missing was NaN. index:metric(list, name,
--- ending) -> {n, run, value}: of one metric its "last", "min" or "max".
function Index:metrics(list)
  return of_runs(self.db, list, "SELECT * FROM metrics WHERE AMONG AND count > 0")
end

function Index:metric(list, name, ending)
  local sql = 'SELECT run, "%s" AS value FROM metrics WHERE AMONG AND count > 0 AND name = ?'
  return of_runs(self.db, list, sql:format(ending), name)
end

--- index:param_names(list of runs) -> {n, name, runs, values}: of the parameters that differ: how
--- many of the runs have it, how many values it has.
function Index:param_names(list)
  return of_runs(self.db, list, [[
    SELECT name, count(*) AS runs, count(DISTINCT value) AS "values" FROM params WHERE AMONG
    GROUP BY name ORDER BY name]])
end

--- index:metric_names(list of runs) -> {n, name, runs}: how many of the runs have it; in the order
--- of their columns.
function Index:metric_names(list)
  return of_runs(self.db, list, [[
    SELECT name, count(*) AS runs FROM metrics WHERE AMONG AND count > 0
    GROUP BY name ORDER BY avg(place), name]])
end

--- index:ids() -> all ids, the newest first.
function Index:ids()
  local ids = {}
  for row in self.db:rows("SELECT id FROM runs ORDER BY created DESC, id DESC") do
    ids[#ids + 1] = row.id
  end
  return ids
end

--- index:remove(id) forgets a run whose folder is gone.
function Index:remove(id)
  self.db:exec("DELETE FROM runs WHERE id = ?", id)
end

function Index:close()
  self.db:close()
end

Index.__close = Index.close

return index

-- nnlua sweep - runs the trials of a sweep, here and beside other workers, and shows what came out
--
-- A script of the library's: the executable runs it with the words behind `sweep` in `arg`. The
-- process that the user starts runs no trial: it starts workers, `nnlua sweep FILE --worker`, and
-- watches the study that they write.

local cli = require "nnlua.cli"
local core = require "nnlua.core"
local Monitor = require "nnlua.sweep.monitor"
local options = require "nnlua.options"
local owner = require "nnlua.sweep.owner"
local Pool = require "nnlua.sweep.pool"
local proposal = require "nnlua.sweep.proposal"
local results = require "nnlua.sweep.results"
local settings = require "nnlua.sweep.settings"
local show = require "nnlua.sweep.show"
local study = require "nnlua.sweep.study"
local Sweep = require "nnlua.sweep.definition"
local text_table = require "nnlua.text_table"
local Worker = require "nnlua.sweep.worker"

local PROGRAM <const> = "nnlua sweep"
local USAGE_STATUS <const> = 2
local MOST_ON_TERMINAL <const> = 50 -- configurations
local DRY_TRIALS <const> = 10 -- configurations that --dry-run shows
local POLL <const> = 0.05 -- seconds between two looks at workers and study

local OVERVIEW <const> = [[
Runs the trials of the sweep that FILE returns, in worker processes, and records them in a study:
runs/NAME.sweep/study.sqlite, unless --study names another. Also:

  nnlua sweep show STUDY    what a study has come to
  nnlua FILE                one trial alone

Started again on the study of a sweep that is running it adds workers; on one that was ended before
all trials were done it goes on with --resume.]]

-- A message without the program's name, which it gets anew.
local function plain(message)
  return (tostring(message):gsub("^" .. PROGRAM .. ": ", ""))
end

-- What a database said, without the function and the line that asked.
local function reason_of(err)
  return (tostring(err):gsub("^[^:]+:%d+: ", ""):gsub("^%a+: ", ""))
end

-- Ends the process because the study cannot be read or written.
local function fail_study(program, where, err)
  cli.fail(program, ("the study %s cannot be used: %s"):format(where, reason_of(err)))
end

-- What f(...) returns; ends the process where the database or the disk fails. Those errors are
-- objects; texts are errors of ours.
local function with_study(program, where, f, ...)
  local ok, result = pcall(f, ...)
  if ok then return result end
  if type(result) == "string" then error(result, 0) end
  fail_study(program, where, result)
end

-- The sweep that FILE returns, with what the command line changes.
local function load_sweep(opts)
  local chunk, message = loadfile(opts.file)
  if not chunk then cli.fail(PROGRAM, plain(message)) end
  local ok, sweep = pcall(chunk)
  if not ok then
    if sweep == "interrupted" then error(sweep, 0) end
    local text = tostring(sweep) -- of `return nn.sweep{...}`, a tail call, no line is known
    cli.fail(PROGRAM, text:find("^[^:%s]+:%d+: ") and text or opts.file .. ": " .. text)
  elseif getmetatable(sweep) ~= Sweep then
    cli.fail(PROGRAM, ("%s returns %s, expected a sweep: its last line is `return nn.sweep{...}`")
      :format(opts.file, sweep == nil and "nothing" or "a " .. options.type_name(sweep)))
  end
  local values, problem = settings.parse(opts.set)
  if not values then cli.fail(PROGRAM, problem, USAGE_STATUS) end
  return cli.try(PROGRAM, sweep.with, sweep, values, {trials = opts.trials})
end

-- "90", "90s", "10m", "2h" -> seconds; nil for anything else.
local function seconds_of(text)
  local digits, unit = text:match("^(%d+%.?%d*)([smh]?)$")
  local scale = ({[""] = 1, s = 1, m = 60, h = 3600})[unit]
  local value = digits and tonumber(digits)
  return value and value > 0 and value * scale or nil
end

-- A function that says whether so many seconds have passed since now.
local function deadline_of(opts)
  if not opts.timeout then return function() return false end end
  local seconds = seconds_of(opts.timeout)
  if not seconds then
    cli.fail(PROGRAM, ("option '--timeout': expected a time such as 90, 10m or 2h, got '%s'")
      :format(opts.timeout), USAGE_STATUS)
  end
  local ends = core.clock() + seconds
  return function() return core.clock() >= ends end
end

-- The store and the study, which is this sweep's; ends the process where it cannot be.
local function open_study(opts, sweep, where)
  if not study.is_url(where.text) then
    cli.try(PROGRAM, core.io.mkdir_p, where.text:match("^(.*)/[^/]*$") or ".")
  end
  local store = cli.try(PROGRAM, study.open, where.text)
  local found = cli.try(PROGRAM, study.create, store, sweep,
                        {file = opts.file, set = core.io.json_array(opts.set)})
  local differs = study.compare(found, sweep)
  if differs then
    cli.fail(PROGRAM, ("%s holds another sweep named '%s': %s; --study names another study"):format(
      where.shown, sweep.name, differs))
  end
  return store, found
end

-- A worker --------------------------------------------------------------------------------------

-- Runs trials in this process until there are none, it is to stop, or the study cannot be used.
local function work(opts, sweep, where)
  local parent = tonumber(os.getenv("NNLUA_SWEEP_PARENT") or "")
  if parent and not core.end_with_parent(parent) then return end
  local pause <close> = core.hold_interrupt()
  local is_over, failed = deadline_of(opts), false
  local store <close>, found = open_study(opts, sweep, where)
  local worker = Worker(sweep, store, found, {
    owner = owner.of(), lease = opts.lease, dir = where.dir .. "/trials",
    stop = function() return failed or pause:seen() or is_over() end,
    trial_ended = function(_, state) failed = failed or opts.fail_fast and state == "failed" end,
  })
  local ok, message = pcall(worker.run, worker)
  if not ok then
    if message == "interrupted" then error(message, 0) end
    fail_study(PROGRAM, where.shown, message)
  end
end

-- The parent ------------------------------------------------------------------------------------

-- The command line of a worker.
local function worker_words(opts, where)
  local first = 0
  while arg[first - 1] do first = first - 1 end
  local words = {arg[first], "sweep", opts.file, "--worker", "--study", where.text,
                 "--lease", ("%.17g"):format(opts.lease)}
  if opts.fail_fast then words[#words + 1] = "--fail-fast" end
  if opts.trials then words[#words + 1] = ("--trials=%d"):format(opts.trials) end
  if #opts.set > 0 then
    words[#words + 1] = "--set"
    table.move(opts.set, 1, #opts.set, #words + 1, words)
  end
  return words
end

-- Ends the process if the study has trials, nobody works on it, and --resume is not given.
local function check_resume(opts, store, found, where)
  local counts = store:counts(found.id)
  if opts.resume or counts.configurations == 0 or #store:live(found.id) > 0 then return end
  local done = counts.complete + counts.pruned + counts.failed
  cli.fail(PROGRAM, ("%s has %d trials of this sweep already: --resume goes on with it, --study "
    .. "names another"):format(where.shown, done))
end

-- Watches workers until all have ended. -> why they ended early, or nil: "interrupted", "timeout",
-- "failed" (a trial did), "broken" (a worker did).
local function watch(opts, pool, monitor, pause)
  local is_over, reason = deadline_of(opts), nil
  local function stop(why, message)
    reason = why
    monitor:print(("%s: %s"):format(PROGRAM, message))
    pool:stop()
  end
  while true do
    local running = pool:poll()
    local failed = monitor:update()
    if reason == nil and pool.problem then
      stop("broken", plain(pool.problem))
    elseif reason == nil and pause:seen() then
      stop("interrupted", "stopping; running trials are put back (Ctrl-C again: at once)")
    elseif reason == nil and is_over() then
      stop("timeout", "the time is over; running trials are put back")
    elseif reason == nil and opts.fail_fast and #failed > 0 then
      stop("failed", "a trial failed; the others are put back")
    end
    if running == 0 then return reason end
    core.sleep(POLL)
  end
end

local function run(opts, sweep, where)
  local pause <close> = core.hold_interrupt()
  local store <close>, found = open_study(opts, sweep, where)
  study.put_back(store, found)
  check_resume(opts, store, found, where)
  local monitor <close> = Monitor(store, found, {
    total = sweep.trials and sweep.trials * sweep.seeds, terminal = core.isatty("stdout")})
  local pool <close> = Pool(opts.jobs, worker_words(opts, where), {
    dir = where.dir, threads = math.max(core.get_num_threads() // opts.jobs, 1),
    died = function(name)
      local ok, result = pcall(study.expire, store, found, name)
      if ok then return result end
      return false, ("the study %s cannot be used: %s"):format(where.shown, reason_of(result))
    end,
  })
  local reason = watch(opts, pool, monitor, pause)
  monitor:close()
  print(table.concat(monitor:summary(), "\n"))
  local best = monitor.tally:best()
  if best then print("again: " .. settings.command(found.definition, best.params)) end
  if reason then
    print("the same command with --resume goes on")
  elseif sweep.finished then
    sweep.finished(results.read(store, found, where.dir))
  end
  if reason == "failed" or reason == "broken" or not best then os.exit(1, true) end
end

-- ------------------------------------------------------------------------------------------------

-- Says what would be tried: the first configurations, as they come while none has a result.
local function dry_run(sweep, where)
  local goal = sweep.sign < 0 and "maximize" or "minimize"
  print(("%s: %s %s by %s in %d trials%s; study: %s"):format(sweep.name, goal, sweep.metric,
    sweep.method, sweep.trials * sweep.seeds, sweep.seeds > 1 and
    (", %d of each configuration"):format(sweep.seeds) or "", where.shown))
  local shown, known, rows = math.min(sweep.trials, DRY_TRIALS), {}, {{"trial"}}
  for i, distribution in ipairs(sweep.distributions) do rows[1][i + 1] = distribution.name end
  for number = 1, shown do
    local internal, key = proposal.next(sweep, number, {}, function(key) return known[key] end)
    if not internal then break end
    known[key] = true
    local values, row = sweep:values(internal), {tostring(number)}
    for i, distribution in ipairs(sweep.distributions) do
      row[i + 1] = settings.short(values[distribution.name])
    end
    rows[#rows + 1] = row
  end
  print(table.concat(text_table.lines(rows, 0), "\n"))
  if sweep.trials > shown then
    print(sweep.method == "tpe" and "... and others, which depend on what these come to" or "...")
  end
end

local function main(words)
  local opts = cli.parse(PROGRAM, OVERVIEW, {
    {"file", nil, "a Lua file that returns nn.sweep{...}", kind = "string", metavar = "FILE",
     positional = true},
    {"jobs", 1, "workers to start", min = 1},
    {"trials", nil, "how many configurations (default: the sweep's)", kind = "integer", min = 1},
    {"study", nil, "a file of SQLite, or postgresql://... (default: runs/NAME.sweep/study.sqlite)",
     kind = "string", metavar = "FILE|URL"},
    {"resume", false, "go on with a study that has trials"},
    {"set", nil, "parameters that do not vary", kind = "string", many = true,
     metavar = "NAME=VALUE"},
    {"dry_run", false, "say what would be tried, run nothing"},
    {"timeout", nil, "stop after so long: SECONDS, 10m, 2h", kind = "string", metavar = "TIME"},
    {"fail_fast", false, "stop when a trial fails"},
    {"lease", 30.0, "seconds after which the trial of a silent worker goes to another", above = 0},
    {"worker", false, "run trials in this process, as one of many"},
  }, words)
  local sweep = load_sweep(opts)
  local where = study.locate(opts.study, sweep.name)
  if opts.dry_run then
    dry_run(sweep, where)
  elseif opts.worker then
    work(opts, sweep, where)
  else
    with_study(PROGRAM, where.shown, run, opts, sweep, where)
  end
end

-- nnlua sweep show ------------------------------------------------------------------------------

-- The study of that name in the store; the only one there is, if none is named.
local function pick_study(program, store, name)
  local names = store:studies()
  if not name and #names == 1 then name = names[1] end
  local found = name and store:study(name)
  if found then return found end
  if #names == 0 then cli.fail(program, "it holds no study") end
  cli.fail(program, ("%s; it holds %s: --name NAME"):format(
    name and ("no study '%s'"):format(name) or "one of several studies is needed",
    table.concat(names, ", ")), USAGE_STATUS)
end

local function show_command(words)
  local program = PROGRAM .. " show"
  local opts = cli.parse(program, "Shows what a study has come to, while it runs or later.", {
    {"study", nil, "a file, a folder, a sweep's name, or postgresql://...", kind = "string",
     metavar = "STUDY", positional = true},
    {"name", nil, "of the sweep, where a database holds several", kind = "string"},
    {"trial", nil, "everything about one trial", kind = "integer", min = 1},
    {"limit", nil, ("at most N configurations; 0: all (default: all, on a terminal %d)"):format(
      MOST_ON_TERMINAL), kind = "integer", min = 0},
    {"csv", nil, "write a row per trial", kind = "string", metavar = "FILE"},
    {"times", false, "with --csv: also when and where trials ran"},
    {"report", nil, "write an HTML page", kind = "string", metavar = "FILE.html"},
  }, words)
  local store <close> = cli.try(program, study.open, cli.try(program, study.find, opts.study))
  local found = pick_study(program, store, opts.name)
  local all = results.read(store, found)
  if opts.csv then
    cli.try(program, results.write_csv, opts.csv, store, all, opts.times)
    print(("%s: %d trials"):format(opts.csv, #all.trials))
  end
  if opts.report then
    cli.try(program, require("nnlua.sweep.report").write, opts.report, store, found)
    print(("%s: %d trials"):format(opts.report, #all.trials))
  end
  if opts.trial then
    local trial = all.trials[opts.trial]
    if not trial then
      cli.fail(program, ("there is no trial %d; there are %d"):format(opts.trial, #all.trials))
    end
    print(table.concat(show.trial(store, all, trial), "\n"))
  elseif not opts.csv and not opts.report then
    local limit = opts.limit or core.isatty("stdout") and MOST_ON_TERMINAL or 0
    print(table.concat(show.lines(store, all, limit > 0 and limit or math.huge), "\n"))
  end
end

local words = table.move(arg, 1, #arg, 1, {})
if words[1] == "show" then
  table.remove(words, 1)
  show_command(words)
else
  main(words)
end

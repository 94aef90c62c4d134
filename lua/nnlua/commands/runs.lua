-- nnlua runs - lists, shows, compares and removes the runs that experiments keep
--
-- A script of the library's: the executable runs it with the words behind `runs` in `arg`.

local cli = require "nnlua.cli"
local core = require "nnlua.core"
local fields = require "nnlua.runs.fields"
local folder = require "nnlua.run.folder"
local index = require "nnlua.runs.index"
local names = require "nnlua.runs.names"
local options = require "nnlua.options"
local query = require "nnlua.runs.query"
local text = require "nnlua.runs.text"

local PROGRAM <const> = "nnlua runs"
local USAGE_STATUS <const> = 2
local MOST_ON_TERMINAL <const> = 50 -- runs
local MOST_IN_FILE <const> = 3 -- parameters, and metrics, where there is no width to fill

local OVERVIEW <const> = [[
Lists the runs that experiments keep, the newest first. Also:

  nnlua runs show ID             everything about one run
  nnlua runs compare ID ID ...   where runs differ, and what they came to
  nnlua runs report [ID ...]     one HTML page about runs
  nnlua runs rm ID ...           removes runs
  nnlua runs rebuild             makes the index anew from the folders

An ID is NAME/DATE-TIME, its beginning or end if only one run has it, `latest`, NAME/latest, or the
path of a run's folder. A filter is FIELD=VALUE ...: 'lr<0.1 state=finished test_accuracy>=0.9'.]]

local ROOT_OPTION <const> = {"dir", nil, "folder of the runs (default: $NNLUA_RUNS, or runs)",
                             kind = "string", metavar = "DIR"}

local function fail(program, message)
  return cli.fail(program, message, USAGE_STATUS)
end

-- The index of the folder that the options name; ends the process if there is none.
local function open_index(program, opts)
  local root = opts.dir and opts.dir:gsub("(.)/+$", "%1") or folder.root()
  if not core.io.read_directory(root) then
    cli.fail(program, ("there is no folder '%s'; nn.run makes it"):format(root))
  end
  return cli.try(program, index.open, root)
end

-- {id=, dir=} of each word, once; ends the process if a word is none.
local function find_all(program, runs, words)
  local ids, found, seen = runs:ids(), {}, {}
  for _, word in ipairs(words) do
    local id, dir = names.find(word, ids, runs.root)
    if not id then fail(program, dir) end
    if not seen[id] then found[#found + 1] = {id = id, dir = dir} end
    seen[id] = true
  end
  return found
end

local function print_lines(lines)
  io.write(table.concat(lines, "\n"), "\n")
end

-- nnlua runs ------------------------------------------------------------------------------------

local function iso(seconds)
  return seconds and os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(seconds)) or nil
end

local function print_json(runs, list)
  local params, metrics = runs:params(list), runs:metrics(list)
  local records = core.io.json_array()
  local by_number = {} -- luacheck: ignore 241
  for i, run in ipairs(list) do
    local tags = core.io.json_array()
    for tag in run.tags:gmatch("%S+") do tags[#tags + 1] = tag end
    records[i] = {id = run.id, name = run.name, state = run.state, created = iso(run.created),
                  seconds = run.seconds, seed = run.seed, rows = run.rows, commit = run.commit,
                  message = run.message, tags = tags, params = {}, metrics = {}}
    by_number[run.number] = records[i]
  end
  local function json_number(value)
    if value == math.huge or value == -math.huge then return tostring(value) end
    return value
  end
  for i = 1, params.n do
    by_number[params.run[i]].params[params.name[i]] = json_number(params.value[i])
  end
  for i = 1, metrics.n do
    local one = {}
    for _, name in ipairs {"last", "last_step", "min", "min_step", "max", "max_step"} do
      one[name] = json_number(metrics[name][i])
    end
    by_number[metrics.run[i]].metrics[metrics.name[i]] = one
  end
  print(core.io.json_encode(records, {indent = 2}))
end

local function csv_cell(value)
  if value == nil then return "" end
  local cell = math.type(value) == "float" and ("%.15g"):format(value) or tostring(value)
  return cell:find('[",\r\n]') and '"' .. cell:gsub('"', '""') .. '"' or cell
end

local function print_csv(columns)
  local lines, row = {}, {}
  for j, column in ipairs(columns) do row[j] = csv_cell(column.title) end
  lines[1] = table.concat(row, ",")
  for i = 1, columns[1].n do
    for j, column in ipairs(columns) do
      local value = column.values[i]
      row[j] = csv_cell(column.title == "created" and iso(value) or value)
    end
    lines[i + 1] = table.concat(row, ",")
  end
  print_lines(lines)
end

-- The columns that --columns names.
local function named_columns(program, runs, list, wanted)
  local known, columns = query.names(runs.db), {}
  for i, field in ipairs(wanted) do
    local column, message = fields.column(runs, list, known, field)
    if not column then fail(program, "option '--columns': " .. message) end
    columns[i] = column
  end
  return columns
end

local function print_table(runs, list, columns)
  local width = fields.width()
  if not columns then
    columns = fields.basic(list, names.short(runs:ids()), core.now())
    for _, column in ipairs(columns) do text.measure(column) end
    local room = width and width - text.total(columns) or math.huge
    local telling = fields.telling(runs, list, room, width and math.huge or MOST_IN_FILE)
    table.move(telling, 1, #telling, #columns + 1, columns)
  else
    for _, column in ipairs(columns) do text.measure(column) end
  end
  print_lines(text.table(columns, text.coloured()))
end

local function list_command(words)
  local terminal = core.isatty("stdout")
  local opts = cli.parse(PROGRAM, OVERVIEW, {
    {"filter", "", "only runs of which all terms hold", metavar = "TERMS"},
    {"sort", nil, "by a field, the least first; with - before it, the greatest", kind = "string",
     metavar = "FIELD"},
    {"reverse", false, "in the opposite order"},
    {"limit", nil, ("at most N runs; 0: all (default: all, on a terminal %d)"):format(
      MOST_ON_TERMINAL), kind = "integer", min = 0},
    {"columns", nil, "these fields as columns", kind = "strings", metavar = "FIELD,..."},
    {"json", false, "print JSON: all that the index has"},
    {"csv", false, "print CSV: a row per run"},
    ROOT_OPTION,
  }, words)
  if opts.json and opts.csv then fail(PROGRAM, "--json and --csv exclude each other") end
  local runs <close> = open_index(PROGRAM, opts)
  local as_table = not opts.json and not opts.csv
  local limit = opts.limit or terminal and as_table and MOST_ON_TERMINAL or 0
  local list, message = runs:list {filter = opts.filter, sort = opts.sort, reverse = opts.reverse}
  if not list then fail(PROGRAM, message) end
  local all = #list
  if limit > 0 then list = table.move(list, 1, math.min(limit, all), 1, {}) end
  local columns = opts.columns and named_columns(PROGRAM, runs, list, opts.columns)
  if opts.json then return print_json(runs, list) end
  if opts.csv then
    return print_csv(columns or named_columns(PROGRAM, runs, list, fields.everything(runs, list)))
  end
  if #list == 0 then
    io.stderr:write(PROGRAM, ": no runs", all == 0 and opts.filter ~= "" and " match" or
                    (" in '%s'"):format(runs.root), "\n")
    return
  end
  print_table(runs, list, columns)
  if terminal and #list < all then
    io.stderr:write(("%d of %d runs; --limit 0 lists all\n"):format(#list, all))
  end
end

-- The others ------------------------------------------------------------------------------------

local IDS <const> = {"id", nil, "of a run", kind = "string", metavar = "ID", positional = true,
                     many = true}

local commands = {}

function commands.show(words)
  local program = PROGRAM .. " show"
  local opts = cli.parse(program, "Shows everything about a run.", {
    IDS, {"metric", nil, "whose curve is drawn (default: the most telling)", kind = "string",
          metavar = "NAME"}, ROOT_OPTION}, words)
  local curves = require "nnlua.runs.curves"
  local reader = require "nnlua.runs.reader"
  local show = require "nnlua.runs.show"
  local runs <close> = open_index(program, opts)
  for i, found in ipairs(find_all(program, runs, opts.id)) do
    local run = cli.try(program, reader.read, found.dir)
    if i > 1 then print() end
    print_lines(show.lines(run, found.id, {coloured = text.coloured(), now = core.now()}))
    local metric = opts.metric or curves.main {run}
    if opts.metric and not run.metrics[metric] then
      fail(program, ("the run has no metric '%s'%s"):format(metric,
                                                             options.suggest(metric, run.columns)))
    end
    if metric then
      print()
      io.stdout:flush()
      curves.draw("-", {run}, {metric}, metric)
    end
  end
end

function commands.compare(words)
  local program = PROGRAM .. " compare"
  local opts = cli.parse(program, "Shows where runs differ, and what they came to.", {
    IDS, {"metric", nil, "whose curves are drawn (default: the most telling)", kind = "string",
          metavar = "NAME"},
    {"output", nil, "or -o: draw the curves into this file, .png, .svg or .pdf", kind = "string",
     metavar = "FILE"}, ROOT_OPTION}, words)
  local compare = require "nnlua.runs.compare"
  local curves = require "nnlua.runs.curves"
  local reader = require "nnlua.runs.reader"
  local runs <close> = open_index(program, opts)
  local found = find_all(program, runs, opts.id)
  if #found < 2 then fail(program, "two runs or more are needed") end
  local short, list, labels = names.short(runs:ids()), {}, {}
  for i, one in ipairs(found) do
    list[i] = cli.try(program, reader.read, one.dir)
    labels[i] = short[one.id] or one.id
  end
  print_lines(compare.lines(list, labels, text.coloured()))
  local metric = opts.metric or curves.main(list)
  if not metric then
    if opts.output then cli.fail(program, "the runs have no metric in common to draw") end
    return
  end
  if opts.output then
    cli.try(program, curves.draw, opts.output, list, labels, metric)
  else
    print()
    io.stdout:flush()
    curves.draw("-", list, labels, metric)
  end
end

-- Asks on the terminal; without one the answer is no.
local function confirmed(program, found)
  if not (core.isatty("stdin") and core.isatty("stderr")) then
    cli.fail(program, "no terminal to ask on; --yes removes without asking")
  end
  for _, one in ipairs(found) do io.stderr:write("  ", one.dir, "\n") end
  io.stderr:write(#found == 1 and "Remove this run? [y/N] " or
                  ("Remove these %d runs? [y/N] "):format(#found))
  io.stderr:flush()
  local answer = io.read("l") or ""
  return answer:lower():find("^%s*y") ~= nil
end

function commands.rm(words)
  local program = PROGRAM .. " rm"
  local opts = cli.parse(program, "Removes runs and all that is in their folders.", {
    IDS, {"yes", false, "do not ask"}, ROOT_OPTION}, words)
  local remove = require "nnlua.runs.remove"
  local runs <close> = open_index(program, opts)
  local found = find_all(program, runs, opts.id)
  if not opts.yes and not confirmed(program, found) then
    print("Nothing is removed.")
    return
  end
  local failed
  for _, one in ipairs(found) do
    local ok, message = remove.run(one.dir, runs.root)
    if ok then
      print("removed " .. one.dir)
    else
      failed = true
      io.stderr:write(program, ": ", text.plain(message), "\n")
    end
  end
  runs:refresh()
  if failed then os.exit(1, true) end
end

function commands.rebuild(words)
  local program = PROGRAM .. " rebuild"
  local opts = cli.parse(program, "Makes the index anew from the folders of the runs.",
                         {ROOT_OPTION}, words)
  local runs <close> = open_index(program, opts)
  cli.try(program, function()
    runs:rebuild()
    return true
  end)
  print(("%s: %d runs"):format(runs.path, #runs:ids()))
end

function commands.report(words)
  local program = PROGRAM .. " report"
  local opts = cli.parse(program, "Writes one HTML page about runs, which needs nothing else.", {
    {"id", nil, "of a run, or a folder of runs (default: all runs)", kind = "string",
     metavar = "ID", positional = true, many = true, optional = true},
    {"output", "report.html", "or -o: the page", metavar = "FILE"},
    {"filter", "", "only runs of which all terms hold", metavar = "TERMS"},
    {"title", nil, "of the page", kind = "string"},
    ROOT_OPTION}, words)
  local reader = require "nnlua.runs.reader"
  local report = require "nnlua.runs.report"
  local chosen = opts.id or {}
  -- A folder that is no run's but holds runs is a root.
  if #chosen == 1 and not opts.dir then
    local entries = core.io.read_directory(chosen[1])
    if entries and not reader.is_run(entries) then opts.dir, chosen = chosen[1], {} end
  end
  local runs <close> = open_index(program, opts)
  local found
  if #chosen > 0 then
    if opts.filter ~= "" then fail(program, "either IDs or --filter") end
    found = find_all(program, runs, chosen)
  else
    local list, message = runs:list {filter = opts.filter}
    if not list then fail(program, message) end
    found = {}
    for i, run in ipairs(list) do found[i] = {id = run.id, dir = runs.root .. "/" .. run.id} end
  end
  if #found == 0 then cli.fail(program, "no runs to report") end
  local list = {}
  for i, one in ipairs(found) do list[i] = cli.try(program, reader.facts, one.dir) end
  cli.try(program, report.write, opts.output, list, {title = opts.title})
  print(("%s: %d %s"):format(opts.output, #list, #list == 1 and "run" or "runs"))
end

-- ------------------------------------------------------------------------------------------------

-- argparse takes a value that begins with a dash, as of --sort -loss, for an option; and knows no
-- -o beside --output.
local function tidy(words)
  local list = {}
  for _, word in ipairs(words) do
    if list[#list] == "--sort" and word:find("^%-[^-]") then
      list[#list] = "--sort=" .. word
    else
      list[#list + 1] = word == "-o" and "--output" or word
    end
  end
  return list
end

local words = tidy(arg)
local first = words[1]
if not first or first:sub(1, 1) == "-" then
  list_command(words)
else
  table.remove(words, 1)
  if first == "list" then
    list_command(words)
  elseif commands[first] then
    commands[first](words)
  else
    local known = options.sorted_keys(commands)
    fail(PROGRAM, ("no command '%s'%s; see --help"):format(text.plain(first),
                                                           options.suggest(first, known)))
  end
end

-- Everything about one run, as lines for the terminal.

local core = require "nnlua.core"
local goal = require "nnlua.runs.goal"
local metrics_file = require "nnlua.runs.metrics_file"
local params = require "nnlua.runs.params"
local text = require "nnlua.runs.text"
local Totals = require "nnlua.runs.totals"

local show = {}

-- "1.5 GiB"
local function bytes_text(n)
  local units, i = {"bytes", "KiB", "MiB", "GiB", "TiB"}, 1
  while n >= 1024 and i < #units do n, i = n / 1024, i + 1 end
  return (i == 1 and "%d %s" or "%.1f %s"):format(n, units[i])
end

-- Appends "  title  value" lines under a heading; pairs without a value are left out.
local function section(lines, heading, pairs_of, coloured)
  local widest, kept = 0, {}
  for _, pair in ipairs(pairs_of) do
    if pair[2] ~= nil and pair[2] ~= "" then
      kept[#kept + 1] = pair
      widest = math.max(widest, text.width(text.plain(pair[1])))
    end
  end
  if #kept == 0 then return end
  if heading then
    lines[#lines + 1] = ""
    lines[#lines + 1] = text.colour(heading, "bold", coloured)
  end
  for _, pair in ipairs(kept) do
    local title = text.plain(pair[1])
    local value = text.colour(text.plain(pair[2]), pair[3], coloured)
    lines[#lines + 1] = ("  %s%s  %s"):format(title, (" "):rep(widest - text.width(title)), value)
  end
end

local function git_text(git)
  if type(git) ~= "table" or not git.commit then return nil end
  return ("%s%s%s"):format(tostring(git.commit):sub(1, 12),
                           git.branch and " on " .. tostring(git.branch) or "",
                           git.dirty and ", with uncommitted changes" or "")
end

-- The words as one would type them.
local function command_text(words)
  if type(words) ~= "table" then return nil end
  local quoted = {}
  for i, word in ipairs(words) do
    word = tostring(word)
    quoted[i] = word:find("^[%w_./=,:+@%-]+$") and word or "'" .. word:gsub("'", "'\\''") .. "'"
  end
  return table.concat(quoted, " ")
end

local function processors(host)
  local parts = {host.cpu}
  if host.processors then parts[#parts + 1] = ("%s processors"):format(host.processors) end
  if tonumber(host.memory) then parts[#parts + 1] = bytes_text(tonumber(host.memory)) end
  return table.concat(parts, ", ")
end

--- show.totals(dir) -> list of totals (totals.lua) of the run's metrics
function show.totals(dir)
  local file <close> = metrics_file.open(dir)
  if not file then return {}, 0 end
  local totals = Totals(file.columns)
  for cells in file:rows() do totals:add(cells) end
  return totals.list, totals.rows
end

-- metric, final and best value and where: a table's lines.
local function metrics_table(totals, coloured)
  local columns = {{title = "metric", right = false}, {title = "final"}, {title = "best"},
                   {title = "at"}}
  for _, column in ipairs(columns) do column.values, column.n = {}, 0 end
  for _, total in ipairs(totals) do
    if total.count > 0 and not Totals.is_counter(total.name) then
      local n = columns[1].n + 1
      local ending = goal.is_max(total.name) and "max" or "min"
      for j, value in ipairs {text.plain(total.name), total.last, total[ending] or false,
                              total[ending .. "_step"] or false} do
        columns[j].values[n] = value or nil
        columns[j].n = n
      end
    end
  end
  if columns[1].n == 0 then return {} end
  for _, column in ipairs(columns) do text.measure(column) end
  return text.table(columns, coloured)
end

local function files_text(run)
  local list = {}
  for _, name in ipairs(run.files) do
    local inside = core.io.read_directory(run:path(name))
    list[#list + 1] = text.plain(inside and ("%s/ (%d)"):format(name, #inside) or name)
  end
  return table.concat(list, "  ")
end

--- show.lines(run, id, {coloured, now}) -> list of lines. run: what reader.facts gives.
function show.lines(run, id, o)
  local lines, info = {}, run.info
  local host = type(info.host) == "table" and info.host or {}
  local versions = type(info.versions) == "table" and info.versions or {}
  local totals, rows = show.totals(run.dir)
  local seconds = run.seconds
  if run.state == "running" and run.started then seconds = o.now - run.started end
  lines[1] = text.colour(text.plain(id), "bold", o.coloured)
  section(lines, nil, {
    {"state", run.state, text.state_colour(run.state)},
    {"created", run.created and ("%s (%s ago)"):format(text.date(run.created),
                                                       text.age(run.created, o.now))},
    {"took", seconds and text.duration(seconds)},
    {"rows", tostring(rows)},
    {"tags", table.concat(run.tags, ", ")},
    {"notes", type(info.notes) == "string" and info.notes or nil},
    {"folder", run.dir},
  }, o.coloured)
  if run.message then
    lines[#lines + 1] = ""
    for line in run.message:gmatch("[^\n]+") do
      line = text.plain((line:gsub("\t", "  ")))
      lines[#lines + 1] = "  " .. text.colour(line, "red", o.coloured)
    end
  end
  local table_lines = metrics_table(totals, o.coloured)
  if #table_lines > 0 then lines[#lines + 1] = "" end
  for _, line in ipairs(table_lines) do lines[#lines + 1] = "  " .. line end
  local config = params.flatten(run.config)
  for _, pair in ipairs(config) do
    if math.type(pair[2]) == "float" then pair[2] = ("%.14g"):format(pair[2]) end
  end
  section(lines, "Configuration", config, o.coloured)
  section(lines, "Where it ran", {
    {"command", command_text(info.command)},
    {"script", info.script}, {"folder", info.cwd},
    {"git", git_text(info.git)},
    {"seed", info.seed and tostring(info.seed)},
    {"host", host.name and ("%s (%s)"):format(host.name, host.system or "?")},
    {"processor", processors(host)},
    {"nnlua", versions.nnlua and ("%s, %s"):format(versions.nnlua, versions.lua or "Lua")},
    {"kernels", versions.isa and ("%s, %s, %s threads"):format(
      versions.isa, versions.blas or "no BLAS", versions.threads or "?")},
  }, o.coloured)
  lines[#lines + 1] = ""
  lines[#lines + 1] = text.colour("Files", "bold", o.coloured)
  lines[#lines + 1] = "  " .. files_text(run)
  for _, problem in ipairs(run.problems) do
    lines[#lines + 1] = text.colour(text.plain(problem), "red", o.coloured)
  end
  return lines
end

return show

-- What the page says of one run, but for its pictures: a table for JSON.
--
-- Invariant: nothing in the run's files is trusted: what does not have the form it should have is
-- left out, and long texts are cut with a note.

local core = require "nnlua.core"
local curves = require "nnlua.runs.report.curves"
local options = require "nnlua.options"

local MOST_TEXT = 20000 -- bytes of a text
local MOST_TEXTS = 12 -- steps of a tag
local MOST_EXAMPLES = 100
local MOST_STEPS = 16 -- of a histogram
local LOG_TAIL = 4000 -- bytes of the log of a run that did not finish

local function list(t)
  return core.io.json_array(t or {})
end

local function cut(text)
  text = type(text) == "string" and text or tostring(text)
  if #text <= MOST_TEXT then return text end
  return ("%s\n… %d more bytes"):format(text:sub(1, MOST_TEXT), #text - MOST_TEXT)
end

-- The config as pairs {"optimizer.lr", 0.1} in the order of their keys; lists become texts.
local function flatten(value, path, pairs_, depth)
  if type(value) ~= "table" then
    pairs_[#pairs_ + 1] = list {path, value}
  elseif #value > 0 or next(value) == nil or depth > 20 then
    local ok, text = pcall(core.io.json_encode, value)
    pairs_[#pairs_ + 1] = list {path, ok and cut(text) or tostring(value)}
  else
    for _, key in ipairs(options.sorted_keys(value)) do
      flatten(value[key], path == "" and key or path .. "." .. key, pairs_, depth + 1)
    end
  end
  return pairs_
end

local function config_of(run)
  local config = run.config
  if type(config) ~= "table" or next(config) == nil then return list() end
  return list(flatten(config, "", {}, 0))
end

local function is_numbers(values, length)
  if type(values) ~= "table" or length and #values ~= length then return false end
  for i = 1, #values do
    if type(values[i]) ~= "number" then return false end
  end
  return true
end

local function confusion_of(run)
  local given = run.confusion
  local matrix = given and given.matrix
  if type(matrix) ~= "table" or #matrix == 0 then return nil end
  local classes, names = list(), type(given.classes) == "table" and given.classes or {}
  for i = 1, #matrix do
    if not is_numbers(matrix[i], #matrix) then return nil end
    classes[i] = tostring(names[i] ~= nil and names[i] or i)
  end
  return {step = given.step, classes = classes, matrix = matrix}
end

local function examples_of(run)
  local examples, given = list(), type(run.examples) == "table" and run.examples or {}
  for i = 1, math.min(#given, MOST_EXAMPLES) do
    local one = given[i]
    if type(one) ~= "table" then break end
    examples[i] = {label = one.label, predicted = one.predicted, probability = one.probability,
                   loss = one.loss}
  end
  return examples
end

-- Lists of the entries of each tag, in the order of the tags' first appearance.
local function by_tag(lines)
  local tags, groups = {}, {}
  for _, line in ipairs(lines) do
    if type(line) == "table" and type(line.tag) == "string" then
      if not groups[line.tag] then
        tags[#tags + 1], groups[line.tag] = line.tag, {}
      end
      table.insert(groups[line.tag], line)
    end
  end
  return tags, groups
end

local function histograms_of(run)
  local usable = {}
  for _, line in ipairs(run:histograms()) do
    if type(line) == "table" and is_numbers(line.counts) and #line.counts > 0
       and is_numbers(line.edges, #line.counts + 1) then
      usable[#usable + 1] = line
    end
  end
  local result, tags, groups = list(), by_tag(usable)
  for _, tag in ipairs(tags) do
    local all, steps = groups[tag], list()
    local count = math.min(#all, MOST_STEPS)
    for i = 1, count do
      local line = all[count == 1 and #all or 1 + (i - 1) * (#all - 1) // (count - 1)]
      local edges = list()
      for j, edge in ipairs(line.edges) do
        edges[j] = tonumber(("%.6g"):format(edge)) or edge
      end
      steps[i] = {step = line.step, edges = edges, counts = line.counts}
    end
    result[#result + 1] = {tag = tag, steps = steps, all = #all}
  end
  return result
end

local function texts_of(run)
  local result, tags, groups = list(), by_tag(run:texts())
  for _, tag in ipairs(tags) do
    local all, steps = groups[tag], list()
    for i = math.max(1, #all - MOST_TEXTS + 1), #all do
      steps[#steps + 1] = {step = all[i].step, text = cut(all[i].text or all[i].value or "")}
    end
    result[#result + 1] = {tag = tag, steps = steps, all = #all}
  end
  return result
end

-- The end of the log of a run that did not finish, whole lines.
local function log_tail(run)
  if run.state == "finished" or run.state == "running" then return nil end
  local file <close> = io.open(run.dir .. "/output.log", "rb")
  local size = file and file:seek("end")
  if not size or size == 0 then return nil end
  file:seek("set", math.max(0, size - LOG_TAIL))
  local text = file:read("a")
  return size > LOG_TAIL and text:gsub("^[^\n]*\n", "…\n", 1) or text
end

-- {column = curve}, {column = summary} of the metrics.
local function metrics_of(run, bins)
  local packed, summaries = {}, {}
  for _, name in ipairs(run.columns) do
    local values = run.metrics[name]
    if type(values[1]) == "number" then
      local sparse
      summaries[name], sparse = curves.summary(values)
      packed[name] = curves.pack(values, bins, sparse)
    elseif #values > 0 then
      summaries[name] = {first = values[1], last = values[#values]}
    end
  end
  return packed, summaries
end

local function date(seconds)
  return seconds and os.date("%Y-%m-%dT%H:%M:%S", math.floor(seconds))
end

--- record(run, bins) -> table. run: as reader.read gives it, with its metrics. bins: stretches of a
--- long curve (nnlua.runs.report.curves).
local function record(run, bins)
  local info = run.info or {}
  local packed, summaries = metrics_of(run, bins)
  return {
    id = run.id, name = run.name, dir = run.dir, state = run.state, message = run.message,
    created = run.created or run.started,
    created_text = type(info.created) == "string" and info.created or date(run.created),
    seconds = run.seconds, rows = run.rows, seed = run.seed, tags = list(run.tags),
    host = info.host, versions = info.versions, git = info.git, command = info.command,
    script = info.script, cwd = info.cwd, problems = list(run.problems),
    config = config_of(run), columns = list(run.columns), curves = packed, summary = summaries,
    confusion = confusion_of(run), examples = examples_of(run), histograms = histograms_of(run),
    texts = texts_of(run), log = log_tail(run),
  }
end

return record

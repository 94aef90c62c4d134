-- Where a sweep's study is, and whether it is the sweep's.
--
-- A study lies in a file of SQLite, runs/NAME.sweep/study.sqlite unless another is named, or in
-- PostgreSQL. Beside it, or in runs/NAME.sweep, are the folder `trials`, with one for each trial
-- that asks for it, and what the workers print.

local core = require "nnlua.core"
local folder = require "nnlua.run.folder"
local options = require "nnlua.options"
local owner = require "nnlua.sweep.owner"
local settings = require "nnlua.sweep.settings"
local storage = require "nnlua.sweep.storage"

local study = {}

--- study.folder(name) -> the folder of the sweep of that name.
function study.folder(name)
  return ("%s/%s.sweep"):format(folder.root(), (name:gsub("[^%w._-]", "_")))
end

--- study.is_url(text) -> whether it names a database rather than a file.
function study.is_url(text)
  return text:find("^%a[%w+.-]*://") ~= nil
end

-- The folder that a path lies in.
local function parent(path)
  local dir = path:match("^(.*)/[^/]*$")
  return dir == nil and "." or dir == "" and "/" or dir
end

--- study.locate(text or nil, name) -> {text, shown, dir}: the study as --study has it, the same
--- without a password, and the folder of the files beside it.
function study.locate(text, name)
  local dir = study.folder(name)
  if text == nil then text = dir .. "/study.sqlite" end
  return {text = text, shown = storage.describe(text),
          dir = study.is_url(text) and dir or parent(text)}
end

--- study.find(text) -> what `show STUDY` names: a URL, a file, a sweep's folder, a sweep's name;
--- or nil and a message.
function study.find(text)
  if study.is_url(text) then return text end
  local candidates = {text .. "/study.sqlite", study.folder(text) .. "/study.sqlite"}
  if not core.io.read_directory(text) then table.insert(candidates, 1, text) end
  for _, path in ipairs(candidates) do
    local file <close> = io.open(path, "rb")
    if file then return path end
  end
  return nil, ("there is no study '%s'"):format(text)
end

--- study.open(text) -> store, or nil and a message.
function study.open(text)
  return storage.open(text)
end

-- All values of nested tables by their paths: "parameters.lambda.max" -> "100".
local function flatten(value, path, into)
  if type(value) == "table" and #value == 0 then
    for _, name in ipairs(options.sorted_keys(value)) do
      flatten(value[name], path == "" and name or path .. "." .. name, into)
    end
  else
    into[path] = settings.text(value)
  end
  return into
end

-- What two definitions differ in, as texts.
local function differences(recorded, given)
  local old, new, names, list = flatten(recorded, "", {}), flatten(given, "", {}), {}, {}
  for name in pairs(old) do names[name] = true end
  for name in pairs(new) do names[name] = true end
  for _, name in ipairs(options.sorted_keys(names)) do
    if old[name] ~= new[name] then
      list[#list + 1] = ("%s is %s there and %s here"):format(name, old[name] or "missing",
                                                            new[name] or "missing")
    end
  end
  return list
end

-- As it comes back from the database.
local function recorded_form(definition)
  local form = core.io.json_decode(core.io.json_encode(definition))
  form.about = nil
  return form
end

--- study.compare(found, sweep) -> nil if the study is this sweep's, else what differs.
function study.compare(found, sweep)
  local differs = differences(recorded_form(found.definition), recorded_form(sweep:describe()))
  return #differs > 0 and table.concat(differs, "; ") or nil
end

--- study.create(store, sweep, about) -> the study, made or found. about: {file =, set =}: how the
--- sweep was started, for those who read the study.
function study.create(store, sweep, about)
  local definition = sweep:describe()
  definition.about = about
  return store:create_study(sweep.name, definition)
end

--- study.put_back(store, found): trials whose workers are dead wait again, as if they had not
--- begun. Only workers of this machine are seen; the leases of others run out.
function study.put_back(store, found)
  for _, row in ipairs(store:trials(found.id, "running")) do
    if owner.is_dead(row.owner) then store:release(row) end
  end
end

--- study.expire(store, found, name): the trial of a worker that died goes to another, if it has
--- attempts left. -> whether it had one.
function study.expire(store, found, name)
  local any = false
  for _, row in ipairs(store:trials(found.id, "running")) do
    if row.owner == name then any = store:renew(row, -1) or any end
  end
  return any
end

return study

-- nn.checkpoint: the whole state of a training run in a file, and back.
--
--   nn.checkpoint.save(dir, {model = model, optimizer = optimizer}, {step = step})
--   local found = nn.checkpoint.load(dir, {model = model, optimizer = optimizer})
--   local step = found and found.step or 0
--
-- DIR/checkpoint-000017.safetensors is the 17th checkpoint saved there: a file of nn.save with the
-- states of the objects, by their names, and of the default generator; step, epoch and score stand
-- in its metadata, too, as JSON under nnlua.checkpoint, and are read without the rest.
--
-- Invariants: a checkpoint is there whole or not at all, whenever the process dies; one whose
-- content was changed since is not used; load restores every object or none.

local class = require "nnlua.class"
local core = require "nnlua.core"
local generators = require "nnlua.generators"
local Module = require "nnlua.module"
local options = require "nnlua.options"
local files = require "nnlua.save"

local checkpoint = {}

local INFO = "checkpoint"
local PATTERN = "^checkpoint%-(%d+)%.safetensors$"
local TEMPORARY = "^%.nnlua%-(%d+)%-%d+%.tmp$" -- of src/io/file.c, with the process that writes it
local MODES = {min = true, max = true}

-- Objects and their states ------------------------------------------------------------------------

local function has_state(object)
  return type(object) == "table" and type(object.state_dict) == "function"
         and type(object.load_state_dict) == "function"
end

local take

-- The states of a list or table of objects.
local function take_group(group, place)
  local states = {}
  for key, object in next, group do
    states[key] = take(object, ("%s.%s"):format(place, tostring(key)))
  end
  return states
end

-- The state of an object, which may share its memory.
function take(object, place)
  if generators.is(object) then
    return object:get_state()
  elseif Module.is_module(object) then
    local streams = {}
    for i, generator in ipairs(generators.of(object)) do streams[i] = generator:get_state() end
    return {state = object:state_dict(), generators = streams}
  elseif has_state(object) then
    return object:state_dict()
  elseif type(object) == "table" and not getmetatable(object) then
    return take_group(object, place)
  end
  return options.raise("checkpoint: '%s' is a %s, which has no state_dict and load_state_dict",
                       place, options.type_name(object))
end

-- Gives an object back what take took from it. Raises if it does not fit.
local function give(object, state, place)
  if state == nil then
    error(("'%s' is not in it"):format(place), 0)
  elseif generators.is(object) then
    object:set_state(state)
  elseif Module.is_module(object) then
    local streams = generators.of(object)
    if type(state) ~= "table" or type(state.generators) ~= "table"
       or #state.generators ~= #streams then
      error(("'%s' is of another kind, or has other generators"):format(place), 0)
    end
    object:load_state_dict(state.state)
    for i, generator in ipairs(streams) do generator:set_state(state.generators[i]) end
  elseif has_state(object) then
    object:load_state_dict(state)
  else
    for key, entry in next, object do
      give(entry, state[key], ("%s.%s"):format(place, tostring(key)))
    end
  end
end

-- A copy that shares no memory with the value.
local function copy(value)
  if core.is_tensor(value) then return core.clone(value) end
  if type(value) ~= "table" then return value end
  local new = {}
  for key, entry in next, value do new[key] = copy(entry) end
  return setmetatable(new, getmetatable(value))
end

-- Makes `extra`, a plain table, equal to what was saved of it.
local function refill(extra, saved)
  for key in next, extra do extra[key] = nil end
  for key, value in next, saved do extra[key] = value end
end

local function names_of(objects, function_name)
  if type(objects) ~= "table" or #objects > 0 then
    core.arg_error(2, function_name, "a table of objects by name expected, got "
      .. (type(objects) == "table" and "a list" or options.type_name(objects)))
  elseif objects.extra ~= nil and type(objects.extra) ~= "table" then
    core.arg_error(2, function_name, "'extra' is a " .. options.type_name(objects.extra)
      .. ", expected a table")
  end
  local names = {}
  for _, name in ipairs(options.sorted_keys(objects)) do
    if name ~= "extra" then names[#names + 1] = name end
  end
  return names
end

local function take_all(objects, names)
  local states = {}
  for _, name in ipairs(names) do states[name] = take(objects[name], name) end
  return {objects = states, extra = objects.extra,
          default_generator = core.default_generator():get_state()}
end

-- Restores all objects, or raises and leaves all as they were.
local function give_all(objects, names, value)
  local before = copy(take_all(objects, names))
  local function restore(states, upto)
    for i = 1, upto do give(objects[names[i]], states[names[i]], names[i]) end
  end
  local whole <close> = core.uninterrupted() -- luacheck: ignore whole
  for i, name in ipairs(names) do
    local ok, message = pcall(give, objects[name], value.objects[name], name)
    if not ok then
      restore(before.objects, i)
      core.default_generator():set_state(before.default_generator)
      error(message, 0)
    end
  end
  if objects.extra then refill(objects.extra, value.extra or {}) end
  core.default_generator():set_state(value.default_generator)
end

-- The folder --------------------------------------------------------------------------------------

-- The names of a folder's files that fit a pattern, sorted; nil and a message if it cannot be read.
local function names_in(dir, pattern)
  local entries, message = core.io.read_directory(dir)
  if not entries then return nil, message end
  local names = {}
  for _, name in ipairs(entries) do
    if name:find(pattern) then names[#names + 1] = name end
  end
  -- Zero-padded numbers; a longer one is a larger one.
  table.sort(names, function(a, b) return #a < #b or #a == #b and a < b end)
  return names
end

-- The error that f(...) raises about the file, or nil and its results. Other errors go through.
local function damage(name, f, ...)
  local results = table.pack(pcall(f, ...))
  local message = results[2]
  if results[1] then
    if message == nil then return tostring(results[3]) end
    return nil, table.unpack(results, 2, results.n)
  elseif type(message) == "string" and message:find(name, 1, true) then
    return (message:gsub("^[^\n:]+:%d+: ", ""))
  end
  return error(message, 0)
end

-- What the metadata of a checkpoint say.
local function read_info(path, name)
  local metadata, message = core.io.safetensors_metadata(path)
  if not metadata then return nil, message end
  local ok, info = pcall(core.io.json_decode, metadata[INFO])
  if not ok or type(info) ~= "table" then error(name .. " holds no checkpoint", 0) end
  return info
end

--- nn.checkpoint.list(dir) -> list of {path, step, epoch, score, mode, damaged}, the oldest first;
--- or nil and a message if there is no such folder. damaged: what is wrong with its header, if it
--- cannot be read; the rest of a file is checked when it is loaded.
function checkpoint.list(dir)
  local names, message = names_in(dir, PATTERN)
  if not names then return nil, message end
  local list = {}
  for i, name in ipairs(names) do
    local entry = {path = dir .. "/" .. name, name = name}
    local problem, info = damage(name, read_info, entry.path, name)
    entry.damaged = problem
    for _, field in ipairs {"step", "epoch", "score", "mode"} do
      entry[field] = info and info[field]
    end
    list[i] = entry
  end
  return list
end

-- The entry with the best score, the first of equal ones, or nil.
local function best_of(list, mode)
  local best
  for _, entry in ipairs(list) do
    local score = entry.score
    if type(score) == "number" and (not best or mode == "max" and score > best.score
                                    or mode ~= "max" and score < best.score) then
      best = entry
    end
  end
  return best
end

-- Removes all but the newest `keep` and the best, and what processes that died never finished.
local function prune(dir, keep, mode)
  local list = checkpoint.list(dir)
  local best = best_of(list, mode)
  for i = 1, #list - keep do
    if list[i] ~= best then os.remove(list[i].path) end
  end
  for _, name in ipairs(names_in(dir, TEMPORARY) or {}) do
    local writer <close> = io.open(("/proc/%s/stat"):format(name:match(TEMPORARY)))
    if not writer then os.remove(dir .. "/" .. name) end
  end
end

-- The score that is given as a number, or as the name of one in extra. NaN is none.
local function score_of(best, extra)
  local score = best
  if type(best) == "string" then score = extra and extra[best] end
  if best ~= nil and type(score) ~= "number" then
    options.raise("bad option 'best' to 'save' (a number, or the name of one in extra expected, "
                  .. "got %s)", tostring(best))
  end
  return score == score and score or nil
end

local function check_options(name, o)
  if math.type(o.keep) ~= "integer" or o.keep < 1 then
    options.raise("bad option 'keep' to '%s' (a positive integer expected, got %s)", name,
                  tostring(o.keep))
  elseif not MODES[o.mode] then
    options.raise("bad option 'mode' to '%s' (min|max expected, got %s)", name, tostring(o.mode))
  end
  for _, field in ipairs {"step", "epoch", "every"} do
    if o[field] ~= nil and math.type(o[field]) ~= "integer" then
      options.raise("bad option '%s' to '%s' (integer expected, got %s)", field, name,
                    tostring(o[field]))
    end
  end
end

--- nn.checkpoint.save(dir, objects [, {step, epoch, keep = 3, best, mode = "min"}])
--- -> path of the new checkpoint, or nil and a message if the system refuses.
---
--- objects: by name, what has state_dict() and load_state_dict(): model, optimizer, schedule,
--- loader, metrics, ...; generators; tables of such; `extra`: a plain table (see nn.save). Modules
--- are saved with the generators in their fields, and the default generator is saved always.
--- keep: how many of the newest remain; with `best`, a number or the name of one in extra, so does
--- the one where it is smallest (mode "min") or largest ("max").
function checkpoint.save(dir, objects, given)
  local o = options.check("save", given, {step = options.optional, epoch = options.optional,
                                          keep = 3, best = options.optional, mode = "min"})
  check_options("save", o)
  local value = take_all(objects, names_of(objects, "save"))
  local score = score_of(o.best, objects.extra)
  value.info = {step = o.step, epoch = o.epoch, score = score, mode = score and o.mode or nil}
  local made, message = core.io.mkdir_p(dir)
  if not made then return nil, message end
  local names = names_in(dir, PATTERN)
  local newest = names[#names] and math.tointeger(tonumber(names[#names]:match(PATTERN))) or 0
  local path = ("%s/checkpoint-%06d.safetensors"):format(dir, newest + 1)
  local info = {step = o.step, epoch = o.epoch, mode = value.info.mode,
                score = score and math.abs(score) < math.huge and score or nil}
  local saved, problem = files.save(path, value, {metadata = {[INFO] = core.io.json_encode(info)}})
  if not saved then return nil, problem end
  prune(dir, o.keep, o.mode)
  return path
end

-- The newest entry of the list that is intact, and its content. Says which ones are not.
local function newest_intact(dir, list)
  for i = #list, 1, -1 do
    local entry = list[i]
    local problem, value = damage(entry.name, files.load, entry.path)
    if not problem and not (type(value) == "table" and type(value.objects) == "table"
                            and type(value.info) == "table"
                            and core.is_tensor(value.default_generator)) then
      problem = "it holds no checkpoint"
    end
    if not problem then return entry, value end
    if i == 1 then options.raise("checkpoint: none in %s is intact: %s", dir, problem) end
    io.stderr:write(("nnlua: the checkpoint %s is damaged, going back to %s (%s)\n"):format(
      entry.path, list[i - 1].name, problem))
  end
end

--- nn.checkpoint.load(dir [, objects [, {which = "last"}]]) -> {path, step, epoch, score, extra,
--- states}, or nil and a message if there is none.
---
--- Restores the objects from the newest checkpoint (which = "last") or from that with the best
--- score ("best"). A damaged one is passed over, with a warning on standard error. Objects that are
--- not given are left out; their states stand in `states`. Raises, and changes nothing, if an
--- object does not fit, is not in the checkpoint, or if no checkpoint is intact.
function checkpoint.load(dir, objects, given)
  local o = options.check("load", given, {which = "last"})
  objects = objects or {}
  local names = names_of(objects, "load")
  local list, message = checkpoint.list(dir)
  if not list then return nil, message end
  if #list == 0 then return nil, ("no checkpoint in %s"):format(dir) end
  if o.which == "best" then
    local newest = list[#list]
    list = {best_of(list, newest.mode)}
    if #list == 0 then return nil, ("no checkpoint in %s has a score"):format(dir) end
  elseif o.which ~= "last" then
    options.raise("bad option 'which' to 'load' (last|best expected, got %s)", tostring(o.which))
  end
  local entry, value = newest_intact(dir, list)
  local ok, problem = pcall(give_all, objects, names, value)
  if not ok then
    if problem == "interrupted" then error(problem, 0) end
    options.raise("checkpoint %s does not fit: %s", entry.path,
                  (tostring(problem):gsub("^[^\n:]+:%d+: ", "")))
  end
  local info = value.info
  return {path = entry.path, step = info.step, epoch = info.epoch, score = info.score,
          extra = objects.extra or value.extra, states = value.objects}
end

-- A loop's checkpoints ----------------------------------------------------------------------------

local Saver = class("Saver")

--- nn.checkpoint.saver(dir, objects [, {every, keep = 3, best, mode = "min", resume = false}])
--- -> saver, which saves the objects as save does while a loop runs.
---
---   local saver <close> = nn.checkpoint.saver(dir, objects, {every = 100, resume = true})
---   for step = saver.step + 1, steps do
---     ...
---     saver:update(step)
---   end
---
--- every: save after each so many steps; nil: never. resume: restore the newest checkpoint first,
--- if there is one; saver.step is its step (else 0) and saver.restored what load returned. Without
--- resume it raises if the folder already holds checkpoints. From the making of a saver that saves
--- until it is closed, Ctrl-C waits for the end of the step; update saves then before it takes
--- effect. A second one does not wait.
function Saver:init(dir, objects, given)
  local o = options.check("saver", given, {
    every = options.optional, keep = 3, best = options.optional, mode = "min", resume = false,
  })
  check_options("saver", o)
  if o.every and o.every < 1 then
    options.raise("bad option 'every' to 'saver' (a positive integer expected, got %d)", o.every)
  end
  self.dir, self.objects, self.options, self.step = dir, objects, o, 0
  if o.resume then
    self.restored = checkpoint.load(dir, objects)
    self.step = self.restored and self.restored.step or 0
  elseif o.every and #(checkpoint.list(dir) or {}) > 0 then
    options.raise("saver: %s holds checkpoints already: resume, or choose another folder", dir)
  end
  self.pause = o.every and core.hold_interrupt()
end

--- saver:save(step [, {epoch, best}]) saves now; raises if that fails.
function Saver:save(step, given)
  local o = options.check("save", given, {epoch = options.optional, best = options.optional})
  local best = o.best
  if best == nil then best = self.options.best end
  local path, message = checkpoint.save(self.dir, self.objects, {
    step = step, epoch = o.epoch, keep = self.options.keep, best = best, mode = self.options.mode,
  })
  if not path then options.raise("saver: %s", message) end
  self.step = step
end

--- saver:interrupted() -> whether Ctrl-C was pressed.
function Saver:interrupted()
  return self.pause and self.pause:seen() or false
end

--- saver:update(step [, {epoch, best}]) at the end of every step: saves if it is time to, or if
--- Ctrl-C was pressed, which then takes effect. The options replace those of the saver.
function Saver:update(step, given)
  local interrupted = self:interrupted()
  if self.options.every and (interrupted or step % self.options.every == 0)
     and step ~= self.step then
    self:save(step, given)
  end
  if interrupted then self:close() end
end

--- saver:close() ends it; Ctrl-C works as before. Also at the end of `local saver <close>`.
function Saver:close()
  if self.pause then self.pause:close() end
end

Saver.__close = Saver.close

checkpoint.saver = Saver

return checkpoint

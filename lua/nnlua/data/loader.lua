-- data.loader: a data set as a sequence of batches, epoch by epoch, whose place can be saved.
--
--   local loader = data.loader {dataset = ds, batch_size = 128, shuffle = true}
--   for epoch = 1, 10 do
--     for x, y in loader() do ... end
--   end
--
-- What is drawn from the generator, and when: at the call loader(), if shuffling, the epoch's order
-- (randperm of the number of rows: NumPy's permutation); then, as each batch is asked for, whatever
-- its transform draws. Nothing else, and nothing ahead of time. So whoever shares the generator
-- (dropout, with the default one) draws between two batches, and the state that state_dict saves,
-- the generator's at that moment, holds all of it.
--
-- Invariant: a saved place is the generator's state at the epoch's start, which gives the order
-- again, the number of batches that were handed out, and the generator's state now.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"

local Loader = class("Loader")

local function is_dataset(value)
  return type(value) == "table" and type(value.batch) == "function"
end

--- data.loader{dataset, batch_size = 1, shuffle = false, drop_last = false, generator, transform}
---
--- dataset: a TensorDataset, or anything with # and :batch(rows), rows an int64 vector of row
--- numbers, -> x, y, .... batch_size: rows of a batch; the last one may have fewer, or is left out
--- with drop_last. generator: default the default generator. transform(x, y, generator) -> x, y is
--- applied to each batch; further tensors of the data set pass by it.
--- #loader is the number of batches of an epoch; loader.epoch the number of epochs begun.
function Loader:init(given)
  local o = options.check("loader", given, {
    dataset = options.required, batch_size = 1, shuffle = false, drop_last = false,
    generator = options.generator, transform = options.optional})
  if not is_dataset(o.dataset) then
    options.raise("bad option 'dataset' to 'loader' (a data set expected, got %s)",
                  options.type_name(o.dataset))
  end
  self.batch_size = math.tointeger(o.batch_size)
  if not self.batch_size or self.batch_size < 1 then
    options.raise("bad option 'batch_size' to 'loader' (positive integer expected, got %s)",
                  tostring(o.batch_size))
  end
  if o.transform ~= nil and type(o.transform) ~= "function" then
    options.raise("bad option 'transform' to 'loader' (function expected, got %s)",
                  options.type_name(o.transform))
  end
  self.dataset, self.transform = o.dataset, o.transform
  self.shuffle, self.drop_last = o.shuffle, o.drop_last
  self.generator = o.generator or core.default_generator()
  self.epoch = 0
end

function Loader:__len()
  local n = #self.dataset
  return self.drop_last and n // self.batch_size or (n + self.batch_size - 1) // self.batch_size
end

-- An epoch in progress: {start = the generator's state before its order was drawn, or nil;
-- order = row numbers, done = batches handed out}.
local function begin(self)
  local n = #self.dataset
  if not self.shuffle then return {order = core.arange(1, n + 1), done = 0} end
  local start = self.generator:get_state()
  return {start = start, order = core.randperm(n, {generator = self.generator}), done = 0}
end

local function transformed(self, x, y, ...)
  x, y = self.transform(x, y, self.generator)
  return x, y, ...
end

-- Counts a batch that was made: one that failed is tried again by the next call.
local function hand_out(pass, ...)
  pass.done = pass.done + 1
  return ...
end

local function next_batch(self, pass)
  local first = pass.done * self.batch_size + 1
  local last = math.min(first + self.batch_size - 1, #self.dataset)
  local rows = core.index(pass.order, {{first, last}})
  if not self.transform then return hand_out(pass, self.dataset:batch(rows)) end
  return hand_out(pass, transformed(self, self.dataset:batch(rows)))
end

--- loader() -> an iterator over the batches of a new epoch: for x, y, ... in loader() do. After
--- load_state_dict, once: over those that are left of the saved epoch.
function Loader:__call()
  local pass = self.resumed
  if pass then
    self.resumed = nil
  else
    pass = begin(self)
    self.epoch = self.epoch + 1
  end
  self.pass = pass
  return function()
    if pass.done < #self then return next_batch(self, pass) end
    if self.pass == pass then
      self.pass = nil -- the epoch is over
    end
  end
end

--- loader:state_dict() -> {epoch, batch, rows, batch_size, batches, generator [, start]}: the place
--- of the loader, as numbers and uint8 tensors (the generator's state now and, in the middle of a
--- shuffled epoch, at its start). Some 5 KB, whatever the data set's size.
---
--- Saved after the last batch, but before the loop has ended, it stands for an epoch with no batch
--- left: the loop that goes on from it runs no more, and what follows the loop is done.
function Loader:state_dict()
  local pass = self.pass or self.resumed
  return {
    epoch = self.epoch, batch = pass and pass.done or nil,
    rows = #self.dataset, batch_size = self.batch_size, batches = #self,
    generator = self.generator:get_state(), start = pass and pass.start,
  }
end

-- The state's number of that name, a whole one from 0 to most; nil if it may be missing and is.
local function whole(state, name, most, may_be_missing)
  local value = state[name]
  if value == nil and may_be_missing then return nil end
  local n = math.type(value) and math.tointeger(value)
  if not n or n < 0 or n > most then
    core.arg_error(1, "load_state_dict", ("'%s' is %s, expected 0..%d"):format(
      name, tostring(value), most))
  end
  return n
end

-- The state's generator state of that name, as a new generator that has it.
local function read_generator(state, name)
  local generator = core.Generator()
  if not core.is_tensor(state[name]) or not pcall(generator.set_state, generator, state[name]) then
    core.arg_error(1, "load_state_dict", ("'%s' is not the state of a generator"):format(name))
  end
  return generator
end

--- loader:load_state_dict(state) -> loader, at the place of the one that gave the state: the next
--- loader() goes on with the batches that are left of its epoch, and later epochs are the same too.
---
--- This sets the generator (the default one, unless the loader has another) to its state when the
--- place was saved. Raises, and changes nothing, if the state is damaged or of a loader with other
--- rows, batch_size, drop_last or shuffle.
function Loader:load_state_dict(state)
  if type(state) ~= "table" then
    core.arg_error(1, "load_state_dict", "the state of a loader expected, got "
      .. options.type_name(state))
  end
  for _, name in ipairs {"rows", "batch_size", "batches"} do
    local own = name == "rows" and #self.dataset or name == "batches" and #self or self.batch_size
    local theirs = whole(state, name, math.maxinteger)
    if theirs ~= own then
      core.arg_error(1, "load_state_dict", ("%s: the state has %d, the loader %d"):format(
        name, theirs, own))
    end
  end
  local epoch = whole(state, "epoch", math.maxinteger)
  local batch = whole(state, "batch", #self, true)
  if batch and (state.start ~= nil) ~= self.shuffle then
    core.arg_error(1, "load_state_dict", self.shuffle
      and "the loader shuffles, that of the state did not"
      or "the loader of the state shuffled, this one does not")
  end
  local now = read_generator(state, "generator"):get_state()
  local pass
  if batch then
    local n = #self.dataset
    local order = self.shuffle
      and core.randperm(n, {generator = read_generator(state, "start")}) or core.arange(1, n + 1)
    pass = {start = state.start, order = order, done = batch}
  end
  self.generator:set_state(now)
  self.epoch, self.pass, self.resumed = epoch, nil, pass
  return self
end

function Loader:__tostring()
  return ("Loader(%d batches of %d%s)"):format(#self, self.batch_size,
                                               self.shuffle and ", shuffled" or "")
end

return Loader

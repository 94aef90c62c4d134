-- nn.save and nn.load: any plain value in one file that holds no code and that others can open.
--
-- The file is a safetensors file. Its tensors are the value's, each under its path:
-- "model.1.weight", "optimizer.state.2.mean". Two strings of metadata hold the rest:
-- nnlua.structure, the value as JSON, and nnlua.sha256, the digest of everything else in the file.
--
--   in JSON                                  in Lua
--   true, "text", 7, 0.5                     the same
--   {"float64": "7ff0000000000000"}          a float that JSON lacks, by its bits: infinity
--   {"bytes": "ff00"}                        a string that is not UTF-8
--   {"tensor": "model.1.weight"}             the tensor of that name
--   [v, ...]                                 {v, ...}, not empty
--   {"items": [v, ...], "fields": {"k": v},  a table: {v, ..., k = v, [k] = v}; absent parts are
--    "pairs": [[k, v], ...]}                 empty
--   {"state_dict": [["name", v], ...]}       a state dict
--
-- Invariants: what is read back is equal, to the bit, and of the same types; a file is written
-- whole or not at all; of a file whose digest is wrong nothing is used.

local core = require "nnlua.core"
local files = require "nnlua.io"
local options = require "nnlua.options"
local state_dict = require "nnlua.state_dict"

local STRUCTURE, DIGEST = "nnlua.structure", "nnlua.sha256"
local MOST_LEVELS = 300

local ARRAY = getmetatable(core.io.json_array())

-- Writing -----------------------------------------------------------------------------------------

-- A text with every byte as two hexadecimal digits.
local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function refuse(place, format, ...)
  core.arg_error(2, "save", ("value%s is " .. format):format(place, ...))
end

-- Keys that JSON's objects can have.
local function is_name(key)
  return type(key) == "string" and utf8.len(key) ~= nil and not key:find("\0", 1, true)
end

-- Booleans, numbers, strings, each in their order.
local function before(a, b)
  if type(a) ~= type(b) then return type(a) < type(b) end
  if type(a) == "boolean" then return not a and b end
  return a < b
end

-- The keys of t: how many items 1..n it has, the sorted names, the sorted other keys.
local function keys_of(t, place)
  local items, names, others = 0, {}, {}
  while rawget(t, items + 1) ~= nil do items = items + 1 end
  for key in next, t do
    local kind = type(key)
    if is_name(key) then
      names[#names + 1] = key
    elseif kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      refuse(place, "a table with a %s as key", options.type_name(key))
    elseif not (math.type(key) == "integer" and key >= 1 and key <= items) then
      others[#others + 1] = key
    end
  end
  table.sort(names)
  table.sort(others, before)
  return items, names, others
end

local Writer = {}
Writer.__index = Writer

-- The name of the tensor at a path: the path itself unless it is taken.
function Writer:name_for(path)
  local name, number = path == "" and "tensor" or path, 1
  while self.taken[name] or name == "__metadata__" do
    number = number + 1
    name = ("%s~%d"):format(path, number)
  end
  self.taken[name] = true
  return name
end

local function join(path, key)
  local part = is_name(key) and key or type(key) == "string" and hex(key) or tostring(key)
  return path == "" and part or path .. "." .. part
end

local function place_of(place, key)
  return type(key) == "string" and place .. "." .. key or ("%s[%s]"):format(place, tostring(key))
end

function Writer:entry(t, key, place, path)
  return self:encode(rawget(t, key), place_of(place, key), join(path, key))
end

function Writer:plain_table(t, place, path)
  local items, names, others = keys_of(t, place)
  local list, fields, pairs_ = core.io.json_array {}, {}, {}
  for i = 1, items do list[i] = self:entry(t, i, place, path) end
  if items > 0 and #names == 0 and #others == 0 then return list end
  for _, name in ipairs(names) do fields[name] = self:entry(t, name, place, path) end
  for i, key in ipairs(others) do
    pairs_[i] = {self:encode(key, place, path), self:entry(t, key, place, path)}
  end
  return {items = items > 0 and list or nil, pairs = #others > 0 and pairs_ or nil,
          fields = (#names > 0 or #others == 0) and fields or nil}
end

function Writer:state_dict(dict, place, path)
  local list = core.io.json_array {}
  for i = 1, rawlen(dict) do
    local name, value = rawget(dict, i)[1], rawget(dict, i)[2]
    list[i] = {self:encode(name, place, path),
               self:encode(value, place_of(place, name), join(path, name))}
  end
  return {state_dict = list}
end

function Writer:table(t, place, path)
  local metatable = getmetatable(t)
  if self.open[t] then
    refuse(place, "the table that contains it")
  elseif self.level == MOST_LEVELS then
    refuse(place, "nested in more than %d tables", MOST_LEVELS)
  elseif type(metatable) == "table" and metatable.state_dict then
    refuse(place, "a %s; save its :state_dict()", options.type_name(t))
  elseif metatable ~= nil and metatable ~= ARRAY and not state_dict.is_named(t) then
    refuse(place, "a table with a metatable (%s); only plain ones are saved", options.type_name(t))
  end
  self.open[t], self.level = true, self.level + 1
  local method = state_dict.is_named(t) and self.state_dict or self.plain_table
  local encoded = method(self, t, place, path)
  self.open[t], self.level = nil, self.level - 1
  return encoded
end

function Writer:encode(value, place, path)
  local kind = type(value)
  if kind == "boolean" or math.type(value) == "integer" then
    return value
  elseif kind == "number" then
    return value - value == 0 and value or {float64 = hex((">d"):pack(value))}
  elseif kind == "string" then
    return utf8.len(value) and value or {bytes = hex(value)}
  elseif core.is_tensor(value) then
    local name = self:name_for(path)
    self.tensors[#self.tensors + 1] = {name, value}
    return {tensor = name}
  elseif kind == "table" then
    return self:table(value, place, path)
  end
  return refuse(place, "a %s, which a file cannot hold", options.type_name(value))
end

-- The user's metadata, copied and checked.
local function metadata_of(given)
  local metadata = {}
  if given ~= nil and type(given) ~= "table" then
    options.raise("bad option 'metadata' to 'save' (table expected, got %s)",
                  options.type_name(given))
  end
  for key, value in next, given or {} do
    if type(key) ~= "string" or type(value) ~= "string" then
      options.raise("bad option 'metadata' to 'save' (strings expected, '%s' is a %s)",
                    tostring(key), options.type_name(value))
    elseif key:find("^nnlua%.") then
      options.raise("bad option 'metadata' to 'save' ('%s' is a name of the format)", key)
    end
    metadata[key] = value
  end
  return metadata
end

local function is_npz(path)
  return type(path) == "string" and path:find("%.npz$") ~= nil
end

--- nn.save(path, value [, {metadata = {}}]) -> true, or nil and a message if the system refuses.
---
--- value: a tensor, a state dict, a boolean, number or string, or a table of these at any depth.
--- Integers stay integers, floats keep every bit. What occurs twice is written twice. Raises,
--- naming the place, for functions, userdata, objects and tables that contain themselves.
--- metadata: further strings by name, for other programs; they come back as load's second result.
--- If the path ends in ".npz", value is tensors by name, and the file NumPy's.
local function save(path, value, given)
  local o = options.check("save", given, {metadata = options.optional})
  if is_npz(path) then
    if o.metadata ~= nil then options.raise("save: an NPZ file has no metadata") end
    return files.save_npz(path, value)
  end
  local metadata = metadata_of(o.metadata)
  local writer = setmetatable({tensors = {}, taken = {}, open = {}, level = 0}, Writer)
  metadata[STRUCTURE] = core.io.json_encode(writer:encode(value, "", ""))
  metadata[DIGEST] = core.io.safetensors_digest(nil, writer.tensors, metadata)
  return core.io.save_safetensors(path, writer.tensors, metadata)
end

-- Reading -----------------------------------------------------------------------------------------

local Reader = {}
Reader.__index = Reader

function Reader:fail(format, ...)
  options.raise("load: %s: %s", self.path, format:format(...))
end

local function bytes_of(text)
  if type(text) ~= "string" or #text % 2 ~= 0 or text:find("%X") then return nil end
  return (text:gsub("..", function(digits) return string.char(tonumber(digits, 16)) end))
end

-- What the tags of the structure stand for. Each takes the reader, what stands behind the tag, and
-- the object.
local TAGS = {}

function TAGS.float64(reader, text)
  local bytes = bytes_of(text)
  if not bytes or #bytes ~= 8 then reader:fail("a float64 of its structure has no 16 digits") end
  return ((">d"):unpack(bytes))
end

function TAGS.bytes(reader, text)
  return bytes_of(text) or reader:fail("bytes of its structure are not hexadecimal")
end

function TAGS.tensor(reader, name)
  return type(name) == "string" and reader.tensors[name]
    or reader:fail("its structure names a tensor '%s', which is not there", tostring(name))
end

function TAGS.state_dict(reader, list)
  local dict = {}
  for i, pair in ipairs(reader:list(list)) do
    dict[i] = reader:pair(pair)
    if type(dict[i][1]) ~= "string" then
      reader:fail("its structure has a state dict without a name at %d", i)
    end
  end
  return state_dict.named(dict)
end

local PARTS = {items = true, fields = true, pairs = true}

function Reader:list(value)
  if getmetatable(value) ~= ARRAY then self:fail("its structure lacks a list") end
  return value
end

-- [k, v], decoded.
function Reader:pair(value)
  if #self:list(value) ~= 2 then self:fail("its structure has a pair that is none") end
  return {self:decode(value[1]), self:decode(value[2])}
end

function Reader:plain_table(object)
  local t, items, fields = {}, object.items, object.fields
  for _, part in ipairs(options.sorted_keys(object)) do
    if not PARTS[part] then self:fail("its structure has an unknown '%s'", part) end
  end
  for i, value in ipairs(items == nil and {} or self:list(items)) do t[i] = self:decode(value) end
  if fields ~= nil and (type(fields) ~= "table" or getmetatable(fields)) then
    self:fail("its structure has fields that are no object")
  end
  for name, value in next, fields or {} do t[name] = self:decode(value) end
  for _, value in ipairs(object.pairs == nil and {} or self:list(object.pairs)) do
    local pair = self:pair(value)
    local key = pair[1]
    if type(key) == "table" or core.is_tensor(key) or key ~= key then
      self:fail("its structure has a key that no table has")
    end
    t[key] = pair[2]
  end
  return t
end

function Reader:decode(value)
  if getmetatable(value) == ARRAY then
    local list = {}
    for i = 1, #value do list[i] = self:decode(value[i]) end
    return list
  elseif type(value) == "userdata" then
    return self:fail("its structure holds a null")
  elseif type(value) ~= "table" then
    return value
  end
  local tag = next(value)
  if TAGS[tag] and next(value, tag) == nil then return TAGS[tag](self, value[tag]) end
  return self:plain_table(value)
end

--- nn.load(path) -> value, metadata; or nil and a message if the file is missing or unreadable.
---
--- What nn.save wrote; of any other safetensors file its tensors, as a state dict; so of a file
--- whose name ends in ".npz". Raises, naming the file and what is wrong, if the content is not of
--- that kind or not what was saved.
local function load(path)
  if is_npz(path) then return files.load_npz(path) end
  local list, metadata = core.io.load_safetensors(path)
  if not list then return nil, metadata end
  local reader = setmetatable({path = path, tensors = {}}, Reader)
  local structure, digest = metadata[STRUCTURE], metadata[DIGEST]
  if not structure and not digest then return state_dict.named(list), metadata end
  metadata[DIGEST] = nil
  if not structure or core.io.safetensors_digest(nil, list, metadata) ~= digest then
    reader:fail("its content is not what was saved (the SHA-256 differs)")
  end
  metadata[STRUCTURE] = nil
  for _, pair in ipairs(list) do reader.tensors[pair[1]] = pair[2] end
  local ok, decoded = pcall(core.io.json_decode, structure)
  if not ok then reader:fail("its structure is not JSON") end
  return reader:decode(decoded), metadata
end

return {save = save, load = load}

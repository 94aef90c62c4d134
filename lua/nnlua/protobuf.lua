-- Protocol buffers' wire format, read and written by layouts that are plain tables.
--
--   local layouts = protobuf.layouts {
--     Pair = {{1, "key", "string"}, {2, "value", "int64"}},
--     List = {{1, "pairs", "Pair", "repeated"}},
--   }
--   local bytes = protobuf.encode({pairs = {{key = "a", value = 1}}}, layouts.List)
--   local list = protobuf.decode(bytes, layouts.List, "pairs.pb")
--
-- A field is {number, name, type [, "repeated" | "packed"]}, fields in the order of their numbers;
-- a type is int64, int32, uint64, float, double, string (UTF-8), bytes or another layout. A message
-- is a table of the fields that are there, repeated ones as lists.
-- https://protobuf.dev/programming-guides/encoding:
--
--   message  (key value)*                 key = varint: number << 3 | wire type
--   wire type 0  varint: 7 bits a byte, lowest first, the top bit says that more follow
--             1  8 bytes      5  4 bytes      2  varint length, then so many bytes
--
-- Why not a library: protobuf-c, the one in Debian for C, says neither where nor what is wrong in a
-- file, recurses as deep as the file says, and would need the C++ packages for the schema. Read in
-- Lua, no file can reach memory that is not its own, and weights are one slice of the file's bytes.
--
-- Invariants: every length is checked against what encloses it before it is used; messages nest
-- DEPTH deep at most; what is wrong raises, naming file, byte and field. Fields that the layout
-- does not have are skipped.

local options = require "nnlua.options"

local protobuf = {}

local DEPTH = 100 -- as in the format's own library

-- The wire type of each scalar type.
local SCALARS = {int64 = 0, int32 = 0, uint64 = 0, double = 1, string = 2, bytes = 2, float = 5}

--- protobuf.layouts(descriptions) -> name -> layout. See the head of the file.
function protobuf.layouts(descriptions)
  local layouts = {}
  for _, name in ipairs(options.sorted_keys(descriptions)) do
    layouts[name] = {name = name, fields = {}, by_number = {}}
  end
  for name, layout in pairs(layouts) do
    for i, entry in ipairs(descriptions[name]) do
      local field = {
        number = entry[1], name = entry[2], type = entry[3],
        layout = not SCALARS[entry[3]] and layouts[entry[3]] or nil,
        wire = SCALARS[entry[3]] or 2,
        list = entry[4] ~= nil, packed = entry[4] == "packed",
      }
      assert(field.layout or SCALARS[field.type], "unknown type")
      layout.fields[i], layout.by_number[field.number] = field, field
    end
  end
  return layouts
end

-- Reading -----------------------------------------------------------------------------------------

-- What is read: the file's bytes and its name for messages; path: of the message in the file, "" or
-- "graph.node[2].".
local Reader = {}
Reader.__index = Reader

function Reader:fail(at, path, format, ...)
  options.raise("%s: byte %d: %s%s", self.file, at - 1,
                path == "" and "" or path:sub(1, -2) .. ": ", format:format(...))
end

-- The varint at `at`, which ends by `last`, and where it ends.
function Reader:varint(at, last, path)
  local value, shift = 0, 0
  for i = at, math.min(at + 9, last) do
    local byte = self.bytes:byte(i)
    value = value | (byte & 0x7F) << shift
    if byte < 0x80 then
      if shift == 63 and byte > 1 then
        self:fail(at, path, "a number has more than 64 bits")
      end
      return value, i + 1
    end
    shift = shift + 7
  end
  return self:fail(at, path, last < at + 9 and "a number is cut off"
                             or "a number has more than ten bytes")
end

-- Where the value of that wire type at `at` begins and ends (the last byte of it).
function Reader:extent(wire, at, last, path)
  if wire == 0 then
    local _, after = self:varint(at, last, path)
    return at, after - 1
  end
  local first, size = at, wire == 1 and 8 or 4
  if wire == 2 then
    size, first = self:varint(at, last, path)
  end
  if size < 0 or size > last - first + 1 then
    self:fail(at, path, "%s bytes expected, %d are left", size < 0 and "2^63 or more" or size,
              last - first + 1)
  end
  return first, first + size - 1
end

-- The value of a scalar type in bytes first..last, and where it ends.
function Reader:scalar(field, first, last, path)
  if field.wire == 0 then
    local value, after = self:varint(first, last, path)
    if field.type == "int32" and (value < -0x80000000 or value > 0x7FFFFFFF) then
      self:fail(first, path, "%d is no 32-bit integer", value)
    end
    return value, after
  elseif field.wire == 2 then
    local value = self.bytes:sub(first, last)
    if field.type == "string" and not utf8.len(value) then
      self:fail(first, path, "the text is not UTF-8")
    end
    return value, last + 1
  end
  local size = field.wire == 1 and 8 or 4
  if last - first + 1 < size then
    self:fail(first, path, "a number is cut off")
  end
  return (string.unpack(field.wire == 1 and "<d" or "<f", self.bytes, first))
end

-- Appends the packed values in bytes first..last to a list.
function Reader:packed(list, field, first, last, path)
  if field.wire == 0 then
    local value
    while first <= last do
      value, first = self:scalar(field, first, last, path)
      list[#list + 1] = value
    end
    return
  end
  local size, n = field.wire == 1 and 8 or 4, #list
  if (last - first + 1) % size ~= 0 then
    self:fail(first, path, "%d bytes are no whole number of elements of %d", last - first + 1, size)
  end
  local format = field.wire == 1 and "<d" or "<f"
  for at = first, last, size do
    n = n + 1
    list[n] = string.unpack(format, self.bytes, at)
  end
end

-- Reads one field, whose value begins at `at`, into the message; gives where it ends.
function Reader:field(message, field, wire, at, last, path, depth)
  local here = path .. field.name
  if field.list then
    message[field.name] = message[field.name] or {}
    here = ("%s[%d]"):format(here, #message[field.name] + 1)
  end
  here = here .. "."
  local first, final = self:extent(wire, at, last, here)
  local list = field.list and message[field.name]
  if field.layout and wire == 2 then
    -- The parts of a message that occurs twice are joined.
    local part = list and {} or message[field.name] or {}
    self:message(part, field.layout, first, final, here, depth + 1)
    if list then list[#list + 1] = part else message[field.name] = part end
  elseif list and wire == 2 and field.wire ~= 2 then
    self:packed(list, field, first, final, here)
  elseif wire == field.wire then
    local value = self:scalar(field, first, final, here)
    if list then list[#list + 1] = value else message[field.name] = value end
  else
    self:fail(at, here, "wire type %d, expected %d", wire, field.wire)
  end
  return final + 1
end

-- Reads the message in bytes at..last.
function Reader:message(message, layout, at, last, path, depth)
  if depth > DEPTH then
    self:fail(at, "", "messages are nested more than %d deep", DEPTH)
  end
  while at <= last do
    local key, value_at = self:varint(at, last, path)
    local number, wire = key >> 3, key & 7
    if number == 0 or number >= 1 << 29 or wire == 3 or wire == 4 or wire > 5 then
      self:fail(at, path, "no field of a %s begins with the number %s", layout.name, key)
    end
    local field = layout.by_number[number]
    if field then
      at = self:field(message, field, wire, value_at, last, path, depth)
    else
      local _, final = self:extent(wire, value_at, last, path)
      at = final + 1
    end
  end
end

--- protobuf.decode(bytes, layout, file) -> message. file: the name that stands in errors.
function protobuf.decode(bytes, layout, file)
  local message = {}
  setmetatable({bytes = bytes, file = file}, Reader):message(message, layout, 1, #bytes, "", 1)
  return message
end

-- Writing -----------------------------------------------------------------------------------------

--- protobuf.varint(integer) -> its bytes
local function varint(value)
  if value >= 0 and value <= 0x7F then return string.char(value) end
  local bytes = {}
  while value < 0 or value > 0x7F do
    bytes[#bytes + 1] = value & 0x7F | 0x80
    value = value >> 7
  end
  bytes[#bytes + 1] = value
  return string.char(table.unpack(bytes))
end

protobuf.varint = varint

local function scalar(field, value)
  if field.wire == 0 then
    return varint(value)
  elseif field.wire == 2 then
    return varint(#value) .. value
  end
  return string.pack(field.wire == 1 and "<d" or "<f", value)
end

-- Strings on their way into the file and how many bytes they are: long ones are joined once only.
local Pieces = {}
Pieces.__index = Pieces

local function new_pieces()
  return setmetatable({size = 0}, Pieces)
end

function Pieces:add(piece)
  self[#self + 1] = piece
  self.size = self.size + #piece
end

local encode

local function encode_value(pieces, field, value)
  pieces:add(varint(field.number << 3 | field.wire))
  if not field.layout then
    pieces:add(scalar(field, value))
    return
  end
  local inner = encode(value, field.layout)
  pieces:add(varint(inner.size))
  table.move(inner, 1, #inner, #pieces + 1, pieces)
  pieces.size = pieces.size + inner.size
end

function encode(message, layout)
  local pieces = new_pieces()
  for _, field in ipairs(layout.fields) do
    local value = message[field.name]
    if value ~= nil and field.packed then
      local packed = {}
      for i, element in ipairs(value) do
        packed[i] = scalar(field, element)
      end
      packed = table.concat(packed)
      pieces:add(varint(field.number << 3 | 2))
      pieces:add(varint(#packed))
      pieces:add(packed)
    elseif value ~= nil then
      for _, element in ipairs(field.list and value or {value}) do
        encode_value(pieces, field, element)
      end
    end
  end
  return pieces
end

--- protobuf.encode(message, layout) -> bytes, fields in the order of the layout.
function protobuf.encode(message, layout)
  return table.concat(encode(message, layout))
end

return protobuf

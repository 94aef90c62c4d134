-- A TensorBoard event file, which grows by a record per write.
--
--   local events = Events(dir);  events:scalars(step, {"loss", "accuracy"}, {0.7, 0.5})
--
-- The file, events.out.tfevents.SECONDS.HOST.PROCESS.N, is a sequence of TFRecords, which
-- core.io.tfrecord makes.
-- An Event is a protocol buffer (tensorflow/core/util/event.proto and framework/summary.proto). The
-- first one of a file names the version. After a resumption one says from which step on what older
-- files say does not count.
--
-- Invariant: a record whose call returned is in the file, whatever becomes of the process.

local class = require "nnlua.class"
local core = require "nnlua.core"
local options = require "nnlua.options"
local protobuf = require "nnlua.protobuf"

local Events = class("Events")

local START <const> = 1     -- SessionLog.SessionStatus
local DT_STRING <const> = 7 -- DataType

local layouts = protobuf.layouts {
  Event = {{1, "wall_time", "double"}, {2, "step", "int64"}, {3, "file_version", "string"},
           {5, "summary", "Summary"}, {7, "session_log", "SessionLog"}},
  SessionLog = {{1, "status", "int32"}},
  Summary = {{1, "value", "Value", "repeated"}},
  Value = {{1, "tag", "string"}, {4, "image", "Image"}, {5, "histo", "HistogramProto"},
           {8, "tensor", "TensorProto"}, {9, "metadata", "SummaryMetadata"}},
  Image = {{1, "height", "int32"}, {2, "width", "int32"}, {3, "colorspace", "int32"},
           {4, "encoded_image_string", "bytes"}},
  HistogramProto = {{1, "min", "double"}, {2, "max", "double"}, {3, "num", "double"},
                    {4, "sum", "double"}, {5, "sum_squares", "double"},
                    {6, "bucket_limit", "double", "packed"}, {7, "bucket", "double", "packed"}},
  TensorProto = {{1, "dtype", "int32"}, {2, "tensor_shape", "TensorShapeProto"},
                 {8, "string_val", "bytes", "repeated"}},
  TensorShapeProto = {{2, "dim", "Dim", "repeated"}},
  Dim = {{1, "size", "int64"}},
  SummaryMetadata = {{1, "plugin_data", "PluginData"}},
  PluginData = {{1, "plugin_name", "string"}},
}

local opened = 0 -- files of this process: the N in their names

local function check(ok, message)
  if not ok then options.raise("run: %s", message) end
  return ok
end

-- Appends a record with the bytes of an Event.
local function append(self, bytes)
  check(self.file:write(core.io.tfrecord(bytes)))
end

local function append_event(self, event)
  event.wall_time = core.now()
  append(self, protobuf.encode(event, layouts.Event))
end

--- Events(dir [, resumes]): opens a new event file in the folder. resumes: it goes on where older
--- files there end, or from an earlier step.
function Events:init(dir, resumes)
  local host = core.host().name or "localhost"
  self.file = check(core.io.append_file(("%s/events.out.tfevents.%d.%s.%d.%d"):format(
    dir, core.now() // 1 | 0, host:gsub("[^%w.-]", "_"), (core.process()), opened)))
  opened = opened + 1
  self.resumes = resumes
  self.prefixes = {} -- of the scalars, in the order of their tags; false for one without
  append_event(self, {file_version = "brain.Event:2"})
end

local function begin(self, step)
  if not self.resumes then return end
  self.resumes = false
  append_event(self, {step = step, session_log = {status = START}})
end

-- What stands in a Summary before the four bytes of the scalar with that tag.
local function scalar_prefix(tag)
  -- Summary: field 1, a Value: field 1 the tag, field 2 simple_value, four bytes
  local head = "\x0a" .. protobuf.varint(#tag) .. tag .. "\x15"
  return "\x0a" .. protobuf.varint(#head + 4) .. head
end

--- events:scalars(step, tags, values, without): a number for each of the tags, nan and inf as any;
--- what is no number is left out, and the tags in the set `without`. All in one record. The tags of
--- every call begin with those of the one before.
function Events:scalars(step, tags, values, without)
  begin(self, step)
  local prefixes = self.prefixes
  for i = #prefixes + 1, #tags do
    prefixes[i] = not without[tags[i]] and scalar_prefix(tags[i])
  end
  local record = core.io.scalars_record(core.now(), step, prefixes, values, #tags)
  if record then check(self.file:write(record)) end
end

local function append_value(self, step, value)
  begin(self, step)
  append_event(self, {step = step, summary = {value = {value}}})
end

--- events:image(step, tag, png): the bytes of a PNG file.
function Events:image(step, tag, png)
  local width, height, _, colours = string.unpack(">I4I4BB", png, 17) -- its first chunk
  local channels = ({[0] = 1, [2] = 3, [3] = 3, [4] = 2, [6] = 4})[colours]
  append_value(self, step, {tag = tag, image = {height = height, width = width,
                                                colorspace = channels,
                                                encoded_image_string = png}})
end

--- events:histogram(step, tag, h): h = {edges, counts, min, max, sum, sum_squares}. A bucket of
--- TensorBoard's ends at its limit and begins where the one before ends: an empty one at the first
--- edge comes before the others.
function Events:histogram(step, tag, h)
  local counts, total = {0.0}, 0
  for i, count in ipairs(h.counts) do
    counts[i + 1], total = count + 0.0, total + count
  end
  append_value(self, step, {tag = tag, histo = {min = h.min, max = h.max, num = total + 0.0,
                                                sum = h.sum, sum_squares = h.sum_squares,
                                                bucket_limit = h.edges, bucket = counts}})
end

--- events:text(step, tag, text): shown as Markdown.
function Events:text(step, tag, text)
  append_value(self, step, {
    tag = tag, metadata = {plugin_data = {plugin_name = "text"}},
    tensor = {dtype = DT_STRING, tensor_shape = {dim = {{size = 1}}}, string_val = {text}},
  })
end

--- events:close(): closing again does nothing.
function Events:close()
  self.file:close()
end

return Events

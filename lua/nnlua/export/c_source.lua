-- A model in eval mode as C99: one function without dependencies but <math.h>, one row a call.
--
-- What the text looks like:
--
--   #define NAME_INPUT_SIZE 784
--   static const float NAME_1_weight[] = {...};
--   void NAME(const float *input, float *output)
--   {
--       float t1[25];
--       /* layer 1: Linear 784→25 */
--       for ...
--   }
--
-- Layers stand in the function with their sizes as literals, which compilers unroll. Buffers are
-- on the stack and used again; elementwise layers work in place where nobody else reads their
-- input. Sums are float, in the order of the inputs. Weights have nine digits, which tell all
-- floats apart.

local autograd = require "nnlua.autograd"
local class = require "nnlua.class"
local core = require "nnlua.core"
local c_layers = require "nnlua.export.c_layers"
local options = require "nnlua.options"
local probe = require "nnlua.export.probe"
local Walker = require "nnlua.export.walker"

local Writer = class("Writer", Walker)

-- A value is {name = of a C array, example =, buffer = or nil for the input}.
function Writer:init(name)
  Walker.init(self, c_layers, " as C")
  self.name, self.arrays, self.lines, self.buffers = name, {}, {}, {}
end

-- A float as C writes it.
local function literal(value)
  if value ~= value then return "NAN" end
  if math.abs(value) == math.huge then return value > 0 and "INFINITY" or "-INFINITY" end
  local text = ("%.9g"):format(value)
  return (text:find("[.e]") and text or text .. ".0") .. "f"
end

--- writer:array(name, t) -> the C name of a constant array with the elements of t.
function Writer:array(name, t)
  local full = ("%s_%s%s"):format(self.name, self.path:gsub("[^%w]", "_"), name)
  local lines, row = {}, {}
  for _, value in ipairs(t:detach():to("float32"):reshape({-1}):totable()) do
    row[#row + 1] = literal(value)
    if #row == 6 then
      lines[#lines + 1], row = "    " .. table.concat(row, ", "), {}
    end
  end
  lines[#lines + 1] = #row > 0 and "    " .. table.concat(row, ", ") or nil
  self.arrays[#self.arrays + 1] = ("static const float %s[%d] = {\n%s};\n")
    :format(full, t:numel(), table.concat(lines, ",\n"))
  return full
end

Writer.literal = literal

--- writer:buffer(size) -> a value in an array of at least `size` floats that nobody uses.
function Writer:buffer(size)
  for _, buffer in ipairs(self.buffers) do
    if buffer.users == 0 then
      buffer.users, buffer.size = 1, math.max(buffer.size, size)
      return {name = buffer.name, buffer = buffer}
    end
  end
  local buffer = {name = "t" .. #self.buffers + 1, size = size, users = 1}
  self.buffers[#self.buffers + 1] = buffer
  return {name = buffer.name, buffer = buffer}
end

--- writer:hold(x): x is read once more; its buffer is not written to before that release.
function Writer.hold(_, x)
  if x.buffer then x.buffer.users = x.buffer.users + 1 end
end

--- writer:release(x): one that reads x is done.
function Writer.release(_, x)
  if x.buffer then x.buffer.users = x.buffer.users - 1 end
end

--- writer:result(x, size) -> a value for what an elementwise layer makes of x: in place of x if
--- nobody else reads it.
function Writer:result(x, size)
  if x.buffer and x.buffer.users == 1 then
    return {name = x.name, buffer = x.buffer}
  end
  local y = self:buffer(size)
  self:release(x)
  return y
end

--- writer:code(text, fields): adds lines to the function; $name stands for fields.name.
function Writer:code(text, fields)
  text = text:gsub("%$(%w+)", function(name)
    return tostring(fields[name])
  end)
  for line in text:gsub("^\n", ""):gmatch("[^\n]+") do
    self.lines[#self.lines + 1] = "    " .. line
  end
end

--- writer:comment(module): says which layer comes.
function Writer:comment(module)
  self.lines[#self.lines + 1] = ""
  self.lines[#self.lines + 1] = ("    /* %s */"):format((self:place(module):gsub("%*/", "* /")))
end

-- Sizes of a row.
local function row_of(value)
  local shape = value.example:shape()
  return {table.unpack(shape, 2)}
end

local function product(sizes)
  local n = 1
  for _, size in ipairs(sizes) do
    n = n * size
  end
  return n
end

--- writer:sizes(value) -> the sizes of one row, and how many elements it has
function Writer.sizes(_, value)
  local sizes = row_of(value)
  return sizes, product(sizes)
end

local TEMPLATE = [[
/*
** $name - $title, in eval mode, written by nnlua $version
**
** $name(input, output): $in floats [$inshape] to $out floats [$outshape].
*/
#include <math.h>

#define $upper_INPUT_SIZE $in
#define $upper_OUTPUT_SIZE $out

void $name(const float *input, float *output);

$arrays
void $name(const float *input, float *output)
{
$buffers$lines

    for (int i = 0; i < $out; i++) output[i] = $last[i];
}
]]

--- nn.export.c_source(model, {name = "network", input_shape, example}) -> text of a C99 file that
--- defines void NAME(const float *input, float *output) for one row of the model in eval mode, and
--- NAME_INPUT_SIZE and NAME_OUTPUT_SIZE in capitals. It needs <math.h> only, keeps its buffers on
--- the stack and compiles without warnings. One of input_shape, the sizes of one row, and example,
--- a batch, must be given. Bytes (before Rescaling) are floats 0 to 255 there.
--- Raises, naming layer and class, for a module that it cannot write.
local function c_source(model, given)
  local o = options.check("export.c_source", given, {
    input_shape = options.optional, example = options.optional, name = "network",
  })
  probe.check_model(1, "export.c_source", model)
  if not o.name:find("^%a[%w_]*$") then
    options.raise("bad option 'name' to 'export.c_source' (a C name expected, got '%s')", o.name)
  end
  local pause <close> = autograd.pause() -- luacheck: ignore pause
  local mode <close> = probe.eval(model) -- luacheck: ignore mode
  local writer = Writer(o.name)
  local x = {name = "input", example = probe.input("export.c_source", model, o)}
  local y = writer:emit(model, nil, x)
  local buffers = {}
  for i, buffer in ipairs(writer.buffers) do
    buffers[i] = ("    float %s[%d];\n"):format(buffer.name, buffer.size)
  end
  local in_sizes, in_size = writer:sizes(x)
  local out_sizes, out_size = writer:sizes(y)
  local fields = {
    name = o.name, upper = o.name:upper(), title = tostring(model):gsub("%(?\n.*", ""),
    version = core.build_info().version, last = y.name,
    ["in"] = in_size, out = out_size, inshape = table.concat(in_sizes, ","),
    outshape = table.concat(out_sizes, ","), arrays = table.concat(writer.arrays, "\n"),
    buffers = table.concat(buffers), lines = table.concat(writer.lines, "\n"),
  }
  return (TEMPLATE:gsub("%$(%a+)", fields))
end

return c_source

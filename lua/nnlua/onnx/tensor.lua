-- TensorProto, the tensors in an .onnx file, to and from nnlua's.
--
-- ONNX has more number types than nnlua: narrower integers are read as int64, half floats as
-- float32, which hold all of their values; an uint64 that int64 does not hold is an error.

local core = require "nnlua.core"

local tensor = {}

-- TensorProto.DataType: the dtype that holds it, bytes per element, string.unpack's format (nil
-- where from_bytes reads it), the field for elements that are not raw.
local TYPES = {
  [1] = {name = "float", dtype = "float32", size = 4, field = "float_data"},
  [2] = {name = "uint8", dtype = "uint8", size = 1, field = "int32_data", low = 0, high = 255},
  [3] = {name = "int8", dtype = "int64", size = 1, format = "<i1", field = "int32_data"},
  [4] = {name = "uint16", dtype = "int64", size = 2, format = "<I2", field = "int32_data"},
  [5] = {name = "int16", dtype = "int64", size = 2, format = "<i2", field = "int32_data"},
  [6] = {name = "int32", dtype = "int64", size = 4, format = "<i4", field = "int32_data"},
  [7] = {name = "int64", dtype = "int64", size = 8, field = "int64_data"},
  [9] = {name = "bool", dtype = "bool", size = 1, field = "int32_data", low = 0, high = 1},
  [10] = {name = "float16", dtype = "float32", size = 2, format = "<I2", field = "int32_data"},
  [11] = {name = "double", dtype = "float64", size = 8, field = "double_data"},
  [12] = {name = "uint32", dtype = "int64", size = 4, format = "<I4", field = "uint64_data"},
  [13] = {name = "uint64", dtype = "int64", size = 8, format = "<i8", field = "uint64_data"},
  [16] = {name = "bfloat16", dtype = "float32", size = 2, format = "<I2", field = "int32_data"},
}

local NAMES = {[0] = "undefined", [8] = "string", [14] = "complex64", [15] = "complex128"}

-- dtype -> DataType, for writing.
local NUMBERS = {float32 = 1, uint8 = 2, int64 = 7, bool = 9, float64 = 11}

--- tensor.type_number(dtype) -> ONNX's number for it.
function tensor.type_number(dtype)
  return NUMBERS[dtype]
end

--- tensor.type_name(number) -> ONNX's name for an element type, for messages.
function tensor.type_name(number)
  return TYPES[number] and TYPES[number].name or NAMES[number] or tostring(number)
end

--- tensor.dtype_of(number) -> the dtype that holds an element type; nil if there is none.
function tensor.dtype_of(number)
  return TYPES[number] and TYPES[number].dtype
end

--- tensor.encode(t, name) -> TensorProto
function tensor.encode(t, name)
  return {dims = t:shape(), data_type = NUMBERS[t:dtype()], name = name, raw_data = t:tobytes()}
end

-- IEEE binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits.
local function half(bits)
  local sign, exponent, fraction = bits >> 15 & 1, bits >> 10 & 31, bits & 1023
  local size
  if exponent == 31 then
    size = fraction == 0 and math.huge or 0 / 0
  elseif exponent == 0 then
    size = fraction * 2.0 ^ -24
  else
    size = (1024 + fraction) * 2.0 ^ (exponent - 25)
  end
  return sign == 1 and -size or size
end

-- The upper half of a binary32.
local function brain(bits)
  return (string.unpack("<f", string.pack("<I4", (bits & 0xFFFF) << 16)))
end

-- The number of elements, if dims are sizes of a tensor; else nil and what is wrong with them.
local function count(dims)
  local n = 1
  if #dims > 8 then
    return nil, ("%d dimensions, at most 8 are supported"):format(#dims)
  end
  for _, size in ipairs(dims) do
    if size < 0 then
      return nil, ("a size of %d"):format(size)
    elseif size > 0 and n > math.maxinteger // size then
      return nil, "more elements than memory can hold"
    end
    n = n * size
  end
  return n
end

-- The elements of proto as a list of numbers; nil and what is wrong with them.
local function elements(proto, kind, n)
  local list = proto[kind.field] or {}
  if proto.raw_data and kind.format then
    list = {}
    for i = 1, n do
      list[i] = string.unpack(kind.format, proto.raw_data, (i - 1) * kind.size + 1)
    end
  end
  if #list ~= n then
    return nil, ("%d elements in %s, its dims say %d"):format(#list, kind.field, n)
  end
  local convert = kind.name == "float16" and half or kind.name == "bfloat16" and brain
  local converted = convert and {} or list
  for i, value in ipairs(list) do
    if kind.low and (value < kind.low or value > kind.high) then
      return nil, ("the %s %d"):format(kind.name, value)
    elseif kind.name == "uint64" and value < 0 then
      return nil, "an uint64 that int64 does not hold"
    elseif convert then
      converted[i] = convert(value)
    end
  end
  return converted
end

local function from_raw(proto, kind)
  if kind.dtype == "bool" and proto.raw_data:find("[^\0\1]") then
    return nil, "a bool that is neither 0 nor 1"
  end
  return core.from_bytes(proto.raw_data, {dtype = kind.dtype, shape = proto.dims or {}})
end

--- tensor.decode(proto) -> tensor; or nil and what is wrong, to follow "tensor 'NAME' has ".
function tensor.decode(proto)
  local kind = TYPES[proto.data_type or 0]
  local n, problem = count(proto.dims or {})
  if not n then
    return nil, problem
  elseif not kind then
    return nil, ("elements of type %s, which is not supported")
      :format(tensor.type_name(proto.data_type or 0))
  elseif proto.data_location == 1 or proto.external_data then
    local place
    for _, pair in ipairs(proto.external_data or {}) do
      place = pair.key == "location" and pair.value or place
    end
    return nil, ("its data in another file%s, which is not supported: save the model as one file")
      :format(place and (" ('%s')"):format(place) or "")
  elseif proto.segment then
    return nil, "a segment, which is not supported"
  elseif proto.raw_data and #proto.raw_data // kind.size ~= n
      or proto.raw_data and #proto.raw_data % kind.size ~= 0 then
    return nil, ("%d bytes of raw_data, its dims and type (%s) say %s"):format(
      #proto.raw_data, kind.name, n <= math.maxinteger // 8 and n * kind.size or "more")
  elseif proto.raw_data and not kind.format then
    return from_raw(proto, kind)
  end
  local list
  list, problem = elements(proto, kind, n)
  if not list then
    return nil, problem
  elseif n == 0 then
    return core.zeros(proto.dims, {dtype = kind.dtype})
  end
  return core.reshape(core.tensor(list, {dtype = kind.dtype}), proto.dims or {})
end

return tensor

-- The messages of an .onnx file, as far as nnlua reads and writes them.
--
-- Numbers and names are those of onnx.proto (https://github.com/onnx/onnx, onnx/onnx.proto), which
-- also says what the fields mean. A file is one ModelProto.

local protobuf = require "nnlua.protobuf"

local schema = {}

schema.layouts = protobuf.layouts {
  ModelProto = {
    {1, "ir_version", "int64"},
    {2, "producer_name", "string"},
    {3, "producer_version", "string"},
    {7, "graph", "GraphProto"},
    {8, "opset_import", "OperatorSetIdProto", "repeated"},
    {14, "metadata_props", "StringStringEntryProto", "repeated"},
  },
  OperatorSetIdProto = {
    {1, "domain", "string"},
    {2, "version", "int64"},
  },
  StringStringEntryProto = {
    {1, "key", "string"},
    {2, "value", "string"},
  },
  GraphProto = {
    {1, "node", "NodeProto", "repeated"},
    {2, "name", "string"},
    {5, "initializer", "TensorProto", "repeated"},
    {11, "input", "ValueInfoProto", "repeated"},
    {12, "output", "ValueInfoProto", "repeated"},
    {15, "sparse_initializer", "Opaque", "repeated"},
  },
  NodeProto = {
    {1, "input", "string", "repeated"},
    {2, "output", "string", "repeated"},
    {3, "name", "string"},
    {4, "op_type", "string"},
    {5, "attribute", "AttributeProto", "repeated"},
    {7, "domain", "string"},
  },
  AttributeProto = {
    {1, "name", "string"},
    {2, "f", "float"},
    {3, "i", "int64"},
    {4, "s", "bytes"},
    {5, "t", "TensorProto"},
    {7, "floats", "float", "repeated"},
    {8, "ints", "int64", "repeated"},
    {9, "strings", "bytes", "repeated"},
    {20, "type", "int32"},
    {21, "ref_attr_name", "string"},
  },
  TensorProto = {
    {1, "dims", "int64", "repeated"},
    {2, "data_type", "int32"},
    {3, "segment", "Opaque"},
    {4, "float_data", "float", "packed"},
    {5, "int32_data", "int32", "packed"},
    {7, "int64_data", "int64", "packed"},
    {8, "name", "string"},
    {9, "raw_data", "bytes"},
    {10, "double_data", "double", "packed"},
    {11, "uint64_data", "uint64", "packed"},
    {13, "external_data", "StringStringEntryProto", "repeated"},
    {14, "data_location", "int32"},
  },
  ValueInfoProto = {
    {1, "name", "string"},
    {2, "type", "TypeProto"},
  },
  TypeProto = {
    {1, "tensor_type", "TensorTypeProto"},
    {4, "sequence_type", "Opaque"},
    {5, "map_type", "Opaque"},
    {8, "sparse_tensor_type", "Opaque"},
    {9, "optional_type", "Opaque"},
  },
  TensorTypeProto = {
    {1, "elem_type", "int32"},
    {2, "shape", "TensorShapeProto"},
  },
  TensorShapeProto = {
    {1, "dim", "DimensionProto", "repeated"},
  },
  DimensionProto = {
    {1, "dim_value", "int64"},
    {2, "dim_param", "string"},
  },
  Opaque = {}, -- only that it is there is of interest
}

--- Kinds of attributes (AttributeProto.AttributeType): number -> the field that holds the value.
schema.attribute_fields = {
  [1] = "f", [2] = "i", [3] = "s", [4] = "t", [6] = "floats", [7] = "ints", [8] = "strings",
}

--- Their numbers, by field.
schema.attribute_types = {f = 1, i = 2, s = 3, t = 4, floats = 6, ints = 7, strings = 8}

return schema

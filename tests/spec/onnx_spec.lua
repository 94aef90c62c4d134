-- onnx_spec.lua - models to .onnx files and back, every encoding of a tensor, damaged files

local lfs = require "lfs"
local nn = require "nnlua"
local protobuf = require "nnlua.protobuf"
local schema = require "nnlua.onnx.schema"
local support = require "tests.spec.support"
local tensor = require "nnlua.onnx.tensor"

local path

before_each(function()
  path = os.tmpname()
end)

after_each(function()
  os.remove(path)
end)

local function read()
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

-- The model after a way through a file.
local function reloaded(model, shape)
  assert.is_true(nn.onnx.save(path, model, {input_shape = shape}))
  return nn.onnx.load(path)
end

local function convolutional()
  return nn.Sequential(
    nn.Rescaling(1 / 255), nn.Conv2d(1, 3, 3, {padding = 1}), nn.BatchNorm2d(3), nn.GELU(),
    nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5),
    nn.Residual(nn.Sequential(nn.Linear(48, 48), nn.Tanh())), nn.LayerNorm(48), nn.Linear(48, 4))
end

describe("a model that goes through an .onnx file", function()
  it("computes the same and keeps names and values of its weights", function()
    local model = convolutional()
    local x = nn.randint(0, 256, 5, 1, 8, 8, {dtype = "uint8"})
    model(x)
    local graph = reloaded(model, {1, 8, 8})
    assert.is_true(model.training)
    model:eval()
    support.close(graph(x), model(x))
    local state = model:state_dict()
    local names = {}
    for name, value in graph:named_parameters() do
      names[#names + 1] = name
      support.equal(value, state[name])
    end
    assert.same({"2.weight", "2.bias", "3.weight", "3.bias", "8.body.1.weight", "8.body.1.bias",
                 "9.weight", "9.bias", "10.weight", "10.bias"}, names)
    support.equal(graph:state_dict()["3.running_mean"], model[3].running_mean)
    assert.is_nil(graph:state_dict()["3.running_mean"].grad)
  end)

  it("learns on, as the model does", function()
    local model = nn.Sequential(nn.Linear(4, 6), nn.ELU(), nn.Linear(6, 3))
    local graph = reloaded(model, {4})
    local x, y = nn.randn(10, 4), nn.randint(1, 4, 10)
    for _, each in ipairs {model, graph} do
      local optimizer = nn.optim.SGD(each:parameters(), {lr = 0.5})
      for _ = 1, 3 do
        optimizer:zero_grad()
        nn.CrossEntropyLoss()(each(x), y):backward()
        optimizer:step()
      end
    end
    support.close(graph(x), model(x))
    support.close(graph["1.weight"], model[1].weight)
  end)

  it("has right gradients in float64", function()
    local graph = reloaded(convolutional():eval(), {1, 8, 8}):to("float64")
    local x = nn.randint(0, 256, 2, 1, 8, 8, {dtype = "uint8"})
    assert.equals("float64", graph(x):dtype())
    assert.is_true((nn.gradcheck(function(...) return graph(x), ... end, graph:parameters(),
                                 {samples = 5})))
  end)

  it("is written again from what was loaded only by way of its own exporter", function()
    local graph = reloaded(nn.Linear(2, 2), {2})
    support.raises({"Graph of 1 node", "class 'Graph' cannot be exported"},
                   nn.onnx.save, path, graph, {input_shape = {2}})
  end)

  it("is the same file each time, and replaces one only when it is whole", function()
    local model = nn.Sequential(nn.Linear(2, 3), nn.Softplus {beta = 2, threshold = 3})
    assert(nn.onnx.save(path, model, {input_shape = {2}}))
    local bytes = read()
    support.raises({"layer 1 (Linear 2→3)"}, nn.onnx.save, path, model, {input_shape = {7}})
    assert.equals(bytes, read())
    assert(nn.export.onnx(path, model, {example = nn.ones(7, 2)}))
    assert.equals(bytes, read())
  end)

  it("has no hooks, which would be lost", function()
    local model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    local handle = model[2]:register_forward_hook(function(_, _, y) return y + 1 end)
    support.raises({"layer 2 (ReLU)", "hooks"}, nn.onnx.save, path, model, {input_shape = {2}})
    handle:remove()
    assert(nn.onnx.save(path, model, {input_shape = {2}}))
  end)

  it("may have modules of the user's, which tell how", function()
    local Twice = nn.class("Twice", nn.Module)
    function Twice.forward(_, x) return x * 2 end
    local Quietly = nn.class("Quietly", Twice)
    local Otherwise = nn.class("Otherwise", Twice)
    function Otherwise.forward(_, x) return x * 3 end
    local model = nn.Sequential(nn.Linear(2, 2), Quietly())
    support.raises({"layer 2 (Quietly)", "nn.onnx.register"}, nn.onnx.save, path, model,
                   {input_shape = {2}})
    nn.onnx.register(Twice, function(graph, _, x)
      return graph:node("Mul", {x, graph:constant(2)})
    end)
    local x = nn.randn(3, 2)
    support.close(reloaded(model, {2})(x), model(x))
    support.raises({"model (Otherwise)"}, nn.onnx.save, path, Otherwise(), {input_shape = {2}})
    nn.onnx.register(Otherwise, function() return 3 end)
    support.raises({"model (Otherwise)", "gave a number"}, nn.onnx.save, path, Otherwise(),
                   {input_shape = {2}})
  end)
end)

describe("a model that PyTorch exported", function()
  local recorded = support.fixture("torch_onnx")

  for _, name in ipairs {"convolutional", "recurrent", "transformer"} do
    it("computes what PyTorch computed, and learns: " .. name, function()
      local graph = nn.onnx.load(support.path("torch_onnx/" .. name .. ".onnx"))
      local x = support.tensor(recorded[name].input)
      local y = graph(x)
      support.close(y, support.tensor(recorded[name].output))
      y:square():sum():backward()
      assert.is_true(#graph:parameters() > 4)
      for _, parameter in ipairs(graph:parameters()) do
        assert.is_truthy(parameter.grad)
      end
    end)
  end
end)

describe("nn.onnx", function()
  it("says what the system refuses", function()
    local graph, problem = nn.onnx.load("/nonexistent/model.onnx")
    assert.is_nil(graph)
    assert.is_truthy(problem:find("/nonexistent/model.onnx", 1, true))
    assert.is_nil((nn.onnx.load(lfs.currentdir())))
    local ok, why = nn.onnx.save("/nonexistent/model.onnx", nn.ReLU(), {input_shape = {1}})
    assert.is_nil(ok)
    assert.is_truthy(why:find("/nonexistent/model.onnx", 1, true))
  end)

  it("checks arguments and options", function()
    support.raises({"#1", "'export.onnx'"}, nn.onnx.save, 1, nn.ReLU(), {input_shape = {1}})
    support.raises({"#2", "'export.onnx'"}, nn.onnx.save, path, {}, {input_shape = {1}})
    support.raises({"input_shape"}, nn.onnx.save, path, nn.ReLU())
    support.raises({"input_shape"}, nn.onnx.save, path, nn.ReLU(), {input_shape = {0}})
    support.raises({"example", "[0,3]"}, nn.onnx.save, path, nn.ReLU(), {example = nn.zeros(0, 3)})
    support.raises({"#1", "'register'"}, nn.onnx.register, "Net", print)
    support.raises({"#2", "'register'"}, nn.onnx.register, nn.ReLU, 1)
    support.raises({"#1", "'load'"}, nn.onnx.load)
    support.raises({"nn.onnx has no 'safe'", "save"}, function() return nn.onnx.safe end)
  end)

  it("refuses to export what depends on the batch", function()
    local norm = nn.BatchNorm1d(3, {track_running_stats = false})
    support.raises({"model (BatchNorm1d(3))", "batch"}, nn.onnx.save, path, norm,
                   {input_shape = {3}})
    support.raises({"layer 1 (Unflatten"}, nn.onnx.save, path,
                   nn.Sequential(nn.Unflatten(1, {1, -1})), {input_shape = {3}})
    support.raises({"AdaptiveAvgPool2d", "7x7", "2x2"}, nn.onnx.save, path,
                   nn.AdaptiveAvgPool2d(2), {input_shape = {1, 7, 7}})
  end)
end)

describe("a tensor in a file", function()
  -- What a TensorProto means, as a flat list.
  local function decoded(proto)
    local t, problem = tensor.decode(protobuf.decode(
      protobuf.encode(proto, schema.layouts.TensorProto), schema.layouts.TensorProto, "t"))
    return t and t:reshape({-1}):totable() or problem, t and t:dtype()
  end

  it("may be written in every way that there is", function()
    local cases = {
      {{data_type = 1, float_data = {0.5, -2}}, "float32", {0.5, -2}},
      {{data_type = 1, raw_data = ("<ff"):pack(0.5, -2)}, "float32", {0.5, -2}},
      {{data_type = 2, int32_data = {0, 255}}, "uint8", {0, 255}},
      {{data_type = 2, raw_data = "\0\255"}, "uint8", {0, 255}},
      {{data_type = 3, int32_data = {-128, 127}}, "int64", {-128, 127}},
      {{data_type = 3, raw_data = "\128\127"}, "int64", {-128, 127}},
      {{data_type = 4, raw_data = "\255\255\1\0"}, "int64", {65535, 1}},
      {{data_type = 5, raw_data = "\255\255\1\0"}, "int64", {-1, 1}},
      {{data_type = 6, int32_data = {-2147483648, 7}}, "int64", {-2147483648, 7}},
      {{data_type = 6, raw_data = ("<i4i4"):pack(-5, 7)}, "int64", {-5, 7}},
      {{data_type = 7, int64_data = {math.mininteger, 7}}, "int64", {math.mininteger, 7}},
      {{data_type = 7, raw_data = ("<i8i8"):pack(-5, 7)}, "int64", {-5, 7}},
      {{data_type = 9, int32_data = {1, 0}}, "bool", {true, false}},
      {{data_type = 9, raw_data = "\1\0"}, "bool", {true, false}},
      {{data_type = 10, int32_data = {0x3C00, 0xFC00}}, "float32", {1, -math.huge}},
      {{data_type = 10, raw_data = "\1\0\0\194"}, "float32", {2.0 ^ -24, -3}},
      {{data_type = 11, double_data = {0.1, 1e300}}, "float64", {0.1, 1e300}},
      {{data_type = 11, raw_data = ("<dd"):pack(0.1, 1e300)}, "float64", {0.1, 1e300}},
      {{data_type = 12, uint64_data = {4294967295, 1}}, "int64", {4294967295, 1}},
      {{data_type = 13, raw_data = ("<i8i8"):pack(9, 7)}, "int64", {9, 7}},
      {{data_type = 16, int32_data = {0x3F80, 0xC040}}, "float32", {1, -3}},
    }
    for _, case in ipairs(cases) do
      case[1].dims = {2}
      local values, dtype = decoded(case[1])
      assert.same({case[2], case[3]}, {dtype, values})
    end
    assert.same({3}, (decoded {data_type = 7, int64_data = {3}}))
    assert.same({}, (decoded {data_type = 1, dims = {0, 4}}))
  end)

  it("may not be something else", function()
    local cases = {
      {{data_type = 8, dims = {1}}, "string"},
      {{data_type = 1, dims = {-1}}, "a size of -1"},
      {{data_type = 1, dims = {1 << 40, 1 << 40}}, "more elements"},
      {{data_type = 1, dims = {1, 1, 1, 1, 1, 1, 1, 1, 1}, float_data = {1}}, "9 dimensions"},
      {{data_type = 1, dims = {1 << 40}}, "0 elements in float_data"},
      {{data_type = 1, dims = {2}, raw_data = "1234567"}, "7 bytes of raw_data"},
      {{data_type = 1, dims = {1 << 61}, raw_data = ""}, "0 bytes of raw_data"},
      {{data_type = 2, dims = {1}, int32_data = {256}}, "the uint8 256"},
      {{data_type = 9, dims = {1}, raw_data = "\2"}, "neither 0 nor 1"},
      {{data_type = 13, dims = {1}, uint64_data = {-1}}, "int64 does not hold"},
      {{data_type = 1, dims = {1}, segment = {}}, "a segment"},
    }
    for _, case in ipairs(cases) do
      assert.is_truthy(decoded(case[1]):find(case[2], 1, true), decoded(case[1]))
    end
  end)
end)

describe("nnlua.protobuf", function()
  local layouts = protobuf.layouts {
    Node = {{1, "id", "int64"}, {2, "children", "Node", "repeated"}, {3, "name", "string"},
            {4, "list", "int64", "repeated"}, {5, "packed", "double", "packed"},
            {6, "narrow", "int32"}},
  }

  local function decode(bytes)
    return protobuf.decode(bytes, layouts.Node, "file")
  end

  it("gives back what it was given", function()
    local message = {id = -1, name = "ä", list = {0, 127, 128, math.mininteger, math.maxinteger},
                     packed = {0.1, -math.huge}, narrow = -5,
                     children = {{id = 300}, {children = {{name = ""}}}}}
    assert.same(message, decode(protobuf.encode(message, layouts.Node)))
  end)

  it("reads what others may write", function()
    assert.same({id = 2}, decode("\8\1\8\2")) -- the last of several
    assert.same({list = {1, 2, 3}}, decode("\34\2\1\2\32\3")) -- packed and not
    assert.same({id = 1}, decode("\122\2ab\125abcd\121abcdefgh\120\1\8\1")) -- unknown fields
    assert.same({id = -1}, decode("\8\255\255\255\255\255\255\255\255\255\1"))
  end)

  it("says where it ends", function()
    local function bad(bytes, ...)
      support.raises({"file: byte ", ...}, decode, bytes)
    end
    bad("\8", "cut off")
    bad("\8\128", "id", "cut off")
    bad("\8\255\255\255\255\255\255\255\255\255\2", "id", "more than 64 bits")
    bad("\8\128\128\128\128\128\128\128\128\128\128\1", "id", "more than ten bytes")
    bad("\18\2\8", "children[1]", "2 bytes expected, 1 are left")
    bad("\18\3\18\2\8", "2 bytes expected")
    bad("\18\255\255\255\255\255\255\255\255\255\1", "children[1]", "2^63 or more")
    bad("\26\2\255\254", "name", "UTF-8")
    bad("\13\0\0\0\0", "id", "wire type 5, expected 0")
    bad("\42\3abc", "packed", "no whole number")
    bad("\48\128\128\128\128\16", "narrow", "32-bit")
    bad("\11", "no field")
    bad("\2", "no field")
  end)

  it("does not follow messages deeper than a hundred", function()
    local message = {}
    for _ = 1, 99 do
      message = {children = {message}}
    end
    assert.same(message, decode(protobuf.encode(message, layouts.Node)))
    support.raises({"nested more than 100 deep"}, decode,
                   protobuf.encode({children = {message}}, layouts.Node))
  end)
end)

describe("a damaged .onnx file", function()
  it("is loaded or raises, naming itself, whatever the damage", function()
    local model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.GELU(), nn.Flatten(), nn.Linear(8, 2))
    assert(nn.onnx.save(path, model, {input_shape = {1, 6}}))
    local bytes, x = read(), nn.ones(2, 1, 6)
    local rng = nn.Generator(5)
    local function random(n)
      return nn.randint(1, n + 1, 1, {generator = rng}):item()
    end
    local loaded, raised = 0, 0
    for _ = 1, 400 do
      local damaged = bytes
      for _ = 1, random(2) do -- cut off, shortened, lengthened or, mostly, changed in one byte
        local at, kind = random(#damaged), random(12)
        local byte = kind > 2 and string.char(random(256) - 1) or ""
        local left = kind == 1 and "" or damaged:sub(kind == 3 and at or at + 1)
        damaged = damaged:sub(1, at - 1) .. byte .. left
      end
      local file <close> = assert(io.open(path, "wb"))
      file:write(damaged)
      file:flush()
      local ok, graph = pcall(nn.onnx.load, path)
      if ok then
        loaded = loaded + 1
        local called, problem = pcall(graph, x)
        assert.is_true(called or type(problem) == "string")
      else
        raised = raised + 1
        assert.is_truthy(graph:find(path, 1, true), graph)
      end
    end
    assert.is_true(loaded > 20 and raised > 100, loaded .. " loaded")
  end)
end)

describe("nn.export.c_source", function()
  it("checks arguments and options", function()
    support.raises({"#1", "'export.c_source'"}, nn.export.c_source, 1, {input_shape = {1}})
    support.raises({"name", "2x"}, nn.export.c_source, nn.ReLU(), {input_shape = {1}, name = "2x"})
    support.raises({"input_shape"}, nn.export.c_source, nn.ReLU())
    support.raises({"model (Softmax(dim=1))", "rows"}, nn.export.c_source, nn.Softmax {dim = 1},
                   {input_shape = {3}})
  end)

  it("leaves the model as it was, and writes numbers without loss", function()
    local model = nn.Sequential(nn.Linear(2, 1, {bias = false}), nn.Dropout())
    model[1]:load_state_dict {weight = nn.tensor {{0.1, -1 / 3}}}
    local source = nn.export.c_source(model, {input_shape = {2}, name = "tiny"})
    assert.is_true(model.training and model[2].training)
    assert.is_truthy(source:find("0.100000001f, -0.333333343f", 1, true))
    assert.is_truthy(source:find("#define TINY_INPUT_SIZE 2\n", 1, true))
    model[1]:load_state_dict {weight = nn.tensor {{1, -math.huge}}}
    source = nn.export.c_source(model, {input_shape = {2}})
    assert.is_truthy(source:find("1.0f, -INFINITY", 1, true))
  end)
end)

-- recorded_layers_spec.lua - layers beside what PyTorch computes: outputs, gradients, state.
--
-- The cases are those of all tests/fixtures/layers_*.lua, recorded in float64 (layer_recorder.py).
-- float64 agrees to 1e-10 or, where a case has no sum of many terms, far closer; float32 to 1e-5:
-- relative to the element, plus the same relative to the largest element, because sums cancel.

local lfs = require "lfs"
local nn = require "nnlua"
local support = require "tests.spec.support"

local TOLERANCE = {float64 = {rtol = 1e-10, atol = 1e-12}, float32 = {rtol = 1e-5, atol = 1e-5}}

local fixtures = {}
for file in lfs.dir(support.path("")) do
  fixtures[#fixtures + 1] = file:match("^(layers_.*)%.lua$")
end
table.sort(fixtures)

-- Float inputs require gradients, but for those at the positions in `constants`.
local function requiring(list, constants)
  local constant = {}
  for _, position in ipairs(constants or {}) do constant[position] = true end
  for i, x in ipairs(list) do
    if nn.is_tensor(x) and x:dtype():find("^float") and not constant[i] then x:requires_grad_() end
  end
  return list
end

-- The tensors among results that may be nested tables, in order.
local function flatten(results)
  local list = {}
  for i = 1, #results do
    if type(results[i]) == "table" then
      table.move(flatten(results[i]), 1, #flatten(results[i]), #list + 1, list)
    else
      list[#list + 1] = results[i]
    end
  end
  return list
end

local function check(case, dtype)
  local tolerance = TOLERANCE[dtype]
  local options = {dtype = dtype, rtol = math.max(tolerance.rtol, dtype == "float64" and case.rtol
                                                                  or 0), atol = tolerance.atol}
  local module = assert(load("local nn = ...; return " .. case.module))(nn):to(dtype)
  module:train(case.training)
  module:load_state_dict(support.tensors(case.state, dtype))
  local inputs = requiring(support.tensors(case.inputs, dtype), case.constants)
  local outputs = flatten {module(table.unpack(inputs))}
  assert.equal(#case.outputs, #outputs)
  local loss = nn.tensor(0, {dtype = dtype})
  for i, y in ipairs(outputs) do
    support.close(y:detach(), case.outputs[i], "output " .. i, options)
    loss = loss + (y * support.tensor(case.dys[i], dtype)):sum()
  end
  loss:backward()
  local n = 0
  for i, x in ipairs(inputs) do
    if x.requires_grad then
      n = n + 1
      support.close(x.grad or nn.zeros_like(x), case.input_grads[n], "gradient of input " .. i,
                    options)
    end
  end
  for name, p in module:named_parameters() do
    support.close(p.grad or nn.zeros_like(p), case.grads[name], "gradient of " .. name, options)
  end
  local state = module:state_dict()
  for name, value in pairs(case.after) do
    support.close(state[name], value, name .. " afterwards",
                  value.dtype:find("^float") and options or {exact = true})
  end
end

for _, fixture in ipairs(fixtures) do
  describe("PyTorch agrees in " .. fixture, function()
    for _, case in ipairs(support.fixture(fixture)) do
      for _, dtype in ipairs {"float64", "float32"} do
        it(("on %s, %s"):format(case.name, dtype), function() check(case, dtype) end)
      end
    end
  end)
end

describe("PyTorch's results", function()
  -- What has no forward of its own.
  local excused = {ModuleDict = true, ModuleList = true}

  it("are recorded for every module", function()
    local recorded, missing = {}, {}
    for _, fixture in ipairs(fixtures) do
      for _, case in ipairs(support.fixture(fixture)) do
        for name in case.module:gmatch("nn%.(%u%w*)") do recorded[name] = true end
      end
    end
    for _, name in ipairs(support.module_names()) do
      if not recorded[name] and not excused[name] then missing[#missing + 1] = name end
    end
    assert.same({}, missing)
  end)
end)

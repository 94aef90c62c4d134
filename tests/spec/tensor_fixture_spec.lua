-- tensor_fixture_spec.lua - tensor operations against recorded PyTorch and NumPy results.
--
-- Each case of tests/fixtures/tensor.lua is an expression over named operands and the tensors that
-- it must give: dtype, shape and values.

local nn = require "nnlua"
local support = require "tests.spec.support"

local recorded = support.fixture("tensor")

describe("tensors", function()
  local operands = support.tensors(recorded.inputs)
  local environment = setmetatable({nn = nn}, {__index = operands})

  for _, group in ipairs(recorded.groups) do
    describe(group.name .. ":", function()
      for _, case in ipairs(group.cases) do
        it(case.lua, function()
          local results = table.pack(assert(load("return " .. case.lua, case.lua, "t",
            environment))())
          assert.are.equal(#case.results, results.n)
          for i, expected in ipairs(case.results) do
            support.close(results[i], expected, "result " .. i, {exact = case.exact})
          end
        end)
      end
    end)
  end

  it("are not changed by operations that do not end in _", function()
    local function compare(values, records, path)
      for name, record in pairs(records) do
        if support.is_record(record) then
          support.equal(values[name], record, path .. name)
        else
          compare(values[name], record, path .. name .. ".")
        end
      end
    end
    compare(operands, recorded.inputs, "")
  end)
end)

describe("integer division", function()
  local lowest = nn.tensor({math.mininteger}, {dtype = "int64"})

  it("by zero is an error that names the operation", function()
    local x, zero = nn.tensor({1, 2}, {dtype = "int64"}), nn.zeros(2, {dtype = "int64"})
    support.raises({"zero"}, function() return x // zero end)
    support.raises({"zero"}, function() return x % zero end)
    support.raises({"zero"}, function() return x // 0 end)
    support.raises({"zero"}, function() return x:to("uint8") % zero:to("uint8") end)
  end)

  it("of the lowest int64 by -1 wraps", function()
    support.equal(lowest // -1, lowest)
    support.equal(lowest % -1, nn.zeros(1, {dtype = "int64"}))
    support.equal(-lowest, lowest)
    support.equal(lowest:abs(), lowest)
  end)
end)

describe("an extreme of nothing", function()
  it("is an error that names function and shape", function()
    for _, name in ipairs({"max", "min", "argmax", "argmin"}) do
      local x = nn.zeros(0, 3)
      support.raises({name, "[0,3]"}, x[name], x)
      support.raises({name, "[0,3]"}, x[name], x, 1)
    end
  end)
end)

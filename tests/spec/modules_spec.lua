-- modules_spec.lua - every module that nn offers: its gradients, its state, its name.
--
-- The modules are found, not listed: a class of nn for which no tests/spec/cases/modules_*.lua has
-- an entry fails here.

local nn = require "nnlua"
local support = require "tests.spec.support"

local cases = support.cases("modules")

local function inputs_of(case)
  return table.unpack(case, 2)
end

-- The tensor whose gradient is checked.
local function output_of(case, ...)
  return case.output and case.output(...) or (...)
end

local function has_gradient(module, case)
  for i = 2, #case do
    if nn.is_tensor(case[i]) and case[i].requires_grad then return true end
  end
  return #module:parameters() > 0
end

local function check_gradient(case)
  nn.manual_seed(5)
  local module = case[1]()
  assert(has_gradient(module, case), "the case checks nothing")
  local function f(_, ...)
    return output_of(case, module(...))
  end
  local ok, report = nn.gradcheck(f, {module, inputs_of(case)})
  assert(ok, tostring(report))
  assert.equal(0, #report.kinks)
  assert.is_true(report.relative_difference < 1e-6)
end

-- The state goes through a file into a module of other values, which then gives the same bits.
local function check_state(case)
  nn.manual_seed(5)
  local first, path = case[1]():eval(), os.tmpname()
  finally(function() os.remove(path) end)
  nn.manual_seed(6)
  local second = case[1]():eval()
  if #first:state_dict() > 0 then
    assert(nn.io.save_safetensors(path, first:state_dict()))
    second:load_state_dict(assert(nn.io.load_safetensors(path)))
  end
  nn.no_grad(function()
    support.equal(output_of(case, second(inputs_of(case))),
                  output_of(case, first(inputs_of(case))))
  end)
end

describe("the module", function()
  for _, name in ipairs(support.module_names()) do
    describe(name, function()
      it("has the gradients that finite differences show", function()
        assert(cases[name], "no case of it in tests/spec/cases/modules_*.lua")
        for _, case in ipairs(cases[name]) do check_gradient(case) end
      end)

      it("keeps its state in a file", function()
        for _, case in ipairs(cases[name] or {}) do check_state(case) end
      end)

      it("prints", function()
        local module = cases[name][1][1]()
        assert.equal("string", type(tostring(module)))
        assert.is_true(nn.Module.is_module(module))
      end)
    end)
  end
end)

-- The cases with which the ONNX project tests backends, as far as nnlua has their operators.
--
-- docs/onnx.md says how many there are, run and pass, and lists those that do not pass, with the
-- reason. This compares: a case that neither passes nor is listed is a failure, and so is a listed
-- one that passes or is not there, and a number that is not so.

local cases = require "tests.spec.onnx_cases"
local operators = require "nnlua.onnx.operators"
local options = require "nnlua.options"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

describe("ONNX's own cases", function()
  local document = read("docs/onnx.md")

  it("are of operators that the document names", function()
    local names = document:match("\nOperators:\n(.-)%.\n"):gsub("%s+", " ")
    assert.equals(table.concat(options.sorted_keys(operators.known), ", "), names)
  end)

  for _, kind in ipairs {"node", "pytorch-converted", "pytorch-operator", "simple"} do
    it("in " .. kind, function()
      local listed, problems = {}, {}
      for name in document:gmatch("\n%- `" .. kind:gsub("%-", "%%-") .. "/([%w_]+)`") do
        listed[name] = true
      end
      local count, run, passed = 0, 0, 0
      for _, name in ipairs(cases.names(kind)) do
        local path = ("%s/%s/%s"):format(cases.FOLDER, kind, name)
        count = count + 1
        if not cases.unknown_operator(path) then
          local reason = cases.run(path)
          run, passed = run + 1, passed + (reason and 0 or 1)
          if reason and not listed[name] then
            problems[#problems + 1] = ("%s does not pass: %s"):format(name, reason)
          elseif not reason and listed[name] then
            problems[#problems + 1] = name .. " passes, but is listed"
          end
          listed[name] = nil
        end
      end
      for name in pairs(listed) do
        problems[#problems + 1] = name .. " is listed, but not run"
      end
      table.sort(problems)
      assert.same({}, problems)
      local row = ("\n| `%s` | %d | %d | %d |\n"):format(kind, count, run, passed)
      assert.is_truthy(document:find(row, 1, true), "docs/onnx.md has not the row" .. row)
    end)
  end
end)

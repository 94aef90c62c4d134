-- Exported models in other people's hands: onnx.checker and onnxruntime.

local support = require "tests.cli.support"

local PYTHON = "PYTHONPATH=build/python /usr/bin/python3" -- .ci/setup test fills build/python

describe("onnxruntime", function()
  local folder = support.folder()
  local models = support.run(("tests/cli/onnx_models.lua %s"):format(folder))
  local result = support.shell(("%s tests/cli/onnx_runtime.py %s"):format(PYTHON, folder))
  teardown(function() support.remove(folder) end)

  it("gets every model that is exported", function()
    assert.equals(0, models.status, models.stderr)
    assert.equals("", models.stderr)
  end)

  it("is there and runs", function()
    assert.equals(0, result.status, result.stderr)
  end)

  for name in models.stdout:gmatch("[%w_]+") do
    it("computes what the engine computes: " .. name, function()
      assert.equals(name .. " passed", ("\n" .. result.stdout):match("\n(" .. name .. " [^\n]*)"))
    end)
  end
end)

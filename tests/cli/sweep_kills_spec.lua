-- sweep_kills_spec.lua - workers of a sweep are killed and stopped; each trial is recorded once
--
-- `make torture` does the same at a larger scale.

local support = require "tests.cli.support"

describe("a sweep whose workers are killed and stopped", function()
  for _, kind in ipairs {"SQLite", "PostgreSQL"} do
    it("records every trial once on " .. kind, function()
      local result = support.run(("tests/stress/sweep.lua %s 100 4 12 4 0.5"):format(kind))
      assert.equal(0, result.status, result.stdout .. result.stderr)
      assert.matches("each trial is recorded once\n$", result.stdout)
    end)
  end
end)

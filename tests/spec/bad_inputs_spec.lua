-- bad_inputs_spec.lua - users' mistakes and damaged files: each raises, and says what and where.
--
-- tests/spec/cases/bad_AREA.lua returns {[title] = {run, pattern, ...}}: run(folder), with an empty
-- folder to write into, must raise one line in which every pattern (plain text) stands, at the
-- position of a file that is not the library's. At least two patterns: what is wrong, and where.

local lfs = require "lfs"
local nn = require "nnlua"
local support = require "tests.spec.support"

local cases = support.cases("bad")

local titles = {}
for title in pairs(cases) do
  titles[#titles + 1] = title
end
table.sort(titles)

describe("a bad input:", function()
  local folder

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(nn.io.mkdir_p(folder))
  end)

  after_each(function()
    for name in lfs.dir(folder) do
      os.remove(folder .. "/" .. name)
    end
    assert(os.remove(folder))
  end)

  for _, title in ipairs(titles) do
    it(title, function()
      local case = cases[title]
      assert.is_true(#case >= 3, "a case names what is wrong and where")
      local message = support.raises({table.unpack(case, 2)}, case[1], folder)
      assert.is_nil(message:find("\n", 1, true), message)
      assert.is_nil(message:match("^[^:]*lua/nnlua/"), message)
      assert.is_truthy(message:find("^[^:]+:%d+: "), message)
    end)
  end

  it("is among the cases", function()
    assert.is_true(#titles >= 16)
  end)
end)

-- Trainings that are killed, interrupted and resumed. `make torture` kills a hundred times.

local kills = require "tests.stress.kills"
local support = require "tests.cli.support"

describe("a training that is killed and resumed", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(function() support.remove(folder) end)

  for i, training in ipairs {kills.trainings[1], kills.trainings[6]} do
    it("ends with the same bytes: " .. training.name, function()
      local moments = {}
      local count, problem = kills.torture {
        training = training, count = 3, seed = i, dir = folder,
        log = function(line) moments[#moments + 1] = line end,
      }
      assert.is_truthy(count, tostring(problem) .. "\n" .. table.concat(moments, "\n"))
    end)
  end
end)

-- layers_spec.lua - tests/lint_layers notices an include that runs against the arrows

local support = require "tests.cli.support"

local quote, shell = support.quote, support.shell

describe("tests/lint_layers", function()
  local folder

  before_each(function() folder = support.folder() end)
  after_each(function() support.remove(folder) end)

  -- Checks a tree of one file, src/PATH, with these lines.
  local function lint(path, text)
    shell(("mkdir -p %s"):format(quote(folder .. "/" .. path:match("^(.*)/"))))
    support.write_file(folder .. "/" .. path, text)
    return shell("tests/lint_layers " .. quote(folder))
  end

  it("accepts what the arrows allow", function()
    for path, text in pairs {
      ["nn/a.c"] = '#include "kernel/x.h"\n#include "tensor/x.h"\n#include <math.h>\n',
      ["kernel/tuned/a.c"] = '#include "kernel/x.h"\n#include <cblas.h>\n',
      ["bind/a.c"] = '#include <lua.h>\n#include "io/x.h"\n',
    } do
      assert.equal(0, lint(path, text).status)
    end
  end)

  it("names file, line and header otherwise", function()
    local wrong = {
      {"tensor/a.c", '#include "nn/x.h"', 'tensor may not include "nn/x.h"'},
      {"kernel/tuned/a.c", '# include "tensor/x.h"', 'kernel may not include "tensor/x.h"'},
      {"io/a.h", '#include "bind/x.h" // why', 'io may not include "bind/x.h"'},
      {"app/a.c", '#include "nn/x.h"', 'app may not include "nn/x.h"'},
      {"nn/a.c", "#include <lua.h>", "nn may not include <lua.h>"},
      {"nn/a.c", '#include "loop.h"', '"loop.h" is not written relative to src/'},
    }
    for _, case in ipairs(wrong) do
      local path, text, message = table.unpack(case)
      local result = lint(path, "\n" .. text .. "\n")
      assert.equal(("src/%s:2: %s\n"):format(path, message), result.stdout)
      assert.equal(1, result.status)
      support.remove(folder .. "/" .. path)
    end
  end)
end)

-- Where a module's random numbers come from, besides the default generator.

local options = require "nnlua.options"

local generators = {}

--- generators.is(v) -> whether v is a generator.
function generators.is(v)
  return options.type_name(v) == "nnlua.Generator"
end

--- generators.of(module) -> list of the generators in the fields of the module and of those inside
--- it, always in the same order.
function generators.of(module)
  local list = {}
  local function visit(m)
    for _, name in ipairs(options.sorted_keys(m)) do
      local value = rawget(m, name)
      if generators.is(value) then list[#list + 1] = value end
    end
    for _, child in ipairs(m:children()) do visit(child) end
  end
  visit(module)
  return list
end

return generators

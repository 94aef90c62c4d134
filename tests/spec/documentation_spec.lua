-- documentation_spec.lua - every public name has documentation that `?name` finds
--
-- What is reachable from nn is enumerated here, by walking its tables and classes, not listed. The
-- options that signatures name are compared with those that the sources check.

local core = require "nnlua.core"
local documentation = require "nnlua.documentation"
local help = require "nnlua.repl.help"
local names = require "nnlua.repl.names"
local nn = require "nnlua"
local signature = require "nnlua.documentation.signature"
local source = require "nnlua.documentation.source"

-- Steps of the library itself that its classes share, and the tables of what states may hold.
local INTERNAL = {}
for _, name in ipairs {
  "init", "is", "class_name", "parent", "defaults", "progress",
  "check_group", "coefficients", "write_row",                                       -- optim, run
  "adopt", "forget", "go_to", "is_count", "is_factor", "is_part", "next_lr", "restore",
  "start_over", "state_problem",                                                    -- schedules
} do
  INTERNAL[name] = true
end

-- All functions and classes that users can name, as paths.
local function public_names()
  local paths, seen = {}, {}
  local function walk(t, prefix)
    if seen[t] then return end
    seen[t] = true
    for _, key in ipairs(names.fields(t)) do
      local value = names.get(t, key)
      if key:sub(1, 1) ~= "_" and not INTERNAL[key] then
        local path = prefix .. key
        if names.is_callable(value) then paths[#paths + 1] = path end
        if type(value) == "table" then walk(value, path .. ".") end
      end
    end
  end
  walk(nn, "nn.")
  walk(core.Tensor.methods, "x:")
  walk(getmetatable(nn.Generator()).__index, "g:")
  return paths
end

-- What is not documented as it should be: "path: first line".
local function faults(paths, env)
  local list = {}
  for _, path in ipairs(paths) do
    local text, message = help.describe(env, path)
    local first = text and text:match("^[^\n]*") or message
    local key = path:match("[%a_][%w_]*$")
    local values = names.resolve(env, path)
    local value, owner = values[#values], values[#values - 1]
    local documented = documentation.of(value) or documentation.of_method(owner, key)
    local name = first:match("^[%w_.:]+")
    if not documented or not name or name:match("[%w_]+$") ~= key then
      list[#list + 1] = path .. ": " .. first
    end
  end
  return list
end

describe("the documentation", function()
  local env = {nn = nn, x = nn.zeros(2), g = nn.Generator()}

  it("begins with a signature of that name, for every public name", function()
    local paths = public_names()
    assert.is_true(#paths > 1000)
    assert.equal("", table.concat(faults(paths, env), "\n"))
  end)

  it("would show what it lacks", function()
    local undocumented = {f = function() end, nn = nn}
    assert.same({"f: f()"}, faults({"f", "nn.zeros"}, undocumented))
  end)

  it("names each of nn's functions once", function()
    for _, name in ipairs(documentation.all_names()) do
      if name:find("^nn%.") then
        assert.equal(1, #documentation.named(name), name)
      end
    end
  end)
end)

describe("the options in signatures", function()
  -- Which of these options, checked in the file under the name "SGD" or "data.split", no signature
  -- with that name in the same file has. Nothing for what has no signature there.
  local function missing(file, checked, options)
    local key, known, found, list = checked:match("[%w_]+$"), {}, false, {}
    for _, name in ipairs(documentation.all_names()) do
      for _, entry in ipairs(name:match("[%w_]+$") == key and documentation.named(name) or {}) do
        if entry.file == file then
          found = true
          for _, one in ipairs(entry.signatures) do
            for _, option in ipairs(signature.options(one.text)) do known[option.name] = true end
          end
        end
      end
    end
    for _, option in ipairs(found and options or {}) do
      if not known[option] then list[#list + 1] = checked .. ": " .. option end
    end
    return list, found
  end

  it("are all that the Lua sources check", function()
    local absent, count = {}, 0
    for module in pairs(package.loaded) do
      local path = module:find("^nnlua%.") and package.searchpath(module, package.path)
      local text = path and table.concat(source.lines(path) or {}, "\n") or ""
      for name, options in text:gmatch('options%.check%("([%w_.]+)", [%w_]+, (%b{})%)') do
        local checked = {}
        for option in options:sub(2, -2):gsub("%b{}", ""):gmatch("([%a_][%w_]*)%s*=") do
          checked[#checked + 1] = option
        end
        local list, found = missing(path, name, checked)
        count = count + (found and 1 or 0)
        table.move(list, 1, #list, #absent + 1, absent)
      end
    end
    table.sort(absent)
    assert.equal("", table.concat(absent, "\n"))
    assert.is_true(count > 20)
  end)

  it("are all that the C sources check", function()
    local absent, count, read = {}, 0, {}
    for _, comment in ipairs(core.documentation()) do
      local path = comment.file
      if not read[path] then
        read[path] = true
        local text = table.concat(assert(source.lines(path)), "\n")
        for name, options in text:gmatch('nnb_options%(L, [%w+ ]+, "([%w_]+)",%s*(.-)%);') do
          local checked = {}
          for option in options:gmatch('"([%w_]+)"') do checked[#checked + 1] = option end
          local list, found = missing(path, name, checked)
          count = count + (found and 1 or 0)
          table.move(list, 1, #list, #absent + 1, absent)
        end
      end
    end
    assert.equal("", table.concat(absent, "\n"))
    assert.is_true(count > 15)
  end)
end)

describe("a documentation comment", function()
  local function parsed(text)
    local list, body = signature.parse(text)
    for i, one in ipairs(list) do list[i] = one.text end
    return list, body
  end

  it("begins with signatures", function()
    local list, body = parsed("nn.f(a [, b]\n[, {c = 1}]) -> y. What it does.")
    assert.same({"nn.f(a [, b] [, {c = 1}])"}, list)
    assert.equal("-> y. What it does.", body)
    list, body = parsed("x:f(a), x:f_(a): both. And (more), of it.")
    assert.same({"x:f(a)", "x:f_(a)"}, list)
    assert.equal("both. And (more), of it.", body)
    list, body = parsed("nn.F(a)\nf(x, y) -> z\nx [N]. f(x) is it")
    assert.same({"nn.F(a)", "f(x, y)"}, list)
    assert.equal("-> z\nx [N]. f(x) is it", body)
    assert.same({"nn.fit{a, b = {1, 2}}"}, (parsed("nn.fit{a, b = {1, 2}} -> h")))
    assert.same({"nn.version"}, (parsed("nn.version: a text")))
  end)

  it("may have none", function()
    for _, text in ipairs {"Whether it is so.", "", "(a)", "word", "nn.", "nn.f(", "nn.f{"} do
      local list = parsed(text)
      assert.is_true(#list == 0 or list[1] == "nn.f", text)
    end
  end)

  it("names options with their defaults", function()
    local function of(text)
      local list = {}
      for _, option in ipairs(signature.options(text)) do
        list[#list + 1] = option.name .. (option.default and "=" .. option.default or "")
      end
      return list
    end
    assert.same({"a=1", "b", 'c="x, y"', "d={1, 2}"},
                of('nn.f(x [, {a = 1, b, c = "x, y", d = {1, 2}}])'))
    assert.same({"a", "b", "c=2"}, of("nn.f{a, b [, c = 2]}"))
    assert.same({"d"}, of("nn.f({sizes}, v [, {d}])"))
    assert.same({}, of("nn.f(x)"))
    assert.same({}, of("nn.f(x, {...})"))
    assert.same({}, of("nn.version"))
    assert.same({}, of("nn.f(x, {a"))
  end)
end)

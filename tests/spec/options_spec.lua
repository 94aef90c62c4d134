-- Option tables: defaults, types, suggestions; and the classes that share the file's rank.

local class = require "nnlua.class"
local nn = require "nnlua"
local options = require "nnlua.options"
local support = require "tests.spec.support"

local DEFAULTS = {lr = options.required, momentum = 0, nesterov = false, name = "x",
                  weight = options.optional, betas = {1, 2}}

local function check(given)
  local filled = options.check("SGD", given, DEFAULTS)
  return filled -- not a tail call, which would hide this line from the message
end

describe("options.check", function()
  it("fills in defaults and leaves the given table alone", function()
    local given = {lr = 0.5, nesterov = true}
    assert.same({lr = 0.5, momentum = 0, nesterov = true, name = "x", betas = {1, 2}},
                check(given))
    assert.same({lr = 0.5, nesterov = true}, given)
    assert.same({a = false}, options.check("f", nil, {a = false}))
    assert.same({a = false}, options.check("f", {a = false}, {a = true}))
  end)

  it("suggests the nearest name for an unknown one", function()
    support.raises({"unknown option 'momentun' to 'SGD' (did you mean 'momentum'?)",
                    "options_spec"}, check, {lr = 1, momentun = 0.9})
    support.raises({"(did you mean 'betas'?)"}, check, {lr = 1, beats = 0.9}) -- a transposition
    support.raises({"(did you mean 'lr'?)"}, check, {Lr = 1})
    assert.not_matches("did you mean", support.raises({"'colour'"}, check, {lr = 1, colour = 1}))
  end)

  it("names option, function and both types of a mismatch", function()
    support.raises({"bad option 'momentum' to 'SGD' (number expected, got string)"}, check,
                   {lr = 1, momentum = "much"})
    support.raises({"bad option 'nesterov' to 'SGD' (boolean expected, got number)"}, check,
                   {lr = 1, nesterov = 1})
    support.raises({"bad option 'name' to 'SGD' (string expected, got tensor)"}, check,
                   {lr = 1, name = nn.ones(1)})
  end)

  it("takes anything for optional and required options", function()
    assert.equal("fast", check({lr = "fast"}).lr)
    assert.equal(1, check({lr = 1, weight = 1}).weight)
    assert.is_nil(check({lr = 1}).weight)
    support.raises({"'SGD' needs the option 'lr'"}, check, {})
    support.raises({"'SGD' needs the option 'lr'"}, check, nil)
  end)

  it("wants a table of names", function()
    support.raises({"bad options to 'SGD' (table expected, got number)"}, check, 0.1)
    support.raises({"bad options to 'SGD' (names expected, got a list)"}, check, {0.1})
  end)

  it("raises the alphabetically first of several mistakes", function()
    for _ = 1, 20 do
      support.raises({"unknown option 'aa'"}, check, {zz = 1, mm = 1, aa = 1, lr = 1})
    end
  end)
end)

describe("options.raise", function()
  it("formats, and blames the user's line", function()
    assert.matches("options_spec.lua:%d+: 3 of x$",
                   support.raises({}, function() options.raise("%d of %s", 3, "x") end))
  end)
end)

describe("class", function()
  local Shape = class("Shape")
  function Shape:init(size) self.size = size end
  function Shape:area() return self.size * self.factor end
  Shape.factor = 1
  local Circle = class("Circle", Shape)
  Circle.factor = 3

  it("makes instances by calling, with inherited methods", function()
    assert.equal(6, Circle(2):area())
    assert.equal(2, Shape(2):area())
  end)

  it("knows its kin and its name", function()
    local circle = Circle(1)
    assert.is_true(circle:is(Circle))
    assert.is_true(circle:is(Shape))
    assert.is_false(Shape(1):is(Circle))
    assert.equal("Circle", tostring(circle))
    assert.equal("class Circle", tostring(Circle))
  end)

  it("inherits metamethods", function()
    local Number = class("Number")
    Number.__add = function(a, b) return a.value + b.value end
    Number.__tostring = function(n) return "#" .. n.value end
    local Whole = class("Whole", Number)
    local n = Whole()
    n.value = 2
    assert.equal(4, n + n)
    assert.equal("#2", tostring(n))
  end)
end)

describe("the module nnlua", function()
  it("raises for a field it does not have, with a suggestion", function()
    support.raises({"nnlua has no 'randnn' (did you mean 'randn'?)", "options_spec"},
                   function() return nn.randnn end)
    support.raises({"nnlua has no 'plots' (did you mean 'plot'?)"}, function() return nn.plots end)
  end)

  it("loads what is rarely needed at its first use", function()
    assert.is_nil(rawget(nn, "metrics_that_do_not_exist"))
    assert.equal("function", type(nn.cli.parse))
    assert.is_not_nil(rawget(nn, "cli"))
  end)

  it("has the core's version and hides what is the library's own", function()
    assert.equal(nn.build_info().version, nn.version)
    for _, name in ipairs {"get_record", "set_record", "Tensor", "hooks", "sum_to", "ops"} do
      assert.is_nil(rawget(nn, name))
    end
  end)

  it("defines no global", function()
    local strange = {}
    for name in pairs(_G) do
      if name == "nn" or name == "nnlua" or name == "core" then
        strange[#strange + 1] = name
      end
    end
    assert.same({}, strange)
  end)
end)

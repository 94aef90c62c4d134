-- pretty_spec.lua - lua/nnlua/pretty.lua: values as short text

local nn = require "nnlua"
local pretty = require "nnlua.pretty"

describe("pretty", function()
  it("leaves plain values as tostring shows them", function()
    assert.equal("nil", pretty(nil))
    assert.equal("1.5", pretty(1.5))
    assert.equal("a\nb", pretty("a\nb"))
    assert.equal("mine", pretty(setmetatable({}, {__tostring = function() return "mine" end})))
  end)

  it("writes tables as Lua would, list first and keys sorted", function()
    assert.equal("{}", pretty({}))
    assert.equal('{1, 2, [-1.5] = 3, [10] = 0, a = "x", b = {c = true}}',
                 pretty({1, 2, b = {c = true}, a = "x", [10] = 0, [-1.5] = 3}))
    assert.equal('{["end"] = 1, ["two words"] = 2, [true] = 3}',
                 pretty({["two words"] = 2, [true] = 3, ["end"] = 1}))
  end)

  it("breaks what is too wide, one entry per line, numbers side by side", function()
    assert.equal('{\n  first = "aaaaaaaa",\n  second = "bbbbbbbb"\n}',
                 pretty({first = "aaaaaaaa", second = "bbbbbbbb"}, {width = 30}))
    local numbers = {}
    for i = 1, 30 do numbers[i] = i end
    assert.equal("{\n  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,\n"
      .. "  21, 22, 23, 24, 25, 26, 27, 28, 29, 30\n}", pretty(numbers))
    for line in pretty(numbers, {width = 24}):gmatch("[^\n]+") do assert.is_true(#line <= 25) end
  end)

  it("cuts depth, number of entries and strings", function()
    assert.equal("{{{{...}}}}", pretty({{{{1}}}}, {depth = 3}))
    assert.equal("{1, 2, ... 3 more}", pretty({1, 2, 3, 4, 5}, {items = 2}))
    assert.equal("{a = 1, b = 2, ... 1 more}", pretty({a = 1, b = 2, c = 3}, {items = 2}))
    assert.equal('{"' .. ("x"):rep(200) .. '"... (1000 bytes)}',
                 pretty({("x"):rep(1000)}, {width = 300}))
    assert.equal('{"' .. ("é"):rep(100) .. '"... (1000 bytes)}', -- never through a character
                 pretty({("é"):rep(500)}, {width = 300}))
  end)

  it("escapes strings inside tables", function()
    assert.equal([[{"a\nb\"c\\d\x00é"}]], pretty({"a\nb\"c\\d\0é"}))
    assert.equal([[{"\xff\xfe"}]], pretty({"\xff\xfe"}))
  end)

  it("ends on tables inside themselves, and shows a table twice that is there twice", function()
    local loop = {}
    loop.self = loop
    assert.equal("{self = <cycle>}", pretty(loop))
    local shared = {1}
    assert.equal("{{1}, {1}}", pretty({shared, shared}))
  end)

  it("runs none of a table's code", function()
    local trap = setmetatable({1}, {
      __index = error, __len = error, __pairs = error, __call = error, __eq = error,
    })
    assert.equal("{{1}}", pretty({trap}))
  end)

  it("shows other values inside tables in one line", function()
    assert.equal("{function}", pretty({print}))
    assert.equal("{first ...}", pretty({setmetatable({}, {
      __tostring = function() return "first\nsecond" end,
    })}))
    assert.equal("{[float32 2x3], 3.5000 [float32 scalar]}",
                 pretty({nn.zeros(2, 3), nn.tensor(3.5)}))
  end)

  it("shows functions by name, behind the values and side by side", function()
    assert.equal("{b = 1, a(), c()}", pretty({c = print, b = 1, a = print}))
    local many = {}
    for i = 1, 60 do many[("f%02d"):format(i)] = print end
    local lines = {}
    for line in pretty(many):gmatch("[^\n]+") do lines[#lines + 1] = line end
    assert.equal("  f01(), f02(), f03(), f04(), f05(), f06(), f07(), f08(), f09(), f10(), f11(),",
                 lines[2])
    assert.equal(8, #lines)
  end)
end)

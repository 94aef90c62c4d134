-- repl_inputs_spec.lua - lua/nnlua/repl/inputs.lua, paste.lua, timing.lua: what an input is

local inputs = require "nnlua.repl.inputs"
local paste = require "nnlua.repl.paste"
local timing = require "nnlua.repl.timing"

describe("an input of the REPL", function()
  local function kind(text)
    local input, _, incomplete = inputs.compile(text, {})
    if not input then return incomplete and "incomplete" or "wrong" end
    return input.kind .. (input.quiet and ", quiet" or "")
  end

  it("is an expression if it can be", function()
    for _, text in ipairs {"1 + 1", "=x", "f()", "x -- a;", "'a;--b'", "{\n1}", "-- nothing"} do
      assert.equal("expression", kind(text), text)
    end
    assert.equal("expression, quiet", kind("x;"))
    assert.equal("expression, quiet", kind("x; -- note"))
  end)

  it("may be statements that end in one", function()
    for _, text in ipairs {"x = 5; x", "x = 1\ny", "local a = 2\na * 3", "f = g;(h)(x)",
                           "x = 5 -- a\nx -- b;"} do
      assert.equal("mixed", kind(text), text)
    end
    assert.equal("mixed, quiet", kind("x = 5; x;"))
  end)

  it("is split nowhere else: neither in a block nor where Lua reads on", function()
    for _, text in ipairs {"x = 5", "x = 5;", "for i = 1, 2 do\nprint(i)\nend", "f = g\n(h)(x)",
                           "x = a\n-b", "x = f\n'text'", "return 5",
                           "if a then\nb()\nend"} do
      assert.equal("statement", kind(text), text)
    end
  end)

  it("is incomplete only where more lines can help", function()
    for _, text in ipairs {"f(", "x = {", "function f()\nreturn 1", "[[abc", "'abc\\",
                           "if x then y = 1; z", "x ="} do
      assert.equal("incomplete", kind(text), text)
    end
    for _, text in ipairs {"'abc", "x = = 1", "x;;", "foo bar", "end"} do
      assert.equal("wrong", kind(text), text)
    end
  end)

  it("keeps the function that an expression calls, and its own line, in the traceback", function()
    local env = {trace = debug.traceback}
    function env.f() local text = env.trace() return text end
    assert.matches("In%[%d+%]:1: in", (inputs.compile("f()", env).chunk()))
  end)

  it("may be pasted: a copied session, or code with commands in it", function()
    local function needs_more(text) return (select(3, inputs.compile(text, {}))) end
    local function split(text) return paste.split(text, {{"> ", ">> "}}, needs_more) end
    assert.same({}, split(" \n"))
    assert.same({"x = 1\ny = x > 2"}, split("x = 1\ny = x > 2\n"))
    assert.same({"x = 1", "function f()\nreturn 1\nend", "f()"},
                split("\n> x = 1\n> function f()\n>> return 1\n>> end\n> f()\n1\n"))
    assert.same({"t = {\n1,\n2}", "t"}, split("> t = {\n1,\n2}\n> t\n{1, 2}\n>"))
    assert.same({"%time f()", "x = [[\n%s]]", "!ls", "x"}, split("%time f()\nx = [[\n%s]]\n!ls\nx"))
    assert.equal("x", paste.continued(">> x", {{"> ", ">> "}}))
    assert.is_nil(paste.continued(">>x", {{"> ", ">> "}}))
  end)

  it("takes a time that is written with three digits and a unit", function()
    assert.equal("1.00 µs", timing.duration(1e-6))
    assert.equal("1.00 ms", timing.duration(0.99996e-3))
    assert.equal("45.6 ms", timing.duration(0.04561))
    assert.equal("789 ns", timing.duration(7.89e-7))
    assert.equal("59.9 s", timing.duration(59.9))
    assert.equal("1min 00s", timing.duration(59.96))
    assert.equal("0.00 ns", timing.duration(0))
  end)
end)

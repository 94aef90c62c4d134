-- help_spec.lua - what `?name` and `??name` print

local help = require "nnlua.repl.help"
local inputs = require "nnlua.repl.inputs"
local lfs = require "lfs"
local library = require "nnlua.repl.lua_library"
local nn = require "nnlua"

-- busted forgets what earlier specs have loaded; nn does not.
package.loaded["nnlua.fit"] = nn.fit

describe("help.describe", function()
  local env, folder

  before_each(function()
    env = setmetatable({
      nn = nn, x = nn.tensor {{1, 2}, {3, 4}}, t = {1, 2, {name = "three"}}, text = "hello",
      model = nn.Sequential(nn.Linear(2, 3), nn.ReLU()), opt = nil,
    }, {__index = _G})
    env.opt = nn.optim.SGD(env.model:parameters(), {lr = 0.1})
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
  end)
  after_each(function()
    for name in lfs.dir(folder) do os.remove(folder .. "/" .. name) end
    lfs.rmdir(folder)
  end)

  local function describe_name(name)
    return assert(help.describe(env, name))
  end

  -- The value of a script in a file.
  local function script(text)
    local path = folder .. "/user.lua"
    local file <close> = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    return assert(loadfile(path, "t", env))(), path
  end

  it("shows a class: signature, formula, shapes, fields, methods, place", function()
    local text = describe_name("nn.Linear")
    assert.matches("^nn%.Linear%(in_features, out_features %[, {bias = true", text)
    assert.matches("y = x W^T + b", text, 1, true)
    assert.matches("Shapes: x [*, in], W [out, in]", text, 1, true)
    assert.matches("Fields: weight [out, in]", text, 1, true)
    assert.matches("Methods: .*forward", text)
    assert.matches("Also those of: Module", text)
    assert.matches("layers/linear%.lua:%d+%)$", text)
    assert.is_nil(text:find("Invariant"))
  end)

  it("shows functions that are written in C, as functions and as methods", function()
    assert.matches('^nn%.zeros%(sizes%.%.%. %[, {dtype = "float32"}%]%)\n  %-> a tensor of zeros',
                   describe_name("nn.zeros"))
    assert.matches("^x:matmul%(y%)\n.*%[M,K%] x %[K,N%]", describe_name("x:matmul"))
    assert.equal(describe_name("x:matmul"), describe_name("x.matmul"))
    assert.equal(describe_name("x:matmul"), describe_name("nn.matmul"))
    assert.matches("^x:exp_%(%)\n", describe_name("x:exp_"))
    assert.matches("^nn%.conv2d%(x, W .*H' = ", describe_name("nn.conv2d"))
  end)

  it("shows the signature that was asked for, where a comment has several", function()
    local text = describe_name("nn.AvgPool2d")
    assert.matches("^nn%.AvgPool2d%(", text)
    assert.is_nil(text:find("nn.MaxPool2d(", 1, true))
    assert.matches("Also: nn%.MaxPool2d", text)
  end)

  it("puts the whole name in front, where the source leaves it out", function()
    assert.matches("^nn%.data%.split%(ds, sizes", describe_name("nn.data.split"))
    assert.matches("^nn%.metrics%.TopK%(k%)", describe_name("nn.metrics.TopK"))
  end)

  it("shows objects: what they print, and their class", function()
    local text = describe_name("model")
    assert.matches("^model: an object of class Sequential\nSequential%(", text)
    assert.matches("nn.Sequential(module, ...)", text, 1, true)
    assert.matches("^nn%.optim%.SGD%(params", describe_name("nn.optim.SGD"))
    assert.matches("^opt: an object of class SGD\n", describe_name("opt"))
  end)

  it("shows methods, and for one without a comment what it overrides", function()
    assert.matches("^module:train%(%[on = true%]%)", describe_name("model:train"))
    assert.matches("^module:forward%(%.%.%.%)", describe_name("nn.Linear.forward"))
    assert.matches("^model:slice%(first", describe_name("model:slice"))
    assert.matches("^opt:step%(%[closure%]%)", describe_name("opt:step"))
    assert.matches("^module:forward", describe_name("model[1].forward"))
  end)

  it("shows tensors, tables and other values", function()
    assert.matches("^x: tensor float32 %[2,2%]\n", describe_name("x"))
    assert.matches("matmul", describe_name("x"))
    assert.equal('t: table\n{1, 2, {name = "three"}}', describe_name("t"))
    assert.equal("text: string\nhello", describe_name("text"))
    assert.equal("t[3].name: string\nthree", describe_name("t[3].name"))
  end)

  it("shows what a module of the library is for, and its names", function()
    local text = describe_name("nn.optim")
    assert.matches("^nn%.optim\n", text)
    assert.matches("Names: Adadelta, Adagrad, Adam,", text)
    assert.matches("Names: [^.]*LBFGS", text)
    text = describe_name("nn.fit")
    assert.matches("^nn%.fit{model, criterion", text)
    assert.matches("\n    local history = nn.fit {\n      model = model", text, 1, true)
  end)

  it("shows fields that are documented, with their value", function()
    assert.matches("^nn%.version\n.*\n\nnn%.version = %d+%.%d+%.%d+$", describe_name("nn.version"))
    env.y = nn.ones(2)
    assert.matches("^x%.grad\n  the gradient", describe_name("y.grad"))
    env.y.requires_grad = true
    assert.matches("^x%.requires_grad\n.*\n\ny%.requires_grad = true$",
                   describe_name("y.requires_grad"))
  end)

  it("keeps lines that were ended on purpose", function()
    local text = describe_name("nn.cli.parse")
    assert.matches("\n  %-> opts, names\n  opts: option name", text)
  end)

  it("finds methods by the variable that the documentation calls them with", function()
    env.x, env.opt = nil, nil
    assert.matches("^x:relu%(%)", describe_name("x:relu"))
    assert.matches("^saver:update%(step", describe_name("saver:update"))
  end)

  it("shows Lua's own functions in one line each", function()
    assert.matches("^string%.format%(format, %.%.%.%) %-> ", describe_name("string.format"))
    assert.matches("^print%(%.%.%.%)", describe_name("print"))
    assert.matches("^table%.concat%(list", describe_name("table.concat"))
  end)

  it("shows the comment above a user's function or class", function()
    env.f, env.path = script [[
-- Twice of it.
-- Rounds nothing.
local function twice(x, ...)
  return 2 * x
end
return twice]]
    assert.equal(("f(x, ...)\n  Twice of it.\n  Rounds nothing.\n  (%s:1)"):format(env.path),
                 describe_name("f"))
    env.Net = script [[
--- Net(width): a net of mine.
local Net = nn.class("Net", nn.Module)

function Net:init(width)
  self.layer = nn.Linear(width, 1)
end

function Net:forward(x)
  return self.layer(x)
end
return Net]]
    assert.matches("^Net%(width%)\n", describe_name("Net"))
    assert.matches("a net of mine%.", describe_name("Net"))
    env.net = env.Net(3)
    assert.matches("^net: an object of class Net\n.*a net of mine%.", describe_name("net"))
  end)

  it("shows a function that was typed with its lines", function()
    local text = "function typed(a)\n  return a\nend"
    local number = inputs.add(text)
    assert(load(text, ("=In[%d]"):format(number), "t", env))()
    assert.equal(("typed(a)\n  Typed as In[%d]:\n    function typed(a)\n      return a\n    end")
      :format(number), describe_name("typed"))
    assert.equal(("In[%d]\n%s"):format(number, text), help.source(env, "typed"))
  end)

  it("names what it does not know, with a suggestion", function()
    local function complaint(name)
      local text, message = help.describe(env, name)
      assert.is_nil(text)
      return message
    end
    assert.equal("there is no 'Linaer' in 'nn' (did you mean 'Linear'?)", complaint("nn.Linaer"))
    assert.equal("there is no 'matmul'; see ?x:matmul", complaint("matmul"))
    assert.equal("there is no 'modle' (did you mean 'model'?)", complaint("modle"))
    assert.equal("'1 + 1' is no name; a name is like nn.Linear or x:matmul", complaint("1 + 1"))
    assert.matches("^%?name shows", complaint(" "))
    assert.equal("there is no command '%nothing'", complaint("%nothing"))
  end)

  it("survives values that make trouble", function()
    env.bad = setmetatable({}, {__tostring = function() error("no") end,
                                __index = function() error("no") end})
    assert.matches("^bad: table\n", describe_name("bad"))
    local _, message = help.describe(env, "bad.field")
    assert.equal("there is no 'field' in 'bad'", message)
    env.loop = {}
    setmetatable(env.loop, {__index = env.loop})
    assert.is_string(describe_name("loop"))
    env.odd = {class_name = 5, init = 3}
    env.odd.__index = env.odd
    assert.is_string(describe_name("odd"))
  end)

  it("knows every function of Lua's library", function()
    local missing = {}
    local function check(t, prefix)
      for name, value in pairs(t) do
        -- what only builds with compatibility for Lua 5.3 have is left out
        if type(value) == "function" and not library.of(value)
           and not (prefix == "math." or name == "setcstacklimit") then
          missing[#missing + 1] = prefix .. name
        end
      end
    end
    check({assert = assert, dofile = dofile, pcall = pcall, print = print, type = type}, "")
    for _, name in ipairs {"coroutine", "debug", "io", "math", "os", "package", "string", "table",
                           "utf8"} do
      check(_G[name], name .. ".")
    end
    assert.equal("", table.concat(missing, " "))
    for _, line in ipairs(library.lines) do assert.is_true(#line <= 100, line) end
  end)
end)

describe("help.source", function()
  local env = setmetatable({nn = nn, x = nn.zeros(2), model = nn.Sequential(nn.ReLU())},
                           {__index = _G})

  it("shows a class and an object's class from the file, below the place", function()
    local text = assert(help.source(env, "nn.Linear"))
    assert.matches("^[^\n]*layers/linear%.lua:%d+\n%-%-%- nn%.Linear%(", text)
    assert.matches("function Linear:forward(x)\n  return functional.linear(", text, 1, true)
    assert.matches("\nend$", text)
    assert.matches('local Sequential = class("Sequential", ModuleList)',
                   assert(help.source(env, "model")), 1, true)
    assert.matches("function Conv:forward", assert(help.source(env, "nn.Conv2d")))
  end)

  it("shows functions and methods with the comment above", function()
    local text = assert(help.source(env, "nn.metrics.accuracy"))
    assert.matches("^[^\n]*metrics%.lua:%d+\n%-%-%- nn%.metrics%.accuracy", text)
    assert.matches("\nend$", text)
    assert.matches("\nfunction Module:train%(on%)\n.*\nend$", help.source(env, "model:train"))
    assert.matches("^[^\n]*fit%.lua:%d+\n.*local function fit%(given%)", help.source(env, "nn.fit"))
  end)

  it("says where it is in C, and documents it", function()
    assert.matches("^zeros is written in C: src/bind/create%.c:%d+\nnn%.zeros%(",
                   help.source(env, "nn.zeros"))
    assert.matches("^matmul is written in C: src/bind/elementwise%.c:%d+\nx:matmul%(",
                   help.source(env, "x:matmul"))
    assert.matches("^print is written in C\nprint%(", help.source(env, "print"))
  end)

  it("says what has no source", function()
    local text, message = help.source(env, "x")
    assert.is_nil(text)
    assert.equal("'x' is a tensor, which has no source", message)
    text, message = help.source(env, "nn.nothing_like_it")
    assert.is_nil(text)
    assert.equal("there is no 'nothing_like_it' in 'nn'", message)
  end)
end)

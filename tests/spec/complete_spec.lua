-- complete_spec.lua - what Tab offers, without a terminal
--
-- A case is a line whose cursor stands at "|", or at the end.

local complete = require "nnlua.repl.complete"
local lfs = require "lfs"
local nn = require "nnlua"

describe("completion", function()
  local env

  before_each(function()
    env = setmetatable({
      nn = nn, x = nn.zeros(2, 3), model = nn.Sequential(nn.Linear(2, 3), nn.ReLU()), text = "a",
      t = {alpha = 1, alphabet = {beta = {gamma = 1}}, ["a key"] = 2, ["end"] = 3, method = print,
           [1] = "one", _hidden = 1},
    }, {__index = _G})
    env.opt = nn.optim.Adam(env.model:parameters())
  end)

  -- The candidates joined by blanks, and the line with the first one put in.
  local function at(line, earlier)
    local cursor = (line:find("|", 1, true) or #line + 1) - 1
    local whole = line:gsub("|", "", 1)
    local list, first, fault = complete.candidates(whole, cursor, env, earlier)
    assert.is_nil(fault)
    assert.is_true(first >= 1 and first <= cursor + 1)
    return table.concat(list, " "),
           list[1] and whole:sub(1, first - 1) .. list[1] .. whole:sub(cursor + 1)
  end

  local function completed(line, earlier)
    return select(2, at(line, earlier))
  end

  it("knows variables, Lua's globals and words", function()
    assert.equal("model", (at("mod")))
    assert.equal("print(model", completed("print(mod"))
    assert.equal("setmetatable", (at("x = setm")))
    assert.equal("repeat require return", (at("re")))
    assert.equal("while", (at("whi")))
    assert.equal("", (at("nothing_like_this")))
  end)

  it("knows fields, through metatables and modules that are not loaded yet", function()
    assert.equal("optim", (at("nn.op")))
    assert.equal("nn.optim", completed("nn.op"))
    assert.equal("Adadelta Adagrad Adam AdamW", (at("nn.optim.A")))
    assert.equal("alpha alphabet", (at("t.al")))
    assert.equal("gamma", (at("t.alphabet . beta .")))
    assert.equal("method", (at("t.me")))
    assert.equal("plot", (at("nn.plo")))
    assert.equal("lines", (at("nn.plot.li")))
    assert.equal("format", (at("string.for")))
    assert.equal("grad", (at("x.gra")))
    assert.equal("weight", (at("model[1].we")))
    assert.equal("", (at("t.en")), "a word of Lua's or no name cannot be written behind a point")
    assert.equal("_hidden", (at("t._")))
  end)

  it("knows methods, which can be called", function()
    assert.equal("matmul", (at("x:mat")))
    assert.equal("parameters", (at("model:par")))
    assert.equal("slice", (at("model:sl")))
    assert.equal("step", (at("opt:st"):gsub("state_dict ", "")))
    assert.equal("method", (at("t:")))
    assert.equal("upper", (at("text:up")))
    assert.equal("upper", (at("('a'):up")))
    assert.equal("upper", (at("t[1]:up")))
    assert.equal("", (at("t.alpha:")))
  end)

  it("knows the kind of what some calls give", function()
    assert.equal("matmul", (at("nn.zeros(2, {dtype = 'int64'}):mat")))
    assert.equal("matmul", (at("x:exp():mat")))
    assert.equal("matmul", (at("(x * 2 + 1):mat")))
    assert.equal("matmul", (at("x[1]:mat")))
    assert.equal("matmul", (at("model(x):mat")))
    assert.equal("matmul", (at("nn.Linear(2, 3)(x):mat")))
    assert.equal("forward", (at("nn.Linear(2, 3):forw")))
    assert.equal("", (at("x:shape():mat")))
    assert.equal("", (at("unknown(x):mat")))
  end)

  it("knows the options of functions", function()
    assert.equal("nn.Conv2d(1, 8, 3, {padding = ", completed("nn.Conv2d(1, 8, 3, {pad"))
    assert.equal("nn.Conv2d(1, 8, 3, {padding = 1, groups = ",
                 completed("nn.Conv2d(1, 8, 3, {padding = 1, gr"))
    assert.equal("nn.fit{epochs = ", completed("nn.fit{ep"))
    assert.equal("nn.fit {epochs = 1, optimizer = ", completed("nn.fit {epochs = 1, op"))
    assert.equal("x:sum(1, {keepdim = ", completed("x:sum(1, {"))
    assert.equal("nn.zeros(2, {dtype = ", completed("nn.zeros(2, {"))
    assert.equal("lr = ", (at("nn.optim.SGD(model:parameters(), {l")))
    assert.equal("strict = ", (at("model:load_state_dict(d, {st")))
    assert.equal("batch_size = ", (at("nn.data.loader{ba")))
    assert.equal("title = ", (at("nn.plot.lines('a.png', {ti")))
    assert.equal("negative_slope = ", (at("nn.leaky_relu(x, {")))
    assert.equal("nn.zeros(2, {dtype = 'bool'})", completed("nn.zeros(2, {dt| = 'bool'})"))
    assert.equal("padding = ", (at("  pad", "c = nn.Conv2d(1, 8, 3, {\n  stride = 2,")))
  end)

  it("knows the options that a user documents", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("--- train(model, {epochs = 10, lr})\nreturn function(model, given) end")
    file:close()
    env.train = dofile(path)
    assert.equal("epochs = ", (at("train(model, {ep")))
    os.remove(path)
    assert.equal("and arg assert", (at("train(model, {a")))
  end)

  it("does not offer options that are given, or where a value stands", function()
    assert.equal("momentum = ", (at("nn.optim.SGD(p, {maximize = true, m")))
    assert.equal("model", (at("nn.fit{model = mod")))
    assert.equal("model", (at("nn.fit{metrics = {mod")))
    assert.equal("model", (at("nn.zeros(mod")))
  end)

  it("knows keys", function()
    assert.equal("a key alpha alphabet", (at("t['a")))
    assert.equal('t["a key"]', completed('t["a k'))
    assert.equal("t['a key'] + 1", completed("t['a k|'] + 1"))
    assert.equal("t['alphabet']['beta']", completed("t['alphabet']['be"))
  end)

  it("stays out of comments, numbers, and names that are being made", function()
    for _, line in ipairs {"-- nn.op", "--[[ nn.op", "x = 12", "for mod", "goto mod", "::mod",
                           "[[nn.op"} do
      assert.equal("", (at(line)), line)
    end
    assert.equal("function", (at("local fu")))
  end)

  it("knows the locals of an input", function()
    assert.equal("fresh", (at("local fresh, other = 1, 2 print(fre")))
    assert.equal("parameter", (at("function f(parameter) return param")))
    assert.equal("key_name", (at("key_n", "for key_name, v in pairs(t) do")))
  end)

  it("works in the middle of a line and of a name", function()
    assert.equal("print(nn.optim).x", completed("print(nn.op|).x"))
    assert.equal("nn.optim.Adam", completed("nn.opt|.Adam"))
  end)

  it("asks what there is to ask about behind ?", function()
    assert.equal("?nn.Linear", completed("?nn.Line"))
    assert.equal("??x:matmul", completed("??x:mat"))
    assert.equal("", (at("?whi")))
  end)

  it("completes code behind a command", function()
    assert.equal("%time x:matmul", completed("%time x:mat"))
  end)

  describe("of files", function()
    local folder
    before_each(function()
      folder = os.tmpname()
      os.remove(folder)
      assert(lfs.mkdir(folder))
      assert(lfs.mkdir(folder .. "/inner"))
      for _, name in ipairs {"data.csv", "data2.csv", "other.png", ".hidden", "inner/deep.lua"} do
        assert(io.open(folder .. "/" .. name, "w")):close()
      end
    end)
    after_each(function()
      for _, name in ipairs {"data.csv", "data2.csv", "other.png", ".hidden", "inner/deep.lua",
                             "inner", ""} do
        os.remove(folder .. "/" .. name)
      end
    end)

    it("names them in strings, folders with a slash", function()
      assert.equal("data.csv data2.csv", (at(("nn.io.load_csv('%s/da"):format(folder))))
      assert.equal(("f('%s/other.png'"):format(folder), completed(("f('%s/ot"):format(folder)))
      assert.equal(("f('%s/other.png')"):format(folder), completed(("f('%s/ot|')"):format(folder)))
      assert.equal(("f '%s/inner/"):format(folder), completed(("f '%s/in"):format(folder)))
      assert.equal("data.csv data2.csv inner/ other.png", (at(("f '%s/"):format(folder))))
      assert.equal(".hidden'", (at(("f '%s/."):format(folder))))
      assert.equal("", (at("f 'no_folder_here/")))
    end)

    it("names those of the home folder behind ~", function()
      local visible = {}
      for name in lfs.dir(os.getenv("HOME")) do
        local path = os.getenv("HOME") .. "/" .. name
        if name:sub(1, 1) ~= "." and not name:find("[%c\"'\\]") then
          local is_folder = lfs.symlinkattributes(path, "mode") == "directory"
          visible[#visible + 1] = is_folder and name .. "/" or name
        end
      end
      table.sort(visible)
      assert.equal("dofile('~/", completed("dofile('~"))
      if #visible ~= 1 then -- a file that is alone gets its quote
        assert.equal(table.concat(visible, " "), (at("dofile('~/")))
      end
    end)

    it("names them behind commands that take them", function()
      assert.equal(("%%load %s/inner/"):format(folder), completed(("%%load %s/in"):format(folder)))
      assert.equal(("!cat %s/other.png"):format(folder), completed(("!cat %s/ot"):format(folder)))
    end)
  end)

  it("runs no code", function()
    local function trap() error("code was run") end
    local traps = {__index = trap, __newindex = trap, __len = trap, __call = trap, __eq = trap,
                   __tostring = trap, __concat = trap, __pairs = nil, __unm = trap, __add = trap}
    env.trap = setmetatable({inside = {1}}, traps)
    env.property = setmetatable({}, {__index = setmetatable({value = 1}, traps)})
    env.call = trap
    assert.equal("inside", (at("trap.ins")))
    assert.equal("", (at("trap.other")))
    assert.equal("", (at("trap.missing.")))
    assert.equal("value", (at("property.va")))
    assert.equal("", (at("call().")))
    assert.equal("and arg assert", (at("call{a")))
    assert.equal("", (at("(trap + trap):a")))
    assert.equal("", (at("trap['o")))
    local Asking = nn.class("Asking")
    function Asking.method() end
    Asking.__index = trap
    env.asking = Asking()
    assert.equal("method", (at("asking:me")))
    env.loop = {}
    setmetatable(env.loop, {__index = env.loop})
    assert.equal("", (at("loop.a")))
  end)

  it("asks environments that list their names", function()
    local locals = {weights = nn.zeros(2), width = 1}
    env = setmetatable({}, {
      __index = function(_, name) return locals[name] or error("undefined variable " .. name) end,
      __pairs = function() return next, locals end,
    })
    assert.equal("weights width", (at("w"):gsub(" while", "")))
    assert.equal("matmul", (at("weights:mat")))
    assert.equal("", (at("nobody:mat")))
  end)

  it("never raises and never answers outside the line", function()
    local texts = {"nn.fit{model = model, ['a", "x[1][{ {}, {1,", "t.alphabet['be", "f[[a]].b",
                   "(((nn.zeros)))(1).", "}}}]]))x:", "nn..op", "nn.:op", "a.b:c{d = {e[", "1..2.",
                   "'\\", "\"a\\\"b", "0x1p-3.", "\0\255nn.op", "%%%", "???", "!", "?%", "t[[[",
                   "::", "local local function function(", "nn.Linear(", "f{;,;{,"}
    for line in io.lines("lua/nnlua/repl/complete.lua") do texts[#texts + 1] = line end
    for _, text in ipairs(texts) do
      for cursor = 0, #text, #text > 30 and 7 or 1 do
        local list, first, fault = complete.candidates(text, cursor, env)
        assert.is_nil(fault, text:sub(1, cursor))
        assert.is_true(first >= 1 and first <= cursor + 1)
        for i = 2, #list do assert.is_true(list[i - 1] < list[i]) end
      end
    end
  end)
end)

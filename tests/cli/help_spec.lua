-- help_spec.lua - Tab, ? and ?? on a terminal

local support = require "tests.cli.support"

local Repl = require "tests.cli.repl"

describe("the REPL", function()
  local folder, session

  before_each(function()
    folder = support.folder()
    session = Repl.start(folder)
  end)
  after_each(function()
    session:close()
    support.remove(folder)
  end)

  -- Types a line up to where Tab is pressed, and expects what that adds.
  local function tab(typed, added, prompt)
    session:expect(prompt or Repl.PROMPT)
    session:send(typed)
    session:expect(typed)
    session:send("\t")
    session:expect(added)
  end

  -- Goes on and presses Enter; what is shown then.
  local function go_on(rest)
    session:send(rest .. "\r")
    session:expect(rest .. "\n")
  end

  it("completes names with Tab: fields, methods, what modules still to be loaded have", function()
    tab("nn.opti", "m")
    session:send(".Ada\t")
    session:expect("Adadelta")
    session:expect("AdamW")
    session:expect("> nn.optim.Ada")
    go_on("m == nn.optim.Adam")
    session:expect("true\n")

    session:ask("x = nn.ones(2, 3)")
    tab("x:mat", "mul")
    go_on("(x:t()):sum():item()")
    session:expect("12.0\n")
    tab("nn.plot.deci", "sion_boundary")
    go_on(" ~= nil")
    session:expect("true\n")
    tab("setmet", "atable")
    go_on(" == setmetatable")
    session:expect("true\n")
  end)

  it("completes options, also on a further line, and keys", function()
    tab("nn.zeros(2, {dty", "pe = ")
    go_on("'uint8'}):dtype()")
    session:expect("uint8\n")
    session:ask("t = {['a key'] = 7}")
    tab("t['a", " key']")
    go_on("")
    session:expect("7\n")
    session:enter("c = nn.Conv2d(1, 8, 3, {")
    tab("padd", "ing = ", Repl.MORE)
    go_on("1})")
    assert.equal("1", session:ask("c.options.padding[1]"))
  end)

  it("completes files in strings, and commands", function()
    support.write_file(folder .. "/numbers.csv", "a,b\n1,2\n")
    tab(("nn.io.load_csv('%s/num"):format(folder), "bers.csv'")
    go_on(").rows")
    session:expect("1\n")
    tab("%hist", "ory")
    go_on("")
    session:expect("load_csv")
    tab("?nn.Lin", "ear")
    go_on("")
    session:expect("nn.Linear(in_features, out_features")
  end)

  it("completes in the middle of a line", function()
    session:expect(Repl.PROMPT)
    session:send("print(nn.versi .. '!')")
    session:expect("'!')")
    session:send("\1" .. ("\6"):rep(#"print(nn.versi") .. "\t")
    session:expect("on")
    session:send("\r")
    session:expect("0.1.0!\n")
  end)

  it("shows documentation with ? and source with ??", function()
    local shown = session:ask("?nn.zeros")
    assert.matches('^nn%.zeros%(sizes%.%.%. %[, {dtype = "float32"}%]%)\n  %-> a tensor of', shown)
    assert.matches("^nn%.data%.split%(ds, sizes", session:ask("?nn.data.split"))
    session:enter("function double(a)")
    session:expect(Repl.MORE)
    session:send("  return 2 * a end\r")
    assert.matches("^In%[%d+%]\nfunction double%(a%)\n  return 2 %* a end$",
                   session:ask("??double"))
    assert.matches("^double%(a%)\n  Typed as In%[%d+%]:\n", session:ask("?double"))
    assert.matches("layers/linear%.lua:%d+\n.*function Linear:forward", session:ask("??nn.Linear"))
    assert.matches("^%%time INPUT\n  run it once", session:ask("?%time"))
    assert.matches("^who%(%)\n  shows your variables", session:ask("?who"))
    assert.equal("there is no 'Linaer' in 'nn' (did you mean 'Linear'?)",
                 session:ask("?nn.Linaer"))
    session:ask("nn.tensor {1, 2}")
    assert.matches("^_: tensor float32 %[2%]\n", session:ask("?_"))
  end)
end)

-- breakpoint_spec.lua - a session inside the running code: by Ctrl-C under -i, and nn.breakpoint

local support = require "tests.cli.support"

local sleep = require("system").sleep

local nnlua, read_file, shell = support.nnlua, support.read_file, support.shell

local BREAK = "break> "

describe("a break", function()
  local folder, session

  before_each(function() folder = support.folder() end)
  after_each(function()
    if session then session:close() end
    session = nil
    support.remove(folder)
  end)

  local function start(arguments)
    session = support.terminal(("env -C %s -u NNLUA_DATA NO_COLOR=1 %s %s"):format(
      folder, nnlua, arguments), folder)
    return session
  end

  local function script(text)
    return support.write_file(folder .. "/script.lua", text)
  end

  -- Types an input; the prompt was expected before. Returns what it shows.
  local function enter(input)
    session:send(input .. "\r")
    session:expect(input .. "\n")
    return session:expect(BREAK)
  end

  local function go_on()
    session:send("continue\r")
    session:expect("continue\n")
  end

  local LOOP = [[
local nn = require "nnlua"
local rate = 1
limit = 40
local function train(total)
  for step = 1, limit do
    local w = nn.ones(200, 300)
    total = total + rate
    local t = nn.clock()
    print("step " .. step)
    while nn.clock() - t < 0.02 do end
  end
  return total
end
print("total " .. train(0))
]]

  it("shows the frames, and sets their variables", function()
    start("-i " .. script(LOOP))
    session:expect("step 2\n")
    session:send("\3")
    session:expect("Break at ")
    assert.matches("script.lua:%d+ in function 'train'\n", session:expect(BREAK))
    assert.equal("[200,300]\n", enter("w:size()"))
    assert.matches("function 'train'\n.*main chunk\n", enter("where"))
    assert.matches("locals\n.*  step +%d+\n.*upvalues\n.*  rate +1\n", enter("locals"))
    local step = tonumber(enter("step"))
    assert.equal(step, tonumber(enter("total")))
    enter("rate, total, limit_was = 0, 1000, limit")
    assert.equal("1000\t0\t40\n", enter("total, rate, limit_was"))
    assert.matches("main chunk", enter("up"))
    assert.equal("0\n", enter("rate"))
    assert.matches("undefined variable 'step'", enter("step"))
    assert.matches("outermost", enter("up"))
    assert.matches("'train'", enter("down"))
    go_on()
    session:expect("total 1000\n")
    session:expect("> ")
    session:send("limit_was\r")
    session:expect("40\n")
  end)

  it("sees the variables of the functions around it", function()
    start(script([[
      local nn = require "nnlua"
      local rate, shadowed = 1, "outer"
      local function look(shadowed)
        nn.breakpoint()
        return shadowed
      end
      print(look("inner"))
      print("rate " .. rate, shadowed)]]))
    session:expect(BREAK)
    assert.equal("1\tinner\n", enter("rate, shadowed"))
    enter("rate, shadowed = 2, 'changed'")
    go_on()
    session:expect("changed\n")
    session:expect("rate 2\touter\n")
  end)

  it("stops its own inputs on Ctrl-C, and the code goes on", function()
    start("-i " .. script(LOOP))
    session:expect("step 2\n")
    session:send("\3")
    session:expect(BREAK)
    for _, endless in ipairs {"while true do end", "while true do nn.ones(2):sum() end"} do
      session:send(endless .. "\r")
      session:expect(endless .. "\n")
      session:send("\3")
      session:expect("interrupted\n")
      session:expect(BREAK)
    end
    session:send("\4")
    session:expect("total 40\n")
  end)

  it("comes again and again, also in coroutines", function()
    start("-i " .. script(LOOP:gsub("train%(0%)", "coroutine.wrap(train)(0)")))
    for _, line in ipairs {"step 2\n", "step 12\n"} do
      session:expect(line)
      session:send("\3")
      session:expect(BREAK)
      assert.matches("script.lua:%d+ in a function\n$", enter("where"))
      go_on()
    end
    session:expect("total 40\n")
  end)

  it("waits for a computation, and a second Ctrl-C ends that", function()
    start("-i " .. script([[
      local nn = require "nnlua"
      local a = nn.ones(4096, 4096, {dtype = "float64"})
      print("running")
      a:matmul(a)]]))
    session:expect("running\n")
    sleep(0.1) -- into the product
    session:send("\3")
    session:expect("^C")
    sleep(0.3) -- two keys at once are one signal
    session:send("\3")
    assert.not_matches("Break", session:expect("interrupted at "))
    session:expect("> ")
  end)

  it("ends the script with abort, and the session of -i comes", function()
    start("-i " .. script(LOOP))
    session:expect("step 2\n")
    session:send("\3")
    session:expect(BREAK)
    session:send("abort\r")
    assert.matches("script.lua:%d+\n", session:expect("> "))
    session:send("limit\r")
    session:expect("40\n")
  end)

  it("is nn.breakpoint, on a condition", function()
    start(script([[
      local nn = require "nnlua"
      for i = 1, 5 do
        nn.breakpoint(i == 3)
        print("i is " .. i)
      end]]))
    session:expect("i is 2\n")
    session:expect(BREAK)
    assert.equal("3\n", enter("i"))
    go_on()
    session:expect("i is 5\n")
    local status = session:close()
    session = nil
    assert.equal(0, status)
  end)

  it("is one line on standard error where nobody can answer", function()
    local path = script('local nn = require "nnlua"\nnn.breakpoint()\nprint("after")')
    local result = support.run(path)
    assert.equal("after\n", result.stdout)
    assert.matches("^[^\n]*script.lua:2: nn.breakpoint: there is no terminal; going on\n$",
                   result.stderr)
    assert.equal(0, result.status)
    result = support.run("-i " .. path, "1 + 1\ncontinue\n2 + 2")
    assert.equal("2\nafter\n4\n", result.stdout)
    assert.equal("", result.stderr)
  end)

  describe("into experiments/mnist_25x25.lua", function()
    local here = shell("pwd").stdout:gsub("\n", "")
    local REFERENCE = here .. "/experiments/mnist_25x25.lua"
    local ARGUMENTS = " --epochs 400 --train 150 --test 30 --hidden 8,6 --no-plots --log-every 20"
                      .. " --out "

    local function rows(out)
      local list = {}
      for line in io.lines(folder .. "/" .. out .. "/metrics.csv") do list[#list + 1] = line end
      return list
    end

    local function run(path, out)
      local result = shell(("cd %s && env -u NNLUA_DATA %s %s%s%s"):format(folder, nnlua, path,
                                                                          ARGUMENTS, out))
      assert.equal(0, result.status, result.stderr)
      return rows(out)
    end

    -- Breaks in, does what `inside` does, goes on to the end.
    local function run_with_break(out, more, inside)
      start("-i " .. REFERENCE .. ARGUMENTS .. out .. more)
      session:expect("Epoch 40,")
      session:send("\3")
      session:expect(BREAK)
      inside()
      go_on()
      session:expect("Final Test Accuracy")
      session:expect("> ")
      session:send("\4")
      assert.equal(0, (session:close()))
      session = nil
    end

    it("changes nothing if nothing is changed, with checkpoints or without", function()
      local expected = run(REFERENCE, "whole")
      for _, more in ipairs {"", " --checkpoint-every 100"} do
        local out = "broken" .. #more
        run_with_break(out, more, function()
          assert.equal("[8,784]\n", enter("linears[1].weight:size()"))
        end)
        assert.same(expected, rows(out))
        assert.equal(read_file(folder .. "/whole/metrics.csv"),
                     read_file(folder .. "/" .. out .. "/metrics.csv"))
      end
    end)

    it("halves the learning rate from that epoch on", function()
      local whole, epoch = run(REFERENCE, "whole"), nil
      run_with_break("halved", "", function()
        assert.equal("[8,784]\n", enter("linears[1].weight:size()"))
        enter("optimizer.lr = optimizer.lr / 2")
        assert.equal("0.005\t0.005\n", enter("optimizer.groups[1].lr, optimizer.groups[2].lr"))
        epoch = tonumber(enter("epoch"))
        -- The step of this epoch has been taken already where it has logged or evaluates.
        local line = tonumber(enter("where"):match("mnist_25x25.lua:(%d+) in main chunk"))
        local number = 0
        for text in io.lines(REFERENCE) do
          number = number + 1
          if text:find("optimizer:step()", 1, true) and line > number then epoch = epoch + 1 end
        end
      end)
      local scripted = script((read_file(REFERENCE):gsub("\n  optimizer:zero_grad%(%)", ([[

  if epoch == %d then
    for _, group in ipairs(optimizer.groups) do group.lr = group.lr / 2 end
  end%%0]]):format(epoch))))
      local halved = rows("halved")
      assert.same(run(scripted, "scripted"), halved)
      local same = epoch + 1 -- the header, and the epochs from 0 before this one
      assert.same(table.concat(whole, "\n", 1, same), table.concat(halved, "\n", 1, same))
      for i = same + 1, #whole do assert.not_equal(whole[i], halved[i]) end
    end)

    it("stops with a checkpoint when a training with checkpoints is aborted", function()
      start("-i " .. REFERENCE .. ARGUMENTS .. "out --checkpoint-every 100000")
      session:expect("Epoch 40,")
      session:send("\3")
      session:expect(BREAK)
      local epoch = tonumber(enter("epoch"))
      session:send("abort\r")
      session:expect("interrupted at ")
      session:expect("> ")
      session:send(("require('nnlua').checkpoint.list('%s/out/checkpoints')[1].step\r"):format(
        folder))
      session:expect("\n")
      local step = tonumber(session:expect("> "):match("%d+"))
      assert.is_true(step == epoch + 1 or step == epoch)
    end)
  end)
end)

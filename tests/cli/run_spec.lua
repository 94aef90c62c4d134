-- What the folder of a run says when its process is done, however it ended, and what TensorBoard
-- reads of it. `make torture` kills a hundred runs.

local runs = require "tests.stress.runs"
local support = require "tests.cli.support"

local quote = support.quote

describe("a run", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(function() support.remove(folder) end)

  -- Runs a script in the folder, whose run is runs/r/*; -> the folder of that, the exit status.
  local function ran(script, words, interpreter)
    support.write_file(folder .. "/script.lua", script)
    local result = support.shell(("cd %s && rm -rf runs && env -u NNLUA_RUNS --default-signal=INT "
      .. "%s script.lua %s"):format(quote(folder), interpreter or support.nnlua, words or ""))
    return folder .. "/runs/" .. support.shell(("ls -d %s/runs/r/*"):format(quote(folder)))
      .stdout:match("runs/(r/[^\n]*)\n$"), result
  end
  local function field(dir, name)
    return support.read_file(dir .. "/state.json"):match('"' .. name .. '": ("?[^\n]-"?),?\n')
  end

  it("records how its script ended, closed or not", function()
    local script = [[
      local nn, how = require "nnlua", ...
      local run = nn.run {name = "r"}
      run:log {loss = 1}
      print "printed"
      local function die(signal)
        io.popen(("kill -%s %d"):format(signal, io.open("/proc/self/stat"):read("n"))):close()
        while true do end
      end
      local ways = {
        error = function() error "boom" end,
        exit = function() os.exit(how == "exit") end,
        bad_exit = function() os.exit(3, true) end,
        cli = function() require("nnlua.cli").fail("prog", "no file") end,
        int = function() die("INT") end, kill = function() die("KILL") end,
      }
      if ways[how] then ways[how]() end]]
    for how, expected in pairs {
      none = {0, '"finished"'}, exit = {0, '"finished"'}, int = {130, '"interrupted"'},
      error = {1, '"failed"', "script.lua:%d+: boom\\nstack traceback:\\n\\tscript.lua:%d+: in "},
      bad_exit = {3, '"failed"', "exit status 3"}, cli = {1, '"failed"', "no file"},
      kill = {137, '"running"'},
    } do
      local dir, result = ran(script, how)
      assert.same({how, expected[1], expected[2]}, {how, result.status, field(dir, "state")})
      assert.truthy(tostring(field(dir, "message")):find(expected[3] or "^nil$"))
      assert.equal("loss\n1\n", support.read_file(dir .. "/metrics.csv"))
      assert.truthy(support.read_file(dir .. "/output.log"):find("^printed\n"))
      assert.equal(how == "kill" and "null" or "1", how == "kill" and field(dir, "ended")
                                                    or field(dir, "rows"))
    end
  end)

  it("says which script, command line and commit it came from", function()
    local git = ("cd %s && git init -q . && git -c user.name=n -c user.email=e commit -q "
      .. "--allow-empty -m m && git rev-parse HEAD"):format(quote(folder))
    local commit = support.shell(git).stdout:match("%x+")
    local script = [[
      local nn = require "nnlua"
      nn.manual_seed(5)
      local run <close> = nn.run {name = "r"}
      io.write("one\n"); io.stderr:write("two\n")
      local bar = nn.progress {terminal = true, stream = io.stderr}
      bar:update(1)
      bar:print("three")
      bar:finish()]]
    local dir, result = ran(script, "'a b' -x")
    assert.equal(0, result.status, result.stderr)
    local info = support.read_file(dir .. "/run.json")
    assert.truthy(info:find('"script.lua",\n    "a b",\n    "-x"', 1, true), info)
    assert.truthy(info:find('"seed": 5', 1, true))
    assert.truthy(info:find('"commit": "' .. commit .. '"', 1, true))
    assert.truthy(info:find('"dirty": false', 1, true))
    assert.equal(script, support.read_file(dir .. "/script.lua"))
    assert.equal("one\ntwo\nthree\n", support.read_file(dir .. "/output.log"))
    support.shell(("cd %s && git add script.lua"):format(quote(folder)))
    info = support.read_file(ran(script) .. "/run.json")
    assert.truthy(info:find('"dirty": true', 1, true))
  end)

  it("gets a folder of its own when many begin in the same second", function()
    local result = support.shell(("cd %s && for i in 1 2 3 4 5 6; do env -u NNLUA_RUNS %s -e %s & "
      .. "done; wait"):format(quote(folder), support.nnlua,
                             quote('print(require("nnlua").run({name = "r"}).dir)')))
    local seen, count = {}, 0
    for dir in result.stdout:gmatch("[^\n]+") do
      assert.is_nil(seen[dir])
      seen[dir], count = true, count + 1
    end
    assert.equal(6, count, result.stderr)
  end)

  it("has whole rows only when the disk is full", function()
    local script = [[
      local nn = require "nnlua"
      local run <close> = nn.run {name = "r"}
      for _ = 1, 100 do run:log {text = ("x"):rep(99)} end]]
    local dir, result = ran(script, "", "sh -c 'ulimit -f 3; trap \"\" XFSZ; exec \"$@\"' sh "
                                        .. support.nnlua)
    assert.equal(1, result.status)
    assert.truthy(result.stderr:find("script.lua:3: run: cannot write '[^\n]*metrics.csv': File"))
    local text = support.read_file(dir .. "/metrics.csv")
    assert.truthy(text:find("^text\n"))
    assert.equal(#text, #"text\n" + 100 * select(2, text:gsub("x\n", "")))
    assert.equal('"failed"', field(dir, "state"))
  end)

  it("is what TensorBoard reads, killed, resumed or not", function()
    local dir, result = ran [[
      local nn = require "nnlua"
      local run <close> = nn.run {name = "r"}
      for epoch = 10, 12 do
        run:log {epoch = epoch, loss = 1 / epoch, note = "text",
                 ["an/acc"] = epoch == 12 and 1 or nil}
        run:image("digits/all", nn.ones(4, 1, 5, 6))
        run:histogram("w", nn.tensor {0, 1, 1, 4}, {bins = 2})
      end
      run:text("notes", "# caf\u{e9}")
      local parts = nn.run {name = "parts", dir = "runs/parts"}
      for step = 1, 6 do
        parts:log {step = step, loss = step}
        if step == 4 then saved = parts:state_dict() end
      end
      parts:close()
      parts = nn.run {name = "parts", dir = "runs/parts", resume = true}
      parts:load_state_dict(saved)
      for step = 5, 7 do parts:log {step = step, loss = 10 * step} end]]
    assert.equal(0, result.status, result.stderr)
    local moments, root = {}, folder .. "/killed"
    support.shell("mkdir " .. quote(root))
    local killed, problem = runs.torture {
      count = 4, seed = 3, root = root, log = function(line) moments[#moments + 1] = line end,
      also = {dir, folder .. "/runs/parts"},
    }
    assert.is_truthy(killed, tostring(problem) .. "\n" .. table.concat(moments, "\n"))
    local read = killed[dir]
    assert.same({loss = {count = 3, first = 10, last = 12, value = string.unpack("<f",
                   string.pack("<f", 1 / 12))},
                 ["an/acc"] = {count = 1, first = 12, last = 12, value = 1.0}}, read.scalars)
    local image = read.images["digits/all"]
    assert.same({3, 12, 13, 11}, {image.count, image.last, image.width, image.height})
    assert.equal(support.read_file(dir .. "/images/digits/all/12.png"), image.png)
    assert.same({count = 3, last = 12, num = 4.0, sum = 6.0, edges = {0.0, 2.0, 4.0},
                 counts = {0.0, 3.0, 1.0}}, read.histograms.w)
    assert.same({count = 1, last = 12, text = "# caf\u{e9}"}, read.texts.notes)
    -- steps 5 and 6 of the first process do not count
    assert.same({count = 7, first = 1, last = 7, value = 70.0},
                killed[folder .. "/runs/parts"].scalars.loss)
  end)
end)

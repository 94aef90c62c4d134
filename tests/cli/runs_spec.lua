-- nnlua runs, as a user types it: listing, showing, comparing, removing; and its index, whatever
-- happens to those who write it.

local index = require "tests.stress.index"
local lfs = require "lfs"
local stress = require "tests.stress.runs"
local support = require "tests.cli.support"

local quote, shell = support.quote, support.shell

local EXPERIMENT = [[
local nn = require "nnlua"
nn.manual_seed(3)
local lr, how = tonumber(arg[1]), arg[2]
local run <close> = nn.run {name = "exp", config = {options = {lr = lr, hidden = {2, 3}}},
                            tags = {"first"}}
for i = 1, 20 do run:log {epoch = i, loss = math.exp(-lr * i), test_accuracy = 1 - lr / i} end
if how == "fail" then error("what went\nwrong") end
if how == "kill" then os.execute("kill -9 $PPID") end
]]

describe("nnlua runs", function()
  local folder, root

  -- nnlua runs ARGUMENTS in the folder that has "runs"
  local function runs(arguments, input)
    return shell(("cd %s && %s runs %s"):format(quote(folder), support.nnlua, arguments or ""),
                 input)
  end

  local function experiment(arguments)
    return shell(("cd %s && %s exp.lua %s"):format(quote(folder), support.nnlua, arguments))
  end

  -- The ids in the order in which the runs are listed.
  local function ids(arguments)
    local list = {}
    for id in runs("--csv --columns id " .. (arguments or "")).stdout:gmatch("[^\n]+") do
      list[#list + 1] = id
    end
    table.remove(list, 1)
    return list
  end

  setup(function()
    folder = support.folder()
    root = folder .. "/runs"
    support.write_file(folder .. "/exp.lua", EXPERIMENT)
    experiment "0.1"
    experiment "0.5 fail"
    experiment "0.3 kill"
  end)
  teardown(function() support.remove(folder) end)

  describe("as a command", function()
    it("comes before a file of its name, which is run as ./runs", function()
      local place <close> = setmetatable({path = support.folder()}, {__close = function(self)
        support.remove(self.path)
      end})
      support.write_file(place.path .. "/runs", "print('a file', ...)")
      local function there(words)
        return shell(("cd %s && %s %s"):format(quote(place.path), support.nnlua, words))
      end
      assert.equal("a file\tx\n", there("./runs x").stdout)
      assert.equal("a file\tx\n", there("-- runs x").stdout)
      assert.match("^Usage: nnlua runs", there("runs --help").stdout)
      assert.equal("nnlua: cannot open walks: No such file or directory\n",
                   there("walks").stderr)
      assert.match("nnlua COMMAND.*\n  runs  ", there("--help").stdout)
    end)

    it("says where there are no runs", function()
      local result = shell(("cd / && NNLUA_RUNS=%s/none %s runs"):format(folder, support.nnlua))
      assert.equal(("nnlua runs: there is no folder '%s/none'; nn.run makes it\n"):format(folder),
                   result.stderr)
      assert.equal(1, result.status)
      result = shell(("cd / && mkdir %s/empty && %s runs --dir %s/empty"):format(
        folder, support.nnlua, folder))
      assert.equal(("nnlua runs: no runs in '%s/empty'\n"):format(folder), result.stderr)
      assert.equal(0, result.status)
    end)

    it("answers mistakes with one line and status 2", function()
      local cases = {
        ["shwo"] = "nnlua runs: no command 'shwo' (did you mean 'show'?); see --help",
        ["--limt 3"] = "nnlua runs: unknown option '--limt' (did you mean '--limit'?); see --help",
        ["--filter lrr=1"] = "nnlua runs: filter: no run has a field 'lrr' (did you mean 'lr'?)",
        ["--sort los"] = "nnlua runs: sort: no run has a field 'los' (did you mean 'loss'?)",
        ["--columns id,lss"] = "nnlua runs: option '--columns': no run has a field 'lss'"
                               .. " (did you mean 'loss'?)",
        ["--json --csv"] = "nnlua runs: --json and --csv exclude each other",
        ["show"] = "nnlua runs show: missing argument 'id'; see --help",
        ["show nothing"] = "nnlua runs show: there is no run 'nothing' in 'runs'",
        ["show latest --metric los"] = "nnlua runs show: the run has no metric 'los'"
                                       .. " (did you mean 'loss'?)",
        ["compare latest"] = "nnlua runs compare: two runs or more are needed",
      }
      for arguments, message in pairs(cases) do
        local result = runs(arguments)
        assert.equal(message .. "\n", result.stderr)
        assert.equal(2, result.status)
      end
      assert.match("'exp' may be 3 runs: exp/", runs("show exp").stderr, 1, true)
    end)
  end)

  describe("lists", function()
    it("the newest first, with what tells them apart", function()
      local lines = {}
      for line in runs().stdout:gmatch("[^\n]+") do lines[#lines + 1] = line end
      assert.match("^id +name  state +age +time +lr  test_accuracy +best +loss  epoch$", lines[1])
      assert.match("exp   killed .* 0%.3 +0%.985 +0%.985 +0%.002479 +20$", lines[2])
      assert.match("exp   failed .* 0%.5 +0%.975 +0%.975 +4%.54e%-05 +20$", lines[3])
      assert.match("exp   finished .* 0%.1 +0%.995 +0%.995 +0%.1353 +20$", lines[4])
      assert.equal(4, #lines)
    end)

    it("what a filter lets through, in the order that is asked for", function()
      assert.equal(3, #ids())
      local by_lr = ids("--sort lr")
      assert.same({by_lr[3], by_lr[2], by_lr[1]}, ids("--sort -lr"))
      assert.same({by_lr[3], by_lr[2], by_lr[1]}, ids("--sort lr --reverse"))
      assert.same({by_lr[2], by_lr[3]}, ids("--filter 'lr > 0.1' --sort=lr"))
      assert.same({by_lr[2]}, ids("--filter 'state=killed'"))
      assert.same({by_lr[1]}, ids("--sort -test_accuracy.max --limit 1"))
      assert.equal("nnlua runs: no runs match\n", runs("--filter lr=7").stderr)
    end)

    it("as CSV and JSON, which others read", function()
      local function python(arguments, code)
        return runs(arguments .. " | /usr/bin/python3 -c " .. quote(code))
      end
      local result = python("--csv", [[
import csv, sys
for r in csv.DictReader(sys.stdin):
    print(r["state"], float(r["options.lr"]), r["options.hidden"], float(r["loss"]) < 0.2, r["tag"])
]])
      assert.equal("killed 0.3 2,3 True first\nfailed 0.5 2,3 True first\n"
                   .. "finished 0.1 2,3 True first\n", result.stdout)
      result = python("--json", [[
import json, sys
for r in json.load(sys.stdin):
    print(r["id"][:4], r["params"]["options.lr"], r["metrics"]["test_accuracy"]["max_step"],
          r["tags"], r["seed"], r["rows"])
]])
      assert.equal("exp/ 0.3 20 ['first'] 3 20\nexp/ 0.5 20 ['first'] 3 20\n"
                   .. "exp/ 0.1 20 ['first'] 3 20\n", result.stdout)
      assert.equal("[]\n", runs("--json --filter lr=7").stdout)
    end)

    it("on a terminal in its width, in colour unless NO_COLOR is set", function()
      local function screen(environment)
        local command = ("cd %s && env %s %s runs"):format(quote(folder), environment,
                                                             support.nnlua)
        return shell(("script -qec %s /dev/null </dev/null"):format(
          quote("stty cols 60 rows 24; " .. command))).stdout
      end
      local coloured = screen("-u NO_COLOR TERM=xterm")
      assert.match("\27[31mfailed", coloured, 1, true)
      local plain = screen("NO_COLOR=1 TERM=xterm")
      assert.is_nil(plain:find("\27", 1, true))
      assert.is_nil(screen("-u NO_COLOR TERM=dumb"):find("\27", 1, true))
      for line in plain:gmatch("[^\r\n]+") do assert.is_true(#line <= 60) end
      assert.match("test_accuracy", plain, 1, true)
    end)
  end)

  it("shows everything about one", function()
    local text = runs("show latest").stdout
    for _, expected in ipairs {"state    killed", "rows     20", "tags     first",
                               "options.hidden  2,3", "options.lr      0.3", "exp.lua 0.3 kill",
                               "metrics.csv", "test_accuracy"} do
      assert.match(expected, text, 1, true)
    end
    assert.match("\n  loss +0%.002479  0%.002479  20\n", text)
    local failed = ids("--filter state=failed")[1]
    for _, name in ipairs {failed, failed:sub(8), "runs/" .. failed, root .. "/" .. failed} do
      text = runs("show " .. name).stdout
      assert.match("exp.lua:7: what went\n  wrong\n", text, 1, true)
    end
  end)

  it("compares them, in the terminal and as a picture", function()
    local list = table.concat(ids("--sort lr --limit 2"), " ")
    local text = runs("compare " .. list).stdout
    assert.match("\noptions.lr +0%.1 +0%.3\n", text)
    assert.is_nil(text:find("options.hidden", 1, true))
    assert.match("\ntest_accuracy +0%.995 +0%.985\n  best +0%.995 +0%.985\nloss ", text)
    local result = runs("compare " .. list .. " -o curves.png")
    assert.equal("", result.stderr)
    assert.equal("\137PNG", support.read_file(folder .. "/curves.png"):sub(1, 4))
  end)

  it("reports on them", function()
    local result = runs("report --filter state!=failed -o page.html")
    assert.equal("page.html: 2 runs\n", result.stdout .. result.stderr)
    assert.equal("<!doctype html>", support.read_file(folder .. "/page.html"):sub(1, 15):lower())
  end)

  describe("removes", function()
    it("after asking, and never a run that is running", function()
      experiment "0.7"
      local id = ids()[1]
      local result = runs("rm latest")
      assert.equal("nnlua runs rm: no terminal to ask on; --yes removes without asking\n",
                   result.stderr)
      assert.equal(1, result.status)
      support.write_file(root .. "/" .. id .. "/state.json", '{"state": "running"}')
      result = shell(("cd %s && flock runs/%s/lock %s runs rm --yes %s"):format(
        quote(folder), id, support.nnlua, id))
      assert.equal(("nnlua runs rm: runs/%s is running\n"):format(id), result.stderr)
      assert.equal(1, result.status)
      assert.equal(id, ids()[1])

      local function remove(words)
        local command = ("cd %s && %s runs rm %s"):format(quote(folder), support.nnlua, words)
        return support.terminal("sh -c " .. quote(command), folder)
      end
      local terminal = remove(id .. " latest")
      terminal:expect("Remove this run? [y/N]")
      terminal:send("n\r")
      terminal:expect("Nothing is removed.")
      terminal:close()
      assert.equal(id, ids()[1])
      terminal = remove(id)
      terminal:expect("[y/N]")
      terminal:send("y\r")
      terminal:expect("removed runs/" .. id)
      terminal:close()
      assert.equal(3, #ids())
      assert.is_nil(lfs.attributes(root .. "/" .. id))
    end)

    it("what lies in the folder, links but not what they lead to, and leaves nothing", function()
      local elsewhere = support.folder()
      support.write_file(elsewhere .. "/kept", "x")
      local dir = root .. "/once/20260101-000000"
      shell(("mkdir -p %s/images/a && touch %s/config.json %s/images/a/1.png && ln -s %s %s/link")
            :format(dir, dir, dir, elsewhere, dir))
      local result = runs("rm --yes once/latest")
      assert.equal("removed runs/once/20260101-000000\n", result.stdout .. result.stderr)
      assert.is_nil(lfs.attributes(root .. "/once"))
      assert.equal("x", support.read_file(elsewhere .. "/kept"))
      support.remove(elsewhere)
      assert.equal(3, #ids())
    end)
  end)

  describe("of thousands", function()
    local COUNT <const> = 2000
    local LIMIT <const> = 0.05 -- seconds, start-up included
    local USUAL_START <const> = 0.01
    local many

    setup(function()
      -- In memory where there is such a folder: 8,000 small files wait for a busy disk.
      many = shell("mktemp -d -p /dev/shm 2>/dev/null || mktemp -d").stdout:match("[^\n]+")
      assert.equal(0, support.run(("tests/cli/many_runs.lua %s %d"):format(many, COUNT)).status)
      support.run("runs --dir " .. many)
    end)
    teardown(function() support.remove(many) end)

    -- The least processor time that a command takes: what else runs counts little then.
    local function seconds(command)
      local best = math.huge
      for _ = 1, 5 do
        local result = shell(("bash -c %s"):format(quote(
          'TIMEFORMAT="%U %S"; time ' .. command .. " >/dev/null")))
        local user, system = result.stderr:match("([%d.]+) ([%d.]+)")
        best = math.min(best, tonumber(user) + tonumber(system))
      end
      return best
    end

    it("are listed in less than 50 ms", function()
      local _, lines = support.run("runs --dir " .. many).stdout:gsub("\n", "")
      assert.equal(COUNT + 1, lines)
      -- On a machine that is busy or slow, or under valgrind, to start takes longer, too.
      local slower = math.max(1, seconds(support.nnlua .. " -e 'require [[nnlua]]'") / USUAL_START)
      local taken = seconds(support.nnlua .. " runs --dir " .. many)
      assert.is_true(taken < LIMIT * slower,
                     ("%.3f s; starting takes %.1f times as long as usual"):format(taken, slower))
    end)
  end)

  it("have an index that survives whoever writes it being killed", function()
    local place = support.folder()
    for i = 1, 4 do
      local dir, message = stress.kill(place, 0.02 * i, i % 2 == 1)
      assert.is_true(dir ~= nil, message)
    end
    assert.is_nil(index.problem(place .. "/runs"))
    support.remove(place)
  end)

  it("have an index that survives a lack of memory while it is made", function()
    local place = support.folder()
    support.run(("tests/cli/many_runs.lua %s 20"):format(place))
    local failed = 0
    for limit = 20000, 420000, 100000 do
      local result = support.run(([[-e '
        local sqlite = require "nnlua.sqlite"
        local db = sqlite.open(":memory:")
        db:row("PRAGMA hard_heap_limit = %d")
        db:close()
        local ok, problem = pcall(function()
          local index = require("nnlua.runs.index").open("%s")
          index:close()
        end)
        print(ok or sqlite.code(problem))']]):format(limit, place))
      assert.equal("", result.stderr)
      assert.is_truthy(result.stdout == "true\n" or result.stdout == "nomem\n")
      if result.stdout == "nomem\n" then failed = failed + 1 end
    end
    assert.is_true(failed > 0)
    assert.is_nil(index.problem(place))
    support.remove(place)
  end)
end)

-- The index of runs: it says what the folders say, whatever happened to either.

local core = require "nnlua.core"
local index = require "nnlua.runs.index"
local run_folders = require "tests.spec.run_folders"
local sqlite = require "nnlua.sqlite"

describe("nnlua.runs.index", function()
  local root, notices

  before_each(function() root, notices = run_folders.root(), {} end)
  after_each(function() run_folders.remove(root) end)

  local function open(timeout)
    return index.open(root, {timeout = timeout or 1,
                             notify = function(line) notices[#notices + 1] = line end})
  end

  -- Folders i = 1, 2, ... of these options, an hour apart; their ids are a/20260801-0i0000.
  local function make(list)
    for i, o in ipairs(list) do
      o.created = ("2026-08-01T%02d:00:00Z"):format(i)
      run_folders.make(root, ("%s/20260801-%02d0000"):format(o.name or "a", i), o)
    end
  end

  -- The hours of the runs that a list has, "3 1".
  local function hours(list, message)
    if not list then return message end
    local found = {}
    for i, run in ipairs(list) do found[i] = ("%d"):format(run.id:match("%-(%d%d)")) end
    return table.concat(found, " ")
  end

  local function state_of(runs, hour)
    for _, run in ipairs(runs:list()) do
      if hours {run} == hour then return run.state, run.rows end
    end
  end

  it("lists runs, the newest first, with what they have", function()
    make {{}, {seed = 7, seconds = 2.5, tags = '"x", "y"', state = "failed", message = '"why"'}}
    local runs <close> = open()
    local list = runs:list()
    assert.equal("2 1", hours(list))
    local run = list[1]
    assert.same({"a/20260801-020000", "a", "failed", 7, 2.5, "why", " x y ", 1, "0123456789abcdef"},
                {run.id, run.name, run.state, run.seed, run.seconds, run.message, run.tags,
                 run.rows, run.commit})
    assert.equal(os.time {year = 2026, month = 8, day = 1, hour = 2}
                 - os.time(os.date("!*t", 86400)) + 86400, run.created)
  end)

  describe("after a change of the folders", function()
    it("sees new ones and those that are gone, and reads no others", function()
      make {{}, {}}
      open():close()
      run_folders.write(root .. "/a/20260801-010000/config.json", "changed in place: not noticed")
      run_folders.make(root, "b/c/20260801-030000", {created = "2026-08-01T03:00:00Z"})
      core.io.mkdir_p(root .. "/b/not-a-run")
      run_folders.remove(root .. "/a/20260801-020000")
      local runs <close> = open()
      assert.equal("3 1", hours(runs:list()))
      assert.equal("b/c/20260801-030000", runs:list()[1].id)
    end)

    it("sees a run end, and that one was killed", function()
      make {{state = "running"}, {state = "running"}}
      local dir = root .. "/a/20260801-010000"
      local lock = assert(core.io.lock_file(dir .. "/lock"))
      local runs <close> = open()
      assert.equal("running", (state_of(runs, "1")))
      assert.equal("killed", (state_of(runs, "2")))
      run_folders.write(dir .. "/state.json.new", '{"state": "finished"}')
      os.rename(dir .. "/state.json.new", dir .. "/state.json")
      lock:close()
      runs:refresh()
      assert.equal("finished", (state_of(runs, "1")))
    end)

    it("reads on where the rows of a running run ended", function()
      make {{state = "running", metrics = "epoch,loss,acc\n5,0.5,1\n6,nan,2\n7,0.25,\n8,"}}
      local dir = root .. "/a/20260801-010000"
      local lock <close> = assert(core.io.lock_file(dir .. "/lock"))
      local runs <close> = open()
      local db = runs.db
      -- As it is once the folder has been still for a while.
      db:exec("UPDATE runs SET modified = ?", (select(3, core.io.read_directory(root .. "/a")))[1])
      local function totals(name)
        return db:row("SELECT * FROM metrics WHERE name = ?", name)
      end
      local loss = totals "loss"
      assert.same({3, 0.25, 7, 0.25, 7, 0.5, 5}, {loss.count, loss.last, loss.last_step, loss.min,
                                                 loss.min_step, loss.max, loss.max_step})
      assert.equal(2, totals("acc").count)
      -- What was read before is not read again: this row's change shows in the totals of none.
      local file = assert(io.open(dir .. "/metrics.csv", "r+b"))
      file:seek("set", #"epoch,loss,acc\n5,")
      file:write("0.9")
      file:seek("end")
      file:write("0.125,3\n9,nan,\n")
      file:close()
      runs:refresh()
      loss = totals "loss"
      assert.same({5, nil, 9, 0.125, 8, 0.5, 5}, {loss.count, loss.last, loss.last_step, loss.min,
                                                 loss.min_step, loss.max, loss.max_step})
      assert.same({"running", 5}, {state_of(runs, "1")})
      runs:rebuild()
      assert.equal(0.9, totals("loss").max)
      assert.is_truthy(lock)
    end)

    it("learns from note() without a look at the others", function()
      make {{}, {}}
      local dir = root .. "/a/20260801-010000"
      local getenv = os.getenv
      os.getenv = function(name) -- luacheck: ignore 122
        return name == "NNLUA_RUNS" and root or getenv(name)
      end
      local ok, told, message = pcall(index.note, dir)
      local elsewhere, why = index.note("/tmp/elsewhere")
      os.getenv = getenv -- luacheck: ignore 122
      assert.same({true, true, nil}, {ok, told, message})
      assert.is_nil(elsewhere)
      assert.match("not below", why, 1, true)
      local db <close> = assert(sqlite.open(root .. "/index.sqlite"))
      assert.same({n = 1, id = {"a/20260801-010000"}}, db:columns("SELECT id FROM runs"))
    end)
  end)

  describe("when it is not as it was left", function()
    local function same_runs()
      local runs <close> = open()
      assert.equal("2 1", hours(runs:list {filter = "lr=0.1"}))
      assert.equal("ok", runs.db:row("PRAGMA integrity_check").integrity_check)
      assert.equal(2, runs.db:row("SELECT count(*) AS n FROM metrics WHERE name = 'loss'").n)
    end

    before_each(function()
      make {{}, {}}
      open():close()
    end)

    it("is made anew if it is damaged, which is one line", function()
      for _, damage in ipairs {"no database", ("\0"):rep(4096), ("x"):rep(40000)} do
        notices = {}
        local file = assert(io.open(root .. "/index.sqlite", "r+b"))
        file:write(damage)
        file:close()
        same_runs()
        assert.same({"the index is damaged: it is made anew from the folders"}, notices)
      end
      notices = {}
      local file = assert(io.open(root .. "/index.sqlite", "r+b")) -- behind the header
      local size = file:seek("end")
      file:seek("set", 4096)
      file:write(("\1"):rep(size - 4096))
      file:close()
      same_runs()
      assert.equal(1, #notices)
    end)

    it("is made anew if it is of another version or of another program", function()
      for _, sql in ipairs {"PRAGMA user_version = 77",
                            "DROP TABLE runs; PRAGMA user_version = 0"} do
        notices = {}
        local db = assert(sqlite.open(root .. "/index.sqlite"))
        db:exec(sql)
        db:close()
        same_runs()
        assert.match("another version", notices[1], 1, true)
      end
    end)

    it("is made again if it is missing, silently", function()
      os.remove(root .. "/index.sqlite")
      same_runs()
      assert.same({}, notices)
    end)

    it("is done without where it cannot be", function()
      os.remove(root .. "/index.sqlite")
      core.io.mkdir_p(root .. "/index.sqlite/x")
      same_runs()
    end)

    it("is done without while another process keeps it locked", function()
      local db <close> = assert(sqlite.open(root .. "/index.sqlite"))
      db:transaction(function()
        make {{seed = 2}, {}, {}}
        local runs <close> = open(0.01)
        assert.equal("3 2 1", hours(runs:list()))
      end)
      local runs <close> = open()
      assert.equal("3 2 1", hours(runs:list()))
    end)
  end)

  describe("filters", function()
    local runs

    before_each(function()
      make {
        {config = '{"lr": 0.1, "options": {"act": "relu"}}', metrics = "epoch,acc\n1,0.9\n2,0.5\n"},
        {config = '{"options": {"lr": 0.01, "act": "tanh x"}}', metrics = "epoch,acc\n1,0.2\n"},
        {config = '{"options": {"lr": "auto", "flag": true}}', state = "failed", seed = 5,
         metrics = "epoch,acc\n1,nan\n", tags = '"good", "old"'},
        {name = "b", config = '{"hidden": [25, 25], "x": 1}', seconds = 90, metrics = ""},
      }
      runs = open()
    end)
    after_each(function() runs:close() end)

    local function found(filter, o)
      o = o or {}
      o.filter = filter
      return hours(runs:list(o))
    end

    it("compare facts, parameters by full or short names, and metrics", function()
      assert.equal("4 3 2 1", found "")
      assert.equal("4 3 2 1", found "  ")
      assert.equal("3", found "state=failed")
      assert.equal("4 2 1", found "state!=failed")
      assert.equal("2 1", found "lr<=0.1")
      assert.equal("2", found "options.lr < 0.1")
      assert.equal("3", found "lr=auto")
      assert.equal("2 1", found "lr>0")
      assert.equal("3", found "flag=true")
      assert.equal("4", found "hidden=25,25")
      assert.equal("2", found "act='tanh x'")
      assert.equal("2 1", found "act!=3")
      assert.equal("2", found 'act~"TANH"')
      assert.equal("1", found "acc>=0.5")
      assert.equal("1", found "acc.max>0.5 acc.min<=0.5")
      assert.equal("4", found "name=b seconds>60")
      assert.equal("3", found "seed=5 tag=good")
      assert.equal("4 2 1", found "tag!=good")
      assert.equal("4 3 2 1", found "created>=2026-08-01 created<2026-08-02")
      assert.equal("", found "created>2026-08-01")
      assert.equal("4 3 2 1", found "created=2026-08-01 created<=2026-08-01 created!=2026-08-02")
      assert.equal("", found "created!=2026-08-01")
      assert.equal("3 2 1", found "rows>0")
      assert.equal("", found "state=';DROP TABLE runs;--'")
    end)

    it("name what is wrong with them", function()
      local cases = {
        ["lrr<1"] = "filter: no run has a field 'lrr' (did you mean 'lr'?)",
        ["stat=failed"] = "filter: no run has a field 'stat' (did you mean 'state'?)",
        ["lr"] = "filter: 'lr' is not FIELD=VALUE; operators are = != < <= > >= ~",
        ["lr=1 =2"] = "filter: '=2' is not FIELD=VALUE; operators are = != < <= > >= ~",
        ["lr=<1"] = "filter: '=<' is no operator; there are = != < <= > >= ~",
        ["lr<"] = "filter: there is no value behind 'lr<'",
        ["act='a b"] = "filter: the quote 'a b is not closed",
        ["created=now"] = "filter: created takes a date, 2026-08-01, got 'now'",
        ["tag<x"] = "filter: tag takes =, != and ~",
      }
      for filter, message in pairs(cases) do assert.equal(message, found(filter)) end
      assert.equal("sort: no run has a field 'epoc' (did you mean 'epoch'?)",
                   found("", {sort = "epoc"}))
    end)

    it("go with an order and a limit; runs without the value come last", function()
      assert.equal("2 1 4 3", found("", {sort = "acc"}))
      assert.equal("1 2 4 3", found("", {sort = "-acc"}))
      assert.equal("1 2 4 3", found("", {sort = "acc", reverse = true}))
      assert.equal("2 1", found("", {sort = "acc.max", limit = 2}))
      assert.equal("1 2 3 4", found("", {reverse = true}))
      assert.equal("4 3", found("", {limit = 2}))
      assert.equal("3 2", found("rows>0", {limit = 2}))
    end)
  end)
end)

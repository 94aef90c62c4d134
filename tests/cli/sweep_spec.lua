-- nnlua sweep as its users run it: worker processes, what is seen, what a kill or Ctrl-C leaves.

local support = require "tests.cli.support"

-- A sweep of small networks that are trained from checkpoints; TPE, so that what a trial gets
-- depends on all those before it. HALT: a file; while it is there, trial 5 waits after step 7.
local TRAINING = [[
local nn = require "nnlua"
local function is_halted()
  local file <close> = io.open(os.getenv "HALT" or "/nonexistent")
  return file ~= nil
end
return nn.sweep {
  name = "training", metric = "loss", method = "tpe", trials = 14, seed = 1,
  parameters = {x = {min = -1.0, max = 1.0}, lr = {min = 1e-3, max = 1.0, log = true}, steps = 10},
  run = function(trial, p)
    local model = nn.Linear(1, 1)
    local optimizer = nn.optim.Adam(model:parameters(), {lr = p.lr})
    local done = trial:checkpoint({model = model, optimizer = optimizer}, {every = 3})
    print(("trial %d attempt %d after %d"):format(trial.number, trial.attempt, done))
    io.stdout:flush()
    for step = done + 1, p.steps do
      local x = nn.randn(8, 1)
      optimizer:zero_grad()
      local loss = ((model(x) - x * p.x) ^ 2):mean()
      loss:backward()
      optimizer:step()
      trial:report(step, {loss = loss:item()})
      while trial.number == 5 and step == 7 and is_halted() do require("nnlua.core").sleep(0.01) end
    end
  end,
}]]

-- A sweep in one line of `run`.
local function small(body, changes)
  return ([[
    local nn = require "nnlua"
    return nn.sweep {name = "small", metric = "loss", method = "random", trials = 4, seed = 1,
      parameters = {lambda = {min = 0.0, max = 1.0}, kind = {values = {"a", "b"}}}, %s
      run = function(trial, p) %s end}]]):format(changes or "", body)
end

describe("nnlua sweep", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(function() support.remove(folder) end)

  local function write(script)
    return support.write_file(folder .. "/sweep.lua", script)
  end

  -- nnlua with these arguments in the folder.
  local function run(arguments, before)
    return support.shell(("cd %s && %s %s %s"):format(folder, before or "", support.nnlua,
                                                      arguments))
  end

  -- The CSV of the sweep's study; what it had is removed.
  local function export(name)
    local result = run(("sweep show %s --csv out.csv && rm -rf runs"):format(name))
    assert.equal(0, result.status, result.stderr)
    return support.read_file(folder .. "/out.csv")
  end

  local function log(worker)
    return support.read_file(("%s/runs/training.sweep/worker-%d.log"):format(folder, worker))
  end

  -- Starts the sweep with trial 5 halted; runs the commands when it is there. `worker` is the
  -- process that has it, `parent` the one that was started.
  local function with_halted_trial(arguments, commands)
    return run(([[true; touch halt; export HALT=%s/halt
      await() { for i in $(seq 3000); do grep -q "$1" $2 2>/dev/null && return; sleep 0.01; done
        echo "no '$1' in $2"; }
      gone() { for i in $(seq 3000); do kill -0 $1 2>/dev/null || return 0; sleep 0.01; done
        echo "$1 is there"; }
      owner() { worker=$($nnlua sweep show training --trial 5 |
        sed -n 's/.* by .*:\([0-9]*\):.*/\1/p'); }
      nnlua=%s
      env --default-signal=INT $nnlua sweep sweep.lua %s >out 2>&1 & parent=$!
      log=runs/training.sweep/worker-1.log
      await 'trial 5 attempt 1' $log; owner
      %s]]):format(folder, support.nnlua, arguments, commands) .. "\n#")
  end

  it("gives the same bytes twice, and after a kill of everything and --resume", function()
    write(TRAINING)
    assert.equal(0, run("sweep sweep.lua").status)
    local first = export("training")
    assert.truthy(first:find("^trial,configuration,repetition,state,value,step,lr,steps,x\n1,1,1,"))
    assert.equal(0, run("sweep sweep.lua").status)
    assert.equal(first, export("training"))
    -- The worker is killed in trial 5 and replaced; then the parent is, whose worker goes with it.
    local killed = with_halted_trial("", [[
      kill -9 $worker; await 'trial 5 attempt 2' $log; owner
      kill -9 $parent; wait $parent 2>/dev/null; gone $worker]])
    assert.equal("", killed.stdout, killed.stderr)
    local refused = run("sweep sweep.lua")
    assert.equal(1, refused.status)
    assert.equal("nnlua sweep: runs/training.sweep/study.sqlite has 4 trials of this sweep "
      .. "already: --resume goes on with it, --study names another\n", refused.stderr)
    local resumed = run("sweep sweep.lua --resume")
    assert.equal(0, resumed.status, resumed.stderr)
    assert.truthy(log(1):find("trial 5 attempt 2 after 6\n", 1, true), log(1))
    assert.equal(first, export("training"))
  end)

  it("puts running trials back with a checkpoint on Ctrl-C and when the time is over", function()
    write(TRAINING)
    local stopped = with_halted_trial("", [[
      kill -INT $parent; await 'stopping' out; rm halt; wait $parent; echo status $?]])
    assert.equal("status 130\n", stopped.stdout, stopped.stderr)
    local text = support.read_file(folder .. "/out")
    assert.truthy(text:find("4 of 14 trials, 4 done", 1, true), text)
    assert.truthy(text:find("the same command with --resume goes on\n", 1, true), text)
    local over = with_halted_trial("--resume --timeout 0.01s", [[
      await 'the time is over' out; rm halt; wait $parent; echo status $?]])
    assert.equal("status 0\n", over.stdout, over.stderr)
    assert.equal(0, run("sweep sweep.lua --resume").status)
    assert.truthy(log(1):find("trial 5 attempt 1 after 8\n", 1, true), log(1))
    assert.truthy(run("sweep show training").stdout:find("14 trials: 14 done", 1, true))
  end)

  it("ends at once on a second Ctrl-C", function()
    write(TRAINING)
    local stopped = with_halted_trial("", [[
      kill -INT $parent; await 'stopping' out; kill -INT $parent; wait $parent; echo status $?
      gone $worker]])
    assert.equal("status 130\n", stopped.stdout, stopped.stderr)
  end)

  it("adds workers to a sweep that is running", function()
    write(TRAINING)
    local joined = with_halted_trial("", [[
      $nnlua sweep sweep.lua --jobs 2 >out2 2>&1 & other=$!
      await 'trial 14 done' out2; rm halt; wait $parent; echo status $?; wait $other; echo $?]])
    assert.equal("status 0\n0\n", joined.stdout, joined.stderr)
    local text = support.read_file(folder .. "/out2")
    assert.truthy(text:find("training: 14 trials, 14 done", 1, true), text)
  end)

  it("shows a table on a terminal, whose lines fit", function()
    write(TRAINING)
    support.write_file(folder .. "/halt", "")
    local session = support.terminal(("sh -c 'cd %s; HALT=halt exec %s sweep sweep.lua'"):format(
      folder, support.nnlua), folder)
    session:expect("training: 4 of 14 trials, 4 done, 0 pruned, 0 failed, 1 running  ")
    session:expect("left\n")
    session:expect("best loss ")
    session:expect("\n  trial 5  7: loss ")
    session:send("\3")
    session:expect("nnlua sweep: stopping; running trials are put back (Ctrl-C again: at once)\n")
    os.remove(folder .. "/halt")
    session:expect("training: 4 of 14 trials, 4 done, in ")
    local status, screen = session:close()
    assert.equal(130, status, screen)
    for line in screen:gmatch("[^\n]+") do
      assert.is_true(utf8.len(line) <= 80 or line:find("^again: ") ~= nil
                     or line:find("^best ") ~= nil, line)
    end
  end)

  it("shares the threads out among the jobs", function()
    write(small([[return require("nnlua").get_num_threads()]]))
    assert.equal(0, run("sweep sweep.lua --jobs 2", "NNLUA_NUM_THREADS=4").status)
    assert.truthy(export("small"):find("\n1,1,1,complete,2,"))
    assert.equal(0, run("sweep sweep.lua --jobs 3", "NNLUA_NUM_THREADS=2").status)
    assert.truthy(export("small"):find("\n1,1,1,complete,1,"))
  end)

  describe("says in one line", function()
    -- The message of a sweep that fails; where messages come from trials, of trial 1.
    local function message(script, arguments)
      write(script)
      support.remove(folder .. "/runs")
      local result = run("sweep sweep.lua " .. (arguments or ""))
      assert.equal(1, result.status, result.stdout)
      return result.stderr, result.stdout
    end
    local function of_trial(script)
      local stderr, stdout = message(script)
      assert.equal("", stderr)
      return stdout:match("trial 1 failed %((.-)%): ")
    end

    it("a typo in the name of a parameter", function()
      assert.equal("sweep.lua:4: the sweep 'small' has no parameter 'lamda' (did you mean "
                   .. "'lambda'?)", of_trial(small("return p.lamda")))
    end)

    it("an impossible range", function()
      assert.equal("nnlua sweep: sweep.lua: parameter 'x': impossible range: min 3 is above "
                   .. "max 2\n",
                   message([[return require("nnlua").sweep {name = "s", metric = "m", trials = 1,
                             parameters = {x = {min = 3, max = 2}}, run = print}]]))
    end)

    it("a metric that is never reported, one with another name", function()
      assert.equal("the metric 'loss' was never reported", of_trial(small("")))
      assert.equal("sweep.lua:4: bad argument #2 to 'report' (the sweep's metric 'loss' is missing "
                   .. "(did you mean 'lsos'?))", of_trial(small("trial:report(1, {lsos = 1})")))
    end)

    it("a trial that raises; the traceback is kept, the others run", function()
      write(small("if trial.number == 2 then error('a bug') end return p.lambda"))
      local result = run("sweep sweep.lua")
      assert.equal(0, result.status)
      assert.truthy(result.stdout:find("trial 2 failed (sweep.lua:4: a bug): kind=", 1, true),
                    result.stdout)
      assert.truthy(result.stdout:find("small: 4 trials, 3 done, 1 failed", 1, true))
      local shown = run("sweep show small --trial 2").stdout
      assert.truthy(shown:find("\nsweep.lua:4: a bug\nstack traceback:\n\t[C]: in function "
                               .. "'error'\n\tsweep.lua:4: in ", 1, true), shown)
      assert.is_nil(shown:find("worker.lua", 1, true))
    end)

    it("a trial that fails, with --fail-fast", function()
      write(small("if trial.number == 2 then error('a bug') end return p.lambda"))
      local result = run("sweep sweep.lua --fail-fast")
      assert.equal(1, result.status)
      assert.truthy(result.stdout:find("a trial failed; the others are put back\n", 1, true))
      assert.truthy(result.stdout:find("small: 2 of 4 trials, 1 done, 1 failed", 1, true))
    end)

    it("a disk that takes no more; nothing is lost", function()
      write(small("for step = 1, 300 do trial:report(step, {loss = p.lambda, step = step}) end"))
      local full = run("sweep sweep.lua", "ulimit -f 200; ")
      assert.equal(1, full.status)
      assert.truthy(full.stdout:find("^nnlua sweep: the study runs/small.sweep/study.sqlite cannot "
        .. "be used: disk I/O error\nsmall: 0 of 4 trials"), full.stdout .. full.stderr)
      assert.equal(0, run("sweep sweep.lua --resume").status)
      local _, rows = export("small"):gsub("complete,[^\n]*,300,", "")
      assert.equal(4, rows)
    end)

    it("a file that is none, or has no sweep", function()
      assert.equal("nnlua sweep: cannot open missing.lua\n",
                   run("sweep missing.lua").stderr:gsub(": No such.*", "\n"))
      assert.equal("nnlua sweep: sweep.lua returns nothing, expected a sweep: its last line is "
                   .. "`return nn.sweep{...}`\n", message("local x = 1"))
    end)

    it("how the study's sweep differs", function()
      write(small("return p.lambda"))
      assert.equal(0, run("sweep sweep.lua").status)
      assert.equal("nnlua sweep: runs/small.sweep/study.sqlite holds another sweep named 'small': "
        .. "constants.lambda is missing there and 0.5 here; parameters.lambda.kind is float there "
        .. "and missing here;",
        run("sweep sweep.lua --set lambda=0.5").stderr:match("^.-here; .-here;"))
    end)

    it("what a wrong option is", function()
      write(small("return p.lambda"))
      local function usage(arguments)
        local result = run("sweep sweep.lua " .. arguments)
        assert.equal(2, result.status)
        return result.stderr
      end
      assert.equal("nnlua sweep: unknown option '--job' (did you mean '--jobs'?); see --help\n",
                   usage("--job 2"))
      assert.equal("nnlua sweep: option '--set': expected NAME=VALUE, got 'lambda'\n",
                   usage("--set lambda"))
      assert.equal("nnlua sweep: option '--timeout': expected a time such as 90, 10m or 2h, got "
                   .. "'soon'\n", usage("--timeout soon"))
      assert.equal("nnlua sweep: the sweep has no parameter 'lamda' (did you mean 'lambda'?)\n",
                   run("sweep sweep.lua --set lamda=1").stderr)
    end)
  end)

  it("says with --dry-run what it would do, and does nothing", function()
    write(small("return p.lambda"))
    local result = run("sweep sweep.lua --dry-run --trials 2 --set kind=b")
    assert.equal("small: minimize loss by random in 2 trials; study: runs/small.sweep/"
      .. "study.sqlite\ntrial  lambda\n", result.stdout:match("^.-\n.-\n"))
    assert.equal(1, run("sweep show small").status)
    assert.equal(0, run("sweep sweep.lua --trials 2 --set kind=b").status)
    local planned = result.stdout:match("\n    1  (%S+)\n")
    assert.truthy(run("sweep show small --trial 1").stdout:find("lambda = " .. planned, 1, true))
  end)

  it("shows seeds as mean and interval, and names the command that repeats a trial", function()
    write(small([[
      local loss = ({1.0, 2.0, 4.0})[trial.repetition] + (p.kind == "b" and 1 or 0)
      trial:report(1, {loss = loss, seed = trial.seed, number = require("nnlua").rand(1):item()})]],
      [[seeds = 3, points = {{kind = "a", lambda = 0.25}},]]))
    local result = run("sweep sweep.lua --jobs 2")
    -- scipy.stats.t.ppf(0.975, 2) * numpy.std([1, 2, 4], ddof=1) / 3 ** 0.5 is 3.7945
    assert.truthy(result.stdout:find("best loss 2.333 ± 3.795 (configuration 1): kind=a "
      .. "lambda=0.25\nagain: nnlua sweep.lua --set kind=a lambda=0.25\n", 1, true), result.stdout)
    local shown = run("sweep show small --trial 2").stdout
    local command = shown:match("again: nnlua (%C+)")
    assert.equal("sweep.lua --set kind=a lambda=0.25 --repetition 2", command)
    local alone = run(command)
    assert.equal(0, alone.status, alone.stderr)
    assert.truthy(alone.stdout:find("\n1: loss 2  number ", 1, true), alone.stdout)
    local row = export("small"):match("\n2,1,2,complete,2,1,a,0.25,[^\n]*")
    assert.equal(("%.4g"):format(tonumber(row:match(",([^,]*),[^,]*$"))),
                 alone.stdout:match("number (%S+)"))
  end)
end)

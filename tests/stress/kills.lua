-- kills.lua - kills trainings with SIGKILL at random moments and resumes them
--
--   lua5.4 tests/stress/kills.lua [KILLS]     from the top folder; $NNLUA is the executable
--
-- A training is a command that is repeated until it ends; the result must have the bytes of the one
-- that was never killed. Moments come from fixed seeds, as shares of the time that a whole training
-- takes; every second kill then waits until a checkpoint is being written.

local lfs = require "lfs"
local support = require "tests.cli.support"
local system = require "system"

local kills = {}

local LATEST = 0.9 -- of the time that the training takes without kills
local KILLED = 137 -- exit status of a shell's command that died by SIGKILL

local function training(kind)
  return {name = kind, files = {"metrics.csv", "weights.safetensors"}, command = function(dir)
    return ("%s tests/stress/training.lua %s %s"):format(support.nnlua, kind, dir)
  end}
end

-- An experiment that is started once and then resumed by its own option.
local function experiment(name, options, files, earliest)
  return {name = name, files = files, earliest = earliest, command = function(dir)
    local begun = lfs.attributes(dir .. "/config.json") ~= nil
    return ("%s experiments/%s.lua %s %s"):format(support.nnlua, name,
      begun and "--resume" or options .. " --out", dir)
  end}
end

--- kills.trainings: what is killed: {name, files, earliest, command(dir)}; no kill comes before the
--- share `earliest` of the time that the training takes.
kills.trainings = {
  training "Adam", training "SGD", training "AdamW", training "RMSprop", training "NAdam",
  experiment("xor", "--epochs 2000 --checkpoint-every 20", {"metrics.csv"}, 0.05),
  experiment("custom_loop", "--epochs 20 --train 600 --test 50 --patience 20 --checkpoint-every 1",
             {"metrics.csv"}, 0.3),
  experiment("l2_sweep", "--epochs 100 --lambdas 0,10,100 --train 200 --test 50 --no-plots "
             .. "--checkpoint-every 5", {"metrics.csv"}, 0.3),
  experiment("mnist_25x25", "--epochs 1000 --train 200 --test 50 --no-plots --checkpoint-every 10",
             {"metrics.csv", "model.safetensors"}, 0.5),
  experiment("mnist_cnn", "--epochs 20 --train 300 --test 50 --no-plots --checkpoint-every 1",
             {"metrics.csv", "model.safetensors"}, 0.3),
  experiment("autoencoder", "--epochs 20 --train 500 --test 50 --no-plots --checkpoint-every 1",
             {"metrics.csv", "model.safetensors"}, 0.3),
  experiment("regression_csv", "--no-plots --checkpoint-every 2",
             {"metrics.csv", "model.safetensors"}, 0.2),
  experiment("spiral", "--no-plots --checkpoint-every 2", {"metrics.csv"}, 0.2),
  experiment("sine_by_lbfgs", "--evaluations 400 --no-plots --checkpoint-every 5",
             {"metrics.csv"}, 0.1),
  experiment("char_rnn", "LICENSE --epochs 20 --hidden 32 --batch 4 --steps 16 --no-plots "
             .. "--checkpoint-every 1", {"metrics.csv", "model.safetensors"}, 0.2),
}

-- The number of the newest checkpoint.
local function newest_in(dir)
  local newest = 0
  if lfs.attributes(dir) then
    for name in lfs.dir(dir) do
      newest = math.max(newest, tonumber(name:match("^checkpoint%-(%d+)%.safetensors$")) or 0)
    end
  end
  return newest
end

-- A shell's command that kills another after that many seconds, and if `aimed` as soon as it writes
-- a checkpoint after that. Says "writing" if it left a temporary file behind.
local function killing(command, seconds, aimed, dir)
  return ([[
%s & pid=$!
sleep %.3f
writing() { set -- %s/.nnlua-$pid-*.tmp; [ -e "$1" ]; }
while %s && kill -0 $pid 2>/dev/null && ! writing; do :; done
kill -KILL $pid 2>/dev/null
wait $pid
status=$?
writing && echo writing
exit $status]]):format(command, seconds, support.quote(dir), aimed and "true" or "false")
end

--- kills.torture{training, count, seed, dir, log} -> kills, kills within a write; or nil and what
--- differs. Kills one training `count` times (fewer if it ends before), then lets it end.
function kills.torture(o)
  local reference, dir = o.dir .. "/reference", o.dir .. "/killed"
  local function run(folder, seconds, aimed)
    local command = o.training.command(folder)
    if not seconds then return support.shell(command) end
    return support.shell("sh -c " .. support.quote(
      killing(command, seconds, aimed, folder .. "/checkpoints")) .. " 2>&1")
  end
  local began = system.gettime()
  local whole = run(reference)
  local seconds = system.gettime() - began
  if whole.status ~= 0 then return nil, whole.stderr end
  math.randomseed(o.seed)
  local earliest = o.training.earliest or 0
  local count, within = 0, 0
  local result -- of the last run
  repeat
    local moment = count < o.count and seconds * (earliest + math.random() * (LATEST - earliest))
      or nil
    result = run(dir, moment, count % 2 == 1)
    if result.status == KILLED then
      local writing = result.stdout:find("writing\n") ~= nil
      count, within = count + 1, within + (writing and 1 or 0)
      o.log(("%s: kill %d after %.3f s, %s checkpoint %d"):format(
        o.training.name, count, moment, writing and "while writing the one after" or "behind",
        newest_in(dir .. "/checkpoints")))
    elseif result.status ~= 0 then
      return nil, ("%s after kill %d: %s"):format(o.training.name, count,
                                                  result.stdout .. result.stderr)
    end
  until result.status == 0
  for _, name in ipairs(o.training.files) do
    if support.read_file(reference .. "/" .. name) ~= support.read_file(dir .. "/" .. name) then
      return nil, ("%s: %s differs after %d kills"):format(o.training.name, name, count)
    end
  end
  return count, within
end

local function main(wanted)
  local total, within, rounds, failed = 0, 0, 0, 0
  while total < wanted do
    rounds = rounds + 1
    local training_ = kills.trainings[(rounds - 1) % #kills.trainings + 1]
    local dir = support.folder()
    local count, writes = kills.torture {
      training = training_, count = math.min(6, wanted - total), seed = rounds, dir = dir,
      log = print,
    }
    support.remove(dir)
    if count then
      total, within = total + count, within + writes
      print(("%s, seed %d: the same bytes after %d kills"):format(training_.name, rounds, count))
    else
      failed = failed + 1
      print("FAILED: " .. writes)
      break
    end
  end
  print(("%d kills in %d trainings, %d of them while a checkpoint was written; %d failed"):format(
    total, rounds, within, failed))
  os.exit(failed == 0)
end

if arg and arg[0] and arg[0]:find("kills%.lua$") then main(tonumber(arg[1]) or 100) end

return kills

-- nn.checkpoint: all of a training's state, and what happens to files that die, lie or do not fit.

local nn = require "nnlua"
local lfs = require "lfs"
local support = require "tests.spec.support"

local raises = support.raises

-- A file's bytes, or with `bytes` its new ones.
local function content(path, bytes)
  if bytes then return assert(nn.io.write_file(path, bytes)) end
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function remove(dir)
  if not lfs.attributes(dir) then return end
  for name in lfs.dir(dir) do os.remove(dir .. "/" .. name) end
  lfs.rmdir(dir)
end

-- What f(...) writes to standard error, then its results.
local function warnings(f, ...)
  local stream = {text = ""}
  function stream:write(...) self.text = self.text .. table.concat {...} end
  local original = io.stderr
  io.stderr = stream -- luacheck: ignore
  local results = table.pack(pcall(f, ...))
  io.stderr = original -- luacheck: ignore
  assert(results[1], results[2])
  return stream.text, table.unpack(results, 2, results.n)
end

local x, y = nn.randn(8, 3), nn.tensor({1, 2, 1, 2, 1, 2, 1, 2}, {dtype = "int64"})

-- A small training: all that has a state, and a step that uses all of it.
local function training(units, optimizer)
  local model = nn.Sequential(nn.Linear(3, units or 4), nn.Dropout(0.5),
                              nn.Dropout(0.3, {generator = nn.Generator(5)}),
                              nn.Linear(units or 4, 2))
  local t = {model = model, extra = {seen = 0},
             optimizer = (optimizer or nn.optim.Adam)(model:parameters(), {lr = 0.01}),
             generator = nn.Generator(9)}
  local function step()
    t.optimizer:zero_grad()
    local loss = nn.backprop(model, nn.CrossEntropyLoss(),
                             x + 0.1 * nn.randn(8, 3, {generator = t.generator}), y)
    t.optimizer:step()
    t.extra.seen = t.extra.seen + 1
    return loss:item()
  end
  return t, step
end

describe("nn.checkpoint", function()
  local dir
  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
  end)
  after_each(function()
    remove(dir)
  end)

  it("refuses a file whose account of itself is not JSON", function()
    assert(nn.io.mkdir_p(dir))
    local path = dir .. "/checkpoint-000001.safetensors"
    assert(nn.io.save_safetensors(path, {a = nn.zeros(1)}, {checkpoint = "{x"}))
    raises({"none in " .. dir, "it holds no checkpoint"}, nn.checkpoint.load, dir, {})
  end)

  it("continues as if nothing had happened", function()
    nn.manual_seed(1)
    local first, step = training()
    for _ = 1, 3 do step() end
    local path = nn.checkpoint.save(dir, first, {step = 3, epoch = 1})
    assert.equal(dir .. "/checkpoint-000001.safetensors", path)
    local losses = {step(), step(), step()}
    nn.manual_seed(99)
    local second, again = training()
    again()
    local found = nn.checkpoint.load(dir, second)
    assert.same({path = path, step = 3, epoch = 1, extra = {seen = 3}},
                {path = found.path, step = found.step, epoch = found.epoch, extra = found.extra})
    assert.equal(3, second.extra.seen)
    assert.same(losses, {again(), again(), again()})
  end)

  it("is nil where there is none", function()
    local found, message = nn.checkpoint.load(dir, {})
    assert.is_nil(found)
    assert.truthy(message:find(dir, 1, true))
    lfs.mkdir(dir)
    assert.is_nil((nn.checkpoint.load(dir, {})))
    assert.same({}, nn.checkpoint.list(dir))
  end)

  it("keeps the newest ones and the best", function()
    local one = {model = nn.Linear(1, 1)}
    for i, score in ipairs {5, 2, 4, 0 / 0, 3, 6} do
      nn.checkpoint.save(dir, one, {step = i, best = score, keep = 2})
    end
    local steps, scores = {}, {}
    for i, entry in ipairs(nn.checkpoint.list(dir)) do
      steps[i], scores[i] = entry.step, entry.score
    end
    assert.same({2, 5, 6}, steps)
    assert.same({2, 3, 6}, scores)
    assert.equal(2, nn.checkpoint.load(dir, one, {which = "best"}).step)
    assert.equal(6, nn.checkpoint.load(dir, one).step)
    one.extra = {accuracy = 0.9}
    nn.checkpoint.save(dir, one, {step = 7, best = "accuracy", mode = "max", keep = 1})
    one.extra.accuracy = 0.8
    nn.checkpoint.save(dir, one, {step = 8, best = "accuracy", mode = "max", keep = 1})
    local list = nn.checkpoint.list(dir)
    assert.same({6, 8}, {list[1].score, list[2].step}) -- 6, of an earlier scale, is the largest
  end)

  it("removes what a killed process left unfinished", function()
    lfs.mkdir(dir)
    local pipe = io.popen("echo $PPID; echo $$; exec true")
    local mine, dead = pipe:read("n", "n")
    pipe:close()
    content(("%s/.nnlua-%d-0.tmp"):format(dir, dead), "half")
    content(("%s/.nnlua-%d-9.tmp"):format(dir, mine), "of a process that lives")
    nn.checkpoint.save(dir, {}, {step = 1})
    assert.is_nil(lfs.attributes(("%s/.nnlua-%d-0.tmp"):format(dir, dead)))
    assert.is_table(lfs.attributes(("%s/.nnlua-%d-9.tmp"):format(dir, mine)))
    assert.equal(1, nn.checkpoint.load(dir).step)
  end)

  it("goes back to the one before a damaged one, and says so", function()
    local t, step = training()
    for i = 1, 3 do
      step()
      nn.checkpoint.save(dir, t, {step = i})
    end
    local newest = dir .. "/checkpoint-000003.safetensors"
    local whole = content(newest)
    local harms = {whole:sub(1, -2), whole:sub(1, 100), "", whole:sub(1, -9) .. ("x"):rep(8),
                   whole:sub(2), whole .. "x", (whole:gsub('seen\\":3', 'seen\\":4'))}
    for _, harmed in ipairs(harms) do
      content(newest, harmed)
      local text, found = warnings(nn.checkpoint.load, dir, t)
      assert.equal(2, found.step)
      assert.truthy(text:find("nnlua: the checkpoint " .. newest .. " is damaged, going back to "
                              .. "checkpoint-000002.safetensors", 1, true), text)
    end
    for i = 1, 3 do content(("%s/checkpoint-%06d.safetensors"):format(dir, i), "damaged") end
    warnings(raises, {"none in " .. dir .. " is intact"}, nn.checkpoint.load, dir, t)
    assert.truthy(nn.checkpoint.list(dir)[1].damaged)
    nn.save(newest, {1})
    assert.truthy(nn.checkpoint.list(dir)[3].damaged)
  end)

  it("restores all objects or none", function()
    nn.manual_seed(1)
    local first, step = training()
    step()
    nn.checkpoint.save(dir, first, {step = 1})
    local function refused(patterns, t, again)
      again()
      local before = nn.default_generator():get_state()
      local function state()
        return nn.pretty({t.model:state_dict(), t.optimizer:state_dict(), t.generator:get_state(),
                          t.model[3].generator:get_state(), t.extra},
                         {depth = 9, items = 10000})
      end
      local text = state()
      raises(patterns, nn.checkpoint.load, dir, t)
      assert.equal(text, state())
      assert.equal(before, nn.default_generator():get_state())
    end
    refused({"checkpoint-000001.safetensors does not fit", "'1.weight' is [4,3], expected [5,3]"},
            training(5))
    refused({"does not fit", "SGD: the state is of Adam"}, training(4, nn.optim.SGD))
    local t, again = training()
    t.schedule = nn.Linear(1, 1)
    refused({"does not fit: 'schedule' is not in it"}, t, again)
    t, again = training()
    t.model[3].generator = nil
    t.model[2].generator, t.model[3].generator = nn.Generator(), nn.Generator()
    refused({"does not fit: 'model'", "generators"}, t, again)
  end)

  it("takes tables of objects", function()
    local group = {a = nn.Linear(1, 1), b = {nn.Linear(2, 2)}}
    nn.checkpoint.save(dir, {nets = group})
    local weight = group.b[1].weight:detach():clone()
    nn.init.zeros_(group.b[1].weight)
    local found = nn.checkpoint.load(dir, {nets = group})
    assert.equal(weight, group.b[1].weight:detach())
    assert.equal("table", type(found.states.nets))
  end)

  it("refuses what it cannot save and options that are wrong", function()
    raises({"'model' is a number"}, nn.checkpoint.save, dir, {model = 5})
    raises({"'model.f' is a function"}, nn.checkpoint.save, dir, {model = {f = print}})
    raises({"bad argument #2 to 'save'", "a list"}, nn.checkpoint.save, dir, {nn.Linear(1, 1)})
    raises({"bad argument #2 to 'save'", "'extra' is a number"}, nn.checkpoint.save, dir,
           {extra = 1})
    raises({"value.extra.f is a function"}, nn.checkpoint.save, dir, {extra = {f = print}})
    raises({"'keep'", "got 0"}, nn.checkpoint.save, dir, {}, {keep = 0})
    raises({"'mode'", "min|max"}, nn.checkpoint.save, dir, {}, {mode = "most"})
    raises({"'step'", "integer"}, nn.checkpoint.save, dir, {}, {step = "1"})
    raises({"'best'", "got loss"}, nn.checkpoint.save, dir, {}, {best = "loss"})
    raises({"'which'", "got first"}, function()
      nn.checkpoint.save(dir, {})
      nn.checkpoint.load(dir, {}, {which = "first"})
    end)
    local path, message = nn.checkpoint.save("/dev/null/x", {})
    assert.is_nil(path)
    assert.truthy(message:find("/dev/null", 1, true))
  end)
end)

describe("nn.checkpoint.saver", function()
  local dir
  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
  end)
  after_each(function()
    remove(dir)
  end)

  local function loop(steps, given)
    local progress = {sum = 0}
    local saver <close> = nn.checkpoint.saver(dir, {extra = progress}, given)
    for step = saver.step + 1, steps do
      progress.sum = progress.sum + step
      saver:update(step)
    end
    return progress.sum, saver.restored
  end

  it("saves now and then, and goes on from there", function()
    assert.equal(28, (loop(7, {every = 3})))
    local list = nn.checkpoint.list(dir)
    assert.same({2, 6}, {#list, list[2].step})
    local sum, restored = loop(10, {every = 3, resume = true})
    assert.equal(55, sum)
    assert.equal(6, restored.step)
    raises({dir .. " holds checkpoints already"}, loop, 1, {every = 1})
  end)

  it("begins where there is none, and saves nothing without `every`", function()
    assert.equal(6, (loop(3, {resume = true})))
    assert.is_nil(lfs.attributes(dir))
  end)

  it("raises what keeps it from saving", function()
    raises({"'every'", "got 0"}, nn.checkpoint.saver, dir, {}, {every = 0})
    content(dir, "a file")
    raises({"saver: ", dir}, loop, 1, {every = 1})
    os.remove(dir)
  end)
end)

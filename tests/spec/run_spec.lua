-- nn.run: the table of metrics, resuming, what is recorded, pictures. What a run leaves when its
-- process dies, and what TensorBoard reads of it, is in tests/cli/run_spec.lua.

local nn = require "nnlua"
local core = require "nnlua.core"
local output = require "nnlua.run.output"
local support = require "tests.spec.support"

local raises = support.raises
local decode = nn.io.json_decode

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function exists(path)
  local file <close> = io.open(path, "rb")
  return file ~= nil
end

describe("nn.run", function()
  local dir
  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
  end)
  after_each(function() os.execute("rm -rf " .. dir) end)

  local function run(given)
    given.name, given.dir = "spec", given.dir or dir
    return nn.run(given)
  end
  local function metrics() return read(dir .. "/metrics.csv") end
  local function state() return decode(read(dir .. "/state.json")) end

  it("has each row in the file when log returns", function()
    local r <close> = run {columns = {"epoch", "loss"}}
    assert.equal("epoch,loss\n", metrics())
    r:log {epoch = 1, loss = 1 / 3}
    assert.equal("epoch,loss\n1,0.333333333333333\n", metrics())
    assert.equal(1 / 3, r:last("loss"))
    raises({"run: no value for the column 'loss'"}, r.log, r, {epoch = 2})
    raises({"run: no column 'los' (did you mean 'loss'?)"}, r.log, r,
           {epoch = 2, loss = 1, los = 2})
    assert.equal("epoch,loss\n1,0.333333333333333\n", metrics())
    assert.equal(1, #r.history.loss)
  end)

  it("names what is wrong with its options", function()
    raises({"bad option 'columns' to 'run' (a list of texts expected, got string)"}, run,
           {columns = "epoch"})
    raises({"bad option 'tags' to 'run' (a text in UTF-8 expected, got number)"}, run, {tags = {1}})
    raises({"bad option 'notes' to 'run'"}, run, {notes = print})
    raises({"unknown option 'colums' to 'run' (did you mean 'columns'?)"}, run, {colums = {}})
    raises({"run: two columns 'a'"}, run, {columns = {"a", "a"}})
    local r <close> = run {}
    raises({"bad argument #1 to 'log' (a row {column = value} expected, got number)"}, r.log, r, 1)
    raises({"run: a row is a table {column = value}"}, r.log, r, {1})
  end)

  it("takes columns from the rows, counters first, and widens the table", function()
    local r <close> = run {}
    r:log {zeta = true, alpha = 0.5, epoch = 1}
    assert.equal("epoch,alpha,zeta\n1,0.5,true\n", metrics())
    r:log {epoch = 2, note = 'say "a,b"\n'}
    r:log {epoch = 3, alpha = nn.tensor({2.5}), zeta = false}
    assert.equal('epoch,alpha,zeta,note\n1,0.5,true,\n2,,,"say ""a,b""\n"\n3,2.5,false,\n',
                 metrics())
    assert.same({1, 2, 3}, r.history.epoch)
    assert.is_true(r.history.alpha[2] ~= r.history.alpha[2])
    assert.equal(2.5, r.history.alpha[3])
    local before = metrics()
    raises({"run: the value of 'new' is a function, expected a number, a text or a boolean"},
           r.log, r, {epoch = 4, new = print})
    raises({"run: the value of 'alpha' is a tensor"}, r.log, r, {epoch = 4, alpha = nn.zeros(2)})
    assert.equal(before, metrics())
    assert.same({"epoch", "alpha", "zeta", "note"}, r.columns)
  end)

  it("has the bytes that it would have had when it is resumed", function()
    local function log(r, first, last)
      for i = first, last do
        r:log {epoch = i, loss = 1 / i, text = i % 3 == 0 and "t,t" or nil,
               late = i > 4 and i or nil}
        if i % 2 == 0 then
          r:histogram("w", nn.tensor({i, i + 1.0}))
          r:text("t", "text " .. i)
        end
      end
    end
    local whole = run {dir = dir .. "/whole"}
    log(whole, 1, 8)
    whole:close()
    for _, at in ipairs {3, 4, 6, 8} do
      local parts = dir .. "/parts" .. at
      local first = run {dir = parts}
      log(first, 1, at)
      local path = parts .. "/state.safetensors"
      assert(nn.save(path, first:state_dict()))
      log(first, at + 1, 7) -- after the checkpoint: these are done again
      first:close()
      local before = read(parts .. "/metrics.csv")
      local again = run {dir = parts, resume = true}
      again:load_state_dict(assert(nn.load(path)))
      assert.equal(before, read(parts .. "/metrics.csv"))
      log(again, at + 1, 8)
      assert.same(nn.pretty(whole.history), nn.pretty(again.history))
      again:close()
      assert.equal(read(dir .. "/whole/metrics.csv"), read(parts .. "/metrics.csv"))
      for _, name in ipairs {"histograms.jsonl", "texts.jsonl"} do
        local function lines(folder)
          return (read(folder .. "/" .. name):gsub('"time":[%d.]+', "time"))
        end
        assert.equal(lines(dir .. "/whole"), lines(parts))
      end
      assert.equal(1, #decode(read(parts .. "/run.json")).resumed)
    end
  end)

  it("leaves a folder alone that it is to resume and cannot", function()
    run({columns = {"epoch", "loss"}}):close()
    raises({"metrics.csv has other columns"}, run, {columns = {"epoch"}, resume = true})
    raises({"metrics.csv has other columns"}, run, {columns = {"epoch", "los"}, resume = true})
    local r <close> = run {columns = {"epoch", "loss"}, resume = true}
    raises({"not the state of a run with these columns"}, r.load_state_dict, r, {})
    r:log {epoch = 1, loss = 2}
    raises({"has rows already; make it with resume = true"}, r.load_state_dict, r, r:state_dict())
    assert.is_true(exists(dir .. "/earlier-1/metrics.csv"))
  end)

  it("moves what an earlier run left out of the way", function()
    for i = 1, 3 do
      local r <close> = run {}
      r:log {epoch = i}
      r:image("a", nn.zeros(2, 2))
    end
    assert.equal("epoch\n3\n", metrics())
    assert.equal("epoch\n1\n", read(dir .. "/earlier-1/metrics.csv"))
    assert.equal("epoch\n2\n", read(dir .. "/earlier-2/metrics.csv"))
    assert.is_true(exists(dir .. "/earlier-2/images/a/2.png"))
    assert.is_false(exists(dir .. "/images/a/2.png"))
  end)

  it("has its folder for itself while it is open", function()
    local first = run {}
    assert.is_true(core.io.is_locked(dir .. "/lock"))
    raises({"lock' is in use by a running process"}, run, {})
    raises({"lock' is in use by a running process"}, run, {resume = true})
    first:close()
    assert.is_false(core.io.is_locked(dir .. "/lock"))
    raises({("run: %s is closed"):format(dir)}, first.log, first, {epoch = 1})
    run({}):close()
  end)

  it("says where it came from", function()
    nn.manual_seed(7)
    run({config = {lr = 0.5}, tags = {"a", "b"}, notes = "why"}):close()
    local info = decode(read(dir .. "/run.json"))
    assert.same({1, "spec", dir, 7, "why"},
                {info.format, info.name, info.id, info.seed, info.notes})
    assert.same({"a", "b"}, {table.unpack(info.tags)})
    assert.same({lr = 0.5}, decode(read(dir .. "/config.json")))
    assert.truthy(info.created:find("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d[+-]%d%d:%d%d$"))
    assert.equal(nn.version, info.versions.nnlua)
    assert.is_true(#info.command > 0)
    run({config = {options = {seed = 3}}}):close()
    assert.equal(3, decode(read(dir .. "/run.json")).seed)
    raises({"json_encode"}, run, {config = {f = print}})
  end)

  it("records how it ended", function()
    run({}):close()
    assert.same({"finished", 0}, {state().state, state().rows})
    local function leave(err)
      pcall(function()
        local r <close> = run {}
        r:log {epoch = 1}
        assert.same({"running", nn.io.null}, {state().state, state().ended})
        error(err, 0)
      end)
      return state().state, state().message, state().rows
    end
    assert.same({"failed", "boom", 1}, {leave("boom")})
    assert.same({"failed", "caf?", 1}, {leave("caf\xe9")})
    assert.same({"interrupted", nil, 1}, {leave("interrupted")})
  end)

  it("is a folder of its own for each run of a second, below the root", function()
    local made, seen = {}, {}
    for i = 1, 3 do
      made[i] = nn.run {name = "spec/own"}
      assert.is_nil(seen[made[i].dir])
      seen[made[i].dir] = true
      assert.equal("runs/" .. made[i].id, made[i].dir)
      assert.truthy(made[i].id:find("^spec/own/%d+%-%d+"))
    end
    for i = 1, 3 do
      made[i]:close()
      os.execute("rm -rf " .. made[i].dir)
    end
    for _, name in ipairs {"", "/tmp", "../up", "a/../b", 3} do
      raises({"bad option 'name' to 'run'"}, nn.run, {name = name})
    end
  end)

  it("keeps images", function()
    local r <close> = run {}
    r:log {epoch = 5}
    local grey = nn.randint(0, 256, {3, 4}, {dtype = "uint8"})
    local path = r:image("in/grey", grey)
    assert.equal(dir .. "/images/in/grey/5.png", path)
    assert.same(grey:totable(), nn.io.load_png(path)[1]:totable())
    assert.equal(read(path), read(r:image("copy", path, {step = 2})))
    -- five images [1,2,2] in three columns and two rows, a black line between them
    local batch = nn.ones(5, 1, 2, 2)
    local shown = nn.io.load_png(r:image("grid", batch))[1]
    assert.same({5, 8}, {shown:size(1), shown:size(2)})
    assert.equal(5 * 4 * 255, shown:to("int64"):sum():item())
    assert.equal(0, shown[{ 3, {} }]:to("int64"):sum():item())
    for _, tag in ipairs {"", "../up", "a//b", "/a", "a\nb"} do
      raises({"bad argument #1 to 'image'"}, r.image, r, tag, grey)
    end
    raises({"bad argument #2 to 'image' (tensor or path"}, r.image, r, "a", 3)
    raises({"is no PNG file"}, r.image, r, "a", dir .. "/run.json")
    raises({"bad option 'step' to 'image' (an integer expected, got 1.5)"}, r.image, r, "a", grey,
           {step = 1.5})
  end)

  it("counts as numpy.histogram does", function()
    local r <close> = run {}
    local function histogram(values, bins)
      r:histogram("h", nn.tensor(values, {dtype = "float64"}), {bins = bins})
      local last
      for line in io.lines(dir .. "/histograms.jsonl") do last = line end
      local h = decode(last)
      return {table.unpack(h.edges)}, {table.unpack(h.counts)}, h.not_finite
    end
    -- numpy.histogram([0, 1, 2, 3, 3, 10], 5), and of [0.1 * i for i in range(11)] with 10 bins:
    -- 0.3 and 0.6 and 0.7 lie a rounding away from the edges
    local edges, counts = histogram({0, 1, 2, 3, 3, 10}, 5)
    assert.same({0, 2, 4, 6, 8, 10}, edges)
    assert.same({2, 3, 0, 0, 1}, counts)
    local tenths = {}
    for i = 0, 10 do tenths[i + 1] = 0.1 * i end
    assert.same({1, 1, 1, 1, 1, 1, 1, 1, 1, 2}, select(2, histogram(tenths, 10)))
    -- a value on an edge is in the bin behind it, one just before it in the bin before, whatever is
    -- rounded on the way there
    for bins = 2, 40 do
      local on_edges = histogram({0.1, 0.1 + bins / 7}, bins)
      counts = select(2, histogram(on_edges, bins))
      assert.equal(("1,"):rep(bins - 1) .. "2", table.concat(counts, ","))
      for i = 2, bins do on_edges[i] = on_edges[i] * (1 - 2.0 ^ -52) end
      counts = select(2, histogram(on_edges, bins))
      assert.equal("2" .. (",1"):rep(bins - 1), table.concat(counts, ","))
    end
    edges, counts = histogram({7, 7}, 2)
    assert.same({6.5, 7, 7.5}, edges)
    assert.same({0, 2}, counts)
    local _, none, left_out = histogram({0 / 0, 1 / 0}, 2)
    assert.same({{0, 0}, 2}, {none, left_out})
  end)

  it("keeps a confusion matrix and the worst examples", function()
    local r <close> = run {}
    local m = nn.metrics.ConfusionMatrix {"cat", "dog"}
    local y = nn.tensor({1, 2, 2, 1}, {dtype = "int64"})
    local scores = nn.tensor {{2, 0}, {3, 0}, {0, 1}, {0, 1}}
    m:update(scores, y)
    r:confusion(m, {step = 4})
    local kept = decode(read(dir .. "/confusion.json"))
    assert.equal('{"classes":["cat","dog"],"matrix":[[1,1],[1,1]],"step":4}',
                 nn.io.json_encode(kept))
    raises({"a list of 2 names expected, got one of 1"}, r.confusion, r, m, {classes = {"a"}})
    raises({"a tensor [C,C] or a ConfusionMatrix expected, got [2,3]"}, r.confusion, r,
           nn.zeros(2, 3))
    r:examples {images = nn.rand(4, 3, 3), labels = y, scores = scores, classes = {"cat", "dog"},
                count = 2}
    local list = decode(read(dir .. "/examples.json"))
    assert.equal(2, #list)
    assert.same({2, "dog", "cat", "examples/01.png"},
                {list[1].index, list[1].label, list[1].predicted, list[1].image})
    -- -log softmax([3, 0])[2] and softmax([3, 0])[1]
    assert.is_true(math.abs(list[1].loss - math.log(1 + math.exp(3))) < 1e-12)
    assert.is_true(math.abs(list[1].probability - 1 / (1 + math.exp(-3))) < 1e-12)
    assert.equal(4, list[2].index)
    assert.is_true(exists(dir .. "/examples/02.png"))
    r:examples {images = nn.rand(4, 3, 3), labels = y,
                predictions = nn.tensor({1, 2, 1, 1}, {dtype = "int64"}), count = 1}
    list = decode(read(dir .. "/examples.json"))
    assert.same({3, 2, 1, nn.io.null}, {list[1].index, list[1].label, list[1].predicted,
                                        list[1].loss})
    raises({"'examples' needs the option 'scores' or 'predictions'"}, r.examples, r,
           {images = nn.rand(4, 3, 3), labels = y})
    raises({"bad option 'images' to 'examples' (3 rows, but there are 4 labels)"}, r.examples, r,
           {images = nn.rand(3, 3, 3), labels = y, scores = scores})
  end)

  it("saves checkpoints in its folder, at the step of the last row", function()
    local r <close> = run {}
    local model = nn.Linear(2, 2)
    r:log {step = 40, loss = 1}
    assert(r:checkpoint {model = model, run = r})
    assert(r:checkpoint({model = model, run = r}, {step = 50, keep = 1}))
    local list = nn.checkpoint.list(dir .. "/checkpoints")
    assert.same({1, 50}, {#list, list[1].step})
  end)

  it("is what nn.fit.log needs, with columns or without", function()
    local function fit(r)
      local model = nn.Linear(2, 2)
      nn.fit {model = model, criterion = nn.CrossEntropyLoss(), progress = false, epochs = 2,
              optimizer = nn.optim.SGD(model:parameters(), {lr = 0.1}),
              train = {nn.randn(8, 2), nn.ones(8, {dtype = "int64"})},
              callbacks = {nn.fit.log(r)}}
      r:close()
      return metrics():match("^[^\n]*")
    end
    assert.equal("epoch,loss,lr", fit(run {}))
    assert.equal("loss", fit(run {columns = {"loss"}}))
  end)
end)

describe("what a script prints", function()
  local original = {print = print, write = io.write, method = io.stdout.write, exit = os.exit}

  -- What f prints, as a listener hears it; the streams' own write is out of the way meanwhile.
  local function heard(f)
    local methods, list = getmetatable(io.stdout).__index, {}
    local write, print_ = methods.write, print
    methods.write = function(file) return file end
    rawset(_G, "print", function() end)
    local stop = output.listen(function(text) list[#list + 1] = text end)
    local ok, problem = pcall(f)
    stop()
    methods.write = write
    rawset(_G, "print", print_)
    return table.concat(list, "|"), ok, problem
  end

  it("is heard from print, io.write and the streams, in order", function()
    local text = heard(function()
      print("a", nil, 3)
      io.write("b", 1, 2.5)
      io.stderr:write("c\n")
      assert.equal(io.stdout, io.stdout:write("d"))
    end)
    assert.equal("a\tnil\t3\n|b12.5|c\n|d", text)
  end)

  it("does not hear lines that are drawn over, nor other files", function()
    local path = os.tmpname()
    local text = heard(function()
      io.stderr:write("\repoch 3", "\27[K")
      io.stderr:write("\rdone\n")
      local file <close> = assert(io.open(path, "w"))
      file:write("not this")
    end)
    os.remove(path)
    assert.equal("\rdone\n", text)
  end)

  it("fails as without a listener", function()
    local _, ok, problem = heard(function() io.write("a", {}) end)
    assert.is_false(ok)
    assert.truthy(problem:find("run_spec.lua:%d+: bad argument #2 to 'write' %(string expected"))
  end)

  it("is printed by Lua's own functions again when nobody listens", function()
    heard(function() end)
    assert.equal(original.print, print)
    assert.equal(original.write, io.write)
    assert.equal(original.method, io.stdout.write)
    assert.equal(original.exit, os.exit)
  end)
end)

describe("records of TensorBoard's", function()
  it("have checksums as published", function()
    -- RFC 3720, appendix B.4, and the catalogue of parametrised CRC algorithms
    assert.equal(0xe3069283, core.io.crc32c("123456789"))
    assert.equal(0x8a9136aa, core.io.crc32c(("\0"):rep(32)))
    assert.equal(0x62a8ab43, core.io.crc32c(("\xff"):rep(32)))
    local up = {}
    for i = 0, 31 do up[i + 1] = string.char(i) end
    assert.equal(0x46dd794e, core.io.crc32c(table.concat(up)))
    assert.equal(0, core.io.crc32c(""))
  end)
end)

-- What the folder of a run says, whole, torn or damaged.

local core = require "nnlua.core"
local metrics_file = require "nnlua.runs.metrics_file"
local params = require "nnlua.runs.params"
local reader = require "nnlua.runs.reader"
local run_folders = require "tests.spec.run_folders"

describe("nnlua.runs.reader", function()
  local root

  before_each(function() root = run_folders.root() end)
  after_each(function() run_folders.remove(root) end)

  local ID = "xor/20260801-120000"

  local function made(o)
    return assert(reader.read(run_folders.make(root, ID, o or {})))
  end

  it("reads what a run keeps", function()
    local run = made {config = '{"options": {"lr": 0.1, "none": null}}', tags = '"a", "b"',
                      metrics = "epoch,loss,note\n1,0.5,a\n2,nan,\"b, \"\"c\"\"\nd\"\n"}
    assert.equal(ID, run.id)
    assert.equal("xor", run.name)
    assert.equal("finished", run.state)
    assert.equal(1785578400, run.created) -- date -d 2026-08-01T12:00:00+02:00 +%s
    assert.equal(1.5, run.seconds)
    assert.same({"a", "b"}, run.tags)
    assert.same({options = {lr = 0.1}}, run.config)
    assert.equal("0123456789abcdef", run.info.git.commit)
    assert.same({"epoch", "loss", "note"}, run.columns)
    assert.equal(2, run.rows)
    assert.same({1, 2}, run.metrics.epoch)
    assert.equal(0.5, run.metrics.loss[1])
    assert.is_true(run.metrics.loss[2] ~= run.metrics.loss[2])
    assert.same({"a", 'b, "c"\nd'}, run.metrics.note)
    assert.same({}, run.problems)
  end)

  it("leaves out a torn last row, and rows of another width", function()
    local run = made {metrics = "epoch,loss\n1,0.5\n2,0.4,9\n3\n4,0.3\n5,0.2"}
    assert.same({1, 4}, run.metrics.epoch)
    run = made {metrics = "epoch,lo"}
    assert.equal(0, run.rows)
    assert.same({}, run.columns)
    assert.equal(0, made({metrics = ""}).rows)
  end)

  it("takes an empty cell among numbers for NaN", function()
    local loss = made({metrics = "epoch,loss\n1,\n2,-inf\n3,1e-3\n"}).metrics.loss
    assert.is_true(loss[1] ~= loss[1])
    assert.equal(-math.huge, loss[2])
    assert.equal(0.001, loss[3])
  end)

  it("knows a killed run by its lock", function()
    local dir = run_folders.make(root, ID, {state = "running"})
    run_folders.write(dir .. "/lock", "")
    assert.equal("killed", reader.read(dir).state)
    local lock = assert(core.io.lock_file(dir .. "/lock"))
    assert.equal("running", reader.read(dir).state)
    lock:close()
    assert.equal("killed", reader.read(dir).state)
    os.remove(dir .. "/state.json")
    assert.equal("killed", reader.read(dir).state)
  end)

  it("loses no more than a damaged file", function()
    local dir = run_folders.make(root, ID, {})
    for _, name in ipairs {"run.json", "config.json", "state.json", "confusion.json"} do
      run_folders.write(dir .. "/" .. name, '{"a": ')
    end
    local run = reader.read(dir)
    assert.equal(4, #run.problems)
    assert.match("^run.json is damaged: %(line 1", run.problems[1])
    assert.same({}, run.config)
    assert.same({0.5}, run.metrics.loss)
    assert.equal(ID, run.id)
    run_folders.write(dir .. "/config.json", '[1, 2]')
    run_folders.write(dir .. "/run.json", '7')
    assert.equal(ID, reader.read(dir).id)
  end)

  it("reads folders of older versions", function()
    local dir = root .. "/" .. ID
    core.io.mkdir_p(dir)
    run_folders.write(dir .. "/config.json", '{"lr": 1}')
    run_folders.write(dir .. "/metrics.csv.partial", "epoch\n1\n2\n")
    local run = reader.read(dir)
    assert.equal("killed", run.state)
    assert.equal(2, run.rows)
    assert.equal(os.time {year = 2026, month = 8, day = 1, hour = 12}, run.created)
    os.rename(dir .. "/metrics.csv.partial", dir .. "/metrics.csv")
    assert.equal("finished", reader.read(dir).state)
  end)

  it("lists pictures, images by tag and step, texts and histograms", function()
    local dir = run_folders.make(root, ID, {})
    core.io.mkdir_p(dir .. "/images/train/weights")
    for _, name in ipairs {"images/train/weights/10.png", "images/train/weights/9.png", "loss.svg",
                           "images/train/3.png"} do
      run_folders.write(dir .. "/" .. name, "x")
    end
    run_folders.write(dir .. "/texts.jsonl", '{"step": 1, "text": "a"}\n{"step": 2, "te')
    local run = reader.read(dir)
    local seen = {}
    for i, image in ipairs(run.images) do
      seen[i] = image.tag .. " " .. image.step
      assert.is_truthy(io.open(image.path))
    end
    assert.same({"train/weights 9", "train/weights 10", "train 3"}, seen)
    assert.same({"loss.svg"}, run.pictures)
    assert.same({{step = 1, text = "a"}}, run:texts())
    assert.same({}, run:histograms())
  end)

  it("gives nil and a message where there is no run", function()
    local none, message = reader.read(root .. "/none")
    assert.is_nil(none)
    assert.match("there is no folder", message, 1, true)
    none, message = reader.read(root)
    assert.is_nil(none)
    assert.match("there is no run in", message, 1, true)
  end)

  it("reads times with their offsets", function()
    assert.equal(0, reader.time("1970-01-01T00:00:00Z"))
    assert.equal(951782400 - 5.5 * 3600, reader.time("2000-02-29T00:00:00+05:30"))
    assert.equal(951782400 + 3600, reader.time("2000-02-29T00:00:00-0100"))
    assert.is_nil(reader.time("yesterday"))
    for seconds = 0, 4e9, 1e8 + 12345 do
      assert.equal(seconds, reader.time(os.date("!%Y-%m-%dT%H:%M:%SZ", seconds // 1 | 0)))
    end
  end)
end)

describe("nnlua.runs.metrics_file", function()
  it("goes on where it ended", function()
    local root = run_folders.root()
    local path = root .. "/metrics.csv"
    run_folders.write(path, 'a,"b ""x"""\r\n1,"2\n3"\r\n4,')
    local file = metrics_file.open(root)
    assert.same({"a", 'b "x"'}, file.columns)
    local rows = {}
    for cells in file:rows() do rows[#rows + 1] = cells end
    assert.same({{"1", "2\n3"}}, rows)
    local position = file:position()
    assert.equal(#'a,"b ""x"""\r\n1,"2\n3"\r\n', position)
    file:close()
    run_folders.write(path, 'a,"b ""x"""\r\n1,"2\n3"\r\n4,5\r\n')
    file = metrics_file.open(root)
    assert.is_true(file:seek(position))
    assert.same({"4", "5"}, file:rows()())
    assert.is_false(file:seek(1000))
    file:close()
    run_folders.remove(root)
  end)
end)

describe("nnlua.runs.params", function()
  it("flattens a configuration, sorted", function()
    assert.same({{"a", 1}, {"b.c", "x"}, {"b.d", "true"}, {"b.e", "2,0.5"}, {"f", "[]"},
                 {"g", '[[1],[2]]'}},
                params.flatten {b = {d = true, c = "x", e = {2, 0.5}}, a = 1,
                                f = core.io.json_array(), g = {{1}, {2}}, h = core.io.null})
    assert.same({}, params.flatten {})
    assert.same({}, params.flatten(nil))
  end)
end)

local core = require "nnlua.core"
local base64 = require "nnlua.page.base64"
local curves = require "nnlua.runs.report.curves"
local pictures = require "nnlua.runs.report.pictures"
local reader = require "nnlua.runs.reader"
local report = require "nnlua.runs.report"
local safe = require "nnlua.page.safe"

local function read_file(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

-- The bytes of a base64 text, by coreutils.
local function decode(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  local pipe <close> = assert(io.popen("base64 -d " .. path))
  local bytes = pipe:read("a")
  os.remove(path)
  return bytes
end

local function unpack_all(text, format)
  local bytes, list, at = decode(text), {}, 1
  while at <= #bytes do
    list[#list + 1], at = string.unpack("<" .. format, bytes, at)
  end
  return list
end

-- The rows that a long curve keeps, and their values.
local function kept(packed)
  local rows, row = {}, 0
  for i, distance in ipairs(unpack_all(packed.r, "I" .. packed.w)) do
    row = row + distance
    rows[i] = row
  end
  return rows, unpack_all(packed.v, packed.f == 8 and "d" or "f")
end

describe("base64", function()
  it("is that of RFC 4648", function()
    local known = {[""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==",
                   fooba = "Zm9vYmE=", foobar = "Zm9vYmFy"}
    for text, wanted in pairs(known) do assert.equal(wanted, base64.encode(text)) end
  end)

  it("gives back all bytes, in any number", function()
    local bytes = {}
    for i = 1, 7000 do bytes[i] = string.char(i * 181 % 256) end
    for _, size in ipairs {255, 3071, 3072, 3073, 7000} do
      local text = table.concat(bytes, "", 1, size)
      assert.is_true(text == decode(base64.encode(text)), size)
    end
  end)
end)

describe("a curve of the report", function()
  it("has every value if it is short", function()
    local packed = curves.pack({1, 0.5, 0 / 0, -2}, 2)
    assert.equal(4, packed.n)
    assert.is_nil(packed.k)
    local values = unpack_all(packed.v, "f")
    assert.same({1, 0.5, -2}, {values[1], values[2], values[4]})
    assert.not_equal(values[3], values[3])
  end)

  it("keeps spikes, gaps, both ends and the means if it is long", function()
    local values = {}
    for i = 1, 1003 do values[i] = i % 7 / 8 end
    values[501], values[502], values[700], values[702] = 1000, -1000, 0 / 0, math.huge
    local packed = curves.pack(values, 50)
    assert.equal(21, packed.k)
    local rows, kept_values = kept(packed)
    assert.equal(1, rows[1])
    assert.equal(1003, rows[#rows])
    assert.is_true(#rows <= 2 * 50 + 4, #rows)
    local has = {}
    for i, row in ipairs(rows) do
      has[row] = true
      assert.is_true(i == 1 or row > rows[i - 1])
      local value = values[row]
      assert.is_true(kept_values[i] == value or value ~= value and kept_values[i] ~= kept_values[i])
    end
    assert.is_true(has[501] and has[502] and has[700])
    local means = unpack_all(packed.m, "f")
    assert.equal(48, #means)
    local sum = 0
    for i = 22, 42 do sum = sum + values[i] end
    assert.near(sum / 21, means[2], 1e-7)
  end)

  it("takes float64 where float32 does not reach", function()
    assert.same({1e300, 1.5}, unpack_all(curves.pack({1e300, 1.5}, 2).v, "d"))
    local tiny = {}
    for i = 1, 100 do tiny[i] = 1e-60 * i end
    local rows, values = kept(curves.pack(tiny, 5))
    for i, row in ipairs(rows) do assert.equal(tiny[row], values[i]) end
  end)

  it("is of any length", function()
    for n = 0, 50 do
      local values = {}
      for i = 1, n do values[i] = i end
      local packed = curves.pack(values, 5)
      assert.equal(n, packed.n)
      local rows = packed.k and kept(packed)
      if rows then assert.same({1, n}, {rows[1], rows[#rows]}) end
    end
    assert.equal(4, curves.pack(setmetatable({}, {__len = function() return 1000000 end,
      __index = function() return 1 end}), 2).w)
  end)

  it("has exact first, last and extreme values in its summary", function()
    local s = curves.summary {0.1, 0 / 0, 0.7, 0.1 + 1e-12, 0.3}
    assert.same({first = 0.1, last = 0.3, min = 0.1, max = 0.7, min_row = 1, max_row = 3, gaps = 1},
                s)
    assert.is_true(curves.summary({1, 2, 2, 3}).rising)
    assert.is_nil(curves.summary({1, 3, 2}).rising)
    assert.is_nil(curves.summary({0 / 0}).min)
  end)

  it("has the values of a sparse column, and the end of one that diverges", function()
    local values, nan = {}, 0 / 0
    for i = 1, 95 do values[i] = i % 10 == 0 and i or nan end
    local s, sparse = curves.summary(values)
    assert.is_true(sparse)
    assert.same({10, 90, 86}, {s.first, s.last, s.gaps})
    local rows = kept(curves.pack(values, 9, sparse))
    assert.same({1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95}, rows)
    for i = 96, 120 do values[i] = nan end
    s = curves.summary(values)
    assert.not_equal(s.last, s.last)
    s, sparse = curves.summary {1, 2, nan, 3, 4, 5, 6, nan, nan, nan, nan}
    assert.is_nil(sparse)
    assert.not_equal(s.last, s.last)
  end)
end)

describe("what goes into the page", function()
  it("is UTF-8 and has no number that JSON lacks", function()
    assert.equal("a\u{fffd}b\u{e9}\u{fffd}", safe.text("a\xffb\u{e9}\xc3"))
    local value = safe.value {list = {1, 0 / 0, math.huge, -math.huge}, [3] = "x\0", deep = {{}}}
    assert.same({1, "nan", "inf", "-inf"}, value.list)
    assert.is_string(core.io.json_encode(value))
  end)

  it("is any table, however deep", function()
    local deep = {}
    for _ = 1, 5000 do deep = {deep} end
    assert.is_string(core.io.json_encode(safe.value(deep)))
  end)
end)

describe("the report", function()
  local nn = require "nnlua"
  local root, runs = os.tmpname(), {}
  os.remove(root)

  local function make(name, files)
    local dir = root .. "/" .. name
    nn.io.mkdir_p(dir)
    for file, text in pairs(files) do
      nn.io.mkdir_p((dir .. "/" .. file):match("^(.*)/"))
      assert(nn.io.write_file(dir .. "/" .. file, text))
    end
    return dir
  end

  setup(function()
    local image = nn.zeros(1, 28, 28, {dtype = "uint8"})
    nn.io.mkdir_p(root)
    nn.io.save_png(root .. "/secret.png", image)
    local png = read_file(root .. "/secret.png")
    local big = png .. ("x"):rep(3000)
    for i = 1, 3 do
      local dir = make("sweep/2026080" .. i, {
        ["metrics.csv"] = "epoch,cost,note\n1,0.5,a\n2,0.25,<b>\n",
        ["a.png"] = png, ["b.png"] = big,
        ["c.png"] = "no picture", ["config.json"] = '{"name": "</script><b>", "none": null}',
        ["examples.json"] = '[{"image": "../../secret.png"}, {"image": "examples/1.png"}, 3]',
        ["examples/1.png"] = png, ["images/w/10.png"] = png, ["images/w/20.png"] = png,
        ["confusion.json"] = '{"matrix": [[1, 2], [3]]}', ["texts.jsonl"] = '{"tag": 1}\n[]\n{"x',
        ["histograms.jsonl"] = '{"tag": "h", "counts": [1], "edges": [0]}\n', ["run.json"] = "{",
      })
      runs[i] = assert(reader.read(dir))
    end
  end)
  teardown(function() os.execute("rm -rf " .. root) end)

  local function write(list, given)
    local path = root .. "/page.html"
    assert.is_true(report.write(path, list, given))
    local html = read_file(path)
    local json = html:match('<script type="application/json" id="data">(.-)</script>')
    return html, core.io.json_decode(json), json
  end

  it("is one page that may load nothing", function()
    local html, data, json = write(runs)
    assert.is_nil(json:find("<", 1, true))
    assert.equal(3, #data.runs)
    assert.equal("sweep: 3 runs", data.title)
    local policy = html:match('Content%-Security%-Policy" content="([^"]*)"')
    assert.truthy(policy:find("default-src 'none'; img-src data:;", 1, true))
    assert.is_nil(policy:find("unsafe", 1, true))
    assert.is_nil(html:gsub('xmlns="[^"]*"', ""):find("https?://"))
    assert.is_nil(html:find("{{", 1, true))
  end)

  it("leaves out what is damaged, and says so", function()
    local _, data = write(runs)
    local run = data.runs[1]
    assert.truthy(run.problems[1]:find("run.json is damaged", 1, true))
    assert.is_nil(run.confusion)
    assert.equal(0, #run.histograms)
    assert.equal(0, #run.texts)
    assert.equal(2, #run.examples)
    assert.equal(0.25, run.summary.cost.last)
    assert.equal("<b>", run.summary.note.last)
    assert.is_nil(run.curves.note)
  end)

  it("has the pictures of the folder and no others", function()
    local _, data = write(runs)
    local run = data.runs[1]
    assert.is_nil(run.examples[1].src)
    assert.truthy(run.examples[2].src:find("^data:image/png;base64,"))
    local names = {}
    for i, picture in ipairs(run.pictures) do names[i] = picture.name end
    assert.same({"a.png", "b.png", "w"}, names)
    assert.equal(read_file(runs[1].dir .. "/a.png"),
                 decode(run.pictures[1].src:match("base64,(.*)")))
    assert.same({10, 20}, {run.pictures[3].steps[1].step, run.pictures[3].steps[2].step})
    assert.is_nil(run.left_out)
  end)

  it("shares the room for pictures evenly", function()
    local records = {}
    for i = 1, 3 do records[i] = {examples = {}} end
    local used = pictures.add(runs, records, 1000)
    assert.is_true(used <= 1000 and used > 500, used)
    for _, record in ipairs(records) do
      assert.equal("a.png", record.pictures[1].name)
      assert.is_true(record.left_out >= 1)
    end
  end)

  it("keeps to max_bytes", function()
    local small = #write(runs, {max_bytes = 1}) -- as small as it gets
    local most = small + 2000
    local html, data = write(runs, {max_bytes = most})
    assert.is_true(#html <= most, #html - most)
    assert.is_true(data.runs[1].left_out > 0)
  end)

  it("reads runs of which only the facts are known", function()
    local facts = {}
    for i, run in ipairs(runs) do facts[i] = assert(reader.facts(run.dir)) end
    local _, _, json = write(runs)
    local _, _, again = write(facts)
    assert.equal((json:gsub('"written": "[^"]*"', "")), (again:gsub('"written": "[^"]*"', "")))
    assert.is_nil(facts[1].metrics)
  end)

  it("is of no run, too", function()
    local _, data = write {}
    assert.equal(0, #data.runs)
    assert.equal("0 runs", data.title)
  end)

  it("escapes its title", function()
    local html = write(runs, {title = '<b> & "c"'})
    assert.truthy(html:find("<title>&lt;b&gt; &amp; &quot;c&quot;</title>", 1, true))
  end)

  it("says what cannot be", function()
    local ok, message = report.write(root .. "/none/page.html", runs)
    assert.is_nil(ok)
    assert.is_string(message)
    ok, message = report.write(root .. "/page.html", {{dir = root .. "/gone"}})
    assert.is_nil(ok)
    assert.truthy(message:find("gone", 1, true))
    assert.error_matches(function() report.write("x", 3) end, "a list of runs expected, got number")
    assert.error_matches(function() report.write("x", {{}}) end, "runs%[1%] is not what")
    assert.error_matches(function() report.write("x", runs, {max_byte = 1}) end, "max_bytes")
  end)
end)

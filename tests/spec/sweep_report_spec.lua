-- The data of the page about a study, and the descriptions of its pictures.

local core = require "nnlua.core"
local parameters = require "nnlua.sweep.report.parameters"
local pictures = require "nnlua.sweep.pictures"
local plot = require "nnlua.plot"
local record = require "nnlua.sweep.report.record"
local report = require "nnlua.sweep.report"
local results = require "nnlua.sweep.results"
local studies = require "tests.cli.sweep_studies"

local function unpack_all(text, format)
  local path, list, at = os.tmpname(), {}, 1
  assert(core.io.write_file(path, text))
  local pipe <close> = assert(io.popen("base64 -d " .. path))
  local bytes = pipe:read("a")
  os.remove(path)
  while at <= #bytes do list[#list + 1], at = string.unpack("<" .. format, bytes, at) end
  return list
end

describe("the report of a study", function()
  local path = os.tmpname()
  local store, study = studies.run(studies.mixed(), path)
  local found = results.read(store, study)
  local data = record(store, study.id, found)
  teardown(function()
    store:close()
    for _, suffix in ipairs {"", "-wal", "-shm"} do os.remove(path .. suffix) end
  end)

  it("has every trial with its parameters, exactly", function()
    local values = unpack_all(data.trials.value, "d")
    assert.equal(#found.trials, #values)
    local axes = {}
    for _, axis in ipairs(data.parameters) do axes[axis.name] = axis end
    local lr, kind = unpack_all(axes.lr.x, "d"), unpack_all(axes.kind.x, "d")
    local momentum = unpack_all(axes.momentum.x, "d")
    for i, trial in ipairs(found.trials) do
      assert.equal(trial.params.lr, lr[i])
      assert.equal(trial.params.kind, axes.kind.values[kind[i] + 1])
      assert.equal(trial.value, values[i] == values[i] and values[i] or nil)
      assert.equal(trial.params.momentum, momentum[i] == momentum[i] and momentum[i] or nil)
    end
    assert.is_true(axes.lr.log)
    assert.is_true(axes.momentum.conditional)
    assert.equal("integer", axes.layers.kind)
  end)

  it("has what each trial reported", function()
    local counts = unpack_all(data.reports.counts, "I4")
    local steps = unpack_all(data.reports.steps, "I4")
    local values, at = unpack_all(data.reports.values, "f"), 0
    for i, trial in ipairs(found.trials) do
      local reports = store:reports(trial.id)
      assert.equal(#reports, counts[i])
      for j, one in ipairs(reports) do
        assert.equal(one.step, steps[at + j])
        assert.near(one.value, values[at + j], 1e-6)
      end
      at = at + counts[i]
    end
    assert.equal(#steps, at)
  end)

  it("has each message once", function()
    local places = unpack_all(data.trials.message, "I4")
    for i, trial in ipairs(found.trials) do
      assert.equal(trial.message, data.trials.messages[places[i]])
    end
  end)

  it("makes the distributions of a definition again", function()
    local sweep = studies.mixed()
    local recorded = core.io.json_decode(core.io.json_encode(sweep:describe()))
    local list = parameters.distributions(recorded)
    for i, distribution in ipairs(sweep.distributions) do
      for _, u in ipairs {0.0, 0.37, 0.99} do
        assert.equal(distribution:from_unit(u), list[i]:from_unit(u))
      end
    end
  end)

  it("lets no text of a study end its element", function()
    local page = os.tmpname()
    assert(report.write(page, store, study, {title = studies.HOSTILE}))
    local file <close> = assert(io.open(page, "rb"))
    local text = file:read("a")
    os.remove(page)
    local _, ends = text:gsub("</script>", "")
    assert.equal(2, ends)
    assert.is_nil(text:find("<img", 1, true))
    local ok, message = report.write("/nowhere/page.html", store, study)
    assert.is_nil(ok)
    assert.matches("/nowhere/page.html", message)
    assert.error_matches(function() report.write(page, store, study, {titel = "x"}) end, "titel")
  end)

  it("draws the history and a parameter with nn.plot", function()
    local history = pictures.history_lines(found)
    local best = history.series[2].y
    assert.equal(found.best.mean, best[#best])
    for i = 2, #best do assert.is_true(best[i] <= best[i - 1]) end
    local png = os.tmpname() .. ".svg"
    assert(plot.lines(png, history))
    assert(plot.lines(png, pictures.parameter_lines(found, "lr")))
    os.remove(png)
    assert.is_true(pictures.parameter_lines(found, "lr").log_x)
    assert.is_nil(pictures.parameter_lines(found, "kind"))
    assert.error_matches(function() pictures.parameter_lines(found, "lrr") end,
                         "no parameter 'lrr' varies %(did you mean 'lr'")
  end)

  it("draws intervals over seeds", function()
    local other = os.tmpname()
    local seeds <close>, one = studies.run(studies.seeds(), other)
    local lines = pictures.parameter_lines(results.read(seeds, one), "lambda")
    assert.equal(5, #lines.series[1].x)
    -- three values a thousandth apart: Student's t of two degrees of freedom
    assert.near(4.302653 * 0.001 / math.sqrt(3), lines.series[1].errors[1], 1e-8)
    for _, suffix in ipairs {"", "-wal", "-shm"} do os.remove(other .. suffix) end
  end)
end)

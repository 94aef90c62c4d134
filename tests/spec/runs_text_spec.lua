-- Runs as texts: short numbers, aligned tables, short names and what users type for runs.

local names = require "nnlua.runs.names"
local goal = require "nnlua.runs.goal"
local run_folders = require "tests.spec.run_folders"
local text = require "nnlua.runs.text"

describe("nnlua.runs.text", function()
  it("shows numbers in four digits, integers whole", function()
    local shown = {}
    for i, value in ipairs {1, 123456789, 0.25, 1 / 3, 20.0, 1e6, 1e-7, -1 / 0, 0 / 0, "a\tb"} do
      shown[i] = text.value(value)
    end
    assert.same({"1", "123456789", "0.25", "0.3333", "20", "1e+06", "1e-07", "-inf", "nan", "a?b"},
                shown)
    assert.equal("-", text.value(nil))
  end)

  it("shows times as people say them", function()
    assert.same({"0.0243s", "42s", "3m 05s", "-"}, {text.duration(0.02431), text.duration(42),
                                                    text.duration(185), text.duration(nil)})
    local now = 1785578400
    assert.same({"0s", "59s", "1m", "23h", "27d", os.date("%Y-%m-%d", now - 30 * 86400)},
                {text.age(now + 5, now), text.age(now - 59.9, now), text.age(now - 60, now),
                 text.age(now - 86399, now), text.age(now - 28 * 86400 + 1, now),
                 text.age(now - 30 * 86400, now)})
  end)

  it("aligns cells by characters, numbers at the right", function()
    local columns = {
      {title = "name", n = 3, values = {"ä", "b", ("x"):rep(120)}},
      {title = "größe", n = 3, values = {1.5, nil, 0 / 0}},
      {title = "end", n = 3, values = {"x", "long", "z"}},
    }
    for _, column in ipairs(columns) do text.measure(column) end
    local lines = text.table(columns, false)
    local space = (" "):rep(119)
    assert.equal("name" .. (" "):rep(116) .. "  größe  end", lines[1])
    assert.equal("ä" .. space .. "    1.5  x", lines[2])
    assert.equal("b" .. space .. "      -  long", lines[3])
    assert.equal(("x"):rep(120) .. "    nan  z", lines[4])
    assert.equal(120 + 2 + 5 + 2 + 4, text.total(columns))
  end)

  it("cuts long texts at a character", function()
    assert.equal("äöü", text.clip("äöü", 3))
    assert.equal("äö…", text.clip("äöüß", 3))
    assert.equal("日…", text.clip("日本語", 4))
  end)
end)

describe("nnlua.runs.names", function()
  it("are as short as tells all runs apart", function()
    local function short(...)
      local ids, list = {...}, {}
      local found = names.short(ids)
      for i, id in ipairs(ids) do list[i] = found[id] end
      return list
    end
    assert.same({"120000", "120000-2", "foo"},
                short("a/20260801-120000", "a/20260801-120000-2", "foo"))
    assert.same({"0801-120000", "0802-120000"}, short("a/20260801-120000", "b/c/20260802-120000"))
    assert.same({"20250801-120000", "20260801-120000"},
                short("a/20250801-120000", "a/20260801-120000"))
    assert.same({"a/20260801-120000", "b/20260801-120000", "20260801-120001"},
                short("a/20260801-120000", "b/20260801-120000", "b/20260801-120001"))
  end)

  it("are found by id, end, beginning, path, latest", function()
    local root = run_folders.root()
    local ids = {"b/20260802-120000", "a/20260801-120000-2", "a/20260801-120000"}
    local function find(word) return (names.find(word, ids, root)) end
    assert.equal(ids[3], find(ids[3]))
    assert.equal(ids[3], find "0801-120000")
    assert.equal(ids[2], find "120000-2")
    assert.equal(ids[1], find "b")
    assert.equal(ids[1], find "latest")
    assert.equal(ids[2], find "a/latest")
    local dir = run_folders.make(root, ids[3], {})
    assert.equal(ids[3], find(dir))
    assert.equal(ids[3], find(dir .. "/"))
    assert.same({dir, dir}, {names.find(dir, ids, "elsewhere")})
    local none, message = names.find("a/", ids, root)
    assert.is_nil(none)
    assert.equal("'a/' may be 2 runs: a/20260801-120000-2, a/20260801-120000", message)
    for _, word in ipairs {"", "x", "c/latest", root} do assert.is_nil(find(word)) end
    run_folders.remove(root)
  end)
end)

describe("nnlua.runs.goal", function()
  it("knows metrics by their names", function()
    assert.same({"test_accuracy", "val_loss", "train_acc", "loss", "grad_norm", "epoch"},
                goal.sorted {"epoch", "loss", "grad_norm", "train_acc", "val_loss",
                             "test_accuracy"})
    assert.is_true(goal.is_max "F1")
    assert.is_false(goal.is_max "accuracy_loss")
    assert.is_false(goal.is_max "test_cost")
  end)
end)

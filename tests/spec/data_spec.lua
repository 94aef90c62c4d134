-- Data sets, their parts and their batches.

local nn = require "nnlua"
local support = require "tests.spec.support"

local data = nn.data

local function int64(values)
  return nn.tensor(values, {dtype = "int64"})
end

-- n rows {i, 10 i} with labels in turn 1..classes.
local function numbered(n, classes)
  local i = nn.arange(1, n + 1)
  local labels = (i - 1):remainder(classes or 3) + 1
  return data.TensorDataset(nn.stack({i, i * 10}, 2), labels, {classes = {"a", "b", "c"}})
end

-- The first column of the rows of a data set.
local function rows_of(ds)
  local x = ds:all()
  return support.flat(x[{{}, 1}])
end

local function joined(...)
  local all = {}
  for _, list in ipairs {...} do
    table.move(list, 1, #list, #all + 1, all)
  end
  return all
end

local function sorted(list)
  table.sort(list)
  return list
end

local function range(first, last)
  local list = {}
  for i = first, last do
    list[#list + 1] = i
  end
  return list
end

describe("data.TensorDataset", function()
  local ds = numbered(6)

  it("has rows, samples and classes", function()
    assert.equal(6, #ds)
    assert.same({"a", "b", "c"}, ds.classes)
    assert.same({{4, 40}, 1}, {ds[4][1]:totable(), ds[4][2]:item()})
    assert.equal(3, ds[-1][2]:item())
    assert.equal("TensorDataset(6 rows: int64 [*,2], int64 [*])", tostring(ds))
  end)

  it("gathers batches as copies, in the order asked for", function()
    local x, y = ds:batch {5, 1, -1, 1}
    assert.same({{5, 50}, {1, 10}, {6, 60}, {1, 10}}, x:totable())
    assert.same({2, 1, 3, 1}, y:totable())
    x:zero_()
    assert.equal(5, ds[5][1][1]:item())
    assert.same({0, 2}, ds:batch({}):shape())
    assert.equal("uint8", data.TensorDataset(nn.zeros(3, {dtype = "uint8"})):batch({2}):dtype())
  end)

  it("makes subsets that share the data, subsets of subsets too", function()
    local part = ds:subset {6, 2, 4}
    assert.equal(3, #part)
    assert.same({6, 2, 4}, rows_of(part))
    assert.equal(2, part[2][1][1]:item())
    assert.same({4, 6}, rows_of(part:subset(int64 {-1, 1})))
    assert.same({4, 6}, part:subset({3, 1}):batch({1, 2})[{{}, 1}]:totable())
    part[2][1][1] = 7
    assert.equal(7, ds[2][1][1]:item())
    ds[2][1][1] = 2
    assert.equal(0, #ds:subset {})
    assert.equal(ds.classes, part.classes)
  end)

  it("keeps its rows when the list they came from changes", function()
    local list = int64 {1, 2}
    local part = ds:subset(list)
    list:fill_(6)
    assert.same({1, 2}, rows_of(part))
  end)
end)

describe("data.split", function()
  it("cuts by counts and by fractions, every row in one part", function()
    local a, b, c = data.split(numbered(10), {5, 2, 3}, {generator = nn.Generator(1)})
    assert.same({5, 2, 3}, {#a, #b, #c})
    assert.same(range(1, 10), sorted(joined(rows_of(a), rows_of(b), rows_of(c))))
    local d, e = data.split(numbered(10), {0.75, 0.25}, {shuffle = false})
    assert.same({range(1, 8), {9, 10}}, {rows_of(d), rows_of(e)})
    assert.equal(29, #data.split(numbered(100), {0.29, 0.71}))
    assert.equal(0, #data.split(numbered(10), {0, 10}))
    local nothing = numbered(3):subset {}
    assert.equal(0, #select(2, data.split(nothing, {0.5, 0.5})))
    assert.equal(0, #select(2, data.stratified_split(nothing, {0.5, 0.5})))
  end)

  it("is NumPy's permutation of the generator's seed", function()
    local a = data.split(numbered(10), {0.5, 0.5}, {generator = nn.Generator(42)})
    assert.same({9, 2, 6, 1, 8}, rows_of(a)) -- RandomState(42).permutation(10) + 1
  end)
end)

describe("data.stratified_split", function()
  it("gives every part its share of every label", function()
    local labels = {}
    for i = 1, 100 do
      labels[i] = i <= 70 and 1 or i <= 90 and 2 or 3
    end
    local ds = data.TensorDataset(nn.arange(1, 101):reshape(100, 1), int64(labels))
    local parts = {data.stratified_split(ds, {0.6, 0.3, 0.1}, {generator = nn.Generator(5)})}
    assert.same({60, 30, 10}, {#parts[1], #parts[2], #parts[3]})
    local shares = {{42, 12, 6}, {21, 6, 3}, {7, 2, 1}}
    local rows = {}
    for part, ds_part in ipairs(parts) do
      local counts = {0, 0, 0}
      for _, label in ipairs(select(2, ds_part:all()):totable()) do
        counts[label] = counts[label] + 1
      end
      for label = 1, 3 do
        assert.is_true(math.abs(counts[label] - shares[part][label]) <= 1)
      end
      rows = joined(rows, rows_of(ds_part))
    end
    assert.same(range(1, 100), sorted(rows))
  end)

  it("keeps the order of rows without shuffling, and takes other labels", function()
    local ds = data.TensorDataset(nn.arange(1, 9):reshape(8, 1))
    local a, b = data.stratified_split(ds, {4, 4}, {shuffle = false,
                                                    labels = int64 {1, 1, 1, 1, 7, 7, 7, 7}})
    assert.same({{2, 4, 6, 8}, {1, 3, 5, 7}}, {rows_of(a), rows_of(b)})
  end)
end)

describe("data.kfold", function()
  it("holds out every row once, as scikit-learn's KFold", function()
    local held_out = {}
    for train, validation in data.kfold(numbered(10), 3) do
      held_out[#held_out + 1] = rows_of(validation)
      assert.same(range(1, 10), sorted(joined(rows_of(train), rows_of(validation))))
    end
    assert.same({{1, 2, 3, 4}, {5, 6, 7}, {8, 9, 10}}, held_out)
  end)

  it("shuffles by its generator", function()
    local function folds(seed)
      local lists = {}
      for _, validation in data.kfold(numbered(9), 9, {shuffle = true,
                                                       generator = nn.Generator(seed)}) do
        lists[#lists + 1] = rows_of(validation)[1]
      end
      return lists
    end
    assert.same(folds(3), folds(3))
    assert.not_same(folds(3), folds(4))
    assert.same(range(1, 9), sorted(folds(3)))
  end)
end)

describe("data.standardize", function()
  local train = nn.tensor {{1, 5, 1e8}, {3, 5, 1e8 + 8}, {8, 5, 1e8 + 16}}
  local scaler, x, other = data.standardize(train, nn.tensor {{4, 6, 1e8 + 8}})

  it("fits on the first tensor alone; constant columns become 0", function()
    support.close(scaler.mean, nn.tensor({4, 5, 1e8 + 8}, {dtype = "float64"}))
    -- sqrt(26/3), 1 for a constant, 8 sqrt(2/3)
    support.close(scaler.std, nn.tensor({2.943920288775949, 1, 6.531972647421808},
                                        {dtype = "float64"}))
    support.close(x[{{}, 2}], nn.zeros(3))
    support.close(x[{{}, 3}], nn.tensor {-1.224744871391589, 0, 1.224744871391589})
    support.close(other, nn.tensor {{0, 1, 0}})
    assert.equal("float32", x:dtype())
  end)

  it("goes back, and is saved", function()
    support.close(scaler:inverse(x), train)
    local again = data.Standardizer(nn.zeros(3), nn.ones(3)):load_state_dict(scaler:state_dict())
    support.equal(again:apply(train), x)
    assert.same({"mean", "std"}, {scaler:state_dict()[1][1], scaler:state_dict()[2][1]})
  end)

  it("takes vectors, images and bytes, and keeps float64", function()
    local _, y = data.standardize(nn.tensor({1, 3}, {dtype = "float64"}))
    support.close(y, nn.tensor({-1, 1}, {dtype = "float64"}))
    local image, z = data.standardize(nn.tensor({{{0, 0}}, {{2, 0}}}, {dtype = "uint8"}))
    assert.same({1, 2}, image.mean:shape())
    support.close(z, nn.tensor {{{-1, 0}}, {{1, 0}}})
  end)
end)

describe("data.one_hot", function()
  it("is 1 at the label", function()
    support.equal(data.one_hot(int64 {3, 1}, 3), nn.tensor {{0, 0, 1}, {1, 0, 0}})
    assert.equal("float64", data.one_hot(int64 {1}, 1, {dtype = "float64"}):dtype())
    assert.same({0, 4}, data.one_hot(nn.zeros(0, {dtype = "int64"}), 4):shape())
  end)
end)

describe("data.loader", function()
  -- The batches of one epoch, their first columns as lists.
  local function epoch(loader)
    local batches = {}
    for x, y in loader() do
      batches[#batches + 1] = support.flat(x[{{}, 1}])
      assert.equal(x:size(1), y:size(1))
    end
    return batches
  end

  it("goes through the rows in order", function()
    local loader = data.loader {dataset = numbered(7), batch_size = 3}
    assert.equal(3, #loader)
    assert.same({{1, 2, 3}, {4, 5, 6}, {7}}, epoch(loader))
    assert.same({{1, 2, 3}, {4, 5, 6}, {7}}, epoch(loader))
    assert.equal(2, loader.epoch)
    local dropping = data.loader {dataset = numbered(7), batch_size = 3, drop_last = true}
    assert.equal(2, #dropping)
    assert.same({{1, 2, 3}, {4, 5, 6}}, epoch(dropping))
    assert.equal(7, #data.loader {dataset = numbered(7)})
    assert.same({}, epoch(data.loader {dataset = numbered(7):subset {}, batch_size = 2}))
    assert.same({}, epoch(data.loader {dataset = numbered(7), batch_size = 8, drop_last = true}))
  end)

  it("shuffles anew in every epoch: NumPy's permutations", function()
    local loader = data.loader {dataset = numbered(10), batch_size = 5, shuffle = true,
                                generator = nn.Generator(42)}
    -- RandomState(42).permutation(10) + 1, twice
    assert.same({{9, 2, 6, 1, 8}, {3, 10, 5, 4, 7}}, epoch(loader))
    assert.same({{1, 2, 9, 6, 4}, {5, 8, 10, 7, 3}}, epoch(loader))
  end)

  it("hands the transform x, y and the generator; other tensors pass by it", function()
    local ds = data.TensorDataset(nn.ones(4, 2), nn.arange(1, 5), nn.arange(11, 15))
    local generator, seen = nn.Generator(1), nil
    local loader = data.loader {dataset = ds, batch_size = 3, generator = generator,
      transform = function(x, y, g)
        seen = g
        return x * 2, y + 1
      end}
    local x, y, z = loader()()
    assert.equal(generator, seen)
    assert.same({2, 2}, x[1]:totable())
    assert.same({{2, 3, 4}, {11, 12, 13}}, {y:totable(), z:totable()})
  end)

  it("keeps bytes as bytes, and the data as it is", function()
    local bytes = nn.full({4, 2}, 7, {dtype = "uint8"})
    for x in data.loader({dataset = data.TensorDataset(bytes), batch_size = 4})() do
      assert.equal("uint8", x:dtype())
      x:zero_()
    end
    assert.equal(7, bytes[{1, 1}]:item())
  end)

  it("loses no batch to an error", function()
    local fails = true
    local loader = data.loader {dataset = numbered(4), batch_size = 2, transform = function(x, y)
      if fails then error("once") end
      return x, y
    end}
    local next_batch = loader()
    assert.has_error(next_batch)
    fails = false
    assert.equal(1, next_batch()[{1, 1}]:item())
    assert.equal(3, next_batch()[{1, 1}]:item())
    assert.is_nil(next_batch())
  end)

  describe("saved and loaded", function()
    local function noisy(x, y, generator)
      return x + nn.randint(0, 1000, x:size(1), 1, {generator = generator}) * 100, y
    end

    local function make(generator, changes)
      local opts = {dataset = numbered(10), batch_size = 3, shuffle = true, transform = noisy,
                    generator = generator}
      for name, value in pairs(changes or {}) do
        opts[name] = value
      end
      return data.loader(opts)
    end

    -- What the loop after `stop` batches of epoch 2 sees, to the end of epoch 4; a loop body that
    -- draws from the generator too, as dropout does. stop 5: after the loop of epoch 2.
    local function run(loader, generator, first_epoch, stop)
      local seen, state = {}, nil
      for e = first_epoch, 4 do
        local batch = 0
        for x in loader() do
          batch = batch + 1
          seen[#seen + 1] = support.flat(x[{{}, 1}])
          seen[#seen + 1] = nn.randn(3, {generator = generator}):totable()
          if e == 2 and batch == stop then
            seen, state = {}, loader:state_dict()
          end
        end
        seen[#seen + 1] = loader.epoch
        if e == 2 and stop == 5 then
          seen, state = {}, loader:state_dict()
        end
      end
      return seen, state
    end

    it("goes on exactly there, the draws of others from the generator included", function()
      for stop = 1, 5 do
        local generator = nn.Generator(8)
        local expected, state = run(make(generator), generator, 1, stop)
        local other = nn.Generator(99)
        local loader = make(other):load_state_dict(state)
        assert.equal(2, loader.epoch)
        assert.same(expected, (run(loader, other, stop == 5 and 3 or 2)))
      end
    end)

    it("goes on exactly there with the default generator", function()
      nn.manual_seed(6)
      local expected, state = run(make(), nil, 1, 2)
      nn.manual_seed(7)
      assert.same(expected, (run(make():load_state_dict(state), nil, 2)))
    end)

    it("goes on exactly there without shuffling", function()
      local generator = nn.Generator(8)
      local expected, state = run(make(generator, {shuffle = false}), generator, 1, 2)
      assert.is_nil(state.start)
      local other = nn.Generator(1)
      local loader = make(other, {shuffle = false}):load_state_dict(state)
      assert.same(expected, (run(loader, other, 2)))
    end)

    it("gives the same state again before it goes on", function()
      local loader = make(nn.Generator(8))
      loader()()
      local state = loader:state_dict()
      local again = make(nn.Generator(3)):load_state_dict(state):state_dict()
      assert.same({state.epoch, state.batch}, {again.epoch, again.batch})
      support.equal(again.start, state.start)
      support.equal(again.generator, state.generator)
    end)

    it("is plain and small", function()
      local loader = make(nn.Generator(8))
      loader()()
      local size = 0
      for _, value in pairs(loader:state_dict()) do
        size = size + (nn.is_tensor(value) and value:numel() or 8)
        assert.is_true(nn.is_tensor(value) or math.type(value) == "integer")
      end
      assert.is_true(size < 6000)
    end)

    it("refuses the state of another loader, and stays as it is", function()
      local generator = nn.Generator(8)
      local loader = make(generator)
      loader()()
      local state = loader:state_dict()
      local function refused(pattern, changes, damage)
        local g = nn.Generator(5)
        local target, bad = make(g, changes), {}
        for name, value in pairs(state) do
          bad[name] = value
        end
        for name, value in pairs(damage or {}) do
          bad[name] = value
        end
        support.raises({"load_state_dict", pattern}, target.load_state_dict, target, bad)
        support.equal(g:get_state(), nn.Generator(5):get_state())
        assert.equal(0, target.epoch)
      end
      refused("rows: the state has 10, the loader 6", {dataset = numbered(6)})
      refused("batch_size: the state has 3, the loader 4", {batch_size = 4})
      refused("batches: the state has 4, the loader 3", {drop_last = true})
      refused("shuffle", {shuffle = false})
      refused("'batch' is 5, expected 0..4", nil, {batch = 5})
      refused("'start' is not the state of a generator", nil, {start = nn.zeros(3)})
      refused("'generator' is not the state of a generator", nil, {generator = "x"})
      support.raises({"#1 to 'load_state_dict'", "number"}, loader.load_state_dict, loader, 5)
    end)
  end)
end)

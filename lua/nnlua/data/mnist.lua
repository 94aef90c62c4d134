-- MNIST from the four IDX files that its authors published.
--
-- Invariants: what is returned is MNIST and nothing else: the SHA-256 of every file's decompressed
-- bytes is pinned here, which settles counts, sizes and labels too. Nothing is downloaded here;
-- data/fetch does that.

local options = require "nnlua.options"

local FNAME = "data.mnist"

-- name: of the file, plain or with .gz; of its decompressed bytes: sha256
local FILES = {
  train = {
    count = 60000,
    images = {name = "train-images-idx3-ubyte",
              sha256 = "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
    labels = {name = "train-labels-idx1-ubyte",
              sha256 = "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
  },
  test = {
    count = 10000,
    images = {name = "t10k-images-idx3-ubyte",
              sha256 = "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
    labels = {name = "t10k-labels-idx1-ubyte",
              sha256 = "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
  },
}

local function readable(path)
  local file <close> = io.open(path, "rb")
  return file ~= nil
end

-- Path of the named file in the folder, or nil.
local function find_file(folder, name)
  for _, path in ipairs {folder .. "/" .. name, folder .. "/" .. name .. ".gz"} do
    if readable(path) then
      return path
    end
  end
end

-- Paths of the four files by their names, or nil and the name of the first that is not there.
local function find_files(folder)
  local paths = {}
  for _, split in ipairs {"train", "test"} do
    for _, part in ipairs {"images", "labels"} do
      local name = FILES[split][part].name
      paths[name] = find_file(folder, name)
      if not paths[name] then
        return nil, name
      end
    end
  end
  return paths
end

-- Where to look, in this order, when no folder is given.
local function folders()
  local list = {"data/mnist", "../shared/mnist"}
  local chosen = os.getenv("NNLUA_DATA")
  if chosen and chosen ~= "" then
    table.insert(list, 1, chosen)
    table.insert(list, 2, chosen .. "/mnist")
  end
  return list
end

-- The four paths, or nil and what to do. Raises if `dir` is given and does not hold them.
local function locate(dir)
  if dir ~= nil then
    if type(dir) ~= "string" then
      options.raise("bad option 'dir' to '%s' (a folder's path expected, got %s)", FNAME, type(dir))
    end
    local paths, missing = find_files(dir)
    if not paths then
      options.raise("bad option 'dir' to '%s' ('%s' has neither %s nor %s.gz)", FNAME, dir, missing,
                    missing)
    end
    return paths
  end
  local looked = folders()
  for _, folder in ipairs(looked) do
    local paths = find_files(folder)
    if paths then
      return paths
    end
  end
  return nil, ("the MNIST files are not in %s; run data/fetch to get them"):format(
    table.concat(looked, ", "))
end

local function read(nn, path, file, count)
  local tensor, message = nn.io.read_idx(path, {limit = count, sha256 = file.sha256})
  if not tensor then
    options.raise("%s: %s", FNAME, message)
  end
  return tensor
end

local function count_option(opts, split)
  local n, all = math.tointeger(opts[split]), FILES[split].count
  if not n or n < 0 or n > all then
    options.raise("bad option '%s' to '%s' (0 to %d images expected, got %s)", split, FNAME, all,
                  tostring(opts[split]))
  end
  return n
end

--- data.mnist{train=60000, test=10000, dir=} -> data set, or nil and one line that says what to do
--- if the files are not there.
--
-- The data set is {train = {images = uint8 [n,28,28], labels = int64 [n]}, test = {...},
-- classes = {"0", ..., "9"}, source = "mnist"}: the first `train` and `test` images in file order,
-- white ink on black; label k is the digit classes[k], so labels are 1..10.
--
-- dir is the folder of the four files, plain or gzip-compressed. Without it: $NNLUA_DATA,
-- $NNLUA_DATA/mnist, data/mnist, ../shared/mnist, the first that holds all four. Raises if a given
-- dir does not hold them, and if a file is not MNIST's.
return function(given)
  local nn = require "nnlua"
  local opts = options.check(FNAME, given, {train = FILES.train.count, test = FILES.test.count,
                                            dir = options.optional})
  local counts = {train = count_option(opts, "train"), test = count_option(opts, "test")}
  local paths, message = locate(opts.dir)
  if not paths then
    return nil, message
  end
  local set = {classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, source = "mnist"}
  for _, split in ipairs {"train", "test"} do
    local files, n = FILES[split], counts[split]
    set[split] = {
      images = read(nn, paths[files.images.name], files.images, n),
      labels = read(nn, paths[files.labels.name], files.labels, n):to("int64") + 1,
    }
  end
  return set
end

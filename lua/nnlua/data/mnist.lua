-- MNIST, Fashion-MNIST and KMNIST from the four IDX files that their authors published.
--
-- Invariants: what is returned is the named set and nothing else: the SHA-256 of every file is
-- pinned here, which settles counts, sizes and labels too. Nothing is downloaded here; data/fetch
-- does that.

local core = require "nnlua.core"
local options = require "nnlua.options"

local COUNTS = {train = 60000, test = 10000}
local NAMES = {
  train = {images = "train-images-idx3-ubyte", labels = "train-labels-idx1-ubyte"},
  test = {images = "t10k-images-idx3-ubyte", labels = "t10k-labels-idx1-ubyte"},
}

-- sha256: by the file's name without .gz; of the .gz file's own bytes if `compressed`, and then
-- the file must be that one; else of the decompressed bytes.
local SETS = {
  mnist = {
    title = "MNIST",
    classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
    sha256 = {
      ["train-images-idx3-ubyte"] =
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      ["train-labels-idx1-ubyte"] =
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      ["t10k-images-idx3-ubyte"] =
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      ["t10k-labels-idx1-ubyte"] =
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
  },
  -- Sums: TensorFlow Datasets, url_checksums/fashion_mnist.txt. Classes: the authors' README.
  fashion_mnist = {
    title = "Fashion-MNIST",
    compressed = true,
    classes = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
               "Sneaker", "Bag", "Ankle boot"},
    sha256 = {
      ["train-images-idx3-ubyte"] =
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
      ["train-labels-idx1-ubyte"] =
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
      ["t10k-images-idx3-ubyte"] =
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
      ["t10k-labels-idx1-ubyte"] =
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
  },
  -- Sums: TensorFlow Datasets, url_checksums/kmnist.txt. Classes: torchvision's datasets/mnist.py.
  kmnist = {
    title = "KMNIST",
    compressed = true,
    classes = {"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"},
    sha256 = {
      ["train-images-idx3-ubyte"] =
        "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
      ["train-labels-idx1-ubyte"] =
        "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
      ["t10k-images-idx3-ubyte"] =
        "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
      ["t10k-labels-idx1-ubyte"] =
        "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    },
  },
}

local function readable(path)
  local file <close> = io.open(path, "rb")
  return file ~= nil
end

-- What the set's file of that name may be called.
local function forms(set, name)
  return set.compressed and {name .. ".gz"} or {name, name .. ".gz"}
end

-- Path of the set's file of that name in the folder, or nil.
local function find_file(folder, set, name)
  for _, form in ipairs(forms(set, name)) do
    local path = folder .. "/" .. form
    if readable(path) then
      return path
    end
  end
end

-- Paths of the four files by their names, or nil and the name of the first that is not there.
local function find_files(folder, set)
  local paths = {}
  for _, split in ipairs {"train", "test"} do
    for _, part in ipairs {"images", "labels"} do
      local name = NAMES[split][part]
      paths[name] = find_file(folder, set, name)
      if not paths[name] then
        return nil, name
      end
    end
  end
  return paths
end

-- Where to look, in this order, when no folder is given. All sets name their files alike, and
-- $NNLUA_DATA itself is MNIST's.
local function folders(key)
  local list = {"data/" .. key, "../shared/" .. key}
  local chosen = os.getenv("NNLUA_DATA")
  if chosen and chosen ~= "" then
    table.insert(list, 1, chosen .. "/" .. key)
    if key == "mnist" then
      table.insert(list, 1, chosen)
    end
  end
  return list
end

-- The four paths, or nil and what to do. Raises if `dir` is given and does not hold them.
local function locate(key, set, dir)
  if dir ~= nil then
    if type(dir) ~= "string" then
      options.raise("bad option 'dir' to 'data.%s' (a folder's path expected, got %s)", key,
                    type(dir))
    end
    local paths, missing = find_files(dir, set)
    if not paths then
      local names = forms(set, missing)
      options.raise("bad option 'dir' to 'data.%s' ('%s' has %s)", key, dir,
        #names == 1 and "no " .. names[1] or ("neither %s nor %s"):format(names[1], names[2]))
    end
    return paths
  end
  local looked = folders(key)
  for _, folder in ipairs(looked) do
    local paths = find_files(folder, set)
    if paths then
      return paths
    end
  end
  return nil, ("the %s files are not in %s; run data/fetch%s to get them"):format(
    set.title, table.concat(looked, ", "), key == "mnist" and "" or " " .. key)
end

-- Raises unless the bytes of the file at path have the hash.
local function check_bytes(key, path, sha256)
  local file <close> = io.open(path, "rb")
  local bytes = file and file:read("a")
  if not bytes then
    options.raise("data.%s: cannot read '%s'", key, path)
  elseif core.io.sha256(bytes) ~= sha256 then
    options.raise("data.%s: %s is damaged or another file (its SHA-256 is %s, expected %s)", key,
                  path, core.io.sha256(bytes), sha256)
  end
end

local function read(key, set, path, name, count)
  local sha256 = set.sha256[name]
  if set.compressed then
    check_bytes(key, path, sha256)
    sha256 = nil
  end
  local tensor, message = core.io.read_idx(path, {limit = count, sha256 = sha256})
  if not tensor then
    options.raise("data.%s: %s", key, message)
  end
  return tensor
end

local function count_option(key, opts, split)
  local n, all = math.tointeger(opts[split]), COUNTS[split]
  if not n or n < 0 or n > all then
    options.raise("bad option '%s' to 'data.%s' (0 to %d images expected, got %s)", split, key,
                  all, tostring(opts[split]))
  end
  return n
end

--- data.mnist{train = 60000, test = 10000, dir}, data.fashion_mnist{train = 60000, test = 10000,
--- dir}, data.kmnist{train = 60000, test = 10000, dir} -> data set, or nil and one line that says
--- what to do if the files are not there.
---
--- The data set is {train = {images = uint8 [n,28,28], labels = int64 [n]}, test = {...}, classes,
--- source = "mnist" | "fashion_mnist" | "kmnist"}: the first `train` and `test` images in file
--- order, white on black; label k, 1..10, means classes[k].
---
--- dir is the folder of the four files: MNIST's plain or gzip-compressed, of the others the .gz
--- files. Without it: $NNLUA_DATA (MNIST only), $NNLUA_DATA/NAME, data/NAME, ../shared/NAME, the
--- first that holds all four. Raises if a given dir does not hold them, and if a file is not the
--- set's.
local function load(key, given)
  local set = SETS[key]
  local opts = options.check("data." .. key, given, {train = COUNTS.train, test = COUNTS.test,
                                                     dir = options.optional})
  local counts = {train = count_option(key, opts, "train"), test = count_option(key, opts, "test")}
  local paths, message = locate(key, set, opts.dir)
  if not paths then
    return nil, message
  end
  local loaded = {classes = table.move(set.classes, 1, #set.classes, 1, {}), source = key}
  for _, split in ipairs {"train", "test"} do
    local images, labels = NAMES[split].images, NAMES[split].labels
    loaded[split] = {
      images = read(key, set, paths[images], images, counts[split]),
      labels = read(key, set, paths[labels], labels, counts[split]):to("int64") + 1,
    }
  end
  return loaded
end

local loaders = {}
for _, key in ipairs(options.sorted_keys(SETS)) do
  loaders[key] = function(given) return load(key, given) end
end
return loaders

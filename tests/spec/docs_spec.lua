-- docs_spec.lua - the documentation: its examples run as it says, its reference is whole
--
-- Examples. Every ```lua block of README.md and of the pages in docs/ is run. A block without
-- language that follows it, with only blank lines between, is what it prints, to the byte (trailing
-- blanks and final newlines aside). A block behind the line <!-- continues --> goes on where the
-- one before it ended: both are parts of one script, guide.lua, and share its locals. Every script
-- starts as in a new process: globals of its own, the default generator seeded with 0, an empty
-- folder to write into.
--
-- Reference. An entry of docs/reference.md is a list item that begins with signatures in code
-- spans. What it describes must exist, and whatever the library offers when this runs must have an
-- entry: nn.NAME, or by a conventional variable x:NAME (tensor), module:NAME, model:NAME
-- (Sequential), opt:NAME, g:NAME (generator), run:NAME, saver:NAME, table:NAME (of load_csv),
-- bar:NAME (progress). Functions that are a tensor's method, too, have their entry as x:NAME.

local lfs = require "lfs"
local core = require "nnlua.core"
local nn = require "nnlua"

local CONTINUES = "<!-- continues -->"

local root = lfs.currentdir() .. "/"

local function read(path)
  local file <close> = assert(io.open(root .. path, "rb"))
  return file:read("a")
end

-- Examples ----------------------------------------------------------------------------------------

-- The lines of a text, without their ends.
local function lines_of(text)
  local lines = {}
  for line in (text:gsub("\n?$", "\n")):gmatch("(.-)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

-- The fenced blocks of a Markdown text: {language, text, line, before, gap}, where `before` is the
-- last line before the block that is not blank, and `gap` whether anything but blank lines stands
-- between the block and the one before it.
local function fenced_blocks(text)
  local blocks, block = {}, nil
  local before, gap = "", true
  for number, line in ipairs(lines_of(text)) do
    local language = line:match("^```(.*)$")
    if language and block then
      block.text = table.concat(block, "\n")
      blocks[#blocks + 1] = block
      block, before, gap = nil, "", false
    elseif language then
      block = {language = language, line = number + 1, before = before, gap = gap}
    elseif block then
      block[#block + 1] = line
    elseif line:find("%S") then
      before, gap = line, true
    end
  end
  assert(not block, "a fenced block has no end")
  return blocks
end

-- The scripts of a Markdown text: lists of {text, line, expected}, expected nil if nothing is said.
local function scripts_of(text)
  local scripts, last = {}, nil
  for _, block in ipairs(fenced_blocks(text)) do
    if block.language == "lua" then
      last = {text = block.text, line = block.line}
      local script = scripts[#scripts]
      if block.before ~= CONTINUES then
        script = {}
        scripts[#scripts + 1] = script
      end
      script[#script + 1] = last
    else
      if block.language == "" and not block.gap and last then
        last.expected = block.text
      end
      last = nil
    end
  end
  return scripts
end

local function trimmed(text)
  return (text:gsub("[ \t]+\n", "\n"):gsub("%s+$", ""))
end

-- Runs the script and returns what each of its blocks printed.
local function run(script)
  local outputs, at = {}, 0
  local function write(...)
    for _, text in ipairs {...} do
      outputs[at] = outputs[at] .. text
    end
  end
  local parts = {}
  for i, block in ipairs(script) do
    parts[i], outputs[i] = ("BLOCK(%d); "):format(i) .. block.text, ""
  end
  local globals = setmetatable({
    BLOCK = function(i) at = i end,
    arg = {[0] = "guide.lua"},
    io = setmetatable({write = write}, {__index = io}),
    print = function(...)
      local texts = table.pack(...)
      for i = 1, texts.n do texts[i] = tostring(texts[i]) end
      write(table.concat(texts, "\t"), "\n")
    end,
  }, {__index = _G})
  local chunk, message = load(table.concat(parts, "\n"), "=guide.lua", "t", globals)
  assert(chunk, message)
  nn.manual_seed(0)
  local stderr = io.stderr -- progress is no part of what a block prints
  io.stderr = {write = function() return true end, flush = function() end} -- luacheck: ignore 122
  local ok, raised = xpcall(chunk, debug.traceback)
  io.stderr = stderr -- luacheck: ignore 122
  assert(ok, raised)
  return outputs
end

local function remove(path)
  for name in lfs.dir(path) do
    local entry = path .. "/" .. name
    if name ~= "." and name ~= ".." then
      local _ = lfs.attributes(entry, "mode") == "directory" and remove(entry) or os.remove(entry)
    end
  end
  return lfs.rmdir(path)
end

-- Search paths that hold in every folder.
local function absolute(paths)
  return (paths:gsub("[^;]+", function(path)
    return path:sub(1, 1) == "/" and path or root .. path
  end))
end

-- README.md, the guide, and every other page of docs/ with examples.
local function documents()
  local list = {}
  for name in lfs.dir(root .. "docs") do
    local path = "docs/" .. name
    if name:find("%.md$") and name ~= "guide.md" and #scripts_of(read(path)) > 0 then
      list[#list + 1] = path
    end
  end
  table.sort(list)
  return {"README.md", "docs/guide.md", table.unpack(list)}
end

for _, document in ipairs(documents()) do
  describe("the examples of " .. document, function()
    local folder
    local path, cpath, threads = package.path, package.cpath, nn.get_num_threads()

    before_each(function()
      folder = os.tmpname()
      os.remove(folder)
      assert(lfs.mkdir(folder))
      package.path, package.cpath = absolute(path), absolute(cpath)
      assert(lfs.chdir(folder))
    end)

    after_each(function()
      assert(lfs.chdir(root))
      package.path, package.cpath = path, cpath
      nn.set_num_threads(threads)
      remove(folder)
    end)

    local scripts = scripts_of(read(document))

    it("are found", function()
      assert.is_true(#scripts > 0)
    end)

    for _, script in ipairs(scripts) do
      it(("run, from line %d on, and print what it says"):format(script[1].line), function()
        local outputs = run(script)
        for i, block in ipairs(script) do
          if block.expected then
            assert.equal(trimmed(block.expected), trimmed(outputs[i]),
              ("the block at line %d prints something else"):format(block.line))
          end
        end
      end)
    end
  end)
end

-- Reference ---------------------------------------------------------------------------------------

-- The signatures at the beginning of an entry.
local function signatures(entry)
  local list, from = {}, 1
  while true do
    local _, stop, span = entry:find("^[,%s]*`([^`]+)`", from)
    if not stop then
      return list
    end
    list[#list + 1], from = span, stop + 1
  end
end

-- The names that have entries: "nn.zeros" -> the signature it stands in.
local function documented(text)
  local names, entry = {}, nil
  local function finish()
    for _, signature in ipairs(entry and signatures(entry) or {}) do
      local name = signature:match("^nn[%w_.]+") or signature:match("^%a+[:.][%a_][%w_]*")
      if name then
        names[name] = signature
      end
    end
    entry = nil
  end
  for _, line in ipairs(lines_of(text .. "\n\n")) do
    local begun = line:match("^%- (.*)$")
    if begun or not line:find("%S") then
      finish()
    end
    entry = begun or entry and entry .. " " .. line
  end
  return names
end

local function is_class(value)
  return type(value) == "table" and rawget(value, "__index") == value
end

-- The names of the fields of t that users call or read, sorted.
local function public(t, hidden)
  local names = {}
  for name in pairs(t) do
    if type(name) == "string" and name:sub(1, 1) ~= "_" and not hidden[name] then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

-- What every class has, and what its methods override.
local CLASS = {class_name = true, is = true, init = true, parent = true}
local OVERRIDDEN = setmetatable({init = true, parent = true}, {__index = nn.Module})
local OPTIMIZER = setmetatable({check_betas = true, check_not_negative = true, check_pair = true,
                                check_state = true, fill = true},
                               {__index = CLASS}) -- for subclasses
local RUN = setmetatable({write_row = true}, {__index = CLASS})                -- a step of run:log
local METRIC = setmetatable({update = true, value = true, reset = true}, {__index = CLASS})
local INSPECTION = setmetatable({conclude = true}, {__index = CLASS})          -- of nn.inspect
local NONE = {}
local CALLED = {fit = true, progress = true} -- tables that are functions, too
local TABLES = {transforms = true} -- of functions, listed on their own

-- Everything that must have an entry, as a list of names.
local function offered()
  local methods = core.Tensor.methods
  local list = {}
  local function add(prefix, t, hidden)
    for _, name in ipairs(public(t, hidden)) do
      list[#list + 1] = prefix .. name
    end
  end
  add("x:", methods, NONE)
  for _, name in ipairs {"checkpoint", "cli", "data", "export", "figures", "fit", "inspect", "onnx",
                         "plot", "pretty", "progress", "run"} do
    assert(nn[name]) -- is loaded when it is first named
  end
  for _, name in ipairs(public(nn, NONE)) do
    local value = nn[name]
    if type(value) == "table" and not is_class(value) then
      add("nn." .. name .. ".", value, TABLES)
    end
    local is_method = value ~= nil and value == methods[name]
    if not is_method and (type(value) ~= "table" or is_class(value) or CALLED[name]) then
      list[#list + 1] = "nn." .. name
    end
    if is_class(value) and value ~= nn.Module and value.forward then
      add("model:", value, OVERRIDDEN)
    end
  end
  add("module:", nn.Module, setmetatable({is_module = true, training = true}, {__index = CLASS}))
  list[#list + 1] = "nn.Module.is_module"
  add("opt:", nn.optim.SGD.parent, OPTIMIZER)
  add("nn.optim.lr_scheduler.", nn.optim.lr_scheduler, NONE)
  for _, name in ipairs {"get_last_lr", "load_state_dict", "state_dict", "step"} do
    list[#list + 1] = "schedule:" .. name
  end
  add("g:", getmetatable(nn.Generator()).__index, NONE)
  add("nn.data.transforms.", nn.data.transforms, NONE)
  add("metric:", nn.metrics.Accuracy, CLASS)
  add("confusion:", nn.metrics.ConfusionMatrix, METRIC)
  add("ds:", nn.data.TensorDataset, CLASS)
  add("loader:", nn.data.loader, CLASS)
  add("standardizer:", nn.data.Standardizer, CLASS)
  add("run:", nn.run, RUN)
  add("table:", getmetatable(nn.io.parse_csv("a\n1")), CLASS)
  add("inspection:", require "nnlua.inspect.inspection", INSPECTION)
  add("saver:", nn.checkpoint.saver, CLASS)
  add("bar:", getmetatable(nn.progress {terminal = false}), NONE)
  return list
end

describe("docs/reference.md", function()
  local entries = documented(read("docs/reference.md"))
  local names = offered()

  it("has an entry for everything that the library offers", function()
    local missing = {}
    for _, name in ipairs(names) do
      if not entries[name] then
        missing[#missing + 1] = name
      end
    end
    assert.equal("", table.concat(missing, " "))
  end)

  it("describes nothing that does not exist", function()
    local exists, stale = {}, {}
    for _, name in ipairs(names) do
      exists[name] = true
    end
    for name, signature in pairs(entries) do
      local is_function = name:find(":", 1, true) or name:find("^nn%.")
      if is_function and not exists[name] then
        stale[#stale + 1] = signature
      end
    end
    table.sort(stale)
    assert.equal("", table.concat(stale, " "))
  end)

  it("would show what it lacks", function()
    assert.is_true(#names > 250)
    assert.same({["nn.zeros"] = "nn.zeros(n)", ["x:add"] = "x:add(b)", ["x:sub"] = "x:sub(b)"},
      documented("- `nn.zeros(n)` -> `nn.ones`\n- `x:add(b)`,\n  `x:sub(b)`: see `nn.eye`\n"))
  end)
end)

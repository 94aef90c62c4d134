-- cli.lua - command-line options of a script, declared in one table
--
--   local cli = require "nnlua.cli"
--   local opts = cli.parse("mnist_25x25", "Trains a small network on MNIST.", {
--     {"epochs", 5000, "passes over the training set", min = 1},
--     {"lr", 0.01, "learning rate", above = 0},
--     {"hidden", {25, 25}, "sizes of the hidden layers", min = 1},
--     {"activation", "relu", "of the hidden layers", choices = {"relu", "sigmoid", "tanh"}},
--     {"data", nil, "folder of the data set", kind = "string", metavar = "DIR"},
--     {"no_plots", false, "draw no pictures", once = true},
--   }, arg)
--   opts.epochs, opts.hidden[1], opts.no_plots
--
-- An option is {name, default, help, ...}. Its kind follows from the default, or is given:
--   integer 5000 | number 0.01 | string "relu" | flag false | integers {25, 25} |
--   numbers {0.1, 1.0} | strings {"a", "b"}      (lists are written with commas: 25,25)
-- min, max (inclusive), above, below (exclusive) bound numbers and list elements; choices bounds
-- strings; empty = true allows an empty list; metavar stands for the value in --help;
-- positional = true makes it an argument without dashes, required unless it has a default; with
-- many = true of one value or more, a list; with optional = true it may also be left out: nil;
-- many = true on an option: one value or more behind each time that it is given: a list;
-- continues = true makes it the folder of a run (nn.run) whose options become the defaults; but for
-- those with once = true, which are of one call alone.
-- Names are written with `_` in Lua and with `-` on the command line, where both are understood.
-- A wrong command line ends the script: one line on standard error, exit status 2.
-- The parsing itself is lua-argparse's.

local found, argparse = pcall(require, "argparse")
if not found then
  error("nnlua.cli needs the Lua module 'argparse' (Debian: lua-argparse)", 0)
end

local core = require "nnlua.core"
local open_runs = require "nnlua.run.open"
local progress = require "nnlua.progress"

local cli = {}

local USAGE_STATUS = 2

local METAVARS = {
  integer = "N", number = "X", string = "TEXT",
  integers = "N,N,...", numbers = "X,X,...", strings = "TEXT,...",
}

local FIELDS = {
  kind = true, min = true, max = true, above = true, below = true, choices = true,
  empty = true, metavar = true, positional = true, continues = true,
  once = true, many = true, optional = true,
}

local ITEM_KINDS = {integers = "integer", numbers = "number", strings = "string"}

local function infer_kind(default)
  local kind = type(default)
  if kind == "boolean" then return "flag" end
  if kind == "number" then return math.type(default) == "integer" and "integer" or "number" end
  if kind ~= "table" then return kind == "string" and kind or nil end
  local list = "integers"
  for _, item in ipairs(default) do
    if type(item) == "string" then return "strings" end
    if math.type(item) ~= "integer" then list = "numbers" end
  end
  return list
end

local function number_text(value)
  if math.type(value) == "integer" then return ("%d"):format(value) end
  local short = ("%.14g"):format(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

local function default_text(value)
  if type(value) == "number" then return number_text(value) end
  if type(value) ~= "table" then return value end
  local items = {}
  for i, item in ipairs(value) do items[i] = default_text(item) end
  return table.concat(items, ",")
end

-- "a positive integer", "a number from 0 to 1", "a comma-separated list of integers": what the
-- option expects, for its error message.
local function expectation(spec)
  if spec.choices then return "one of " .. table.concat(spec.choices, ", ") end
  local item = ITEM_KINDS[spec.kind]
  local noun = item or spec.kind
  if noun == "string" then return item and "a comma-separated list" or "a text" end
  local adjective, range = "", {}
  if spec.min and spec.max then
    range[1] = ("from %s to %s"):format(number_text(spec.min), number_text(spec.max))
  elseif not spec.max and not spec.below and
         (spec.above == 0 or noun == "integer" and spec.min == 1) then
    adjective = "positive "
  elseif not spec.max and not spec.below and spec.min == 0 then
    adjective = "non-negative "
  else
    if spec.min then range[#range + 1] = "of at least " .. number_text(spec.min) end
    if spec.above then range[#range + 1] = "above " .. number_text(spec.above) end
    if spec.max then range[#range + 1] = "of at most " .. number_text(spec.max) end
    if spec.below then range[#range + 1] = "below " .. number_text(spec.below) end
  end
  local what = adjective .. noun
  if item then what = "comma-separated list of " .. what .. "s" end
  local article = what:find("^[aeiou]") and "an " or "a "
  local suffix = #range > 0 and " " .. table.concat(range, " and ") or ""
  return article .. what .. suffix
end

local function in_range(spec, value)
  return not (spec.min and value < spec.min or spec.max and value > spec.max or
              spec.above and value <= spec.above or spec.below and value >= spec.below)
end

-- text -> value of one item, or nil. Only decimal notation; infinities do not pass.
local function convert_item(spec, kind, text)
  if kind == "string" then
    if not spec.choices then return text end
    for _, choice in ipairs(spec.choices) do
      if text == choice then return text end
    end
    return nil
  end
  local value = text:find("^[+-]?[%d.]+[eE]?[+-]?%d*$") and tonumber(text)
  if not value then return nil end
  if kind == "integer" then
    value = math.tointeger(value)
  else
    value = value + 0.0
    if value - value ~= 0 then return nil end
  end
  return value and in_range(spec, value) and value or nil
end

local function convert(spec, text)
  local item = ITEM_KINDS[spec.kind]
  if not item then return convert_item(spec, spec.kind, text) end
  local list = {}
  if text == "" then return spec.empty and list or nil end
  for part in (text .. ","):gmatch("([^,]*),") do
    local value = part ~= "" and convert_item(spec, item, part)
    if not value then return nil end
    list[#list + 1] = value
  end
  return list
end

-- Checks one declaration and gives it its missing fields; blames the script that declared it.
local function read_spec(declared, level)
  local name = declared[1]
  if type(name) ~= "string" or not name:find("^%a[%w_-]*$") then
    error(("cli.parse: bad option name '%s'"):format(tostring(name)), level + 1)
  end
  for field in pairs(declared) do
    if math.type(field) ~= "integer" and not FIELDS[field] then
      error(("cli.parse: option '%s' has an unknown field '%s'"):format(name, tostring(field)),
            level + 1)
    end
  end
  local spec = {default = declared[2], help = declared[3] or ""}
  for field in pairs(FIELDS) do spec[field] = declared[field] end
  spec.key = name:gsub("-", "_")
  spec.label = name:gsub("_", "-")
  spec.kind = spec.kind or infer_kind(spec.default)
  if not spec.kind or spec.kind ~= "flag" and not METAVARS[spec.kind] then
    error(("cli.parse: option '%s' needs a default or a kind"):format(name), level + 1)
  end
  if spec.kind == "flag" and (spec.default or spec.positional) then
    error(("cli.parse: flag '%s' must be an option that is false by default"):format(name),
          level + 1)
  end
  spec.metavar = spec.metavar or spec.choices and table.concat(spec.choices, "|") or
                 METAVARS[spec.kind]
  spec.title = spec.positional and ("argument '%s'"):format(spec.label)
               or ("option '--%s'"):format(spec.label)
  if spec.default ~= nil and spec.kind ~= "flag" and
     convert(spec, default_text(spec.default)) == nil then
    error(("cli.parse: the default of '%s' is not %s"):format(name, expectation(spec)), level + 1)
  end
  return spec
end

local function declare(parser, spec)
  if spec.kind == "flag" then
    local flag = parser:flag("--" .. spec.label):description(spec.help):target(spec.key):init(false)
    if spec.key ~= spec.label then flag:hidden_name("--" .. spec.key) end
    return
  end
  local element
  if spec.positional then
    element = parser:argument(spec.label)
    element:argname(spec.metavar)
    if spec.many then element:args(spec.optional and "*" or "+") end
  else
    element = parser:option("--" .. spec.label):argname(spec.metavar)
    if spec.key ~= spec.label then element:hidden_name("--" .. spec.key) end
    if spec.many then element:args("+"):count("*"):action("concat") end
  end
  element:description(spec.help):target(spec.key)
  if spec.default ~= nil then element:default(default_text(spec.default)) end
  if spec.default == "" then element:show_default(false) end
  element:convert(function(text)
    local value = convert(spec, text)
    if value ~= nil then return value end
    local got = text:sub(1, 60):gsub("%c", "?")
    return nil, ("%s: expected %s, got '%s'"):format(spec.title, expectation(spec), got)
  end)
end

-- The spellings of the options -> true when a value follows, false for flags.
local function spellings(specs)
  local takes_value = {}
  for _, spec in ipairs(specs) do
    if not spec.positional then
      takes_value["--" .. spec.label] = spec.kind ~= "flag"
      takes_value["--" .. spec.key] = spec.kind ~= "flag"
    end
  end
  return takes_value
end

-- argparse takes "-1" for an option, so a negative number is tied to the option before it.
local function tie_negative_numbers(takes_value, argv)
  local tied = {}
  for _, word in ipairs(argv) do
    local last = tied[#tied]
    if last and takes_value[last] and word:find("^%-[%d.]") then
      tied[#tied] = last .. "=" .. word
    else
      tied[#tied + 1] = word
    end
  end
  return tied
end

-- argparse's message as one line: its suggestions in the spelling that --help shows, and one of
-- our own for an option written with a single dash, which argparse reads as letters.
local function one_line(message, takes_value, argv)
  local text, tip = message:match("^([^\n]*)\n(.*)$")
  local names, known = {}, {}
  for name in (tip or ""):gmatch("'(%-%-[^']+)'") do
    name = name:gsub("_", "-")
    if not known[name] then names[#names + 1] = "'" .. name .. "'" end
    known[name] = true
  end
  if message:find("^unknown option '%-[^-]") then
    for _, word in ipairs(argv) do
      if #names == 0 and takes_value["-" .. word] ~= nil then
        text, names[1] = ("unknown option '%s'"):format(word), "'-" .. word:gsub("_", "-") .. "'"
      end
    end
  end
  if #names == 0 then return text or message end
  return ("%s (did you mean %s?)"):format(text, table.concat(names, " or "))
end

-- The options that the run in a folder was started with, from its config.json; nil and a message if
-- there is no such run. A folder without config.json has none.
local function options_of_run(dir)
  if not core.io.read_directory(dir) then return nil, ("there is no folder '%s'"):format(dir) end
  local path = dir .. "/config.json"
  local file <close> = io.open(path, "rb")
  if not file then return {} end
  local ok, config = pcall(core.io.json_decode, file:read("a") or "")
  if not ok then return nil, path .. " is damaged: " .. tostring(config):gsub("^.-%(", "(") end
  return type(config) == "table" and type(config.options) == "table" and config.options or {}
end

-- The text that gives a saved value on the command line, or nil.
local function saved_text(value)
  for _, item in ipairs(type(value) == "table" and value or {value}) do
    if type(item) ~= "number" and type(item) ~= "string" then return nil end
  end
  return default_text(value)
end

-- The declarations with the options of the run in dir as defaults, but for flags, which could not
-- be turned off then; or nil and what is wrong with a saved value.
local function with_defaults(declared, specs, saved, dir)
  local list = {}
  for i, spec in ipairs(specs) do
    local value, new = saved[spec.key], {}
    for field, v in pairs(declared[i]) do new[field] = v end
    if value ~= nil and spec.kind ~= "flag" and not spec.continues and not spec.once then
      local text = saved_text(value)
      if not text or convert(spec, text) == nil then
        return nil, ("%s/config.json: %s: expected %s, got %s"):format(
          dir, spec.title, expectation(spec), text and "'" .. text .. "'" or "a " .. type(value))
      end
      new[2], new.kind = value, spec.kind
    end
    list[i] = new
  end
  return list
end

local function pparse(program, description, declared, argv, level)
  argv = argv or arg or {}
  local specs, keys, known = {}, {}, {}
  for i, entry in ipairs(declared) do
    local spec = read_spec(entry, level + 1)
    if known[spec.key] or spec.key == "help" then
      error(("cli.parse: option '%s' is declared twice"):format(entry[1]), level + 1)
    end
    specs[i], keys[i], known[spec.key] = spec, spec.key, true
  end
  local parser = argparse(program, description):add_help(false):help_max_width(100)
  parser:usage_max_width(100)
  for _, spec in ipairs(specs) do declare(parser, spec) end
  -- Takes what nothing else takes: argparse alone would not name the word that is too many.
  parser:argument("rest"):args("*"):hidden(true)
  local help = false
  parser:flag("-h --help"):description("show this help"):action(function() help = true end)

  local takes_value = spellings(specs)
  local ok, result = parser:pparse(tie_negative_numbers(takes_value, argv))
  if help then return nil, parser:get_help(), 0 end
  if ok and #result.rest > 0 then
    ok, result = false, ("unexpected argument '%s'"):format(result.rest[1])
  end
  if not ok then return nil, one_line(result, takes_value, argv) .. "; see --help", USAGE_STATUS end
  result.rest, result.help = nil, nil
  return result, keys, specs
end

-- pparse; if an option names a run to continue, again, with that run's options as defaults.
local function parse(program, description, declared, argv, level)
  local opts, keys, specs = pparse(program, description, declared, argv, level + 1)
  if not opts then return opts, keys, specs end
  for _, spec in ipairs(specs) do
    local dir = spec.continues and opts[spec.key]
    if dir then
      local saved, message = options_of_run(dir)
      local list
      if saved then list, message = with_defaults(declared, specs, saved, dir) end
      if not list then return nil, ("%s: %s"):format(spec.title, message), USAGE_STATUS end
      opts = pparse(program, description, list, argv, level + 1)
      for _, flag in ipairs(specs) do
        if flag.kind == "flag" and not flag.once and saved[flag.key] == true then
          opts[flag.key] = true
        end
      end
    end
  end
  return opts, keys
end

--- cli.pparse(program, description, options, argv=arg) -> opts, names | nil, text, status
-- As cli.parse, but returns what it would print, and the exit status: 2 with an error message,
-- 0 with the help text.
function cli.pparse(program, description, options, argv)
  local opts, names, status = parse(program, description, options, argv, 2)
  return opts, names, status -- no tail call: errors count levels to find the caller's line
end

--- cli.parse(program, description, options, argv=arg) -> opts, names
-- opts: option name -> value; names: the names in the order in which they were declared.
-- Ends the process with status 0 after --help, with 2 and one line on stderr after a mistake.
function cli.parse(program, description, options, argv)
  local opts, names, status = parse(program, description, options, argv, 2)
  if opts then return opts, names end
  if status == 0 then
    print(names)
    os.exit(0, true)
  end
  return cli.fail(program, names, status)
end

--- cli.checkpoints: the two options of a script that saves checkpoints and can go on from one. They
-- come last in the list of options: {..., table.unpack(cli.checkpoints)}. The options of the run
-- that --resume names are taken over, flags too, unless the command line has others or they are
-- declared with once = true, as --no-plots is.
cli.checkpoints = {
  {"checkpoint_every", nil, "save a checkpoint after each so many epochs", kind = "integer",
   min = 1},
  {"resume", nil, "go on with the run in this folder, from its newest checkpoint", kind = "string",
   metavar = "DIR", continues = true},
}

--- cli.live: the option --live of a script whose progress line, or nn.fit, can draw curves.
cli.live = {"live", false, "draw the curves in the terminal, while they grow", once = true}

--- cli.fit_checkpoint(opts, dir, batches) -> the option `checkpoint` of nn.fit that these two ask
--- for, nil if neither is given. dir: of the checkpoints; batches: how many an epoch has.
function cli.fit_checkpoint(opts, dir, batches)
  local every = opts.checkpoint_every
  if not every and not opts.resume then return nil end
  return {dir = dir, every = every and every * batches, resume = opts.resume ~= nil}
end

--- cli.fail(program, message [, status=1])
-- Finishes the progress line, writes "program: message" as one line on standard error and ends the
-- process. Runs that are open have failed with that message.
function cli.fail(program, message, status)
  progress.finish()
  io.stdout:flush()
  io.stderr:write(program, ": ", (tostring(message):gsub("%s*\n%s*", " ")), "\n")
  open_runs.failed(message)
  os.exit(status or 1, true)
end

--- cli.try(program, f, ...) -> what f(...) returns
-- For calls that fail for reasons outside the script (a missing folder, a damaged file): an
-- error, or nil and a message, ends the process as cli.fail does, without a traceback.
function cli.try(program, f, ...)
  local results = table.pack(pcall(f, ...))
  local message = results[2]
  if not results[1] then
    if message == "interrupted" or message == "broken pipe" then error(message, 0) end
    cli.fail(program, (tostring(message):gsub("^[^\n:]+:%d+: ", "")))
  elseif message == nil and type(results[3]) == "string" then
    cli.fail(program, results[3])
  end
  return table.unpack(results, 2, results.n)
end

--- cli.progress{total=, unit=, samples=, start=0, curves=} -> bar: see progress.lua
cli.progress = progress

return cli

-- Values of parameters as words: NAME=VALUE on a command line, short texts on the screen.
--
-- Invariant: what `word` writes `parse` reads back as the same value.

local core = require "nnlua.core"
local options = require "nnlua.options"

local settings = {}

local function number_text(value)
  local short = ("%.14g"):format(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

-- The value that a text is as JSON, or nil.
local function decode(text)
  local ok, value = pcall(core.io.json_decode, text)
  if ok then return value end
end

--- settings.text(value) -> the value as parse reads it: numbers and lists as JSON, texts bare.
function settings.text(value)
  if type(value) == "number" then return number_text(value) end
  if type(value) == "string" and decode(value) == nil then return value end
  return core.io.json_encode(value)
end

--- settings.short(value) -> the same with four digits.
function settings.short(value)
  if math.type(value) == "float" then return ("%.4g"):format(value) end
  return settings.text(value)
end

--- settings.line(params) -> "hidden=[25,25] lr=0.1234", names in order.
function settings.line(params)
  local words = {}
  for i, name in ipairs(options.sorted_keys(params)) do
    words[i] = name .. "=" .. settings.short(params[name])
  end
  return table.concat(words, " ")
end

local function quote(word)
  if not word:find("[^%w_.,:=/@+-]") then return word end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- settings.varying(params, definition) -> those that are not constants of the study.
function settings.varying(params, definition)
  local varying = {}
  for name, value in pairs(params) do
    if definition.constants[name] == nil then varying[name] = value end
  end
  return varying
end

--- settings.command(definition, params [, repetition]) -> the command that runs that trial of the
--- study alone.
function settings.command(definition, params, repetition)
  local about = definition.about or {}
  params = settings.varying(params, definition)
  for name, value in pairs(settings.parse(about.set) or {}) do params[name] = value end
  local words = {"nnlua", quote(about.file or "FILE")}
  for i, name in ipairs(options.sorted_keys(params)) do
    if i == 1 then words[#words + 1] = "--set" end
    words[#words + 1] = quote(name .. "=" .. settings.text(params[name]))
  end
  if (repetition or 1) > 1 then words[#words + 1] = ("--repetition %d"):format(repetition) end
  return table.concat(words, " ")
end

--- settings.parse(words) -> {name = value}, or nil and what is wrong. words: NAME=VALUE each; the
--- value as JSON, else as a text.
function settings.parse(words)
  local values = {}
  for _, word in ipairs(words or {}) do
    local name, text = word:match("^([^=]+)=(.*)$")
    if not name then
      return nil, ("option '--set': expected NAME=VALUE, got '%s'"):format(word)
    elseif values[name] ~= nil then
      return nil, ("option '--set': '%s' is given twice"):format(name)
    end
    local value = decode(text)
    if value == nil or value == core.io.null then value = text end
    values[name] = value
  end
  return values
end

return settings

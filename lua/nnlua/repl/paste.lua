-- paste.lua - takes apart what was pasted: the inputs of a copied session, commands between code
--
-- A text whose first line begins with a prompt is a session: "> " begins an input, ">> " goes on
-- with it, other lines are what was printed and are dropped, unless an input needs them. Any
-- other text is one input, but for the commands in it, which stand on a line of their own.

local paste = {}

-- The line behind one of the prompts; `starts` is whether it is the first of an input.
local function behind_prompt(text, prompts)
  for _, prompt in ipairs(prompts) do
    for i = 1, 2 do
      local mark = prompt[i]:gsub("%s+$", "")
      local rest = text:sub(1, #mark) == mark and text:sub(#mark + 1)
      if rest and (rest == "" or rest:find("^%s")) then return rest:gsub("^%s", ""), i == 1 end
    end
  end
end

local function lines_of(text)
  local lines = {}
  for found in (text .. "\n"):gmatch("(.-)\r?\n") do lines[#lines + 1] = found end
  if lines[#lines] == "" then lines[#lines] = nil end
  return lines
end

local function copied_session(lines, prompts, needs_more)
  local found = {}
  for _, text in ipairs(lines) do
    local rest, starts = behind_prompt(text, prompts)
    if starts then
      found[#found + 1] = rest
    elseif rest or needs_more(found[#found]) then
      found[#found] = found[#found] .. "\n" .. (rest or text)
    end
  end
  return found
end

local function split_commands(lines, needs_more)
  local found, code = {}, {}
  local function flush()
    if #code > 0 then found[#found + 1] = table.concat(code, "\n") end
    code = {}
  end
  for _, text in ipairs(lines) do
    if text:find("^%s*[%%!?]") and not (#code > 0 and needs_more(table.concat(code, "\n"))) then
      flush()
      found[#found + 1] = text
    else
      code[#code + 1] = text
    end
  end
  flush()
  return found
end

--- paste.split(text, prompts, needs_more) -> list of inputs, none of them blank
--- prompts: list of {prompt, more}; needs_more(text): whether an input is incomplete.
function paste.split(text, prompts, needs_more)
  local lines = lines_of(text)
  local first = text:match("[^\n]*%S[^\n]*")
  if not first then return {} end
  local starts = select(2, behind_prompt(first, prompts))
  local found
  if starts then
    while not lines[1]:find("%S") do table.remove(lines, 1) end
    found = copied_session(lines, prompts, needs_more)
  else
    found = split_commands(lines, needs_more)
  end
  local inputs = {}
  for _, input in ipairs(found) do
    if input:find("%S") then inputs[#inputs + 1] = input end
  end
  return inputs
end

--- paste.continued(text, prompts) -> the text behind the prompt of a further line, or nil
function paste.continued(text, prompts)
  local rest, starts = behind_prompt(text, prompts)
  if rest and not starts then return rest end
end

return paste

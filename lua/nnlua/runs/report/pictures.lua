-- The pictures of runs, as data: addresses, within a budget of bytes.
--
-- Invariant: the budget goes round the runs: each run's first picture comes before any run's
-- second, so that one run with a thousand pictures does not cost the others theirs.

local base64 = require "nnlua.page.base64"

local pictures = {}

local PNG = "\x89PNG\r\n\x1a\n"

-- The data: address of a picture file of at most `most` characters; or nil and its length, 0 if
-- there is no such picture.
local function address(path, most)
  local file <close> = io.open(path, "rb")
  local size = file and file:seek("end")
  if not size or size == 0 or size == math.maxinteger then return nil, 0 end
  local length = (size + 2) // 3 * 4 + 32
  if length > most then return nil, length end
  file:seek("set", 0)
  local bytes = file:read("a")
  local kind = bytes:sub(1, #PNG) == PNG and "image/png"
    or path:lower():find("%.svg$") and bytes:find("<svg", 1, true) and "image/svg+xml"
  if not kind then return nil, 0 end
  return ("data:%s;base64,%s"):format(kind, base64.encode(bytes)), length
end

-- Whether a name from a run's file stays inside the run's folder.
local function inside(name)
  return type(name) == "string" and name ~= "" and name:sub(1, 1) ~= "/"
    and not ("/" .. name .. "/"):find("/../", 1, true) and not name:find("\0", 1, true)
end

local FEWEST_STEPS = 4 -- numbered pictures that are shown as steps of one

-- The pictures of a run in groups: {name =, {step =, path =}, ...}, without steps one alone.
-- epoch_0010.png, epoch_0020.png, ... are steps of "epoch", as those of run:image have a tag.
local function groups_of(run)
  local groups, by_name, single = {}, {}, {}
  local function add(name, step, path)
    if not by_name[name] then
      by_name[name] = {name = name}
      groups[#groups + 1] = by_name[name]
    end
    table.insert(by_name[name], {step = step, path = path})
  end
  for _, name in ipairs(run.pictures or {}) do
    local stem, step = name:match("^(.-)[_-]?(%d+)%.%w+$")
    if stem and #step < 16 then
      add("*" .. stem, tonumber(step), name)
    else
      single[#single + 1] = {name = name, {path = run.dir .. "/" .. name}}
    end
  end
  local found = single
  for _, group in ipairs(groups) do
    if #group >= FEWEST_STEPS then
      group.name = group.name == "*" and "pictures" or group.name:sub(2)
      for _, picture in ipairs(group) do picture.path = run.dir .. "/" .. picture.path end
      found[#found + 1] = group
    else
      for _, picture in ipairs(group) do
        found[#found + 1] = {name = picture.path, {path = run.dir .. "/" .. picture.path}}
      end
    end
  end
  groups, by_name = found, {}
  for _, image in ipairs(run.images or {}) do add(image.tag, image.step, image.path) end
  return groups
end

-- Orders the places 1..n: the last, the first, then by halving, so that any number of them from
-- the front is spread evenly.
local function spread(n)
  local order, taken = {}, {}
  local function take(i)
    if not taken[i] then
      taken[i] = true
      order[#order + 1] = i
    end
  end
  take(n)
  take(1)
  local part = n
  while part > 1 do
    part = part // 2
    for i = 1 + part, n, part do take(i) end
  end
  return order
end

-- What could be shown of a run, the most telling first: {path, put}; put(src) stores the address.
local function candidates(run, record)
  local list, later = {}, {}
  for _, group in ipairs(groups_of(run)) do
    local entry = {name = group.name, steps = group[1].step and {}}
    record.pictures[#record.pictures + 1] = entry
    for turn, i in ipairs(spread(#group)) do
      local picture = group[i]
      local one = {path = picture.path, turn = turn, number = #later, put = function(src)
        if not entry.steps then
          entry.src = src
        else
          entry.steps[#entry.steps + 1] = {step = picture.step, src = src}
        end
      end}
      if turn == 1 then list[#list + 1] = one else later[#later + 1] = one end
    end
  end
  for i, example in ipairs(record.examples) do
    local name = run.examples[i].image
    if inside(name) then
      list[#list + 1] = {path = run.dir .. "/" .. name, put = function(src) example.src = src end}
    end
  end
  table.sort(later, function(a, b)
    return a.turn < b.turn or a.turn == b.turn and a.number < b.number
  end)
  return table.move(later, 1, #later, #list + 1, list)
end

--- pictures.add(runs, records, budget) adds the pictures of runs (reader.read) to their records:
--- record.pictures: list of {name, src} and, of those with steps, {name, steps = {{step, src}}};
--- record.examples[i].src; record.left_out: how many are not there for want of room.
--- budget: characters. Returns how many were used.
function pictures.add(runs, records, budget)
  local queues, longest, used = {}, 0, 0
  for i, run in ipairs(runs) do
    records[i].pictures = {}
    queues[i] = candidates(run, records[i])
    longest = math.max(longest, #queues[i])
  end
  for turn = 1, longest do
    for i, queue in ipairs(queues) do
      local picture = queue[turn]
      if picture then
        local src, length = address(picture.path, budget - used)
        if src then
          picture.put(src)
          used = used + length
        elseif length > 0 then
          records[i].left_out = (records[i].left_out or 0) + 1
        end
      end
    end
  end
  for _, record in ipairs(records) do
    local shown = {}
    for _, entry in ipairs(record.pictures) do
      if entry.steps then table.sort(entry.steps, function(a, b) return a.step < b.step end) end
      if entry.src or entry.steps and #entry.steps > 0 then shown[#shown + 1] = entry end
    end
    record.pictures = shown
  end
  return used
end

return pictures

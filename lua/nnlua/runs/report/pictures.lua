-- The pictures of runs, as data: addresses, within a budget of bytes.
--
-- Invariant: the budget goes round the runs: each run's first picture comes before any run's
-- second, so that one run with a thousand pictures does not cost the others theirs.

local base64 = require "nnlua.runs.report.base64"

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

-- What could be shown of a run, the most telling first: {path, put}; put(src) stores the address.
local function candidates(run, record)
  local list, first = {}, {}
  local function add(path, entry)
    list[#list + 1] = {path = path, put = function(src) entry.src = src end}
  end
  for _, name in ipairs(run.pictures or {}) do
    local entry = {name = name}
    record.pictures[#record.pictures + 1] = entry
    add(run.dir .. "/" .. name, entry)
  end
  for i, example in ipairs(record.examples) do
    local name = run.examples[i].image
    if inside(name) then add(run.dir .. "/" .. name, example) end
  end
  -- of the images of one tag the last comes first, then they are halved
  local tags = {}
  for _, image in ipairs(run.images or {}) do
    if not first[image.tag] then
      first[image.tag] = {}
      tags[#tags + 1] = image.tag
    end
    table.insert(first[image.tag], image)
  end
  local order = {}
  for _, tag in ipairs(tags) do
    local images = first[tag]
    local entry = {name = tag, steps = {}}
    record.pictures[#record.pictures + 1] = entry
    local taken, turn = {}, 0
    local function take(i)
      if taken[i] then return end
      taken[i], turn = true, turn + 1
      order[#order + 1] = {turn = turn, number = #order, path = images[i].path,
                           put = function(src)
        entry.steps[#entry.steps + 1] = {step = images[i].step, src = src}
      end}
    end
    take(#images)
    take(1)
    local part = #images
    while part > 1 do
      part = part // 2
      for i = 1 + part, #images, part do take(i) end
    end
  end
  table.sort(order, function(a, b)
    return a.turn < b.turn or a.turn == b.turn and a.number < b.number
  end)
  return table.move(order, 1, #order, #list + 1, list)
end

--- pictures.add(runs, records, budget) adds the pictures of runs (reader.read) to their records:
--- record.pictures: list of {name, src} and, of run:image's, {name, steps = {{step, src}}};
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

-- What a run keeps besides its rows: images, histograms, texts, a confusion matrix, examples.
--
-- Each goes into files of the run's folder and, where TensorBoard has a form for it, into the event
-- file. A tag may hold "/": it is a path below images/.

local core = require "nnlua.core"
local options = require "nnlua.options"

local pictures = {}

local GAP <const> = 1 -- pixels between two images of a grid

local function check(ok, message)
  if not ok then options.raise("run: %s", message) end
  return ok
end

local function bad(position, name, format, ...)
  core.arg_error(position, name, format:format(...))
end

local function check_tag(name, tag)
  if type(tag) ~= "string" or tag == "" or not utf8.len(tag) or tag:find("%c") then
    bad(1, name, "a tag, a text, expected, got %s",
        type(tag) == "string" and ("'%s'"):format(tag:gsub("%c", "?")) or options.type_name(tag))
  end
  for part in (tag .. "/"):gmatch("([^/]*)/") do
    if part == "" or part == "." or part == ".." then
      bad(1, name, "the tag '%s' is no path below the run's folder", tag)
    end
  end
end

local function check_step(name, step, otherwise)
  if step == nil then return otherwise end
  if not math.type(step) or not math.tointeger(step) then
    options.raise("bad option 'step' to '%s' (an integer expected, got %s)", name,
                  math.type(step) and tostring(step) or options.type_name(step))
  end
  return math.tointeger(step)
end

-- Writes the image, a tensor [h,w] or [c,h,w], or the PNG file at a path, to a file of the folder;
-- gives its bytes.
local function write_png(self, name, image)
  local path = self:path(name)
  local folder = path:match("^(.*)/")
  check(core.io.mkdir_p(folder))
  if core.is_tensor(image) then check(core.io.save_png(path, image)) end
  local source <close> = check(io.open(core.is_tensor(image) and path or image, "rb"))
  local bytes = source:read("a") or ""
  if not core.is_tensor(image) then
    if bytes:sub(1, 8) ~= "\x89PNG\r\n\x1a\n" or #bytes < 33 then
      options.raise("run: '%s' is no PNG file", image)
    end
    check(core.io.write_file(path, bytes))
  end
  return bytes
end

-- Appends the value as a line of JSON to that file.
local function append_line(self, name, value)
  local line = core.io.json_encode(value) .. "\n"
  local file = self.line_files[name]
  if not file then
    file = check(core.io.append_file(self:path(name)))
    self.line_files[name] = file
  end
  check(file:write(line))
  self.lines[name] = (self.lines[name] or 0) + 1
end

-- Images [n,c,h,w] as one, [c,h,w]: about as many columns as rows, black lines between them.
local function grid(images)
  local n, c, h, w = table.unpack(core.shape(images))
  local columns = math.ceil(math.sqrt(n))
  local rows = math.ceil(n / columns)
  local whole = core.zeros(c, rows * (h + GAP) - GAP, columns * (w + GAP) - GAP,
                           {dtype = core.dtype(images)})
  for i = 0, n - 1 do
    local top, left = i // columns * (h + GAP), i % columns * (w + GAP)
    whole[{ {}, {top + 1, top + h}, {left + 1, left + w} }] = images[i + 1]
  end
  return whole
end

--- run:image(tag, image [, {step}]): see run.lua.
function pictures.image(self, events, tag, image, given)
  check_tag("image", tag)
  local o = options.check("image", given, {step = options.optional})
  local step = check_step("image", o.step, self:step())
  if core.is_tensor(image) and core.ndim(image) == 4 and core.numel(image) > 0 then
    image = grid(image)
  elseif not (core.is_tensor(image) or type(image) == "string") then
    bad(2, "image", "tensor or path of a PNG file expected, got %s", options.type_name(image))
  end
  local name = ("images/%s/%d.png"):format(tag, step)
  events:image(step, tag, write_png(self, name, image))
  return self:path(name)
end

-- Counts of the elements of a vector of float64 in `bins` of the same width from the smallest to
-- the largest, as numpy.histogram: a bin has its left edge, the last one both.
local function count(values, bins)
  local low, high = 0.0, 1.0
  if core.numel(values) > 0 then
    low, high = core.item(core.min(values)), core.item(core.max(values))
    if low == high then low, high = low - 0.5, high + 0.5 end
  end
  local edges = core.linspace(low, high, bins + 1, {dtype = "float64"})
  local counts = core.zeros(bins, {dtype = "int64"})
  if core.numel(values) > 0 then
    local at = core.to(core.floor(core.mul(core.sub(values, low), bins / (high - low))), "int64")
    at = core.add(core.clamp(at, 0, bins - 1), 1)
    -- Rounding may have put a value next to its bin.
    at = core.sub(at, core.to(core.lt(values, core.index_select(edges, 1, at)), "int64"))
    local above = core.ge(values, core.index_select(edges, 1, core.add(at, 1)))
    at = core.add(at, core.to(core.logical_and(above, core.ne(at, bins)), "int64"))
    core.scatter_add_(counts, 1, at, core.ones_like(at))
  end
  return {edges = core.totable(edges), counts = core.totable(counts)}
end

--- run:histogram(tag, tensor [, {step, bins = 30}]): see run.lua.
function pictures.histogram(self, events, tag, tensor, given)
  check_tag("histogram", tag)
  local o = options.check("histogram", given, {step = options.optional, bins = 30})
  local step = check_step("histogram", o.step, self:step())
  if not core.is_tensor(tensor) then
    bad(2, "histogram", "tensor expected, got %s", options.type_name(tensor))
  elseif math.type(o.bins) ~= "integer" or o.bins < 1 then
    options.raise("bad option 'bins' to 'histogram' (a positive integer expected, got %s)",
                  tostring(o.bins))
  end
  local all = core.to(core.flatten(tensor), "float64")
  local values = core.masked_select(all, core.isfinite(all))
  local h = count(values, o.bins)
  local n = core.numel(values)
  h.min, h.max = n > 0 and core.item(core.min(values)) or 0.0,
                 n > 0 and core.item(core.max(values)) or 0.0
  h.sum, h.sum_squares = core.item(core.sum(values)), core.item(core.sum(core.square(values)))
  append_line(self, "histograms.jsonl", {
    step = step, time = core.now(), tag = tag, edges = h.edges, counts = h.counts,
    not_finite = core.numel(all) - n,
  })
  events:histogram(step, tag, h)
end

--- run:text(tag, text [, {step}]): see run.lua.
function pictures.text(self, events, tag, text, given)
  check_tag("text", tag)
  local o = options.check("text", given, {step = options.optional})
  local step = check_step("text", o.step, self:step())
  if type(text) ~= "string" or not utf8.len(text) then
    bad(2, "text", "a text in UTF-8 expected, got %s",
        type(text) == "string" and "other bytes" or options.type_name(text))
  end
  append_line(self, "texts.jsonl", {step = step, time = core.now(), tag = tag, text = text})
  events:text(step, tag, text)
end

local function names_of(classes, n, name)
  local names = {}
  if classes ~= nil and (type(classes) ~= "table" or #classes ~= n) then
    options.raise("bad option 'classes' to '%s' (a list of %d names expected, got %s)", name, n,
                  type(classes) == "table" and ("one of %d"):format(#classes)
                  or options.type_name(classes))
  end
  for i = 1, n do names[i] = tostring(classes and classes[i] or i) end
  return names
end

--- run:confusion(matrix [, {classes, step}]): see run.lua.
function pictures.confusion(self, matrix, given)
  local o = options.check("confusion", given, {classes = options.optional, step = options.optional})
  local counts, classes = matrix, o.classes
  if type(matrix) == "table" and type(matrix.value) == "function" then
    counts, classes = matrix:value(), classes or matrix.classes
  end
  if not core.is_tensor(counts) or core.ndim(counts) ~= 2
     or core.size(counts, 1) ~= core.size(counts, 2) then
    bad(1, "confusion", "a tensor [C,C] or a ConfusionMatrix expected, got %s",
        core.is_tensor(counts) and "[" .. table.concat(core.shape(counts), ",") .. "]"
        or options.type_name(counts))
  end
  check(core.io.write_file(self:path("confusion.json"), core.io.json_encode({
    step = check_step("confusion", o.step, self:step()),
    classes = core.io.json_array(names_of(classes, core.size(counts, 1), "confusion")),
    matrix = core.io.json_array(core.totable(counts)),
  }) .. "\n"))
end

-- What the network said of each sample: predicted label, and of scores its probability and the
-- cross-entropy. Lists; the latter two nil without scores.
local function judged(o, labels)
  if o.scores == nil then return core.totable(o.predictions), nil, nil end
  local log_p = core.log_softmax(core.to(o.scores, "float64"))
  local predicted = core.argmax(log_p, 2)
  local function picked(label)
    return core.flatten(core.gather(log_p, 2, core.unsqueeze(label, 2)))
  end
  return core.totable(predicted), core.totable(core.exp(picked(predicted))),
         core.totable(core.neg(picked(labels)))
end

local function check_examples(given)
  local o = options.check("examples", given, {
    images = options.required, labels = options.required, predictions = options.optional,
    scores = options.optional, classes = options.optional, count = 20,
  })
  if (o.scores == nil) == (o.predictions == nil) then
    options.raise("'examples' needs the option 'scores' or 'predictions'")
  end
  for name, ranks in pairs {images = {3, 4}, labels = {1}, scores = {2}, predictions = {1}} do
    local t = o[name]
    local rank = core.is_tensor(t) and core.ndim(t)
    if t ~= nil and rank ~= ranks[1] and rank ~= ranks[2] then
      options.raise("bad option '%s' to 'examples' (a tensor of rank %s expected, got %s)", name,
                    table.concat(ranks, " or "), rank and "rank " .. rank or options.type_name(t))
    elseif t ~= nil and core.size(t, 1) ~= core.size(o.labels, 1) then
      options.raise("bad option '%s' to 'examples' (%d rows, but there are %d labels)", name,
                    core.size(t, 1), core.size(o.labels, 1))
    end
  end
  return o
end

--- run:examples{images, labels, scores, predictions, classes, count = 20}: see run.lua.
function pictures.examples(self, given)
  local o = check_examples(given)
  local labels = core.totable(o.labels)
  local predicted, probability, loss = judged(o, o.labels)
  local order = {}
  for i = 1, #labels do order[i] = i end
  local function badness(i)
    return loss and (loss[i] == loss[i] and loss[i] or math.huge)
      or predicted[i] ~= labels[i] and 1 or 0
  end
  table.sort(order, function(a, b)
    local x, y = badness(a), badness(b)
    if x ~= y then return x > y end
    return a < b
  end)
  local function name(label)
    return o.classes and o.classes[label] and tostring(o.classes[label]) or label
  end
  local function number(list, i)
    local value = list and list[i]
    return value and value - value == 0 and value or core.io.null
  end
  local list = {}
  for rank = 1, math.min(o.count, #order) do
    local i = order[rank]
    local file = ("examples/%02d.png"):format(rank)
    write_png(self, file, o.images[i])
    list[rank] = {image = file, index = i, label = name(labels[i]), predicted = name(predicted[i]),
                  probability = number(probability, i), loss = number(loss, i)}
  end
  check(core.io.write_file(self:path("examples.json"),
                           core.io.json_encode(core.io.json_array(list), {indent = 2}) .. "\n"))
end

return pictures

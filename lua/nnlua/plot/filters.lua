-- Filters: the weights of a layer as images of what its units look for.
--
-- Invariants: all images share one scale that is symmetrical about zero, which is white; what is
-- not shown because there are too many is told of in the title.

local core = require "nnlua.core"
local gnuplot = require "nnlua.plot.gnuplot"
local images = require "nnlua.plot.images"
local input = require "nnlua.plot.input"
local options = require "nnlua.options"
local screen = require "nnlua.plot.screen"

local DEFAULTS = {
  weights = options.optional, height = options.optional, width = options.optional,
  columns = options.optional, labels = options.optional, title = options.optional,
  most = options.optional, smooth = false,
}

local MOST = 64   -- images, unless the caller wants more
local ACROSS = 12 -- images in a row, about, of filters with several channels

-- The tensor [out, in] or [out, in, h, w] of what was given: it, or a module's field weight.
local function read_weights(fname, value)
  if type(value) == "table" and core.is_tensor(value.weight) then
    value = value.weight
  end
  local rank = core.is_tensor(value) and #core.shape(value)
  if rank ~= 2 and rank ~= 4 then
    input.raise(fname, "weights", "a tensor [out,in] or [out,in,h,w], or a module with one, "
                .. "expected, got %s", rank and "[" .. table.concat(core.shape(value), ",") .. "]"
                or options.type_name(value))
  elseif core.numel(value) == 0 then
    input.raise(fname, "weights", "it is empty")
  end
  return value:detach()
end

-- The weights of a dense layer as [out, 1, height, width].
local function as_images(fname, weights, given)
  local shape = core.shape(weights)
  local height = input.count(fname, "height", given.height)
  local width = input.count(fname, "width", given.width)
  if #shape == 4 then
    if height or width then
      input.raise(fname, height and "height" or "width", "the weights [%s] have their own",
                  table.concat(shape, ","))
    end
    return weights
  end
  local inputs = shape[2]
  if not height and not width then
    local side = math.tointeger(math.sqrt(inputs))
    height, width = side, side
  end
  height = height or width and inputs // width
  width = width or height and inputs // height
  if not height or height * width ~= inputs then
    input.raise(fname, "height", "a row of %d weights is no image of %s", inputs,
                height and ("%d x %d"):format(height, width) or "one height and width: name them")
  end
  return weights:reshape(shape[1], 1, height, width)
end

--- plot.filters(path, {weights=, ...}): see nnlua.plot.
return function(path, given)
  local fname = "plot.filters"
  local format = gnuplot.format(fname, path)
  given = options.check(fname, given, DEFAULTS)
  local weights = as_images(fname, read_weights(fname, given.weights), given)
  local filters, channels, height, width = table.unpack(core.shape(weights))
  local most = input.count(fname, "most", given.most, MOST)
  -- a filter's channels lie side by side in a row of the grid
  local shown_channels = math.min(channels, most)
  local shown = math.min(filters, math.max(1, most // shown_channels))
  local labels = input.texts(fname, "labels", given.labels, filters)
  local list, texts = {}, {}
  for i = 1, shown do
    for c = 1, shown_channels do
      list[#list + 1] = weights[i][c]
      texts[#list] = labels and labels[i] or channels == 1 and tostring(i) or ("%d.%d"):format(i, c)
    end
  end
  local title = input.text(fname, "title", given.title)
  if shown < filters or shown_channels < channels then
    title = ("%s (%s)"):format(title, channels == 1 and ("%d of %d"):format(shown, filters)
      or ("%d of %d filters, %d of %d channels"):format(shown, filters, shown_channels, channels))
      :gsub("^ ", "")
  end
  local whole = channels > 1 and shown_channels * math.max(1, ACROSS // shown_channels) or nil
  local columns = input.count(fname, "columns", given.columns, whole)
  local description = images.describe(fname, {
    images = core.reshape(core.stack(list), {#list, height, width}), labels = texts,
    columns = columns, title = title, colormap = "diverging", value_label = "weight",
    smooth = given.smooth})
  if format == "terminal" then
    return screen.show("images", description)
  end
  return images.draw(fname, path, description)
end

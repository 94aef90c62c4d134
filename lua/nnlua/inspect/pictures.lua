-- The pictures of an inspection.

local core = require "nnlua.core"
local options = require "nnlua.options"
local plot = require "nnlua.plot"

local pictures = {}

local SAMPLES, LAYERS = 10, 8 -- shown at most

-- A sample as an image: as it is, or a vector as a square where its length is one, else as a row.
local function as_images(x)
  local n, values = x:size(1), x:to("float64")
  if x:ndim() >= 3 then
    while values:ndim() > 3 do values = values:mean(2) end
    return values
  end
  local length = values:numel() // n
  local side = math.floor(math.sqrt(length) + 0.5)
  if side * side == length then return values:reshape(n, side, side) end
  return values:reshape(n, 1, length)
end

-- One number per unit: of images the channel's mean.
local function per_unit(values)
  values = values:to("float64")
  if values:ndim() == 4 then return values:mean({3, 4}) end
  return values:reshape(values:size(1), values:numel() // values:size(1))
end

-- The layers worth a strip: not those whose result goes straight into an elementwise activation,
-- which shows it better.
local function strips(inspection, field, count)
  local list = {}
  for i, layer in ipairs(inspection.layers) do
    local next_layer = inspection.layers[i + 1]
    local hidden = next_layer and next_layer.module.elementwise
    if layer[field] and layer.gradient and not hidden and #list < LAYERS then
      local name = layer.name == "" and layer.title or ("%s %s"):format(layer.name, layer.title)
      list[#list + 1] = {name = name, values = per_unit(layer[field][{ {1, count} }])}
    end
  end
  return list
end

local function target_texts(inspection, count)
  local y, texts = inspection.y, {}
  if y:dtype() ~= "int64" or y:ndim() ~= 1 then return nil end
  for i = 1, count do
    local label = y[i]:item()
    texts[i] = inspection.classes and inspection.classes[label] or tostring(label)
  end
  return texts
end

local function draw_strips(inspection, path, field, value_label, title)
  local count = math.min(inspection.samples, SAMPLES)
  local labels = target_texts(inspection, count)
  return plot.activations(path, {
    images = as_images(inspection.x[{ {1, count} }]), layers = strips(inspection, field, count),
    labels = labels, labels_title = labels and "class", value_label = value_label,
    title = title})
end

local function draw_norms(inspection, path)
  local gradients, ratios = {}, {}
  for i, parameter in ipairs(inspection.parameters) do
    gradients[i] = parameter.gradient_norm or 0
    ratios[i] = parameter.update_ratio or 0
  end
  return plot.lines(path, {
    series = {{name = "length of the gradient", y = gradients},
              {name = "update / parameter", y = ratios}},
    log_y = true, xlabel = "parameter, from the input on", title = "How strongly the loss pulls"})
end

--- pictures.draw(inspection, prefix [, {extension = ".png"}]): see Inspection.draw.
function pictures.draw(inspection, prefix, given)
  if type(prefix) ~= "string" then
    core.arg_error(1, "draw", "start of the files' names expected, got "
      .. options.type_name(prefix))
  end
  local extension = options.check("draw", given, {extension = ".png"}).extension
  local ok, message = draw_strips(inspection, prefix .. "-activations" .. extension, "values",
                                  "activation", "What each layer gives")
  if not ok then return nil, message end
  ok, message = draw_strips(inspection, prefix .. "-gradients" .. extension, "gradient",
                            "gradient", "What the loss asks of each output: its gradient")
  if not ok then return nil, message end
  return draw_norms(inspection, prefix .. "-norms" .. extension)
end

return pictures

-- The pictures that belong to a trained network: its weights, its activations.
--
-- Each function draws through nnlua.plot and returns what that returns: true, or nil and one line
-- that says why there is no picture.

local core = require "nnlua.core"
local options = require "nnlua.options"
local plot = require "nnlua.plot"

local figures = {}

--- figures.weights(path, W, height, width, title): each row of W [units, height*width] as an image
--- of what that unit looks for; the first 64 units. plot.filters with names for the units.
function figures.weights(path, W, height, width, title)
  local labels = {}
  for i = 1, W:size(1) do labels[i] = ("unit %d"):format(i) end
  return plot.filters(path, {weights = W, height = height, width = width, labels = labels,
                             title = title, smooth = true})
end

-- The position of the first sample of each class, in class order.
local function one_per_class(labels, classes)
  local first = {}
  for i, label in ipairs(labels:totable()) do first[label] = first[label] or i end
  local rows = {}
  for label = 1, #classes do rows[#rows + 1] = first[label] end
  return core.tensor(rows, {dtype = "int64"})
end

--- figures.activations(path, model, samples, classes, title): what every hidden layer of a
--- Sequential does with one sample of each class, and the probabilities it ends in. What comes
--- before the first parameters, such as Rescaling and Flatten, prepares the input and is not shown.
--- samples: {images = [n,h,w], x = [n,features], labels = [n]}.
function figures.activations(path, model, samples, classes, title)
  local rows = one_per_class(samples.labels, classes)
  if rows:numel() == 0 then options.raise("figures.activations: no samples") end
  local h, layers, hidden, learns = samples.x[rows], {}, 0, false
  for i, layer in ipairs(model) do
    h = layer(h):detach()
    learns = learns or #layer:parameters() > 0
    if learns and not layer.weight and i < #model then
      hidden = hidden + 1
      layers[hidden] = {name = ("hidden layer %d (%s)"):format(hidden, tostring(layer)), values = h}
    end
  end
  local probabilities = core.softmax(h)
  layers[hidden + 1] = {name = "output: probability", values = probabilities, units = classes}
  local labels, notes, _, best = {}, {}, probabilities:max(2)
  for i, label in ipairs(samples.labels[rows]:totable()) do
    labels[i] = classes[label]
    notes[i] = classes[best[i]:item()]
  end
  return plot.activations(path, {images = samples.images[rows], layers = layers, labels = labels,
                                 labels_title = "digit", notes = notes, notes_title = "answer",
                                 title = title})
end

return figures

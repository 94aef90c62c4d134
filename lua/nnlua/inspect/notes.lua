-- What looks wrong in a network, by rules of thumb.
--
-- The bounds are customs of the field, not laws: an update of about a thousandth of the weights is
-- healthy (A. Karpathy, CS231n, "Babysitting the learning process"); saturation and dead units are
-- as in X. Glorot and Y. Bengio (2010) and in L. Lu et al. (2019), "Dying ReLU and Initialization".

local notes = {}

local MANY = 0.5 -- part of a layer's units that are dead, or of its inputs in flat places
local VANISHING = 1e-3 -- first layer's gradient beside the largest one
local FAST, SLOW = 1e-1, 1e-6 -- update beside the parameter

local function add(list, format, ...)
  list[#list + 1] = format:format(...)
end

local function label(layer)
  return layer.name == "" and layer.title or ("layer %s (%s)"):format(layer.name, layer.title)
end

local function is_finite(value)
  return value == value and math.abs(value) < math.huge
end

-- The first layer whose result is not finite: what comes after it suffers from it.
local function find_broken(inspection, list)
  for _, layer in ipairs(inspection.layers) do
    if not is_finite(layer.mean) then
      add(list, "%s gives values that are not finite", label(layer))
      return true
    end
  end
  if not is_finite(inspection.loss) then
    add(list, "the loss is %g", inspection.loss)
    return true
  end
end

local function look_at_layers(inspection, list)
  local largest, first = 0, nil
  for _, layer in ipairs(inspection.layers) do
    if layer.gradient and inspection.samples > 1 and #layer.dead > MANY * layer.units then
      add(list, "%s: %d of %d units are 0 for all %d samples", label(layer), #layer.dead,
          layer.units, inspection.samples)
    end
    -- Where ReLU is flat it is 0, as it should be for about half of its inputs.
    if layer.saturated and layer.saturated - layer.zeros > MANY then
      add(list, "%s is saturated: %.0f%% of its inputs lie where it is flat", label(layer),
          100 * layer.saturated)
    end
    if layer.gradient_norm then
      first = first or layer
      largest = math.max(largest, layer.gradient_norm)
    end
  end
  if first and first.gradient_norm < VANISHING * largest then
    add(list, "the gradient vanishes on its way to %s: %.2g there, %.2g elsewhere", label(first),
        first.gradient_norm, largest)
  end
end

local function look_at_updates(inspection, list)
  for _, parameter in ipairs(inspection.parameters) do
    local ratio = parameter.update_ratio
    if not parameter.gradient_norm then
      add(list, "%s gets no gradient: the loss does not depend on it", parameter.name)
    elseif not is_finite(parameter.gradient_norm) then
      add(list, "the gradient of %s is not finite", parameter.name)
    elseif ratio and ratio > FAST then
      add(list, "a step moves %s by %.0f%% of its length: the learning rate may be too large",
          parameter.name, 100 * ratio)
    elseif ratio and ratio > 0 and ratio < SLOW then
      add(list, "a step moves %s by %.1g of its length: the learning rate may be too small",
          parameter.name, ratio)
    end
  end
end

--- notes.of(inspection) -> list of lines, none if nothing looks wrong.
function notes.of(inspection)
  local list = {}
  if not find_broken(inspection, list) then
    look_at_layers(inspection, list)
    look_at_updates(inspection, list)
  end
  local check = inspection.gradient_check
  if check and not check.ok then
    for _, tensor in ipairs(check.tensors) do
      if not tensor.ok then
        add(list, "the gradient of %s is wrong: relative difference %.2g", tensor.name,
            tensor.relative_difference)
      end
    end
  end
  return list
end

return notes

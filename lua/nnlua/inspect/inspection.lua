-- What nn.inspect found: the numbers as fields, the tables as text, the pictures on demand.

local class = require "nnlua.class"
local notes = require "nnlua.inspect.notes"
local pictures = require "nnlua.inspect.pictures"
local text_table = require "nnlua.text_table"

local Inspection = class("Inspection")

function Inspection:init(fields)
  for name, value in pairs(fields) do self[name] = value end
end

--- inspection:conclude() -> inspection, with its notes.
function Inspection:conclude()
  self.notes = notes.of(self)
  return self
end

--- inspection:draw(prefix [, {extension = ".png"}]) -> true, or nil and one line: the pictures
--- PREFIX-activations, what each layer makes of the first samples; PREFIX-gradients, what the loss
--- asks of its outputs; PREFIX-norms, gradients and updates layer by layer. extension: of the
--- files, as for nn.plot.
Inspection.draw = pictures.draw

local function number(value)
  if value == nil then return "-" end
  if value == 0 then return "0" end
  return ("%.3g"):format(value)
end

local function percentage(part)
  return part and ("%.0f%%"):format(100 * part) or "-"
end

local function shape_text(shape)
  return "[" .. table.concat(shape, ",") .. "]"
end

local function layer_rows(inspection)
  local rows = {{"layer", "", "output", "mean", "std", "zeros", "dead", "saturated", "|dL/dy|"}}
  for _, layer in ipairs(inspection.layers) do
    rows[#rows + 1] = {
      layer.name, layer.title, shape_text(layer.shape), number(layer.mean), number(layer.std),
      percentage(layer.zeros),
      layer.gradient and ("%d/%d"):format(#layer.dead, layer.units) or "-",
      percentage(layer.saturated), number(layer.gradient_norm)}
  end
  return rows
end

local function parameter_rows(inspection)
  local rows = {{"parameter", "shape", "|w|", "|dL/dw|", "update/w"}}
  for _, parameter in ipairs(inspection.parameters) do
    rows[#rows + 1] = {parameter.name, shape_text(parameter.shape), number(parameter.norm),
                       number(parameter.gradient_norm), number(parameter.update_ratio)}
  end
  return rows
end

local function check_lines(report)
  local worst = report.worst
  local lines = {("gradient check %s: relative difference %.3g over %d entries"):format(
    report.ok and "passed" or "FAILED", report.relative_difference, report.checked)}
  if worst then
    lines[2] = ("worst: %s[%s], backpropagation %.8g, finite differences %.8g"):format(worst.name,
      table.concat(worst.index, ","), worst.analytic, worst.numeric)
  end
  return lines
end

function Inspection:__tostring()
  local lines = {("%d sample%s, loss %.6g"):format(self.samples, self.samples == 1 and "" or "s",
                                                   self.loss)}
  local function add(more, indent)
    for _, line in ipairs(more) do lines[#lines + 1] = (indent or "") .. line end
  end
  add(text_table.lines(layer_rows(self), 2))
  add {""}
  add(text_table.lines(parameter_rows(self), 2))
  if self.gradient_check then
    add {""}
    add(check_lines(self.gradient_check))
  end
  add(self.notes, "note: ")
  return table.concat(lines, "\n")
end

return Inspection

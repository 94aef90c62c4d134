-- Plateau rule: a trial is stopped when its best value has not improved for a number of reports.

local class = require "nnlua.class"
local options = require "nnlua.options"

local Plateau = class("Plateau")

--- Plateau{patience = 10, min_delta = 0}: reports without improvement by more than min_delta.
function Plateau:init(given)
  local o = options.check("plateau", given, {patience = 10, min_delta = 0})
  if math.type(o.patience) ~= "integer" or o.patience < 1 then
    options.raise("bad option 'patience' to 'plateau' (an integer >= 1 expected, got %s)",
                  o.patience)
  elseif not (o.min_delta >= 0 and o.min_delta < math.huge) then
    options.raise("bad option 'min_delta' to 'plateau' (a number >= 0 expected, got %s)",
                  o.min_delta)
  end
  self.patience, self.min_delta = o.patience, o.min_delta
end

--- plateau:stops(reports, history, sign): see asha.lua; the trial's own reports decide.
function Plateau:stops(reports, _, sign)
  local best, since = math.huge, 0
  for _, report in ipairs(reports) do
    local loss = sign * report.value
    if loss < best - self.min_delta then
      best, since = loss, 0
    else
      since = since + 1
    end
  end
  return since >= self.patience
end

return Plateau

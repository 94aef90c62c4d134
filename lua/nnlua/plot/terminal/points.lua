-- Points in a plane, by class, in the terminal.
--
-- Invariants: without colours every class has its own character; with them, many points are dots
-- finer than a character, and the last class drawn gives a cell its colour.

local chart = require "nnlua.plot.terminal.chart"
local scale = require "nnlua.plot.scale"
local style = require "nnlua.plot.terminal.style"

-- Up to so many points are characters, which are easier to see than dots.
local FEW = 200

--- terminal.points(description, options): see nnlua.plot.terminal.
return function(given, wanted)
  local look = style.look("plot.points", wanted)
  local xs, ys, entries, count = {}, {}, {}, 0
  for k, class in ipairs(given.classes) do
    xs[k], ys[k] = class.xs, class.ys
    count = count + #class.xs
    entries[k] = {name = class.name or "", mark = style.mark(look, k),
                  style = style.series(look, k)}
  end
  local self = chart.new(look, given, {
    x = {lists = xs, range = given.x_range}, y = {lists = ys, range = given.y_range},
  }, entries)
  local as_dots = count > FEW and (look.colour > 0 or #given.classes == 1)
  for k, class in ipairs(given.classes) do
    local draw = as_dots and self.dot or function(_, x, y, code, mark)
      self:mark(x, y, mark, code)
    end
    for i, x in ipairs(class.xs) do
      local y = class.ys[i]
      if scale.drawable(x) and scale.drawable(y) then
        draw(self, self:dot_x(x), self:dot_y(y), entries[k].style, entries[k].mark)
      end
    end
  end
  return self:text()
end

-- Pictures in the terminal: what a plot function does with the path "-".
--
-- Invariants: a description is a plot function's options, checked and with their numbers as plain
-- lists of floats; it is the same that the file would have been drawn from. What the terminal
-- cannot show is nil and one line, like any picture that cannot be drawn.

local terminal = require "nnlua.plot.terminal"

local screen = {}

--- screen.show(kind, description) -> true | nil, message: prints the picture that plot.KIND would
--- have drawn.
function screen.show(kind, description)
  local draw = terminal[kind]
  if not draw then
    return nil, ("plot.%s has no picture for the terminal: give it a path that ends in .png, .svg "
                 .. "or .pdf"):format(kind)
  end
  local text = draw(description)
  io.stdout:write(text, text:sub(-1) == "\n" and "" or "\n")
  io.stdout:flush()
  return true
end

return screen

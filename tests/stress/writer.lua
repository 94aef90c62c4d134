-- writer.lua - a run that is written until someone kills it
--
--   nnlua tests/stress/writer.lua             the run lies in $NNLUA_RUNS/killed
--
-- Prints the number of each row after run:log has returned; every so often there is more.

local nn = require "nnlua"

io.stdout:setvbuf("no")
local run = nn.run {name = "killed", config = {lr = 0.5}}
io.stdout:write(run.dir, "\n")
for i = 1, math.maxinteger do
  run:log {step = i, value = i / 7, text = ("row %d, whole"):format(i), late = i > 40 and i or nil}
  io.stdout:write(("%d\n"):format(i))
  if i % 400 == 0 then
    run:histogram("h", nn.ones(4))
    run:text("t", "text")
    run:image("i", nn.ones(2, 2))
  end
end

-- onnx_models.lua FOLDER - exports the models of exported_models.lua, for onnx_runtime.py to run
--
-- Of each: NAME.onnx, and for batches of 1 and 5 rows NAME.ROWS.input and NAME.ROWS.output, the
-- bytes of what goes in and what the engine makes of it.

local models = require "tests.cli.exported_models"
local nn = require "nnlua"

local folder = arg[1]

-- The bytes, of floats as float32.
local function write(path, x)
  x = x:dtype() == "float64" and x:to("float32") or x
  assert(nn.io.write_file(path, x:tobytes()))
end

for _, entry in ipairs(models) do
  local name, shape, model = table.unpack(entry)
  model(models.batch(entry, 8)) -- what has running statistics has some now
  assert(nn.export.onnx(("%s/%s.onnx"):format(folder, name), model,
                        {input_shape = shape, name = name}))
  assert(model.training)
  model:eval()
  for _, rows in ipairs {1, 5} do
    local x = models.batch(entry, rows)
    write(("%s/%s.%d.input"):format(folder, name, rows), x)
    write(("%s/%s.%d.output"):format(folder, name, rows), model(x))
  end
  print(name)
end

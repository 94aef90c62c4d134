-- primitives.lua - job e in nnlua: single operations, as one writes them
--
--   nnlua bench/primitives.lua
--
-- Prints "case NAME DTYPE SECONDS", the best of three passes of 10 ms or more. The names are those
-- of primitives_numpy.py and primitives_torch.py.

local nn = require "nnlua"

local function time_case(name, dtype, f)
  local function seconds(calls)
    local started = nn.clock()
    for _ = 1, calls do f() end
    return nn.clock() - started
  end
  local calls = 1
  while seconds(calls) < 0.01 do calls = calls * 2 end
  print("case", name, dtype, math.min(seconds(calls), seconds(calls), seconds(calls)) / calls)
  collectgarbage()
end

for _, dtype in ipairs {"float32", "float64"} do
  local function rand(...) return nn.rand(..., {dtype = dtype}) end
  local function case(name, f) time_case(name, dtype, f) end
  local only_some = dtype == "float64"

  for _, sizes in ipairs {{16, 16, 16}, {64, 64, 64}, {256, 256, 256}, {1024, 1024, 1024},
                          {6000, 784, 25}} do
    local m, k, n = table.unpack(sizes)
    local a, b = rand {m, k}, rand {k, n}
    case(("matmul_%dx%dx%d"):format(m, k, n), function() return a:matmul(b) end)
  end
  for _, size in ipairs(only_some and {100000} or {1000, 100000, 4000000}) do
    local x = rand {size} + 0.5
    case("exp_" .. size, function() return x:exp() end)
    case("log_" .. size, function() return x:log() end)
    case("tanh_" .. size, function() return x:tanh() end)
    case("sum_" .. size, function() return x:sum() end)
  end
  if only_some then break end

  for _, sizes in ipairs {{64, 10}, {6000, 10}, {1000, 1000}} do
    local x = rand(sizes)
    case(("softmax_%dx%d"):format(sizes[1], sizes[2]), function() return x:softmax() end)
  end
  local x, half = rand {6000, 784}, rand {3000, 784}
  local left, square = rand {6000, 392}, rand {1000, 1000}
  case("sum_columns_6000x784", function() return x:sum(1) end)
  case("cat_rows_3000x784", function() return nn.cat({half, half}, 1) end)
  case("cat_columns_6000x392", function() return nn.cat({left, left}, 2) end)
  case("transpose_1000x1000", function() return square:t():contiguous() end)
  case("transpose_6000x784", function() return x:t():contiguous() end)
  local images, order = rand {60000, 784}, nn.randperm(60000)
  for _, count in ipairs {64, 4096} do
    -- Other rows in every call, or they would all be in the cache.
    local batches, next_batch = {}, 0
    for first = 1, 60000 - count + 1, count do
      batches[#batches + 1] = order[{ {first, first + count - 1} }]
    end
    case(("gather_%d_of_60000x784"):format(count), function()
      next_batch = next_batch % #batches + 1
      return images[batches[next_batch]]
    end)
  end
end

-- The same bits for 1, 2 and 4 threads, for everything that is split over threads.

local nn = require "nnlua"

-- Sizes are well above one block, and ragged.
local function results(dtype)
  nn.manual_seed(3)
  local o = {dtype = dtype}
  local x, W, b = nn.randn(3001, 97, o), nn.randn(33, 97, o), nn.randn(33, o)
  local y = nn.randint(1, 34, 3001)
  local z = nn.linear(x, W, b)
  local loss, dz = nn.softmax_cross_entropy(z, y)
  local dx, dW, db = nn.linear_backward(dz, x, W)
  -- Moderate probabilities: log(1 - p) next to p = 1 would magnify the rounding of p.
  local bce, dp = nn.summed_binary_cross_entropy(nn.softmax(z * 0.1), y)
  local square = nn.randn(301, 301, o)
  return {
    z = z, loss = loss, dz = dz, dx = dx, dW = dW, db = db, bce = bce, dp = dp,
    product = square:matmul(square), transposed = square:t():matmul(square),
    sum = x:sum(), column_sums = x:sum(1), row_sums = x:sum(2), mean = x:mean(), var = x:var(),
    norm = x:norm(), max = x:max(), argmax = x:argmax(2), exp = x:exp(), add = x + x[1],
    strided = x:t() * 2, relu = nn.relu(x), gelu = nn.gelu(x), tanh = x:tanh(),
    l2 = nn.l2_penalty(x, 0.3), mse = nn.mse_loss(x, x * 0.5),
    dropout = nn.dropout(x, 0.4, {generator = nn.Generator(1)}),
  }
end

describe("the number of threads", function()
  local before = nn.get_num_threads()
  after_each(function() nn.set_num_threads(before) end)

  for _, dtype in ipairs {"float32", "float64"} do
    it("changes no bit of any " .. dtype .. " result", function()
      nn.set_num_threads(1)
      local expected = results(dtype)
      for _, threads in ipairs {2, 4, 7} do
        nn.set_num_threads(threads)
        for name, value in pairs(results(dtype)) do
          assert(value:tobytes() == expected[name]:tobytes(),
                 ("%s differs with %d threads"):format(name, threads))
        end
      end
    end)
  end

  it("is checked", function()
    assert.has_error(function() nn.set_num_threads(0) end)
    assert.has_error(function() nn.set_num_threads(1.5) end)
  end)
end)

describe("the naive twins", function()
  local core = require "nnlua.core"
  local isa = core.build_info().isa
  after_each(function() core.set_isa(isa) end)

  it("give the results of the tuned kernels to rounding", function()
    local tuned = results("float64")
    assert.is_true(core.set_isa("ref"))
    for name, value in pairs(results("float64")) do
      local difference = (value:to("float64") - tuned[name]:to("float64")):norm():item()
      local size = tuned[name]:to("float64"):norm():item()
      -- A few hundred roundings of 2^-53 relative to the whole tensor.
      assert(difference <= 1e-13 * size, name)
    end
    assert.is_false(core.set_isa("z80"))
  end)

  it("and every other instruction set the same bits, but for products", function()
    local names = {"sum", "column_sums", "row_sums", "mean", "var", "norm",
                   "max", "argmax", "exp", "add", "strided", "relu", "gelu", "tanh", "l2", "mse",
                   "dropout"}
    local expected = results("float32")
    for _, set in ipairs {"avx2", "portable"} do
      if core.set_isa(set) then
        local got = results("float32")
        for _, name in ipairs(names) do
          assert(got[name]:tobytes() == expected[name]:tobytes(), name .. " differs on " .. set)
        end
      end
    end
  end)
end)

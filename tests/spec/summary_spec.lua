-- summary_spec.lua - what module:summary() counts, where shapes come from, what it leaves alone.

local nn = require "nnlua"
local support = require "tests.spec.support"

local function lines(...)
  return table.concat({...}, "\n")
end

describe("summary", function()
  local model = nn.Sequential(nn.Flatten(), nn.Linear(784, 25), nn.ReLU(), nn.Linear(25, 10))

  it("lists layers and parameters", function()
    assert.equal(lines(
      "layer                 parameters    memory",
      "1      Flatten                 0       0 B",
      "2      Linear 784→25      19,625  76.7 KiB",
      "3      ReLU                    0       0 B",
      "4      Linear 25→10          260   1.0 KiB",
      "19,885 parameters (77.7 KiB)"), model:summary())
    assert.matches("Linear 2→3", nn.Linear(2, 3):summary())
  end)

  it("tells shapes, multiply-adds and memory for an input", function()
    local expected = lines(
      "layer                   output  parameters  multiply-adds     memory",
      "1      Flatten        [64,784]           0              0  196.0 KiB",
      "2      Linear 784→25   [64,25]      19,625      1,254,400   82.9 KiB",
      "3      ReLU            [64,25]           0              0    6.2 KiB",
      "4      Linear 25→10    [64,10]         260         16,000    3.5 KiB",
      "19,885 parameters (77.7 KiB)",
      "1,270,400 multiply-adds, activations 211.0 KiB")
    assert.equal(expected, model:summary {64, 28, 28})
    assert.equal(expected, model:summary(nn.zeros(64, 28, 28)))
  end)

  it("counts bytes of the model's dtype", function()
    local text = nn.Linear(3, 2, {dtype = "float64"}):summary {1, 3}
    assert.matches("8 parameters (64 B)", text, 1, true)
    assert.matches("6 multiply%-adds, activations 16 B$", text)
  end)

  local Net = nn.class("Net", nn.Module)
  function Net:init()
    self.a = nn.Linear(4, 4)
    self.tied = self.a
    self.drop = nn.Dropout(0.5)
    self.w = nn.ones(3, 4):requires_grad_()
    self:register("calls", nn.zeros(1), {parameter = false})
  end
  function Net:forward(x)
    self.calls:add_(1)
    return nn.linear(self.drop(self.tied(self.a(x)) + nn.rand(1)), self.w)
  end

  it("finds shapes by a forward pass where a module does not say them", function()
    assert.equal(lines(
      "layer                  output  parameters  multiply-adds  memory",
      "1      Net              [2,3]          12              0    72 B",
      "1.a    Linear 4→4       [2,4]          20             64   144 B",
      "1.tied  is 1.a",
      "1.drop  Dropout(p=0.5)   [2,4]           0              0    32 B",
      "2      ReLU             [2,3]           0              0    24 B",
      "32 parameters (128 B)",
      "64 multiply-adds, activations 144 B"):gsub(" +", " "),
      nn.Sequential(Net(), nn.ReLU()):summary({2, 4}):gsub(" +", " "))
  end)

  it("leaves no trace of that pass", function()
    local net = Net():to("float64")
    net.drop:eval()
    nn.manual_seed(7)
    local expected = nn.rand(3)
    nn.manual_seed(7)
    net:summary {2, 4}
    support.equal(nn.rand(3), expected)
    assert.is_true(net.training)
    assert.is_nil(rawget(net, "training"))
    assert.is_false(net.drop.training)
    assert.equal(0.0, net.calls:item())
    for _, p in ipairs(net:parameters()) do assert.is_nil(p.grad) end
    support.raises({"input is [2,5], expected [*,4]"}, net.summary, net, {2, 5})
    assert.is_false(net.drop.training)
    assert.equal(0.0, net.calls:item())
    assert.is_true(nn.is_grad_enabled())
  end)

  it("raises as the model does, and for what is no shape", function()
    support.raises({"layer 2 (Linear 784→25): input is [3,3]"}, model.summary, model, {3, 3})
    support.raises({"bad argument #1 to 'summary'", "string"}, model.summary, model, "x")
    support.raises({"bad argument #1 to 'summary'"}, model.summary, model, {2, -1})
  end)

  it("counts tensors that modules share once", function()
    local tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[2].weight = tied[1].weight
    assert.equal(3, #tied:parameters())
    assert.matches("\n15 parameters %(60 B%)", tied:summary())
  end)
end)

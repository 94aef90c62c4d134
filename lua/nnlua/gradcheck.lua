-- nn.gradcheck: are the gradients that autograd computes the slopes of the function?
--
-- For every entry x_i of the checked tensors, f is evaluated at x_i + e and x_i - e:
--   numeric_i = (f(x+e) - f(x-e)) / 2e        relative difference = |a - n| / (|a| + |n|),
-- with a and n the vectors of all analytic and numeric derivatives, |.| the Euclidean norm. Signs
-- and factors count, so a wrong gradient gives a difference near 1, a right one about 1e-9.
--
-- Kinks. Where f has a kink between x-e and x+e the slopes to the right and to the left,
--   r = (f(x+e) - f(x)) / e,   l = (f(x) - f(x-e)) / e,
-- differ, and n means nothing. Where f is smooth r - l shrinks in proportion to e, so an entry is
-- called a kink if it does not, at e/4 and e/16. It is excused only if the analytic derivative lies
-- between l and r of the smallest step: a wrong gradient at a kink is still wrong.
--
-- Invariants: tensors and gradients are as before afterwards, also after an error; the same
-- arguments give the same report.

local autograd = require "nnlua.autograd"
local class = require "nnlua.class"
local core = require "nnlua.core"
local Module = require "nnlua.module"
local options = require "nnlua.options"

-- What f(x) may be off by through rounding, relative to |f|: a few units in the last place.
local ROUNDING = 8 * 2.0 ^ -53

local Report = class("GradientReport")

function Report:__tostring()
  local lines = {("gradient check %s: relative difference %.3g over %d entries")
    :format(self.ok and "passed" or "FAILED", self.relative_difference, self.checked)}
  for _, tensor in ipairs(self.tensors) do
    lines[#lines + 1] = ("  %s %s: %.3g over %d%s"):format(tensor.ok and "ok   " or "WRONG",
      tensor.name, tensor.relative_difference, tensor.checked,
      tensor.checked < tensor.numel and (" of %d"):format(tensor.numel) or "")
  end
  local function entry(label, e)
    lines[#lines + 1] = ("  %s: %s[%s]: analytic %.10g, numeric %.10g"):format(label, e.name,
      table.concat(e.index, ","), e.analytic, e.numeric)
  end
  if self.worst then
    entry("worst", self.worst)
  end
  for i = 1, math.min(#self.kinks, 5) do
    entry("kink", self.kinks[i])
  end
  if #self.kinks > 5 then
    lines[#lines + 1] = ("  ... %d kinks in all"):format(#self.kinks)
  end
  return table.concat(lines, "\n")
end

-- What to check --------------------------------------------------------------------------------

-- The tensors to check as {name=, tensor=}: of f if it is a module, and of the inputs.
local function collect(f, inputs)
  local targets, seen = {}, {}
  local function add(name, tensor)
    if tensor.requires_grad and not seen[tensor] then
      seen[tensor] = true
      targets[#targets + 1] = {name = name, tensor = tensor}
    end
  end
  local function add_module(module)
    for name, tensor in module:named_parameters() do
      add(name, tensor)
    end
  end
  if Module.is_module(f) then
    add_module(f)
  end
  for i, input in ipairs(inputs) do
    if Module.is_module(input) then
      add_module(input)
    elseif core.is_tensor(input) then
      add(("input %d"):format(i), input)
    end
  end
  if #targets == 0 then
    options.raise("gradcheck: no input and no parameter requires a gradient")
  end
  for _, target in ipairs(targets) do
    if target.tensor:dtype() ~= "float64" then
      options.raise("gradcheck: '%s' is %s; differences are meaningful in float64 only "
                    .. "(model:to(\"float64\"), x:to(\"float64\"))", target.name,
                    target.tensor:dtype())
    end
  end
  return targets
end

-- Which entries (from 1, in row-major order) to check: all, or a seeded sample in ascending order.
local function choose(numel, samples, generator)
  local chosen = {}
  if not samples or samples >= numel then
    for i = 1, numel do
      chosen[i] = i
    end
    return chosen
  end
  local order = core.randperm(numel, {generator = generator})
  for i = 1, samples do
    chosen[i] = core.item(core.index(order, i))
  end
  table.sort(chosen)
  return chosen
end

-- Entry `at` (from 1, row-major) of a shape as a list of indices.
local function index_of(at, shape)
  local index, rest = {}, at - 1
  for d = #shape, 1, -1 do
    index[d] = rest % shape[d] + 1
    rest = rest // shape[d]
  end
  return index
end

-- The function as one number --------------------------------------------------------------------

-- A function () -> value, tensor: f's result as a number; a result of several elements is
-- projected onto a fixed random direction.
local function scalar_function(f, inputs, generator)
  local direction
  return function()
    local y = f(table.unpack(inputs, 1, inputs.n))
    if not core.is_tensor(y) then
      options.raise("gradcheck: the function returned a %s, expected a tensor",
                    options.type_name(y))
    elseif y:dtype() ~= "float64" then
      options.raise("gradcheck: the function returned %s, expected float64", y:dtype())
    end
    if y:numel() ~= 1 then
      direction = direction or core.randn(y:shape(), {dtype = "float64", generator = generator})
      y = (y * direction):sum()
    end
    return y:item(), y
  end
end

-- The analytic gradients; the tensors' own are put back.
local function analytic_gradients(targets, evaluate)
  local before = {}
  for i, target in ipairs(targets) do
    before[i] = target.tensor.grad
    target.tensor.grad = nil
  end
  local restore <close> = setmetatable({}, {__close = function() -- luacheck: ignore restore
    for i, target in ipairs(targets) do
      target.tensor.grad = before[i]
    end
  end})
  local _, y = evaluate()
  if not y.requires_grad then
    options.raise("gradcheck: the result does not depend on what is checked through recorded "
                  .. "operations")
  end
  y:backward()
  for _, target in ipairs(targets) do
    target.gradient = target.tensor.grad or core.zeros_like(target.tensor)
  end
end

-- Differences -----------------------------------------------------------------------------------

-- f at element + e and element - e, and the steps that rounding made of e.
local function evaluate_beside(element, e, evaluate)
  local x = core.item(element)
  local restore <close> = setmetatable({}, {__close = function() -- luacheck: ignore restore
    core.fill_(element, x)
  end})
  core.fill_(element, x + e)
  local above = evaluate()
  core.fill_(element, x - e)
  local below = evaluate()
  return above, below, x + e - x, x - (x - e)
end

-- Slopes around an element: {numeric=, right=, left=, noise=}.
local function slopes(element, e, evaluate, here)
  local above, below, up, down = evaluate_beside(element, e, evaluate)
  return {
    numeric = (above - below) / (up + down),
    right = (above - here) / up,
    left = (here - below) / down,
    noise = ROUNDING * math.max(math.abs(above), math.abs(below), math.abs(here)) / e,
  }
end

-- Whether r - l fails to shrink in proportion to the step; and the slopes of the smallest step.
local function is_kink(wide, element, e, evaluate, here)
  local jump, narrow = wide.right - wide.left, nil
  local kink = false
  for _, factor in ipairs {4, 16} do
    narrow = slopes(element, e / factor, evaluate, here)
    local off = math.abs(narrow.right - narrow.left - jump / factor)
    kink = kink or off > 0.5 * math.abs(jump) / factor + 2 * narrow.noise
  end
  return kink, narrow
end

-- Whether a lies between the slopes to the left and to the right, up to rounding.
local function is_between(a, side, rtol)
  local slack = rtol * (math.abs(side.left) + math.abs(side.right)) + 2 * side.noise
  return a >= math.min(side.left, side.right) - slack
     and a <= math.max(side.left, side.right) + slack
end

-- Compares one entry: its numeric derivative, and whether it is an excused kink.
local function compare(element, analytic, o, evaluate, here)
  local wide = slopes(element, o.eps, evaluate, here)
  local jump, size = math.abs(wide.right - wide.left), math.abs(wide.right) + math.abs(wide.left)
  local off = math.abs(analytic - wide.numeric)
  local suspicious = jump > 1e-3 * size + 2 * wide.noise
    or off > o.rtol * (math.abs(analytic) + math.abs(wide.numeric)) + 2 * wide.noise
  if suspicious then
    local kink, narrow = is_kink(wide, element, o.eps, evaluate, here)
    return wide.numeric, kink and is_between(analytic, narrow, o.rtol), wide.noise
  end
  return wide.numeric, false, wide.noise
end

-- Sums of squares of a - n, a and n, and what rounding may contribute to the first.
local function new_sums()
  return {difference = 0.0, analytic = 0.0, numeric = 0.0, noise = 0.0, count = 0}
end

local function add_to(sums, analytic, numeric, noise)
  sums.difference = sums.difference + (analytic - numeric) ^ 2
  sums.analytic = sums.analytic + analytic ^ 2
  sums.numeric = sums.numeric + numeric ^ 2
  sums.noise = sums.noise + noise ^ 2
  sums.count = sums.count + 1
end

local function relative_difference(sums)
  local size = math.sqrt(sums.analytic) + math.sqrt(sums.numeric)
  return size == 0 and 0.0 or math.sqrt(sums.difference) / size
end

-- |a - n| <= atol sqrt(count) + rtol (|a| + |n|) + rounding; false for NaN.
local function is_close(sums, o)
  local size = math.sqrt(sums.analytic) + math.sqrt(sums.numeric)
  return math.sqrt(sums.difference)
    <= o.atol * math.sqrt(sums.count) + o.rtol * size + math.sqrt(sums.noise)
end

-- Checks the chosen entries of one tensor and adds what it finds to the report.
local function check_tensor(target, o, evaluate, here, generator, report, all)
  local tensor, sums = target.tensor, new_sums()
  local shape, numel = tensor:shape(), tensor:numel()
  local chosen = choose(numel, o.samples, generator)
  for _, at in ipairs(chosen) do
    local index = index_of(at, shape)
    local element = core.index(tensor, index)
    local analytic = core.item(core.index(target.gradient, index))
    local numeric, kink, noise = compare(element, analytic, o, evaluate, here)
    local entry = {name = target.name, index = index, analytic = analytic, numeric = numeric}
    if kink then
      report.kinks[#report.kinks + 1] = entry
    else
      add_to(sums, analytic, numeric, noise)
      add_to(all, analytic, numeric, noise)
      local off = math.abs(analytic - numeric)
      if not report.worst or off > report.worst_off or off ~= off then
        report.worst, report.worst_off = entry, off
      end
    end
  end
  report.checked = report.checked + #chosen
  report.tensors[#report.tensors + 1] = {
    name = target.name, relative_difference = relative_difference(sums), ok = is_close(sums, o),
    checked = #chosen, numel = numel,
  }
end

local function check_options(given)
  local o = options.check("gradcheck", given, {
    eps = 1e-6, rtol = 1e-6, atol = 1e-9, samples = options.optional, seed = 0,
  })
  for _, name in ipairs {"eps", "rtol", "atol"} do
    if not (o[name] >= 0 and o[name] < math.huge) or name == "eps" and o.eps == 0 then
      options.raise("bad option '%s' to 'gradcheck' (%s expected, got %s)", name,
                    name == "eps" and "a number > 0" or "a number >= 0", o[name])
    end
  end
  if o.samples ~= nil and (math.type(o.samples) ~= "integer" or o.samples < 1) then
    options.raise("bad option 'samples' to 'gradcheck' (integer >= 1 expected, got %s)",
                  tostring(o.samples))
  end
  return o
end

--- nn.gradcheck(f, inputs [, {eps = 1e-6, rtol = 1e-6, atol = 1e-9, samples, seed = 0}])
--- -> ok, report. Compares autograd's gradients with central differences, in float64.
---
--- f: a module or a function of the inputs that returns a float64 tensor; of one with several
--- elements, the product with a fixed random direction is checked. It must give the same value for
--- the same inputs. inputs: a list of arguments, or a single tensor. Checked is every input that
--- requires a gradient, every parameter of f if it is a module, and of inputs that are modules.
--- samples: at most so many entries of each tensor, chosen by seed; default all.
---
--- ok: for every tensor |a - n| <= rtol (|a| + |n|) + atol sqrt(entries) + what f's rounding may
--- make of it. report: relative_difference (over everything checked; 0 if both are 0), checked (the
--- number of entries), worst = {name=, index=, analytic=, numeric=}, kinks = list of such entries
--- (see above; not in relative_difference), tensors = list of {name=, relative_difference=, ok=,
--- checked=, numel=}, ok. tostring(report) is a readable text.
return function(f, inputs, given)
  local o = check_options(given)
  if not (type(f) == "function" or Module.is_module(f)) then
    core.arg_error(1, "gradcheck", "function or module expected, got " .. options.type_name(f))
  end
  if core.is_tensor(inputs) or Module.is_module(inputs) then
    inputs = {inputs}
  elseif type(inputs) ~= "table" then
    core.arg_error(2, "gradcheck", "list of inputs expected, got " .. options.type_name(inputs))
  end
  inputs = table.move(inputs, 1, #inputs, 1, {n = #inputs})
  local generator = core.Generator(o.seed)
  local targets = collect(f, inputs)
  local evaluate = scalar_function(f, inputs, generator)
  analytic_gradients(targets, evaluate)

  local pause <close> = autograd.pause() -- luacheck: ignore pause
  local here, again = evaluate(), evaluate()
  if here ~= again and (here == here or again == again) then
    options.raise("gradcheck: the function gives different values for the same inputs "
                  .. "(%.17g, %.17g); is there dropout in training mode?", here, again)
  end
  local report = Report()
  report.checked, report.kinks, report.tensors = 0, {}, {}
  local all = new_sums()
  for _, target in ipairs(targets) do
    check_tensor(target, o, evaluate, here, generator, report, all)
  end
  report.relative_difference, report.worst_off = relative_difference(all), nil
  report.ok = true
  for _, tensor in ipairs(report.tensors) do
    report.ok = report.ok and tensor.ok
  end
  return report.ok, report
end

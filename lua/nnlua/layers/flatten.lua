-- nn.Flatten: joins neighbouring dimensions, by default all but the first: [N, a, b] to [N, a*b].

local class = require "nnlua.class"
local core = require "nnlua.core"
local functional = require "nnlua.functional"
local Module = require "nnlua.module"
local options = require "nnlua.options"

--- nn.Flatten([{start_dim = 2, end_dim = -1}]) : dimensions start_dim..end_dim become one; negative
--- ones count from the end.
local Flatten = class("Flatten", Module)

function Flatten:init(given)
  local o = options.check("Flatten", given, {start_dim = 2, end_dim = -1})
  for _, name in ipairs {"end_dim", "start_dim"} do
    if math.type(o[name]) ~= "integer" or o[name] == 0 then
      options.raise("bad option '%s' to 'Flatten' (dimension 1, 2, ... or -1, -2, ... expected, "
                    .. "got %s)", name, tostring(o[name]))
    end
  end
  self.start_dim, self.end_dim = o.start_dim, o.end_dim
end

-- Whether it joins all dimensions but the first.
local function is_default(self)
  return self.start_dim == 2 and self.end_dim == -1
end

-- The first and last dimension to join, and whether a shape of ndim dimensions has them.
local function range(self, ndim)
  local first = self.start_dim > 0 and self.start_dim or ndim + 1 + self.start_dim
  local last = self.end_dim > 0 and self.end_dim or ndim + 1 + self.end_dim
  return first, last, first >= 1 and first <= last and last <= ndim
end

function Flatten:check(x)
  if not core.is_tensor(x) then
    return ("input is a %s, expected a tensor"):format(options.type_name(x))
  end
  local _, _, fits = range(self, core.ndim(x))
  if not fits then
    local shape = table.concat(core.shape(x), ",")
    if is_default(self) then
      return ("input is [%s], expected [N,*]"):format(shape)
    end
    return ("input is [%s], which has no dimensions %d to %d"):format(shape, self.start_dim,
                                                                      self.end_dim)
  end
end

function Flatten:output_shape(shape)
  local first, last, fits = range(self, #shape)
  if not fits then
    return nil
  end
  local joined = table.move(shape, 1, first - 1, 1, {})
  local size = 1
  for d = first, last do
    size = size * shape[d]
  end
  joined[first] = size
  return table.move(shape, last + 1, #shape, first + 1, joined)
end

function Flatten:forward(x)
  if self.end_dim == -1 then
    return functional.flatten(x, self.start_dim)
  end
  return functional.reshape(x, self:output_shape(core.shape(x)))
end

function Flatten:__tostring()
  if is_default(self) then return "Flatten" end
  return ("Flatten(start_dim=%d, end_dim=%d)"):format(self.start_dim, self.end_dim)
end

return Flatten

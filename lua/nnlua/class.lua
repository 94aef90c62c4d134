-- Small classes: single inheritance, constructors that are called like functions.
--
--   local Point = class("Point")
--   function Point:init(x, y) self.x, self.y = x, y end
--   local p = Point(1, 2);  p:is(Point);  tostring(p)
--   local Circle = class("Circle", Point)
--
-- Invariants: a class is the metatable of its instances; metamethods are inherited too, by copying
-- them when the class is made.

local options = require "nnlua.options"

local function construct(self, ...)
  local object = setmetatable({}, self)
  if self.init then
    object:init(...)
  end
  return object
end

local function class_name(object)
  return object.class_name
end

-- Whether an object's class is `wanted` or descends from it.
local function is(object, wanted)
  local class = getmetatable(object)
  while class do
    if class == wanted then
      return true
    end
    class = class.parent
  end
  return false
end

--- nn.class(name [, parent]) -> a new class. Calling it makes an instance and hands the arguments
--- to its method init, if there is one. Instances have :is(Class) and print as their class's name.
local function class(name, parent)
  if type(name) ~= "string" then
    options.raise("class: a name expected, got %s", options.type_name(name))
  elseif parent ~= nil and (type(parent) ~= "table" or not rawget(parent, "class_name")) then
    options.raise("class '%s': a class expected as parent, got %s", name,
                  options.type_name(parent))
  end
  local new = {__tostring = class_name, is = is}
  for key, value in pairs(parent or {}) do
    if type(key) == "string" and key:sub(1, 2) == "__" then
      new[key] = value
    end
  end
  new.__index, new.__name = new, name
  new.class_name, new.parent = name, parent
  return setmetatable(new, {
    __index = parent,
    __call = construct,
    __name = "class",
    __tostring = function() return "class " .. name end,
  })
end

return class

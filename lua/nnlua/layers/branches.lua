-- What the containers share: taking modules in, calling one of them, printing them.

local core = require "nnlua.core"
local hooks = require "nnlua.hooks"
local Module = require "nnlua.module"
local options = require "nnlua.options"

local branches = {}

--- branches.check(container, position, function_name, value) raises, blaming that argument, unless
--- value is a module other than the container.
function branches.check(container, position, function_name, value)
  if not Module.is_module(value) then
    core.arg_error(position, function_name, "module expected, got " .. options.type_name(value))
  elseif value == container then
    core.arg_error(position, function_name, "a container cannot hold itself")
  end
end

--- branches.fill(container, position, ...) appends modules, which are the arguments from `position`
--- on of the container's constructor.
function branches.fill(container, position, ...)
  for i = 1, select("#", ...) do
    local module = select(i, ...)
    branches.check(container, position + i - 1, container.class_name, module)
    container[#container + 1] = module
  end
end

--- branches.call(container, i, x) -> container[i](x); a complaint about x names the place.
function branches.call(container, i, x)
  local module = container[i]
  local problem = not hooks.on(module) and module:check(x) -- a hook may change x first
  if problem then
    options.raise("%s, branch %s (%s): %s", container.class_name, i, tostring(module), problem)
  end
  return (module(x))
end

--- branches.text(container [, settings]) -> several lines: its class, settings, modules.
function branches.text(container, settings)
  local lines = {("%s(%s"):format(container.class_name, settings or "")}
  for i = 1, #container do
    lines[i + 1] = ("  (%d): %s"):format(i, (tostring(container[i]):gsub("\n", "\n  ")))
  end
  return table.concat(lines, "\n") .. "\n)"
end

return branches

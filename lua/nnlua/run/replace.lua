-- Puts a function in the place of one of Lua's own for a while.
--
--   local restore = replace(os, "exit", function(exit)
--     return function(...) ... return exit(...) end
--   end)
--
-- make(before) gives the new function. restore() puts back what was there, unless someone else has
-- put another function into the place meanwhile; ours, which that one may call, must still do no
-- more than `before` then.
return function(owner, name, make)
  local before = rawget(owner, name)
  local new = make(before)
  rawset(owner, name, new)
  return function()
    if rawget(owner, name) == new then rawset(owner, name, before) end
  end
end

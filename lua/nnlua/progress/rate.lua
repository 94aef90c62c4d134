-- How fast a loop is now: a mean over the recent past.
--
--   local rate = Rate(start, now)
--   rate:sample(done, now)
--   rate:per_second()             nil until anything was done
--
-- Steps and seconds are summed with weights that fall by e every WINDOW seconds; their quotient is
-- a plain mean at first, and follows within a minute when the loop gets faster or slower.

local Rate = {}
Rate.__index = Rate

local WINDOW = 20 -- seconds

--- rate:sample(done, now): so many steps were done at that time.
function Rate:sample(done, now)
  local seconds = now - self.now
  if seconds <= 0 then return end
  local keep = math.exp(-seconds / WINDOW)
  self.steps = self.steps * keep + (done - self.done)
  self.seconds = self.seconds * keep + seconds
  self.done, self.now = done, now
end

--- rate:per_second() -> steps per second, or nil if none was done.
function Rate:per_second()
  return self.steps > 0 and self.steps / self.seconds or nil
end

return function(done, now)
  return setmetatable({done = done, now = now, steps = 0, seconds = 0}, Rate)
end

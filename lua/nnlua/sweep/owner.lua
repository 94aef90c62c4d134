-- Who works on a trial: HOST:PID:START, a text that no other worker ever has.
--
-- START, when the system started the process, tells it from a later one with the same number.

local core = require "nnlua.core"

local owner = {}

-- When a process started, in the system's own unit; nil if there is no such process or the system
-- does not tell.
local function start_of(pid)
  local file <close> = io.open(("/proc/%s/stat"):format(pid), "rb")
  local text = file and file:read("a")
  local fields = text and text:match("^.*%) (.*)$") -- the name before it may hold anything
  if not fields then return nil end
  local at = 0
  for field in fields:gmatch("%S+") do
    at = at + 1
    if at == 1 and (field == "Z" or field == "X") then return nil end -- dead, not yet buried
    if at == 20 then return field end
  end
end

--- owner.of(pid) -> the text for a process of this machine; pid nil: this one.
function owner.of(pid)
  pid = pid or core.process()
  return ("%s:%d:%s"):format(core.host().name or "localhost", pid, start_of(pid) or "0")
end

--- owner.is_dead(text) -> whether that process has surely ended: one of this machine that is not
--- there any more.
function owner.is_dead(text)
  local host, pid, start = text:match("^(.*):(%d+):(%d+)$")
  if not host or host ~= (core.host().name or "localhost") or start == "0" then return false end
  if not start_of(core.process()) then return false end -- a system that does not tell
  return start_of(pid) ~= start
end

return owner

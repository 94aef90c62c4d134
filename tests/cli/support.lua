-- support.lua - runs the nnlua executable for the specs: as a command, and on a terminal
--
-- The executable is $NNLUA, else ./nnlua. Specs write their files into a folder of their own.
-- A terminal session is script(1) around the program: keys go in through a pipe, the screen is
-- a file that is read until the expected text stands there. Nothing waits for a fixed time, and
-- no session outlives
-- LONGEST_SESSION or an expectation that failed.

local system = require "system"

local support = {}

local LONGEST_WAIT = 5 -- seconds; only reached when a test fails, or under valgrind
local LONGEST_SESSION = 120

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

support.quote = quote

local function absolute(path)
  if path:sub(1, 1) == "/" then return path end
  local pipe = assert(io.popen("pwd"))
  local folder = pipe:read("l")
  pipe:close()
  return folder .. "/" .. path
end

--- The command that starts nnlua, absolute and quoted for a shell.
support.nnlua = quote(absolute(os.getenv("NNLUA") or "nnlua"))

function support.read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

function support.write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

--- support.folder() -> path of a new folder; support.remove(path) deletes it and what it holds.
function support.folder()
  local pipe = assert(io.popen("mktemp -d"))
  local path = pipe:read("l")
  pipe:close()
  return path
end

function support.remove(path)
  os.execute("rm -rf " .. quote(path))
end

--- support.shell(command, input) -> {status=, stdout=, stderr=}
-- status is the exit status as a shell sees it: 128 + n for death by signal n.
function support.shell(command, input)
  local files = {os.tmpname(), os.tmpname(), os.tmpname()}
  support.write_file(files[1], input or "")
  local _, how, code = os.execute(("{ %s\n} <%s >%s 2>%s"):format(
    command, files[1], files[2], files[3]))
  local result = {
    status = how == "signal" and 128 + code or code,
    stdout = support.read_file(files[2]),
    stderr = support.read_file(files[3]),
  }
  for _, name in ipairs(files) do os.remove(name) end
  return result
end

--- support.run(arguments, input): nnlua with a line of arguments, as a shell would read them.
function support.run(arguments, input)
  return support.shell(support.nnlua .. " " .. arguments, input)
end

local Terminal = {}
Terminal.__index = Terminal

--- support.terminal(command, folder) -> session on an 80x24 terminal
-- HOME and XDG_STATE_HOME lie in `folder`, so that nobody's history is touched.
function support.terminal(command, folder)
  local screen = os.tmpname()
  -- A test run in the background ignores SIGINT, and children inherit that.
  local inner = ("stty cols 80 rows 24; exec env --default-signal=INT TERM=vt100 HOME=%s "
    .. "XDG_STATE_HOME=%s %s"):format(quote(folder), quote(folder .. "/state"), command)
  local outer = "echo $$ >%s.pid; exec timeout %d script -qefc %s /dev/null >%s 2>&1"
  local pipe = assert(io.popen(outer:format(screen, LONGEST_SESSION, quote(inner), screen), "w"))
  return setmetatable({pipe = pipe, screen = screen, seen = 1}, Terminal)
end

-- What the program wrote so far: no escape sequences, plain newlines.
function Terminal:text()
  local text = support.read_file(self.screen)
  return (text:gsub("\27%[[%d;?]*[%a]", ""):gsub("\r", ""))
end

--- session:expect(text) waits until `text` appears behind what was expected before; raises
-- with the screen when it does not. Returns what stood between.
function Terminal:expect(text)
  local start = system.monotime()
  while true do
    local all = self:text()
    local first, last = all:find(text, self.seen, true)
    if first then
      local between = all:sub(self.seen, first - 1)
      self.seen = last + 1
      return between
    end
    if system.monotime() - start > LONGEST_WAIT then
      os.execute("kill " .. support.read_file(self.screen .. ".pid"))
      self:close()
      error(("expected %q on the terminal, which shows:\n%s"):format(text, all:sub(self.seen)), 2)
    end
    system.sleep(0.01)
  end
end

--- session:send(keys) types them; "\3" is Ctrl-C, "\4" Ctrl-D, "\r" Enter.
function Terminal:send(keys)
  self.pipe:write(keys)
  self.pipe:flush()
end

--- session:close() -> exit status, everything that was on the screen
function Terminal:close()
  local _, how, code = self.pipe:close()
  local text = self:text()
  os.remove(self.screen)
  os.remove(self.screen .. ".pid")
  return how == "signal" and 128 + code or code, text
end

return support

-- postgres.lua - a server of PostgreSQL for tests, in a temporary folder and on a socket there
--
--   local server = postgres.start()
--   nn.sweep.storage.open(server.url) ... server:stop(); server:start() ... server:remove()
--
-- The server is a process that is ended by its number; it listens on no port. It refuses to run as
-- root, and then gets the user postgres (Debian's package makes one), or else nobody.

local sleep = require("system").sleep

local postgres = {}

local LONGEST_WAIT = 60 -- seconds; only reached when a test fails

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  pipe:close()
  return (text:gsub("\n$", ""))
end

local function run(command)
  local log = os.tmpname()
  if not os.execute(("%s >%s 2>&1 </dev/null"):format(command, log)) then
    error(command .. ":\n" .. output("cat " .. log), 2)
  end
  os.remove(log)
end

local programs -- the folder of the newest version's
local function program(name)
  programs = programs or output("ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1")
  return programs .. "/" .. name
end

-- What must stand before a command of the server's.
local function as_user()
  if output("id -u") ~= "0" then return "" end
  local user = output("id -u postgres 2>/dev/null || id -u nobody")
  return ("setpriv --reuid=%s --regid=%s --clear-groups "):format(user, output("id -g " .. user))
end

local Server = {}
Server.__index = Server

--- postgres.start() -> server: with the field url, of a superuser whose name is "tester".
function postgres.start()
  local folder = output("mktemp -d /tmp/nnlua-pg-XXXXXX") -- short: the name of a socket is limited
  local user = as_user()
  if user ~= "" then run(("chown %s %s"):format(user:match("reuid=(%d+)"), folder)) end
  local self = setmetatable({folder = folder, user = user}, Server)
  self.url = ("postgresql://tester@/postgres?host=%s"):format(folder)
  run(("%s%s -D %s/data -N -A trust -U tester -E UTF8 --locale=C"):format(
    user, program("initdb"), folder))
  local settings = assert(io.open(folder .. "/data/postgresql.conf", "a"))
  settings:write("listen_addresses = ''\nfsync = off\n",
                 ("unix_socket_directories = '%s'\n"):format(folder))
  settings:close()
  self:start()
  return self
end

--- server:psql(sql) -> what psql prints, columns separated by "|".
function Server:psql(sql)
  local file = self.folder .. "/query.sql"
  local handle = assert(io.open(file, "w"))
  handle:write(sql)
  handle:close()
  return output(("%s -X -q -A -t -v ON_ERROR_STOP=1 -f %s '%s' 2>&1"):format(
    program("psql"), file, self.url))
end

local function wait_until(what, f)
  local waited = 0
  while not f() do
    assert(waited < LONGEST_WAIT, "the server does not " .. what)
    sleep(0.02)
    waited = waited + 0.02
  end
end

--- server:command() -> the command that runs it, as self.user.
function Server:command()
  return ("%s -D %s/data"):format(program("postgres"), self.folder)
end

--- server:adopt(path): it was started by somebody else, who wrote its number to that file.
function Server:adopt(path)
  self.pid = output("cat " .. path)
end

--- server:require_password(role): who comes as that role must give the password.
function Server:require_password(role)
  local path = self.folder .. "/data/pg_hba.conf"
  local file = assert(io.open(path))
  local rules = file:read("a")
  file:close()
  file = assert(io.open(path, "w"))
  file:write(("local all %s scram-sha-256\n"):format(role), rules)
  file:close()
  self:psql("SELECT pg_reload_conf()")
  wait_until("read its settings", function()
    return self:psql("SELECT COUNT(*) FROM pg_hba_file_rules WHERE user_name = '{" .. role .. "}'")
           == "1"
  end)
end

function Server:start()
  self.pid = output(("cd /; %s%s >>%s/log 2>&1 </dev/null & echo $!"):format(
    self.user, self:command(), self.folder))
  wait_until("start", function()
    return os.execute(("%s -q -h %s -d postgres -U tester"):format(program("pg_isready"),
                                                                    self.folder))
  end)
end

--- server:stop() ends it and all connections.
function Server:stop()
  if not self.pid then return end
  os.execute("kill -INT " .. self.pid)
  wait_until("stop", function() return not io.open(self.folder .. "/data/postmaster.pid") end)
  self.pid = nil
end

--- server:remove() ends it at once and deletes all that it has.
function Server:remove()
  if self.pid then os.execute("kill -QUIT " .. self.pid) end
  self.pid = nil
  os.execute("rm -rf " .. self.folder)
end

return postgres

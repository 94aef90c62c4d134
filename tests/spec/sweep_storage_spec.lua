-- Where studies are kept: leases that a thread renews, databases that are away, what is refused.

local core = require "nnlua.core"
local databases = require "tests.databases"
local network = require "nnlua.sweep.storage.network"
local postgres = require "nnlua.postgres"
local sqlite = require "nnlua.sqlite"
local storage = require "nnlua.sweep.storage"

-- Waits until f() is true; fails if it never is.
local function eventually(f)
  local ends = core.clock() + 30
  while not f() do
    assert(core.clock() < ends, "it never came")
    core.sleep(0.01)
  end
end

local one = {} -- by kind: the database of all tests

setup(function()
  for _, kind in ipairs(databases.KINDS) do one[kind] = databases.start(kind) end
end)
teardown(function()
  for _, kind in ipairs(databases.KINDS) do one[kind]:remove() end
end)

for _, kind in ipairs(databases.KINDS) do describe("a study on " .. kind, function()
  local database, store, study, said

  setup(function() database = one[kind] end)
  before_each(function()
    said = {}
    store = database:open {patience = 30, notify = function(text) said[#said + 1] = text end}
    study = store:create_study("s", {}).id
    store:add(study, 1, {internal = {x = 0.5}, params = {x = 0.5}, key = "k"}, 1)
  end)
  after_each(function()
    store:close()
    database:empty()
  end)

  local function claim(owner, lease)
    return store:claim(study, owner, {lease = lease or 60, attempts = 9})
  end

  it("has a thread that renews a lease until the trial is another's", function()
    local row = claim("a", 0.3)
    local heartbeat <close> = store:heartbeat(row, 0.3)
    local ends = core.clock() + 0.6
    eventually(function() return heartbeat:beats() >= 3 and core.clock() > ends end)
    assert.is_nil(claim("b"))
    assert.is_false(heartbeat:lost())
    heartbeat:close()
    heartbeat:close()
    local next_row
    eventually(function()
      next_row = claim("b")
      return next_row
    end)
    assert.equal(2, next_row.attempt)
    local late <close> = store:heartbeat(row, 0.03)
    eventually(function() return late:lost() end)
    assert.equal(0, late:beats())
    assert.is_false(store:report(row, 1, 1.0, {loss = 1.0}, 60))
  end)

  it("ends the thread when the code around it raises, or it is forgotten", function()
    local row = claim("a")
    for _ = 1, 20 do
      assert.has_error(function()
        local heartbeat <close> = store:heartbeat(row, 0.01)
        assert.is_false(heartbeat:lost())
        error("a bug")
      end)
      store:heartbeat(row, 0.01)
      collectgarbage()
    end
  end)

  it("gives the same answer to what is asked twice because the first answer was lost", function()
    local row = claim("a")
    assert.equal(1, claim("a").attempt)
    assert.is_true(store:report(row, 1, 1.0, {loss = 1.0}, 60))
    assert.is_true(store:report(row, 1, 1.0, {loss = 1.0}, 60))
    assert.is_true(store:release(row))
    assert.is_true(store:release(row))
    row = claim("a")
    assert.equal(1, row.attempt)
    assert.is_true(store:finish(row, "complete", 1.0))
    assert.is_true(store:finish(row, "complete", 1.0))
    assert.is_false(store:finish(row, "failed", nil, "no"))
    assert.equal("1|1|1", database:query("SELECT COUNT(*), MAX(finished), MAX(attempt) "
                                           .. "FROM trials"))
    assert.equal("1", database:query("SELECT COUNT(*) FROM reports"))
    assert.equal("1", database:query("SELECT finished FROM studies"))
  end)

  if kind == "PostgreSQL" then
    it("passes over trials that another worker is just claiming", function()
      store:add(study, 2, {internal = {}, params = {}, key = "l"}, 1)
      local other <close> = assert(postgres.open(database.location, {
        settings = {search_path = "nnlua"}}))
      store.db.driver.db:exec("SET statement_timeout = 5000") -- so that waiting fails
      other:transaction(function()
        other:row("SELECT id FROM trials WHERE number = 1 FOR UPDATE")
        assert.equal(2, claim("a").number)
        assert.is_nil(claim("b"))
      end)
      assert.equal(1, claim("b").number)
    end)
  end

  it("keeps messages whatever bytes they have", function()
    local row = claim("a")
    assert.is_true(store:finish(row, "failed", nil, "caf\xe9 \0 ünï 'x' ?"))
    assert.matches("^caf.* ünï 'x' %?$", store:trials(study)[1].message)
  end)

  it("of another format is refused in one line", function()
    database:query(kind == "SQLite" and "PRAGMA user_version = 7"
                   or "UPDATE format SET version = 7")
    local other, message = storage.open(database.location)
    assert.is_nil(other)
    assert.matches("^cannot use the study '.*': it has format 7, this nnlua reads and writes "
                   .. "format 1", message)
    assert.is_nil(message:find("\n"))
  end)

  it("is not made where it should be read only", function()
    database:empty()
    local other, message = storage.open(database.location, {create = false})
    assert.is_nil(other)
    assert.matches(kind == "SQLite" and "cannot open" or "holds no studies", message)
  end)
end) end

describe("a database that is away", function()
  local function notes()
    local said = {}
    return said, function(text) said[#said + 1] = text end
  end

  it("is waited for when a server restarts, also by heartbeats", function()
    local database = one.PostgreSQL
    local said, notify = notes()
    local store <close> = database:open {patience = 30, notify = notify}
    local study = store:create_study("s", {}).id
    store:add(study, 1, {internal = {}, params = {}, key = "k"}, 1)
    local row = store:claim(study, "a", {lease = 60, attempts = 3})
    local heartbeat <close> = store:heartbeat(row, 0.15)
    eventually(function() return heartbeat:beats() > 0 end)
    database.server:stop()
    -- Comes back while the report waits.
    os.execute(("(sleep 2; cd /; exec %s%s) >/dev/null 2>&1 </dev/null & echo $! >%s/starting")
      :format(database.server.user, database.server:command(), database.server.folder))
    assert.is_true(store:report(row, 1, 0.5, {loss = 0.5}, 60))
    database.server:adopt(database.server.folder .. "/starting")
    local beats = heartbeat:beats()
    eventually(function() return heartbeat:beats() > beats end)
    assert.is_true(store:finish(row, "complete", 0.5))
    assert.equal(2, #said)
    assert.matches("^waiting for the study 'postgresql://tester@/postgres': ", said[1])
    assert.matches("^the study 'postgresql://tester@/postgres' is back, after %d+ seconds$",
                   said[2])
    assert.equal("complete|0.5|1", database:query("SELECT state, value, attempt FROM trials"))
    assert.equal("1", database:query("SELECT COUNT(*) FROM reports"))
  end)

  it("is waited for when another process has locked the file, but not for ever", function()
    local database = one.SQLite
    local said, notify = notes()
    local store <close> = database:open {patience = 0.1, notify = notify}
    local other <close> = assert(sqlite.open(database.location))
    other:exec("BEGIN EXCLUSIVE")
    store.db.driver.db:exec("PRAGMA busy_timeout = 20")
    local ok, err = pcall(store.create_study, store, "s", {})
    assert.is_false(ok)
    assert.matches("^it has been away for 0 seconds: .*locked", tostring(err))
    other:exec("ROLLBACK")
    assert.equal("s", store:create_study("s", {}).name)
    assert.equal(0, #said)
  end)
end)

describe("storage.open", function()
  it("names what is wrong with a URL, without the password", function()
    local server = one.PostgreSQL.server
    one.PostgreSQL:empty()
    for _, case in ipairs {
      {"postgresql://u:secret@/no?host=" .. server.folder, 'role "u" does not exist'},
      {"postgresql://tester:secret@/no?host=" .. server.folder, 'database "no" does not exist'},
      {"postgresql://u:secret@/d?host=/nowhere", "No such file"},
      {"postgresql://u:secret@localhost:1/d", "Connection refused"},
      {"postgresql://u:secret@h:99999/d", "invalid port number"},
      {"postgresql://u:sec%zzret@h/d", "invalid percent%-encoded token"},
      {"postgresql://u:secret@h/d?hots=x", "invalid URI query parameter"},
      {"mysql://u:secret@h/d", "a file or a URL postgresql://"},
    } do
      local store, message = storage.open(case[1])
      assert.is_nil(store)
      assert.matches(case[2], message)
      assert.is_nil(message:find("sec", 1, true), message)
      assert.is_nil(message:find("\n"))
      assert.is_nil(storage.describe("postgresql://u:sec%zz@h/d"):find("sec"))
    end
    assert.equal("postgresql://u@h:5/d", storage.describe("postgresql://u:secret@h:5/d"))
    server:psql("CREATE ROLE guest LOGIN PASSWORD 'right'")
    server:psql("ALTER SYSTEM SET log_min_messages = 'panic'")
    server:require_password("guest")
    local store, message = storage.open("postgresql://guest:secret@/postgres?host="
                                        .. server.folder)
    assert.is_nil(store)
    assert.matches('password authentication failed for user "guest"', message)
    store, message = storage.open("postgresql://guest:right@/postgres?host=" .. server.folder)
    assert.is_nil(store)
    assert.matches("permission denied for database postgres", message)
    assert.is_nil(message:find("right", 1, true))
  end)

  it("refuses files that hold something else", function()
    local path = os.tmpname()
    finally(function() os.remove(path) end)
    do
      local db <close> = assert(sqlite.open(path))
      db:exec("CREATE TABLE addresses (name TEXT)")
    end
    local _, message = storage.open(path)
    assert.equal(("cannot use the study '%s': it is a database, but not one of sweeps")
      :format(path), message)
    local file = assert(io.open(path, "w"))
    file:write(("no database at all\n"):rep(100))
    file:close()
    _, message = storage.open(path)
    assert.matches("cannot use the study .*file is not a database", message)
  end)

  it("refuses network file systems", function()
    local number = core.host and io.popen("stat -c '%Hd:%Ld' /tmp"):read("l")
    local function mount(kind, device, at)
      return network.mount_of("/tmp/study.sqlite",
        ("22 1 0:21 / /proc rw,relatime - proc proc rw\n36 35 %s / %s rw shared:1 - %s s:/x rw\n")
          :format(device or number, at or "/tmp", kind))
    end
    for _, kind in ipairs {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "lustre"} do
      assert.same({type = kind, at = "/tmp"}, mount(kind))
    end
    for _, kind in ipairs {"ext4", "tmpfs", "overlay", "btrfs", "fuseblk"} do
      assert.is_nil(mount(kind))
    end
    assert.is_nil(mount("nfs", "77:77"))
    assert.equal("/a b", mount("nfs", nil, "/a\\040b").at)
    local real = network.mount_of
    finally(function() network.mount_of = real end)
    network.mount_of = function() return {type = "nfs4", at = "/home"} end
    local store, message = storage.open("/tmp/nowhere.sqlite")
    assert.is_nil(store)
    assert.matches("lies on a network file system %(nfs4 at /home%), where SQLite .*postgresql://",
                   message)
  end)
end)

describe("nnlua.postgres", function()
  it("brings values back as they went in, and undoes what fails", function()
    local server = one.PostgreSQL.server
    local db <close> = assert(postgres.open(server.url))
    db:exec("CREATE TABLE t (i BIGINT, f DOUBLE PRECISION, s TEXT, b BOOLEAN)")
    local values = {
      {math.maxinteger, 0.1, "it's ?", true}, {math.mininteger, -math.huge, "", false},
      {0, 5e-324, "ünï", nil}, {nil, 1e308, ("x"):rep(100000), true},
    }
    for i = 1, #values do
      db:exec("INSERT INTO t VALUES (?, ?, ?, ?)", values[i][1], values[i][2], values[i][3],
              values[i][4])
    end
    local at = 0
    for row in db:rows("SELECT *, 1::int AS n FROM t WHERE s <> '?' AND ? = 2", 2) do
      at = at + 1
      local i, f, s, b = table.unpack(values[at], 1, 4)
      assert.same({i = i, f = f, s = s, b = b, n = 1}, row)
      assert.equal("float", math.type(row.f))
    end
    assert.equal(4, at)
    assert.equal("9223372036854775807|0.1|it's ?|t", server:psql("SELECT * FROM t LIMIT 1"))
    assert.has_error(function()
      db:transaction(function()
        db:exec("DELETE FROM t")
        error("no")
      end)
    end)
    db:transaction(function()
      local ok, err = pcall(db.transaction, db, db.exec, db, "DELETE FROM nothing")
      assert.is_false(ok)
      assert.equal("42P01", postgres.code(err))
      db:exec("UPDATE t SET i = 1")
    end)
    assert.equal(4, db:row("SELECT COUNT(*) AS n FROM t WHERE i = 1").n)
    assert.equal("22P02", postgres.code(select(2, pcall(db.row, db, "SELECT 'x'::int AS x"))))
    assert.has_error(function() db:exec("SELECT ?", {}) end)
  end)
end)

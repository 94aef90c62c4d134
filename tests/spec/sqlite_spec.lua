-- sqlite_spec.lua - the binding of SQLite; what it wrote is also read by sqlite3's own shell

local core = require "nnlua.core"
local sqlite = require "nnlua.sqlite"

local function shell(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  pipe:close()
  return text
end

describe("nnlua.sqlite", function()
  local path, db

  before_each(function()
    path = os.tmpname()
    db = assert(sqlite.open(path))
    db:exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v, name TEXT UNIQUE)")
  end)

  after_each(function()
    db:close()
    for _, suffix in ipairs {"", "-wal", "-shm", "-journal"} do os.remove(path .. suffix) end
  end)

  local function all(sql, ...)
    local list = {}
    for row in db:rows(sql, ...) do list[#list + 1] = row end
    return list
  end

  -- The error that f(...) raises, and its code.
  local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return tostring(err), sqlite.code(err)
  end

  describe("values", function()
    it("come back as they went in", function()
      local values = {
        0, math.maxinteger, math.mininteger, 0.5, -0.0, 1e308, 2^53, math.huge, -math.huge, "", "a",
        "zero \0 byte", "Robert'); DROP TABLE t; --", '"', "ünï", "\xff\xfe", ("x"):rep(100000),
      }
      for i, value in ipairs(values) do db:exec("INSERT INTO t (id, v) VALUES (?, ?)", i, value) end
      for i, value in ipairs(values) do
        local found = db:row("SELECT v FROM t WHERE id = ?", i).v
        assert.equal(value, found)
        assert.equal(math.type(value), math.type(found))
      end
      assert.equal(#values, db:row("SELECT count(*) AS n FROM t").n)
    end)

    it("may be nil, a boolean, NaN (which SQLite has as NULL) or a blob", function()
      db:exec("INSERT INTO t VALUES (1, ?, NULL), (2, ?, NULL), (3, ?, NULL), (4, ?, NULL)",
              nil, true, 0 / 0, sqlite.blob("\0\1'"))
      local rows = all("SELECT v, typeof(v) AS kind FROM t ORDER BY id")
      assert.same({kind = "null"}, rows[1])
      assert.same({v = 1, kind = "integer"}, rows[2])
      assert.same({kind = "null"}, rows[3])
      assert.same({v = "\0\1'", kind = "blob"}, rows[4])
    end)

    it("are what sqlite3's shell reads", function()
      db:exec("INSERT INTO t VALUES (?, ?, ?)", math.mininteger, 0.1, "it's; -- \"x\"")
      db:close()
      assert.equal("-9223372036854775808|0.1|it's; -- \"x\"\nok\n",
                   shell("sqlite3 " .. path .. " 'SELECT * FROM t; PRAGMA integrity_check'"))
    end)

    it("have names", function()
      db:exec("INSERT INTO t VALUES (:id, @v, $name)", {id = 7, name = "seven"})
      assert.same({id = 7, name = "seven"}, db:row("SELECT * FROM t"))
      assert.match("no parameter 'nmae'", failure(db.exec, db, "DELETE FROM t WHERE name = :name",
                                                   {nmae = "x"}), 1, true)
      assert.match("parameter 1 has no name", failure(db.exec, db, "DELETE FROM t WHERE id = ?",
                                                      {id = 1}), 1, true)
    end)

    it("must be as many as the statement has, of types that SQLite knows", function()
      assert.match("2 parameters expected, got 1",
                   failure(db.exec, db, "INSERT INTO t (id, v) VALUES (?, ?)", 1), 1, true)
      assert.match("parameter 1 is a function",
                   failure(db.exec, db, "INSERT INTO t (v) VALUES (?)", print), 1, true)
      assert.equal(0, db:row("SELECT count(*) AS n FROM t").n)
    end)
  end)

  describe("statements", function()
    it("are used again, and tell how many rows they changed", function()
      local insert <close> = db:prepare("INSERT INTO t (v) VALUES (?)")
      for i = 1, 5 do assert.equal(1, insert:exec(i)) end
      assert.equal(5, db:last_insert_rowid())
      assert.equal(3, db:exec("DELETE FROM t WHERE v > ?", 2))
    end)

    it("give all rows as lists of columns", function()
      db:exec("INSERT INTO t VALUES (1, 0.5, 'a'), (2, NULL, 'b'), (3, 'x', NULL)")
      assert.same({n = 2, id = {2, 3}, v = {[2] = "x"}},
                  db:columns("SELECT id, v FROM t WHERE id > ? ORDER BY id", 1))
      assert.same({n = 0, id = {}}, db:columns("SELECT id FROM t WHERE id > 5"))
    end)

    it("nest, and are reset when a loop ends early", function()
      for i = 1, 4 do db:exec("INSERT INTO t VALUES (?, ?, NULL)", i, i % 2) end
      local of <close> = db:prepare("SELECT id FROM t WHERE v = ? ORDER BY id")
      local seen = {}
      for group in db:rows("SELECT DISTINCT v FROM t ORDER BY v") do
        for row in of:rows(group.v) do
          seen[#seen + 1] = row.id
          assert.match("still giving rows", failure(of.row, of, 1), 1, true)
          if row.id == 2 then break end
        end
        collectgarbage()
      end
      assert.same({2, 1, 3}, seen)
      assert.equal(4, of:row(0).id + of:row(0).id)
    end)

    it("are one at a time, but for exec without parameters", function()
      db:exec("INSERT INTO t (id) VALUES (1); -- and\n INSERT INTO t (id) VALUES (2); /* that */ ")
      assert.equal(2, db:row("SELECT count(*) AS n FROM t; -- all").n)
      assert.match("one statement expected", failure(db.prepare, db, "SELECT 1; SELECT 2"), 1, true)
      assert.match("one statement expected", failure(db.prepare, db, " -- none"), 1, true)
      assert.match("zero byte", failure(db.exec, db, "SELECT 1;\0 DROP TABLE t"), 1, true)
    end)

    it("that are wrong name SQLite's reason and the user's line", function()
      local message, code = failure(function() db:exec("SELEC 1") end)
      assert.match('^[^\n]*sqlite_spec.lua:%d+: exec: near "SELEC": syntax error$', message)
      assert.equal("error", code)
    end)
  end)

  describe("closing", function()
    it("ends statements and loops, in any order, as often as one likes", function()
      db:exec("INSERT INTO t (id) VALUES (1), (2)")
      local statement = db:prepare("SELECT * FROM t")
      local next_row = db:rows("SELECT * FROM t")
      assert.equal(1, next_row().id)
      db:close()
      db:close()
      statement:close()
      assert.match("the database has been closed", failure(db.exec, db, "SELECT 1"), 1, true)
      assert.match("the statement has been closed", failure(statement.row, statement), 1, true)
      assert.match("has been closed", failure(next_row), 1, true)
      statement, next_row = nil, nil -- luacheck: ignore 311
      collectgarbage()
    end)

    it("by the collector frees everything", function()
      for _ = 1, 200 do
        local other = assert(sqlite.open(":memory:"))
        local statement = other:prepare("SELECT 1 AS one")
        assert.equal(1, statement:row().one)
      end
      collectgarbage()
      collectgarbage()
    end)

    it("rolls back what is open", function()
      db:exec("BEGIN; INSERT INTO t (id) VALUES (1)")
      db:close()
      db = assert(sqlite.open(path))
      assert.equal(0, db:row("SELECT count(*) AS n FROM t").n)
    end)
  end)

  describe("opening", function()
    it("gives nil, a message and a code where there is no file", function()
      local none, message, code = sqlite.open("/nonexistent/x.sqlite")
      assert.is_nil(none)
      assert.equal("cannot open '/nonexistent/x.sqlite': unable to open database file", message)
      assert.equal("cantopen", code)
      assert.is_nil((sqlite.open(path .. "-none", {mode = "write"})))
      assert.is_nil(io.open(path .. "-none"))
    end)

    it("takes a name for a name, not for a URI", function()
      local none, message = sqlite.open("file:x?mode=memory/y")
      assert.is_nil(none)
      assert.match("./file:x?mode=memory/y", message, 1, true)
    end)

    it("refuses wrong options", function()
      assert.match("did you mean 'mode'", failure(sqlite.open, path, {mod = "read"}), 1, true)
      assert.match("timeout", failure(sqlite.open, path, {timeout = -1}), 1, true)
      assert.match("zero byte", failure(sqlite.open, "a\0b"), 1, true)
    end)

    it("tells damage and a file that may only be read", function()
      db:close()
      local file = assert(io.open(path, "wb"))
      file:write(("not a database "):rep(100))
      file:close()
      db = assert(sqlite.open(path))
      local message, code = failure(db.row, db, "SELECT * FROM t")
      assert.match("file is not a database", message, 1, true)
      assert.equal("corrupt", code)
    end)

    it("resets a damaged file", function()
      for _, damage in ipairs {("not a database "):rep(1000), ("\0"):rep(5000)} do
        db:close()
        local file = assert(io.open(path, "r+b"))
        file:write(damage)
        file:close()
        db = assert(sqlite.open(path))
        db:reset()
        assert.equal("ok", db:row("PRAGMA integrity_check").integrity_check)
        db:exec("CREATE TABLE u (id INTEGER)")
      end
    end)

    it("for reading alone refuses to write", function()
      local reading <close> = assert(sqlite.open(path, {mode = "read"}))
      local _, code = failure(reading.exec, reading, "INSERT INTO t (id) VALUES (1)")
      assert.equal("readonly", code)
    end)
  end)

  describe("a transaction", function()
    it("is whole, and gives what its function gives", function()
      local a, b, c = db:transaction(function(x)
        db:exec("INSERT INTO t (id) VALUES (1)")
        return x, nil, 3
      end, "x")
      assert.same({"x", nil, 3}, {a, b, c})
      assert.is_false(db:in_transaction())
      assert.equal(1, db:row("SELECT count(*) AS n FROM t").n)
    end)

    it("is undone by an error, which goes on", function()
      local message = failure(db.transaction, db, function()
        db:exec("INSERT INTO t (id) VALUES (1)")
        error("stop", 0)
      end)
      assert.equal("stop", message)
      assert.is_false(db:in_transaction())
      assert.equal(0, db:row("SELECT count(*) AS n FROM t").n)
    end)

    it("within another is undone alone", function()
      db:transaction(function()
        db:exec("INSERT INTO t (id) VALUES (1)")
        pcall(db.transaction, db, function()
          db:exec("INSERT INTO t (id) VALUES (2)")
          error("stop")
        end)
        db:transaction(function() db:exec("INSERT INTO t (id) VALUES (3)") end)
      end)
      assert.same({{id = 1}, {id = 3}}, all("SELECT id FROM t"))
    end)

    it("of another connection is 'busy', a duplicate is 'constraint'", function()
      local other <close> = assert(sqlite.open(path, {timeout = 0.01}))
      db:transaction(function()
        db:exec("INSERT INTO t (id, name) VALUES (1, 'a')")
        local message, code = failure(other.transaction, other, function() end)
        assert.match("database is locked", message, 1, true)
        assert.equal("busy", code)
      end)
      local message, code = failure(other.exec, other, "INSERT INTO t (name) VALUES (?)", "a")
      assert.match("UNIQUE constraint failed: t.name", message, 1, true)
      assert.equal("constraint", code)
      assert.is_nil(sqlite.code("text"))
      assert.equal(1, other:exec("INSERT INTO t (name) VALUES (?)", "b"))
    end)
  end)

  it("survives a full disk, which undoes the transaction", function()
    db:row("PRAGMA max_page_count = 20")
    local _, code = failure(db.transaction, db, function()
      for i = 1, 100 do db:exec("INSERT INTO t VALUES (?, ?, NULL)", i, ("x"):rep(5000)) end
    end)
    assert.equal("full", code)
    assert.is_false(db:in_transaction())
    assert.equal(0, db:row("SELECT count(*) AS n FROM t").n)
    assert.equal(1, db:exec("INSERT INTO t (id) VALUES (1)"))
  end)

  it("is not part of what users see", function()
    assert.is_false(pcall(function() return require("nnlua").sqlite end))
    assert.equal("table", type(core.sqlite))
  end)
end)

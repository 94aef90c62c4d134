/*
** sqlite.c - databases of SQLite: core.sqlite, for this library
**
**   db = sqlite.open(path)              db:exec(sql, ...)     db:row(sql, ...)
**   for row in db:rows(sql, ...) do     lists = db:columns(sql, ...)
**   statement = db:prepare(sql)         statement:exec(...)   and :row(...), :rows(...)
**
** Values go in as bound parameters only: one for each ?, or one table {name = value} for :name.
** integer, float, boolean (as 0 and 1), string (TEXT), blob(string) and nil go in; INTEGER, REAL,
** TEXT, BLOB (a string) and NULL (nil) come out. SQLite has no NaN: it goes in as NULL.
**
** A connection keeps a list of its statements; closing it finalizes them first, so that no
** statement ever has a dangling handle, in whatever order Lua collects them.
**
** What SQLite refuses raises {code=, message=}, whose tostring is the message with the user's line:
** code is "busy", "constraint", "readonly", "full", "corrupt", ... `open` alone returns nil,
** message, code.
*/
#include <sqlite3.h>
#include <string.h>

#include "bind/io.h"

#define DATABASE "nnlua.sqlite.Database"
#define STATEMENT "nnlua.sqlite.Statement"
#define LOOP "nnlua.sqlite.Loop"
#define BLOB "nnlua.sqlite.Blob"
#define ERROR "nnlua.sqlite.Error"

typedef struct statement statement;

typedef struct database {
    sqlite3 *handle;       /* NULL once closed */
    statement *statements; /* all that are not finalized */
} database;

struct statement {
    sqlite3_stmt *handle; /* NULL once finalized */
    database *db;         /* kept alive by the first user value */
    statement *next, *previous;
    bool running; /* an iterator is on its rows */
};

/* ---- errors ---- */

static const char *code_name(int code)
{
    static const struct {
        int code;
        const char *name;
    } names[] = {
        {SQLITE_BUSY, "busy"},
        {SQLITE_LOCKED, "locked"},
        {SQLITE_CONSTRAINT, "constraint"},
        {SQLITE_READONLY, "readonly"},
        {SQLITE_CORRUPT, "corrupt"},
        {SQLITE_NOTADB, "corrupt"},
        {SQLITE_FULL, "full"},
        {SQLITE_CANTOPEN, "cantopen"},
        {SQLITE_IOERR, "ioerr"},
        {SQLITE_NOMEM, "nomem"},
        {SQLITE_PERM, "perm"},
        {SQLITE_AUTH, "perm"},
        {SQLITE_TOOBIG, "toobig"},
        {SQLITE_SCHEMA, "schema"},
        {SQLITE_INTERRUPT, "interrupt"},
        {SQLITE_MISMATCH, "mismatch"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].code == (code & 0xff)) return names[i].name;
    return "error";
}

/* Pushes what the connection says about its last failure. */
static void push_message(lua_State *L, sqlite3 *handle, int code)
{
    bool known = handle != NULL && (code & 0xff) != SQLITE_NOMEM;
    lua_pushstring(L, known ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
}

static int error_tostring(lua_State *L)
{
    lua_getfield(L, 1, "message");
    return 1;
}

/* Raises the failure that the connection's last call gave. */
static int fail(lua_State *L, sqlite3 *handle, int code, const char *function)
{
    lua_createtable(L, 0, 2);
    lua_pushstring(L, code_name(code));
    lua_setfield(L, -2, "code");
    nnb_push_position(L);
    lua_pushfstring(L, "%s: ", function);
    push_message(L, handle, code);
    lua_concat(L, 3);
    lua_setfield(L, -2, "message");
    luaL_setmetatable(L, ERROR);
    return lua_error(L);
}

/* ---- connections ---- */

static void finalize(statement *s)
{
    if (s->handle == NULL) return;
    sqlite3_finalize(s->handle); /* what it returns is the failure of the last step, told already */
    s->handle = NULL;
    s->running = false;
    if (s->previous != NULL)
        s->previous->next = s->next;
    else
        s->db->statements = s->next;
    if (s->next != NULL) s->next->previous = s->previous;
}

static database *check_database(lua_State *L, const char *function)
{
    database *db = luaL_testudata(L, 1, DATABASE);
    if (db == NULL) nnb_type_error(L, 1, function, "database");
    if (db->handle == NULL) nnb_arg_error(L, 1, function, "the database has been closed");
    return db;
}

/* db:close(): rolls back what is not committed; closing again does nothing. Also __gc, __close. */
static int database_close(lua_State *L)
{
    database *db = luaL_checkudata(L, 1, DATABASE);
    while (db->statements != NULL) finalize(db->statements);
    sqlite3_close(db->handle);
    db->handle = NULL;
    return 0;
}

/*
** sqlite.open(path, {mode = "create", timeout = 5}) -> db | nil, message, code
**
** mode: "create" if missing, "write" or "read" a file that is there. timeout: seconds that a
** statement waits for other processes before it fails with "busy". ":memory:" is a database of its
** own. What the file holds is looked at no sooner than by the first statement.
*/
static int sqlite_open(lua_State *L)
{
    static const char *const modes[] = {"create", "write", "read", NULL};
    static const int flags[] = {SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, SQLITE_OPEN_READWRITE,
                                SQLITE_OPEN_READONLY};
    const char *path = nnb_io_path(L, 1, "open");
    nnb_options(L, 2, "open", "mode", "timeout", NULL);
    int mode = nnb_option_word(L, 2, "mode", modes, 0, "open");
    double timeout = nnb_option_number(L, 2, "timeout", 5, "open");
    if (!(timeout >= 0 && timeout <= 1e6))
        nnb_error(L, "bad option 'timeout' to 'open' (%f is outside 0..1000000)", timeout);
    if (path[0] == '\0') nnb_arg_error(L, 1, "open", "the path is empty");
    /* What begins with "file:" would be a URI. */
    if (strncmp(path, "file:", 5) == 0) path = lua_pushfstring(L, "./%s", path);
    database *db = lua_newuserdatauv(L, sizeof *db, 0);
    *db = (database){0};
    luaL_setmetatable(L, DATABASE);
    /* A Lua state has one thread at a time: no mutex. */
    int code = sqlite3_open_v2(path, &db->handle, flags[mode] | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(db->handle, 1);
        sqlite3_busy_timeout(db->handle, (int)(timeout * 1000));
        return 1;
    }
    luaL_pushfail(L);
    push_message(L, db->handle, code);
    lua_pushfstring(L, "cannot open '%s': %s", path, lua_tostring(L, -1));
    lua_remove(L, -2);
    lua_pushstring(L, code_name(code));
    sqlite3_close(db->handle);
    db->handle = NULL;
    return 3;
}

/* ---- statements ---- */

/* The SQL text at index 2. */
static const char *check_sql(lua_State *L, const char *function)
{
    const char *sql = nnb_io_text(L, 2);
    if (lua_type(L, 2) != LUA_TSTRING) nnb_type_error(L, 2, function, "string");
    if (sql == NULL) nnb_arg_error(L, 2, function, "the text has a zero byte; values are bound");
    return sql;
}

/* Pushes the first statement of a text; *rest is what stands behind it. One without anything to do
** (a comment) has no handle. */
static statement *prepare(lua_State *L, database *db, const char *sql, const char **rest,
                          const char *function)
{
    statement *s = lua_newuserdatauv(L, sizeof *s, 1);
    *s = (statement){.db = db};
    luaL_setmetatable(L, STATEMENT);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &s->handle, rest);
    if (s->handle != NULL) {
        s->next = db->statements;
        if (s->next != NULL) s->next->previous = s;
        db->statements = s;
    }
    if (code != SQLITE_OK) fail(L, db->handle, code, function);
    return s;
}

/* The same for text that must hold one statement and no more. */
static statement *prepare_one(lua_State *L, database *db, const char *function)
{
    const char *rest, *sql = check_sql(L, function);
    statement *s = prepare(L, db, sql, &rest, function);
    sqlite3_stmt *more = NULL;
    bool one = s->handle != NULL &&
               sqlite3_prepare_v2(db->handle, rest, -1, &more, NULL) == SQLITE_OK && more == NULL;
    sqlite3_finalize(more);
    if (!one) nnb_arg_error(L, 2, function, "one statement expected");
    return s;
}

static statement *check_statement(lua_State *L, const char *function)
{
    statement *s = luaL_testudata(L, 1, STATEMENT);
    if (s == NULL) nnb_type_error(L, 1, function, "statement");
    if (s->handle == NULL) nnb_arg_error(L, 1, function, "the statement has been closed");
    if (s->running) nnb_arg_error(L, 1, function, "the statement is still giving rows");
    return s;
}

/* statement:close(); closing again does nothing. Also __gc, __close. */
static int statement_close(lua_State *L)
{
    finalize(luaL_checkudata(L, 1, STATEMENT));
    return 0;
}

/* Binds the value at index to parameter `number`, of which messages say `what`. The bytes are
** copied: Lua may collect a string before the statement ends. */
static void bind_value(lua_State *L, statement *s, int number, int index, const char *what,
                       const char *function)
{
    int code;
    size_t size;
    const char *bytes;
    switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL: code = sqlite3_bind_null(s->handle, number); break;
    case LUA_TBOOLEAN: code = sqlite3_bind_int(s->handle, number, lua_toboolean(L, index)); break;
    case LUA_TNUMBER:
        code = lua_isinteger(L, index)
                   ? sqlite3_bind_int64(s->handle, number, lua_tointeger(L, index))
                   : sqlite3_bind_double(s->handle, number, lua_tonumber(L, index));
        break;
    case LUA_TSTRING:
        bytes = lua_tolstring(L, index, &size);
        code = sqlite3_bind_text64(s->handle, number, bytes, size, SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    default:
        if (luaL_testudata(L, index, BLOB) == NULL)
            nnb_error(L, "%s: parameter %s is a %s, expected a number, string, boolean or nil",
                      function, what, luaL_typename(L, index));
        lua_getiuservalue(L, index, 1);
        bytes = lua_tolstring(L, -1, &size);
        code = sqlite3_bind_blob64(s->handle, number, bytes, size, SQLITE_TRANSIENT);
        lua_pop(L, 1);
    }
    if (code != SQLITE_OK) fail(L, s->db->handle, code, function);
}

/* Every parameter from the table at index, which has no other names. */
static void bind_named(lua_State *L, statement *s, int index, const char *function)
{
    int count = sqlite3_bind_parameter_count(s->handle);
    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(s->handle, i);
        if (name == NULL || name[0] == '?')
            nnb_error(L, "%s: parameter %d has no name, but a table of names is given", function,
                      i);
        lua_pushstring(L, name + 1);
        lua_rawget(L, index);
        bind_value(L, s, i, lua_gettop(L), name, function);
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    while (lua_next(L, index)) {
        bool found = false;
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        for (int i = 1; i <= count && key != NULL && !found; i++)
            found = strcmp(sqlite3_bind_parameter_name(s->handle, i) + 1, key) == 0;
        if (!found) nnb_error(L, "%s: no parameter '%s'", function, luaL_tolstring(L, -2, NULL));
        lua_pop(L, 1);
    }
}

/* Binds the arguments from `first` to the statement's parameters, all of them anew. */
static void bind(lua_State *L, statement *s, int first, int last, const char *function)
{
    sqlite3_reset(s->handle);
    sqlite3_clear_bindings(s->handle);
    if (first == last && lua_type(L, first) == LUA_TTABLE) {
        bind_named(L, s, first, function);
        return;
    }
    int given = last < first ? 0 : last - first + 1;
    int wanted = sqlite3_bind_parameter_count(s->handle);
    if (given != wanted)
        nnb_error(L, "%s: %d parameters expected, got %d", function, wanted, given);
    for (int i = 1; i <= wanted; i++) {
        char number[16];
        sqlite3_snprintf(sizeof number, number, "%d", i);
        bind_value(L, s, i, first + i - 1, number, function);
    }
}

static void push_column(lua_State *L, sqlite3_stmt *handle, int column)
{
    switch (sqlite3_column_type(handle, column)) {
    case SQLITE_INTEGER: lua_pushinteger(L, sqlite3_column_int64(handle, column)); break;
    case SQLITE_FLOAT: lua_pushnumber(L, sqlite3_column_double(handle, column)); break;
    case SQLITE_NULL: lua_pushnil(L); break;
    default: { /* the pointer first: it may convert, which changes the size */
        const char *bytes = sqlite3_column_blob(handle, column);
        lua_pushlstring(L, bytes ? bytes : "", (size_t)sqlite3_column_bytes(handle, column));
    }
    }
}

/* Takes the next row. False at the end, or raises; the statement is ready for its next use then. */
static bool step(lua_State *L, statement *s, const char *function)
{
    int code = sqlite3_step(s->handle);
    if (code == SQLITE_ROW) return true;
    s->running = false;
    sqlite3_reset(s->handle); /* lets go of locks; the connection keeps the message */
    if (code != SQLITE_DONE) fail(L, s->db->handle, code, function);
    return false;
}

/* Pushes the row that was taken: {column name = value}. */
static void push_row(lua_State *L, statement *s)
{
    int count = sqlite3_column_count(s->handle);
    lua_createtable(L, 0, count);
    for (int i = 0; i < count; i++) {
        const char *name = sqlite3_column_name(s->handle, i);
        if (name == NULL) luaL_error(L, "not enough memory");
        lua_pushstring(L, name);
        push_column(L, s->handle, i);
        lua_rawset(L, -3);
    }
}

/* The iterator of rows; its upvalue is the statement. */
static int next_row(lua_State *L)
{
    statement *s = lua_touserdata(L, lua_upvalueindex(1));
    if (s->handle == NULL) nnb_error(L, "rows: the database or statement has been closed");
    if (s->running && step(L, s, "rows"))
        push_row(L, s);
    else
        lua_pushnil(L);
    return 1;
}

/* What a loop over rows closes when it ends, however it ends: the statement stays usable. It has no
** __gc: that could come in the middle of the statement's next loop. */
static int reset_statement(lua_State *L)
{
    lua_getiuservalue(L, 1, 1);
    statement *s = lua_touserdata(L, -1);
    if (s != NULL && s->handle != NULL) sqlite3_reset(s->handle);
    if (s != NULL) s->running = false;
    return 0;
}

/* The four values of a generic for over the rows of the statement at `index`, already bound. A
** statement that belongs to the loop alone is closed with it, another only reset. */
static int push_rows(lua_State *L, statement *s, int index, bool owned)
{
    index = lua_absindex(L, index);
    s->running = true;
    lua_pushvalue(L, index);
    lua_pushcclosure(L, next_row, 1);
    lua_pushnil(L);
    lua_pushnil(L);
    if (owned) {
        lua_pushvalue(L, index);
    } else {
        lua_newuserdatauv(L, 0, 1);
        lua_pushvalue(L, index);
        lua_setiuservalue(L, -2, 1);
        luaL_setmetatable(L, LOOP);
    }
    return 4;
}

/* statement:rows(...) -> iterator of rows, for a generic for */
static int statement_rows(lua_State *L)
{
    statement *s = check_statement(L, "rows");
    bind(L, s, 2, lua_gettop(L), "rows");
    return push_rows(L, s, 1, false);
}

/* db:rows(sql, ...) -> iterator of rows, for a generic for */
static int database_rows(lua_State *L)
{
    database *db = check_database(L, "rows");
    int last = lua_gettop(L);
    statement *s = prepare_one(L, db, "rows");
    bind(L, s, 3, last, "rows");
    return push_rows(L, s, -1, true);
}

static int first_row(lua_State *L, statement *s)
{
    if (step(L, s, "row"))
        push_row(L, s);
    else
        lua_pushnil(L);
    return 1;
}

/* statement:row(...) -> the first row | nil */
static int statement_row(lua_State *L)
{
    statement *s = check_statement(L, "row");
    bind(L, s, 2, lua_gettop(L), "row");
    first_row(L, s);
    sqlite3_reset(s->handle);
    return 1;
}

/* db:row(sql, ...) -> the first row | nil */
static int database_row(lua_State *L)
{
    database *db = check_database(L, "row");
    int last = lua_gettop(L);
    statement *s = prepare_one(L, db, "row");
    bind(L, s, 3, last, "row");
    first_row(L, s);
    finalize(s);
    return 1;
}

/* db:columns(sql, ...) -> {n = rows, column name = list}: all rows at once, without a table for
** each. What is NULL is missing in its list. */
static int database_columns(lua_State *L)
{
    database *db = check_database(L, "columns");
    int last = lua_gettop(L);
    statement *s = prepare_one(L, db, "columns");
    bind(L, s, 3, last, "columns");
    int count = sqlite3_column_count(s->handle), first = lua_gettop(L) + 1;
    luaL_checkstack(L, count + 3, "too many columns");
    for (int i = 0; i < count; i++) lua_newtable(L);
    lua_Integer n = 0;
    while (step(L, s, "columns")) {
        n++;
        for (int i = 0; i < count; i++) {
            push_column(L, s->handle, i);
            lua_rawseti(L, first + i, n);
        }
    }
    lua_createtable(L, 0, count + 1);
    for (int i = 0; i < count; i++) {
        const char *name = sqlite3_column_name(s->handle, i);
        if (name == NULL) luaL_error(L, "not enough memory");
        lua_pushvalue(L, first + i);
        lua_setfield(L, -2, name);
    }
    lua_pushinteger(L, n);
    lua_setfield(L, -2, "n");
    finalize(s);
    return 1;
}

/* Runs the bound statement to its end; pushes how many rows it changed. */
static int run(lua_State *L, statement *s)
{
    int64_t before = sqlite3_total_changes64(s->db->handle);
    while (step(L, s, "exec")) {
    }
    lua_pushinteger(L, sqlite3_total_changes64(s->db->handle) - before);
    return 1;
}

/* statement:exec(...) -> rows changed */
static int statement_exec(lua_State *L)
{
    statement *s = check_statement(L, "exec");
    bind(L, s, 2, lua_gettop(L), "exec");
    return run(L, s);
}

/* db:exec(sql, ...) -> rows changed. Without parameters the text may hold several statements. */
static int database_exec(lua_State *L)
{
    database *db = check_database(L, "exec");
    int last = lua_gettop(L);
    if (last > 2) {
        statement *one = prepare_one(L, db, "exec");
        bind(L, one, 3, last, "exec");
        run(L, one);
        finalize(one);
        return 1;
    }
    const char *sql = check_sql(L, "exec");
    int64_t before = sqlite3_total_changes64(db->handle);
    while (*sql != '\0') {
        statement *s = prepare(L, db, sql, &sql, "exec");
        if (s->handle != NULL) {
            bind(L, s, 3, 2, "exec");
            while (step(L, s, "exec")) {
            }
            finalize(s);
        }
        lua_settop(L, last);
    }
    lua_pushinteger(L, sqlite3_total_changes64(db->handle) - before);
    return 1;
}

/* db:prepare(sql) -> statement, of one SQL statement */
static int database_prepare(lua_State *L)
{
    prepare_one(L, check_database(L, "prepare"), "prepare");
    return 1;
}

/* db:in_transaction() -> whether one is open */
static int database_in_transaction(lua_State *L)
{
    lua_pushboolean(L, !sqlite3_get_autocommit(check_database(L, "in_transaction")->handle));
    return 1;
}

/* db:reset(): empties the database, even a damaged one. What other connections have open stays
** consistent, which it would not if the files were removed. */
static int database_reset(lua_State *L)
{
    database *db = check_database(L, "reset");
    /* Reads the schema, which must come first; damaged, it fails. */
    sqlite3_table_column_metadata(db->handle, NULL, "reset", "reset", NULL, NULL, NULL, NULL, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_RESET_DATABASE, 1, NULL);
    int code = sqlite3_exec(db->handle, "VACUUM", NULL, NULL, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_RESET_DATABASE, 0, NULL);
    if (code != SQLITE_OK) fail(L, db->handle, code, "reset");
    return 0;
}

/* db:last_insert_rowid() -> integer */
static int database_last_insert_rowid(lua_State *L)
{
    lua_pushinteger(L, sqlite3_last_insert_rowid(check_database(L, "last_insert_rowid")->handle));
    return 1;
}

/* sqlite.blob(string) -> what a parameter must be to be a BLOB rather than TEXT */
static int sqlite_blob(lua_State *L)
{
    nnb_check_string(L, 1, NULL, "blob");
    lua_newuserdatauv(L, 0, 1);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, BLOB);
    return 1;
}

/* Pushes a new metatable with these metamethods and methods. */
static void new_class(lua_State *L, const char *name, const luaL_Reg *metamethods,
                      const luaL_Reg *methods)
{
    luaL_newmetatable(L, name);
    luaL_setfuncs(L, metamethods, 0);
    if (methods == NULL) return;
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
}

/* Adds the table "sqlite" to the module; sqlite.Database holds the methods, for Lua to add to. */
void nnb_open_sqlite(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"open", sqlite_open},
        {"blob", sqlite_blob},
        {NULL, NULL},
    };
    static const luaL_Reg database_methods[] = {
        {"exec", database_exec},       {"row", database_row},
        {"rows", database_rows},       {"columns", database_columns},
        {"prepare", database_prepare}, {"in_transaction", database_in_transaction},
        {"reset", database_reset},     {"last_insert_rowid", database_last_insert_rowid},
        {"close", database_close},     {NULL, NULL},
    };
    static const luaL_Reg statement_methods[] = {
        {"exec", statement_exec},   {"row", statement_row}, {"rows", statement_rows},
        {"close", statement_close}, {NULL, NULL},
    };
    static const luaL_Reg database_meta[] = {
        {"__gc", database_close},
        {"__close", database_close},
        {NULL, NULL},
    };
    static const luaL_Reg statement_meta[] = {
        {"__gc", statement_close},
        {"__close", statement_close},
        {NULL, NULL},
    };
    static const luaL_Reg loop_meta[] = {{"__close", reset_statement}, {NULL, NULL}};
    static const luaL_Reg error_meta[] = {{"__tostring", error_tostring}, {NULL, NULL}};
    static const luaL_Reg blob_meta[] = {{NULL, NULL}};
    luaL_newlib(L, functions);
    new_class(L, STATEMENT, statement_meta, statement_methods);
    new_class(L, LOOP, loop_meta, NULL);
    new_class(L, BLOB, blob_meta, NULL);
    new_class(L, ERROR, error_meta, NULL);
    lua_pop(L, 4);
    new_class(L, DATABASE, database_meta, database_methods);
    lua_getfield(L, -1, "__index");
    lua_setfield(L, -3, "Database");
    lua_pop(L, 1);
    lua_setfield(L, -2, "sqlite");
}

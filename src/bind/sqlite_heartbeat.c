/*
** sqlite_heartbeat.c - core.sqlite.heartbeat: a statement that a thread repeats
*/
#include <lauxlib.h>
#include <sqlite3.h>

#include "bind/bind.h"
#include "bind/heartbeat.h"

#define POLL 0.005 /* seconds between two looks at a database that is locked */

/* Waits for other writers for as long as the heartbeat lasts. */
static int wait_for_writers(void *heartbeat, int times)
{
    (void)times;
    return nnb_heartbeat_pause(heartbeat, POLL);
}

static int bind(sqlite3_stmt *statement, int number, const nnb_beat_value *value)
{
    switch (value->type) {
    case LUA_TSTRING:
        return sqlite3_bind_text64(statement, number, value->text, value->size, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case LUA_TNUMBER:
        if (!value->is_integer) return sqlite3_bind_double(statement, number, value->number);
        return sqlite3_bind_int64(statement, number, value->integer);
    case LUA_TBOOLEAN: return sqlite3_bind_int64(statement, number, value->integer);
    default: return sqlite3_bind_null(statement, number);
    }
}

/* The rows that the statement changes on this connection, or -1. */
static int64_t change(nnb_heartbeat *h, sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, h->sql, -1, &statement, NULL);
    for (int i = 0; i < h->count && code == SQLITE_OK; i++)
        code = bind(statement, i + 1, &h->values[i]);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? sqlite3_changes64(db) : -1;
}

static void disconnect(void *connection)
{
    sqlite3_close(connection);
}

static int64_t beat(nnb_heartbeat *h, void **connection)
{
    sqlite3 *db = *connection;
    if (db == NULL) {
        int code = sqlite3_open_v2(h->place, &db, SQLITE_OPEN_READWRITE, NULL);
        if (code == SQLITE_OK) sqlite3_busy_handler(db, wait_for_writers, h);
        *connection = db;
        if (code != SQLITE_OK) goto failed;
    }
    int64_t changed = change(h, db);
    if (changed >= 0) return changed;
failed:
    disconnect(*connection);
    *connection = NULL;
    return -1;
}

/* sqlite.heartbeat(path, seconds, sql, ...) -> heartbeat: bind/heartbeat.h */
static int sqlite_heartbeat(lua_State *L)
{
    static const nnb_beat_driver driver = {beat, disconnect};
    return nnb_heartbeat_start(L, &driver);
}

/* Adds the function to the table "sqlite" of the module on top of the stack. */
void nnb_open_sqlite_heartbeat(lua_State *L)
{
    lua_getfield(L, -1, "sqlite");
    lua_pushcfunction(L, sqlite_heartbeat);
    lua_setfield(L, -2, "heartbeat");
    lua_pop(L, 1);
}

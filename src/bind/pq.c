/*
** pq.c - the C module "nnlua.pq": PostgreSQL through libpq, for nnlua.postgres
**
**   c = pq.connect(place, seconds)      c:query(seconds, sql, ...)     c:status()      c:close()
**   pq.parse(place)                     pq.heartbeat(place, seconds, sql, ...)
**
** A module of its own, so that nnlua runs where there is no libpq, and starts without it. It stands
** on Lua and libpq alone.
**
** Nothing waits longer than it is told to: connections are made and statements run without
** blocking, poll() waits. A statement has one text and parameters $1, $2, ... (integer: int8,
** float: float8, boolean: bool, string: text, nil: NULL); values travel in binary, so that they are
** exact. int2, int4, int8, oid, float4, float8, bool, text and its like come back; NULL is missing.
**
** What the server or the network refuses comes back as nil, message, code: code is an SQLSTATE,
** 08006 where the connection is gone.
*/
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <lauxlib.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bind/heartbeat.h"

#define CONNECTION "nnlua.pq.Connection"
#define RESULT "nnlua.pq.Result"
#define GONE "08006"       /* SQLSTATE: connection_failure */
#define PATIENCE 10        /* seconds that a heartbeat waits for the server */
#define MOST_VALUES 0xffff /* of the protocol */

/* Types of PostgreSQL by their numbers (pg_type.dat), which never change. */
enum {
    TYPE_BOOL = 16,
    TYPE_CHAR = 18,
    TYPE_NAME = 19,
    TYPE_INT8 = 20,
    TYPE_INT2 = 21,
    TYPE_INT4 = 23,
    TYPE_TEXT = 25,
    TYPE_OID = 26,
    TYPE_JSON = 114,
    TYPE_FLOAT4 = 700,
    TYPE_FLOAT8 = 701,
    TYPE_UNKNOWN = 705,
    TYPE_BPCHAR = 1042,
    TYPE_VARCHAR = 1043
};

typedef struct connection {
    PGconn *handle; /* NULL once closed */
} connection;

typedef struct result {
    PGresult *handle;
} result;

/* ---- waiting ---- */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Waits until the connection's socket is ready for `events`. False if the time is over before, or
** `wake` (-1: none) says so. */
static bool ready(PGconn *c, short events, int wake, double deadline)
{
    while (true) {
        struct pollfd files[2] = {{.fd = PQsocket(c), .events = events},
                                  {.fd = wake, .events = POLLIN}};
        double left = deadline - now();
        if (left <= 0 || files[0].fd < 0) return false;
        int count = poll(files, 2, (int)(left * 1000) + 1);
        if (count < 0 && errno != EINTR) return false;
        if (files[1].revents != 0 && count > 0) return false;
        if (files[0].revents != 0 && count > 0) return true;
    }
}

static void ignore_notice(void *arg, const PGresult *notice)
{
    (void)arg, (void)notice;
}

/* A connection that may have failed; NULL: no memory. */
static PGconn *start(const char *place, int wake, double seconds)
{
    const char *const keywords[] = {"dbname", "fallback_application_name", "client_encoding", NULL};
    const char *const values[] = {place, "nnlua", "UTF8", NULL};
    double deadline = now() + seconds;
    PGconn *c = PQconnectStartParams(keywords, values, 1);
    if (c == NULL) return NULL;
    PQsetNoticeReceiver(c, ignore_notice, NULL);
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (PQstatus(c) != CONNECTION_BAD && status != PGRES_POLLING_OK &&
           status != PGRES_POLLING_FAILED) {
        if (!ready(c, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, wake, deadline)) break;
        status = PQconnectPoll(c);
    }
    return c;
}

/* The answer to the statement that was sent; NULL if none came in time, or not a whole one. */
static PGresult *answer(PGconn *c, int wake, double seconds)
{
    double deadline = now() + seconds;
    PGresult *last = NULL;
    while (true) {
        while (PQisBusy(c)) {
            if (!ready(c, POLLIN, wake, deadline)) {
                PQclear(last);
                return NULL;
            }
            if (!PQconsumeInput(c)) break; /* PQgetResult tells why */
        }
        PGresult *next = PQgetResult(c);
        if (next == NULL) return last;
        PQclear(last);
        last = next;
        ExecStatusType status = PQresultStatus(last);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
            return last; /* nothing more comes until data has gone through */
    }
}

/* ---- parameters ---- */

/* What PQsendQueryParams takes. */
typedef struct parameters {
    int count;
    Oid *types;
    const char **values;
    int *lengths, *formats;
    char (*bytes)[8]; /* of numbers, in the order of the network */
} parameters;

static size_t parameters_size(int count)
{
    return (size_t)count * (sizeof(char *) + 8 + sizeof(Oid) + 2 * sizeof(int));
}

/* Lays the arrays out in memory of parameters_size(count) bytes. */
static parameters parameters_in(void *memory, int count)
{
    size_t n = (size_t)count;
    parameters p = {.count = count, .values = memory};
    p.bytes = (char(*)[8])(p.values + n);
    p.types = (Oid *)(p.bytes + n);
    p.lengths = (int *)(p.types + n);
    p.formats = p.lengths + n;
    return p;
}

static void set_bits(parameters *p, int i, Oid type, uint64_t bits)
{
    for (int byte = 7; byte >= 0; byte--, bits >>= 8) p->bytes[i][byte] = (char)(bits & 0xff);
    p->types[i] = type, p->values[i] = p->bytes[i], p->lengths[i] = 8, p->formats[i] = 1;
}

static void set_integer(parameters *p, int i, int64_t value)
{
    set_bits(p, i, TYPE_INT8, (uint64_t)value);
}

static void set_number(parameters *p, int i, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    set_bits(p, i, TYPE_FLOAT8, bits);
}

static void set_boolean(parameters *p, int i, bool value)
{
    p->bytes[i][0] = value;
    p->types[i] = TYPE_BOOL, p->values[i] = p->bytes[i], p->lengths[i] = 1, p->formats[i] = 1;
}

static void set_text(parameters *p, int i, const char *text, size_t size)
{
    p->types[i] = TYPE_TEXT, p->values[i] = text, p->lengths[i] = (int)size, p->formats[i] = 1;
}

static void set_null(parameters *p, int i)
{
    p->types[i] = 0, p->values[i] = NULL, p->lengths[i] = 0, p->formats[i] = 1;
}

/* Sets parameter i from the stack; raises if it cannot be one. */
static void set_from_stack(lua_State *L, int index, parameters *p, int i)
{
    size_t size;
    switch (lua_type(L, index)) {
    case LUA_TNIL: set_null(p, i); break;
    case LUA_TBOOLEAN: set_boolean(p, i, lua_toboolean(L, index)); break;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            set_integer(p, i, lua_tointeger(L, index));
        else
            set_number(p, i, lua_tonumber(L, index));
        break;
    case LUA_TSTRING: {
        const char *text = lua_tolstring(L, index, &size);
        if (size > 0x3fffffff) luaL_error(L, "query: parameter %d has %I bytes", i + 1, size);
        set_text(p, i, text, size);
        break;
    }
    default:
        luaL_error(L, "query: parameter %d is a %s, expected a number, string, boolean or nil",
                   i + 1, luaL_typename(L, index));
    }
}

static bool send(PGconn *c, const char *sql, const parameters *p)
{
    return PQsendQueryParams(c, sql, p->count, p->types, p->values, p->lengths, p->formats, 1);
}

/* ---- results ---- */

static int result_release(lua_State *L)
{
    result *r = luaL_checkudata(L, 1, RESULT);
    PQclear(r->handle);
    r->handle = NULL;
    return 0;
}

/* Pushes an owner of a result, which releases it when the running C function ends. */
static result *new_result(lua_State *L)
{
    result *r = lua_newuserdatauv(L, sizeof *r, 0);
    r->handle = NULL;
    luaL_setmetatable(L, RESULT);
    lua_toclose(L, -1);
    return r;
}

/* Pushes a message of libpq's without the end of its line. */
static void push_message(lua_State *L, const char *message)
{
    size_t size = strlen(message);
    while (size > 0 && (message[size - 1] == '\n' || message[size - 1] == ' ')) size--;
    lua_pushlstring(L, message, size);
}

static int refuse(lua_State *L, const char *message, const char *code)
{
    luaL_pushfail(L);
    push_message(L, message);
    lua_pushstring(L, code);
    return 3;
}

static uint64_t bits_of(const char *bytes, int size)
{
    uint64_t bits = 0;
    for (int i = 0; i < size; i++) bits = bits << 8 | (unsigned char)bytes[i];
    return bits;
}

/* Pushes a value that is not NULL. False if its type is none of those above. */
static bool push_value(lua_State *L, const PGresult *r, int row, int column)
{
    const char *bytes = PQgetvalue(r, row, column);
    int size = PQgetlength(r, row, column);
    uint64_t bits;
    switch (PQftype(r, column)) {
    case TYPE_BOOL: lua_pushboolean(L, bytes[0]); return true;
    case TYPE_INT2: lua_pushinteger(L, (int16_t)bits_of(bytes, 2)); return true;
    case TYPE_INT4: lua_pushinteger(L, (int32_t)bits_of(bytes, 4)); return true;
    case TYPE_INT8: lua_pushinteger(L, (int64_t)bits_of(bytes, 8)); return true;
    case TYPE_OID: lua_pushinteger(L, (lua_Integer)bits_of(bytes, 4)); return true;
    case TYPE_FLOAT4: {
        uint32_t half = (uint32_t)bits_of(bytes, 4);
        float value;
        memcpy(&value, &half, sizeof value);
        lua_pushnumber(L, (lua_Number)value);
        return true;
    }
    case TYPE_FLOAT8: {
        double value;
        bits = bits_of(bytes, 8);
        memcpy(&value, &bits, sizeof value);
        lua_pushnumber(L, value);
        return true;
    }
    case TYPE_CHAR:
    case TYPE_NAME:
    case TYPE_TEXT:
    case TYPE_JSON:
    case TYPE_UNKNOWN:
    case TYPE_BPCHAR:
    case TYPE_VARCHAR: lua_pushlstring(L, bytes, (size_t)size); return true;
    default: return false;
    }
}

/* Pushes the list of rows, {column name = value}. */
static void push_rows(lua_State *L, const PGresult *r)
{
    int rows = PQntuples(r), columns = PQnfields(r);
    lua_createtable(L, rows, 0);
    for (int row = 0; row < rows; row++) {
        lua_createtable(L, 0, columns);
        for (int column = 0; column < columns; column++) {
            if (PQgetisnull(r, row, column)) continue;
            lua_pushstring(L, PQfname(r, column));
            if (!push_value(L, r, row, column))
                luaL_error(L, "query: column '%s' has a type (%I) that is not read: cast it",
                           PQfname(r, column), (lua_Integer)PQftype(r, column));
            lua_rawset(L, -3);
        }
        lua_rawseti(L, -2, row + 1);
    }
}

static lua_Integer rows_changed(PGresult *r)
{
    return strtoll(PQcmdTuples(r), NULL, 10);
}

static bool succeeded(const PGresult *r)
{
    ExecStatusType status = PQresultStatus(r);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

/* ---- connections ---- */

static connection *check_connection(lua_State *L)
{
    connection *c = luaL_checkudata(L, 1, CONNECTION);
    luaL_argcheck(L, c->handle != NULL, 1, "the connection has been closed");
    return c;
}

static int connection_close(lua_State *L)
{
    connection *c = luaL_checkudata(L, 1, CONNECTION);
    PQfinish(c->handle);
    c->handle = NULL;
    return 0;
}

/* pq.connect(place, seconds) -> connection | nil, message, code. place: a URL, or keywords with
** values, as libpq has them. */
static int pq_connect(lua_State *L)
{
    const char *place = luaL_checkstring(L, 1);
    double seconds = luaL_checknumber(L, 2);
    connection *c = lua_newuserdatauv(L, sizeof *c, 0);
    c->handle = NULL;
    luaL_setmetatable(L, CONNECTION);
    c->handle = start(place, -1, seconds);
    if (c->handle == NULL) return luaL_error(L, "not enough memory");
    if (PQstatus(c->handle) == CONNECTION_OK) return 1;
    const char *message = PQerrorMessage(c->handle);
    int count = refuse(L, message[0] ? message : "the server does not answer", GONE);
    PQfinish(c->handle);
    c->handle = NULL;
    return count;
}

/* connection:query(seconds, sql, ...) -> list of rows, rows changed | nil, message, code. No answer
** within that time ends the connection: what came of the statement is not known then. */
static int connection_query(lua_State *L)
{
    enum { SECONDS = 2, SQL, FIRST };
    connection *c = check_connection(L);
    double seconds = luaL_checknumber(L, SECONDS);
    const char *sql = luaL_checkstring(L, SQL);
    int count = lua_gettop(L) - FIRST + 1;
    luaL_argcheck(L, count <= MOST_VALUES, SQL, "too many parameters");
    parameters p = parameters_in(lua_newuserdatauv(L, parameters_size(count), 0), count);
    for (int i = 0; i < count; i++) set_from_stack(L, FIRST + i, &p, i);
    result *r = new_result(L);
    if (!send(c->handle, sql, &p)) return refuse(L, PQerrorMessage(c->handle), GONE);
    r->handle = answer(c->handle, -1, seconds);
    if (r->handle == NULL) {
        const char *message = PQerrorMessage(c->handle);
        int values = refuse(L, message[0] ? message : "the server does not answer", GONE);
        PQfinish(c->handle);
        c->handle = NULL;
        return values;
    }
    if (!succeeded(r->handle)) {
        const char *code = PQresultErrorField(r->handle, PG_DIAG_SQLSTATE);
        const char *primary = PQresultErrorField(r->handle, PG_DIAG_MESSAGE_PRIMARY);
        return refuse(L, primary ? primary : PQresultErrorMessage(r->handle), code ? code : GONE);
    }
    push_rows(L, r->handle);
    lua_pushinteger(L, rows_changed(r->handle));
    return 2;
}

/* connection:status() -> "idle", "transaction", "failed" (a transaction that can only be rolled
** back) or "broken" (also of a closed one) */
static int connection_status(lua_State *L)
{
    connection *c = luaL_checkudata(L, 1, CONNECTION);
    const char *status = "broken";
    if (c->handle != NULL && PQstatus(c->handle) == CONNECTION_OK) {
        switch (PQtransactionStatus(c->handle)) {
        case PQTRANS_IDLE: status = "idle"; break;
        case PQTRANS_INTRANS: status = "transaction"; break;
        case PQTRANS_INERROR: status = "failed"; break;
        default: break;
        }
    }
    lua_pushstring(L, status);
    return 1;
}

/* ---- what needs no connection ---- */

static int options_release(lua_State *L)
{
    PQconninfoOption **options = lua_touserdata(L, 1);
    PQconninfoFree(*options);
    *options = NULL;
    return 0;
}

/* pq.parse(place) -> {keyword = value} of what it says | nil, message */
static int pq_parse(lua_State *L)
{
    const char *place = luaL_checkstring(L, 1);
    char *message = NULL;
    PQconninfoOption **options = lua_newuserdatauv(L, sizeof(PQconninfoOption *), 0);
    *options = NULL;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, options_release);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_newtable(L);
    *options = PQconninfoParse(place, &message);
    if (*options == NULL) {
        char text[512]; /* so that nothing is owned when Lua may raise */
        text[0] = '\0';
        if (message != NULL) strncat(text, message, sizeof text - 1);
        PQfreemem(message);
        return refuse(L, text, "08001");
    }
    for (PQconninfoOption *option = *options; option->keyword != NULL; option++) {
        if (option->val == NULL) continue;
        lua_pushstring(L, option->val);
        lua_setfield(L, -2, option->keyword);
    }
    return 1;
}

static void disconnect(void *c)
{
    PQfinish(c);
}

/* The statement of a heartbeat: its rows, or -1. */
static int64_t change(nnb_heartbeat *h, PGconn *c)
{
    void *memory = malloc(parameters_size(h->count) + 1);
    if (memory == NULL) return -1;
    parameters p = parameters_in(memory, h->count);
    for (int i = 0; i < h->count; i++) {
        const nnb_beat_value *value = &h->values[i];
        switch (value->type) {
        case LUA_TSTRING: set_text(&p, i, value->text, value->size); break;
        case LUA_TBOOLEAN: set_boolean(&p, i, value->integer != 0); break;
        case LUA_TNUMBER:
            if (value->is_integer)
                set_integer(&p, i, value->integer);
            else
                set_number(&p, i, value->number);
            break;
        default: set_null(&p, i);
        }
    }
    PGresult *r = send(c, h->sql, &p) ? answer(c, h->wake[0], PATIENCE) : NULL;
    int64_t changed = succeeded(r) ? rows_changed(r) : -1;
    PQclear(r);
    free(memory);
    return changed;
}

static int64_t beat(nnb_heartbeat *h, void **c)
{
    if (*c == NULL) *c = start(h->place, h->wake[0], PATIENCE);
    int64_t changed = *c != NULL && PQstatus(*c) == CONNECTION_OK ? change(h, *c) : -1;
    if (changed < 0) {
        disconnect(*c);
        *c = NULL;
    }
    return changed;
}

/* pq.heartbeat(place, seconds, sql, ...) -> heartbeat: bind/heartbeat.h */
static int pq_heartbeat(lua_State *L)
{
    static const nnb_beat_driver driver = {beat, disconnect};
    return nnb_heartbeat_start(L, &driver);
}

int luaopen_nnlua_pq(lua_State *L);

int luaopen_nnlua_pq(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"connect", pq_connect}, {"parse", pq_parse}, {"heartbeat", pq_heartbeat}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"query", connection_query},
                                       {"status", connection_status},
                                       {"close", connection_close},
                                       {NULL, NULL}};
    static const luaL_Reg connection_ends[] = {
        {"__gc", connection_close}, {"__close", connection_close}, {NULL, NULL}};
    static const luaL_Reg result_ends[] = {
        {"__gc", result_release}, {"__close", result_release}, {NULL, NULL}};
    luaL_checkversion(L);
    luaL_newmetatable(L, CONNECTION);
    luaL_setfuncs(L, connection_ends, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    luaL_newmetatable(L, RESULT);
    luaL_setfuncs(L, result_ends, 0);
    lua_pop(L, 2);
    luaL_newlib(L, functions);
    return 1;
}

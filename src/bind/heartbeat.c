/*
** heartbeat.c - a thread that repeats one SQL statement
**
** The thread owns its connection. The userdata owns the thread and, through its user value, the
** strings that the thread reads; it is never freed before the thread has been joined.
*/
#define _POSIX_C_SOURCE 200809L

#include "bind/heartbeat.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define HEARTBEAT "nnlua.Heartbeat"
#define RETRY 0.2 /* of the seconds between two beats: how soon one that failed is repeated */

bool nnb_heartbeat_pause(nnb_heartbeat *h, double seconds)
{
    struct pollfd wake = {.fd = h->wake[0], .events = POLLIN};
    int ready = poll(&wake, 1, (int)(seconds * 1000) + 1);
    return ready == 0 || (ready < 0 && errno == EINTR);
}

static void *run(void *argument)
{
    nnb_heartbeat *h = argument;
    void *connection = NULL;
    double pause = h->seconds;
    while (nnb_heartbeat_pause(h, pause)) {
        int64_t changed = h->driver->beat(h, &connection);
        if (changed == 0) {
            atomic_store(&h->lost, true);
            break;
        }
        if (changed > 0) atomic_fetch_add(&h->beats, 1);
        pause = changed > 0 ? h->seconds : h->seconds * RETRY;
    }
    h->driver->disconnect(connection);
    return NULL;
}

static int heartbeat_close(lua_State *L)
{
    nnb_heartbeat *h = luaL_checkudata(L, 1, HEARTBEAT);
    if (h->wake[1] >= 0) close(h->wake[1]);
    h->wake[1] = -1;
    if (h->started) pthread_join(h->thread, NULL);
    h->started = false;
    if (h->wake[0] >= 0) close(h->wake[0]);
    h->wake[0] = -1;
    return 0;
}

static int heartbeat_lost(lua_State *L)
{
    nnb_heartbeat *h = luaL_checkudata(L, 1, HEARTBEAT);
    lua_pushboolean(L, atomic_load(&h->lost));
    return 1;
}

static int heartbeat_beats(lua_State *L)
{
    nnb_heartbeat *h = luaL_checkudata(L, 1, HEARTBEAT);
    lua_pushinteger(L, (lua_Integer)atomic_load(&h->beats));
    return 1;
}

static void read_value(lua_State *L, int index, nnb_beat_value *value)
{
    value->type = lua_type(L, index);
    switch (value->type) {
    case LUA_TNIL: break;
    case LUA_TBOOLEAN: value->integer = lua_toboolean(L, index); break;
    case LUA_TNUMBER:
        value->is_integer = lua_isinteger(L, index);
        value->integer = lua_tointeger(L, index);
        value->number = lua_tonumber(L, index);
        break;
    case LUA_TSTRING: value->text = lua_tolstring(L, index, &value->size); break;
    default: luaL_argerror(L, index, "a number, string, boolean or nil expected");
    }
}

/* Opens the pipe, neither end of which processes that are started later get. */
static bool open_wake(nnb_heartbeat *h)
{
    if (pipe(h->wake) != 0) {
        h->wake[0] = h->wake[1] = -1;
        return false;
    }
    return fcntl(h->wake[0], F_SETFD, FD_CLOEXEC) == 0 &&
           fcntl(h->wake[1], F_SETFD, FD_CLOEXEC) == 0;
}

/* Pushes the class of heartbeats. */
static void push_class(lua_State *L)
{
    static const luaL_Reg methods[] = {{"lost", heartbeat_lost},
                                       {"beats", heartbeat_beats},
                                       {"close", heartbeat_close},
                                       {NULL, NULL}};
    static const luaL_Reg ends[] = {
        {"__gc", heartbeat_close}, {"__close", heartbeat_close}, {NULL, NULL}};
    if (!luaL_newmetatable(L, HEARTBEAT)) return;
    luaL_setfuncs(L, ends, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
}

int nnb_heartbeat_start(lua_State *L, const nnb_beat_driver *driver)
{
    enum { PLACE = 1, SECONDS, SQL, FIRST };
    const char *place = luaL_checkstring(L, PLACE), *sql = luaL_checkstring(L, SQL);
    double seconds = luaL_checknumber(L, SECONDS);
    luaL_argcheck(L, seconds > 0 && seconds <= 1e6, SECONDS, "seconds in 0..1000000 expected");
    int last = lua_gettop(L), count = last - FIRST + 1;
    size_t size = sizeof(nnb_heartbeat) + (size_t)count * sizeof(nnb_beat_value);
    nnb_heartbeat *h = lua_newuserdatauv(L, size, 1);
    memset(h, 0, size);
    h->place = place, h->sql = sql, h->seconds = seconds, h->driver = driver;
    h->wake[0] = h->wake[1] = -1;
    h->count = count;
    atomic_init(&h->lost, false);
    atomic_init(&h->beats, 0);
    push_class(L);
    lua_setmetatable(L, -2);
    lua_createtable(L, last, 0);
    for (int i = 1; i <= last; i++) {
        if (i >= FIRST) read_value(L, i, &h->values[i - FIRST]);
        lua_pushvalue(L, i);
        lua_rawseti(L, -2, i);
    }
    lua_setiuservalue(L, -2, 1);

    sigset_t all, before;
    sigfillset(&all);
    int code = open_wake(h) ? 0 : errno;
    if (code == 0) {
        pthread_sigmask(SIG_SETMASK, &all, &before);
        code = pthread_create(&h->thread, NULL, run, h);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        h->started = code == 0;
    }
    if (code != 0) return luaL_error(L, "cannot start a thread: %s", strerror(code));
    return 1;
}

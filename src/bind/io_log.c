/*
** io_log.c - what a run needs of the file system: growing files, locks, folders of its own
*/
#define _POSIX_C_SOURCE 200809L

#include <unistd.h>

#include "bind/io.h"
#include "io/append.h"
#include "io/crc32c.h"
#include "io/file.h"
#include "io/lock.h"

#define APPENDER "nnlua.Appender"
#define LOCK "nnlua.Lock"

/* An open file of either kind; -1 once it is closed. The path is the user value. */
typedef struct open_file {
    int fd;
} open_file;

static open_file *new_file(lua_State *L, int path, const char *kind)
{
    open_file *file = lua_newuserdatauv(L, sizeof *file, 1);
    file->fd = -1;
    luaL_setmetatable(L, kind);
    lua_pushvalue(L, path);
    lua_setiuservalue(L, -2, 1);
    return file;
}

/* close(), __gc and __close of both kinds; again is harmless */
static int file_close(lua_State *L)
{
    open_file *file = lua_touserdata(L, 1);
    if (file->fd >= 0) close(file->fd);
    file->fd = -1;
    return 0;
}

static int appender_close(lua_State *L)
{
    luaL_checkudata(L, 1, APPENDER);
    return file_close(L);
}

static int lock_close(lua_State *L)
{
    luaL_checkudata(L, 1, LOCK);
    return file_close(L);
}

/* append_file(path) -> file | nil, message: io/append.h */
static int io_append_file(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "append_file");
    nn_error err;
    open_file *file = new_file(L, 1, APPENDER);
    if (nn_append_open(&file->fd, path, &err) != NN_OK) return nnb_io_fail(L, &err, "append_file");
    return 1;
}

/* file:write(bytes) -> true | nil, message */
static int appender_write(lua_State *L)
{
    open_file *file = luaL_checkudata(L, 1, APPENDER);
    size_t size;
    const char *bytes = luaL_checklstring(L, 2, &size);
    nn_error err;
    if (file->fd < 0) return nnb_error(L, "write: the file is closed");
    lua_getiuservalue(L, 1, 1);
    nn_status status = nn_append_write(file->fd, lua_tostring(L, -1), bytes, size, &err);
    return nnb_io_finish(L, status, &err, "write");
}

/* lock_file(path) -> lock | nil, message: io/lock.h. Held until lock:close(). */
static int io_lock_file(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "lock_file");
    nn_error err;
    open_file *file = new_file(L, 1, LOCK);
    if (nn_lock_take(&file->fd, path, &err) != NN_OK) return nnb_io_fail(L, &err, "lock_file");
    return 1;
}

/* is_locked(path) -> whether a process holds the lock of the file */
static int io_is_locked(lua_State *L)
{
    lua_pushboolean(L, nn_lock_is_held(nnb_io_path(L, 1, "is_locked")));
    return 1;
}

/* mkdir_new(path) -> true, or false if it exists | nil, message. The parent must be there. */
static int io_mkdir_new(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "mkdir_new");
    nn_error err;
    bool made;
    if (nn_directory_make_new(path, &made, &err) != NN_OK) return nnb_io_fail(L, &err, "mkdir_new");
    lua_pushboolean(L, made);
    return 1;
}

/* crc32c(bytes) -> integer */
static int io_crc32c(lua_State *L)
{
    size_t size;
    const char *bytes = nnb_check_string(L, 1, &size, "crc32c");
    lua_pushinteger(L, nn_crc32c(bytes, size));
    return 1;
}

static void new_kind(lua_State *L, const char *kind, const luaL_Reg *methods, lua_CFunction close)
{
    luaL_newmetatable(L, kind);
    lua_pushcfunction(L, file_close);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, close);
    lua_setfield(L, -2, "__close");
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

void nnb_open_io_log(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"append_file", io_append_file}, {"lock_file", io_lock_file}, {"is_locked", io_is_locked},
        {"mkdir_new", io_mkdir_new},     {"crc32c", io_crc32c},       {NULL, NULL},
    };
    static const luaL_Reg appender[] = {
        {"write", appender_write}, {"close", appender_close}, {NULL, NULL}};
    static const luaL_Reg lock[] = {{"close", lock_close}, {NULL, NULL}};
    new_kind(L, APPENDER, appender, appender_close);
    new_kind(L, LOCK, lock, lock_close);
    luaL_setfuncs(L, functions, 0);
}

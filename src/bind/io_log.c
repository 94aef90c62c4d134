/*
** io_log.c - what a run needs of the file system: growing files, locks, folders of its own
*/
#define _POSIX_C_SOURCE 200809L

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
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

/* Four or eight bytes, the lowest first. */
static void put_number(char *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) to[i] = (char)(value >> 8 * i & 0xff);
}

/* A checksum that stands beside its data: masked, so that one of data with CRCs in them is as
** good. */
static void put_checksum(char *to, const char *bytes, size_t size)
{
    uint32_t crc = nn_crc32c(bytes, size);
    put_number(to, (crc >> 15 | crc << 17) + 0xa282ead8u, 4);
}

/*
** tfrecord(bytes) -> the record of a TFRecord file that holds them:
**
**   uint64 size | uint32 masked CRC-32C of these 8 bytes | bytes | uint32 masked CRC-32C of them
*/
static int io_tfrecord(lua_State *L)
{
    size_t size;
    const char *bytes = nnb_check_string(L, 1, &size, "tfrecord");
    luaL_Buffer b;
    char *record = luaL_buffinitsize(L, &b, size + 16);
    put_number(record, size, 8);
    put_checksum(record + 8, record, 8);
    memcpy(record + 12, bytes, size);
    put_checksum(record + 12 + size, bytes, size);
    luaL_pushresultsize(&b, size + 16);
    return 1;
}

/* Writes value as a varint: 7 bits a byte, the lowest first, the top bit says that more follow.
** Gives where it ends; only counts the bytes if to is NULL. */
static char *put_varint(char *to, uint64_t value, size_t *size)
{
    for (*size = 1;; (*size)++, value >>= 7) {
        if (to) *to++ = (char)(value > 0x7f ? (value & 0x7f) | 0x80 : value);
        if (value <= 0x7f) return to;
    }
}

/* Whether the i-th of the values (at stack index 4) is a number that has a prefix (at 3); the size
** of that. Leaves the prefix and the value on the stack. */
static bool get_scalar(lua_State *L, lua_Integer i, const char **prefix, size_t *size)
{
    *prefix = lua_rawgeti(L, 3, i) == LUA_TSTRING ? lua_tolstring(L, -1, size) : NULL;
    return lua_rawgeti(L, 4, i) == LUA_TNUMBER && *prefix != NULL;
}

/*
** scalars_record(wall_time, step, prefixes, values, n) -> the TFRecord of TensorBoard's Event with
** the numbers among the values 1..n that have a prefix; nil if there is none
**
** A prefix is what stands in a Summary before the four bytes of that scalar (nnlua/run/events.lua).
** In C because it is done for each row: Event {1: double wall_time, 2: int64 step, 5: Summary}.
*/
static int io_scalars_record(lua_State *L)
{
    lua_Number time = luaL_checknumber(L, 1);
    uint64_t step = (uint64_t)luaL_checkinteger(L, 2), bits;
    lua_Integer n = luaL_checkinteger(L, 5);
    const char *prefix;
    size_t length, step_size, summary_size, summary = 0;
    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TTABLE);
    for (lua_Integer i = 1; i <= n; i++, lua_pop(L, 2))
        if (get_scalar(L, i, &prefix, &length)) summary += length + 4;
    if (summary == 0) return luaL_pushfail(L), 1;
    put_varint(NULL, step, &step_size);
    put_varint(NULL, summary, &summary_size);
    size_t size = 9 + 1 + step_size + 1 + summary_size + summary;

    luaL_Buffer b;
    char *record = luaL_buffinitsize(L, &b, size + 16), *to = record + 12;
    put_number(record, size, 8);
    put_checksum(record + 8, record, 8);
    *to++ = 0x09;
    memcpy(&bits, &time, sizeof bits);
    put_number(to, bits, 8);
    to += 8;
    *to++ = 0x10;
    to = put_varint(to, step, &step_size);
    *to++ = 0x2a;
    to = put_varint(to, summary, &summary_size);
    for (lua_Integer i = 1; i <= n; i++, lua_pop(L, 2)) {
        if (!get_scalar(L, i, &prefix, &length)) continue;
        lua_Number value = lua_tonumber(L, -1);
        float scalar = value > FLT_MAX ? HUGE_VALF : value < -FLT_MAX ? -HUGE_VALF : (float)value;
        uint32_t scalar_bits;
        memcpy(&scalar_bits, &scalar, sizeof scalar_bits);
        memcpy(to, prefix, length);
        put_number(to + length, scalar_bits, 4);
        to += length + 4;
    }
    put_checksum(to, record + 12, size);
    luaL_pushresultsize(&b, size + 16);
    return 1;
}

/* Adds a text as a cell of CSV: in quotes, its own doubled, where the text would end the cell. */
static void add_text(luaL_Buffer *b, const char *text, size_t size)
{
    size_t plain = strcspn(text, "\",\r\n");
    if (plain == size) {
        luaL_addlstring(b, text, size);
        return;
    }
    luaL_addchar(b, '"');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"') luaL_addchar(b, '"');
        luaL_addchar(b, text[i]);
    }
    luaL_addchar(b, '"');
}

/*
** csv_row(values, n) -> the line of a CSV file with the values 1..n, with its newline
**
** Integers, floats with 15 significant digits, texts, booleans; nothing for nil.
*/
static int io_csv_row(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (lua_Integer i = 1; i <= n; i++) {
        char digits[40];
        size_t size = 0;
        const char *text = digits;
        int type = lua_rawgeti(L, 1, i);
        if (lua_isinteger(L, -1))
            size = (size_t)snprintf(digits, sizeof digits, LUA_INTEGER_FMT, lua_tointeger(L, -1));
        else if (type == LUA_TNUMBER && isnan(lua_tonumber(L, -1)))
            size = strlen(text = "nan"); /* whatever its sign */
        else if (type == LUA_TNUMBER)
            size = (size_t)snprintf(digits, sizeof digits, "%.15g", lua_tonumber(L, -1));
        else if (type == LUA_TSTRING)
            text = lua_tolstring(L, -1, &size); /* the table keeps it */
        else if (type == LUA_TBOOLEAN)
            size = strlen(text = lua_toboolean(L, -1) ? "true" : "false");
        lua_pop(L, 1);
        if (type == LUA_TSTRING)
            add_text(&b, text, size);
        else
            luaL_addlstring(&b, text, size);
        luaL_addchar(&b, i < n ? ',' : '\n');
    }
    luaL_pushresult(&b);
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
        {"append_file", io_append_file},
        {"lock_file", io_lock_file},
        {"is_locked", io_is_locked},
        {"mkdir_new", io_mkdir_new},
        {"crc32c", io_crc32c},
        {"tfrecord", io_tfrecord},
        {"scalars_record", io_scalars_record},
        {"csv_row", io_csv_row},
        {NULL, NULL},
    };
    static const luaL_Reg appender[] = {
        {"write", appender_write}, {"close", appender_close}, {NULL, NULL}};
    static const luaL_Reg lock[] = {{"close", lock_close}, {NULL, NULL}};
    new_kind(L, APPENDER, appender, appender_close);
    new_kind(L, LOCK, lock, lock_close);
    luaL_setfuncs(L, functions, 0);
}

/*
** io.c - files: IDX, PNG, atomic writing, directories; the table "io" of the module
*/
#include <stdlib.h>
#include <string.h>

#include "bind/io.h"
#include "bind/json.h"
#include "io/file.h"
#include "io/idx.h"
#include "io/png_file.h"
#include "io/source.h"
#include "io/text.h"

#define DIRECTORY "nnlua.directory.holder"

const char *nnb_io_path(lua_State *L, int arg, const char *function)
{
    size_t size;
    const char *path = nnb_check_string(L, arg, &size, function);
    if (strlen(path) != size) nnb_arg_error(L, arg, function, "a path has no zero byte");
    return path;
}

int nnb_io_fail(lua_State *L, const nn_error *err, const char *function)
{
    if (err->code != NN_EIO) return nnb_raise(L, err, function);
    luaL_pushfail(L);
    lua_pushstring(L, err->message);
    return 2;
}

int nnb_io_finish(lua_State *L, nn_status status, const nn_error *err, const char *function)
{
    if (status != NN_OK) return nnb_io_fail(L, err, function);
    lua_pushboolean(L, 1);
    return 1;
}

const char *nnb_io_text(lua_State *L, int index)
{
    size_t size;
    const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : NULL;
    return text != NULL && strlen(text) == size ? text : NULL;
}

void *nnb_io_holder(lua_State *L, size_t size, const char *kind, lua_CFunction release)
{
    void *held = lua_newuserdatauv(L, size, 0);
    memset(held, 0, size);
    if (luaL_newmetatable(L, kind)) {
        lua_pushcfunction(L, release);
        lua_setfield(L, -2, "__gc");
        lua_pushcfunction(L, release);
        lua_setfield(L, -2, "__close");
    }
    lua_setmetatable(L, -2);
    lua_toclose(L, -1);
    return held;
}

const nn_tensor *nnb_io_named_tensor(lua_State *L, int arg, size_t i, const char **name,
                                     const char *function)
{
    lua_Integer number = (lua_Integer)i + 1;
    if (lua_rawgeti(L, arg, number) != LUA_TTABLE)
        nnb_arg_error(L, arg, function, "entry %I is a %s, expected {name, tensor}", number,
                      luaL_typename(L, -1));
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    *name = nnb_io_text(L, -2);
    if (*name == NULL)
        nnb_arg_error(L, arg, function, "entry %I has no string without zero bytes as its name",
                      number);
    const nn_tensor *t = nnb_to_tensor(L, -1);
    if (t == NULL)
        nnb_arg_error(L, arg, function, "entry %I ('%s') has a %s for its tensor", number,
                      nn_quote(*name).text, luaL_typename(L, -1));
    lua_pop(L, 3);
    return t;
}

void nnb_io_add_named(lua_State *L, size_t i, const char *name, nn_tensor *tensor)
{
    lua_createtable(L, 2, 0);
    lua_pushstring(L, name);
    lua_rawseti(L, -2, 1);
    *nnb_new_tensor(L) = *tensor;
    *tensor = NN_TENSOR_EMPTY;
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
}

/* ---- IDX ---- */

/* nn.io.read_idx(path [, {limit = -1, sha256}]) -> tensor | nil, message. IDX, plain or gzip.
** limit: the first entries only, -1 all, in memory for no more than these; the whole file is
** checked all the same. sha256: the hash that the decompressed bytes must have, in hexadecimal.
** Raises where the content is wrong. */
static int io_read_idx(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "read_idx");
    nn_error err;
    nnb_options(L, 2, "read_idx", "limit", "sha256", NULL);
    int64_t limit = nnb_option_integer(L, 2, "limit", -1, "read_idx");
    if (limit < -1)
        nnb_error(L, "bad option 'limit' to 'read_idx' (%I is negative)", (lua_Integer)limit);
    const char *sha256 = nnb_option_string(L, 2, "sha256", "read_idx");
    nn_tensor *out = nnb_new_tensor(L);
    if (nn_idx_read(out, path, limit, sha256, &err) != NN_OK)
        return nnb_io_fail(L, &err, "read_idx");
    return 1;
}

/* nn.io.save_idx(path, x) -> true | nil, message. bool and uint8 become bytes, int64 32 bits
** (raises if a value does not fit). Gzip if the name ends in ".gz". Raises for 0-dim x. */
static int io_save_idx(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "save_idx");
    const nn_tensor *t = nnb_check_tensor(L, 2, "save_idx");
    nn_error err;
    return nnb_io_finish(L, nn_idx_write(path, t, &err), &err, "save_idx");
}

/* ---- PNG ---- */

/* nn.io.load_png(path) -> uint8 [C,H,W] | nil, message. C is 1 (grey), 2 (with alpha), 3 (RGB)
** or 4; palettes are expanded, 16 bits scaled to 8; at most 65535 pixels a side. */
static int io_load_png(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "load_png");
    nn_error err;
    nn_tensor *out = nnb_new_tensor(L);
    if (nn_png_read(out, path, &err) != NN_OK) return nnb_io_fail(L, &err, "load_png");
    return 1;
}

/* nn.io.save_png(path, x) -> true | nil, message. x: [H,W] or [C,H,W], uint8, or a float of 0..1
** (raises outside). */
static int io_save_png(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "save_png");
    const nn_tensor *t = nnb_check_tensor(L, 2, "save_png");
    nn_error err;
    return nnb_io_finish(L, nn_png_write(path, t, &err), &err, "save_png");
}

/* ---- files ---- */

/* nn.io.write_file(path, bytes) -> true | nil, message. Written whole or not at all. */
static int io_write_file(lua_State *L)
{
    size_t size;
    const char *path = nnb_io_path(L, 1, "write_file");
    const char *bytes = nnb_check_string(L, 2, &size, "write_file");
    nn_error err;
    return nnb_io_finish(L, nn_file_write(path, bytes, size, &err), &err, "write_file");
}

/* nn.io.mkdir_p(path) -> true | nil, message. Makes a folder and its missing parents. */
static int io_mkdir_p(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "mkdir_p");
    nn_error err;
    return nnb_io_finish(L, nn_directory_make(path, &err), &err, "mkdir_p");
}

static int release_directory(lua_State *L)
{
    nn_directory_release(lua_touserdata(L, 1));
    return 0;
}

/* nn.io.read_directory(path) -> names, is_directory, modified | nil, message. Three lists, without
** "." and "..", sorted by the bytes of the names whatever the locale. modified: in nanoseconds
** since 1970. */
static int io_read_directory(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "read_directory");
    nn_error err;
    nn_directory *found = nnb_io_holder(L, sizeof *found, DIRECTORY, release_directory);
    if (nn_directory_read(found, path, &err) != NN_OK)
        return nnb_io_fail(L, &err, "read_directory");
    for (int i = 0; i < 3; i++) lua_createtable(L, (int)found->count, 0);
    for (size_t i = 0; i < found->count; i++) {
        lua_pushstring(L, found->entries[i].name);
        lua_rawseti(L, -4, (lua_Integer)i + 1);
        lua_pushboolean(L, found->entries[i].is_directory);
        lua_rawseti(L, -3, (lua_Integer)i + 1);
        lua_pushinteger(L, found->entries[i].modified);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 3;
}

typedef struct sorted_text {
    const char *text;
    size_t size;
} sorted_text;

static int compare_texts(const void *left, const void *right)
{
    const sorted_text *a = left;
    const sorted_text *b = right;
    int order = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* sort_bytes(list of strings) -> a new list, sorted whatever the locale */
static int io_sort_bytes(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t count = lua_rawlen(L, 1);
    sorted_text *texts = lua_newuserdatauv(L, count * sizeof *texts, 0);
    lua_createtable(L, (int)count, 0); /* owns the strings meanwhile */
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 1, (lua_Integer)i + 1);
        texts[i].text = luaL_checklstring(L, -1, &texts[i].size);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    if (count > 0) qsort(texts, count, sizeof *texts, compare_texts);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushlstring(L, texts[i].text, texts[i].size);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* nn.io.sha256(bytes) -> 64 hexadecimal digits. */
static int io_sha256(lua_State *L)
{
    size_t size;
    const char *bytes = nnb_check_string(L, 1, &size, "sha256");
    char text[NN_SHA256_TEXT];
    nn_sha256(bytes, size, text);
    lua_pushstring(L, text);
    return 1;
}

void nnb_open_io(lua_State *L)
{
    static const luaL_Reg functions[] = {{"read_idx", io_read_idx},
                                         {"save_idx", io_save_idx},
                                         {"load_png", io_load_png},
                                         {"save_png", io_save_png},
                                         {"write_file", io_write_file},
                                         {"mkdir_p", io_mkdir_p},
                                         {"read_directory", io_read_directory},
                                         {"sort_bytes", io_sort_bytes},
                                         {"sha256", io_sha256},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    nnb_open_io_safetensors(L);
    nnb_open_io_numpy(L);
    nnb_open_io_csv(L);
    nnb_open_io_log(L);
    nnb_open_json(L);
    lua_setfield(L, -2, "io");
}

/*
** io.c - files: IDX, safetensors, JSON, atomic writing; the table "io" of the module
**
** What the operating system refuses (a missing file, a full disk) comes back
** as nil and a message, as from Lua's own io.open; content that is wrong, bad
** arguments and lack of memory raise.
*/
#include <stdlib.h>
#include <string.h>

#include "bind/bind.h"
#include "bind/json.h"
#include "io/file.h"
#include "io/idx.h"
#include "io/safetensors.h"
#include "io/source.h"
#include "io/text.h"

#define HOLDER "nnlua.safetensors.holder"

static const char *check_path(lua_State *L, int arg, const char *function)
{
    size_t size;
    const char *path = nnb_check_string(L, arg, &size, function);
    if (strlen(path) != size) nnb_arg_error(L, arg, function, "a path has no zero byte");
    return path;
}

/* Raises, or returns nil and the message of a refusal by the operating system. */
static int fail(lua_State *L, const nn_error *err, const char *function)
{
    if (err->code != NN_EIO) return nnb_raise(L, err, function);
    luaL_pushfail(L);
    lua_pushstring(L, err->message);
    return 2;
}

/* The common end of functions that return true. */
static int finish(lua_State *L, nn_status status, const nn_error *err, const char *function)
{
    if (status != NN_OK) return fail(L, err, function);
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- IDX ---- */

/*
** read_idx(path, {limit=, sha256=}) -> tensor | nil, message
**
** limit keeps the first entries only (default -1: all), in memory for no more than these; the
** whole file is checked all the same. sha256 is the hash that the decompressed bytes must have,
** in hexadecimal. Formats and errors: io/idx.h.
*/
static int io_read_idx(lua_State *L)
{
    const char *path = check_path(L, 1, "read_idx");
    nn_error err;
    nnb_options(L, 2, "read_idx", "limit", "sha256", NULL);
    int64_t limit = nnb_option_integer(L, 2, "limit", -1, "read_idx");
    if (limit < -1)
        nnb_error(L, "bad option 'limit' to 'read_idx' (%I is negative)", (lua_Integer)limit);
    const char *sha256 = nnb_option_string(L, 2, "sha256", "read_idx");
    nn_tensor *out = nnb_new_tensor(L);
    if (nn_idx_read(out, path, limit, sha256, &err) != NN_OK) return fail(L, &err, "read_idx");
    return 1;
}

/* ---- safetensors ---- */

static int holder_release(lua_State *L)
{
    nn_safetensors_release(lua_touserdata(L, 1));
    return 0;
}

/* Pushes an owner for what a file holds, released when the running C function ends. */
static nn_safetensors *new_holder(lua_State *L)
{
    nn_safetensors *file = lua_newuserdatauv(L, sizeof *file, 0);
    *file = NN_SAFETENSORS_EMPTY;
    luaL_setmetatable(L, HOLDER);
    lua_toclose(L, -1);
    return file;
}

/*
** load_safetensors(path) -> {{name, tensor}, ...}, metadata | nil, message
**
** The list is in the order of the file's header; metadata maps strings to strings.
*/
static int io_load_safetensors(lua_State *L)
{
    const char *path = check_path(L, 1, "load_safetensors");
    nn_error err;
    nn_safetensors *file = new_holder(L);
    if (nn_safetensors_read(file, path, &err) != NN_OK) return fail(L, &err, "load_safetensors");
    lua_createtable(L, (int)file->count, 0);
    for (size_t i = 0; i < file->count; i++) {
        nn_safetensors_entry *entry = &file->entries[i];
        lua_createtable(L, 2, 0);
        lua_pushstring(L, entry->name);
        lua_rawseti(L, -2, 1);
        *nnb_new_tensor(L) = entry->tensor;
        entry->tensor = NN_TENSOR_EMPTY;
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_createtable(L, 0, (int)file->metadata_count);
    for (size_t i = 0; i < file->metadata_count; i++) {
        lua_pushstring(L, file->metadata[i].key);
        lua_pushstring(L, file->metadata[i].value);
        lua_rawset(L, -3);
    }
    return 2;
}

/* The text of the string at index, which has no zero byte. */
static const char *whole_text(lua_State *L, int index)
{
    size_t size;
    const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : NULL;
    return text != NULL && strlen(text) == size ? text : NULL;
}

/* Reads entry i of the list at argument 2; name and tensor stay owned by the list. */
static void check_entry(lua_State *L, nn_safetensors_entry *entry, lua_Integer i)
{
    const char *function = "save_safetensors";
    if (lua_rawgeti(L, 2, i) != LUA_TTABLE)
        nnb_arg_error(L, 2, function, "entry %I is a %s, expected {name, tensor}", i,
                      luaL_typename(L, -1));
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    entry->name = whole_text(L, -2);
    if (entry->name == NULL)
        nnb_arg_error(L, 2, function, "entry %I has no string without zero bytes as its name", i);
    const nn_tensor *t = nnb_to_tensor(L, -1);
    if (t == NULL)
        nnb_arg_error(L, 2, function, "entry %I ('%s') has a %s for its tensor", i,
                      nn_quote(entry->name).text, luaL_typename(L, -1));
    entry->tensor = *t;
    lua_pop(L, 3);
}

static int compare_pairs(const void *left, const void *right)
{
    const nn_safetensors_pair *a = left;
    const nn_safetensors_pair *b = right;
    return strcmp(a->key, b->key);
}

/* Checks the metadata at argument 3 and says how many pairs it has. */
static size_t check_metadata(lua_State *L)
{
    size_t count = 0;
    if (lua_isnil(L, 3)) return 0;
    if (!lua_istable(L, 3))
        nnb_arg_error(L, 3, "save_safetensors", "table expected, got %s", luaL_typename(L, 3));
    lua_pushnil(L);
    for (; lua_next(L, 3); lua_pop(L, 1), count++) {
        const char *key = whole_text(L, -2);
        if (key == NULL)
            nnb_arg_error(L, 3, "save_safetensors",
                          "metadata has a key that is no string without zero bytes");
        if (whole_text(L, -1) == NULL)
            nnb_arg_error(L, 3, "save_safetensors",
                          "metadata '%s' is a %s, expected a string without zero bytes",
                          nn_quote(key).text, luaL_typename(L, -1));
    }
    return count;
}

/* Takes at most count pairs, which stay owned by the table at argument 3, and sorts them. Calls
** nothing that could run a finalizer. */
static size_t take_metadata(lua_State *L, nn_safetensors_pair *pairs, size_t count)
{
    size_t taken = 0;
    if (count == 0) return 0;
    lua_pushnil(L);
    while (taken < count && lua_next(L, 3)) {
        pairs[taken].key = whole_text(L, -2);
        pairs[taken].value = whole_text(L, -1);
        taken += pairs[taken].key != NULL && pairs[taken].value != NULL;
        lua_pop(L, 1);
    }
    qsort(pairs, taken, sizeof *pairs, compare_pairs);
    return taken;
}

/*
** save_safetensors(path, {{name, tensor}, ...}, [metadata]) -> true | nil, message
**
** Written whole or not at all; the list's order stands in the header, metadata (strings to
** strings) is sorted by key.
*/
static int io_save_safetensors(lua_State *L)
{
    const char *path = check_path(L, 1, "save_safetensors");
    nn_safetensors file = NN_SAFETENSORS_EMPTY;
    nn_error err;
    lua_settop(L, 3);
    if (!lua_istable(L, 2))
        return nnb_arg_error(L, 2, "save_safetensors", "list of {name, tensor} expected, got %s",
                             luaL_typename(L, 2));
    size_t pairs = check_metadata(L);
    file.count = lua_rawlen(L, 2);
    /* Lua owns both arrays; from here on nothing may run but what fills them. */
    file.entries = lua_newuserdatauv(L, file.count * sizeof *file.entries, 0);
    file.metadata = lua_newuserdatauv(L, pairs * sizeof *file.metadata, 0);
    for (size_t i = 0; i < file.count; i++) check_entry(L, &file.entries[i], (lua_Integer)i + 1);
    file.metadata_count = take_metadata(L, file.metadata, pairs);
    return finish(L, nn_safetensors_write(path, &file, &err), &err, "save_safetensors");
}

/* ---- files ---- */

/* write_file(path, bytes) -> true | nil, message. Written whole or not at all. */
static int io_write_file(lua_State *L)
{
    size_t size;
    const char *path = check_path(L, 1, "write_file");
    const char *bytes = nnb_check_string(L, 2, &size, "write_file");
    nn_error err;
    return finish(L, nn_file_write(path, bytes, size, &err), &err, "write_file");
}

/* mkdir_p(path) -> true | nil, message. Makes a directory and its missing parents. */
static int io_mkdir_p(lua_State *L)
{
    const char *path = check_path(L, 1, "mkdir_p");
    nn_error err;
    return finish(L, nn_directory_make(path, &err), &err, "mkdir_p");
}

/* sha256(bytes) -> 64 hexadecimal digits */
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
    static const luaL_Reg release[] = {
        {"__gc", holder_release}, {"__close", holder_release}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"read_idx", io_read_idx},
                                         {"load_safetensors", io_load_safetensors},
                                         {"save_safetensors", io_save_safetensors},
                                         {"write_file", io_write_file},
                                         {"mkdir_p", io_mkdir_p},
                                         {"sha256", io_sha256},
                                         {NULL, NULL}};
    luaL_newmetatable(L, HOLDER);
    luaL_setfuncs(L, release, 0);
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    nnb_open_json(L);
    lua_setfield(L, -2, "io");
}

/*
** io_safetensors.c - files of named tensors: safetensors
*/
#include <stdlib.h>
#include <string.h>

#include "bind/io.h"
#include "io/safetensors.h"
#include "io/text.h"

#define HOLDER "nnlua.safetensors.holder"

static int release_holder(lua_State *L)
{
    nn_safetensors_release(lua_touserdata(L, 1));
    return 0;
}

static void push_metadata(lua_State *L, const nn_safetensors *file)
{
    lua_createtable(L, 0, (int)file->metadata_count);
    for (size_t i = 0; i < file->metadata_count; i++) {
        lua_pushstring(L, file->metadata[i].key);
        lua_pushstring(L, file->metadata[i].value);
        lua_rawset(L, -3);
    }
}

/*
** load_safetensors(path) -> {{name, tensor}, ...}, metadata | nil, message
**
** The list is in the order of the file's header; metadata maps strings to strings.
*/
static int io_load_safetensors(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "load_safetensors");
    nn_error err;
    nn_safetensors *file = nnb_io_holder(L, sizeof *file, HOLDER, release_holder);
    if (nn_safetensors_read(file, path, &err) != NN_OK)
        return nnb_io_fail(L, &err, "load_safetensors");
    lua_createtable(L, (int)file->count, 0);
    for (size_t i = 0; i < file->count; i++)
        nnb_io_add_named(L, i, file->entries[i].name, &file->entries[i].tensor);
    push_metadata(L, file);
    return 2;
}

/* nn.io.safetensors_metadata(path) -> metadata | nil, message: the strings by name in the
** header; nothing else of the file is read. */
static int io_safetensors_metadata(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "safetensors_metadata");
    nn_error err;
    nn_safetensors *file = nnb_io_holder(L, sizeof *file, HOLDER, release_holder);
    if (nn_safetensors_read_metadata(file, path, &err) != NN_OK)
        return nnb_io_fail(L, &err, "safetensors_metadata");
    push_metadata(L, file);
    return 1;
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
        const char *key = nnb_io_text(L, -2);
        if (key == NULL)
            nnb_arg_error(L, 3, "save_safetensors",
                          "metadata has a key that is no string without zero bytes");
        if (nnb_io_text(L, -1) == NULL)
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
        pairs[taken].key = nnb_io_text(L, -2);
        pairs[taken].value = nnb_io_text(L, -1);
        taken += pairs[taken].key != NULL && pairs[taken].value != NULL;
        lua_pop(L, 1);
    }
    qsort(pairs, taken, sizeof *pairs, compare_pairs);
    return taken;
}

/* Borrows what the list at argument 2 and the metadata at argument 3 hold. */
static nn_safetensors take_content(lua_State *L)
{
    nn_safetensors file = NN_SAFETENSORS_EMPTY;
    lua_settop(L, 3);
    if (!lua_istable(L, 2))
        nnb_arg_error(L, 2, "save_safetensors", "list of {name, tensor} expected, got %s",
                      luaL_typename(L, 2));
    size_t pairs = check_metadata(L);
    file.count = lua_rawlen(L, 2);
    /* Lua owns both arrays; from here on nothing may run but what fills them. */
    file.entries = lua_newuserdatauv(L, file.count * sizeof *file.entries, 0);
    file.metadata = lua_newuserdatauv(L, pairs * sizeof *file.metadata, 0);
    for (size_t i = 0; i < file.count; i++) {
        nn_safetensors_entry *entry = &file.entries[i];
        entry->tensor = *nnb_io_named_tensor(L, 2, i, &entry->name, "save_safetensors");
    }
    file.metadata_count = take_metadata(L, file.metadata, pairs);
    return file;
}

/*
** save_safetensors(path, {{name, tensor}, ...}, [metadata]) -> true | nil, message
**
** Written whole or not at all; the list's order stands in the header, metadata (strings to
** strings) is sorted by key.
*/
static int io_save_safetensors(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "save_safetensors");
    nn_error err;
    nn_safetensors file = take_content(L);
    return nnb_io_finish(L, nn_safetensors_write(path, &file, &err), &err, "save_safetensors");
}

/* safetensors_digest(nil, {{name, tensor}, ...}, [metadata]) -> SHA-256 of what save_safetensors
** would write with these arguments, as 64 hexadecimal digits */
static int io_safetensors_digest(lua_State *L)
{
    char text[NN_SHA256_TEXT];
    nn_error err;
    nn_safetensors file = take_content(L);
    NNB_TRY(L, nn_safetensors_digest(&file, text, &err), &err, "safetensors_digest");
    lua_pushstring(L, text);
    return 1;
}

void nnb_open_io_safetensors(lua_State *L)
{
    static const luaL_Reg functions[] = {{"load_safetensors", io_load_safetensors},
                                         {"save_safetensors", io_save_safetensors},
                                         {"safetensors_metadata", io_safetensors_metadata},
                                         {"safetensors_digest", io_safetensors_digest},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}

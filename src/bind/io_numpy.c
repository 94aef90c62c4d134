/*
** io_numpy.c - NumPy's files: NPY, one tensor, and NPZ, named ones
*/
#include "bind/io.h"
#include "io/npy.h"
#include "io/npz.h"

#define HOLDER "nnlua.npz.holder"

/* nn.io.load_npy(path) -> tensor | nil, message. NumPy's array: signed integers, uint16, uint32
** and uint64 become int64 (raises if a value does not fit), float16 float32. Raises for complex
** numbers, texts, records, objects. */
static int io_load_npy(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "load_npy");
    nn_error err;
    nn_tensor *out = nnb_new_tensor(L);
    if (nn_npy_read(out, path, &err) != NN_OK) return nnb_io_fail(L, &err, "load_npy");
    return 1;
}

/* nn.io.save_npy(path, x) -> true | nil, message. NumPy's file of one array. */
static int io_save_npy(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "save_npy");
    const nn_tensor *t = nnb_check_tensor(L, 2, "save_npy");
    nn_error err;
    return nnb_io_finish(L, nn_npy_write(path, t, &err), &err, "save_npy");
}

static int release_holder(lua_State *L)
{
    nn_npz_release(lua_touserdata(L, 1));
    return 0;
}

/* load_npz(path) -> {{name, tensor}, ...} in the order of the archive | nil, message */
static int io_load_npz(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "load_npz");
    nn_error err;
    nn_npz *file = nnb_io_holder(L, sizeof *file, HOLDER, release_holder);
    if (nn_npz_read(file, path, &err) != NN_OK) return nnb_io_fail(L, &err, "load_npz");
    lua_createtable(L, (int)file->count, 0);
    for (size_t i = 0; i < file->count; i++)
        nnb_io_add_named(L, i, file->entries[i].name, &file->entries[i].tensor);
    return 1;
}

/* save_npz(path, {{name, tensor}, ...}, {compress = false}) -> true | nil, message */
static int io_save_npz(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "save_npz");
    nn_npz file = NN_NPZ_EMPTY;
    nn_error err;
    if (!lua_istable(L, 2))
        return nnb_arg_error(L, 2, "save_npz", "list of {name, tensor} expected, got %s",
                             luaL_typename(L, 2));
    nnb_options(L, 3, "save_npz", "compress", NULL);
    bool compress = nnb_option_boolean(L, 3, "compress", false, "save_npz");
    file.count = lua_rawlen(L, 2);
    /* Lua owns the array; from here on nothing may run but what fills it. */
    file.entries = lua_newuserdatauv(L, file.count * sizeof *file.entries, 0);
    for (size_t i = 0; i < file.count; i++) {
        nn_npz_entry *entry = &file.entries[i];
        entry->tensor = *nnb_io_named_tensor(L, 2, i, &entry->name, "save_npz");
    }
    return nnb_io_finish(L, nn_npz_write(path, &file, compress, &err), &err, "save_npz");
}

void nnb_open_io_numpy(lua_State *L)
{
    static const luaL_Reg functions[] = {{"load_npy", io_load_npy},
                                         {"save_npy", io_save_npy},
                                         {"load_npz", io_load_npz},
                                         {"save_npz", io_save_npz},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}

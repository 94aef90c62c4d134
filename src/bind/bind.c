/*
** bind.c - arguments in, errors out: the helpers every binding uses
*/
#include "bind/bind.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include "tensor/alloc.h"

/* Registry key of the source prefix ("@/usr/share/lua/5.4/nnlua/") of the library's own files. */
static const char library_key = 'k';

void nnb_set_library(lua_State *L, const char *prefix)
{
    lua_pushstring(L, prefix);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &library_key);
}

void nnb_push_position(lua_State *L)
{
    lua_Debug ar;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &library_key);
    const char *prefix = lua_tostring(L, -1);
    for (int level = 1; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0 || (prefix && strncmp(ar.source, prefix, strlen(prefix)) == 0))
            continue;
        lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    lua_pushliteral(L, "");
}

/* Raises the message on top of the stack at the user's line. */
static int raise_top(lua_State *L)
{
    nnb_push_position(L);
    lua_insert(L, -2);
    lua_concat(L, 2);
    return lua_error(L);
}

int nnb_error(lua_State *L, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    lua_pushvfstring(L, format, args);
    va_end(args);
    return raise_top(L);
}

int nnb_arg_error(lua_State *L, int arg, const char *function, const char *format, ...)
{
    va_list args;
    lua_pushfstring(L, "bad argument #%d to '%s' (", arg, function);
    va_start(args, format);
    lua_pushvfstring(L, format, args);
    va_end(args);
    lua_pushliteral(L, ")");
    lua_concat(L, 3);
    return raise_top(L);
}

int nnb_raise(lua_State *L, const nn_error *err, const char *function)
{
    if (err->arg > 0) return nnb_arg_error(L, err->arg, function, "%s", err->message);
    return nnb_error(L, "%s: %s", function, err->message);
}

int nnb_type_error(lua_State *L, int arg, const char *function, const char *expected)
{
    const char *got = luaL_typename(L, arg);
    if (luaL_getmetafield(L, arg, "__name") == LUA_TSTRING) got = lua_tostring(L, -1);
    if (lua_isnone(L, arg)) got = "no value";
    return nnb_arg_error(L, arg, function, "%s expected, got %s", expected, got);
}

/* How many bytes of garbage tensors may pile up before Lua is made to look for them: Lua counts
** a tensor as a few dozen bytes, whatever it holds. So few that the next step finds its memory
** still in the cache; but no fewer than a half of what is alive, in tensors or in Lua's own heap,
** whose size is the cost of a look. Under a cap it is half of what the cap leaves at most, so that
** garbage alone does not make an allocation fail. */
#define GARBAGE ((size_t)8 << 20)

static size_t allowed_garbage(lua_State *L, size_t alive)
{
    size_t in_use = nn_alloc_in_use(), cap = nn_alloc_cap(), allowed = GARBAGE;
    size_t heap = (size_t)lua_gc(L, LUA_GCCOUNT) << 10;
    if (allowed < alive / 2) allowed = alive / 2;
    if (allowed < heap / 2) allowed = heap / 2;
    if (cap == 0) return allowed;
    size_t left = cap > in_use ? cap - in_use : 0;
    return left / 2 < allowed ? left / 2 : allowed;
}

static void drive_collector(lua_State *L)
{
    static atomic_size_t
        alive; /* in use after the last collection, or what has become less since */
    size_t in_use = nn_alloc_in_use(), before = alive;
    if (in_use < before) alive = before = in_use;
    if (in_use == before || in_use - before < allowed_garbage(L, before)) return;
    lua_gc(L, LUA_GCCOLLECT);
    alive = nn_alloc_in_use();
}

nn_tensor *nnb_new_tensor(lua_State *L)
{
    drive_collector(L);
    nn_tensor *t = lua_newuserdatauv(L, sizeof *t, 1);
    *t = NN_TENSOR_EMPTY;
    luaL_setmetatable(L, NNB_TENSOR);
    return t;
}

/* What all closed tensors lie on: one element of any dtype. */
static char closed_bytes[8] __attribute__((aligned(8)));
static nn_storage closed = {.references = 1, .size = sizeof closed_bytes, .data = closed_bytes};

bool nnb_is_closed(const nn_tensor *t)
{
    return !t->storage || t->storage == &closed;
}

void nnb_close_tensor(nn_tensor *t)
{
    if (nnb_is_closed(t)) return;
    nn_tensor_release(t);
    *t = (nn_tensor){.storage = &closed, .dtype = t->dtype, .ndim = t->ndim};
}

nn_tensor *nnb_to_tensor(lua_State *L, int arg)
{
    nn_tensor *t = luaL_testudata(L, arg, NNB_TENSOR);
    return t && !nnb_is_closed(t) ? t : NULL;
}

nn_tensor *nnb_check_tensor(lua_State *L, int arg, const char *function)
{
    nn_tensor *t = luaL_testudata(L, arg, NNB_TENSOR);
    if (!t) nnb_type_error(L, arg, function, "tensor");
    if (nnb_is_closed(t)) nnb_arg_error(L, arg, function, "the tensor has been closed");
    return t;
}

nn_tensor *nnb_opt_tensor(lua_State *L, int arg, const char *function)
{
    return lua_isnoneornil(L, arg) ? NULL : nnb_check_tensor(L, arg, function);
}

double nnb_check_number(lua_State *L, int arg, const char *function)
{
    if (lua_type(L, arg) != LUA_TNUMBER) nnb_type_error(L, arg, function, "number");
    return lua_tonumber(L, arg);
}

int64_t nnb_check_integer(lua_State *L, int arg, const char *function)
{
    int exact;
    int64_t value = lua_tointegerx(L, arg, &exact);
    if (lua_type(L, arg) != LUA_TNUMBER) nnb_type_error(L, arg, function, "integer");
    if (!exact) nnb_arg_error(L, arg, function, "integer expected, got %f", lua_tonumber(L, arg));
    return value;
}

const char *nnb_check_string(lua_State *L, int arg, size_t *length, const char *function)
{
    if (lua_type(L, arg) != LUA_TSTRING) nnb_type_error(L, arg, function, "string");
    return lua_tolstring(L, arg, length);
}

int64_t nnb_check_dim(lua_State *L, int arg, const char *function)
{
    int64_t dim = nnb_check_integer(L, arg, function);
    if (dim == 0) nnb_arg_error(L, arg, function, "dimension 0; dimensions count from 1");
    return dim > 0 ? dim - 1 : dim;
}

static bool has_names(lua_State *L, int table)
{
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            lua_pop(L, 1);
            return true;
        }
    }
    return false;
}

int nnb_check_shape(lua_State *L, int arg, int64_t *shape, int *ndim, const char *function)
{
    int n = 0;
    if (lua_type(L, arg) == LUA_TTABLE) {
        lua_Integer length = (lua_Integer)lua_rawlen(L, arg);
        bool named = has_names(L, arg);
        *ndim = 0;
        if (named && length == 0) return arg;
        if (named) nnb_arg_error(L, arg, function, "sizes and options in one table; give it two");
        if (length > NN_MAX_RANK)
            nnb_arg_error(L, arg, function, "rank %I is above the maximum of %d", length,
                          NN_MAX_RANK);
        for (; n < length; n++) {
            int exact;
            lua_rawgeti(L, arg, n + 1);
            shape[n] = lua_tointegerx(L, -1, &exact);
            if (!exact) nnb_arg_error(L, arg, function, "size %d is not an integer", n + 1);
            lua_pop(L, 1);
        }
        arg++;
    } else {
        for (; lua_type(L, arg) == LUA_TNUMBER; arg++) {
            if (n == NN_MAX_RANK)
                nnb_arg_error(L, arg, function, "rank is above the maximum of %d", NN_MAX_RANK);
            shape[n++] = nnb_check_integer(L, arg, function);
        }
        /* A nil where a size should stand is a misspelt name; the last argument may be options. */
        if (lua_isnil(L, arg) && (n == 0 || !lua_isnoneornil(L, arg + 1)))
            nnb_arg_error(L, arg, function, "size %d is nil", n + 1);
    }
    *ndim = n;
    return arg;
}

/* ---- scalars ---- */

/* The tensor at arg, or the number or boolean there as a tensor of the given dtype. */
static const nn_tensor *operand_of(lua_State *L, int arg, nnb_scalar *s, nn_dtype dtype,
                                   const char *function)
{
    s->storage = (nn_storage){.references = 1, .size = sizeof s->bytes, .data = s->bytes};
    s->tensor = (nn_tensor){.storage = &s->storage, .dtype = dtype};
    if (nnb_set_element(L, arg, &s->tensor, 0)) return &s->tensor;
    if (!luaL_testudata(L, arg, NNB_TENSOR)) nnb_type_error(L, arg, function, "tensor or number");
    return nnb_check_tensor(L, arg, function);
}

const nn_tensor *nnb_check_operand(lua_State *L, int arg, nnb_scalar *s, const nn_tensor *beside,
                                   const char *function)
{
    nn_dtype dtype = beside ? beside->dtype : NN_BOOL;
    int64_t value = lua_tointeger(L, arg); /* if it is one */
    bool fits_uint8 = value >= 0 && value <= UINT8_MAX;
    if (lua_isboolean(L, arg))
        dtype = NN_BOOL;
    else if (!lua_isinteger(L, arg))
        dtype = nn_dtype_is_float(dtype) ? dtype : NN_FLOAT32;
    else if (dtype == NN_BOOL || (dtype == NN_UINT8 && !fits_uint8))
        dtype = NN_INT64;
    return operand_of(L, arg, s, dtype, function);
}

const nn_tensor *nnb_check_value(lua_State *L, int arg, nnb_scalar *s, const char *function)
{
    nn_dtype dtype = lua_isboolean(L, arg)   ? NN_BOOL
                     : lua_isinteger(L, arg) ? NN_INT64
                                             : NN_FLOAT64;
    return operand_of(L, arg, s, dtype, function);
}

bool nnb_set_element(lua_State *L, int index, nn_tensor *t, int64_t at)
{
    if (lua_isinteger(L, index))
        nn_tensor_set_int(t, at, lua_tointeger(L, index));
    else if (lua_isboolean(L, index))
        nn_tensor_set_int(t, at, lua_toboolean(L, index));
    else if (lua_type(L, index) == LUA_TNUMBER)
        nn_tensor_set(t, at, lua_tonumber(L, index));
    else
        return false;
    return true;
}

void nnb_push_element(lua_State *L, const nn_tensor *t, int64_t at)
{
    if (t->dtype == NN_BOOL)
        lua_pushboolean(L, nn_tensor_get_int(t, at) != 0);
    else if (nn_dtype_is_float(t->dtype))
        lua_pushnumber(L, nn_tensor_get(t, at));
    else
        lua_pushinteger(L, nn_tensor_get_int(t, at));
}

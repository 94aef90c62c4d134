/*
** bind.c - arguments in, errors out: the helpers every binding uses
*/
#include "bind/bind.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bind/suggest.h"
#include "tensor/alloc.h"

/* Registry key of the source prefix ("@/usr/share/lua/5.4/nnlua/") of the library's own files. */
static const char library_key = 'k';

void nnb_set_library(lua_State *L, const char *prefix)
{
    lua_pushstring(L, prefix);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &library_key);
}

/* Pushes "file:line: " of the innermost Lua function that is not the library's. */
static void push_user_position(lua_State *L)
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
    push_user_position(L);
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

static int type_error(lua_State *L, int arg, const char *function, const char *expected)
{
    const char *got = luaL_typename(L, arg);
    if (luaL_getmetafield(L, arg, "__name") == LUA_TSTRING) got = lua_tostring(L, -1);
    if (lua_isnone(L, arg)) got = "no value";
    return nnb_arg_error(L, arg, function, "%s expected, got %s", expected, got);
}

/* How many bytes of garbage tensors may pile up before Lua is made to look for them: Lua counts
** a tensor as a few dozen bytes, whatever it holds. */
#define GARBAGE ((size_t)32 << 20)

static void drive_collector(lua_State *L)
{
    static size_t seen; /* nn_alloc_total at the last collection */
    size_t total = nn_alloc_total(), in_use = nn_alloc_in_use(), cap = nn_alloc_cap();
    size_t allowed = in_use / 2 > GARBAGE ? in_use / 2 : GARBAGE;
    bool tight = cap > 0 && in_use > cap / 4 * 3;
    if (total - seen < allowed && !tight) return;
    seen = total;
    lua_gc(L, LUA_GCCOLLECT);
}

nn_tensor *nnb_new_tensor(lua_State *L)
{
    drive_collector(L);
    nn_tensor *t = lua_newuserdatauv(L, sizeof *t, 1);
    *t = NN_TENSOR_EMPTY;
    luaL_setmetatable(L, NNB_TENSOR);
    return t;
}

nn_tensor *nnb_to_tensor(lua_State *L, int arg)
{
    nn_tensor *t = luaL_testudata(L, arg, NNB_TENSOR);
    return t && t->storage ? t : NULL;
}

nn_tensor *nnb_check_tensor(lua_State *L, int arg, const char *function)
{
    nn_tensor *t = luaL_testudata(L, arg, NNB_TENSOR);
    if (!t) type_error(L, arg, function, "tensor");
    if (!t->storage) nnb_arg_error(L, arg, function, "the tensor has been closed");
    return t;
}

nn_tensor *nnb_opt_tensor(lua_State *L, int arg, const char *function)
{
    return lua_isnoneornil(L, arg) ? NULL : nnb_check_tensor(L, arg, function);
}

double nnb_check_number(lua_State *L, int arg, const char *function)
{
    if (lua_type(L, arg) != LUA_TNUMBER) type_error(L, arg, function, "number");
    return lua_tonumber(L, arg);
}

int64_t nnb_check_integer(lua_State *L, int arg, const char *function)
{
    int exact;
    int64_t value = lua_tointegerx(L, arg, &exact);
    if (lua_type(L, arg) != LUA_TNUMBER) type_error(L, arg, function, "integer");
    if (!exact) nnb_arg_error(L, arg, function, "integer expected, got %f", lua_tonumber(L, arg));
    return value;
}

const char *nnb_check_string(lua_State *L, int arg, size_t *length, const char *function)
{
    if (lua_type(L, arg) != LUA_TSTRING) type_error(L, arg, function, "string");
    return lua_tolstring(L, arg, length);
}

int64_t nnb_check_dim(lua_State *L, int arg, const char *function)
{
    int64_t dim = nnb_check_integer(L, arg, function);
    if (dim == 0) nnb_arg_error(L, arg, function, "dimension 0; dimensions count from 1");
    return dim > 0 ? dim - 1 : dim;
}

int nnb_check_shape(lua_State *L, int arg, int64_t *shape, int *ndim, const char *function)
{
    int n = 0;
    if (lua_type(L, arg) == LUA_TTABLE) {
        lua_Integer length = luaL_len(L, arg);
        if (length > NN_MAX_RANK)
            nnb_arg_error(L, arg, function, "rank %I is above the maximum of %d", length,
                          NN_MAX_RANK);
        for (; n < length; n++) {
            int exact;
            lua_geti(L, arg, n + 1);
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
    }
    *ndim = n;
    return arg;
}

/* ---- options ---- */

static void check_option_name(lua_State *L, const char *given, const char *function, va_list names)
{
    const char *nearest = NULL;
    int best = NNB_SUGGEST_WITHIN + 1;
    const char *name;
    while ((name = va_arg(names, const char *)) != NULL) {
        if (strcmp(name, given) == 0) return;
        int distance = nnb_edit_distance(given, name);
        if (distance < best) {
            best = distance;
            nearest = name;
        }
    }
    if (nearest)
        nnb_error(L, "unknown option '%s' to '%s' (did you mean '%s'?)", given, function, nearest);
    nnb_error(L, "unknown option '%s' to '%s'", given, function);
}

void nnb_options(lua_State *L, int arg, const char *function, ...)
{
    if (lua_gettop(L) < arg) lua_settop(L, arg); /* so that pushed values are not mistaken for it */
    if (lua_isnil(L, arg)) return;
    if (lua_type(L, arg) != LUA_TTABLE) type_error(L, arg, function, "table of options");
    lua_pushnil(L);
    while (lua_next(L, arg)) {
        va_list names;
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            nnb_arg_error(L, arg, function, "option names are strings, got a %s",
                          luaL_typename(L, -1));
        va_start(names, function);
        check_option_name(L, lua_tostring(L, -1), function, names);
        va_end(names);
    }
}

/* Pushes the option's value; false (nothing pushed) if it is not given. */
static bool push_option(lua_State *L, int arg, const char *name)
{
    if (lua_isnoneornil(L, arg)) return false;
    if (lua_getfield(L, arg, name) != LUA_TNIL) return true;
    lua_pop(L, 1);
    return false;
}

static void option_error(lua_State *L, const char *name, const char *function, const char *expected)
{
    nnb_error(L, "bad option '%s' to '%s' (%s expected, got %s)", name, function, expected,
              luaL_tolstring(L, -1, NULL));
}

bool nnb_option_boolean(lua_State *L, int arg, const char *name, bool otherwise,
                        const char *function)
{
    if (!push_option(L, arg, name)) return otherwise;
    if (!lua_isboolean(L, -1)) option_error(L, name, function, "boolean");
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

double nnb_option_number(lua_State *L, int arg, const char *name, double otherwise,
                         const char *function)
{
    if (!push_option(L, arg, name)) return otherwise;
    if (lua_type(L, -1) != LUA_TNUMBER) option_error(L, name, function, "number");
    double value = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return value;
}

int64_t nnb_option_integer(lua_State *L, int arg, const char *name, int64_t otherwise,
                           const char *function)
{
    int exact = 0;
    if (!push_option(L, arg, name)) return otherwise;
    int64_t value = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &exact) : 0;
    if (!exact) option_error(L, name, function, "integer");
    lua_pop(L, 1);
    return value;
}

int nnb_option_word(lua_State *L, int arg, const char *name, const char *const words[],
                    int otherwise, const char *function)
{
    char list[200] = "";
    if (!push_option(L, arg, name)) return otherwise;
    for (int i = 0; words[i]; i++) {
        size_t used = strlen(list);
        if (lua_type(L, -1) == LUA_TSTRING && strcmp(words[i], lua_tostring(L, -1)) == 0) {
            lua_pop(L, 1);
            return i;
        }
        snprintf(list + used, sizeof list - used, "%s%s", i ? "|" : "", words[i]);
    }
    option_error(L, name, function, list);
    return otherwise;
}

nn_dtype nnb_check_dtype(lua_State *L, int index, const char *function)
{
    nn_dtype dtype = NN_FLOAT32;
    const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
    if (!nn_dtype_parse(name, &dtype))
        nnb_error(L, "bad dtype '%s' to '%s' (float32, float64, int64, uint8 or bool expected)",
                  luaL_tolstring(L, index, NULL), function);
    return dtype;
}

nn_dtype nnb_option_dtype(lua_State *L, int arg, nn_dtype otherwise, const char *function)
{
    if (!push_option(L, arg, "dtype")) return otherwise;
    nn_dtype dtype = nnb_check_dtype(L, lua_gettop(L), function);
    lua_pop(L, 1);
    return dtype;
}

nn_tensor *nnb_option_tensor(lua_State *L, int arg, const char *name, const char *function)
{
    if (!push_option(L, arg, name)) return NULL;
    nn_tensor *t = nnb_to_tensor(L, -1);
    if (!t) option_error(L, name, function, "tensor");
    lua_pop(L, 1); /* the options table still holds it */
    return t;
}

nn_rng *nnb_option_generator(lua_State *L, int arg, const char *function)
{
    if (!push_option(L, arg, "generator")) return nnb_default_generator(L);
    nn_rng *rng = luaL_testudata(L, -1, NNB_GENERATOR);
    if (!rng) option_error(L, "generator", function, "Generator");
    lua_pop(L, 1);
    return rng;
}

/* ---- scalars ---- */

static void set_scalar(nnb_scalar *s, nn_dtype dtype)
{
    s->storage = (nn_storage){.references = 1, .size = sizeof s->bytes, .data = s->bytes};
    s->tensor = (nn_tensor){.storage = &s->storage, .dtype = dtype};
}

const nn_tensor *nnb_check_operand(lua_State *L, int arg, nnb_scalar *s, const nn_tensor *beside,
                                   const char *function)
{
    nn_dtype dtype = beside ? beside->dtype : NN_BOOL;
    switch (lua_type(L, arg)) {
    case LUA_TNUMBER:
        if (lua_isinteger(L, arg)) {
            int64_t value = lua_tointeger(L, arg);
            if (dtype == NN_BOOL || (dtype == NN_UINT8 && (value < 0 || value > UINT8_MAX)))
                dtype = NN_INT64;
            set_scalar(s, dtype);
            nn_tensor_set_int(&s->tensor, 0, value);
        } else {
            set_scalar(s, nn_dtype_is_float(dtype) ? dtype : NN_FLOAT32);
            nn_tensor_set(&s->tensor, 0, lua_tonumber(L, arg));
        }
        return &s->tensor;
    case LUA_TBOOLEAN:
        set_scalar(s, NN_BOOL);
        nn_tensor_set_int(&s->tensor, 0, lua_toboolean(L, arg));
        return &s->tensor;
    default:
        if (!luaL_testudata(L, arg, NNB_TENSOR)) type_error(L, arg, function, "tensor or number");
        return nnb_check_tensor(L, arg, function);
    }
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

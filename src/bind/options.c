/*
** options.c - the trailing table of options of a function
*/
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bind/bind.h"
#include "bind/suggest.h"

static bool is_among(const char *given, va_list names)
{
    const char *name;
    while ((name = va_arg(names, const char *)) != NULL)
        if (strcmp(name, given) == 0) return true;
    return false;
}

static void raise_unknown(lua_State *L, const char *given, const char *function, va_list names)
{
    const char *nearest = NULL;
    int best = NNB_SUGGEST_WITHIN + 1;
    const char *name;
    while ((name = va_arg(names, const char *)) != NULL) {
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
    if (lua_type(L, arg) != LUA_TTABLE) nnb_type_error(L, arg, function, "table of options");
    lua_pushnil(L);
    while (lua_next(L, arg)) {
        va_list names;
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            nnb_arg_error(L, arg, function, "option names are strings, got a %s",
                          luaL_typename(L, -1));
        va_start(names, function);
        bool known = is_among(lua_tostring(L, -1), names);
        va_end(names);
        if (known) continue;
        va_start(names, function);
        raise_unknown(L, lua_tostring(L, -1), function, names);
        va_end(names);
    }
}

/* Pushes the option's value; false (nothing pushed) if it is not given. */
static bool push_option(lua_State *L, int arg, const char *name)
{
    if (lua_type(L, arg) != LUA_TTABLE) return false;
    lua_pushstring(L, name);
    if (lua_rawget(L, arg) != LUA_TNIL) return true;
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

double nnb_required_number(lua_State *L, int arg, const char *name, const char *function)
{
    if (!push_option(L, arg, name)) nnb_error(L, "option '%s' to '%s' is missing", name, function);
    lua_pop(L, 1);
    return nnb_option_number(L, arg, name, 0, function);
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

const char *nnb_option_string(lua_State *L, int arg, const char *name, const char *function)
{
    if (!push_option(L, arg, name)) return NULL;
    if (lua_type(L, -1) != LUA_TSTRING) option_error(L, name, function, "string");
    const char *value = lua_tostring(L, -1);
    lua_pop(L, 1);
    return value;
}

int nnb_option_word(lua_State *L, int arg, const char *name, const char *const words[],
                    int otherwise, const char *function)
{
    char list[200] = "";
    if (!push_option(L, arg, name)) return otherwise;
    const char *given = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    for (int i = 0; given && words[i]; i++)
        if (strcmp(words[i], given) == 0) {
            lua_pop(L, 1);
            return i;
        }
    for (int i = 0; words[i]; i++) {
        size_t used = strlen(list);
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

void nnb_option_shape(lua_State *L, int arg, int64_t *shape, int *ndim, const char *function)
{
    if (!push_option(L, arg, "shape")) return;
    int list = lua_gettop(L);
    if (!lua_istable(L, list) || nnb_check_shape(L, list, shape, ndim, function) == list)
        option_error(L, "shape", function, "list of sizes");
    lua_pop(L, 1);
}

/* The value on top of the stack as one integer for each axis; false if it is none. */
static bool to_axes(lua_State *L, int axes, int64_t *values)
{
    int exact = 0, value = lua_gettop(L);
    if (lua_type(L, value) == LUA_TNUMBER) {
        int64_t all = lua_tointegerx(L, value, &exact);
        for (int i = 0; i < axes; i++) values[i] = all;
        return exact;
    }
    if (!lua_istable(L, value) || lua_rawlen(L, value) != (size_t)axes) return false;
    for (int i = 0; i < axes; i++) {
        bool number = lua_rawgeti(L, value, i + 1) == LUA_TNUMBER;
        values[i] = lua_tointegerx(L, -1, &exact);
        lua_pop(L, 1);
        if (!number || !exact) return false;
    }
    return true;
}

static const char *axes_expected(int axes)
{
    return axes == 1 ? "integer" : "integer or {h, w}";
}

void nnb_option_axes(lua_State *L, int arg, const char *name, int axes, int64_t otherwise,
                     int64_t *values, const char *function)
{
    if (!push_option(L, arg, name)) {
        for (int i = 0; i < axes && otherwise >= 0; i++) values[i] = otherwise;
        return;
    }
    if (!to_axes(L, axes, values)) option_error(L, name, function, axes_expected(axes));
    lua_pop(L, 1);
}

void nnb_check_axes(lua_State *L, int arg, int axes, int64_t *values, const char *function)
{
    if (lua_gettop(L) < arg) lua_settop(L, arg);
    lua_pushvalue(L, arg);
    if (!to_axes(L, axes, values)) nnb_type_error(L, arg, function, axes_expected(axes));
    lua_pop(L, 1);
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

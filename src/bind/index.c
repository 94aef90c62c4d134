/*
** index.c - x[key], x[key] = value, and the functions that take indices
**
**   key                 reads as                          writes to
**   i                   view of entry i of dimension 1    that view
**   { i, {a,b}, {} }    view: entry, range, everything    that view
**   bool tensor         copy of the elements where true   those elements
**   int64 tensor        copy of those entries of dim 1    those entries
**   "name"              method or field                   field (grad, requires_grad)
**
** Indices count from 1; negatives from the end. A range {a,b,step} includes
** both ends. Where autograd keeps a record on a tensor, reading goes through
** core.hooks.index(x, key), writing asks core.hooks.before_write(x, value).
*/
#include <string.h>

#include "bind/bind.h"
#include "bind/suggest.h"
#include "nn/index.h"
#include "tensor/copy.h"
#include "tensor/view.h"

/* Replaces *view by the result of a view function on it. */
#define NARROW(L, view, call)                                                                      \
    do {                                                                                           \
        nn_tensor narrowed = NN_TENSOR_EMPTY;                                                      \
        nn_error narrow_err;                                                                       \
        if ((call) != NN_OK) return nnb_raise(L, &narrow_err, "index");                            \
        nn_tensor_release(view);                                                                   \
        *(view) = narrowed;                                                                        \
    } while (0)

/* An index as the core counts it. Outside 0..size-1 if i is outside the dimension. */
static int64_t from_end(int64_t i, int64_t size)
{
    return i < 0 ? i + size : i - 1;
}

static int64_t entry_integer(lua_State *L, int index, const char *what)
{
    int exact;
    int64_t value = lua_tointegerx(L, index, &exact);
    if (lua_type(L, index) != LUA_TNUMBER || !exact)
        nnb_arg_error(L, 2, "index", "%s is %s, expected an integer", what,
                      luaL_tolstring(L, index, NULL));
    if (value == 0) nnb_arg_error(L, 2, "index", "%s is 0; indices count from 1", what);
    return value;
}

/* The range {first, last, step} at the top of the stack, applied to dimension dim of view, which
** was dimension `position` of t. An empty range may start one past the end and end at 0. */
static int apply_range(lua_State *L, nn_tensor *view, int dim, int position, const nn_tensor *t)
{
    int range = lua_gettop(L);
    int64_t size = view->shape[dim], step = 1;
    lua_rawgeti(L, range, 1);
    int64_t from = entry_integer(L, -1, "start of range"), to = from;
    lua_rawgeti(L, range, 2);
    if (lua_isinteger(L, -1) && lua_tointeger(L, -1) == 0)
        to = 0;
    else if (!lua_isnil(L, -1))
        to = entry_integer(L, -1, "end of range");
    lua_rawgeti(L, range, 3);
    if (!lua_isnil(L, -1)) step = entry_integer(L, -1, "step of range");
    lua_settop(L, range);

    int64_t first = from_end(from, size), last = from_end(to, size);
    bool empty = step > 0 ? last < first : last > first;
    if (first < 0 || first > size - !empty || last < -empty || last >= size)
        return nnb_arg_error(L, 2, "index",
                             "range %I..%I is outside 1..%I of dimension %d in shape %s",
                             (lua_Integer)from, (lua_Integer)to, (lua_Integer)size, position,
                             nn_tensor_shape_name(t).text);
    int64_t count = empty ? 0 : (last - first) / step + 1;
    NARROW(L, view, nn_tensor_slice(&narrowed, view, dim, first, count, step, &narrow_err));
    return 0;
}

/* Entry number `position` of a key, at the top of the stack, applied to dimension *dim of view,
** which was dimension `position` of t. */
static int apply_entry(lua_State *L, nn_tensor *view, int *dim, int position, const nn_tensor *t)
{
    int entry = lua_gettop(L);
    if (position > t->ndim)
        return nnb_arg_error(L, 2, "index", "more indices than the %d dimensions of shape %s",
                             t->ndim, nn_tensor_shape_name(t).text);
    int64_t size = view->shape[*dim];
    if (lua_type(L, entry) == LUA_TNUMBER) {
        int64_t i = entry_integer(L, entry, "index");
        if (from_end(i, size) < 0 || from_end(i, size) >= size)
            return nnb_arg_error(
                L, 2, "index", "index %I is outside 1..%I of dimension %d in shape %s",
                (lua_Integer)i, (lua_Integer)size, position, nn_tensor_shape_name(t).text);
        NARROW(L, view, nn_tensor_select(&narrowed, view, *dim, from_end(i, size), &narrow_err));
        return 0;
    }
    if (lua_type(L, entry) != LUA_TTABLE)
        return nnb_arg_error(L, 2, "index",
                             "an entry is a %s, expected an integer or a range {a,b}",
                             luaL_typename(L, entry));
    lua_Unsigned length = lua_rawlen(L, entry);
    if (length > 3) return nnb_arg_error(L, 2, "index", "a range has at most {first, last, step}");
    if (length > 0) apply_range(L, view, *dim, position, t);
    ++*dim;
    return 0;
}

/* Makes *view, another handle on t, the part of it that the number or table at arg names. */
static void apply_key(lua_State *L, nn_tensor *view, const nn_tensor *t, int arg)
{
    int dim = 0;
    if (lua_type(L, arg) == LUA_TNUMBER) {
        lua_pushvalue(L, arg);
        apply_entry(L, view, &dim, 1, t);
        lua_pop(L, 1);
        return;
    }
    lua_Integer entries = (lua_Integer)lua_rawlen(L, arg);
    for (lua_Integer e = 1; e <= entries; e++) {
        lua_rawgeti(L, arg, e);
        apply_entry(L, view, &dim, (int)e, t);
        lua_pop(L, 1);
    }
}

static bool is_view_key(lua_State *L, int arg)
{
    return lua_type(L, arg) == LUA_TNUMBER || lua_type(L, arg) == LUA_TTABLE;
}

static int bad_key(lua_State *L)
{
    return nnb_arg_error(L, 2, "index",
                         "index is a %s, expected an integer, a table, or a bool or int64 tensor",
                         luaL_typename(L, 2));
}

/* Raises the error of a core call, about the argument that has number `arg` here. */
static int raise_about(lua_State *L, nn_error *err, int arg)
{
    if (err->arg > 0) err->arg = arg;
    return nnb_raise(L, err, "index");
}

/* index(x, key) -> x[key], without autograd. */
static int core_index(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "index");
    nn_error err;
    if (is_view_key(L, 2)) {
        nn_tensor *view = nnb_new_tensor(L);
        nn_tensor_retain(view, t);
        apply_key(L, view, t, 2);
        return 1;
    }
    const nn_tensor *key = nnb_to_tensor(L, 2);
    if (!key) return bad_key(L);
    nn_tensor *out = nnb_new_tensor(L);
    nn_status status = key->dtype == NN_BOOL ? nn_masked_select(out, t, key, &err)
                                             : nn_index_select(out, t, 0, key, &err);
    return status == NN_OK ? 1 : raise_about(L, &err, 2);
}

/* set_index(x, key, value): x[key] = value, without autograd. */
static int core_set_index(lua_State *L)
{
    nn_tensor *t = nnb_check_tensor(L, 1, "index");
    nnb_scalar s;
    const nn_tensor *value = nnb_check_value(L, 3, &s, "index");
    nn_error err;
    if (is_view_key(L, 2)) {
        nn_tensor *view = nnb_new_tensor(L);
        nn_tensor_retain(view, t);
        apply_key(L, view, t, 2);
        if (nn_tensor_copy(view, value, &err) != NN_OK) return raise_about(L, &err, 3);
    } else {
        const nn_tensor *key = nnb_to_tensor(L, 2);
        if (!key) return bad_key(L);
        if (key->dtype == NN_BOOL)
            NNB_TRY(L, nn_masked_copy(t, key, value, &err), &err, "index");
        else if (nn_index_copy(t, 0, key, value, &err) != NN_OK)
            return raise_about(L, &err, err.arg - 1); /* the core is told a dimension, too */
    }
    t->storage->version++;
    return 0;
}

/* Pushes core.hooks[name] (upvalue 2 is core.hooks); false if Lua installed none. */
static bool push_hook(lua_State *L, const char *name)
{
    return lua_getfield(L, lua_upvalueindex(2), name) == LUA_TFUNCTION;
}

/* Pushes the record that autograd keeps on the value at arg; its type, not a table if none. */
static int push_record(lua_State *L, int arg)
{
    if (lua_type(L, arg) == LUA_TUSERDATA) return lua_getiuservalue(L, arg, 1);
    lua_pushnil(L); /* x is anything if a script calls the metamethod itself */
    return LUA_TNIL;
}

/* Raises that a tensor has no such method or field, with the nearest name that it has; among
** equally near ones the first in alphabetical order. upvalue 1: methods. */
static int unknown_name(lua_State *L, const char *name)
{
    const char *nearest = "grad";
    int best = nnb_edit_distance(name, nearest);
    lua_pushnil(L);
    while (lua_next(L, lua_upvalueindex(1))) {
        const char *known = lua_tostring(L, -2);
        int distance = nnb_edit_distance(name, known);
        if (distance < best || (distance == best && strcmp(known, nearest) < 0)) {
            best = distance;
            nearest = known;
        }
        lua_pop(L, 1);
    }
    if (best > NNB_SUGGEST_WITHIN) return nnb_error(L, "a tensor has no '%s'", name);
    return nnb_error(L, "a tensor has no '%s' (did you mean '%s'?)", name, nearest);
}

/* upvalues: methods, hooks */
static int tensor_index(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TSTRING) {
        lua_pushvalue(L, 2);
        if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
        const char *name = lua_tostring(L, 2);
        bool flag = strcmp(name, "requires_grad") == 0;
        if (!flag && strcmp(name, "grad") != 0) return unknown_name(L, name);
        if (push_record(L, 1) != LUA_TTABLE) {
            if (flag) lua_pushboolean(L, false);
            return 1;
        }
        lua_getfield(L, -1, name);
        if (flag) lua_pushboolean(L, lua_toboolean(L, -1));
        return 1;
    }
    lua_settop(L, 2);
    if (push_record(L, 1) == LUA_TTABLE && push_hook(L, "index")) {
        lua_pushvalue(L, 1);
        lua_pushvalue(L, 2);
        lua_call(L, 2, 1);
        return 1;
    }
    lua_settop(L, 2);
    return core_index(L);
}

/* True if the value at arg is a tensor on which autograd keeps a record. */
static bool has_record(lua_State *L, int arg)
{
    bool found = push_record(L, arg) == LUA_TTABLE && nnb_to_tensor(L, arg);
    lua_pop(L, 1);
    return found;
}

static int tensor_newindex(lua_State *L)
{
    lua_settop(L, 3);
    if (lua_type(L, 2) == LUA_TSTRING) {
        const char *name = lua_tostring(L, 2);
        if ((strcmp(name, "grad") != 0 && strcmp(name, "requires_grad") != 0) ||
            !push_hook(L, "set_field"))
            return nnb_error(L, "a tensor has no field '%s' to assign to", name);
        lua_insert(L, 1);
        lua_call(L, 3, 0);
        return 0;
    }
    if ((has_record(L, 1) || has_record(L, 3)) && push_hook(L, "before_write")) {
        lua_pushvalue(L, 1);
        lua_pushvalue(L, 3);
        lua_call(L, 2, 0);
    }
    lua_settop(L, 3);
    return core_set_index(L);
}

/* x:index_select(dim, indices) -> a copy of the entries of dimension dim that the int64 tensor
** indices [n] names, in its order; negative ones count from the end. Raises for an index outside
** 1..size. */
static int tensor_index_select(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "index_select");
    int64_t dim = nnb_check_dim(L, 2, "index_select");
    const nn_tensor *index = nnb_check_tensor(L, 3, "index_select");
    nn_error err;
    NNB_TRY(L, nn_index_select(nnb_new_tensor(L), t, dim, index, &err), &err, "index_select");
    return 1;
}

static int place(lua_State *L, const char *function,
                 nn_status (*core)(nn_tensor *t, int64_t dim, const nn_tensor *index,
                                   const nn_tensor *source, nn_error *err))
{
    nn_tensor *t = nnb_check_tensor(L, 1, function);
    int64_t dim = nnb_check_dim(L, 2, function);
    const nn_tensor *index = nnb_check_tensor(L, 3, function);
    const nn_tensor *source = nnb_check_tensor(L, 4, function);
    nn_error err;
    NNB_TRY(L, core(t, dim, index, source, &err), &err, function);
    t->storage->version++;
    lua_settop(L, 1);
    return 1;
}

/* x:index_copy_(dim, indices, y) -> x, whose entry indices[i] of dimension dim is now entry i of
** y. indices: int64 [n]; y broadcasts. Raises for an index outside 1..size, before anything is
** written. */
static int tensor_index_copy(lua_State *L)
{
    return place(L, "index_copy_", nn_index_copy);
}

/* x:index_add_(dim, indices, y) -> x, to whose entry indices[i] of dimension dim entry i of y is
** added, as often as an index occurs. indices: int64 [n]; y broadcasts. Raises for an index
** outside 1..size, before anything is written. */
static int tensor_index_add(lua_State *L)
{
    return place(L, "index_add_", nn_index_add);
}

/* x:scatter_add_(dim, indices, y) -> x with x[i][indices[i][j]] += y[i][j] for dim 2 of a
** matrix, and so on. indices: int64, in the shape of y. Raises for an index outside 1..size. */
static int tensor_scatter_add(lua_State *L)
{
    return place(L, "scatter_add_", nn_scatter_add);
}

/* x:gather(dim, indices) -> y with y[i][j] = x[i][indices[i][j]] for dim 2 of a matrix, and so
** on; in the shape of the int64 tensor indices. Raises for an index outside 1..size. */
static int tensor_gather(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "gather");
    int64_t dim = nnb_check_dim(L, 2, "gather");
    const nn_tensor *index = nnb_check_tensor(L, 3, "gather");
    nn_error err;
    NNB_TRY(L, nn_gather(nnb_new_tensor(L), t, dim, index, &err), &err, "gather");
    return 1;
}

/* x:masked_select(mask) -> x[mask]: a copy [n] of the elements where the bool tensor mask is
** true. */
static int tensor_masked_select(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "masked_select");
    const nn_tensor *mask = nnb_check_tensor(L, 2, "masked_select");
    nn_error err;
    NNB_TRY(L, nn_masked_select(nnb_new_tensor(L), t, mask, &err), &err, "masked_select");
    return 1;
}

static int join(lua_State *L, const char *function,
                nn_status (*core)(nn_tensor *out, int count, const nn_tensor *const *tensors,
                                  int64_t dim, nn_error *err))
{
    nn_error err;
    if (lua_type(L, 1) != LUA_TTABLE)
        return nnb_arg_error(L, 1, function, "a list of tensors expected, got %s",
                             luaL_typename(L, 1));
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    int64_t dim = lua_isnoneornil(L, 2) ? 0 : nnb_check_dim(L, 2, function);
    if (count > INT32_MAX) return nnb_arg_error(L, 1, function, "too many tensors");
    const nn_tensor **tensors = lua_newuserdatauv(L, (size_t)count * sizeof *tensors + 1, 0);
    nn_tensor *out = nnb_new_tensor(L);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        tensors[i - 1] = nnb_to_tensor(L, -1);
        if (!tensors[i - 1])
            return nnb_arg_error(L, 1, function, "entry %I is a %s, expected a tensor", i,
                                 luaL_typename(L, -1));
        lua_pop(L, 1); /* the list holds it, and nothing is allocated before the call */
    }
    NNB_TRY(L, core(out, (int)count, tensors, dim, &err), &err, function);
    return 1;
}

/* nn.cat({x, ...} [, dim = 1]) -> the tensors joined along dimension dim; their other sizes are
** equal, their dtypes are promoted. */
static int core_cat(lua_State *L)
{
    return join(L, "cat", nn_cat);
}

/* nn.stack({x, ...} [, dim = 1]) -> the tensors, of one shape, joined along a new dimension at
** dim. */
static int core_stack(lua_State *L)
{
    return join(L, "stack", nn_stack);
}

static const luaL_Reg functions[] = {
    {"index", core_index}, {"set_index", core_set_index}, {"cat", core_cat}, {"stack", core_stack},
    {NULL, NULL},
};

static const luaL_Reg methods[] = {
    {"index_select", tensor_index_select},
    {"index_copy_", tensor_index_copy},
    {"index_add_", tensor_index_add},
    {"scatter_add_", tensor_scatter_add},
    {"gather", tensor_gather},
    {"masked_select", tensor_masked_select},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__index", tensor_index},
    {"__newindex", tensor_newindex},
    {NULL, NULL},
};

void nnb_open_index(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    nnb_set_methods(L, methods);
    lua_getfield(L, -1, "Tensor");
    lua_getfield(L, -1, "metatable");
    lua_getfield(L, -2, "methods");
    lua_getfield(L, -4, "hooks");
    luaL_setfuncs(L, metamethods, 2);
    lua_pop(L, 2);
}

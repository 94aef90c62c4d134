/*
** tensor.c - the tensor userdata: life, queries, views, conversion
**
** One userdata owns one nn_tensor; one idempotent release serves __gc and
** __close. Its user value is autograd's record (nil on a raw tensor).
*/
#include <string.h>

#include "bind/bind.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"
#include "tensor/format.h"
#include "tensor/view.h"

static int tensor_release(lua_State *L)
{
    nnb_close_tensor(luaL_checkudata(L, 1, NNB_TENSOR));
    return 0;
}

static int push_text(lua_State *L)
{
    lua_pushstring(L, lua_touserdata(L, 1));
    return 1;
}

static int tensor_tostring(lua_State *L)
{
    nn_tensor *t = luaL_checkudata(L, 1, NNB_TENSOR);
    nn_error err;
    char *text = NULL;
    if (nnb_is_closed(t)) {
        lua_pushliteral(L, "[closed tensor]");
        return 1;
    }
    NNB_TRY(L, nn_tensor_format(&text, t, &err), &err, "tostring");
    /* Making the string may raise; the text must be freed before that goes on. */
    lua_pushcfunction(L, push_text);
    lua_pushlightuserdata(L, text);
    int status = lua_pcall(L, 1, 1, 0);
    nn_free(text);
    return status == LUA_OK ? 1 : lua_error(L);
}

static int tensor_len(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "#");
    if (t->ndim == 0) return nnb_arg_error(L, 1, "#", "a 0-dim tensor has no length");
    lua_pushinteger(L, t->shape[0]);
    return 1;
}

/* ---- queries ---- */

#define SHAPE "nnlua.Shape"

/* A list of sizes as text, "[2,3]". */
static int shape_tostring(lua_State *L)
{
    int64_t shape[NN_MAX_RANK];
    int ndim;
    nnb_check_shape(L, 1, shape, &ndim, "tostring");
    lua_pushstring(L, nn_shape_name(ndim, shape).text);
    return 1;
}

/* Sizes or strides: a plain list that prints as one. */
static void push_list(lua_State *L, int n, const int64_t *values)
{
    lua_createtable(L, n, 0);
    luaL_setmetatable(L, SHAPE);
    for (int i = 0; i < n; i++) {
        lua_pushinteger(L, values[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

static int dim_or_list(lua_State *L, const int64_t *values, const char *function)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, function);
    nn_error err;
    int dim;
    if (lua_isnoneornil(L, 2)) {
        push_list(L, t->ndim, values);
        return 1;
    }
    NNB_TRY(L, nn_dim_check(nnb_check_dim(L, 2, function), t->ndim, &dim, &err), &err, function);
    lua_pushinteger(L, values[dim]);
    return 1;
}

/* x:shape() -> the list of sizes. */
static int tensor_shape(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "shape");
    push_list(L, t->ndim, t->shape);
    return 1;
}

/* x:size([dim]) -> the size of dimension dim, or the list of all. -1 is the last dimension. */
static int tensor_size(lua_State *L)
{
    return dim_or_list(L, nnb_check_tensor(L, 1, "size")->shape, "size");
}

/* x:stride([dim]) -> how many elements lie between neighbours along dimension dim, or the list
** for all dimensions. */
static int tensor_stride(lua_State *L)
{
    return dim_or_list(L, nnb_check_tensor(L, 1, "stride")->stride, "stride");
}

/* x:ndim() -> the number of dimensions. #x is the size of the first. */
static int tensor_ndim(lua_State *L)
{
    lua_pushinteger(L, nnb_check_tensor(L, 1, "ndim")->ndim);
    return 1;
}

/* x:numel() -> the number of elements. */
static int tensor_numel(lua_State *L)
{
    lua_pushinteger(L, nn_tensor_numel(nnb_check_tensor(L, 1, "numel")));
    return 1;
}

/* x:dtype() -> the name of the element type: "float32", "float64", "int64", "uint8", "bool". */
static int tensor_dtype(lua_State *L)
{
    lua_pushstring(L, nn_dtype_name(nnb_check_tensor(L, 1, "dtype")->dtype));
    return 1;
}

/* x:is_contiguous() -> whether the elements lie in row-major order without gaps. */
static int tensor_is_contiguous(lua_State *L)
{
    lua_pushboolean(L, nn_tensor_is_contiguous(nnb_check_tensor(L, 1, "is_contiguous")));
    return 1;
}

/* x:item() -> the only element of x as a number (int64 and uint8: an integer) or a boolean.
** Raises for another number of elements. */
static int tensor_item(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "item");
    if (nn_tensor_numel(t) != 1)
        return nnb_arg_error(L, 1, "item", "shape %s has more or less than one element",
                             nn_tensor_shape_name(t).text);
    nnb_push_element(L, t, 0);
    return 1;
}

static void push_table(lua_State *L, const nn_tensor *t, int dim, int64_t at)
{
    if (dim == t->ndim) {
        nnb_push_element(L, t, at);
        return;
    }
    luaL_checkstack(L, 2, "nested tables");
    lua_createtable(L, t->shape[dim] < INT32_MAX ? (int)t->shape[dim] : 0, 0);
    for (int64_t i = 0; i < t->shape[dim]; i++) {
        push_table(L, t, dim + 1, at + i * t->stride[dim]);
        lua_rawseti(L, -2, i + 1);
    }
}

/* x:totable() -> nested tables of numbers or booleans; a 0-dim tensor gives its number. */
static int tensor_totable(lua_State *L)
{
    push_table(L, nnb_check_tensor(L, 1, "totable"), 0, 0);
    return 1;
}

/* ---- views and copies ---- */

/* Sizes, or dimensions, from argument 2 to the last; gives their number. */
static int check_sizes(lua_State *L, int64_t *sizes, const char *function)
{
    int n, after = nnb_check_shape(L, 2, sizes, &n, function);
    if (!lua_isnoneornil(L, after))
        nnb_arg_error(L, after, function, "integer expected, got %s", luaL_typename(L, after));
    return n;
}

/* x:view(sizes...) -> the same elements in another shape, sharing memory; one size may be -1.
** Raises where the strides do not allow a view: use reshape. sizes: integers or one table. */
static int tensor_view(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "view");
    int64_t shape[NN_MAX_RANK];
    int ndim = check_sizes(L, shape, "view");
    nn_error err;
    NNB_TRY(L, nn_tensor_view(nnb_new_tensor(L), t, ndim, shape, &err), &err, "view");
    return 1;
}

/* x:reshape(sizes...) -> the elements in another shape: a view where that is possible, else a
** copy. One size may be -1: x:reshape(-1, 28 * 28). sizes: integers or one table. */
static int tensor_reshape(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "reshape");
    int64_t shape[NN_MAX_RANK];
    int ndim = check_sizes(L, shape, "reshape");
    nn_error err;
    NNB_TRY(L, nn_tensor_reshape(nnb_new_tensor(L), t, ndim, shape, &err), &err, "reshape");
    return 1;
}

/* x:flatten([first = 1]) -> dimensions from first on joined into one: [N,28,28]:flatten(2) is
** [N,784]. A view or a copy, as reshape. */
static int tensor_flatten(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "flatten");
    int64_t shape[NN_MAX_RANK];
    int first = 0;
    nn_error err;
    if (!lua_isnoneornil(L, 2))
        NNB_TRY(L, nn_dim_check(nnb_check_dim(L, 2, "flatten"), t->ndim, &first, &err), &err,
                "flatten");
    int64_t joined = 1;
    for (int d = first; d < t->ndim; d++) joined *= t->shape[d];
    for (int d = 0; d < first; d++) shape[d] = t->shape[d];
    shape[first] = joined;
    NNB_TRY(L, nn_tensor_reshape(nnb_new_tensor(L), t, first + 1, shape, &err), &err, "flatten");
    return 1;
}

/* x:transpose(a, b) -> a view with dimensions a and b exchanged. */
static int tensor_transpose(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "transpose");
    int64_t a = nnb_check_dim(L, 2, "transpose"), b = nnb_check_dim(L, 3, "transpose");
    nn_error err;
    NNB_TRY(L, nn_tensor_transpose(nnb_new_tensor(L), t, a, b, &err), &err, "transpose");
    return 1;
}

/* x:t() -> a view of a matrix transposed; vectors and 0-dim tensors come back as they are.
** Raises for more dimensions. */
static int tensor_t(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "t");
    nn_error err;
    if (t->ndim > 2)
        return nnb_arg_error(L, 1, "t", "shape %s is not a matrix; use transpose",
                             nn_tensor_shape_name(t).text);
    if (t->ndim < 2) {
        nn_tensor_retain(nnb_new_tensor(L), t);
        return 1;
    }
    NNB_TRY(L, nn_tensor_transpose(nnb_new_tensor(L), t, 0, 1, &err), &err, "t");
    return 1;
}

/* x:permute(d1, d2, ...) -> a view whose dimension i is dimension di of x; also one table.
** images:permute(1, 3, 4, 2) makes [N,H,W,C] of [N,C,H,W]. */
static int tensor_permute(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "permute");
    int64_t dims[NN_MAX_RANK];
    int ndim = check_sizes(L, dims, "permute");
    nn_error err;
    for (int d = 0; d < ndim; d++) {
        if (dims[d] == 0)
            return nnb_arg_error(L, 2, "permute", "dimension 0; dimensions count from 1");
        if (dims[d] > 0) dims[d]--;
    }
    NNB_TRY(L, nn_tensor_permute(nnb_new_tensor(L), t, ndim, dims, &err), &err, "permute");
    return 1;
}

/* x:squeeze([dim]) -> a view without dimension dim if its size is 1, or without all dimensions
** of size 1. */
static int tensor_squeeze(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "squeeze");
    nn_error err;
    if (lua_isnoneornil(L, 2)) {
        NNB_TRY(L, nn_tensor_squeeze_all(nnb_new_tensor(L), t, &err), &err, "squeeze");
        return 1;
    }
    int64_t dim = nnb_check_dim(L, 2, "squeeze");
    NNB_TRY(L, nn_tensor_squeeze(nnb_new_tensor(L), t, dim, &err), &err, "squeeze");
    return 1;
}

/* x:unsqueeze(dim) -> a view with a new dimension of size 1 at dim, 1..ndim+1 or negative. */
static int tensor_unsqueeze(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "unsqueeze");
    int64_t dim = nnb_check_dim(L, 2, "unsqueeze");
    nn_error err;
    NNB_TRY(L, nn_tensor_unsqueeze(nnb_new_tensor(L), t, dim, &err), &err, "unsqueeze");
    return 1;
}

/* x:expand(sizes...) -> a view in which dimensions of size 1, and missing leading ones, are
** repeated; -1 keeps a size. It cannot be written to. */
static int tensor_expand(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "expand");
    int64_t shape[NN_MAX_RANK];
    int ndim = check_sizes(L, shape, "expand");
    nn_error err;
    NNB_TRY(L, nn_tensor_expand(nnb_new_tensor(L), t, ndim, shape, &err), &err, "expand");
    return 1;
}

/* x:contiguous() -> the elements in row-major order without gaps: x's own if they are so
** already, else a copy. */
static int tensor_contiguous(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "contiguous");
    nn_error err;
    NNB_TRY(L, nn_tensor_contiguous(nnb_new_tensor(L), t, t->dtype, &err), &err, "contiguous");
    return 1;
}

/* x:clone() -> a copy. */
static int tensor_clone(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "clone");
    nn_error err;
    NNB_TRY(L, nn_tensor_clone(nnb_new_tensor(L), t, &err), &err, "clone");
    return 1;
}

/* x:to(dtype) -> the elements in another dtype; shares memory if the dtype is x's own. A float
** becomes an integer by truncation. Differentiable between floats. */
static int tensor_to(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "to");
    nn_dtype dtype = nnb_check_dtype(L, 2, "to");
    nn_error err;
    if (dtype == t->dtype) {
        nn_tensor_retain(nnb_new_tensor(L), t);
        return 1;
    }
    NNB_TRY(L, nn_tensor_to(nnb_new_tensor(L), t, dtype, &err), &err, "to");
    return 1;
}

/* x:tobytes() -> the elements in row-major order, little-endian, as a string; nn.from_bytes
** reads it. */
static int tensor_tobytes(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "tobytes");
    nn_error err;
    nn_tensor *plain = nnb_new_tensor(L);
    NNB_TRY(L, nn_tensor_contiguous(plain, t, t->dtype, &err), &err, "tobytes");
    lua_pushlstring(L, nn_tensor_data(plain),
                    (size_t)nn_tensor_numel(plain) * nn_dtype_size(plain->dtype));
    return 1;
}

/* ---- in place ---- */

/* x:fill_(v) -> x, all its elements now v: a number, a boolean or a 0-dim tensor. */
static int tensor_fill(lua_State *L)
{
    nn_tensor *t = nnb_check_tensor(L, 1, "fill_");
    nnb_scalar s;
    const nn_tensor *value = nnb_check_value(L, 2, &s, "fill_");
    nn_error err;
    if (value->ndim != 0) return nnb_arg_error(L, 2, "fill_", "one number expected");
    NNB_TRY(L, nn_tensor_copy(t, value, &err), &err, "fill_");
    t->storage->version++;
    lua_settop(L, 1);
    return 1;
}

/* x:zero_() -> x, all its elements now 0. */
static int tensor_zero(lua_State *L)
{
    nn_tensor *t = nnb_check_tensor(L, 1, "zero_");
    nn_tensor_fill(t, 0);
    t->storage->version++;
    lua_settop(L, 1);
    return 1;
}

/* x:copy_(y) -> x, its elements now those of y, which is broadcast to x's shape and converted to
** its dtype. */
static int tensor_copy(lua_State *L)
{
    nn_tensor *t = nnb_check_tensor(L, 1, "copy_");
    const nn_tensor *source = nnb_check_tensor(L, 2, "copy_");
    nn_error err;
    NNB_TRY(L, nn_tensor_copy(t, source, &err), &err, "copy_");
    t->storage->version++;
    lua_settop(L, 1);
    return 1;
}

/* ---- for the Lua library ---- */

/* nn.is_tensor(v) -> whether v is a tensor. */
static int core_is_tensor(lua_State *L)
{
    lua_pushboolean(L, luaL_testudata(L, 1, NNB_TENSOR) != NULL);
    return 1;
}

/* core.version(x) -> how often x's storage was written to in place. */
static int core_version(lua_State *L)
{
    lua_pushinteger(L, nnb_check_tensor(L, 1, "version")->storage->version);
    return 1;
}

/* core.get_record(x) -> what autograd keeps on x, or nil. Unchecked: x is a tensor. */
static int core_get_record(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TUSERDATA || lua_getiuservalue(L, 1, 1) == LUA_TNONE) lua_pushnil(L);
    return 1;
}

static int core_set_record(lua_State *L)
{
    nnb_check_tensor(L, 1, "set_record");
    lua_settop(L, 2);
    lua_setiuservalue(L, 1, 1);
    return 0;
}

/* core.set_data(x, source): x becomes another handle on source's elements, whatever its shape and
** dtype; who holds x sees them. What a module's conversion does to its parameters. */
static int core_set_data(lua_State *L)
{
    nn_tensor *t = nnb_check_tensor(L, 1, "set_data");
    const nn_tensor *source = nnb_check_tensor(L, 2, "set_data");
    nn_tensor retained;
    nn_tensor_retain(&retained, source);
    nn_tensor_release(t);
    *t = retained;
    return 0;
}

static int core_set_library(lua_State *L)
{
    nnb_set_library(L, nnb_check_string(L, 1, NULL, "set_library"));
    return 0;
}

static int core_raise(lua_State *L)
{
    return nnb_error(L, "%s", nnb_check_string(L, 1, NULL, "raise"));
}

static int core_arg_error(lua_State *L)
{
    int arg = (int)nnb_check_integer(L, 1, "arg_error");
    const char *function = nnb_check_string(L, 2, NULL, "arg_error");
    return nnb_arg_error(L, arg, function, "%s", nnb_check_string(L, 3, NULL, "arg_error"));
}

static const luaL_Reg methods[] = {
    {"shape", tensor_shape},
    {"size", tensor_size},
    {"stride", tensor_stride},
    {"ndim", tensor_ndim},
    {"numel", tensor_numel},
    {"dtype", tensor_dtype},
    {"is_contiguous", tensor_is_contiguous},
    {"item", tensor_item},
    {"totable", tensor_totable},
    {"tobytes", tensor_tobytes},
    {"view", tensor_view},
    {"reshape", tensor_reshape},
    {"flatten", tensor_flatten},
    {"transpose", tensor_transpose},
    {"t", tensor_t},
    {"permute", tensor_permute},
    {"squeeze", tensor_squeeze},
    {"unsqueeze", tensor_unsqueeze},
    {"expand", tensor_expand},
    {"contiguous", tensor_contiguous},
    {"clone", tensor_clone},
    {"to", tensor_to},
    {"fill_", tensor_fill},
    {"zero_", tensor_zero},
    {"copy_", tensor_copy},
    {NULL, NULL},
};

/* core.storage(x) -> what is the same for all views of one memory, its bytes */
static int core_storage(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "storage");
    lua_pushlightuserdata(L, t->storage);
    lua_pushinteger(L, (lua_Integer)t->storage->size);
    return 2;
}

static const luaL_Reg metamethods[] = {
    {"__gc", tensor_release},
    {"__close", tensor_release},
    {"__tostring", tensor_tostring},
    {"__len", tensor_len},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"is_tensor", core_is_tensor},
    {"version", core_version},
    {"get_record", core_get_record},
    {"set_record", core_set_record},
    {"raise", core_raise},
    {"storage", core_storage},
    {"arg_error", core_arg_error},
    {"set_data", core_set_data},
    {"set_library", core_set_library},
    {NULL, NULL},
};

void nnb_open_tensor(lua_State *L)
{
    luaL_newmetatable(L, SHAPE);
    lua_pushcfunction(L, shape_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pop(L, 1);
    luaL_newmetatable(L, NNB_TENSOR);
    luaL_setfuncs(L, metamethods, 0);
    lua_createtable(L, 0, 2);
    lua_insert(L, -2);
    lua_setfield(L, -2, "metatable");
    lua_newtable(L);
    lua_setfield(L, -2, "methods");
    lua_setfield(L, -2, "Tensor");
    lua_newtable(L);
    lua_setfield(L, -2, "hooks");
    luaL_setfuncs(L, functions, 0);
    nnb_set_methods(L, methods);
}

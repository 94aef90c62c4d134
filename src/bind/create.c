/*
** create.c - making tensors from sizes, rules, tables and bytes
**
** Every constructor takes its sizes as numbers or one table, then a trailing
** table of options: dtype (default "float32").
*/
#include "tensor/create.h"

#include <string.h>

#include "bind/bind.h"
#include "tensor/copy.h"

/* (sizes..., {dtype=}) */
static int create(lua_State *L, const char *function, bool zero, double value)
{
    int64_t shape[NN_MAX_RANK];
    int ndim, options = nnb_check_shape(L, 1, shape, &ndim, function);
    nn_error err;
    nnb_options(L, options, function, "dtype", NULL);
    nn_dtype dtype = nnb_option_dtype(L, options, NN_FLOAT32, function);
    nn_tensor *out = nnb_new_tensor(L);
    if (zero)
        NNB_TRY(L, nn_tensor_zeros(out, dtype, ndim, shape, &err), &err, function);
    else
        NNB_TRY(L, nn_tensor_full(out, dtype, ndim, shape, value, &err), &err, function);
    return 1;
}

/* nn.zeros(sizes... [, {dtype = "float32"}]) -> a tensor of zeros. sizes: integers or one table
** of them, at most 8; none give a 0-dim tensor: nn.zeros(2, 3), nn.zeros({2, 3}, {dtype =
** "int64"}). */
static int core_zeros(lua_State *L)
{
    return create(L, "zeros", true, 0);
}

/* nn.ones(sizes... [, {dtype = "float32"}]) -> a tensor of ones. sizes as for nn.zeros. */
static int core_ones(lua_State *L)
{
    return create(L, "ones", false, 1);
}

/* The number or boolean at argument 2, for full and full_like. */
static const nn_tensor *check_fill(lua_State *L, nnb_scalar *s, const char *function)
{
    if (!lua_isboolean(L, 2)) nnb_check_number(L, 2, function);
    return nnb_check_value(L, 2, s, function);
}

/* nn.full({sizes}, v [, {dtype = "float32"}]) -> a tensor whose elements are v, a number or a
** boolean (then bool by default). The sizes must be a table. */
static int core_full(lua_State *L)
{
    int64_t shape[NN_MAX_RANK];
    int ndim;
    nnb_scalar s;
    nn_error err;
    if (!lua_istable(L, 1) || nnb_check_shape(L, 1, shape, &ndim, "full") != 2)
        return nnb_arg_error(L, 1, "full", "a list of sizes expected, got %s", luaL_typename(L, 1));
    const nn_tensor *value = check_fill(L, &s, "full");
    nnb_options(L, 3, "full", "dtype", NULL);
    nn_dtype otherwise = value->dtype == NN_BOOL ? NN_BOOL : NN_FLOAT32;
    nn_dtype dtype = nnb_option_dtype(L, 3, otherwise, "full");
    nn_tensor *out = nnb_new_tensor(L);
    NNB_TRY(L, nn_tensor_new(out, dtype, ndim, shape, &err), &err, "full");
    NNB_TRY(L, nn_tensor_copy(out, value, &err), &err, "full");
    return 1;
}

/* zeros_like(x, {dtype=}) and ones_like: x's shape, and its dtype unless told otherwise. */
static int like(lua_State *L, const char *function, double value)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, function);
    nn_error err;
    nnb_options(L, 2, function, "dtype", NULL);
    nn_dtype dtype = nnb_option_dtype(L, 2, t->dtype, function);
    NNB_TRY(L, nn_tensor_full(nnb_new_tensor(L), dtype, t->ndim, t->shape, value, &err), &err,
            function);
    return 1;
}

/* nn.zeros_like(x [, {dtype}]) -> zeros in the shape of x, with its dtype unless another is
** given. */
static int core_zeros_like(lua_State *L)
{
    return like(L, "zeros_like", 0);
}

/* nn.ones_like(x [, {dtype}]) -> ones in the shape of x, with its dtype unless another is given. */
static int core_ones_like(lua_State *L)
{
    return like(L, "ones_like", 1);
}

/* nn.full_like(x, v [, {dtype}]) -> elements v, a number or a boolean, in the shape of x and
** with its dtype unless another is given. */
static int core_full_like(lua_State *L)
{
    const nn_tensor *t = nnb_check_tensor(L, 1, "full_like");
    nnb_scalar s;
    const nn_tensor *value = check_fill(L, &s, "full_like");
    nn_error err;
    nnb_options(L, 3, "full_like", "dtype", NULL);
    nn_dtype dtype = nnb_option_dtype(L, 3, t->dtype, "full_like");
    nn_tensor *out = nnb_new_tensor(L);
    NNB_TRY(L, nn_tensor_like(out, t, dtype, &err), &err, "full_like");
    NNB_TRY(L, nn_tensor_copy(out, value, &err), &err, "full_like");
    return 1;
}

/* nn.eye(n [, m = n] [, {dtype = "float32"}]) -> [n,m], ones on the diagonal, zeros elsewhere. */
static int core_eye(lua_State *L)
{
    int64_t n = nnb_check_integer(L, 1, "eye");
    bool square = lua_type(L, 2) != LUA_TNUMBER;
    int64_t m = square ? n : nnb_check_integer(L, 2, "eye");
    int options = square ? 2 : 3;
    nn_error err;
    nnb_options(L, options, "eye", "dtype", NULL);
    nn_dtype dtype = nnb_option_dtype(L, options, NN_FLOAT32, "eye");
    NNB_TRY(L, nn_tensor_eye(nnb_new_tensor(L), dtype, n, m, &err), &err, "eye");
    return 1;
}

/* nn.arange([first = 0,] stop [, step = 1] [, {dtype}]) -> first, first + step, ... before stop.
** int64 if all are integers, else float32. Empty if the step leads away from stop; raises for
** step 0. nn.arange(1, 4) is 1, 2, 3. */
static int core_arange(lua_State *L)
{
    double bound[3] = {0, 0, 1};
    int64_t exact[3] = {0, 0, 1}; /* the same bounds, if they are integers */
    int n = 0;
    bool integers = true;
    nn_error err;
    for (; n < 3 && lua_type(L, n + 1) == LUA_TNUMBER; n++) {
        bound[n] = lua_tonumber(L, n + 1);
        exact[n] = lua_tointeger(L, n + 1);
        integers = integers && lua_isinteger(L, n + 1);
    }
    if (n == 0) nnb_check_number(L, 1, "arange");
    if (n == 1) {
        bound[1] = bound[0];
        exact[1] = exact[0];
        bound[0] = 0;
        exact[0] = 0;
    }
    nnb_options(L, n + 1, "arange", "dtype", NULL);
    nn_dtype dtype = nnb_option_dtype(L, n + 1, integers ? NN_INT64 : NN_FLOAT32, "arange");
    nn_tensor *out = nnb_new_tensor(L);
    if (integers)
        NNB_TRY(L, nn_tensor_arange_int(out, dtype, exact[0], exact[1], exact[2], &err), &err,
                "arange");
    else
        NNB_TRY(L, nn_tensor_arange(out, dtype, bound[0], bound[1], bound[2], &err), &err,
                "arange");
    return 1;
}

/* nn.linspace(first, last, n [, {dtype = "float32"}]) -> [n], equally spaced values, both ends
** included. */
static int core_linspace(lua_State *L)
{
    double first = nnb_check_number(L, 1, "linspace"), last = nnb_check_number(L, 2, "linspace");
    int64_t count = nnb_check_integer(L, 3, "linspace");
    nn_error err;
    nnb_options(L, 4, "linspace", "dtype", NULL);
    nn_dtype dtype = nnb_option_dtype(L, 4, NN_FLOAT32, "linspace");
    NNB_TRY(L, nn_tensor_linspace(nnb_new_tensor(L), dtype, first, last, count, &err), &err,
            "linspace");
    return 1;
}

/* ---- from nested tables ---- */

/* Follows the first entries down to the numbers; *booleans is set if they are booleans. The
** table is at the top of the stack and stays there. */
static int measure(lua_State *L, int64_t *shape, bool *booleans)
{
    int ndim = 0;
    lua_pushvalue(L, -1);
    while (lua_type(L, -1) == LUA_TTABLE) {
        if (ndim == NN_MAX_RANK)
            nnb_arg_error(L, 1, "tensor", "tables are nested deeper than %d", NN_MAX_RANK);
        shape[ndim] = (int64_t)lua_rawlen(L, -1);
        if (shape[ndim++] == 0) break;
        lua_rawgeti(L, -1, 1);
        lua_remove(L, -2);
    }
    *booleans = lua_isboolean(L, -1);
    lua_pop(L, 1);
    return ndim;
}

/* Copies the value at the top of the stack into elements from `at` on; gives the next place. */
static int64_t fill_from_table(lua_State *L, nn_tensor *t, int dim, int64_t at)
{
    if (dim < t->ndim) {
        bool table = lua_istable(L, -1);
        lua_Integer length = table ? (lua_Integer)lua_rawlen(L, -1) : 0;
        if (!table || length != t->shape[dim])
            nnb_arg_error(L, 1, "tensor",
                          "ragged nesting: a table of %I entries expected at depth %d, got %s",
                          (lua_Integer)t->shape[dim], dim + 1,
                          table ? lua_pushfstring(L, "one of %I", length) : luaL_typename(L, -1));
        for (int64_t i = 1; i <= t->shape[dim]; i++) {
            luaL_checkstack(L, 2, "nested tables");
            lua_rawgeti(L, -1, i);
            at = fill_from_table(L, t, dim + 1, at);
            lua_pop(L, 1);
        }
        return at;
    }
    if (!nnb_set_element(L, -1, t, at))
        nnb_arg_error(L, 1, "tensor", "a number expected at element %I, got %s",
                      (lua_Integer)at + 1,
                      nnb_to_tensor(L, -1) ? "a tensor; use stack or cat" : luaL_typename(L, -1));
    return at + 1;
}

/* nn.tensor(v [, {dtype}]) -> a new tensor of a number, a boolean, nested tables of them, or of
** another tensor (a copy). dtype: float32, of booleans bool, of a tensor its own. Raises for
** ragged tables, naming the depth. nn.tensor({{1, 2}, {3, 4}}, {dtype = "int64"}) is [2,2]. */
static int core_tensor(lua_State *L)
{
    int64_t shape[NN_MAX_RANK];
    bool booleans;
    nn_error err;
    const nn_tensor *given = nnb_to_tensor(L, 1);
    nnb_options(L, 2, "tensor", "dtype", NULL);
    if (given) {
        nn_dtype dtype = nnb_option_dtype(L, 2, given->dtype, "tensor");
        NNB_TRY(L, nn_tensor_to(nnb_new_tensor(L), given, dtype, &err), &err, "tensor");
        return 1;
    }
    if (!lua_istable(L, 1) && !lua_isboolean(L, 1)) nnb_check_number(L, 1, "tensor");
    lua_settop(L, 2);
    if (lua_istable(L, 1)) {
        lua_pushliteral(L, "dtype");
        if (lua_rawget(L, 1) != LUA_TNIL)
            return nnb_arg_error(L, 1, "tensor", "numbers and options in one table; give it two");
        lua_pop(L, 1);
    }
    lua_pushvalue(L, 1);
    int ndim = measure(L, shape, &booleans);
    nn_dtype dtype = nnb_option_dtype(L, 2, booleans ? NN_BOOL : NN_FLOAT32, "tensor");
    nn_tensor *out = nnb_new_tensor(L);
    NNB_TRY(L, nn_tensor_new(out, dtype, ndim, shape, &err), &err, "tensor");
    lua_pushvalue(L, 1);
    fill_from_table(L, out, 0, 0);
    lua_pop(L, 1);
    return 1;
}

/* nn.from_bytes(s [, {dtype = "float32", shape}]) -> a tensor of the little-endian elements in a
** string; one dimension unless given a shape. Raises if the length does not fit, or for a bool
** that is not 0 or 1. */
static int core_from_bytes(lua_State *L)
{
    size_t length;
    int64_t shape[NN_MAX_RANK];
    int ndim = 1;
    nn_error err;
    const char *bytes = nnb_check_string(L, 1, &length, "from_bytes");
    nnb_options(L, 2, "from_bytes", "dtype", "shape", NULL);
    nn_dtype dtype = nnb_option_dtype(L, 2, NN_FLOAT32, "from_bytes");
    shape[0] = (int64_t)(length / nn_dtype_size(dtype));
    nnb_option_shape(L, 2, shape, &ndim, "from_bytes");
    nn_tensor *out = nnb_new_tensor(L);
    NNB_TRY(L, nn_tensor_new(out, dtype, ndim, shape, &err), &err, "from_bytes");
    if (out->storage->size != length)
        return nnb_arg_error(L, 1, "from_bytes", "%I bytes expected for %s %s, got %I",
                             (lua_Integer)out->storage->size, nn_dtype_name(dtype),
                             nn_shape_name(ndim, shape).text, (lua_Integer)length);
    for (size_t i = 0; dtype == NN_BOOL && i < length; i++)
        if ((unsigned char)bytes[i] > 1)
            return nnb_arg_error(L, 1, "from_bytes", "byte %I is %d, a bool is 0 or 1",
                                 (lua_Integer)i + 1, (unsigned char)bytes[i]);
    memcpy(out->storage->data, bytes, length);
    return 1;
}

static const luaL_Reg functions[] = {
    {"zeros", core_zeros},
    {"ones", core_ones},
    {"full", core_full},
    {"zeros_like", core_zeros_like},
    {"ones_like", core_ones_like},
    {"full_like", core_full_like},
    {"eye", core_eye},
    {"arange", core_arange},
    {"linspace", core_linspace},
    {"tensor", core_tensor},
    {"from_bytes", core_from_bytes},
    {NULL, NULL},
};

void nnb_open_create(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}

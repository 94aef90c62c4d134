/*
** reduce.c - sums and extremes as methods: x:sum(), x:sum(dim, {keepdim=true})
*/
#include "nn/reduce.h"

#include <math.h>

#include "bind/bind.h"

/* The arguments after x: an optional dim, then options. Either may be left out. */
typedef struct arguments {
    const nn_tensor *x;
    nn_reduction reduction;
    int options; /* stack index */
} arguments;

static arguments check_arguments(lua_State *L, const char *function, const char *extra_option)
{
    arguments a = {.reduction = {NN_ALL_DIMS, false}, .options = 2};
    a.x = nnb_check_tensor(L, 1, function);
    if (!lua_istable(L, 2)) {
        if (!lua_isnoneornil(L, 2)) a.reduction.dim = nnb_check_dim(L, 2, function);
        a.options = 3;
    }
    nnb_options(L, a.options, function, "keepdim", extra_option, NULL);
    a.reduction.keepdim = nnb_option_boolean(L, a.options, "keepdim", false, function);
    return a;
}

typedef nn_status reduction(nn_tensor *out, const nn_tensor *x, nn_reduction r, nn_error *err);

static int reduce(lua_State *L, reduction *core, const char *function)
{
    arguments a = check_arguments(L, function, NULL);
    nn_error err;
    NNB_TRY(L, core(nnb_new_tensor(L), a.x, a.reduction, &err), &err, function);
    return 1;
}

/* x:sum([dim] [, {keepdim = false}]) -> the sum. Over everything, or along dimension dim, which
** is dropped, or kept with size 1 if keepdim. Integers and bools give int64. x:sum():item() is a
** number. */
static int tensor_sum(lua_State *L)
{
    return reduce(L, nn_sum, "sum");
}

/* x:prod([dim] [, {keepdim = false}]) -> the product. Over everything, or along dimension dim,
** which is dropped, or kept with size 1 if keepdim. Integers and bools give int64. */
static int tensor_prod(lua_State *L)
{
    return reduce(L, nn_prod, "prod");
}

/* x:mean([dim] [, {keepdim = false}]) -> the mean. Over everything, or along dimension dim,
** which is dropped, or kept with size 1 if keepdim. Integers give float32; of nothing it is NaN. */
static int tensor_mean(lua_State *L)
{
    return reduce(L, nn_mean, "mean");
}

/* x:all([dim] [, {keepdim = false}]) -> bool: are all elements not 0? Over everything, or along
** dimension dim, which is dropped, or kept with size 1 if keepdim. */
static int tensor_all(lua_State *L)
{
    return reduce(L, nn_all, "all");
}

/* x:any([dim] [, {keepdim = false}]) -> bool: is any element not 0? Over everything, or along
** dimension dim, which is dropped, or kept with size 1 if keepdim. */
static int tensor_any(lua_State *L)
{
    return reduce(L, nn_any, "any");
}

/* var and std. */
static int spread(lua_State *L,
                  nn_status (*core)(nn_tensor *out, const nn_tensor *x, nn_reduction r,
                                    int correction, nn_error *err),
                  const char *function)
{
    arguments a = check_arguments(L, function, "unbiased");
    bool unbiased = nnb_option_boolean(L, a.options, "unbiased", true, function);
    nn_error err;
    NNB_TRY(L, core(nnb_new_tensor(L), a.x, a.reduction, unbiased, &err), &err, function);
    return 1;
}

/* x:var([dim] [, {unbiased = true, keepdim = false}]) -> the variance: divides by n-1, or by n
** if not unbiased. Over everything, or along dimension dim, which is dropped, or kept with size
** 1 if keepdim. */
static int tensor_var(lua_State *L)
{
    return spread(L, nn_var, "var");
}

/* x:std([dim] [, {unbiased = true, keepdim = false}]) -> the standard deviation: divides by n-1,
** or by n if not unbiased. Over everything, or along dimension dim, which is dropped, or kept
** with size 1 if keepdim. */
static int tensor_std(lua_State *L)
{
    return spread(L, nn_std, "std");
}

/* x:norm([dim] [, {p = 2, keepdim = false}]) -> (sum |x|^p)^(1/p), p > 0; for p = math.huge the
** largest |x|. Over everything, or along dimension dim, which is dropped, or kept with size 1 if
** keepdim. */
static int tensor_norm(lua_State *L)
{
    arguments a = check_arguments(L, "norm", "p");
    double p = nnb_option_number(L, a.options, "p", 2, "norm");
    nn_error err;
    NNB_TRY(L, nn_norm(nnb_new_tensor(L), a.x, a.reduction, p, &err), &err, "norm");
    return 1;
}

typedef nn_status extreme(nn_tensor *value, nn_tensor *index, const nn_tensor *x, nn_reduction r,
                          nn_error *err);

/* max and min: one result, or with dim two. */
static int extreme_value(lua_State *L, extreme *core, const char *function)
{
    arguments a = check_arguments(L, function, NULL);
    nn_error err;
    nn_tensor *value = nnb_new_tensor(L);
    if (a.reduction.dim == NN_ALL_DIMS) {
        NNB_TRY(L, core(value, NULL, a.x, a.reduction, &err), &err, function);
        return 1;
    }
    nn_tensor *index = nnb_new_tensor(L);
    NNB_TRY(L, core(value, index, a.x, a.reduction, &err), &err, function);
    return 2;
}

static int extreme_index(lua_State *L, extreme *core, const char *function)
{
    arguments a = check_arguments(L, function, NULL);
    nn_error err;
    NNB_TRY(L, core(NULL, nnb_new_tensor(L), a.x, a.reduction, &err), &err, function);
    return 1;
}

/* x:max([dim] [, {keepdim = false}]) -> the largest element; with dim -> values, int64 indices
** of the first ones. Over everything, or along dimension dim, which is dropped, or kept with
** size 1 if keepdim. NaN wins. Raises for no elements. */
static int tensor_max(lua_State *L)
{
    return extreme_value(L, nn_max, "max");
}

/* x:min([dim] [, {keepdim = false}]) -> the smallest element; with dim -> values, int64 indices
** of the first ones. Over everything, or along dimension dim, which is dropped, or kept with
** size 1 if keepdim. NaN wins. Raises for no elements. */
static int tensor_min(lua_State *L)
{
    return extreme_value(L, nn_min, "min");
}

/* x:argmax([dim] [, {keepdim = false}]) -> int64 index, from 1, of the largest element along
** dim, or in row-major order. Of equal ones the first. */
static int tensor_argmax(lua_State *L)
{
    return extreme_index(L, nn_max, "argmax");
}

/* x:argmin([dim] [, {keepdim = false}]) -> int64 index, from 1, of the smallest element along
** dim, or in row-major order. Of equal ones the first. */
static int tensor_argmin(lua_State *L)
{
    return extreme_index(L, nn_min, "argmin");
}

/* sum_to(dy, x) -> dy summed over the dimensions along which x was broadcast to it */
static int core_sum_to(lua_State *L)
{
    const nn_tensor *dy = nnb_check_tensor(L, 1, "sum_to");
    const nn_tensor *x = nnb_check_tensor(L, 2, "sum_to");
    nn_error err;
    NNB_TRY(L, nn_sum_to(nnb_new_tensor(L), dy, x, &err), &err, "sum_to");
    return 1;
}

static const luaL_Reg methods[] = {
    {"sum", tensor_sum}, {"prod", tensor_prod},     {"mean", tensor_mean},
    {"all", tensor_all}, {"any", tensor_any},       {"var", tensor_var},
    {"std", tensor_std}, {"norm", tensor_norm},     {"max", tensor_max},
    {"min", tensor_min}, {"argmax", tensor_argmax}, {"argmin", tensor_argmin},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"sum_to", core_sum_to},
    {NULL, NULL},
};

void nnb_open_reduce(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    nnb_set_methods(L, methods);
}

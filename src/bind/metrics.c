/*
** metrics.c - what nn.metrics counts and sums in C
*/
#include "bind/bind.h"
#include "nn/exact_sum.h"
#include "nn/ranking.h"

/* exact_sums(k) -> k sums of nothing, for exact_add_. */
static int core_exact_sums(lua_State *L)
{
    int64_t shape[2] = {nnb_check_integer(L, 1, "exact_sums"), NN_EXACT_SIZE};
    nn_error err;
    NNB_TRY(L, nn_tensor_zeros(nnb_new_tensor(L), NN_INT64, 2, shape, &err), &err, "exact_sums");
    return 1;
}

/* exact_add_(sums, x, square) -> sums, with x's elements, or their squares, added in turn. */
static int core_exact_add(lua_State *L)
{
    nn_tensor *sums = nnb_check_tensor(L, 1, "exact_add_");
    const nn_tensor *x = nnb_check_tensor(L, 2, "exact_add_");
    nn_error err;
    NNB_TRY(L, nn_exact_add(sums, x, lua_toboolean(L, 3), &err), &err, "exact_add_");
    lua_settop(L, 1);
    return 1;
}

/* exact_value(sums, i) -> sum i as the nearest double, and the rest. */
static int core_exact_value(lua_State *L)
{
    const nn_tensor *sums = nnb_check_tensor(L, 1, "exact_value");
    int64_t row = nnb_check_integer(L, 2, "exact_value");
    double high, low;
    nn_error err;
    NNB_TRY(L, nn_exact_value(&high, &low, sums, row - 1, &err), &err, "exact_value");
    lua_pushnumber(L, high);
    lua_pushnumber(L, low);
    return 2;
}

/* rank(scores, y) -> twice the pairs in order, positives, negatives. Users know it as AUC. */
static int core_rank(lua_State *L)
{
    const nn_tensor *scores = nnb_check_tensor(L, 1, "AUC");
    const nn_tensor *y = nnb_check_tensor(L, 2, "AUC");
    nn_ranking ranking;
    nn_error err;
    NNB_TRY(L, nn_rank(&ranking, scores, y, &err), &err, "AUC");
    lua_pushinteger(L, ranking.twice_ordered);
    lua_pushinteger(L, ranking.positives);
    lua_pushinteger(L, ranking.negatives);
    return 3;
}

static const luaL_Reg functions[] = {
    {"exact_sums", core_exact_sums},
    {"exact_add_", core_exact_add},
    {"exact_value", core_exact_value},
    {"rank", core_rank},
    {NULL, NULL},
};

void nnb_open_metrics(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}

/*
** optimizer.c - the steps of lua/nnlua/optim: lists of parameters, updated in place
**
** Lists are Lua tables, one entry for each parameter; they keep the tensors
** alive during the call.
*/
#include "nn/optimizer.h"

#include "bind/bind.h"

/* Entry i of the list at arg. */
static nn_tensor *list_tensor(lua_State *L, int arg, lua_Integer i, const char *function)
{
    lua_rawgeti(L, arg, i);
    nn_tensor *t = nnb_to_tensor(L, -1);
    if (!t) nnb_arg_error(L, arg, function, "entry %d is no tensor", (int)i);
    lua_pop(L, 1); /* the list still holds it */
    return t;
}

/* Pushes the items of parameters and gradients in the lists 1 and 2 as a block that Lua owns. */
static nn_optimizer_item *push_items(lua_State *L, lua_Integer count, const char *function)
{
    nn_optimizer_item *items = lua_newuserdatauv(L, (size_t)count * sizeof *items + 1, 0);
    for (lua_Integer i = 0; i < count; i++)
        items[i] = (nn_optimizer_item){.p = list_tensor(L, 1, i + 1, function),
                                       .g = list_tensor(L, 2, i + 1, function)};
    return items;
}

static lua_Integer check_lists(lua_State *L, int lists)
{
    for (int arg = 1; arg <= lists; arg++) luaL_checktype(L, arg, LUA_TTABLE);
    return (lua_Integer)lua_rawlen(L, 1);
}

/* sgd_step(ps, gs, buffers, firsts, {lr=, momentum=0, dampening=0, nesterov=false,
** weight_decay=0}). buffers: needed if momentum is not 0; firsts: which hold nothing yet. */
static int core_sgd_step(lua_State *L)
{
    static const char function[] = "sgd_step";
    lua_Integer count = check_lists(L, 4);
    nnb_options(L, 5, function, "lr", "momentum", "dampening", "nesterov", "weight_decay",
                (char *)NULL);
    nn_k_sgd options = {
        .lr = nnb_required_number(L, 5, "lr", function),
        .momentum = nnb_option_number(L, 5, "momentum", 0, function),
        .dampening = nnb_option_number(L, 5, "dampening", 0, function),
        .weight_decay = nnb_option_number(L, 5, "weight_decay", 0, function),
        .nesterov = nnb_option_boolean(L, 5, "nesterov", false, function),
    };
    nn_optimizer_item *items = push_items(L, count, function);
    for (lua_Integer i = 0; i < count && options.momentum != 0; i++) {
        items[i].buffer = list_tensor(L, 3, i + 1, function);
        lua_rawgeti(L, 4, i + 1);
        items[i].first = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    nn_error err;
    NNB_TRY(L, nn_sgd_step(items, count, &options, &err), &err, function);
    for (lua_Integer i = 0; i < count; i++) {
        items[i].p->storage->version++;
        if (items[i].buffer) items[i].buffer->storage->version++;
    }
    return 0;
}

/* adam_step(ps, gs, ms, vs, steps, {lr=, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0,
** decoupled=false}). steps: which step of each parameter this is, from 1; decoupled: AdamW's weight
** decay. */
static int core_adam_step(lua_State *L)
{
    static const char function[] = "adam_step";
    lua_Integer count = check_lists(L, 5);
    nnb_options(L, 6, function, "lr", "beta1", "beta2", "eps", "weight_decay", "decoupled",
                (char *)NULL);
    nn_adam_options options = {
        .lr = nnb_required_number(L, 6, "lr", function),
        .beta1 = nnb_option_number(L, 6, "beta1", 0.9, function),
        .beta2 = nnb_option_number(L, 6, "beta2", 0.999, function),
        .eps = nnb_option_number(L, 6, "eps", 1e-8, function),
        .weight_decay = nnb_option_number(L, 6, "weight_decay", 0, function),
        .decoupled = nnb_option_boolean(L, 6, "decoupled", false, function),
    };
    nn_optimizer_item *items = push_items(L, count, function);
    for (lua_Integer i = 0; i < count; i++) {
        items[i].m = list_tensor(L, 3, i + 1, function);
        items[i].v = list_tensor(L, 4, i + 1, function);
        lua_rawgeti(L, 5, i + 1);
        items[i].step = lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    nn_error err;
    NNB_TRY(L, nn_adam_step(items, count, &options, &err), &err, function);
    for (lua_Integer i = 0; i < count; i++) {
        items[i].p->storage->version++;
        items[i].m->storage->version++;
        items[i].v->storage->version++;
    }
    return 0;
}

static const luaL_Reg functions[] = {
    {"sgd_step", core_sgd_step},
    {"adam_step", core_adam_step},
    {NULL, NULL},
};

void nnb_open_optimizer(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}

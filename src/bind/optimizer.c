/*
** optimizer.c - the step of lua/nnlua/optim: a list of parameters, updated in place
**
** The list is a Lua table with an entry for each parameter; it keeps the
** tensors alive during the call.
*/
#include "nn/optimizer.h"

#include <string.h>

#include "bind/bind.h"

static nn_k_step_op check_kind(lua_State *L, int arg)
{
    const char *name = nnb_check_string(L, arg, NULL, "optimizer_step");
    for (int op = 0; op < NN_K_STEP_OPS; op++)
        if (strcmp(nn_optimizer_kinds[op].name, name) == 0) return (nn_k_step_op)op;
    return (nn_k_step_op)nnb_arg_error(L, arg, "optimizer_step", "no step is called '%s'", name);
}

/* Field i of the entry on top of the stack; NULL for nil and false. */
static nn_tensor *tensor_at(lua_State *L, int i, const char *optimizer)
{
    lua_rawgeti(L, -1, i);
    nn_tensor *t = nnb_to_tensor(L, -1);
    if (lua_toboolean(L, -1) && !t)
        nnb_error(L, "%s: operand %d is a %s, expected a tensor", optimizer, i,
                  luaL_typename(L, -1));
    lua_pop(L, 1); /* the entry still holds it */
    return t;
}

static double number_at(lua_State *L, const char *name, const char *optimizer)
{
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    if (lua_type(L, -1) != LUA_TNUMBER)
        nnb_error(L, "%s: coefficient '%s' is a %s, expected a number", optimizer, name,
                  luaL_typename(L, -1));
    double value = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return value;
}

/* The entry on top of the stack. */
static void read_item(lua_State *L, nn_optimizer_item *item, const nn_optimizer_kind *kind,
                      const char *optimizer)
{
    *item = (nn_optimizer_item){.number = (int64_t)number_at(L, "number", optimizer),
                                .p = tensor_at(L, 1, optimizer),
                                .g = tensor_at(L, 2, optimizer)};
    if (!item->p || !item->g) nnb_error(L, "%s: a parameter without a gradient", optimizer);
    for (int k = 0; k < NN_K_STEP_BUFFERS && kind->buffer[k]; k++)
        item->buffer[k] = tensor_at(L, 3 + k, optimizer);
    for (int k = 0; k < NN_OPTIMIZER_COEFFICIENTS && kind->coefficient[k]; k++)
        item->coefficient[k] = number_at(L, kind->coefficient[k], optimizer);
}

/* optimizer_step(optimizer, kind, items): an item is {parameter, gradient, buffer or false, ...,
** number =, coefficient =, ...}; kinds, buffers and coefficients: nn/optimizer.c. `optimizer` is
** whom messages name. */
static int core_optimizer_step(lua_State *L)
{
    const char *optimizer = nnb_check_string(L, 1, NULL, "optimizer_step");
    nn_k_step_op op = check_kind(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 3);
    nn_optimizer_item *items = lua_newuserdatauv(L, (size_t)count * sizeof *items + 1, 0);
    for (lua_Integer i = 0; i < count; i++) {
        if (lua_rawgeti(L, 3, i + 1) != LUA_TTABLE)
            return nnb_arg_error(L, 3, "optimizer_step", "entry %d is no table", (int)i + 1);
        read_item(L, &items[i], &nn_optimizer_kinds[op], optimizer);
        lua_pop(L, 1);
    }
    nn_error err;
    NNB_TRY(L, nn_optimizer_step(op, items, count, &err), &err, optimizer);
    for (lua_Integer i = 0; i < count; i++) {
        items[i].p->storage->version++;
        for (int k = 0; k < NN_K_STEP_BUFFERS; k++)
            if (items[i].buffer[k]) items[i].buffer[k]->storage->version++;
    }
    return 0;
}

static const luaL_Reg functions[] = {
    {"optimizer_step", core_optimizer_step},
    {NULL, NULL},
};

void nnb_open_optimizer(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}

/*
** core.c - the module "nnlua.core": every binding in one table
**
** Raw functions on raw tensors; autograd and everything else above is Lua
** (lua/nnlua), which meets this module in three fields:
**
**   core.Tensor.methods    what x:name() finds; Lua may replace entries
**   core.Tensor.metatable  the metatable of tensors
**   core.hooks             functions Lua installs: index, set_field, before_write
*/
#include "bind/core.h"

#include "bind/bind.h"

void nnb_set_methods(lua_State *L, const luaL_Reg *functions)
{
    lua_getfield(L, -1, "Tensor");
    lua_getfield(L, -1, "methods");
    for (; functions->name; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, functions->name);
        lua_setfield(L, -4, functions->name); /* the module, below Tensor and methods */
    }
    lua_pop(L, 2);
}

int luaopen_nnlua_core(lua_State *L)
{
    luaL_checkversion(L);
    lua_newtable(L);
    nnb_open_tensor(L);
    nnb_open_create(L);
    nnb_open_documentation(L);
    nnb_open_random(L);
    nnb_open_index(L);
    nnb_open_elementwise(L);
    nnb_open_reduce(L);
    nnb_open_neural(L);
    nnb_open_layers(L);
    nnb_open_loss(L);
    nnb_open_convolution(L);
    nnb_open_chain(L);
    nnb_open_optimizer(L);
    nnb_open_io(L);
    nnb_open_system(L);
    nnb_open_host(L);
    nnb_open_display(L);
    nnb_open_process(L);
    nnb_open_warp(L);
    nnb_open_metrics(L);
    nnb_open_interrupt(L);
    nnb_open_sqlite(L);
    nnb_open_sqlite_heartbeat(L);
    return 1;
}

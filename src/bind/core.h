/*
** core.h - the C module "nnlua.core": the engine's functions, without autograd
*/
#ifndef NN_BIND_CORE_H
#define NN_BIND_CORE_H

#include <lua.h>

int luaopen_nnlua_core(lua_State *L);

#endif

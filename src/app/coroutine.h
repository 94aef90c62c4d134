/*
** coroutine.h - coroutine.resume and coroutine.wrap that tell which coroutine runs
**
** In all else they are as in the Lua manual. A signal must find the running coroutine, which Lua
** tells nobody outside of it (interrupt.h).
*/
#ifndef NN_APP_COROUTINE_H
#define NN_APP_COROUTINE_H

#include <lua.h>

/* Puts them into the table `coroutine`, which is there. */
void nn_coroutine_open(lua_State *L);

#endif

/*
** json.h - JSON texts from Lua values and back
**
** nil has no place in JSON and null none in Lua tables: json.null (a light
** userdata) stands for it. Arrays that come from JSON, and tables marked by
** json_array, have a metatable that says so, since an empty table does not.
*/
#ifndef NN_BIND_JSON_H
#define NN_BIND_JSON_H

#include <lua.h>

/* Adds json_encode, json_decode, json_array and null to the table on top of the stack. */
void nnb_open_json(lua_State *L);

#endif

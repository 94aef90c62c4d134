/*
** documentation.c - the comments above the functions of this folder, for `?name` in the REPL
**
** An installed nnlua has no C sources, so the build puts those of their comments that document a
** Lua function (documentation.awk says which) into a header.
*/
#include "bind/bind.h"

static const struct comment {
    const char *text; /* begins with a signature; lines end with \n */
    const char *file; /* "src/bind/create.c" */
    int line;         /* of its first line */
} comments[] = {
#include "bind/documentation.inc"
};

/* documentation() -> list of {text=, file=, line=} */
static int core_documentation(lua_State *L)
{
    int n = (int)(sizeof comments / sizeof comments[0]);
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        lua_createtable(L, 0, 3);
        lua_pushstring(L, comments[i].text);
        lua_setfield(L, -2, "text");
        lua_pushstring(L, comments[i].file);
        lua_setfield(L, -2, "file");
        lua_pushinteger(L, comments[i].line);
        lua_setfield(L, -2, "line");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static const luaL_Reg functions[] = {
    {"documentation", core_documentation},
    {NULL, NULL},
};

void nnb_open_documentation(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}

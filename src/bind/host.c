/*
** host.c - the machine and the process, as a run records them
*/
#define _POSIX_C_SOURCE 200809L

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bind/bind.h"

/* host() -> {name=, system=, processors=, memory=}: system "Linux 6.1.0 x86_64", memory in bytes;
** what is not known is absent. */
static int core_host(lua_State *L)
{
    struct utsname names;
    lua_createtable(L, 0, 4);
    if (uname(&names) >= 0) {
        lua_pushstring(L, names.nodename);
        lua_setfield(L, -2, "name");
        lua_pushfstring(L, "%s %s %s", names.sysname, names.release, names.machine);
        lua_setfield(L, -2, "system");
    }
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors > 0) {
        lua_pushinteger(L, processors);
        lua_setfield(L, -2, "processors");
    }
#ifdef _SC_PHYS_PAGES
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0) {
        lua_pushinteger(L, (lua_Integer)pages * page);
        lua_setfield(L, -2, "memory");
    }
#endif
    return 1;
}

/* process() -> its number, the working directory or nil */
static int core_process(lua_State *L)
{
    char directory[PATH_MAX];
    lua_pushinteger(L, getpid());
    lua_pushstring(L, getcwd(directory, sizeof directory)); /* nil if NULL */
    return 2;
}

/* now() -> seconds since 1970, with their fraction */
static int core_now(lua_State *L)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    lua_pushnumber(L, (lua_Number)now.tv_sec + 1e-9 * (lua_Number)now.tv_nsec);
    return 1;
}

void nnb_open_host(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"host", core_host}, {"process", core_process}, {"now", core_now}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}

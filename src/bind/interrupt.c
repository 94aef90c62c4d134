/*
** interrupt.c - Ctrl-C that waits until a step of work is complete
**
**   local pause <close> = core.hold_interrupt()
**   ...                        -- a first SIGINT is only noted
**   if pause:seen() then ... end
**
** When the last pause ends, handlers are as before it, and a SIGINT that was
** noted is raised again: it does then what it would have done at first. A
** second one does not wait. A SIGINT that the process ignores stays ignored.
*/
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "bind/bind.h"

#define PAUSE "nnlua.Pause"

static struct sigaction previous;   /* what SIGINT did before the first pause */
static volatile sig_atomic_t noted; /* a SIGINT came during the pauses */
static bool installed;              /* this file's handler is in place */
static int pauses;                  /* how many are open */

static void note(int number)
{
    if (noted) {
        sigaction(SIGINT, &previous, NULL);
        raise(number); /* takes effect when this handler returns */
    }
    noted = 1;
}

static void install(void)
{
    struct sigaction action;
    noted = 0;
    if (sigaction(SIGINT, NULL, &previous) != 0 || previous.sa_handler == SIG_IGN) return;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = note;
    installed = sigaction(SIGINT, &action, NULL) == 0;
}

static void restore(void)
{
    struct sigaction current;
    /* After a second SIGINT, or if someone else took over meanwhile, there is nothing to undo. */
    bool ours = installed && sigaction(SIGINT, NULL, &current) == 0 && current.sa_handler == note;
    installed = false;
    if (!ours) return;
    sigaction(SIGINT, &previous, NULL);
    if (noted) raise(SIGINT);
}

/* hold_interrupt() -> pause; ends when it is closed or collected */
static int core_hold_interrupt(lua_State *L)
{
    bool *open = lua_newuserdatauv(L, sizeof *open, 0);
    *open = false;
    luaL_setmetatable(L, PAUSE);
    if (pauses++ == 0) install();
    *open = true;
    return 1;
}

/* pause:seen() -> whether a SIGINT waits */
static int pause_seen(lua_State *L)
{
    luaL_checkudata(L, 1, PAUSE);
    lua_pushboolean(L, installed && noted);
    return 1;
}

/* pause:close(); closing again does nothing */
static int pause_close(lua_State *L)
{
    bool *open = luaL_checkudata(L, 1, PAUSE);
    if (*open && --pauses == 0) restore();
    *open = false;
    return 0;
}

void nnb_open_interrupt(lua_State *L)
{
    static const luaL_Reg methods[] = {{"seen", pause_seen}, {"close", pause_close}, {NULL, NULL}};
    static const luaL_Reg ends[] = {{"__gc", pause_close}, {"__close", pause_close}, {NULL, NULL}};
    luaL_newmetatable(L, PAUSE);
    luaL_setfuncs(L, ends, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, core_hold_interrupt);
    lua_setfield(L, -2, "hold_interrupt");
}

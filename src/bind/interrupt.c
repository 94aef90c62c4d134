/*
** interrupt.c - Ctrl-C: computations that it ends, and steps of work that it waits for
**
** A computation that was given up raises "interrupted" from the call that ran it. What changes
** several things that belong together is not to be torn between two of them:
**
**   local whole <close> = core.uninterrupted()
**   ...                        -- neither a computation nor the Lua code is stopped
**
** A longer step, such as one of a training with checkpoints, keeps the signal itself back:
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
#include "bind/interrupt.h"
#include "tensor/cancel.h"

#define PAUSE "nnlua.Pause"

/* ---- Computations ---- */

static nnb_interrupt_report *report;
static int whole; /* how many core.uninterrupted() are open */

void nnb_interrupt_request(void)
{
    nn_cancel_request();
}

bool nnb_interrupt_take(void)
{
    return nn_cancel_take();
}

bool nnb_interrupt_held(void)
{
    return whole > 0;
}

void nnb_interrupt_set_report(nnb_interrupt_report *f)
{
    report = f;
}

int nnb_interrupted(lua_State *L)
{
    nn_cancel_take();
    lua_pushstring(L, report ? report(L) : "interrupted");
    return lua_error(L);
}

/* uninterrupted() -> what ends it when it is closed. There is one object, so that this costs no
** allocation; upvalue 1. */
static int core_uninterrupted(lua_State *L)
{
    whole++;
    nn_cancel_hold();
    lua_pushvalue(L, lua_upvalueindex(1));
    return 1;
}

static int end_uninterrupted(lua_State *L)
{
    (void)L;
    nn_cancel_release();
    whole--;
    return 0;
}

/* interrupt_after(n): the n-th look from now at whether to go on finds that it is not; 0: none.
** For tests. Returns whether an earlier such request, or Ctrl-C, still waits, and forgets it. */
static int core_interrupt_after(lua_State *L)
{
    int64_t n = nnb_check_integer(L, 1, "interrupt_after");
    lua_pushboolean(L, nn_cancel_take());
    nn_cancel_after(n > 0 ? (uint64_t)n : 0);
    return 1;
}

/* ---- The signal kept back ---- */

static struct sigaction previous;         /* what SIGINT did before the first pause */
static volatile sig_atomic_t noted;       /* a SIGINT came during the pauses */
static bool installed;                    /* this file's handler is in place */
static volatile sig_atomic_t pauses;      /* how many are open */
static volatile sig_atomic_t let_through; /* no handler is put in place */

void nnb_interrupt_let_through(bool on)
{
    let_through = on;
    noted = 0;
}

bool nnb_interrupt_after_step(void)
{
    if (!let_through || pauses == 0 || noted) return false;
    noted = 1;
    return true;
}

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
    if (let_through) return;
    if (sigaction(SIGINT, NULL, &previous) != 0 || previous.sa_handler == SIG_IGN) return;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = note;
    installed = sigaction(SIGINT, &action, NULL) == 0;
}

static void restore(void)
{
    struct sigaction current;
    if (let_through && noted) raise(SIGINT);
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
    lua_pushboolean(L, (installed || let_through) && noted);
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
    static const luaL_Reg functions[] = {{"hold_interrupt", core_hold_interrupt},
                                         {"interrupt_after", core_interrupt_after},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, end_uninterrupted);
    lua_setfield(L, -2, "__close");
    lua_setmetatable(L, -2);
    lua_pushcclosure(L, core_uninterrupted, 1);
    lua_setfield(L, -2, "uninterrupted");
}

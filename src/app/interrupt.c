/*
** interrupt.c - signal handlers that stop Lua through a debug hook
**
** A handler may not touch Lua, except for lua_sethook, which Lua documents as safe there.
** The hook fires at the next instruction of the main coroutine: a C kernel first runs to its
** end, and so does a coroutine that never yields (the second Ctrl-C is for those).
** Threads of the kernels may be handed the signal; only the Lua thread acts on it, because
** lua_sethook walks the call stack of a state that must stand still meanwhile.
*/
#define _POSIX_C_SOURCE 200809L
#include "app/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static lua_State *state;
static pthread_t lua_thread;
static volatile sig_atomic_t seen;
static char where[LUA_IDSIZE + 32];

/* The line of the script: the innermost function from the file that the program started in,
   so that a stop inside the library is reported where the user called it. */
static void find_script_line(lua_State *L)
{
    lua_Debug frame;
    char script[sizeof frame.short_src] = "";
    for (int level = 0; lua_getstack(L, level, &frame); level++)
        if (lua_getinfo(L, "Sl", &frame) && frame.currentline > 0) strcpy(script, frame.short_src);
    if (strstr(script, "nnlua/commands/")) return; /* no line that the user knows */
    for (int level = 0; lua_getstack(L, level, &frame); level++)
        if (lua_getinfo(L, "Sl", &frame) && frame.currentline > 0 &&
            strcmp(frame.short_src, script) == 0) {
            snprintf(where, sizeof where, "%s:%d", script, frame.currentline);
            return;
        }
}

static void stop(lua_State *L, lua_Debug *frame)
{
    (void)frame;
    lua_sethook(L, NULL, 0, 0);
    find_script_line(L);
    lua_pushstring(L, seen == SIGPIPE ? "broken pipe" : "interrupted");
    lua_error(L);
}

bool nn_interrupt_stdout_broken(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

static void on_signal(int number)
{
    int saved = errno;
    if (!pthread_equal(pthread_self(), lua_thread)) {
        pthread_kill(lua_thread, number);
    } else if (number == SIGINT && seen) {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT); /* takes effect when this handler returns */
    } else if (!seen && (number == SIGINT || nn_interrupt_stdout_broken())) {
        seen = number;
        lua_sethook(state, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
    }
    errno = saved;
}

void nn_interrupt_install(lua_State *L)
{
    struct sigaction action, old;
    state = L;
    lua_thread = pthread_self();
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    /* No SA_RESTART: a script that waits in io.read must be stoppable too. A handler rather
       than SIG_IGN for SIGPIPE, because children inherit what is ignored. */
    action.sa_handler = on_signal;
    if (sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(SIGINT, &action, NULL);
    sigaction(SIGPIPE, &action, NULL);
    /* A file that may not grow further (ulimit -f) makes the write fail, as a full disk does. */
    signal(SIGXFSZ, SIG_IGN);
}

void nn_interrupt_clear(void)
{
    if (seen == SIGINT) {
        lua_sethook(state, NULL, 0, 0);
        seen = 0;
        where[0] = '\0';
    }
}

int nn_interrupt_signal(void)
{
    return seen;
}

const char *nn_interrupt_where(void)
{
    return where;
}

_Noreturn void nn_interrupt_die(void)
{
    signal(SIGINT, SIG_DFL);
    raise(SIGINT);
    _Exit(128 + SIGINT); /* only when the signal is blocked */
}

/*
** interrupt.c - signal handlers that stop Lua through a debug hook, and computations by asking
**
** A handler may not touch Lua, except for lua_sethook, which Lua documents as safe there. The hook
** fires at the next instruction of the coroutine that runs. A computation in C notices the request
** (bind/interrupt.h) and raises itself; whoever of the two comes first takes the request.
** Threads of the kernels may be handed the signal; only the Lua thread acts on it, because
** lua_sethook walks the call stack of a state that must stand still meanwhile.
*/
#define _POSIX_C_SOURCE 200809L
#include "app/interrupt.h"

#include "bind/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A break waits so long for a line of the user's own code, then it comes inside the library. */
#define BREAK_PATIENCE 0.2

/* What a SIGINT is for. */
enum purpose {
    TO_STOP,  /* raise "interrupted" */
    TO_BREAK, /* open a session in the running code */
    TO_ABORT, /* it was to break, and is now to stop */
};

static _Atomic(lua_State *) running; /* the coroutine that runs, or is about to */
static pthread_t lua_thread;
static lua_Hook volatile armed;    /* what the next instruction is to call; NULL: nothing */
static volatile sig_atomic_t seen; /* the signal that stops the program */
static volatile sig_atomic_t purpose;
static volatile sig_atomic_t break_waits; /* a break was asked for and has not come */
static volatile sig_atomic_t inside;      /* how many sessions run inside the code */
static lua_CFunction open_session;        /* of a break */
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

static void arm(lua_Hook hook)
{
    armed = hook;
    lua_sethook(atomic_load(&running), hook,
                LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

static void disarm(lua_State *L)
{
    armed = NULL;
    lua_sethook(L, NULL, 0, 0);
}

void nn_interrupt_switch(lua_State *from, lua_State *to)
{
    atomic_store(&running, to);
    if (armed) {
        lua_sethook(from, NULL, 0, 0);
        arm(armed);
    }
}

/* What the error says; the place is noted. */
static const char *report(lua_State *L)
{
    disarm(L);
    find_script_line(L);
    return seen == SIGPIPE ? "broken pipe" : "interrupted";
}

static void stop(lua_State *L, lua_Debug *frame)
{
    (void)frame;
    if (!armed) lua_sethook(L, NULL, 0, 0); /* left over from when another coroutine ran */
    if (!armed || nnb_interrupt_held()) return;
    disarm(L);
    if (!nnb_interrupt_take()) return; /* a computation has raised it */
    lua_pushstring(L, report(L));
    lua_error(L);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Opens the session when a line of the user's is about to run; or, in a training that is all the
   library's, some other line. */
static void open_break(lua_State *L, lua_Debug *frame)
{
    static double since;
    if (!armed) lua_sethook(L, NULL, 0, 0);
    if (!armed || nnb_interrupt_held()) return;
    if (break_waits == 1) {
        break_waits = 2;
        since = seconds();
    }
    if (frame->event != LUA_HOOKLINE || !lua_getinfo(L, "S", frame)) return;
    if (nnb_is_library(L, frame->source) && seconds() - since < BREAK_PATIENCE) return;
    disarm(L);
    break_waits = 0;
    lua_pushcfunction(L, open_session);
    lua_pushthread(L);
    lua_call(L, 1, 0);
}

bool nn_interrupt_stdout_broken(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

static void to_stop(int number)
{
    seen = number;
    nnb_interrupt_request();
    arm(stop);
}

/* The end of code that was to break. */
static void to_abort(void)
{
    purpose = TO_ABORT;
    break_waits = 0;
    if (!nnb_interrupt_after_step()) to_stop(SIGINT);
}

static void on_interrupt(void)
{
    if (purpose == TO_BREAK && !inside) {
        if (break_waits) {
            to_abort();
        } else {
            break_waits = 1;
            arm(open_break);
        }
    } else if (seen) {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT); /* takes effect when this handler returns */
    } else {
        to_stop(SIGINT);
    }
}

static void on_signal(int number)
{
    int saved = errno;
    if (!pthread_equal(pthread_self(), lua_thread))
        pthread_kill(lua_thread, number);
    else if (number == SIGINT)
        on_interrupt();
    else if (!seen && nn_interrupt_stdout_broken())
        to_stop(number);
    errno = saved;
}

void nn_interrupt_install(lua_State *L)
{
    struct sigaction action, old;
    atomic_store(&running, L);
    lua_thread = pthread_self();
    nnb_interrupt_set_report(report);
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
        disarm(atomic_load(&running));
        nnb_interrupt_take();
        seen = 0;
        where[0] = '\0';
    }
}

void nn_interrupt_set_break(bool on, lua_CFunction open)
{
    open_session = open;
    break_waits = 0;
    purpose = on ? TO_BREAK : TO_STOP;
    nnb_interrupt_let_through(on);
}

bool nn_interrupt_breaks(void)
{
    return purpose == TO_BREAK;
}

void nn_interrupt_inside(bool now)
{
    if (!now) nn_interrupt_clear();
    inside += now ? 1 : -1;
}

int nn_interrupt_abort(lua_State *L)
{
    if (purpose == TO_BREAK) purpose = TO_ABORT;
    if (nnb_interrupt_after_step()) return 0;
    seen = SIGINT;
    lua_pushstring(L, report(L));
    return lua_error(L);
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

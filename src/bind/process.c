/*
** process.c - programs that run beside this one
**
**   local process = core.spawn({"nnlua", "work.lua"}, {env = {"NAME=VALUE"}, output = "work.log"})
**   while not process:poll() do core.sleep(0.1) end
**
** Started by posix_spawn, never fork: threads and locks of this process do not reach the new one.
** It reads nothing, is in a process group of its own, so that Ctrl-C on the terminal reaches this
** process alone, and takes every signal as by default. What becomes of it is its own affair: a
** handle that is collected ends nothing.
*/
#define _GNU_SOURCE /* environ */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "bind/bind.h"

#define PROCESS "nnlua.Process"

typedef struct process {
    pid_t pid;  /* 0: none was started */
    bool ended; /* its status has been fetched */
    int status; /* of waitpid, once it ended */
} process;

/* The strings of the list at `index`, then those of `after`, then NULL: pointers into strings of
** Lua's, which the list keeps. Pushes the userdata that holds them. */
static char **push_strings(lua_State *L, int index, char **after, const char *what)
{
    size_t count = lua_istable(L, index) ? lua_rawlen(L, index) : 0, more = 0;
    while (after && after[more]) more++;
    char **strings = lua_newuserdatauv(L, (count + more + 1) * sizeof *strings, 0);
    for (size_t i = 0; i < count; i++) {
        if (lua_rawgeti(L, index, (lua_Integer)i + 1) != LUA_TSTRING)
            nnb_error(L, "spawn: entry %d of %s is a %s, expected a string", (int)i + 1, what,
                      luaL_typename(L, -1));
        strings[i] = (char *)lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    for (size_t i = 0; i < more; i++) strings[count + i] = after[i];
    strings[count + more] = NULL;
    return strings;
}

/* Starts the program. Returns an error number of the system, 0: none. */
static int start(process *p, char **argv, char **env, const char *output)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int error = posix_spawn_file_actions_init(&files);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&files);
        return error;
    }
    error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error && output) {
        int flags = O_WRONLY | O_CREAT | O_APPEND;
        error = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output, flags, 0666);
        if (!error) error = posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    }
    if (!error) error = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
    if (!error) error = posix_spawnattr_setpgroup(&attributes, 0);
    if (!error)
        error = posix_spawnattr_setflags(
            &attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    if (!error) error = posix_spawnp(&p->pid, argv[0], &files, &attributes, argv, env);
    if (error) p->pid = 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

/* spawn(argv [, {env, output}]) -> process | nil, message. argv: a list of words; the first is the
** program, looked for in PATH if it has no slash. env: a list of NAME=VALUE that take precedence in
** its environment. output: a file that what it prints and complains about is appended to. */
static int core_spawn(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    nnb_options(L, 2, "spawn", "env", "output", NULL);
    const char *output = nnb_option_string(L, 2, "output", "spawn");
    if (lua_istable(L, 2))
        lua_getfield(L, 2, "env");
    else
        lua_pushnil(L);
    int env_index = lua_gettop(L);
    char **argv = push_strings(L, 1, NULL, "argv");
    if (argv[0] == NULL) return nnb_arg_error(L, 1, "spawn", "a program expected, got no words");
    /* of two entries with one name the first counts */
    char **env = push_strings(L, env_index, environ, "env");
    process *p = lua_newuserdatauv(L, sizeof *p, 0);
    memset(p, 0, sizeof *p);
    luaL_setmetatable(L, PROCESS);
    int error = start(p, argv, env, output);
    if (error) {
        lua_pushnil(L);
        lua_pushfstring(L, "cannot start %s: %s", argv[0], strerror(error));
        return 2;
    }
    return 1;
}

/* process:poll() -> nil while it runs; then "exit", its status or "signal", the number of the
** signal that ended it */
static int process_poll(lua_State *L)
{
    process *p = luaL_checkudata(L, 1, PROCESS);
    if (!p->ended) {
        pid_t found = waitpid(p->pid, &p->status, WNOHANG);
        if (found == p->pid) {
            p->ended = true;
        } else if (found < 0 && errno == ECHILD) { /* someone else has fetched it */
            p->ended = true;
            p->status = 0;
        }
    }
    if (!p->ended) return 0;
    bool killed = WIFSIGNALED(p->status);
    lua_pushstring(L, killed ? "signal" : "exit");
    lua_pushinteger(L, killed ? WTERMSIG(p->status) : WEXITSTATUS(p->status));
    return 2;
}

/* process:kill("interrupt" | "kill") -> whether it was there to get the signal */
static int process_kill(lua_State *L)
{
    static const char *const names[] = {"interrupt", "kill", NULL};
    static const int signals[] = {SIGINT, SIGKILL};
    process *p = luaL_checkudata(L, 1, PROCESS);
    int number = signals[luaL_checkoption(L, 2, NULL, names)];
    /* its number stays its own until its status is fetched */
    lua_pushboolean(L, !p->ended && kill(p->pid, number) == 0);
    return 1;
}

/* process:pid() -> its number */
static int process_pid(lua_State *L)
{
    lua_pushinteger(L, ((process *)luaL_checkudata(L, 1, PROCESS))->pid);
    return 1;
}

/* end_with_parent(pid) -> whether process pid is this one's parent; from here on this process is
** killed when the parent ends, however it ends. Where the system cannot do that, nothing is. */
static int core_end_with_parent(lua_State *L)
{
    lua_Integer parent = luaL_checkinteger(L, 1);
#ifdef PR_SET_PDEATHSIG
    prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL);
#endif
    lua_pushboolean(L, getppid() == parent);
    return 1;
}

void nnb_open_process(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"spawn", core_spawn}, {"end_with_parent", core_end_with_parent}, {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"poll", process_poll}, {"kill", process_kill}, {"pid", process_pid}, {NULL, NULL}};
    luaL_newmetatable(L, PROCESS);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}

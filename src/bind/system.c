/*
** system.c - threads, memory, clock, terminal, names, and what the engine was built from
*/
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "bind/bind.h"
#include "bind/suggest.h"
#include "nn/runtime.h"
#include "tensor/alloc.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* nn.set_num_threads(n): the most threads that kernels use, 1..1024. Results do not depend on
** it. */
static int core_set_num_threads(lua_State *L)
{
    int64_t n = nnb_check_integer(L, 1, "set_num_threads");
    if (n < 1 || n > 1024)
        return nnb_arg_error(L, 1, "set_num_threads", "%I is outside 1..1024", (lua_Integer)n);
    nn_set_threads((int)n);
    return 0;
}

/* nn.get_num_threads() -> the most threads that kernels use. */
static int core_get_num_threads(lua_State *L)
{
    lua_pushinteger(L, nn_threads());
    return 1;
}

/* set_isa(name) -> true, or false if this machine cannot run it: "amx", "vnni", "avx512", "avx2",
** "portable", or "ref" (the naive twins, for tests). */
static int core_set_isa(lua_State *L)
{
    lua_pushboolean(L, nn_set_isa(nnb_check_string(L, 1, NULL, "set_isa")));
    return 1;
}

/* nn.build_info() -> {version, lua, blas, isa, threads, compiler}: what this nnlua was built
** from and what it runs with. */
static int core_build_info(lua_State *L)
{
    lua_newtable(L);
    lua_pushliteral(L, NNLUA_VERSION);
    lua_setfield(L, -2, "version");
    lua_pushliteral(L, LUA_RELEASE);
    lua_setfield(L, -2, "lua");
    lua_pushstring(L, nn_blas_name());
    lua_setfield(L, -2, "blas");
    lua_pushstring(L, nn_isa());
    lua_setfield(L, -2, "isa");
    lua_pushinteger(L, nn_threads());
    lua_setfield(L, -2, "threads");
    lua_pushliteral(L, COMPILER);
    lua_setfield(L, -2, "compiler");
    return 1;
}

/* nn.memory() -> bytes of living tensors, bytes ever allocated for tensors. */
static int core_memory(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)nn_alloc_in_use());
    lua_pushinteger(L, (lua_Integer)nn_alloc_total());
    return 2;
}

/* nn.set_memory_cap(bytes): tensors beyond that many bytes together raise "not enough memory"; 0
** lifts it. */
static int core_set_memory_cap(lua_State *L)
{
    int64_t bytes = nnb_check_integer(L, 1, "set_memory_cap");
    if (bytes < 0) return nnb_arg_error(L, 1, "set_memory_cap", "negative size");
    nn_alloc_set_cap((size_t)bytes);
    return 0;
}

/* fail_allocation(n): the n-th allocation from now raises "not enough memory"; for tests. */
static int core_fail_allocation(lua_State *L)
{
    int64_t n = nnb_check_integer(L, 1, "fail_allocation");
    nn_alloc_fail_after(n > 0 ? (uint64_t)n : 0);
    return 0;
}

/* nn.clock() -> seconds on a clock that only goes forward; for differences. */
static int core_clock(lua_State *L)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    lua_pushnumber(L, (lua_Number)now.tv_sec + 1e-9 * (lua_Number)now.tv_nsec);
    return 1;
}

/* sleep(seconds): at most so long; a signal ends it. */
static int core_sleep(lua_State *L)
{
    lua_Number seconds = luaL_checknumber(L, 1);
    if (!(seconds > 0)) return 0;
    if (seconds > 3600) seconds = 3600;
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)((seconds - (lua_Number)time.tv_sec) * 1e9);
    nanosleep(&time, NULL);
    return 0;
}

/* edit_distance(a, b): how far apart two names are, for "did you mean" */
static int core_edit_distance(lua_State *L)
{
    const char *a = nnb_check_string(L, 1, NULL, "edit_distance");
    lua_pushinteger(L, nnb_edit_distance(a, nnb_check_string(L, 2, NULL, "edit_distance")));
    return 1;
}

/* isatty("stdin" | "stdout" | "stderr") */
static int core_isatty(lua_State *L)
{
    static const char *const names[] = {"stdin", "stdout", "stderr", NULL};
    lua_pushboolean(L, isatty(luaL_checkoption(L, 1, NULL, names)));
    return 1;
}

/* terminal_width() -> columns of the terminal on stdout or stderr, or nil */
static int core_terminal_width(lua_State *L)
{
    struct winsize size;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
            lua_pushinteger(L, size.ws_col);
            return 1;
        }
    lua_pushnil(L);
    return 1;
}

static const luaL_Reg functions[] = {
    {"set_num_threads", core_set_num_threads},
    {"get_num_threads", core_get_num_threads},
    {"set_isa", core_set_isa},
    {"build_info", core_build_info},
    {"memory", core_memory},
    {"set_memory_cap", core_set_memory_cap},
    {"fail_allocation", core_fail_allocation},
    {"clock", core_clock},
    {"sleep", core_sleep},
    {"edit_distance", core_edit_distance},
    {"isatty", core_isatty},
    {"terminal_width", core_terminal_width},
    {NULL, NULL},
};

void nnb_open_system(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}

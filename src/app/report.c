/*
** report.c - error texts and tracebacks, and the last word on standard output
*/
#define _POSIX_C_SOURCE 200809L
#include "app/report.h"

#include "app/interrupt.h"

#include <errno.h>
#include <lauxlib.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void nn_report(const char *format, ...)
{
    va_list values;
    fflush(stdout);
    fputs(NN_PROGRAM ": ", stderr);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
}

void nn_report_interrupted(void)
{
    if (isatty(STDERR_FILENO)) fputc('\n', stderr);
    const char *where = nn_interrupt_where();
    nn_report("interrupted%s%s", where[0] ? " at " : "", where);
}

/* Adds the traceback's lines to b, without frames that say nothing to the script's author:
   nameless C functions (the launcher among them), and the C functions that raised, whose
   name the message carries. */
static void add_traceback(luaL_Buffer *b, const char *trace)
{
    static const char c_frame[] = "\n\t[C]: in ";
    bool raising = true, any = false;
    const char *line = strchr(trace, '\n');
    while (line) {
        const char *next = strchr(line + 1, '\n');
        size_t length = next ? (size_t)(next - line) : strlen(line);
        bool in_c = strncmp(line, c_frame, sizeof c_frame - 1) == 0;
        bool nameless = in_c && line[sizeof c_frame - 1] == '?';
        if (!in_c) raising = false;
        if (!raising && !nameless) {
            if (!any) luaL_addstring(b, "\nstack traceback:");
            luaL_addlstring(b, line, length);
            any = true;
        }
        line = next;
    }
}

int nn_report_handler(lua_State *L)
{
    const char *message = lua_tostring(L, 1);
    if (message && nn_interrupt_signal() &&
        (strcmp(message, "interrupted") == 0 || strcmp(message, "broken pipe") == 0))
        return 1;
    if (!message) {
        if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
            message = lua_tostring(L, -1);
        else
            message = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    luaL_traceback(L, L, NULL, 1);
    const char *trace = lua_tostring(L, -1);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, message);
    add_traceback(&b, trace);
    luaL_pushresult(&b);
    return 1;
}

static void close_stdout(void)
{
    bool failed = ferror(stdout) != 0;
    int reason = nn_interrupt_signal() == SIGPIPE ? EPIPE : 0;
    if (fflush(stdout) != 0) {
        failed = true;
        reason = errno;
    }
    /* Some file systems refuse only now. A stdout that was closed from the start and that
       nothing was written to is no failure. */
    if (fclose(stdout) != 0 && errno != EBADF) {
        failed = true;
        reason = errno;
    }
    if (!failed) return;
    if (reason)
        fprintf(stderr, NN_PROGRAM ": cannot write to standard output: %s\n", strerror(reason));
    else
        fputs(NN_PROGRAM ": cannot write to standard output\n", stderr);
    _Exit(EXIT_FAILURE);
}

void nn_report_watch_stdout(void)
{
    atexit(close_stdout);
}

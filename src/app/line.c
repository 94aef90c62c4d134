/*
** line.c - GNU readline for Lua
**
** readline's callback interface is used, not readline() itself: the loop that waits for a key
** is ours, so Ctrl-C can abandon the line and give the terminal back in its normal mode.
** Waiting is pselect with the signals blocked outside of it: a Ctrl-C cannot fall between the
** check and the wait.
*/
#define _POSIX_C_SOURCE 200809L
#include "app/line.h"

#include "app/interrupt.h"

#include <errno.h>
#include <lauxlib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

enum { HISTORY_LINES = 2000 };

static volatile sig_atomic_t interrupted; /* SIGINT came */
static volatile sig_atomic_t suspended;   /* SIGTSTP came */
static char *answer;  /* what the user entered, from malloc; NULL at the end of input */
static bool answered; /* on_line was called */
static int added;     /* history lines that no file has yet */

static void on_signal(int number)
{
    if (number == SIGINT)
        interrupted = 1;
    else
        suspended = 1;
}

static void on_line(char *text)
{
    rl_callback_handler_remove();
    answer = text;
    answered = true;
}

/* Ctrl-Z: the shell gets its terminal back in the normal mode, and we ours afterwards. */
static void suspend(const struct sigaction *normal)
{
    struct sigaction ours;
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    suspended = 0;
    rl_cleanup_after_signal();
    sigaction(SIGTSTP, normal, &ours);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, NULL); /* stops here, until the shell continues us */
    sigprocmask(SIG_BLOCK, &stop, NULL);
    sigaction(SIGTSTP, &ours, NULL);
    rl_reset_after_signal();
    rl_forced_update_display();
}

/* Feeds keys to readline until a line is complete or Ctrl-C was pressed. */
static void wait_for_line(const sigset_t *unblocked, const struct sigaction *normal_stop)
{
    while (!answered && !interrupted) {
        fd_set input;
        FD_ZERO(&input);
        FD_SET(STDIN_FILENO, &input);
        if (pselect(STDIN_FILENO + 1, &input, NULL, NULL, NULL, unblocked) > 0)
            rl_callback_read_char();
        else if (errno != EINTR)
            on_line(NULL);
        else if (suspended)
            suspend(normal_stop);
        else
            rl_check_signals(); /* a new window size */
    }
}

static int line_readline(lua_State *L)
{
    const char *prompt = luaL_checkstring(L, 1);
    struct sigaction action, old_interrupt, old_stop;
    sigset_t block, old_mask, waiting;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = on_signal;
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigaddset(&block, SIGTSTP);

    fflush(stdout);
    nn_interrupt_clear();
    free(answer); /* of an earlier call that ran out of memory */
    answer = NULL;
    answered = false;
    interrupted = suspended = 0;
    rl_eof_found = 0; /* an earlier Ctrl-D would add a newline to this input's end */
    sigprocmask(SIG_BLOCK, &block, &old_mask);
    sigaction(SIGINT, &action, &old_interrupt);
    sigaction(SIGTSTP, &action, &old_stop);
    waiting = old_mask;
    sigdelset(&waiting, SIGINT);
    sigdelset(&waiting, SIGTSTP);

    rl_callback_handler_install(prompt, on_line);
    wait_for_line(&waiting, &old_stop);
    if (!answered) {
        fputs("^C", rl_outstream); /* before readline sends the cursor home */
        rl_free_line_state();
        rl_callback_handler_remove();
        fputc('\n', rl_outstream);
    } else if (!answer && strcmp(rl_variable_value("enable-bracketed-paste"), "on") != 0) {
        fputc('\n', rl_outstream); /* with bracketed paste, readline has done so */
    }
    fflush(rl_outstream);

    sigaction(SIGINT, &old_interrupt, NULL);
    sigaction(SIGTSTP, &old_stop, NULL);
    sigprocmask(SIG_SETMASK, &old_mask, NULL);

    if (!answered) {
        lua_pushnil(L);
        lua_pushliteral(L, "interrupted");
        return 2;
    }
    lua_pushstring(L, answer); /* NULL becomes nil */
    free(answer);
    answer = NULL;
    return 1;
}

static int line_add(lua_State *L)
{
    const char *text = luaL_checkstring(L, 1);
    HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
    if (text[strspn(text, " \t\n")] == '\0' || (last && strcmp(last->line, text) == 0)) return 0;
    add_history(text);
    added++;
    return 0;
}

static int push_outcome(lua_State *L, int error_number)
{
    if (error_number == 0) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, strerror(error_number));
    return 2;
}

static int line_load(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    int failure = read_history(path);
    added = 0;
    return push_outcome(L, failure);
}

/* Creates the folders that path lies in, readable by their owner only. */
static void make_folders(lua_State *L, const char *path)
{
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        mkdir(lua_pushlstring(L, path, (size_t)(slash - path)), 0700);
        lua_pop(L, 1);
    }
}

static int line_save(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    if (added == 0) return push_outcome(L, 0);
    if (path[0] != '\0') make_folders(L, path);
    FILE *file = fopen(path, "a"); /* append_history does not create it */
    if (!file) return push_outcome(L, errno);
    fclose(file);
    int failure = append_history(added < history_length ? added : history_length, path);
    if (failure == 0) {
        added = 0;
        history_truncate_file(path, HISTORY_LINES);
    }
    return push_outcome(L, failure);
}

static int line_interactive(lua_State *L)
{
    lua_pushboolean(L, isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
    return 1;
}

static int line_clear(lua_State *L)
{
    (void)L;
    nn_interrupt_clear();
    return 0;
}

static const luaL_Reg functions[] = {
    {"readline", line_readline},
    {"add", line_add},
    {"load", line_load},
    {"save", line_save},
    {"interactive", line_interactive},
    {"clear", line_clear},
    {NULL, NULL},
};

int luaopen_nnlua_line(lua_State *L)
{
    rl_readline_name = "nnlua";
    rl_bind_key('\t', rl_insert); /* pasted code may hold tabs; there is nothing to complete */
    rl_catch_signals = 0;         /* ours; changes of the window size are still readline's */
    rl_change_environment = 0;
    stifle_history(HISTORY_LINES);
    history_comment_char = '#'; /* with time stamps, inputs of several lines come back whole */
    history_write_timestamps = 1;
    luaL_newlib(L, functions);
    return 1;
}

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
#include <fcntl.h>
#include <lauxlib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

enum {
    HISTORY_ENTRIES = 2000,
    SHOWN = 100 /* candidates of a completion */
};

#define COMPLETER "nnlua.line.completer" /* in the registry */

static volatile sig_atomic_t interrupted; /* SIGINT came */
static volatile sig_atomic_t suspended;   /* SIGTSTP came */
static char *answer;          /* what the user entered, from malloc; NULL at the end of input */
static bool answered;         /* on_line was called */
static int added;             /* history lines that no file has yet */
static lua_State *completing; /* where the completer is called: the state in readline() */

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

    completing = L;
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    rl_callback_handler_install(prompt, on_line);
    wait_for_line(&waiting, &old_stop);
    if (!answered) {
        rl_callback_sigcleanup(); /* ends a search that was going on */
        rl_point = rl_end;        /* below all lines of the input */
        rl_redisplay();
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

static char *copy_text(const char *text, size_t length)
{
    char *copy = malloc(length + 1); /* readline frees it */
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

static void free_words(char **words)
{
    for (size_t i = 0; words[i]; i++) free(words[i]);
    free(words);
}

/* () -> candidates, first: what the completer says about the line */
static int ask_completer(lua_State *L)
{
    if (lua_getfield(L, LUA_REGISTRYINDEX, COMPLETER) != LUA_TFUNCTION) return 0;
    lua_pushstring(L, rl_line_buffer);
    lua_pushinteger(L, rl_point);
    lua_call(L, 2, 2);
    lua_Integer first = lua_tointeger(L, -1);
    return lua_istable(L, -2) && first >= 1 && first <= rl_point + 1 ? 2 : 0;
}

/* The candidates at `list` for readline: their common prefix, then each one, then NULL. Those
   that are no strings are left out. NULL when there are none, or no memory. */
static char **copy_candidates(lua_State *L, int list, int *count)
{
    size_t size = lua_rawlen(L, list);
    char **words = calloc(size + 2, sizeof *words);
    if (!words) return NULL;
    size_t common = 0;
    *count = 0;
    for (size_t i = 1; i <= size; i++) {
        size_t length;
        lua_rawgeti(L, list, (lua_Integer)i);
        const char *word = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
        if (word && (words[*count + 1] = copy_text(word, length))) {
            if (*count == 0) common = length;
            for (size_t k = 0; k < common; k++)
                if (word[k] != words[1][k]) common = k;
            while (common > 0 && ((unsigned char)word[common] & 0xC0) == 0x80) common--; /* UTF-8 */
            ++*count;
        }
        lua_pop(L, 1);
    }
    if (*count > 0) words[0] = copy_text(words[1], common);
    if (words[0]) return words;
    for (int i = 1; i <= *count; i++) free(words[i]);
    free(words);
    return NULL;
}

/* Shows the candidates below the line, the first SHOWN of them. */
static void show_candidates(char **words, int count)
{
    int longest = 0, shown = count < SHOWN ? count : SHOWN;
    for (int i = 1; i <= shown; i++)
        if ((int)strlen(words[i]) > longest) longest = (int)strlen(words[i]);
    char *rest = words[shown + 1];
    words[shown + 1] = NULL;
    rl_display_match_list(words, shown, longest);
    words[shown + 1] = rest;
    if (count > shown) fprintf(rl_outstream, "... %d more\n", count - shown);
    rl_on_new_line();
}

/* Tab: inserts what all candidates have in common; where that is nothing, shows them. Pasted
   tabs and those that indent stand for themselves: keys that are waiting come from a paste. */
static int on_tab(int times, int key)
{
    struct timeval now = {0, 0};
    fd_set input;
    FD_ZERO(&input);
    FD_SET(STDIN_FILENO, &input);
    bool pasted = select(STDIN_FILENO + 1, &input, NULL, NULL, &now) > 0;
    if (pasted || (int)strspn(rl_line_buffer, " \t") >= rl_point) return rl_insert(times, key);

    lua_State *L = completing;
    int top = lua_gettop(L), count = 0;
    char **words = NULL;
    lua_pushcfunction(L, ask_completer); /* protected: no error may jump across readline */
    if (lua_pcall(L, 0, 2, 0) == LUA_OK && lua_istable(L, top + 1))
        words = copy_candidates(L, top + 1, &count);
    if (!words) {
        rl_ding();
    } else {
        int first = (int)lua_tointeger(L, -1) - 1, typed = rl_point - first;
        if ((int)strlen(words[0]) > typed || (count == 1 && typed > 0)) {
            rl_begin_undo_group();
            rl_delete_text(first, rl_point);
            rl_point = first;
            rl_insert_text(words[0]);
            rl_end_undo_group();
        } else {
            show_candidates(words, count);
        }
        free_words(words);
    }
    lua_settop(L, top);
    return 0;
}

static int line_set_completer(lua_State *L)
{
    if (!lua_isnoneornil(L, 1)) luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, COMPLETER);
    return 0;
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

/* Creates the folders that path lies in, readable by their owner only. */
static void make_folders(lua_State *L, const char *path)
{
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        mkdir(lua_pushlstring(L, path, (size_t)(slash - path)), 0700);
        lua_pop(L, 1);
    }
}

/* Locks the folder that path lies in: of the sessions that share a history, one at a time
   touches the file. -1 where that is not possible; the others are then trusted. */
static int lock_folder(lua_State *L, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return -1;
    int folder = open(lua_pushlstring(L, path, (size_t)(slash - path) + 1),
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    lua_pop(L, 1);
    if (folder >= 0)
        while (flock(folder, LOCK_EX) != 0 && errno == EINTR) continue;
    return folder;
}

static void unlock_folder(int folder)
{
    if (folder >= 0) close(folder);
}

/* A file is cut when it is twice as long as it should be, by whole entries; saving only ever
   appends, so that a session that was started earlier loses nothing. */
static int line_load(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    int folder = lock_folder(L, path);
    unstifle_history();
    int failure = read_history(path);
    bool cut = failure == 0 && history_length > 2 * HISTORY_ENTRIES;
    stifle_history(HISTORY_ENTRIES);
    if (cut) write_history(path); /* to another file, which takes this one's place */
    unlock_folder(folder);
    added = 0;
    return push_outcome(L, failure);
}

static int line_save(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    if (added == 0) return push_outcome(L, 0);
    if (path[0] != '\0') make_folders(L, path);
    int folder = lock_folder(L, path), failure;
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) { /* append_history does not create it */
        close(file);
        failure = append_history(added < history_length ? added : history_length, path);
    } else {
        failure = errno;
    }
    unlock_folder(folder);
    if (failure == 0) added = 0;
    return push_outcome(L, failure);
}

static int line_plain(lua_State *L)
{
    (void)L;
    rl_variable_bind("enable-bracketed-paste", "off");
    return 0;
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
    {"set_completer", line_set_completer},
    {"add", line_add},
    {"load", line_load},
    {"save", line_save},
    {"interactive", line_interactive},
    {"plain", line_plain},
    {"clear", line_clear},
    {NULL, NULL},
};

int luaopen_nnlua_line(lua_State *L)
{
    rl_readline_name = "nnlua";
    rl_bind_key('\t', on_tab);
    rl_variable_bind("page-completions", "off");
    rl_catch_signals = 0; /* ours; changes of the window size are still readline's */
    rl_change_environment = 0;
    stifle_history(HISTORY_ENTRIES);
    history_comment_char = '#'; /* with time stamps, inputs of several lines come back whole */
    history_write_timestamps = 1;
    luaL_newlib(L, functions);
    return 1;
}

/*
** main.c - the command line: scripts, commands, code, standard input, the way into the REPL
**
** A Lua 5.4 interpreter in which require "nnlua" works without any environment variable: the
** C core is preloaded, and the Lua library is found from where the executable lies. `arg` and
** `...` are as in the stock interpreter; LUA_INIT is not read, so that a run depends on its
** command line alone. A command is a script of the library's, nnlua/commands/NAME.lua.
** Nothing here knows what a tensor is.
** Exit status: 0; 1 when a script fails or standard output cannot be written; 2 for a wrong
** command line; whatever a script gives os.exit; death by SIGINT after Ctrl-C.
*/
#define _XOPEN_SOURCE 700 /* realpath */
#include "app/interrupt.h"
#include "app/line.h"
#include "app/report.h"
#include "bind/core.h"

#include <lauxlib.h>
#include <limits.h>
#include <lualib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

static const char usage[] =
    "Usage: nnlua [options] [FILE [args]]\n"
    "       nnlua COMMAND [args]\n"
    "\n"
    "Runs the Lua script FILE; its arguments are in `arg` and in `...`.\n"
    "Without FILE: the REPL when standard input is a terminal, else runs standard input.\n"
    "\n"
    "  -e CODE        run CODE first; may be given several times\n"
    "  -i             enter the REPL after CODE and FILE\n"
    "  -              run standard input\n"
    "  --             end of options\n"
    "  -v, --version  show the versions of nnlua, Lua and BLAS, the instruction set, the threads\n"
    "  -h, --help     show this help\n"
    "\n"
    "Commands (a file of that name is run as ./COMMAND):\n"
    "  runs           list, show, compare and remove the runs that experiments keep\n"
    "  sweep          run the trials of a sweep, show what a study has come to\n"
    "\n"
    "The engine is a module: local nn = require \"nnlua\". In the REPL, nn is there already.\n";

/* The command line, understood. Indices are into argv. */
typedef struct command {
    int argc;
    char **argv;
    int script;       /* the script's name; argc when there is none */
    bool code;        /* at least one -e */
    bool interactive; /* -i */
    bool version;     /* --version */
    bool help;        /* --help */
} command;

/* Fills cmd from argc and argv. Returns false when the line is wrong, after saying so. */
static bool parse_command(command *cmd)
{
    int i = 1;
    for (; i < cmd->argc; i++) {
        const char *option = cmd->argv[i];
        if (option[0] != '-' || option[1] == '\0') break; /* a file, or "-" */
        if (strcmp(option, "--") == 0) {
            i++;
            break;
        } else if (strncmp(option, "-e", 2) == 0) {
            if (option[2] == '\0' && ++i >= cmd->argc) {
                nn_report("option '-e' needs code; see nnlua --help");
                return false;
            }
            cmd->code = true;
        } else if (strcmp(option, "-i") == 0) {
            cmd->interactive = true;
        } else if (strcmp(option, "-v") == 0 || strcmp(option, "--version") == 0) {
            cmd->version = true;
        } else if (strcmp(option, "-h") == 0 || strcmp(option, "--help") == 0) {
            cmd->help = true;
        } else {
            nn_report("unknown option '%s'; see nnlua --help", option);
            return false;
        }
    }
    cmd->script = i;
    return true;
}

/* The script has ended with this error: so have the runs that it left open (nnlua/run/open.lua). */
static void fail_runs(lua_State *L, const char *message)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, "nnlua.run.open") == LUA_TTABLE &&
        lua_getfield(L, -1, "failed") == LUA_TFUNCTION) {
        lua_pushstring(L, message);
        (void)lua_pcall(L, 1, 0, 0);
    }
}

/* Calls the function below its `arguments` on the stack; drops its results.
   Returns false when it fails, after reporting the error. */
static bool call(lua_State *L, int arguments)
{
    int function = lua_gettop(L) - arguments;
    lua_pushcfunction(L, nn_report_handler);
    lua_insert(L, function);
    int status = lua_pcall(L, arguments, 0, function);
    if (status != LUA_OK) {
        const char *message = lua_tostring(L, -1);
        if (message && nn_interrupt_signal() && strcmp(message, "interrupted") == 0)
            nn_report_interrupted();
        else if (nn_interrupt_signal() != SIGPIPE) /* that one is reported at exit */
            nn_report("%s", message ? message : "(error object is not a string)");
        fail_runs(L, message ? message : "(error object is not a string)");
    }
    lua_settop(L, function - 1);
    return status == LUA_OK;
}

/* Takes a chunk, or the message why it could not be loaded, from the stack and runs it. */
static bool run_chunk(lua_State *L, int load_status, int arguments)
{
    if (load_status == LUA_OK) return call(L, arguments);
    nn_report("%s", lua_tostring(L, -1));
    lua_pop(L, 1);
    return false;
}

static bool run_codes(lua_State *L, const command *cmd)
{
    for (int i = 1; i < cmd->script; i++) {
        const char *option = cmd->argv[i];
        if (strncmp(option, "-e", 2) != 0) continue;
        const char *code = option[2] != '\0' ? option + 2 : cmd->argv[++i];
        if (!run_chunk(L, luaL_loadbuffer(L, code, strlen(code), "=(command line)"), 0))
            return false;
    }
    return true;
}

/* The global `arg`: the script at 0, its arguments from 1, what stands before it below 0.
   Without a script, nnlua itself is at 0. */
static void set_arg(lua_State *L, const command *cmd)
{
    int zero = cmd->script < cmd->argc ? cmd->script : 0;
    lua_createtable(L, cmd->argc - zero, zero + 1);
    for (int i = 0; i < cmd->argc; i++) {
        lua_pushstring(L, cmd->argv[i]);
        lua_rawseti(L, -2, i - zero);
    }
    lua_setglobal(L, "arg");
}

/* The library's script for the command `word`, on the stack; NULL if it has none. A word with a dot
   or a slash is a file's name. */
static const char *find_command(lua_State *L, const char *word)
{
    if (strpbrk(word, "./") || word[0] == '\0') return NULL;
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchpath");
    lua_pushfstring(L, "nnlua.commands.%s", word);
    lua_getfield(L, -3, "path");
    lua_call(L, 2, 1);
    return lua_tostring(L, -1);
}

static bool run_script(lua_State *L, const command *cmd)
{
    const char *file = cmd->argv[cmd->script];
    bool after_options = strcmp(cmd->argv[cmd->script - 1], "--") == 0;
    bool standard_input = !after_options && strcmp(file, "-") == 0;
    const char *found = after_options ? NULL : find_command(L, file);
    int status = luaL_loadfile(L, standard_input ? NULL : found ? found : file);
    if (status != LUA_OK) return run_chunk(L, status, 0);
    int arguments = cmd->argc - cmd->script - 1;
    luaL_checkstack(L, arguments + 3, "too many arguments to the script");
    for (int i = cmd->script + 1; i < cmd->argc; i++) lua_pushstring(L, cmd->argv[i]);
    return call(L, arguments);
}

static int print_version(lua_State *L)
{
    static const char *const lines[][2] = {
        {"lua", "Lua"},         {"blas", "BLAS"},         {"isa", "instruction set"},
        {"threads", "threads"}, {"compiler", "compiler"},
    };
    lua_getglobal(L, "require");
    lua_pushliteral(L, "nnlua.core");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "build_info");
    lua_call(L, 0, 1);
    int info = lua_gettop(L);
    lua_getfield(L, info, "version");
    printf("nnlua %s\n", luaL_tolstring(L, -1, NULL));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (lua_getfield(L, info, lines[i][0]) != LUA_TNIL)
            printf("  %-16s %s\n", lines[i][1], luaL_tolstring(L, -1, NULL));
        lua_settop(L, info);
    }
    return 0;
}

static int start_repl(lua_State *L)
{
    luaL_requiref(L, "nnlua.line", luaopen_nnlua_line, 0);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "nnlua.repl");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "run");
    lua_call(L, 0, 0);
    return 0;
}

/* Writes the folder of this executable to path; false when the system does not tell. */
static bool executable_folder(const char *program, char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
    if (length > 0 && length < PATH_MAX)
        path[length] = '\0';
    else if (!program || !strchr(program, '/') || !realpath(program, path))
        return false;
    char *slash = strrchr(path, '/');
    if (!slash) return false;
    *slash = '\0';
    return true;
}

/* Puts the folders of the library in front of package.path and package.cpath: lua/ and build/
   beside the executable in a source tree, else share/lua/5.4/ and lib/lua/5.4/ beside its bin/. */
static void set_library_path(lua_State *L, const char *program)
{
    char folder[PATH_MAX];
    if (!executable_folder(program, folder)) return;
    const char *library = lua_pushfstring(L, "%s/lua", folder);
    const char *modules = lua_pushfstring(L, "%s/build", folder);
    if (access(lua_pushfstring(L, "%s/nnlua/init.lua", library), R_OK) != 0) {
        char *slash = strrchr(folder, '/');
        if (slash) *slash = '\0';
        library = lua_pushfstring(L, "%s/share/lua/5.4", folder);
        modules = lua_pushfstring(L, "%s/lib/lua/5.4", folder);
    }
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path");
    lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", library, library, lua_tostring(L, -1));
    lua_setfield(L, -3, "path");
    lua_pop(L, 1);
    lua_getfield(L, -1, "cpath");
    lua_pushfstring(L, "%s/?.so;%s", modules, lua_tostring(L, -1));
    lua_setfield(L, -3, "cpath");
}

static void preload(lua_State *L, const char *name, lua_CFunction open)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, open);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

/* Everything after the command line is understood; in a protected call, so that no memory is
   an error like others. Returns the exit status to Lua's stack. */
static int protected_main(lua_State *L)
{
    const command *cmd = lua_touserdata(L, 1);
    luaL_checkversion(L);
    luaL_openlibs(L);
    preload(L, "nnlua.core", luaopen_nnlua_core);
    set_library_path(L, cmd->argv[0]);
    set_arg(L, cmd);
    lua_settop(L, 1);

    bool ok = true;
    if (cmd->version) {
        lua_pushcfunction(L, print_version);
        ok = call(L, 0);
    } else {
        bool has_script = cmd->script < cmd->argc;
        bool nothing_to_run = !has_script && !cmd->code;
        bool repl = cmd->interactive || (nothing_to_run && isatty(STDIN_FILENO));
        ok = run_codes(L, cmd);
        if (ok && has_script)
            ok = run_script(L, cmd);
        else if (nothing_to_run && !repl)
            ok = run_chunk(L, luaL_loadfile(L, NULL), 0);
        if (repl && nn_interrupt_signal() != SIGPIPE) {
            lua_pushcfunction(L, start_repl);
            ok = call(L, 0);
        }
    }
    lua_pushinteger(L, ok ? EXIT_SUCCESS : EXIT_FAILURE);
    return 1;
}

int main(int argc, char **argv)
{
    command cmd = {.argc = argc, .argv = argv, .script = argc};
    nn_report_watch_stdout();
    if (!parse_command(&cmd)) return EXIT_USAGE;
    if (cmd.help) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    lua_State *L = luaL_newstate();
    if (!L) {
        nn_report("not enough memory");
        return EXIT_FAILURE;
    }
    nn_interrupt_install(L);
    lua_pushcfunction(L, protected_main);
    lua_pushlightuserdata(L, &cmd);
    int status = EXIT_FAILURE;
    if (lua_pcall(L, 1, 1, 0) == LUA_OK)
        status = (int)lua_tointeger(L, -1);
    else
        nn_report("%s", lua_tostring(L, -1));
    bool interrupted = status != EXIT_SUCCESS && nn_interrupt_signal() == SIGINT;
    lua_close(L);
    if (interrupted) {
        fflush(stdout);
        nn_interrupt_die();
    }
    return status;
}

/*
** interrupt.h - Ctrl-C, and a reader that went away, as Lua errors
**
** The first SIGINT makes the running Lua code raise the string "interrupted", so that
** to-be-closed variables, finalizers and open files are treated as after any other error.
** A second one, while the first has not been cleared, kills the process at once. SIGPIPE
** raises "broken pipe" when standard output itself is broken; for any other pipe it only
** makes the write fail.
** Invariant: one Lua state, used by the thread that called nn_interrupt_install.
*/
#ifndef NN_APP_INTERRUPT_H
#define NN_APP_INTERRUPT_H

#include <lua.h>
#include <stdbool.h>

/* Installs both handlers for L. A SIGINT that the parent told us to ignore stays ignored. */
void nn_interrupt_install(lua_State *L);

/* Forgets an earlier interruption: the next Ctrl-C is a first one again. */
void nn_interrupt_clear(void);

/* The signal that stopped the program (SIGINT, SIGPIPE), or 0 when nothing has. */
int nn_interrupt_signal(void);

/* Where the hook found the script, "file:line"; "" when it has not fired. */
const char *nn_interrupt_where(void);

/* True when writing to standard output fails because nobody reads it. */
bool nn_interrupt_stdout_broken(void);

/* Ends the process as an unhandled SIGINT does, so that a calling shell stops too. */
_Noreturn void nn_interrupt_die(void);

#endif

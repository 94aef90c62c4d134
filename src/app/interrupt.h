/*
** interrupt.h - Ctrl-C, and a reader that went away, as Lua errors or as a break
**
** The first SIGINT makes the running Lua code raise the string "interrupted", and a computation
** that it waits for give up, so that to-be-closed variables, finalizers and open files are treated
** as after any other error. A second one, while the first has not been cleared, kills the process
** at once. SIGPIPE raises "broken pipe" when standard output itself is broken; for any other pipe
** it only makes the write fail.
** Where breaks are on, the first SIGINT opens a session inside the running code instead, at its
** next line; computations then run to their end. A second one, before that line has come or as the
** session's `abort`, is what the first one is elsewhere; but where code keeps Ctrl-C back until a
** step is complete, it waits for that.
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

/* The coroutine `to` is about to run, called by `from`; or, once it has stopped, the other way
   round. Hooks belong to a coroutine: this is how a signal finds the one that runs. */
void nn_interrupt_switch(lua_State *from, lua_State *to);

/* Turns breaks on or off; `open` is called with the running code's thread as its argument, and the
   code goes on when it returns. What it raises is raised there. */
void nn_interrupt_set_break(bool on, lua_CFunction open);
bool nn_interrupt_breaks(void);

/* Between true and false, which may nest, a session runs inside the code: Ctrl-C is for its
   inputs. */
void nn_interrupt_inside(bool inside);

/* Stops the code that L runs as a second Ctrl-C does: raises, or returns when the code keeps that
   back until its step is complete. */
int nn_interrupt_abort(lua_State *L);

#endif

/*
** interrupt.h - Ctrl-C for the executable: asking for the end of a computation
**
** Who handles the signal asks, and the call that runs the computation raises. At most one of that
** call and the handler's own means takes the request, and so reports it.
*/
#ifndef NN_BIND_INTERRUPT_H
#define NN_BIND_INTERRUPT_H

#include <lua.h>
#include <stdbool.h>

/* Asks for the end of the running computation, or of the next; for signal handlers. */
void nnb_interrupt_request(void);

/* Forgets the request; whether there was one that nobody had taken. */
bool nnb_interrupt_take(void);

/* Whether the running code is not to be stopped now (core.uninterrupted). */
bool nnb_interrupt_held(void);

/* Whether a chunk of this name is one of the library's files. */
bool nnb_is_library(lua_State *L, const char *source);

/* Where a Ctrl-C only breaks, core.hold_interrupt lets it through: a break loses nothing. What it
** keeps back there is the end: nnb_interrupt_after_step says whether some code wants that to wait
** for the end of its step, and if so sees to it (a SIGINT is raised then); for signal handlers. */
void nnb_interrupt_let_through(bool on);
bool nnb_interrupt_after_step(void);

/* Called when a computation has been ended, by the thread that ran it, before it raises what f
** returns. Without an f, that is "interrupted". */
typedef const char *nnb_interrupt_report(lua_State *L);
void nnb_interrupt_set_report(nnb_interrupt_report *f);

/* Raises it. */
int nnb_interrupted(lua_State *L);

#endif
